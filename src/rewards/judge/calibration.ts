/** The straight line that a score is put on: `low + slope * score`. */
export interface CalibrationLine {
  /** Answers that both sources spoke of. */
  readonly count: number
  /** What a score of 0 counts, before it is kept within [0, 1]. */
  readonly low: number
  /** What a score of 1 counts more than one of 0, >= 0. */
  readonly slope: number
}

/** The line begins as y = x, worth this many answers at either end of the scale: a few thumbs bend it little. */
const PRIOR_EACH = 5

/**
 * What one source's scores are worth on another's scale, learned online where both speak of one answer: the least-squares line of
 * y on x, begun at y = x by `PRIOR_EACH` answers at (0, 0) and as many at (1, 1). It never falls: of scores that say nothing, or the
 * opposite, what remains is the mean of the other source. Five sums are all its memory, and the order of answers changes no more than
 * rounding.
 */
export class Calibration {
  private count = 0
  private x = PRIOR_EACH
  private y = PRIOR_EACH
  private xx = PRIOR_EACH
  private xy = PRIOR_EACH

  /** @param score of the source that is calibrated, in [0, 1]. @param truth of the other */
  add(score: number, truth: number): void {
    this.count++
    this.x += score
    this.y += truth
    this.xx += score * score
    this.xy += score * truth
  }

  get line(): CalibrationLine {
    const { count, x, y, xx, xy } = this
    const weight = count + 2 * PRIOR_EACH
    const spread = xx - (x * x) / weight
    const slope = Math.max(0, (xy - (x * y) / weight) / spread)
    return { count, low: (y - slope * x) / weight, slope }
  }

  /** A score on the other source's scale, in [0, 1]. */
  of(score: number): number {
    if (this.count === 0) return score
    const { low, slope } = this.line
    return Math.min(1, Math.max(0, low + slope * score))
  }
}
