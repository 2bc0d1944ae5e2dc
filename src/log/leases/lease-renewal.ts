import { everyQuietly, pauseQuietly } from '../../base/after.js'
import { calendarPeriod } from '../../policy/dollar/accounts/calendar.js'
import type { LeasePool } from '../store.js'
import { type AccountWallets, poolOf, walletAhead } from './account-wallets.js'
import type { LeaseOptions } from './lease-options.js'
import type { LeftRequests } from './left-requests.js'
import type { OthersInFlight } from './others-in-flight.js'
import { nextTurn } from './turn.js'
import { ROLLING_STEPS, UNIT_USD, type Wallet } from './wallet.js'

const TICK_MS = 250
const PROCESSES_MS = 2000
/** No request waits longer for one answer of the store. */
const ANSWER_MS = 1000
/** How long before a period ends money of the next is asked for. */
const AHEAD_MS = 2000

/** Keeps wallets filled, in the background: asks the store for slices and gives back what is not needed. */
export class LeaseRenewal {
  /** How many processes are on the log, as of the latest answer of the store. */
  processes = 1
  private readonly options: LeaseOptions
  private readonly accounts: ReadonlyMap<string | null, AccountWallets>
  private readonly others: OthersInFlight
  private readonly left: LeftRequests | null
  private readonly onAnswer: () => void
  private readonly onFailure: (error: unknown) => void
  private readonly stopTicks: () => void
  private countedAt = Number.NEGATIVE_INFINITY
  /** After a failure the store is left alone for a tick. */
  private quietUntil = Number.NEGATIVE_INFINITY
  private latestFailure: unknown = null
  private refilling: Promise<void> | null = null
  private refillingSince = 0
  private ticking: Promise<void> | null = null
  private isWanted = false
  private isClosed = false

  constructor(
    options: LeaseOptions,
    accounts: ReadonlyMap<string | null, AccountWallets>,
    others: OthersInFlight,
    left: LeftRequests | null,
    onAnswer: () => void,
    onFailure: (error: unknown) => void,
  ) {
    this.options = options
    this.accounts = accounts
    this.others = others
    this.left = left
    this.onAnswer = onAnswer
    this.onFailure = onFailure
    this.stopTicks = everyQuietly(TICK_MS, () => this.tick())
  }

  async count(): Promise<void> {
    this.countedAt = performance.now()
    this.processes = Math.max(1, await this.options.broker.processes())
  }

  /** Asks for nothing more; `close` still gives back. */
  stop(): void {
    this.isClosed = true
    this.stopTicks()
  }

  async close(): Promise<void> {
    this.stop()
    await this.ticking
    await this.refilling?.catch(() => {})
    const wallets = [...this.accounts.values()].flatMap((each) => each.everything())
    await this.giveBack(wallets.map((wallet) => [wallet, wallet.heldUsd] as const))
    await this.giveBackLeft(true).catch((error: unknown) => this.fails(error))
  }

  wantRefill(): void {
    if (this.isWanted || this.isQuiet) return
    this.isWanted = true
    queueMicrotask(() => {
      if (!this.isWanted) return
      this.refill().catch((error: unknown) => this.fails(error))
    })
  }

  /** Whether nothing is asked for at the moment: the store has just failed, or this is closed. */
  get isQuiet(): boolean {
    return this.isClosed || performance.now() < this.quietUntil
  }

  /** Resolves when all that is wanted now has been asked for and the answer is here, or the store has failed. */
  async next(): Promise<void> {
    await Promise.race([this.asked(), pauseQuietly(ANSWER_MS)])
  }

  /** Whether what was asked of the store has had no answer for longer than anybody waits. */
  get isSlow(): boolean {
    return this.refilling !== null && performance.now() - this.refillingSince >= ANSWER_MS
  }

  private async asked(): Promise<void> {
    const ask = () => this.refill().catch((error: unknown) => this.fails(error))
    // What is under way was asked before.
    const isLate = this.refilling !== null
    await ask()
    if (isLate && !this.isQuiet) await ask()
  }

  refill(): Promise<void> {
    if (this.refilling === null) this.refillingSince = performance.now()
    this.refilling ??= this.refillNow().finally(() => {
      this.refilling = null
      // What ran low meanwhile was not among what was asked for.
      if (!this.isWanted) return
      this.isWanted = false
      this.wantRefill()
    })
    return this.refilling
  }

