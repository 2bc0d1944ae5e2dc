import { AMOUNT_MAX } from '../../../base/check.js'
import type { EventOf } from '../../../events/events.js'
import type { Ledger } from '../../../state/ledger.js'
import type { DemandCurve } from '../demand/demand-curve.js'
import { SUM_MAX_USD } from '../demand/units.js'
import { COST_RATIO_MAX, COST_RATIO_PRIOR_REQUESTS, COST_RATIO_REQUESTS, TIGHTNESS } from '../tuning.js'
import { ArrivalProfile } from './arrival-profile.js'
import type { Cap } from './cap.js'
import { Credit } from './credit.js'
import type { Forecast } from './forecast.js'

/** A balance beyond it is no sum of bills; what is written off of it stays well within `SUM_MAX_USD`. */
const BALANCE_MAX_USD = 1e24

const LEDGER_NUMBERS = [
  'spendUsd',
  'reservedUsd',
  'allowanceUsd',
  'unbudgetedUsd',
  'unsettled',
  'allowed',
] as const satisfies readonly (keyof Ledger)[]
const OWN_NUMBERS = ['drawnUsd', 'aimedUsd', 'refused', 'infeasible'] as const
/** Numbers of `save` before those of the caps. */
const ACCOUNT_NUMBERS = 4 + LEDGER_NUMBERS.length + OWN_NUMBERS.length

/**
 * Who pays: the router, or one of its tenants. A ceiling B with its credit, caps, and a ledger of what was spent. All
 * accounts find their shadow prices from the one demand curve of all requests; a tenant whose requests cost twice as
 * much as the others' at the same price learns that, and aims at half as much.
 */
export class Account {
  /** Ceiling B of the mean spend per request, USD, or null. */
  usdPerRequest: number | null = null
  readonly credit: Credit
  readonly ledger: Ledger
  caps: readonly Cap[] = []
  /** Caps that were taken away: they limit nothing and go on counting, for one that is put back counts on. One of each `per` and `window`. */
  retired: readonly Cap[] = []
  /** When its requests come; kept while it has caps that are paced by a forecast. */
  arrivals: ArrivalProfile | null = null
  /** Requests that it could not pay for, and those routed although even the cheapest model is over B. */
  refused = 0
  infeasible = 0
  /** Decayed sums: what its requests drew, and what the curve says those of all would have at its own price. */
  drawnUsd = 0
  aimedUsd = 0
  /** As of the latest `paceUsd`: the cap that its requests are paced by. */
  private tightest: Cap | null = null

  constructor(burst: number, ledger: Ledger) {
    this.credit = new Credit(burst)
    this.ledger = ledger
  }

  setBudget(usdPerRequest: number | null): void {
    this.usdPerRequest = usdPerRequest
    if (usdPerRequest === null) return
    this.credit.open(usdPerRequest)
    // What was owed under a higher ceiling is paid back within as many requests as under this one.
    this.credit.boundDebt(usdPerRequest)
  }

  /** An operator's credit, or a debit where it is negative: of the ceiling's balance, and of the caps in force. */
  adjust(at: number, usd: number): void {
    if (this.usdPerRequest !== null) this.credit.adjust(usd, this.usdPerRequest)
    for (const cap of this.counting) cap.adjust(at, usd)
  }

  /** The caps in force, and those that count on. */
  get counting(): readonly Cap[] {
    return this.retired.length === 0 ? this.caps : [...this.caps, ...this.retired]
  }

  /** Those of them that counted a request which was routed at that time, ms since 1970. */
  countingOf(routedAt: number): readonly Cap[] {
    return this.retired.length === 0
      ? this.caps
      : this.counting.filter((cap) => !cap.handover.isPast(routedAt))
  }

  /** Whether anything limits what it spends. */
  get isLimited(): boolean {
    return this.usdPerRequest !== null || this.caps.length > 0
  }

