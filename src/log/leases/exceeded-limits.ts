import { calendarPeriod } from '../../policy/dollar/accounts/calendar.js'
import type { Cap } from '../../policy/dollar/accounts/cap.js'
import { begunCap } from '../../policy/dollar/accounts/cap-status.js'
import { type AccountWallets, poolOf } from './account-wallets.js'
import type { LeaseOptions } from './lease-options.js'
import type { Wallet } from './wallet.js'

/**
 * Limits that bills and debits of this process have exceeded, as far as the log has it. All processes fold the same log, so each knows by how
 * much a limit is exceeded after every event, and what of that is its own: a credit ends at each the share that it has.
 */
export class ExceededLimits {
  private readonly options: Pick<LeaseOptions, 'confirmedLimitsOf' | 'now'>
  /** Accounts with such a limit. */
  private readonly accounts = new Set<AccountWallets>()

  constructor(options: Pick<LeaseOptions, 'confirmedLimitsOf' | 'now'>) {
    this.options = options
  }

  /** An event was folded: other processes, or time, may have changed by how much limits are exceeded. */
  passed(at: number): void {
    for (const account of this.accounts) {
      for (const wallet of account.all()) this.follow(account, wallet, at, 0)
      if (!account.all().some(({ exceeds }) => exceeds)) this.accounts.delete(account)
    }
  }

  /**
   * An event of this process, or a credit, has changed by how much a limit is exceeded. @param changeUsd as of `Wallet.follow`
   * @returns what has ended of this process's part in that
   */
  follow(account: AccountWallets, wallet: Wallet, at: number, changeUsd: number): number {
    if (changeUsd <= 0 && !wallet.exceeds) return 0
    const afterUsd = this.exceededUsd(account, wallet, at)
    if (afterUsd === null) {
      wallet.forgetExceeded()
      return 0
    }
    if (changeUsd > 0) this.accounts.add(account)
    return wallet.follow(afterUsd, changeUsd)
  }

  /** What happened to limits meanwhile is in no event that was read. */
  forget(): void {
    for (const account of this.accounts) for (const wallet of account.all()) wallet.forgetExceeded()
    this.accounts.clear()
  }

  /** What of a credit that the log has just counted is more than the limit was exceeded by. */
  restOf(account: AccountWallets, wallet: Wallet, usd: number): number {
    const limits = this.options.confirmedLimitsOf(account.tenant)
    if (wallet === account.burst) return Math.min(usd, Math.max(0, limits?.credit.balanceUsd ?? 0))
    const now = this.options.now()
    const cap = limits?.caps.find((each) => isPotOf(account.tenant, each, wallet, now))
    if (cap === undefined) return 0
    const leftUsd = Math.min(usd, begunCap(cap, now).availableUsd(now))
    return Math.max(0, leftUsd - cap.handover.creditedUsd)
  }

  /** By how much the limit of a wallet is exceeded, as the log has it; null where it is another's by now. */
  private exceededUsd(account: AccountWallets, wallet: Wallet, at: number): number | null {
    const limits = this.options.confirmedLimitsOf(account.tenant)
    if (limits === undefined) return null
    if (wallet === account.burst) return -limits.credit.balanceUsd
    const cap = limits.caps.find((each) => isPotOf(account.tenant, each, wallet, at))
    return cap === undefined ? null : begunCap(cap, at).exceededUsd(at)
  }
}

/** Whether a wallet is of the pot of a cap, in the period that the next request finds. */
function isPotOf(tenant: string | null, cap: Cap, { pool }: Wallet, now: number): boolean {
  const { startsAt, endsAt } = cap.isOver(now) ? calendarPeriod(cap, now) : cap
  return poolOf(tenant, cap, startsAt, endsAt, now).key === pool.key
}