  private async refillNow(): Promise<void> {
    this.isWanted = false
    if (this.isClosed) return
    for (const account of this.accounts.values()) await this.renewRolling(account)
    const low = [...this.accounts.values()]
      .flatMap((account) => account.all().map((wallet) => ({ wallet, account })))
      .map((each) => ({ ...each, wantUsd: each.wallet.wantUsd(this.processes) }))
      .filter(({ wantUsd }) => wantUsd > 0)
    if (low.length === 0) return
    const askedAt = this.options.now()
    const grants = await this.options.broker.take(
      low.map(({ wallet, account, wantUsd }) => ({ ...this.openTo(account, wallet, askedAt), wantUsd })),
    )
    this.onAnswer()
    low.forEach(({ wallet, account, wantUsd }, i) => {
      wallet.grant(grants[i], wantUsd, askedAt, account.inFlightUsd > 0)
    })
    // Of a limit that is no more since it was asked.
    const gone = low.filter(({ wallet, account }) => !this.isInUse(account, wallet))
    await this.giveBack(gone.map(({ wallet }) => [wallet, wallet.heldUsd]))
  }

  /** What is more than a slice is for others. @param isAll whether it is more than the end of a debt */
  credit(wallet: Wallet, usd: number, isAll: boolean): void {
    if (isAll) wallet.heldUsd += usd
    else wallet.creditDebt(usd)
    const sliceUsd = wallet.sliceUsd(this.processes)
    if (wallet.heldUsd > sliceUsd) void this.giveBack([[wallet, wallet.heldUsd - sliceUsd]])
  }

  /** One at a time: a store that is slow must not be asked twice. */
  private tick(): void {
    this.ticking ??= this.everyTick()
      .catch((error: unknown) => this.fails(error))
      .finally(() => {
        this.ticking = null
      })
  }

  private async everyTick(): Promise<void> {
    const now = this.options.now()
    if (performance.now() - this.countedAt >= PROCESSES_MS) await this.count()
    for (const [tenant, account] of this.accounts) {
      if (this.isClosed) return
      for (const wallet of account.all()) wallet.tick()
      await this.askAhead(tenant, account, now)
      await this.giveBackSpare(account)
    }
    await this.refill()
    if (!this.isClosed) await this.giveBackLeft()
  }

  /** What others had in flight that were closed, as far as this process has appended the bills. */
  private async giveBackLeft(isLast = false): Promise<void> {
    const back = (await this.left?.takeBilled(isLast)) ?? []
    if (back.length > 0) await this.options.broker.giveBack(back)
  }

  /**
   * What is much more than a slice is for others: of requests that cost less than they reserved, of slices that have shrunk.
   * Of a strict budget it pays for what a crashed process has left drawn. Rolling caps see to it as they renew.
   */
  private async giveBackSpare(account: AccountWallets): Promise<void> {
    const spare = account.all().flatMap((wallet) => {
      const slice = wallet.sliceUsd(this.processes)
      const isSpare = wallet.pool.windowMs === null && wallet.heldUsd > 2 * slice
      return isSpare ? [[wallet, wallet.heldUsd - slice] as const] : []
    })
    await this.giveBack(spare)
  }

  /** Once for each cap whose period is about to end: a slice, and what the next one pays for that is in flight. */
  private async askAhead(tenant: string | null, account: AccountWallets, now: number): Promise<void> {
    const wanted = (this.options.limitsOf(tenant)?.caps ?? []).flatMap((cap) => {
      if (cap.window === 'rolling' || cap.endsAt <= now || cap.endsAt - now > AHEAD_MS) return []
      const next = calendarPeriod(cap, cap.endsAt)
      return [walletAhead(poolOf(tenant, cap, next.startsAt, next.endsAt, now), next.startsAt)]
    })
    // Of a period that will not begin, or a limit that is no more.
    const gone = [...account.ahead.values()].filter(
      ({ pool }) =>
        !wanted.some((each) => each.pool.key === pool.key && each.pool.limitUsd === pool.limitUsd),
    )
    for (const { pool } of gone) account.ahead.delete(pool.key)
    await this.giveBack(gone.map((wallet) => [wallet, wallet.heldUsd]))
    const asked = wanted.filter(({ pool }) => !account.ahead.has(pool.key))
    if (asked.length === 0) return
    for (const wallet of asked) account.ahead.set(wallet.pool.key, wallet)
    const grants = await this.options.broker.take(
      asked.map((wallet) => ({
        ...this.openTo(account, wallet, now),
        wantUsd: wallet.sliceUsd(this.processes) + account.inFlightUsd,
      })),
    )
    asked.forEach((wallet, i) => {
      wallet.heldUsd += grants[i]
    })
    const late = asked.filter((wallet) => !this.isInUse(account, wallet))
    await this.giveBack(late.map((wallet) => [wallet, wallet.heldUsd]))
  }

