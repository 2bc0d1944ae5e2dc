import type { EventOf, RouterEvent } from '../../events/events.js'
import type { Model } from '../../models/registry.js'
import { EXPIRED } from '../../state/pending/request-state.js'
import type { FoldView, PolicySnapshot, PolicyState } from '../../state/policy-state.js'
import { invalidSnapshot } from '../../state/snapshot/invalid-snapshot.js'
import { DUAL_STEP } from '../tuning.js'
import { OVERSPEND_MAX, PRICE_MAX, PRICE_MIN, PRICE_START } from './tuning.js'

/**
 * What policy `thompson` keeps besides: a plain pacer in dollars. Each request whose cost is known, or assumed at its
 * expiry, moves the logarithm of the shadow price by how far the running mean of the costs before is from the ceiling B:
 *     h = 0.025 (min(mean / B, 20) - 1)        lambda <- clamp(lambda (1 + h) / (1 - h))
 * which is a step of 2 h but for h^3: with lambda (1 + 2 h), costs that scatter would pull lambda down and overspend.
 * A new ceiling keeps lambda; the first one finds it where it starts.
 */
export class ThompsonState implements PolicyState {
  /** Reward that a budget's worth of dollars must buy. */
  price = PRICE_START
  private readonly view: FoldView

  constructor(view: FoldView) {
    this.view = view
  }

  settled(_event: EventOf<'settled'>, _model: Model, sequence: number): void {
    // A request that expired before was counted then.
    if ((this.view.pending.state(sequence) & EXPIRED) === 0) this.ascend()
  }

  cancelled(_event: EventOf<'cancelled'>, sequence: number): void {
    if ((this.view.pending.state(sequence) & EXPIRED) === 0) this.ascend()
  }

  charged(_at: number, _sequence: number): void {
    this.ascend()
  }

  apply(event: RouterEvent): void {
    if (event.type === 'budget-set' && event.tenant === null && event.usdPerRequest === null)
      this.price = PRICE_START
  }

  save(): PolicySnapshot {
    return { text: null, numbers: Float64Array.of(this.price) }
  }

  load({ numbers }: PolicySnapshot): void {
    const [price] = numbers
    if (numbers.length !== 1 || !(price >= PRICE_MIN && price <= PRICE_MAX))
      throw invalidSnapshot('its shadow price is not valid')
    this.price = price
  }

  private ascend(): void {
    const { usdPerRequest, meanUsd } = this.view.cost
    if (usdPerRequest === null) return
    const half = (DUAL_STEP / 2) * (Math.min(meanUsd / usdPerRequest, OVERSPEND_MAX) - 1)
    this.price = Math.min(PRICE_MAX, Math.max(PRICE_MIN, this.price * ((1 + half) / (1 - half))))
  }
}
