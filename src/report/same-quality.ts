import { percent } from './format.js'

/** A reward is of the same quality if it is, at 95 % confidence, no more than this share of the other below it. Chosen: nobody sees 1 %. */
export const SAME_QUALITY_SHARE = 0.01

/** What `SAME_QUALITY_SHARE` means, for a reader of the page. */
export const SAME_QUALITY_NOTE = `The same quality: a reward that is, at 95 % confidence, no more than ${percent(SAME_QUALITY_SHARE, 0)} lower.`

/** A mean with its 95 % confidence interval. */
export interface Uncertain {
  readonly mean: number
  readonly ci95: readonly [low: number, high: number]
}

/**
 * How much one mean is above another. The interval takes the two for independent: it is too wide where both go up and down together.
 */
export function differenceOf(one: Uncertain, other: Uncertain): Uncertain {
  const mean = one.mean - other.mean
  const below = Math.hypot(one.mean - one.ci95[0], other.ci95[1] - other.mean)
  const above = Math.hypot(one.ci95[1] - one.mean, other.mean - other.ci95[0])
  return { mean, ci95: [mean - below, mean + above] }
}

/** Whether a reward that differs by so much from `reward` is of the same quality, or a better one. */
export function isSameQuality(difference: Uncertain, reward: number): boolean {
  return difference.ci95[0] >= -SAME_QUALITY_SHARE * Math.abs(reward)
}
