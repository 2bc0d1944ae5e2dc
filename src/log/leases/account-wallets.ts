import type { AccountLimits } from '../../policy/dollar/accounts/account-limits.js'
import { calendarPeriod } from '../../policy/dollar/accounts/calendar.js'
import type { Cap } from '../../policy/dollar/accounts/cap.js'
import { DEBT_REQUESTS_MAX } from '../../policy/dollar/tuning.js'
import { POT_STEPS } from '../../policy/lease.js'
import type { LeasePool } from '../store.js'
import { nextTurn } from './turn.js'
import { ROLLING_STEPS, Wallet } from './wallet.js'

/**
 * Slices in which a cap is handed out to every process, and a strict budget's burst. Smaller ones leave less with a process
 * that has no use for it, and ask the store more often. Source: chosen, not tuned; `npm run chaos` holds four processes to
 * spending 90 % of a cap.
 */
const CAP_SHARE = 1 / 16
const BURST_SHARE = 1 / 2

/** The wallets of one account: one for each of its caps, and one for the burst of its budget where that is strict. */
export class AccountWallets {
  readonly tenant: string | null
  caps: Wallet[] = []
  burst: Wallet | null = null
  /** Reserved for own requests in flight, USD: they settle in whatever period is in force then. */
  inFlightUsd = 0
  /** Granted for periods that have not begun, by key. */
  readonly ahead = new Map<string, Wallet>()
  /** What became known after the end of the period in force here, by another's clock: the next one pays for it. */
  private early: { readonly at: number; readonly usd: number }[] = []
  private readonly burstRequests: number | null

  /** @param burstRequests requests' worth of the ceiling that may be saved up; null where budgets are not strict */
  constructor(tenant: string | null, burstRequests: number | null) {
    this.tenant = tenant
    this.burstRequests = burstRequests
  }

  /** Wallets as the limits are now: of what has changed a new one. @returns those that are no more, with what goes back */
  follow(limits: AccountLimits, now: number): readonly Wallet[] {
    const before = [...this.caps, ...(this.burst === null ? [] : [this.burst])]
    this.caps = limits.caps.map((cap) => this.walletOf(cap, now, before))
    this.burst = this.burstOf(limits.usdPerRequest, before)
    if (this.early.length > 0)
      this.early = this.early.filter(({ at }) =>
        this.caps.some(({ pool }) => pool.endsAt !== null && at >= pool.endsAt),
      )
    return before.filter((wallet) => wallet !== this.burst && !this.caps.includes(wallet))
  }

  /** Whether a limit is other than the wallets know it. */
  isStale(limits: AccountLimits, now: number): boolean {
    const { caps } = limits
    if (caps.length !== this.caps.length) return true
    for (let i = 0; i < caps.length; i++) {
      const { pool } = this.caps[i]
      if (
        pool.limitUsd !== caps[i].handover.sharedUsd(caps[i].startsAt, now) ||
        pool.endsAt !== endOf(caps[i])
      )
        return true
    }
    return this.burstUsd(limits.usdPerRequest) !== (this.burst?.pool.limitUsd ?? null)
  }

