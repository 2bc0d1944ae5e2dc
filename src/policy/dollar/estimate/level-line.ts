import {
  LEVEL_CENTRE,
  LEVEL_CENTRE_SIGMA,
  LEVEL_NOISE_PRIOR_REWARDS,
  LEVEL_PER_LOG_PRICE,
  LEVEL_PER_LOG_PRICE_SIGMA,
  LEVEL_ROUNDS,
  LEVEL_SPREAD,
  LEVEL_SPREAD_PRIOR_MODELS,
  STEEPNESS_LEVEL_MIN,
} from '../tuning.js'
import type { MeanRewards } from './mean-rewards.js'

/**
 * What models usually earn, by what they are sold for. A model's level, its mean reward, lies about a line on the
 * scale of log-odds,
 *
 *     logit level_a ~ N(logit c + s (ln price_a - mean ln price), LEVEL_SPREAD^2)
 *
 * as in any hierarchical model (Gelman and Hill, 2007, chapter 12): models that are sold for more are expected to be
 * better, by little, until rewards say otherwise. About c a step on that scale is c (1 - c) of one in rewards; with
 * that both c and s follow from the levels of all by generalised least squares, and what is assumed of them before,
 * and c in turn says what such a step is.
 */
export class LevelLine {
  /** c, and how much more a model earns that is sold for e times as much. */
  centre = 0
  slope = 0
  /** Variances about the line: of levels, and of one reward about its level. */
  spread = 0
  noise = 0
  /** The first of them, in parts of what is usual. */
  private widened = 1

  /** O(models) @param logPrices by position, about their mean */
  fit(means: MeanRewards, logPrices: Float64Array): void {
    this.centre = LEVEL_CENTRE
    this.widened = 1
    for (let round = 0; round < LEVEL_ROUNDS; round++) this.refit(means, logPrices)
  }

  /** What a model usually earns that is sold for that. */
  at(logPrice: number): number {
    return this.centre + this.slope * logPrice
  }

  private refit(means: MeanRewards, logPrices: Float64Array): void {
    const { known, rewards, count } = means
    const within = Math.min(Math.max(this.centre, STEEPNESS_LEVEL_MIN), 1 - STEEPNESS_LEVEL_MIN)
    const step = within * (1 - within)
    this.spread = this.widened * (LEVEL_SPREAD * step) ** 2
    this.noise =
      (means.squares + LEVEL_NOISE_PRIOR_REWARDS * step) / (means.observed + LEVEL_NOISE_PRIOR_REWARDS)
    // The normal equations.
    let centres = 1 / (LEVEL_CENTRE_SIGMA * LEVEL_CENTRE_SIGMA)
    let slopes = 1 / (LEVEL_PER_LOG_PRICE_SIGMA * step) ** 2
    let centreSum = centres * LEVEL_CENTRE
    let slopeSum = slopes * LEVEL_PER_LOG_PRICE * step
    let both = 0
    for (let position = 0; position < count; position++) {
      if (rewards[position] === 0) continue
      const weight = 1 / (this.spread + this.noise / rewards[position])
      const x = logPrices[position]
      centres += weight
      both += weight * x
      slopes += weight * x * x
      centreSum += weight * known[position]
      slopeSum += weight * x * known[position]
    }
    const determinant = centres * slopes - both * both
    this.centre = (slopes * centreSum - both * slopeSum) / determinant
    this.slope = (centres * slopeSum - both * centreSum) / determinant
    this.widen(means, logPrices, (LEVEL_SPREAD * step) ** 2)
  }

  /** Levels may lie further apart than they usually do: a step of expectation maximisation, by what is known of them now. */
  private widen({ known, rewards, count }: MeanRewards, logPrices: Float64Array, usual: number): void {
    let models = LEVEL_SPREAD_PRIOR_MODELS
    let squares = models * usual
    for (let position = 0; position < count; position++) {
      if (rewards[position] === 0) continue
      const own = rewards[position] / this.noise
      const variance = 1 / (1 / this.spread + own)
      const away = known[position] - this.at(logPrices[position])
      squares += (variance * own * away) ** 2 + variance
      models++
    }
    this.widened = Math.max(1, squares / models / usual)
  }
}
