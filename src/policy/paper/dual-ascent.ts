import { RunningCost } from '../../state/running-cost.js'
import { DUAL_STEP } from '../tuning.js'
import type { PacerMode } from './settings.js'
import { SHADOW_PRICE_MAX } from './tuning.js'

/**
 * The paper's online primal-dual budget pacer. Every observed cost moves a running mean, and the shadow price lambda
 * ascends the dual by how far that mean is from the ceiling B (USD per request):
 *     cEma   <- 0.95 cEma + 0.05 cost            (starting at B)
 *     lambda <- clamp(lambda + 0.05 (cEma / B - 1), 0, 5)
 */
export class DualAscentPacer {
  readonly mode: PacerMode
  shadowPrice = 0
  private readonly cost: RunningCost

  constructor(usdPerRequest: number | null, mode: PacerMode) {
    this.mode = mode
    this.cost = new RunningCost(usdPerRequest)
  }

  /** B, or null when there is no ceiling: then costs are not tracked and lambda is 0. */
  get usdPerRequest(): number | null {
    return this.cost.usdPerRequest
  }

  get costEmaUsd(): number {
    return this.cost.meanUsd
  }

  /** A new ceiling keeps the running mean and lambda; the first one starts both from the beginning. */
  setBudget(usdPerRequest: number | null): void {
    if (this.cost.setBudget(usdPerRequest)) this.shadowPrice = 0
  }

  /** One request's cost is known (or assumed, at expiry). */
  observe(costUsd: number): void {
    const { cost } = this
    if (cost.usdPerRequest === null) return
    cost.observe(costUsd)
    const next = this.shadowPrice + DUAL_STEP * (cost.meanUsd / cost.usdPerRequest - 1)
    this.shadowPrice = Math.min(SHADOW_PRICE_MAX, Math.max(0, next))
  }

  /** Spend that belongs to no new request: a failed attempt's cost, a late settlement's difference. */
  correct(differenceUsd: number): void {
    this.cost.correct(differenceUsd)
  }

  /** What a snapshot keeps. */
  load(usdPerRequest: number | null, shadowPrice: number, costEmaUsd: number): void {
    this.cost.usdPerRequest = usdPerRequest
    this.cost.meanUsd = costEmaUsd
    this.shadowPrice = shadowPrice
  }

  /** What lambda adds to the weight of log-normalised cost; nothing in the hard mode. */
  get softWeight(): number {
    return this.mode === 'hard' ? 0 : this.shadowPrice
  }

  /** Highest blended price a candidate may have, given the dearest one's; Infinity when nobody is excluded. */
  priceCeiling(dearest: number): number {
    if (this.mode === 'soft' || this.shadowPrice <= 0) return Number.POSITIVE_INFINITY
    return dearest / (1 + this.shadowPrice)
  }
}
