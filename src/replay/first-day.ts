import { mean } from '../base/statistics.js'
import type { FirstDay, FirstDayPoint, SoFar } from './first-day-point.js'
import { bestMix, type Point } from './hindsight.js'
import type { RunRecord } from './play.js'
import type { SeedPlan } from './protocol.js'
import type { OutcomeTable } from './table.js'

/** Requests after which a first day is looked at, where there are as many. */
export const FIRST_DAY_REQUESTS: readonly number[] = [100, 300, 1000, 3000]
/** The last look at a set that has no thousand rows. */
const SMALL_SET_REQUESTS = 600
const DRAWN_LOOKS = 40
const FIRST_DAY_END = 1000

/** Rewards and costs of one seed, from its first request on. */
export interface Stream {
  readonly rewards: Float64Array
  readonly costsUsd: Float64Array
}

/** Burn-in and evaluation of a run, one after the other. */
export function fromFirstRequest(record: RunRecord): Stream {
  const joined = (burnIn: Float64Array, measured: Float64Array) => {
    const all = new Float64Array(burnIn.length + record.length)
    all.set(burnIn)
    all.set(measured.subarray(0, record.length), burnIn.length)
    return all
  }
  return {
    rewards: joined(record.burnInRewards, record.rewards),
    costsUsd: joined(record.burnInCostsUsd, record.costsUsd),
  }
}

/** When to look at `size` requests: at FIRST_DAY_REQUESTS; at 600 of a small set; at the end of a tiny one. */
export function firstDayRequests(size: number): number[] {
  const looks = size < 1000 ? [100, 300, SMALL_SET_REQUESTS] : FIRST_DAY_REQUESTS
  const within = looks.filter((requests) => requests <= size)
  return within.length === 0 ? [size] : within
}

/** The look that a first day is judged by: a thousand requests, or what a smaller set has. */
export function firstDayEnd(size: number): number {
  return firstDayRequests(size).findLast((requests) => requests <= FIRST_DAY_END) ?? size
}

/** When to look for a picture: from the tenth request to the last look of the table, evenly on a logarithmic axis. */
export function drawnRequests(size: number): number[] {
  const last = firstDayRequests(size).at(-1) ?? size
  const first = Math.min(10, last)
  const drawn = Array.from({ length: DRAWN_LOOKS }, (_, i) =>
    Math.round(first * (last / first) ** (i / (DRAWN_LOOKS - 1))),
  )
  return [...new Set(drawn)]
}

export interface FirstDayInput {
  readonly data: OutcomeTable
  /** Of every seed. What it burns in are rows of `data` too. */
  readonly plans: readonly SeedPlan[]
  readonly budgetUsd: number
  /** Runs of the policy, one a seed. */
  readonly runs: readonly Stream[]
  /** Runs of the policies beside, by name. */
  readonly beside: Readonly<Record<string, readonly Stream[]>>
  /** When to look. Default: `firstDayRequests` of all rows. */
  readonly looks?: readonly number[]
}

/**
 * What a cold start earns and spends from the first request on, beside the best affordable fixed model and mix of two.
 * These are chosen by the means over all rows: they know what the router has to find out.
 */
export function firstDay(input: FirstDayInput): FirstDay {
  const { data, budgetUsd } = input
  const everyRow = Array.from({ length: data.size }, (_, row) => row)
  const means = data.models.map((_, m) => pointOf(fixedStream(data, everyRow, m), data.size))
  const mix = bestMix(means, budgetUsd)
  const model = bestAffordable(means, budgetUsd)
  const orders = input.plans.map(({ burnIn, phases }) => [...burnIn, ...phases.flat()])
  const always = (m: number) => orders.map((rows) => fixedStream(data, rows, m))
  const fixed = always(model)
  const [first, second] = [always(mix.first), always(mix.second)]
  const points = (input.looks ?? firstDayRequests(orders[0].length)).map((requests): FirstDayPoint => {
    const at = (streams: readonly Stream[]) => streams.map((stream) => pointOf(stream, requests))
    const ends = at(second)
    const mixed = at(first).map((low, s) => ({
      reward: low.reward + mix.share * (ends[s].reward - low.reward),
      costUsd: low.costUsd + mix.share * (ends[s].costUsd - low.costUsd),
    }))
    return {
      requests,
      policy: soFar(at(input.runs), budgetUsd),
      fixed: { model: data.models[model].id, ...soFar(at(fixed), budgetUsd) },
      mix: soFar(mixed, budgetUsd),
      beside: Object.fromEntries(
        Object.entries(input.beside).map(([name, runs]) => [name, soFar(at(runs), budgetUsd)]),
      ),
    }
  })
  return { budgetUsdPerRequest: budgetUsd, points }
}

/** The model of the highest mean reward within the budget; the cheapest where none is. */
export function bestAffordable(points: readonly Point[], budgetUsd: number): number {
  let best = points.reduce(
    (cheapest, point, m) => (point.costUsd < points[cheapest].costUsd ? m : cheapest),
    0,
  )
  points.forEach((point, m) => {
    if (point.costUsd <= budgetUsd && point.reward > points[best].reward) best = m
  })
  return best
}

function fixedStream(data: OutcomeTable, rows: readonly number[], model: number): Stream {
  const count = data.models.length
  return {
    rewards: Float64Array.from(rows, (row) => data.rewards[row * count + model]),
    costsUsd: Float64Array.from(rows, (row) => data.costsUsd[row * count + model]),
  }
}

function pointOf({ rewards, costsUsd }: Stream, requests: number): Point {
  return { reward: mean(rewards.subarray(0, requests)), costUsd: mean(costsUsd.subarray(0, requests)) }
}

function soFar(points: readonly Point[], budgetUsd: number): SoFar {
  const uses = points.map(({ costUsd }) => costUsd / budgetUsd)
  return {
    reward: mean(points.map(({ reward }) => reward)),
    utilisation: mean(uses),
    utilisationWorst: Math.max(...uses),
  }
}
