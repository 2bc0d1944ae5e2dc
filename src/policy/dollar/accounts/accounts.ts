import type { EventOf } from '../../../events/events.js'
import { Ledger } from '../../../state/ledger.js'
import type { BilledRequest } from '../../../state/pending/billed-request.js'
import { EXPIRED } from '../../../state/pending/request-state.js'
import type { PendingView } from '../../../state/policy-state.js'
import { constraintsOf } from '../../constraint.js'
import type { DemandCurve } from '../demand/demand-curve.js'
import type { AccountEvent } from '../events.js'
import { TENANT, TENANT_ALLOWANCE } from '../pending-columns.js'
import { Account } from './account.js'
import { type Bill, book, rebook, recount } from './bills.js'
import { calendarPeriod } from './calendar.js'
import type { Cap } from './cap.js'
import { DepartedCaps, type Departure } from './departed-caps.js'
import { setCaps } from './set-caps.js'
import { SplitBookings } from './split-bookings.js'

/** A payer of its own: a team, a customer, a key. Its number is its registration's, from 1: ids may come back. */
interface Tenant {
  readonly id: string
  readonly number: number
  readonly account: Account
}

const NONE_DUE: readonly EventOf<'period-started'>[] = []
const NO_CAPS: readonly Cap[] = []
const OVER_BUDGET = constraintsOf(1)[0]

/**
 * The router's account and those of its tenants: every dollar is booked on the first, and on the tenant's that the
 * request came from. Part of the fold.
 */
export class Accounts {
  readonly router: Account
  /** What tenants that are gone had spent under caps. */
  readonly departed = new DepartedCaps()
  /** Requests whose dollars were charged at several times. */
  readonly splits = new SplitBookings()
  /** How many tenants were ever registered. */
  registrations = 0
  private readonly burst: number
  private readonly byId = new Map<string, Tenant>()
  private readonly byNumber = new Map<number, Tenant>()

  constructor(burst: number, ledger: Ledger) {
    this.burst = burst
    this.router = new Account(burst, ledger)
  }

  get tenants(): ReadonlyMap<string, Tenant> {
    return this.byId
  }

  /** The account of a tenant; undefined without one. */
  of(tenant: string | null | undefined): Account | undefined {
    return tenant === null || tenant === undefined ? undefined : this.byId.get(tenant)?.account
  }

  /** The tenant of that number; null if it is gone. */
  idOf(number: number): string | null {
    return this.byNumber.get(number)?.id ?? null
  }

  /** A model costs something else from now on, and so do requests: what accounts know of theirs is of dollars as they are now. */
  rescaleRatios(beforeUsd: number, nowUsd: number): void {
    if (beforeUsd <= 0 || nowUsd <= 0) return
    this.router.rescaleRatio(nowUsd / beforeUsd)
    for (const { account } of this.byId.values()) account.rescaleRatio(nowUsd / beforeUsd)
  }

  /** Before the demand curve takes in the request's contenders. */
  routed(event: EventOf<'routed'>, pending: PendingView, sequence: number, demand: DemandCurve): void {
    const { router } = this
    const routerUsd = pending.allowanceUsd(sequence)
    const tenant = event.tenant === null ? undefined : this.byId.get(event.tenant)
    if (this.byId.size > 0) this.learnRatios(event, tenant?.account, demand)
    if (routerUsd > 0) router.credit.route(routerUsd, event.reservedUsd, event.savedUsd, event.forced)
    reserve(router, event, routerUsd)
    if (tenant === undefined) return
    const { account } = tenant
    const tenantUsd = account.usdPerRequest ?? 0
    pending.setPolicyColumn(sequence, TENANT, tenant.number)
    pending.setPolicyColumn(sequence, TENANT_ALLOWANCE, tenantUsd)
    account.ledger.reserve(event.reservedUsd, tenantUsd)
    // What newcomers cost is the router's matter where it has a budget, and the tenant's else.
    const pays = routerUsd === 0
    if (tenantUsd > 0)
      account.credit.route(tenantUsd, event.reservedUsd, pays ? event.savedUsd : 0, pays && event.forced)
    reserve(account, event, tenantUsd)
  }

