import {
  LATENCY_RECOVERED_RATIO,
  LATENCY_RESIDUAL_SIGMAS_MAX,
  LATENCY_VARIANCE_MIN,
  LATENCY_VARIANCE_PRIOR_OBSERVATIONS,
  LEVEL_FAST_OBSERVATIONS,
  LEVEL_OBSERVATIONS,
  LOG_LATENCY_VARIANCE,
  RECOVERY_STEP_MAX,
  TRIAL_REQUESTS,
  TRIAL_SHARE,
  USE_RATIO_MAX,
  USE_RATIO_PRIOR_SHARE,
} from '../tuning.js'

/** By slot. */
const COUNT = 0
const LEVEL = 1
const VARIANCE = 2
const FAST = 3
const REALISED = 4
const PREDICTED = 5
/** Of a model that got slow: request count then (0: it did not), level before, and the ratio so far. */
const SLOWED_AT = 6
const BEFORE = 7
const LIKELIHOOD = 8
export const PROFILE_NUMBERS = 9

/**
 * How each model's latencies lie about what its latency head predicts: level and variance of the residuals of ln(ms), and
 * the ratio of realised to predicted use. The head learns what tells one prompt from another and is slow to forget; a
 * level that moved is found here within tens of requests. Part of the fold: + - * / alone.
 *
 * A model that got slow is chosen no more and tells of no latency: it is tried now and then, at first often, then ever more
 * seldom, and taken back for what it was once its latencies say so.
 */
export class LatencyProfiles {
  private numbers = new Float64Array(8 * PROFILE_NUMBERS)

  /** A slot has a new tenant. */
  start(slot: number): void {
    const needed = (slot + 1) * PROFILE_NUMBERS
    if (needed > this.numbers.length) {
      const grown = new Float64Array(2 * needed)
      grown.set(this.numbers)
      this.numbers = grown
    }
    this.numbers.fill(0, slot * PROFILE_NUMBERS, needed)
    this.numbers[slot * PROFILE_NUMBERS + VARIANCE] = LOG_LATENCY_VARIANCE
  }

  /** Latencies that its level stands on, 0 to 64. */
  count(slot: number): number {
    return this.numbers[slot * PROFILE_NUMBERS + COUNT]
  }

  /** Mean of the latest residuals, to be added to the head's prediction of ln(ms). */
  level(slot: number): number {
    return this.numbers[slot * PROFILE_NUMBERS + LEVEL]
  }

  variance(slot: number): number {
    return this.numbers[slot * PROFILE_NUMBERS + VARIANCE]
  }

  /**
   * The level of a model that got slow, from before, when a try of it is due; else NaN.
   * @param idle requests since it was last heard of
   */
  promise(slot: number, idle: number, requests: number): number {
    const at = slot * PROFILE_NUMBERS
    const slowedAt = this.numbers[at + SLOWED_AT]
    if (slowedAt === 0 || idle < Math.max(TRIAL_REQUESTS, TRIAL_SHARE * (requests - slowedAt)))
      return Number.NaN
    return this.numbers[at + BEFORE]
  }

  /** Whether it is known to have been faster before. */
  isSlowed(slot: number): boolean {
    return this.numbers[slot * PROFILE_NUMBERS + SLOWED_AT] > 0
  }

  /**
   * @param residual ln(ms) less what the head predicted of it
   * @returns whether a model that got slow is as fast as before
   */
  observe(slot: number, residual: number): boolean {
    const { numbers } = this
    const at = slot * PROFILE_NUMBERS
    if (numbers[at + SLOWED_AT] > 0 && this.isRecovered(at, residual)) {
      numbers[at + LEVEL] = numbers[at + FAST] = numbers[at + BEFORE]
      numbers[at + SLOWED_AT] = numbers[at + LIKELIHOOD] = 0
      return true
    }
    const count = Math.min(numbers[at + COUNT] + 1, LEVEL_OBSERVATIONS)
    const error = residual - numbers[at + LEVEL]
    const variance = numbers[at + VARIANCE]
    if (count > 1) {
      // The level of few residuals strays itself: (1 + 1/n) of the variance is what is seen.
      const square = Math.min(
        (error * error * (count - 1)) / count,
        LATENCY_RESIDUAL_SIGMAS_MAX * LATENCY_RESIDUAL_SIGMAS_MAX * variance,
      )
      numbers[at + VARIANCE] = Math.max(
        variance + (square - variance) / (count + LATENCY_VARIANCE_PRIOR_OBSERVATIONS),
        LATENCY_VARIANCE_MIN,
      )
    }
    numbers[at + COUNT] = count
    numbers[at + LEVEL] += error / count
    numbers[at + FAST] += (residual - numbers[at + FAST]) / Math.min(count, LEVEL_FAST_OBSERVATIONS)
    return false
  }

