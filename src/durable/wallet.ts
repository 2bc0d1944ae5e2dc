import type { LeasePool } from '../store/store.js'

/** Where a pot is no larger than this share of what it holds for one process, its slices are refilled. */
const LOW = 0.5

/** A rolling grant is good for two of so many steps of its window: those that it counts for beyond it. */
export const ROLLING_STEPS = 64

/** Dollars of one pot that this process may spend: what it was granted less what its requests draw. */
export class Wallet {
  readonly pool: LeasePool
  /** Below 0: bills above their reservations. */
  heldUsd = 0
  /** When the oldest of what it holds was asked for, ms since 1970. */
  grantedAt = 0
  /** A share of the pot that one process asks for at a time. */
  private readonly share: number

  constructor(pool: LeasePool, share: number) {
    this.pool = pool
    this.share = share
  }

  /** What may be drawn now: of a rolling pot nothing that was granted long ago, after a stall for example. */
  spendableUsd(now: number): number {
    const { windowMs } = this.pool
    if (windowMs === null || this.heldUsd <= 0) return this.heldUsd
    return now - this.grantedAt <= (2 * windowMs) / ROLLING_STEPS ? this.heldUsd : 0
  }

  /** @param askedAt before the store was asked */
  grant(usd: number, askedAt: number): void {
    if (this.heldUsd <= 0) this.grantedAt = askedAt
    this.heldUsd += usd
  }

  /** @param processes on the log */
  sliceUsd(processes: number): number {
    return (this.pool.limitUsd * this.share) / processes
  }

  /** What it should ask for to be full again; 0 while it holds enough. */
  wantUsd(processes: number): number {
    const slice = this.sliceUsd(processes)
    return this.heldUsd < LOW * slice ? slice - this.heldUsd : 0
  }
}
