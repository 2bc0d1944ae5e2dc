import { ParetoBanditError } from '../../base/errors.js'
import { usdInText } from '../../base/format.js'
import type { StateView } from '../../state/policy-state.js'
import { BUDGET_MISSED, CAP_MISSED, LATENCY_MISSED, QUALITY_MISSED } from '../constraint.js'
import type { DecisionNote } from '../decision-note.js'
import type { Lease } from '../lease.js'
import type { RouteOptions } from '../route-options.js'
import { SpendingLimits } from './accounts/spending-limits.js'
import type { CandidateCosts } from './candidate-costs.js'
import { PredictedUses } from './latency/predicted-uses.js'
import type { DollarState } from './state.js'

/** An account that a request was refused for. */
interface ShortAccount {
  /** Null: the router's. */
  readonly tenant: string | null
  /** How many requests must pay in before it is not; Infinity where no number is known to be enough. */
  readonly lacking: number
}

/** What limits a request: the accounts that it draws on, with what this process shares, the latency objective and the quality floor. */
export class RequestLimits {
  readonly spending = new SpendingLimits()
  readonly uses = new PredictedUses()
  lease: Lease | null = null
  /** Whose accounts were short when the latest choice was refused. */
  readonly short: ShortAccount[] = []
  /** Whose cap refused the latest choice: the tenant's or the router's; null: no cap did. */
  cappedBy: 'tenant' | 'router' | null = null
  private readonly strict: boolean

  constructor(strict: boolean) {
    this.strict = strict
  }

  /** As of the note's time: into `spending`, `uses` and the note. */
  read(state: StateView<DollarState>, request: RouteOptions | null, note: DecisionNote): void {
    const { spending, uses } = this
    const { accounts, demand, objectives } = state.policy
    spending.read(accounts.router, accounts.of(request?.tenant), demand, note.at)
    if (this.lease !== null) spending.keepTo(this.lease, request?.tenant ?? null)
    const { price } = spending
    note.shadowPrice = price === 0 ? 0 : price * (spending.payer?.usdPerRequest ?? spending.targetUsd)
    spending.raise(objectives.quality, demand)
    uses.read(objectives.latency)
    note.now = state.requests
    note.options = request
    note.penaltyWeight = spending.price
    note.latencyPrice = uses.price
    note.neutralUse = uses.isOn ? 0 : -1
    note.limitUsd = spending.limitUsd
    note.ceilingMaxUsd = spending.ceilingMaxUsd
    note.sparedUsd = spending.sparedUsd
    note.hardUsd = spending.hardUsd
    note.priceCeiling = Number.POSITIVE_INFINITY
    note.forced = false
    note.canary = false
    note.cheapestFallback = false
  }

  /** What a try may draw where no model is affordable, USD. */
  get lastResortUsd(): number {
    const { limitUsd, capUsd } = this.spending
    return this.strict ? limitUsd : capUsd
  }

  /** Constraints that no model of the list meets, as bits. */
  missed({ expectedUsd, cheapest }: CandidateCosts): number {
    const { spending, uses } = this
    const leastUsd = expectedUsd[cheapest]
    return (
      (leastUsd > spending.ceilingUsd ? BUDGET_MISSED : 0) |
      (leastUsd > spending.paceUsd ? CAP_MISSED : 0) |
      (uses.isMissed ? LATENCY_MISSED : 0) |
      (spending.isFloorMissed ? QUALITY_MISSED : 0)
    )
  }

  /**
   * The list position of the cheapest model, where nothing is affordable.
   * @throws BUDGET_EXHAUSTED with `strict`, and where a cap leaves too little
   */
  cheapestAllowed(costs: CandidateCosts, request: RouteOptions | null): number {
    const { spending } = this
    const cheapest = costs.leastDrawn()
    const costUsd = costs.drawnUsd[cheapest]
    if (costUsd > spending.capUsd) {
      this.cappedBy = spending.isTenantsCap(costUsd) ? 'tenant' : 'router'
      this.lease?.miss(request?.tenant ?? null, costUsd)
      const leaves = spending.isLeaseTightest
        ? `this process holds ${usdInText(spending.capUsd)} of a cap that it shares, and asks for more while there is any`
        : `a cap leaves ${usdInText(spending.capUsd)}`
      const message = `the cheapest model may cost ${usdInText(costUsd)}, ${leaves}`
      throw new ParetoBanditError('BUDGET_EXHAUSTED', 'caps', message, { neededUsd: costUsd })
    }
    if (!this.strict) return cheapest
    this.lease?.miss(request?.tenant ?? null, costUsd)
    this.noteShort(request?.tenant ?? null, costUsd)
    const message = `the cheapest model may cost ${usdInText(costUsd)}, the account has ${usdInText(spending.limitUsd)} for it`
    throw new ParetoBanditError('BUDGET_EXHAUSTED', 'budget', message, { neededUsd: costUsd })
  }

  /** A refused request pays in wherever it was refused, or debts of two accounts would be paid back one after the other. */
  private noteShort(tenant: string | null, costUsd: number): void {
    const { spending } = this
    const { routerIsTightest } = spending
    const unknown = Number.POSITIVE_INFINITY
    const lacking = spending.lackingRequests(true, costUsd)
    if (routerIsTightest || lacking > 0) this.short.push({ tenant: null, lacking: lacking || unknown })
    if (tenant === null) return
    const tenantLacking = spending.lackingRequests(false, costUsd)
    if (!routerIsTightest || tenantLacking > 0) this.short.push({ tenant, lacking: tenantLacking || unknown })
  }
}
