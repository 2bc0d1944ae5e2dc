import type { ResolvedOptions } from '../policy/options.js'
import type { RoutingState } from '../state/routing-state.js'

/** What a piece of feedback is checked against, and what errors call its parts. */
export interface FeedbackContext {
  readonly state: RoutingState
  /** Now, ms since 1970. */
  readonly at: number
  readonly limits: Pick<ResolvedOptions, 'rewardLow' | 'rewardHigh' | 'pendingTtlMs'>
  readonly idField: string
  /** Name of the value that comes with the id. */
  readonly field: string
}
