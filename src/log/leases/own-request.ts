import type { AccountWallets } from './account-wallets.js'

/** A request of this process, until nothing more is heard of it. */
export interface OwnRequest {
  readonly model: string
  readonly reservedUsd: number
  /** USD that it paid in on each account. */
  readonly paidUsd: readonly number[]
  readonly wallets: readonly AccountWallets[]
  /** When its flight ended, as `turn` counts; Infinity while it is in flight. */
  chargedTurn: number
}
