import type { RouterEvent } from './journal/events.js'
import type { RoutingState } from './state.js'

/** What a replica does with the router it belongs to. */
export interface Live {
  readonly state: RoutingState
  /** A state that is empty in place of the router's: what it holds is loaded next. */
  replace(): RoutingState
  /** Applies an event that has been checked, tells subscribers, and does not journal it. */
  follow(event: RouterEvent): void
  check(event: unknown): RouterEvent
  now(): number
  readonly encoder: string | null
  readonly dimension: number
}
