import type { Lease } from '../../lease.js'
import type { DemandCurve } from '../demand/demand-curve.js'
import type { QualityFloor } from '../quality/quality-floor.js'
import { CREDIT_NEAR_LEAST } from '../tuning.js'
import type { Account } from './account.js'

/** What the accounts that a request draws on allow: its shadow price, and the most it may draw. One record, filled for each request. */
export class SpendingLimits {
  /** Reward per dollar: the highest of the accounts' own. */
  price = 0
  /** Whether the accounts' money alone does not pay for what the quality floor asks. */
  isFloorMissed = false
  /** What requests should cost on average, USD; the least of the accounts. */
  targetUsd = Number.POSITIVE_INFINITY
  /** The least ceiling B, and the least that a cap's money allows on average. */
  ceilingUsd = Number.POSITIVE_INFINITY
  paceUsd = Number.POSITIVE_INFINITY
  /** The most that the request may draw: of all accounts and caps, of all but the payer, of caps alone. */
  limitUsd = Number.POSITIVE_INFINITY
  othersUsd = Number.POSITIVE_INFINITY
  capUsd = Number.POSITIVE_INFINITY
  /** The most that caps and what this process shares with others leave. */
  hardUsd = Number.POSITIVE_INFINITY
  /** The most that it may draw where it does not go to the cheapest model: caps keep back what that needs. */
  sparedUsd = Number.POSITIVE_INFINITY
  /** Of what is shared with other processes: what the cheapest model needs until more comes. */
  private soonUsd = 0
  /** What the caps of the accounts leave, whatever this process holds of them; whether the tenant's leave less than the router's. */
  private accountsCapUsd = Number.POSITIVE_INFINITY
  private tenantCapIsTightest = false
  /** The same of what this process holds. */
  private tenantLeaseIsTightest = false
  /** The largest ceiling B; 0 without a budget. */
  ceilingMaxUsd = 0
  /** Whether what this process holds of the caps is less than they leave. */
  isLeaseTightest = false
  /** Whose fund pays for newcomers, and what it has. */
  payer: Account | null = null
  availableUsd = Number.POSITIVE_INFINITY
  /** Whether the router's credit limits the request most, not the tenant's. */
  routerIsTightest = false
  /** The most that the credit of each lets the request draw. */
  private routerCreditUsd = Number.POSITIVE_INFINITY
  private tenantCreditUsd = Number.POSITIVE_INFINITY
  /** The most that this process may spend of the credit of each, where it is shared. */
  private routerLeaseUsd = Number.POSITIVE_INFINITY
  private tenantLeaseUsd = Number.POSITIVE_INFINITY
  /** Whether `allowNear` has raised the limits. */
  private isNear = false
  private router: Account | undefined
  private tenant: Account | undefined

  read(router: Account, tenant: Account | undefined, demand: DemandCurve, at: number): void {
    this.price = 0
    this.targetUsd = this.ceilingUsd = this.paceUsd = Number.POSITIVE_INFINITY
    this.limitUsd = this.othersUsd = this.capUsd = this.availableUsd = Number.POSITIVE_INFINITY
    this.payer = null
    this.router = router
    this.tenant = tenant
    this.ceilingMaxUsd = 0
    this.sparedUsd = Number.POSITIVE_INFINITY
    this.soonUsd = 0
    this.routerIsTightest = false
    this.routerLeaseUsd = this.tenantLeaseUsd = Number.POSITIVE_INFINITY
    this.isNear = false
    this.routerCreditUsd = router.isLimited ? this.add(router, demand, at) : Number.POSITIVE_INFINITY
    const routerUsd = this.limitUsd
    const routerCapUsd = this.capUsd
    const isTenantLimited = tenant?.isLimited === true
    this.tenantCreditUsd = isTenantLimited ? this.add(tenant, demand, at) : Number.POSITIVE_INFINITY
    this.routerIsTightest = router.usdPerRequest !== null && this.limitUsd === routerUsd
    this.tenantCapIsTightest = this.capUsd < routerCapUsd
    this.othersUsd = Math.min(this.othersUsd, this.capUsd)
    this.limitUsd = Math.min(this.limitUsd, this.capUsd)
    this.hardUsd = this.accountsCapUsd = this.capUsd
    this.isLeaseTightest = false
  }

  /** Whether it is the tenant's cap, not the router's, that leaves no such amount. A slice counts where the caps leave enough. */
  isTenantsCap(usd: number): boolean {
    return usd > this.accountsCapUsd ? this.tenantCapIsTightest : this.tenantLeaseIsTightest
  }

  /**
   * How many requests must pay in before the router's credit, or the tenant's, lets one draw that much: 0 where it does, Infinity
   * where not even a full account would.
   * @param usd what the request draws on its cheapest model
   */
  lackingRequests(ofRouter: boolean, usd: number): number {
    const account = ofRouter ? this.router : this.tenant
    const ceilingUsd = account?.usdPerRequest ?? null
    const lackingUsd = usd - (ofRouter ? this.routerCreditUsd : this.tenantCreditUsd)
    if (account === undefined || ceilingUsd === null || lackingUsd <= 0) return 0
    return usd > account.credit.mostUsd(ceilingUsd, usd)
      ? Number.POSITIVE_INFINITY
      : Math.ceil(lackingUsd / ceilingUsd)
  }