  /** The model's latencies have changed: its latest ones alone count. */
  strayed(slot: number, requests: number): void {
    const { numbers } = this
    const at = slot * PROFILE_NUMBERS
    const level = numbers[at + FAST]
    if (numbers[at + SLOWED_AT] === 0 && level > numbers[at + LEVEL]) {
      numbers[at + SLOWED_AT] = requests
      numbers[at + BEFORE] = numbers[at + LEVEL]
      numbers[at + LIKELIHOOD] = 0
    } else if (level <= numbers[at + BEFORE]) numbers[at + SLOWED_AT] = 0
    numbers[at + COUNT] = LEVEL_FAST_OBSERVATIONS
    numbers[at + LEVEL] = level
    numbers[at + REALISED] = numbers[at + PREDICTED] = 0
  }

  /**
   * Notes what a request used of the limit beside what was predicted, both in parts of the limit.
   * @param window requests to remember
   */
  compare(slot: number, realised: number, predicted: number, window: number): void {
    const at = slot * PROFILE_NUMBERS
    this.numbers[at + REALISED] += realised - this.numbers[at + REALISED] / window
    this.numbers[at + PREDICTED] += predicted - this.numbers[at + PREDICTED] / window
  }

  /** What a prediction is to be multiplied by. */
  ratio(slot: number, window: number): number {
    const at = slot * PROFILE_NUMBERS
    const prior = USE_RATIO_PRIOR_SHARE * window
    const ratio = (prior + this.numbers[at + REALISED]) / (prior + this.numbers[at + PREDICTED])
    return Math.min(Math.max(ratio, 1 / USE_RATIO_MAX), USE_RATIO_MAX)
  }

  /** Another limit: what was used of the old one says nothing. */
  forgetRatios(): void {
    for (let at = 0; at < this.numbers.length; at += PROFILE_NUMBERS)
      this.numbers[at + REALISED] = this.numbers[at + PREDICTED] = 0
  }

  /** CUSUM of the log-likelihood ratio of two normals of one variance; Page, Biometrika 1954. */
  private isRecovered(at: number, residual: number): boolean {
    const { numbers } = this
    const since = residual - numbers[at + LEVEL]
    const before = residual - numbers[at + BEFORE]
    const step = (since * since - before * before) / (2 * numbers[at + VARIANCE])
    const ratio = numbers[at + LIKELIHOOD] + Math.min(Math.max(step, -RECOVERY_STEP_MAX), RECOVERY_STEP_MAX)
    numbers[at + LIKELIHOOD] = Math.max(0, ratio)
    return ratio >= LATENCY_RECOVERED_RATIO
  }

  /** The slot's numbers, a view: what a snapshot keeps. */
  row(slot: number): Float64Array {
    return this.numbers.subarray(slot * PROFILE_NUMBERS, (slot + 1) * PROFILE_NUMBERS)
  }

  /** Whether numbers that claim to come from `row` are such. */
  accepts(row: Float64Array): boolean {
    if (row.length !== PROFILE_NUMBERS || !row.every(Number.isFinite)) return false
    return (
      Number.isInteger(row[COUNT]) &&
      row[COUNT] >= 0 &&
      row[COUNT] <= LEVEL_OBSERVATIONS &&
      row[VARIANCE] >= LATENCY_VARIANCE_MIN &&
      row[REALISED] >= 0 &&
      row[PREDICTED] >= 0 &&
      row[SLOWED_AT] >= 0 &&
      row[LIKELIHOOD] >= 0 &&
      row[LIKELIHOOD] < LATENCY_RECOVERED_RATIO
    )
  }
}