  /** The request's cost is known, or it failed and cost that all the same. Before the request is marked. */
  settled(at: number, costUsd: number, failed: boolean, pending: PendingView, sequence: number): void {
    const late = (pending.state(sequence) & EXPIRED) !== 0
    const reservedUsd = pending.reservedUsd(sequence)
    const forced = pending.forced(sequence)
    const routerUsd = pending.allowanceUsd(sequence)
    const chargedAt = pending.bookedAt(sequence)
    const bill: Bill = { at, costUsd, reservedUsd, chargedAt, routedAt: pending.at(sequence), late, failed }
    book(this.router, bill, routerUsd, forced)
    const number = pending.policyColumn(sequence, TENANT)
    const account = this.byNumber.get(number)?.account
    if (account === undefined) {
      this.billDeparted(number, bill)
      return
    }
    const tenantUsd = pending.policyColumn(sequence, TENANT_ALLOWANCE)
    book(account, bill, tenantUsd, forced && routerUsd === 0)
    if (late) account.ledger.correct(costUsd - reservedUsd, tenantUsd)
    else account.ledger.settle(reservedUsd, costUsd, tenantUsd)
    if (failed) account.ledger.takeBack(tenantUsd)
  }

  /** A bill takes the place of what was booked, on the accounts that paid. Before the request is booked again. */
  billed(at: number, costUsd: number, request: BilledRequest): void {
    const { allowanceUsd, bookedUsd, forced } = request
    const number = request.policyColumn(TENANT)
    const departure = this.departed.of(number)
    // By what was known of both before this bill.
    const departed =
      departure === undefined ? null : this.splits.rebookDeparted(at, costUsd, request, departure.countedAt)
    const changes = this.splits.rebook(at, costUsd, request)
    rebook(this.router, at, costUsd, request, changes, allowanceUsd, forced)
    const account = this.byNumber.get(number)?.account
    if (account === undefined) {
      if (departed !== null) recount(this.countingOf(departure), at, departed)
      return
    }
    const tenantUsd = request.policyColumn(TENANT_ALLOWANCE)
    rebook(account, at, costUsd, request, changes, tenantUsd, forced && allowanceUsd === 0)
    account.ledger.correct(costUsd - bookedUsd, tenantUsd)
  }

  /** The request's reservation became spend: it expired, or its model was removed. */
  charged(at: number, pending: PendingView, sequence: number): void {
    const reservedUsd = pending.reservedUsd(sequence)
    const routedAt = pending.at(sequence)
    for (const cap of this.router.countingOf(routedAt)) cap.settle(at, reservedUsd, reservedUsd)
    const number = pending.policyColumn(sequence, TENANT)
    const account = this.byNumber.get(number)?.account
    if (account === undefined) {
      const departure = this.departed.of(number)
      for (const cap of this.countingOf(departure))
        if (!hasCounted(cap, departure)) cap.correct(at, at, reservedUsd)
      return
    }
    for (const cap of account.countingOf(routedAt)) cap.settle(at, reservedUsd, reservedUsd)
    account.ledger.settle(reservedUsd, reservedUsd, pending.policyColumn(sequence, TENANT_ALLOWANCE))
  }

  /**
   * The bill of a request whose tenant was removed: where the id is back it is that tenant's, and its caps count it. What
   * was in flight at the removal they have counted at its reservation, but for caps that are younger.
   */
  private billDeparted(number: number, { at, costUsd, reservedUsd, chargedAt, late }: Bill): void {
    const departure = this.departed.of(number)
    for (const cap of this.countingOf(departure)) {
      const countedAt = departure?.countedAt ?? at
      const moreUsd = late || hasCounted(cap, departure) ? costUsd - reservedUsd : costUsd
      cap.correct(at, late ? Math.min(chargedAt, countedAt) : countedAt, moreUsd)
    }
  }

  /** Caps of the tenant that has the id of one that was removed, and those that it left. */
  private countingOf(departure: Departure | undefined): readonly Cap[] {
    if (departure === undefined) return NO_CAPS
    const { tenant } = departure
    return [...(this.byId.get(tenant)?.account.counting ?? NO_CAPS), ...this.departed.capsOf(tenant)]
  }