  /** No more than what this process may spend of what it shares with others. */
  keepTo(lease: Lease, tenant: string | null): void {
    const routerUsd = lease.creditUsd(null)
    const tenantUsd = tenant === null ? Number.POSITIVE_INFINITY : lease.creditUsd(tenant)
    const creditUsd = Math.min(routerUsd, tenantUsd)
    this.routerLeaseUsd = routerUsd
    this.tenantLeaseUsd = tenantUsd
    this.routerCreditUsd = Math.min(this.routerCreditUsd, routerUsd)
    this.tenantCreditUsd = Math.min(this.tenantCreditUsd, tenantUsd)
    const capsUsd = lease.capsUsd(tenant)
    this.isLeaseTightest = capsUsd < this.capUsd
    this.tenantLeaseIsTightest = tenant !== null && capsUsd < lease.capsUsd(null)
    this.capUsd = Math.min(this.capUsd, capsUsd)
    if (this.soonUsd > 0) this.sparedUsd = Math.min(this.sparedUsd, capsUsd - this.soonUsd)
    if (creditUsd < this.limitUsd) this.routerIsTightest = routerUsd <= tenantUsd
    this.hardUsd = Math.min(this.capUsd, creditUsd)
    this.othersUsd = Math.min(this.othersUsd, this.capUsd, creditUsd)
    this.limitUsd = Math.min(this.limitUsd, this.capUsd, creditUsd)
  }

  /**
   * Once it is known what a request draws on its cheapest model, USD: little more than that it may draw on credit, so that an
   * account which holds little weighs models that cost about the same by what they are worth.
   */
  allowNear(leastUsd: number): void {
    const isNear = CREDIT_NEAR_LEAST * leastUsd > this.limitUsd && this.ceilingMaxUsd > 0
    if (!isNear && !this.isNear) return
    this.isNear = isNear
    const { router, tenant, payer } = this
    this.routerCreditUsd = Math.min(creditUsd(router, leastUsd), this.routerLeaseUsd)
    this.tenantCreditUsd = Math.min(creditUsd(tenant, leastUsd), this.tenantLeaseUsd)
    const ofOthersUsd = payer === router ? this.tenantCreditUsd : Number.POSITIVE_INFINITY
    this.othersUsd = Math.min(ofOthersUsd, this.hardUsd)
    this.limitUsd = Math.min(this.routerCreditUsd, this.tenantCreditUsd, this.hardUsd)
    this.routerIsTightest =
      router !== undefined && router.usdPerRequest !== null && this.routerCreditUsd <= this.tenantCreditUsd
  }

  /** The price is no lower than that of a quality floor; where the accounts' is higher they come first. */
  raise(quality: QualityFloor, demand: DemandCurve): void {
    this.isFloorMissed = quality.isOutOfReach(demand)
    if (quality.meanReward === null) return
    const price = quality.price(demand)
    if (price >= this.price) this.price = price
    else if (quality.isKnown) {
      // What the account's balance asks of the moment is not what the budget allows.
      const usd = Math.min(this.ceilingUsd, this.paceUsd)
      this.isFloorMissed ||= demand.priceOfSpend(usd) > quality.steadyPrice(demand)
    }
  }

  /** @returns the most that its credit lets the request draw, USD */
  private add(account: Account, demand: DemandCurve, at: number): number {
    const { usdPerRequest, credit } = account
    const paceUsd = account.paceUsd(at, demand)
    const targetUsd = account.targetUsd(at, demand, paceUsd)
    this.price = Math.max(this.price, account.price(demand, targetUsd))
    this.targetUsd = Math.min(this.targetUsd, targetUsd)
    if (account.caps.length > 0) {
      this.capUsd = Math.min(this.capUsd, account.capUsd(at))
      this.paceUsd = Math.min(this.paceUsd, paceUsd)
      this.sparedUsd = Math.min(this.sparedUsd, account.sparedUsd)
      this.soonUsd = Math.max(this.soonUsd, account.soonUsd)
    }
    if (usdPerRequest === null) return Number.POSITIVE_INFINITY
    this.ceilingUsd = Math.min(this.ceilingUsd, usdPerRequest)
    this.ceilingMaxUsd = Math.max(this.ceilingMaxUsd, usdPerRequest)
    const availableUsd = credit.availableUsd(usdPerRequest)
    const limitUsd = credit.limitUsd(availableUsd, usdPerRequest)
    this.limitUsd = Math.min(this.limitUsd, limitUsd)
    if (this.payer === null) {
      this.payer = account
      this.availableUsd = availableUsd
    } else this.othersUsd = Math.min(this.othersUsd, limitUsd)
    return limitUsd
  }
}

/** The most that an account's credit lets a request draw that draws that much on its cheapest model. */
function creditUsd(account: Account | undefined, leastUsd: number): number {
  const ceilingUsd = account?.usdPerRequest ?? null
  if (account === undefined || ceilingUsd === null) return Number.POSITIVE_INFINITY
  return account.credit.limitUsd(account.credit.availableUsd(ceilingUsd), ceilingUsd, leastUsd)
}
