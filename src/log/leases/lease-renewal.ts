import { calendarPeriod } from '../../policy/dollar/accounts/cap-period.js'
import type { LeasePool } from '../store.js'
import { type AccountWallets, poolOf, walletAhead } from './account-wallets.js'
import type { LeaseOptions } from './lease-options.js'
import { ROLLING_STEPS, type Wallet } from './wallet.js'

const TICK_MS = 250
const PROCESSES_MS = 2000
/** How long before a period ends money of the next is asked for. */
const AHEAD_MS = 2000

/** Keeps wallets filled, in the background: asks the store for slices and gives back what is not needed. */
export class LeaseRenewal {
  /** How many processes are on the log, as of the latest answer of the store. */
  processes = 1
  private readonly options: LeaseOptions
  private readonly accounts: ReadonlyMap<string | null, AccountWallets>
  private readonly onAnswer: () => void
  private readonly onFailure: (error: unknown) => void
  private readonly timer: ReturnType<typeof setInterval>
  private countedAt = Number.NEGATIVE_INFINITY
  private quietUntil = Number.NEGATIVE_INFINITY
  private refilling: Promise<void> | null = null
  private ticking: Promise<void> | null = null
  private isWanted = false
  private isClosed = false

  constructor(
    options: LeaseOptions,
    accounts: ReadonlyMap<string | null, AccountWallets>,
    onAnswer: () => void,
    onFailure: (error: unknown) => void,
  ) {
    this.options = options
    this.accounts = accounts
    this.onAnswer = onAnswer
    this.onFailure = onFailure
    this.timer = setInterval(() => this.tick(), TICK_MS)
    if (typeof this.timer === 'object') this.timer.unref()
  }

  async count(): Promise<void> {
    this.countedAt = performance.now()
    this.processes = Math.max(1, await this.options.broker.processes())
  }

  async close(): Promise<void> {
    this.isClosed = true
    clearInterval(this.timer)
    await this.ticking
    await this.refilling?.catch(() => {})
    const wallets = [...this.accounts.values()].flatMap((each) => [...each.all(), ...each.ahead.values()])
    await this.giveBack(wallets.map((wallet) => [wallet, wallet.heldUsd] as const))
  }

  wantRefill(): void {
    if (this.isWanted || this.isClosed || performance.now() < this.quietUntil) return
    this.isWanted = true
    queueMicrotask(() => {
      if (!this.isWanted) return
      this.refill().catch((error: unknown) => this.fails(error))
    })
  }

  refill(): Promise<void> {
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
    const low = [...this.accounts.values()]
      .flatMap((account) => account.all())
      .map((wallet) => ({ wallet, wantUsd: wallet.wantUsd(this.processes) }))
      .filter(({ wantUsd }) => wantUsd > 0)
    if (low.length === 0) return
    const askedAt = this.options.now()
    const grants = await this.options.broker.take(
      low.map(({ wallet, wantUsd }) => ({ ...wallet.pool, wantUsd })),
    )
    this.onAnswer()
    low.forEach(({ wallet, wantUsd }, i) => {
      // A pot that has run dry is not asked by every request.
      if (!wallet.grant(grants[i], wantUsd, askedAt)) this.quietUntil = performance.now() + TICK_MS
    })
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
      await this.askAhead(tenant, account, now)
      await this.renewRolling(account, now)
      const { burst } = account
      if (burst === null) continue
      // What is saved beyond a slice pays for what a crashed process has left drawn.
      const slice = burst.sliceUsd(this.processes)
      if (burst.heldUsd > 2 * slice) await this.giveBack([[burst, burst.heldUsd - slice]])
    }
    await this.refill()
  }

  private async askAhead(tenant: string | null, account: AccountWallets, now: number): Promise<void> {
    for (const cap of this.options.limitsOf(tenant)?.caps ?? []) {
      if (cap.window === 'rolling' || cap.endsAt <= now || cap.endsAt - now > AHEAD_MS) continue
      const next = calendarPeriod(cap, cap.endsAt)
      const wallet = walletAhead(poolOf(tenant, cap, next.startsAt, next.endsAt))
      if (account.ahead.has(wallet.pool.key)) continue
      account.ahead.clear()
      account.ahead.set(wallet.pool.key, wallet)
      const wantUsd = wallet.sliceUsd(this.processes)
      const [usd] = await this.options.broker.take([{ ...wallet.pool, wantUsd }])
      wallet.heldUsd += usd
    }
  }

  /** Rolling grants grow old: a new slice is taken, and what is left of the old one goes back. */
  private async renewRolling(account: AccountWallets, now: number): Promise<void> {
    for (const wallet of account.caps) {
      const { windowMs } = wallet.pool
      if (windowMs === null || wallet.heldUsd <= 0 || now - wallet.grantedAt < windowMs / ROLLING_STEPS)
        continue
      const oldUsd = wallet.heldUsd
      const wantUsd = wallet.sliceUsd(this.processes)
      const [usd] = await this.options.broker.take([{ ...wallet.pool, wantUsd }])
      wallet.grantedAt = now
      wallet.heldUsd += usd
      await this.giveBack([[wallet, Math.min(oldUsd, wallet.heldUsd)]])
    }
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
    if (this.isClosed) return
    this.quietUntil = performance.now() + TICK_MS
    this.onFailure(error)
  }
}
