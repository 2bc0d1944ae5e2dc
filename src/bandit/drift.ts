/** What an observation may stray, in standard deviations, before it counts towards an alarm; where the alarm is. */
const SLACK = 0.5
const THRESHOLD = 10
/** Residuals beyond this many standard deviations count as so many. */
const RESIDUAL_MAX = 3
/** Weight of the latest residual in the variance. */
const RATE = 0.01

/** One arm's watch over one quantity: two sums, of residuals above and below what was predicted, and their variance. */
const NUMBERS = 3
export const DRIFT_NUMBERS = NUMBERS

/**
 * Two-sided CUSUM of standardised residuals, one a slot: a sum rises by what a residual exceeds half a standard
 * deviation, falls otherwise, never below 0, and is an alarm past 10. Page, Biometrika 1954.
 */
export class DriftWatch {
  private readonly varianceStart: number
  private numbers = new Float64Array(8 * NUMBERS)

  /** @param varianceStart variance of the residuals before any is known */
  constructor(varianceStart: number) {
    this.varianceStart = varianceStart
  }

  /** A slot has a new tenant. */
  start(slot: number): void {
    const needed = (slot + 1) * NUMBERS
    if (needed > this.numbers.length) {
      const grown = new Float64Array(2 * needed)
      grown.set(this.numbers)
      this.numbers = grown
    }
    this.numbers.set([0, 0, this.varianceStart], slot * NUMBERS)
  }

  /** Of residuals, so far. */
  variance(slot: number): number {
    return this.numbers[slot * NUMBERS + 2]
  }

  /** @returns 1 or -1 when what is observed lies above or below what is predicted for too long, else 0 */
  observe(slot: number, residual: number): -1 | 0 | 1 {
    const { numbers } = this
    const at = slot * NUMBERS
    const variance = numbers[at + 2]
    const z = Math.min(Math.max(residual / Math.sqrt(variance), -RESIDUAL_MAX), RESIDUAL_MAX)
    numbers[at] = Math.max(0, numbers[at] + z - SLACK)
    numbers[at + 1] = Math.max(0, numbers[at + 1] - z - SLACK)
    const alarm = numbers[at] > THRESHOLD ? 1 : numbers[at + 1] > THRESHOLD ? -1 : 0
    if (alarm !== 0) {
      numbers[at] = numbers[at + 1] = 0
      numbers[at + 2] = Math.max(variance, this.varianceStart)
    } else {
      const square = Math.min(residual * residual, RESIDUAL_MAX * RESIDUAL_MAX * variance)
      numbers[at + 2] = Math.max((1 - RATE) * variance + RATE * square, this.varianceStart / 4)
    }
    return alarm
  }

  /** The slot's numbers, a view: what a snapshot keeps. */
  row(slot: number): Float64Array {
    return this.numbers.subarray(slot * NUMBERS, (slot + 1) * NUMBERS)
  }
}
