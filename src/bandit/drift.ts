/** What a watch goes by, tuned by the policy that has it. In standard deviations of the residuals where it says so. */
export interface DriftLimits {
  /** What an observation may stray before it counts towards an alarm, and where the alarm is. */
  readonly slackSigmas: number
  readonly thresholdSigmas: number
  /** A larger residual counts as this many standard deviations. */
  readonly residualSigmasMax: number
  /** Weight of the latest residual in the variance. */
  readonly varianceRate: number
  /** Least variance, in parts of that before any residual was known. */
  readonly varianceFloorShare: number
}

/** One arm's watch over one quantity: two sums, of residuals above and below what was predicted, and their variance. */
const NUMBERS = 3
export const DRIFT_NUMBERS = NUMBERS
/** Only a prior that no rewards have made predicts so far off: what a snapshot keeps stays a number that one takes. */
export const DRIFT_MAX = 1e15

/**
 * Two-sided CUSUM of standardised residuals, one a slot: a sum rises by what a residual exceeds the slack,
 * falls otherwise, never below 0, and is an alarm past the threshold. Page, Biometrika 1954.
 */
export class DriftWatch {
  private readonly varianceStart: number
  private readonly varianceMin: number
  private readonly slack: number
  private readonly threshold: number
  private readonly residualMax: number
  private readonly rate: number
  private numbers = new Float64Array(8 * NUMBERS)

  /** @param varianceStart variance of the residuals before any is known */
  constructor(varianceStart: number, limits: DriftLimits) {
    this.varianceStart = varianceStart
    this.varianceMin = varianceStart * limits.varianceFloorShare
    this.slack = limits.slackSigmas
    this.threshold = limits.thresholdSigmas
    this.residualMax = limits.residualSigmasMax
    this.rate = limits.varianceRate
  }

  /** A slot has a new tenant. @param variance of its residuals, as far as it is known: `DRIFT_MAX` at most counts */
  start(slot: number, variance = this.varianceStart): void {
    const needed = (slot + 1) * NUMBERS
    if (needed > this.numbers.length) {
      const grown = new Float64Array(2 * needed)
      grown.set(this.numbers)
      this.numbers = grown
    }
    this.numbers.set([0, 0, Math.min(variance, DRIFT_MAX)], slot * NUMBERS)
  }

  /** Of residuals, so far. */
  variance(slot: number): number {
    return this.numbers[slot * NUMBERS + 2]
  }

  /**
   * Learns the variance alone, of an arm that strays because it learns.
   * @param rate weight of this residual
   */
  learn(slot: number, residual: number, rate: number): void {
    const at = slot * NUMBERS + 2
    this.learnSquare(at, residual * residual, rate)
  }

  /**
   * @param rate weight of this residual in the variance
   * @returns 1 or -1 when what is observed lies above or below what is predicted for too long, else 0
   */
  observe(slot: number, residual: number, rate = this.rate): -1 | 0 | 1 {
    const { numbers, slack, threshold, residualMax } = this
    const at = slot * NUMBERS
    const variance = numbers[at + 2]
    const z = Math.min(Math.max(residual / Math.sqrt(variance), -residualMax), residualMax)
    numbers[at] = Math.max(0, numbers[at] + z - slack)
    numbers[at + 1] = Math.max(0, numbers[at + 1] - z - slack)
    const alarm = numbers[at] > threshold ? 1 : numbers[at + 1] > threshold ? -1 : 0
    if (alarm !== 0) {
      numbers[at] = numbers[at + 1] = 0
      numbers[at + 2] = Math.max(variance, this.varianceStart)
    } else {
      const square = Math.min(residual * residual, residualMax * residualMax * variance)
      this.learnSquare(at + 2, square, rate)
    }
    return alarm
  }

  private learnSquare(at: number, square: number, rate: number): void {
    const variance = Math.max((1 - rate) * this.numbers[at] + rate * square, this.varianceMin)
    this.numbers[at] = Math.min(variance, DRIFT_MAX)
  }

  /** The slot's numbers, a view: what a snapshot keeps. */
  row(slot: number): Float64Array {
    return this.numbers.subarray(slot * NUMBERS, (slot + 1) * NUMBERS)
  }
}
