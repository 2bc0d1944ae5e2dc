import { checkInRange, checkInteger } from '../base/check.js'
import { expected } from '../base/errors.js'
import { gaussian, mulberry32, type Random } from '../base/random.js'
import type { Strategy } from './strategy.js'

/** How much feedback reaches the router, how late and how noisy. What is measured stays the true reward. */
export interface FeedbackTiming {
  /** Share of the requests that get a reward, in (0, 1]. */
  readonly rewardRate: number
  /** Further requests that are routed before a reward arrives. */
  readonly delay: number
  /** Further requests that are routed before a settlement arrives. */
  readonly settleDelay: number
  /** Standard deviation of what is added to a reward on its way; the sum is clamped to [0, 1]. */
  readonly noise: number
}

/** Every request is settled and rewarded with the truth before the next one comes. */
export const PROMPT_FEEDBACK: FeedbackTiming = { rewardRate: 1, delay: 0, settleDelay: 0, noise: 0 }

/** Bills come with the answer while judgements take long: unless said otherwise settlements lag at most this far. */
export const SETTLE_DELAY_DEFAULT = 16
const DELAY_MAX = 1_000_000
/** Streams of their own, so that neither thins out the shuffles nor depends on the other's settings. */
const RATE_STREAM = 0x2a5e1f03
const NOISE_STREAM = 0x61c88647

type FieldNames = Readonly<Record<keyof FeedbackTiming, string>>

const FIELDS: FieldNames = {
  rewardRate: 'rewardRate',
  delay: 'delay',
  settleDelay: 'settleDelay',
  noise: 'noise',
}

/**
 * @param fields how errors call the fields
 * @throws INVALID_ARGUMENT naming the field: a rate outside (0, 1], a delay outside [0, 1e6], a noise outside [0, 1]
 */
export function checkFeedbackTiming(timing: FeedbackTiming, fields: FieldNames = FIELDS): FeedbackTiming {
  const { rewardRate } = timing
  if (!(rewardRate > 0 && rewardRate <= 1)) {
    throw expected('INVALID_ARGUMENT', fields.rewardRate, 'a number in (0, 1]', rewardRate)
  }
  checkInteger(timing.delay, 0, DELAY_MAX, fields.delay)
  checkInteger(timing.settleDelay, 0, DELAY_MAX, fields.settleDelay)
  checkInRange(timing.noise, 0, 1, fields.noise)
  return timing
}

/** Requests that must be kept waiting, the latest included, and one to spare. */
export function requestsInFlight({ delay, settleDelay }: FeedbackTiming): number {
  return Math.max(delay, settleDelay) + 2
}

/**
 * Brings a strategy its feedback: after request i was routed, the settlement of request i - settleDelay, then the reward
 * of request i - delay if that one gets any. So feedback outstanding when a phase ends comes in the next one. Which
 * requests are rewarded, and the noise, depend on the seed and the request's number alone: every strategy at one seed
 * gets the same, and a higher rate rewards the same requests and more.
 */
export class FeedbackLine {
  private readonly rewards: number[] = []
  private readonly costsUsd: number[] = []
  private readonly rateRandom: Random
  private readonly noiseRandom: Random

  constructor(
    private readonly strategy: Strategy,
    private readonly timing: FeedbackTiming,
    seed: number,
  ) {
    this.rateRandom = mulberry32(seed ^ RATE_STREAM)
    this.noiseRandom = mulberry32(seed ^ NOISE_STREAM)
  }

  /** Takes the outcome of the request that was just routed, and delivers what is due. */
  push(reward: number, costUsd: number): void {
    const { strategy, timing } = this
    const latest = this.rewards.length
    this.costsUsd.push(costUsd)
    // A request without a reward is a NaN, which no reward can be.
    this.rewards.push(this.rateRandom() < timing.rewardRate ? this.heard(reward) : Number.NaN)
    const settled = latest - timing.settleDelay
    if (settled >= 0) strategy.settle(settled, this.costsUsd[settled])
    const rewarded = latest - timing.delay
    if (rewarded >= 0 && !Number.isNaN(this.rewards[rewarded])) {
      strategy.reward(rewarded, this.rewards[rewarded])
    }
  }

  private heard(reward: number): number {
    const { noise } = this.timing
    if (noise === 0) return reward
    return Math.min(1, Math.max(0, reward + noise * gaussian(this.noiseRandom)))
  }
}
