import { FeedbackLine, type FeedbackTiming } from './feedback-timing.js'
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
  /** What each request was expected to cost when it was routed, USD. */
  readonly expectedCostsUsd: Float64Array
  /** Rewards and costs of the requests that were burnt in, in order. */
  readonly burnInRewards: Float64Array
  readonly burnInCostsUsd: Float64Array
  /** Drift alarms of each phase. */
  readonly alarms: number[]
  /** Requests recorded so far. */
  length: number
  /** Requests routed in all, burn-in included. */
  routed: number
}

/** Gives the event loop, and observers of the run, a turn at fixed intervals. */
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
    expectedCostsUsd: new Float64Array(size),
    burnInRewards: new Float64Array(plan.burnIn.length),
    burnInCostsUsd: new Float64Array(plan.burnIn.length),
    alarms: [],
    length: 0,
    routed: 0,
  }
}

/** What one seed plays: the same for every strategy. */
export interface Round {
  readonly plan: SeedPlan
  readonly course: Course
  /** The table that plan.burnIn refers to. */
  readonly train: OutcomeTable
  /** The table that plan.phases refer to. */
  readonly data: OutcomeTable
  readonly timing: FeedbackTiming
  /** Draws which requests are rewarded, and the noise. */
  readonly seed: number
}

/** Plays one seed: burn-in, then every phase with its announcements and shifts. Feedback comes as the timing says. */
export async function play(strategy: Strategy, round: Round, pace: Pace): Promise<RunRecord> {
  const { plan, course, train, data } = round
  const record = newRunRecord(plan)
  const line = new FeedbackLine(strategy, round.timing, round.seed)
  const count = train.models.length
  for (const [i, row] of plan.burnIn.entries()) {
    const m = strategy.choose(train.contexts[row], record.routed)
    record.burnInRewards[i] = train.rewards[row * count + m]
    record.burnInCostsUsd[i] = train.costsUsd[row * count + m]
    line.push(record.burnInRewards[i], record.burnInCostsUsd[i])
    const pause = beat(record, pace)
    if (pause !== undefined) await pause
  }
  for (const [p, rows] of plan.phases.entries()) {
    const { events, shift } = course.phases[p]
    const alarmsBefore = strategy.alarms
    for (const event of events) strategy.announce(event)
    for (const row of rows) {
      const m = strategy.choose(data.contexts[row], record.routed)
      const reward = rewardUnder(shift, m, data.rewards[row * count + m])
      const costUsd = costUnder(shift, m, data.costsUsd[row * count + m])
      const i = record.length++
      record.models[i] = m
      record.rewards[i] = reward
      record.costsUsd[i] = costUsd
      record.shadowPrices[i] = strategy.shadowPrice
      record.expectedCostsUsd[i] = strategy.expectedCostUsd
      line.push(reward, costUsd)
      const pause = beat(record, pace)
      if (pause !== undefined) await pause
    }
    record.alarms.push(strategy.alarms - alarmsBefore)
  }
  return record
}

function beat(record: RunRecord, pace: Pace): Promise<void> | undefined {
  record.routed++
  return record.routed % REQUESTS_PER_TICK === 0 ? pace.tick(record) : undefined
}
