import type { RouterEvent } from '../events/events.js'
import type { PolicyQueries, QueryName } from '../policy/commands.js'
import type { RoutingState } from '../state/routing-state.js'
import type { Receipt } from './journal.js'

/** What a replica does with the router it belongs to. */
export interface ReplicaHost {
  readonly state: RoutingState
  /** An empty state, on the arena of the router's. */
  fresh(): RoutingState
  /** Puts it in the place of the router's. */
  adopt(state: RoutingState): void
  /** Applies an event that was made here, journals it and tells subscribers. */
  commit(event: RouterEvent): Receipt
  /** Applies an event that has been checked, tells subscribers, and does not journal it. */
  follow(event: RouterEvent): void
  check(event: unknown): RouterEvent
  /** What the policy answers; undefined where it has no answer to that. */
  ask<N extends QueryName>(name: N, ...args: PolicyQueries[N]['args']): PolicyQueries[N]['answer'] | undefined
  now(): number
  readonly encoder: string | null
  readonly dimension: number
}
