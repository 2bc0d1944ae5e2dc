/** Weight of the newest cost in the running mean. Source: the smoothing of the paper's primal-dual pacer. */
const COST_SMOOTHING = 0.05

/**
 * The running mean of what requests cost, beside the ceiling B it is held against:
 *     mean <- 0.95 mean + 0.05 cost            (starting at B)
 * Without a ceiling nothing is tracked.
 */
export class RunningCost {
  /** B, USD per request, or null. */
  usdPerRequest: number | null
  meanUsd: number

  constructor(usdPerRequest: number | null) {
    this.usdPerRequest = usdPerRequest
    this.meanUsd = usdPerRequest ?? 0
  }

  /**
   * A new ceiling keeps the running mean; the first one, and the end of one, start it again.
   * @returns whether it started again
   */
  setBudget(usdPerRequest: number | null): boolean {
    const restarts = this.usdPerRequest === null || usdPerRequest === null
    if (restarts) this.meanUsd = usdPerRequest ?? 0
    this.usdPerRequest = usdPerRequest
    return restarts
  }

  /** One request's cost is known (or assumed, at expiry). */
  observe(costUsd: number): void {
    if (this.usdPerRequest === null) return
    this.meanUsd = (1 - COST_SMOOTHING) * this.meanUsd + COST_SMOOTHING * costUsd
  }

  /** Spend that belongs to no new request: a failed attempt's cost, a late settlement's difference. */
  correct(differenceUsd: number): void {
    if (this.usdPerRequest === null) return
    this.meanUsd = Math.max(0, this.meanUsd + COST_SMOOTHING * differenceUsd)
  }
}
