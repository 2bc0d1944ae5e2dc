import type { Cap } from './cap.js'
import type { Credit } from './credit.js'

/** What limits the dollars of an account, as of now. */
export interface AccountLimits {
  /** Ceiling of the mean spend, USD, or null. */
  readonly usdPerRequest: number | null
  readonly caps: readonly Cap[]
  /** What a budget has saved up, or owes. */
  readonly credit: Pick<Credit, 'balanceUsd'>
}
