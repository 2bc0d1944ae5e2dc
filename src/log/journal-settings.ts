import type { RouterEvent } from '../events/events.js'
import type { OnDifference, OnDifferences } from './on-difference.js'
import type { Store } from './store.js'

/** What another router on the same log did. */
export interface OthersChange {
  /** As it stands in the log. */
  readonly event: RouterEvent
  /** What the other calls itself: ids of its requests begin so. */
  readonly origin: string
}

/** How a router keeps its log. */
export interface JournalSettings {
  /** Events between snapshots: what a restart has to fold again at most. Default 50,000. */
  readonly snapshotEvents?: number | undefined
  /** Events that may wait to be durable; then calls throw JOURNAL_FULL. Default 65,536. */
  readonly capacity?: number | undefined
  /**
   * Called with a failure of the store when it begins, and while it lasts less and less often, at most once a minute in the
   * end; what failed is tried again. Default: console.error, once a kind of failure.
   */
  readonly onStoreError?: ((error: unknown) => void) | undefined
  /** Called once when a store that had failed takes and gives events again, with how long it did not, ms. Default: nobody is told. */
  readonly onStoreBack?: ((goneMs: number) => void) | undefined
  /** Called with a line for each option that is not in force, as the log says otherwise, or that undoes a command. Default: console.warn. */
  readonly onWarning?: ((line: string) => void) | undefined
  /**
   * Shared stores: called with each event of another router that is of no request, a command of an operator say, before it counts here: what
   * this router tells of its settings is as it was before. Default: nobody is told.
   */
  readonly onOthersChange?: ((change: OthersChange) => void) | undefined
  /**
   * Shared stores, while they are away and a lease is spent: the share of each cap, in [0, 1], that this router may go on
   * with by itself. With n routers spend may then exceed a cap by n times that share. Default 0: it refuses.
   */
  readonly localShare?: number | undefined
  /** Shared stores: how long feedback waits for a request that others may know, ms. Default 10,000. */
  readonly holdMs?: number | undefined
  /** How long `close` waits for events to be durable, ms, before it gives them up and rejects. Default 10,000. */
  readonly closeMs?: number | undefined
  /** Whether `close` writes a snapshot, so that the next start has no events to fold. Default true. */
  readonly snapshotOnClose?: boolean | undefined
}

declare module '../policy/options.js' {
  interface RouterOptions {
    /**
     * Where all that happens is kept: `memoryStore`, `sqliteStore`, `redisStore`. A log that is there brings its state;
     * `onDifference` says what becomes of options that say otherwise. Default: nothing is kept but by `snapshot`.
     */
    readonly store?: Store | undefined
    /** How it is kept there. */
    readonly journal?: JournalSettings | undefined
    /**
     * What becomes of models, budget, caps, tenants, latency, quality and `pendingTtlMs` that are given and differ from
     * the log, once or for each option. `apply`, the default: those that were edited since the last start change the log,
     * as events; what a command has set since holds. `warn`: the log holds, and `journal.onWarning` tells of each. `throw`: the
     * router refuses to start (STORE_MISMATCH).
     */
    readonly onDifference?: OnDifference | OnDifferences | undefined
  }
}
