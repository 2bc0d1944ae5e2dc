/** The same quality is a reward that lies, at 95 % confidence, less than this share of the other below it. */
export const SAME_QUALITY_SHARE = 0.01

/** A mean with its 95 % confidence interval. */
export interface Uncertain {
  readonly mean: number
  readonly ci95: readonly [low: number, high: number]
}

/**
 * What one mean is above another, with an interval from both of theirs: too wide where both go up and down together.
 * @returns ends of the interval around the difference
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
