import type { LeasePool } from '../store.js'

/*
 * How large slices are: what a process holds cannot be spent by others, and each refill is a call to the store. Source of
 * all: chosen, not tuned; `npm run chaos` holds four processes to spending 90 % of a cap.
 */

/** A slice is refilled below this share of it; below the second share that was nearly too late: the next one is larger. */
const LOW = 0.5
const NEARLY_OUT = 0.1
/** Stores hand out whole units: a grant that is short of less than this, USD, is a full one. */
export const UNIT_USD = 2 ** -29
/** A slice of a small pot pays for this many of the dearest recent request at least. */
const SLICE_REQUESTS = 20
/** Where nothing was drawn for that many ticks slices shrink by half at each, down to one for so few requests: others may need them. */
const IDLE_TICKS = 4
const IDLE_REQUESTS = 4
/** What each request leaves of the dearest one before it: it fades over about a hundred. */
const DEAREST_KEPT = 0.99
/** Slices grow to this share of a pot at most, divided by the processes. */
const SHARE_MAX = 1 / 4

/** Parts of a rolling window: after one of them a slice is renewed, and after two it is good for nothing until it is. */
export const ROLLING_STEPS = 128
/** While a rolling pot has less than is asked for slices are that small: what is left must not lie with one process. */
const SCARCE_SHARE = 1 / 128
const SCARCE_REQUESTS = 3

/** Dollars of one pot that this process may spend: what it was granted less what its requests draw. */
export class Wallet {
  readonly pool: LeasePool
  /** Of a calendar pot: when its period begins, ms since 1970. */
  readonly startsAt: number | null
  /** Below 0: bills above their reservations. */
  heldUsd = 0
  /** When the oldest of what it holds, or has in flight, was asked for or renewed, ms since 1970. */
  grantedAt = 0
  /** Since when it pays for all that is in flight: its first turn, or that of its latest renewal. */
  paysSince = 0
  /** Of a rolling pot: became known while a renewal was overdue, USD; it must count from then. */
  overdueUsd = 0
  /** Of a calendar pot: grants that went into debts, USD. A credit brings them back. */
  private debtPaidUsd = 0
  /**
   * Of what all processes together are over the limit, as the log has it, what came of this one's bills and debits, USD. The sum over all
   * processes is what the limit is exceeded by, or less: a credit ends as much of each one's as it ends of the whole.
   */
  private exceededUsd = 0
  /** By how much the limit was exceeded at the latest event, while `exceededUsd` is above 0. */
  private allExceededUsd = 0
  /** The dearest recent request, fading, USD. */
  private dearestUsd = 0
  /** What a request would have drawn that found too little here, USD: the next slice pays for it. */
  private missedUsd = 0
  /** Whether its pot had less than was wanted: it is asked again at the next tick and not by every request. */
  isDry = false
  /** Of a rolling pot: whether it had less the last time that it was asked. */
  private isScarce = false
  /** Where a broker cannot renew: when what is in flight was paid for last, ms since 1970. */
  repaidAt = 0
  /** A share of the pot that one process asks for at a time: at first, and as it is spent. */
  private readonly shareMin: number
  private share: number
  /** Of a small pot, what a slice pays for; ticks since a request drew. */
  private sliceRequests = SLICE_REQUESTS
  private ticksIdle = 0

  constructor(pool: LeasePool, share: number, startsAt: number | null = null) {
    this.pool = pool
    this.startsAt = startsAt
    this.share = this.shareMin = share
  }

  /** What may be drawn now: of a rolling pot nothing that was granted long ago, after a stall for example. */
  spendableUsd(now: number): number {
    const { windowMs } = this.pool
    if (windowMs === null || this.heldUsd <= 0) return this.heldUsd
    return now - this.grantedAt <= (2 * windowMs) / ROLLING_STEPS ? this.heldUsd : 0
  }

  /**
   * What was wanted, or less, has come. Slices that are spent before the next comes grow; they are small again once they
   * last, and where a pot runs dry: what is left must not lie with one process.
   * @param askedAt before the store was asked
   * @param hasInFlight whether older dollars are in flight
   */
  grant(usd: number, wantedUsd: number, askedAt: number, hasInFlight: boolean): void {
    const isFull = wantedUsd - usd < UNIT_USD
    this.isDry = !isFull
    this.isScarce = !isFull && this.pool.windowMs !== null
    this.missedUsd = 0
    if (this.heldUsd <= 0 && !hasInFlight) this.grantedAt = askedAt
    if (!isFull) this.share = this.shareMin
    else if (this.heldUsd < NEARLY_OUT * wantedUsd)
      this.share = Math.min(2 * this.share, Math.max(SHARE_MAX, this.shareMin))
    else this.share = Math.max(this.shareMin, this.share / 2)
    if (this.pool.windowMs === null) this.debtPaidUsd += Math.min(usd, Math.max(0, -this.heldUsd))
    this.heldUsd += usd
  }

  /** Whether what it holds or has in flight must be made to count from now on. */
  isDue(now: number, inFlightUsd: number): boolean {
    const { windowMs } = this.pool
    if (windowMs === null || (this.heldUsd <= 0 && inFlightUsd <= 0 && this.overdueUsd <= 0)) return false
    return now - this.grantedAt >= windowMs / ROLLING_STEPS
  }

