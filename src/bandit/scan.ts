/** Fewer candidates than this are scored in less time than their bounds take. */
export const PRUNED_COUNT_MIN = 16
/** When more of the quadratic forms than this had to be taken, pruning costs more than it saves. */
const EVALUATED_SHARE_MAX = 0.5
/** Weight of the latest scan in the moving average of that share. */
const RATE = 1 / 8
/** Full scans before pruning is tried again. */
const FULL_SCANS = 64

/**
 * Whether a scan of the candidates prunes or scores them all, from their number and from what pruning achieved
 * lately. Both find the same model at the same score, so this changes how long a decision takes and nothing else: it is no part of routing state.
 */
export class ScanChoice {
  private evaluatedShare = 0
  private fullScansLeft = 0

  prunes(count: number): boolean {
    if (count < PRUNED_COUNT_MIN) return false
    if (this.fullScansLeft === 0) return true
    // The trial that follows the last full scan counts for itself alone.
    if (--this.fullScansLeft === 0) this.evaluatedShare = Number.NaN
    return false
  }

  /** A pruned scan of `count` candidates took `evaluated` quadratic forms. */
  record(evaluated: number, count: number): void {
    const share = evaluated / count
    const before = this.evaluatedShare
    this.evaluatedShare = Number.isNaN(before) ? share : before + RATE * (share - before)
    if (this.evaluatedShare > EVALUATED_SHARE_MAX) this.fullScansLeft = FULL_SCANS
  }
}
