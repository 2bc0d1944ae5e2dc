import type { EventOf, RouterEvent } from '../../events/events.js'
import type { Model } from '../../models/registry.js'
import type { BilledRequest } from '../../state/pending/billed-request.js'
import { EXPIRED } from '../../state/pending/request-state.js'
import type { FoldView, PolicySnapshot, PolicyState } from '../../state/policy-state.js'
import type { RewardUnits } from '../../state/reward-units.js'
import { invalidSnapshot } from '../../state/snapshot/invalid-snapshot.js'
import { DualAscentPacer } from './dual-ascent.js'
import type { PacerMode } from './settings.js'
import { SHADOW_PRICE_MAX } from './tuning.js'

/** What policy `paper` keeps besides: the dual-ascent pacer. */
export class PaperState implements PolicyState {
  readonly pacer: DualAscentPacer
  private readonly view: FoldView

  constructor(view: FoldView, usdPerRequest: number | null, mode: PacerMode) {
    this.view = view
    this.pacer = new DualAscentPacer(usdPerRequest, mode)
  }

  settled({ costUsd }: EventOf<'settled'>, _model: Model, sequence: number): void {
    if (this.isLate(sequence)) this.pacer.correct(costUsd - this.view.pending.reservedUsd(sequence))
    else this.pacer.observe(costUsd)
  }

  failed({ costUsd }: EventOf<'failed'>, sequence: number): void {
    this.pacer.correct(this.isLate(sequence) ? costUsd - this.view.pending.reservedUsd(sequence) : costUsd)
  }

  cancelled({ costUsd }: EventOf<'cancelled'>, sequence: number): void {
    if (this.isLate(sequence)) this.pacer.correct(costUsd - this.view.pending.reservedUsd(sequence))
    else this.pacer.observe(costUsd)
  }

  billed({ costUsd }: EventOf<'billed'>, _model: Model | undefined, { bookedUsd }: BilledRequest): void {
    this.pacer.correct(costUsd - bookedUsd)
  }

  charged(_at: number, sequence: number): void {
    this.pacer.observe(this.view.pending.reservedUsd(sequence))
  }

  apply(event: RouterEvent): void {
    if (event.type === 'budget-set' && event.tenant === null) this.pacer.setBudget(event.usdPerRequest)
  }

  save(): PolicySnapshot {
    const { shadowPrice, costEmaUsd } = this.pacer
    return { text: null, numbers: Float64Array.of(shadowPrice, costEmaUsd) }
  }

  load({ numbers }: PolicySnapshot): void {
    const [shadowPrice, costEmaUsd] = numbers
    if (numbers.length !== 2 || !(costEmaUsd >= 0)) throw invalidSnapshot('its pacer is not valid')
    if (!(shadowPrice >= 0 && shadowPrice <= SHADOW_PRICE_MAX))
      throw invalidSnapshot('its shadow price is not valid')
    this.pacer.load(this.view.cost.usdPerRequest, shadowPrice, costEmaUsd)
  }

  takeRawRewards(rewards: RewardUnits): void {
    const { pacer } = this
    pacer.shadowPrice = Math.min(rewards.differenceToUnit(pacer.shadowPrice), SHADOW_PRICE_MAX)
  }

  /** The request expired before: its reservation was charged. */
  private isLate(sequence: number): boolean {
    return (this.view.pending.state(sequence) & EXPIRED) !== 0
  }
}