  /** Dollars in flight are spent. */
  spend(usd: number, now: number): void {
    const { windowMs } = this.pool
    if (windowMs !== null && now - this.grantedAt > (2 * windowMs) / ROLLING_STEPS) this.overdueUsd += usd
  }

  /** Ends a debt, as far as that amount does, and brings back what the pot has paid for it. */
  creditDebt(usd: number): void {
    const owedUsd = Math.max(0, -this.heldUsd)
    const backUsd = Math.min(this.debtPaidUsd, Math.max(0, usd - owedUsd))
    this.debtPaidUsd -= backUsd
    this.heldUsd += Math.min(usd, owedUsd) + backUsd
  }

  /** Whether the limit is exceeded by something of this process. */
  get exceeds(): boolean {
    return this.exceededUsd > 0
  }

  /**
   * An event of the log has changed what the limit is exceeded by.
   * @param afterUsd by how much it is exceeded after the event, below 0 where something is left
   * @param changeUsd what of that is the event's own doing, where this process has its part in it: a bill or a debit of its own, or a credit
   * @returns what has ended of this process's part by a credit
   */
  follow(afterUsd: number, changeUsd: number): number {
    const allUsd = Math.max(0, afterUsd)
    let beforeUsd = Math.max(0, afterUsd - changeUsd)
    if (this.exceededUsd > 0) {
      // Bills that were lower, others' reservations, or time, have ended a part of all there was.
      if (changeUsd < 0) beforeUsd = Math.min(beforeUsd, this.allExceededUsd)
      if (beforeUsd < this.allExceededUsd) this.exceededUsd *= beforeUsd / this.allExceededUsd
    }
    this.allExceededUsd = allUsd
    if (allUsd >= beforeUsd) {
      if (changeUsd > 0) this.exceededUsd = Math.min(allUsd, this.exceededUsd + allUsd - beforeUsd)
      return 0
    }
    const endedUsd = this.exceededUsd * (1 - allUsd / beforeUsd)
    this.exceededUsd -= endedUsd
    return endedUsd
  }

  /** What happened to the limit meanwhile is not known: what this process has its part in might be another's by now. */
  forgetExceeded(): void {
    this.exceededUsd = 0
  }

  /**
   * Takes the place of one for the same pot whose limit was another. Of a pot that was made smaller what is held goes back,
   * and is left with the old one for that: all processes together may hold more of it than there is.
   */
  takeOver(old: Wallet): void {
    const usd = this.pool.limitUsd < old.pool.limitUsd ? Math.min(0, old.heldUsd) : old.heldUsd
    this.heldUsd += usd
    old.heldUsd -= usd
    this.grantedAt = old.grantedAt
    this.paysSince = old.paysSince
    this.overdueUsd = old.overdueUsd
    this.debtPaidUsd = old.debtPaidUsd
    this.exceededUsd = old.exceededUsd
    this.allExceededUsd = old.allExceededUsd
    this.dearestUsd = old.dearestUsd
  }

  /** A request draws. */
  draw(usd: number): void {
    this.heldUsd -= usd
    this.dearestUsd = Math.max(usd, DEAREST_KEPT * this.dearestUsd)
    this.sliceRequests = SLICE_REQUESTS
    this.ticksIdle = 0
  }

  /** A pot that was dry may have more by now; what nobody draws on is for others. */
  tick(): void {
    this.isDry = false
    if (++this.ticksIdle <= IDLE_TICKS) return
    this.share = Math.max(this.shareMin, this.share / 2)
    this.sliceRequests = Math.max(IDLE_REQUESTS, this.sliceRequests / 2)
  }

  /**
   * A request was refused that would have drawn more than is here: the next slice pays for one like it, within this
   * process's even share of the pot. More would leave others with nothing.
   */
  miss(usd: number, processes: number): void {
    if (usd > this.heldUsd && this.isWithinShare(usd, processes))
      this.missedUsd = Math.max(this.missedUsd, usd + UNIT_USD)
  }

  /** Whether the next slice may pay for a request: it is within this process's share, and the pot has not just said that it has too little. */
  mayGet(usd: number, processes: number): boolean {
    return !this.isDry && this.isWithinShare(usd, processes)
  }

  private isWithinShare(usd: number, processes: number): boolean {
    return usd + UNIT_USD <= this.pool.limitUsd / processes
  }

  /** @param processes on the log */
  sliceUsd(processes: number): number {
    const own = this.pool.limitUsd / processes
    // Of a small pot a slice must still pay for some requests, or traffic stops at every one; at least for one.
    const most = Math.max(own / 2, Math.min(this.dearestUsd + UNIT_USD, own))
    const share = this.isScarce ? SCARCE_SHARE : this.share
    const requests = this.isScarce ? SCARCE_REQUESTS : this.sliceRequests
    return Math.min(Math.max(own * share, requests * this.dearestUsd), most)
  }

  /** What it should ask for to be full again; 0 while it holds enough, or its pot is dry. */
  wantUsd(processes: number): number {
    if (this.isDry) return 0
    const slice = Math.max(this.sliceUsd(processes), this.missedUsd)
    const least = Math.max(LOW * slice, Math.min(this.dearestUsd, slice), this.missedUsd)
    return this.heldUsd < least ? slice - this.heldUsd : 0
  }
}