  /** Whether a wallet still stands: its limit, or its tenant, may be gone since money was asked for. */
  private isInUse(account: AccountWallets, wallet: Wallet): boolean {
    return this.accounts.get(account.tenant) === account && account.everything().includes(wallet)
  }

  /**
   * Dollars of a rolling pot grow old: what is held and what is in flight is made to count from now on, so that it does
   * for a whole window after it is spent. What is more than a slice goes back.
   */
  private async renewRolling(account: AccountWallets): Promise<void> {
    const now = this.options.now()
    for (const wallet of account.caps) {
      if (!wallet.isDue(now, account.inFlightUsd)) continue
      if (this.options.broker.renew === undefined) await this.replaceRolling(wallet, account, now)
      else await this.renewWallet(wallet, account, now)
    }
  }

  private async renewWallet(wallet: Wallet, account: AccountWallets, now: number): Promise<void> {
    const { pool, overdueUsd } = wallet
    const backUsd = Math.max(0, wallet.heldUsd - wallet.sliceUsd(this.processes))
    // Out of the wallet first: a request that comes meanwhile must not draw it.
    wallet.heldUsd -= backUsd
    wallet.overdueUsd = 0
    const usd = Math.max(0, wallet.heldUsd + account.inFlightUsd + overdueUsd)
    const turn = nextTurn()
    let counted = 0
    try {
      counted = (await this.options.broker.renew?.([{ ...pool, usd, backUsd }]))?.[0] ?? 0
    } catch (error) {
      wallet.overdueUsd += overdueUsd
      throw error
    }
    this.onAnswer()
    wallet.grantedAt = now
    wallet.paysSince = turn
    // What the pot has forgotten must be taken again before anything is spent.
    if (usd - counted > UNIT_USD) wallet.heldUsd -= usd - counted
  }

  /** Where a broker cannot renew: a new slice is taken, what is left of the old one goes back, and flights pay again. */
  private async replaceRolling(wallet: Wallet, account: AccountWallets, now: number): Promise<void> {
    const { pool } = wallet
    const oldUsd = wallet.heldUsd
    if (now - wallet.repaidAt >= ((pool.windowMs ?? 0) * (ROLLING_STEPS - 2)) / ROLLING_STEPS) {
      wallet.repaidAt = now
      wallet.heldUsd -= account.inFlightUsd
    }
    const turn = nextTurn()
    const wantUsd = wallet.sliceUsd(this.processes) - Math.min(0, wallet.heldUsd)
    const [usd] = await this.options.broker.take([{ ...this.openTo(account, wallet, now), wantUsd }])
    wallet.grantedAt = now
    wallet.paysSince = turn
    wallet.overdueUsd = 0
    wallet.heldUsd += usd
    await this.giveBack([[wallet, Math.min(oldUsd, wallet.heldUsd)]])
  }

  /** The pot of a wallet, less what others may have to pay out of it and cannot. */
  private openTo({ tenant }: AccountWallets, wallet: Wallet, now: number): LeasePool {
    const { pool } = wallet
    const uncountedUsd = this.others.uncountedUsd(tenant, wallet, now)
    return { ...pool, limitUsd: Math.max(0, pool.limitUsd - uncountedUsd), wholeUsd: pool.limitUsd }
  }

  async giveBack(returns: readonly (readonly [Wallet, number])[]): Promise<void> {
    const real = returns.filter(([, usd]) => usd > 0)
    if (real.length === 0) return
    // Out of the wallet first: a request that comes meanwhile must not draw it.
    for (const [wallet, usd] of real) wallet.heldUsd -= usd
    const back: (LeasePool & { readonly usd: number })[] = real.map(([wallet, usd]) => ({
      ...wallet.pool,
      usd,
    }))
    try {
      await this.options.broker.giveBack(back)
    } catch (error) {
      this.fails(error)
    }
  }

  private fails(error: unknown): void {
    // A refill that several wait for fails once.
    if (this.isClosed || error === this.latestFailure) return
    this.latestFailure = error
    this.quietUntil = performance.now() + TICK_MS
    this.onFailure(error)
  }
}