  administer(event: AccountEvent): void {
    switch (event.type) {
      case 'budget-set':
        this.named(event.tenant)?.setBudget(event.usdPerRequest)
        break
      case 'caps-set': {
        const account = this.named(event.tenant)
        if (account !== undefined) setCaps(account, event, this.departed)
        break
      }
      case 'period-started':
        this.named(event.tenant)?.caps[event.cap]?.begin(event.startsAt, event.endsAt)
        break
      case 'refused':
        this.refused(this.named(event.tenant), event.requests)
        break
      case 'capped': {
        const tenant = event.tenant === null ? undefined : this.named(event.tenant)
        const short = event.byTenant ? tenant : this.router
        if (short !== undefined) short.refused += event.requests
        this.router.wanted(event)
        tenant?.wanted(event)
        break
      }
      case 'account-adjusted':
        this.named(event.tenant)?.adjust(event.at, event.usd)
        break
      case 'tenant-added': {
        const { account } = this.add(event.tenant, ++this.registrations)
        account.setBudget(event.usdPerRequest)
        account.retired = this.departed.takeCurrent(event.tenant, event.at)
        break
      }
      case 'tenant-removed': {
        const { at, countsOn } = event
        const tenant = this.byId.get(event.tenant)
        this.byId.delete(event.tenant)
        if (tenant === undefined) break
        const { id, number, account } = tenant
        this.byNumber.delete(number)
        const { counting, ledger } = account
        if (countsOn) this.departed.end(number, { tenant: id, countedAt: counting.length === 0 ? null : at })
        this.departed.leave(event, counting, ledger.unsettled > 0)
      }
    }
  }

  /** Registers a tenant under that number. */
  add(id: string, number: number): Tenant {
    const tenant: Tenant = { id, number, account: new Account(this.burst, new Ledger()) }
    this.byId.set(id, tenant)
    this.byNumber.set(number, tenant)
    return tenant
  }

  /** Caps of the account, or of the tenant's, whose calendar period is over: events that start the next. */
  periodsDue(tenant: string | null, at: number): readonly EventOf<'period-started'>[] {
    if (tenant === null && this.router.caps.length === 0) return NONE_DUE
    const due: EventOf<'period-started'>[] = []
    for (const id of tenant === null ? [null] : [null, tenant]) {
      this.named(id)?.caps.forEach((cap, i) => {
        if (!cap.isOver(at)) return
        due.push({ type: 'period-started', at, tenant: id, cap: i, ...calendarPeriod(cap, at) })
      })
    }
    return due
  }

  private named(tenant: string | null): Account | undefined {
    return tenant === null ? this.router : this.byId.get(tenant)?.account
  }

  /** A refused request counts as one: else an account in debt could never get out of it. */
  private refused(account: Account | undefined, requests: number): void {
    if (account === undefined) return
    account.refused += requests
    if (account.usdPerRequest === null) return
    account.credit.payIn(account.usdPerRequest, requests)
    account.ledger.allow(account.usdPerRequest, requests)
  }

  /** A tenant's only while its price is the one in force: below the router's, it draws less than at its own. */
  private learnRatios(event: EventOf<'routed'>, tenant: Account | undefined, demand: DemandCurve): void {
    const { router } = this
    const routerPrice = router.price(demand, router.targetUsd(event.at, demand))
    const isTenantLimited = tenant?.isLimited === true
    const tenantPrice = isTenantLimited ? tenant.price(demand, tenant.targetUsd(event.at, demand)) : 0
    // A quality floor asked for a higher price than they: what it drew says nothing of theirs.
    if (event.penaltyWeight > Math.max(routerPrice, tenantPrice)) return
    if (router.isLimited) router.learnRatio(event.reservedUsd, demand.spendAtUsd(routerPrice))
    if (isTenantLimited && tenantPrice >= routerPrice)
      tenant.learnRatio(event.reservedUsd, demand.spendAtUsd(tenantPrice))
  }
}

function reserve(account: Account, event: EventOf<'routed'>, usdPerRequest: number): void {
  account.reserve(event.at, event.reservedUsd)
  if (usdPerRequest > 0 && event.reservedUsd > usdPerRequest && event.infeasible.includes(OVER_BUDGET))
    account.infeasible++
}

/** Whether the cap has counted what was in flight when a tenant was removed. */
function hasCounted(cap: Cap, departure: Departure | undefined): boolean {
  const countedAt = departure?.countedAt ?? null
  return countedAt !== null && cap.isSince(countedAt)
}
