import type { SeedPlan } from './protocol.js'
import { type Course, costUnder, rewardUnder } from './scenarios.js'
import type { Strategy } from './strategy.js'
import type { OutcomeTable } from './table.js'

/** What a strategy did in the evaluation part of one seed, request by request. The first `length` entries count. */
export interface RunRecord {
  /** First request of each phase, and the number of requests at the end. */
  readonly bounds: readonly number[]
  readonly models: Uint16Array
  readonly rewards: Float64Array
  readonly costsUsd: Float64Array
  readonly shadowPrices: Float64Array
  /** Requests recorded so far. */
  length: number
  /** Requests routed in all, burn-in included. */
  routed: number
}

/** Lets the event loop breathe, and others look at the run, every so many requests. */
export interface Pace {
  /** Called every 64 requests; a promise is awaited. */
  tick(record: RunRecord): Promise<void> | undefined
}

const REQUESTS_PER_TICK = 64

export function newRunRecord(plan: SeedPlan): RunRecord {
  const bounds = [0]
  for (const phase of plan.phases) bounds.push(bounds[bounds.length - 1] + phase.length)
  const size = bounds[bounds.length - 1]
  return {
    bounds,
    models: new Uint16Array(size),
    rewards: new Float64Array(size),
    costsUsd: new Float64Array(size),
    shadowPrices: new Float64Array(size),
    length: 0,
    routed: 0,
  }
}

/**
 * Plays one seed: burn-in, then every phase with its announcements and shifts. Feedback comes at once.
 * @param train the table that plan.burnIn refers to
 * @param data the table that plan.phases refer to
 */
export async function play(
  strategy: Strategy,
  plan: SeedPlan,
  course: Course,
  train: OutcomeTable,
  data: OutcomeTable,
  pace: Pace,
): Promise<RunRecord> {
  const record = newRunRecord(plan)
  const count = train.models.length
  for (const row of plan.burnIn) {
    const m = strategy.choose(train.contexts[row])
    strategy.learn(train.rewards[row * count + m], train.costsUsd[row * count + m])
    const pause = beat(record, pace)
    if (pause !== undefined) await pause
  }
  for (const [p, rows] of plan.phases.entries()) {
    const { events, shift } = course.phases[p]
    for (const event of events) strategy.announce(event)
    for (const row of rows) {
      const m = strategy.choose(data.contexts[row])
      const reward = rewardUnder(shift, m, data.rewards[row * count + m])
      const costUsd = costUnder(shift, m, data.costsUsd[row * count + m])
      const i = record.length++
      record.models[i] = m
      record.rewards[i] = reward
      record.costsUsd[i] = costUsd
      record.shadowPrices[i] = strategy.shadowPrice
      strategy.learn(reward, costUsd)
      const pause = beat(record, pace)
      if (pause !== undefined) await pause
    }
  }
  return record
}

function beat(record: RunRecord, pace: Pace): Promise<void> | undefined {
  record.routed++
  return record.routed % REQUESTS_PER_TICK === 0 ? pace.tick(record) : undefined
}