  /**
   * What its requests should cost on average from now on, USD: the least of the ceiling's and the caps'; or Infinity.
   * @param paceUsd the caps', where it is known
   */
  targetUsd(at: number, demand: DemandCurve, paceUsd = this.paceUsd(at, demand)): number {
    return Math.min(this.ownTargetUsd, paceUsd)
  }

  private get ownTargetUsd(): number {
    const { usdPerRequest } = this
    return usdPerRequest === null ? Number.POSITIVE_INFINITY : this.credit.targetUsd(usdPerRequest)
  }

  /** What the caps' money allows on average until they end, USD; Infinity while they are no constraint. */
  paceUsd(at: number, demand: DemandCurve): number {
    let pace = Number.POSITIVE_INFINITY
    if (this.caps.length === 0) return pace
    const forecast = this.forecast(demand)
    this.tightest = null
    for (const cap of this.caps) {
      const usd = cap.impliedUsdPerRequest(at, forecast)
      if (usd >= pace) continue
      pace = usd
      this.tightest = cap
    }
    return pace
  }

  /** As of the latest `paceUsd`: what one request may draw, USD, where it does not go to the cheapest model. */
  get sparedUsd(): number {
    return this.caps.reduce((usd, cap) => Math.min(usd, cap.pace.sparedUsd), Number.POSITIVE_INFINITY)
  }

  /** The same: what the cheapest model needs of each rolling cap until dollars come back that processes share, USD. */
  get soonUsd(): number {
    return this.caps.reduce((usd, cap) => Math.max(usd, cap.pace.soonUsd), 0)
  }

  /** What is known of its requests to come; null while it has no caps. Rather too much is kept back than too little. */
  forecast(demand: DemandCurve): Forecast | null {
    const { arrivals, ratio } = this
    if (arrivals === null) return null
    const leastUsd = demand.leastCostUsd
    return {
      profile: arrivals,
      leastUsd: leastUsd * ratio,
      keptUsd: leastUsd * Math.max(1, ratio),
      freeUsd: demand.freeCostUsd * ratio,
    }
  }

  /** A request came and drew that much. */
  reserve(at: number, usd: number): void {
    for (const cap of this.retired) if (!cap.handover.isPast(at)) cap.reserve(at, usd)
    if (this.caps.length === 0) return
    if (this.caps.some(({ pacing }) => pacing === 'forecast')) {
      this.arrivals ??= new ArrivalProfile()
      this.arrivals.arrive(at)
    }
    for (const cap of this.caps) cap.reserve(at, usd)
  }

  /** Requests came that a cap refused. They would come again, so the forecast counts them, as far as it believes in them. */
  wanted({ requests, lastAt }: EventOf<'capped'>): void {
    if (this.arrivals === null || this.caps.length === 0) return
    const counted = this.arrivals.refused(lastAt, requests)
    for (const cap of this.caps) cap.wanted(lastAt, counted)
  }

  /** What the caps leave for the next request to draw, USD. */
  capUsd(at: number): number {
    let usd = Number.POSITIVE_INFINITY
    for (const cap of this.caps) usd = Math.min(usd, cap.availableUsd(at))
    return usd
  }

  /** Its shadow price (reward per dollar) for requests that are to cost `targetUsd` on average. */
  price(demand: DemandCurve, targetUsd: number): number {
    if (targetUsd === Number.POSITIVE_INFINITY) return 0
    const { usdPerRequest, tightest } = this
    const aimedUsd = targetUsd / this.ratio
    const isOfCap = targetUsd < this.ownTargetUsd
    // What a calendar period leaves is lost when it ends. A cap that rolls lowers its price by what is left instead.
    if (isOfCap && tightest?.window === 'calendar')
      return demand.mixedPriceOfSpend(aimedUsd, tightest.pace.place) * tightest.pace.correction
    const generous = usdPerRequest !== null && this.credit.sparedUsd(usdPerRequest) > 0
    const slack = usdPerRequest === null || isOfCap ? 0 : this.credit.slack(usdPerRequest)
    const price = demand.priceOfSpend(aimedUsd, generous, slack)
    // A balance that is nearly full makes no dollar of a cap worth less.
    if (isOfCap) return price * (tightest?.pace.relief ?? 1)
    if (usdPerRequest === null || price === 0) return price
    const { credit, ratio } = this
    const most = credit.worthOfSaving(usdPerRequest)
    if (most === Number.POSITIVE_INFINITY)
      return Math.min(price * credit.worthOfDollar(usdPerRequest), credit.priceMax(usdPerRequest))
    const steady = demand.steadyPriceOfSpend((TIGHTNESS * usdPerRequest) / ratio, slack)
    return Math.min(price, most * steady, credit.priceMax(usdPerRequest))
  }

