import { confidence95, mean, median } from '../base/statistics.js'
import type { Point } from './hindsight.js'
import type { RunRecord } from './play.js'
import type { Course } from './scenarios.js'

/** Means over the seeds of one phase. */
export interface PhaseSummary {
  readonly phase: 1 | 2 | 3 | null
  readonly reward: number
  readonly rewardCi95: readonly [low: number, high: number]
  readonly costUsdPerRequest: number
  /** Mean cost from the start of evaluation to the end of the phase, USD per request. */
  readonly cumulativeCostUsdPerRequest: number
  /** The dearest seed's mean cost in the phase, USD per request. */
  readonly worstCostUsdPerRequest: number
  /** Share of the requests by model index. */
  readonly shares: readonly number[]
  /** Median of the shadow price over all requests of all seeds. */
  readonly lambdaMedian: number
  /** Drift alarms of a run. */
  readonly alarms: number
}

/** What happened over time, request by request since evaluation started, averaged over seeds. */
export interface Trace {
  /** First request of each phase, and the number of requests at the end. */
  readonly bounds: readonly number[]
  readonly rewards: Float64Array
  readonly costsUsd: Float64Array
  readonly shadowPrices: Float64Array
  /** Share of seeds that chose model m at request i, at [m][i]. */
  readonly shares: readonly Float64Array[]
}

/** Collects the runs of all seeds on one course of events. */
export class Tally {
  private readonly records: RunRecord[] = []

  constructor(
    private readonly course: Course,
    private readonly modelCount: number,
  ) {}

  add(record: RunRecord): void {
    this.records.push(record)
  }

  summaries(): PhaseSummary[] {
    return this.course.phases.map(({ phase }, p) => {
      const rewards = this.records.map((record) =>
        meanOf(record.rewards, record.bounds[p], record.bounds[p + 1]),
      )
      const costs = this.records.map((record) =>
        meanOf(record.costsUsd, record.bounds[p], record.bounds[p + 1]),
      )
      const cumulative = this.records.map((record) => meanOf(record.costsUsd, 0, record.bounds[p + 1]))
      return {
        phase,
        reward: mean(rewards),
        rewardCi95: confidence95(rewards),
        costUsdPerRequest: mean(costs),
        cumulativeCostUsdPerRequest: mean(cumulative),
        worstCostUsdPerRequest: Math.max(...costs),
        shares: this.shares(p),
        lambdaMedian: this.lambdaMedian(p),
        alarms: mean(this.records.map((record) => record.alarms[p])),
      }
    })
  }

  trace(): Trace {
    const { bounds } = this.records[0]
    const size = bounds[bounds.length - 1]
    const weight = 1 / this.records.length
    const shares = Array.from({ length: this.modelCount }, () => new Float64Array(size))
    const rewards = new Float64Array(size)
    const costsUsd = new Float64Array(size)
    const shadowPrices = new Float64Array(size)
    for (const record of this.records) {
      for (let i = 0; i < size; i++) {
        rewards[i] += weight * record.rewards[i]
        costsUsd[i] += weight * record.costsUsd[i]
        shadowPrices[i] += weight * record.shadowPrices[i]
        shares[record.models[i]][i] += weight
      }
    }
    return { bounds, rewards, costsUsd, shadowPrices, shares }
  }

  /** Mean reward and cost of one run in one phase. */
  point(run: number, p: number): Point {
    const { rewards, costsUsd, bounds } = this.records[run]
    return {
      reward: meanOf(rewards, bounds[p], bounds[p + 1]),
      costUsd: meanOf(costsUsd, bounds[p], bounds[p + 1]),
    }
  }

  private shares(p: number): number[] {
    const counts = new Array<number>(this.modelCount).fill(0)
    let requests = 0
    for (const { models, bounds } of this.records) {
      for (let i = bounds[p]; i < bounds[p + 1]; i++) counts[models[i]]++
      requests += bounds[p + 1] - bounds[p]
    }
    return counts.map((count) => count / requests)
  }

  private lambdaMedian(p: number): number {
    const parts = this.records.map((record) =>
      record.shadowPrices.subarray(record.bounds[p], record.bounds[p + 1]),
    )
    const all = new Float64Array(parts.reduce((size, part) => size + part.length, 0))
    let offset = 0
    for (const part of parts) {
      all.set(part, offset)
      offset += part.length
    }
    return median(all)
  }
}

function meanOf(values: Float64Array, start: number, end: number): number {
  let total = 0
  for (let i = start; i < end; i++) total += values[i]
  return total / (end - start)
}