  /** What a request may draw of the caps. @param localShare what each has besides, as a share of its pot */
  capsUsd(now: number, localShare: number): number {
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.caps.length; i++) {
      const wallet = this.caps[i]
      least = Math.min(least, wallet.spendableUsd(now) + localShare * wallet.pool.limitUsd)
    }
    return Math.max(0, least)
  }

  /** The same of a strict budget: a request pays in its B before it draws. */
  creditUsd(localShare: number): number {
    if (this.burst === null || this.burstRequests === null) return Number.POSITIVE_INFINITY
    const { heldUsd, pool } = this.burst
    return heldUsd + pool.limitUsd / this.burstRequests + localShare * pool.limitUsd
  }

  /** Wallets of caps, or of a strict budget, that hold too little for a request. */
  shortOf(usd: number, now: number, localShare: number): readonly Wallet[] {
    const caps = this.caps.filter(
      (wallet) => wallet.spendableUsd(now) + localShare * wallet.pool.limitUsd < usd,
    )
    return this.burst !== null && this.creditUsd(localShare) < usd ? [...caps, this.burst] : caps
  }

  /** What became known of a request: a period that has not begun here yet must pay for it. */
  know(at: number, usd: number): void {
    if (usd > 0 && this.caps.some(({ pool }) => pool.endsAt !== null && at >= pool.endsAt))
      this.early.push({ at, usd })
  }

  /** As the account itself: what a strict budget owes beyond that number of requests' worth is written off. */
  boundDebt(): void {
    const { burst, burstRequests } = this
    if (burst === null || burstRequests === null) return
    const usdPerRequest = burst.pool.limitUsd / burstRequests
    burst.heldUsd = Math.max(burst.heldUsd, -DEBT_REQUESTS_MAX * usdPerRequest)
  }

  isLow(processes: number, now: number): boolean {
    for (let i = 0; i < this.caps.length; i++) {
      const wallet = this.caps[i]
      if (wallet.wantUsd(processes) > 0 || wallet.isDue(now, this.inFlightUsd)) return true
    }
    return this.burst !== null && this.burst.wantUsd(processes) > 0
  }

  all(): readonly Wallet[] {
    return this.burst === null ? this.caps : [...this.caps, this.burst]
  }

  /** With those of periods that have not begun. */
  everything(): readonly Wallet[] {
    return [...this.all(), ...this.ahead.values()]
  }

  private walletOf(cap: Cap, now: number, before: readonly Wallet[]): Wallet {
    // The period that the next request will begin, if none is in force.
    const { startsAt, endsAt } = cap.isOver(now) ? calendarPeriod(cap, now) : cap
    const pool = poolOf(this.tenant, cap, startsAt, endsAt, now)
    const same = before.find((wallet) => wallet.pool.key === pool.key)
    if (same?.pool.limitUsd === pool.limitUsd) return same
    const wallet = this.ahead.get(pool.key) ?? new Wallet(pool, CAP_SHARE, startsAt)
    this.ahead.delete(pool.key)
    if (same !== undefined) wallet.takeOver(same)
    else {
      // It pays for all that is in flight, and for no more than that.
      wallet.paysSince = nextTurn()
      wallet.grantedAt = wallet.repaidAt = now
      wallet.heldUsd -= this.inFlightUsd
      for (const { at, usd } of this.early) if (pool.endsAt !== null && at >= startsAt) wallet.heldUsd -= usd
    }
    return wallet
  }

  private burstOf(usdPerRequest: number | null, before: readonly Wallet[]): Wallet | null {
    const limitUsd = this.burstUsd(usdPerRequest)
    if (limitUsd === null) return null
    const key = `burst/${this.tenant ?? ''}`
    const same = before.find((wallet) => wallet.pool.key === key)
    if (same?.pool.limitUsd === limitUsd) return same
    const wallet = new Wallet({ key, limitUsd, endsAt: null, windowMs: null }, BURST_SHARE)
    if (same !== undefined) wallet.takeOver(same)
    return wallet
  }

  private burstUsd(usdPerRequest: number | null): number | null {
    return this.burstRequests === null || usdPerRequest === null ? null : this.burstRequests * usdPerRequest
  }
}

/** The pot of a cap: of a calendar cap one a period. */
export function poolOf(
  tenant: string | null,
  cap: Cap,
  startsAt: number,
  endsAt: number,
  now: number,
): LeasePool {
  const { per, window } = cap
  const limitUsd = cap.handover.sharedUsd(startsAt, now)
  const key = `cap/${tenant ?? ''}/${per}/${window}`
  if (window === 'rolling') return { key, limitUsd, endsAt: null, windowMs: potWindowMs(cap.lengthMs) }
  return { key: `${key}/${startsAt}`, limitUsd, endsAt, windowMs: null }
}

/**
 * The window of a rolling pot, ms. It counts two of its own steps more, and dollars are spent within two parts of the cap's
 * window after they were granted or renewed: so each counts for that window after it was spent, and little longer.
 */
function potWindowMs(lengthMs: number): number {
  return Math.ceil((lengthMs * (1 + 2 / ROLLING_STEPS)) / (1 + 2 / POT_STEPS))
}

/** A wallet for a period that has not begun. */
export function walletAhead(pool: LeasePool, startsAt: number): Wallet {
  return new Wallet(pool, CAP_SHARE, startsAt)
}

function endOf(cap: Cap): number | null {
  return cap.window === 'rolling' ? null : cap.endsAt
}