  /** What its requests cost, over what those of all would at its price. */
  get ratio(): number {
    if (this.aimedUsd === 0) return 1
    return Math.min(Math.max(this.drawnUsd / this.aimedUsd, 1 / COST_RATIO_MAX), COST_RATIO_MAX)
  }

  /** A request drew that much, where one of all would cost `aimedUsd` at its price. */
  learnRatio(drawnUsd: number, aimedUsd: number): void {
    if (aimedUsd <= 0) return
    if (this.aimedUsd === 0) this.drawnUsd = this.aimedUsd = COST_RATIO_PRIOR_REQUESTS * aimedUsd
    this.drawnUsd += drawnUsd - this.drawnUsd / COST_RATIO_REQUESTS
    this.aimedUsd += aimedUsd - this.aimedUsd / COST_RATIO_REQUESTS
  }

  /** The dollars of both sums are worth `factor` of theirs. */
  rescaleRatio(factor: number): void {
    this.drawnUsd = Math.min(this.drawnUsd * factor, SUM_MAX_USD)
    this.aimedUsd = Math.min(this.aimedUsd * factor, SUM_MAX_USD)
  }

  /** As numbers, for a snapshot. */
  save(): number[] {
    const { balanceUsd, fundUsd, opened } = this.credit
    return [
      this.usdPerRequest ?? 0,
      balanceUsd,
      fundUsd,
      opened ? 1 : 0,
      ...LEDGER_NUMBERS.map((name) => this.ledger[name]),
      ...OWN_NUMBERS.map((name) => this[name]),
      ...this.caps.flatMap((cap) => cap.save()),
    ]
  }

  /** How many numbers `save` gives. */
  get savedNumbers(): number {
    return ACCOUNT_NUMBERS + this.caps.reduce((sum, cap) => sum + cap.savedNumbers, 0)
  }

  /**
   * Takes over what `save` gave; the caps, new ones, are there already.
   * @returns whether an account could have saved them
   * @throws SNAPSHOT_INVALID (a cap)
   */
  load(numbers: readonly number[]): boolean {
    const [usdPerRequest, balanceUsd, fundUsd, opened] = numbers
    const sums = numbers.slice(4, ACCOUNT_NUMBERS)
    if (opened !== 0 && opened !== 1) return false
    if (!(usdPerRequest >= 0 && usdPerRequest <= AMOUNT_MAX) || (usdPerRequest > 0 && opened === 0))
      return false
    if (!sums.every((sum) => sum >= 0 && sum <= SUM_MAX_USD)) return false
    // A lower ceiling may have left more in it than its own burst, and a release before 0.2 more debt.
    if (!(Math.max(Math.abs(balanceUsd), Math.abs(fundUsd)) <= BALANCE_MAX_USD)) return false
    if (!sums.slice(-2).every(Number.isSafeInteger)) return false
    this.usdPerRequest = usdPerRequest === 0 ? null : usdPerRequest
    Object.assign(this.credit, { balanceUsd, fundUsd, opened: opened === 1 })
    LEDGER_NUMBERS.forEach((name, i) => {
      this.ledger[name] = sums[i]
    })
    OWN_NUMBERS.forEach((name, i) => {
      this[name] = sums[LEDGER_NUMBERS.length + i]
    })
    let at = ACCOUNT_NUMBERS
    for (const cap of this.caps) {
      cap.load(numbers.slice(at, at + cap.savedNumbers))
      at += cap.savedNumbers
    }
    return true
  }
}
