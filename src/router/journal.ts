import type { ParetoBanditError } from '../base/errors.js'
import type { RouterEvent } from '../events/events.js'
import type { RoutingState } from '../state/routing-state.js'

/** What a call that gave feedback returns at once. */
export interface Receipt {
  /**
   * Resolves when the feedback is safe in the router's store, at once for a router without one. In a log that several
   * routers share it rejects where another's feedback for the same request came first (ALREADY_SETTLED and its like) or
   * nobody knows the request (UNKNOWN_REQUEST). Nobody need look at it.
   */
  readonly durable: Promise<void>
}

/** How a router stands with its store. */
export interface JournalStats {
  /** Of the log, that is known to be folded here. */
  readonly position: string
  /** Events that are not durable yet. */
  readonly waiting: number
  /** Why the latest append failed, or what has broken the store for good; null while the store answers. */
  readonly failure: string | null
  /** Whether the store is broken for good: nothing more is taken, and what the calls throw says what to do. */
  readonly isBroken: boolean
}

/** Where a router's events go once they are applied. */
export interface Journal {
  /** The state that everybody who folds the log has at `position`. */
  readonly confirmed: RoutingState
  readonly position: string
  stats(): JournalStats
  /** @throws JOURNAL_FULL when too many events wait to be durable; STORE_CLOSED, or what has broken the store for good */
  checkRoom(): void
  /** Takes an event that has been applied; keeps nothing of it but bytes. */
  append(event: RouterEvent): void
  /** For the `count` events appended last. */
  receipt(count: number): Receipt
  /**
   * Feedback for a request that is not known here, and may be known to others: made into an event once it is.
   * @param unknown what the receipt says where it never is
   * @returns null where there are no others
   */
  hold(id: string, make: () => RouterEvent, unknown: ParetoBanditError): Receipt | null
  /** Resolves when all that was appended so far is durable. */
  flush(): Promise<void>
  /** `flush`, and gives the store free. */
  close(): Promise<void>
}

/** How a router found its state in its store. */
export interface Recovery {
  /** The log was empty: it begins with what the options say. */
  readonly isNew: boolean
  /** Position of the log that the state is the fold of. */
  readonly position: string
  /** Whether it began from a snapshot, or from the log's beginning. */
  readonly fromSnapshot: boolean
  /** Events folded after that. */
  readonly folded: number
  /** Events that were in the log and did not follow from what came before. */
  readonly refused: number
  /** What was repaired or passed over, for people. */
  readonly repairs: readonly string[]
  /** Options that are given and differ from what the log had, with both values and which of them is in force now. */
  readonly differences: readonly string[]
  /** Of these, what options changed: events that are in the log since. */
  readonly applied: readonly RouterEvent[]
}

/** Without a store there is nothing to wait for. */
export const AT_ONCE: Receipt = { durable: Promise.resolve() }
