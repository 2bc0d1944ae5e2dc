import type { ParetoBanditError } from '../base/errors.js'

/**
 * A place of a log, as its store writes it: the folds of all events up to one position have the same bits. Opaque but
 * for START; only the store that made them can tell which of two is later.
 */
export type Position = string

/** Before the first event. */
export const START: Position = ''

/** Encoded events (`events/codec.ts`) that one process appended together. */
export interface Batch {
  /** Who made them: a name that no other process has at the same time. */
  readonly origin: string
  /** Number of the first among all events of that origin, from 1: one that comes twice is told by it. */
  readonly firstNumber: number
  /** In their order. */
  readonly events: readonly Uint8Array[]
}

/** A batch with its place. A store may cut batches and join them, at events of one origin. */
export interface PlacedBatch extends Batch {
  /** After its last event. */
  readonly position: Position
}

/** What everybody who folds a log must agree on; flat, so that a difference can be named. */
export interface LogHeader {
  /** Of the header itself. */
  readonly version: number
  /** By name. */
  readonly settings: Readonly<Record<string, string | number | boolean | null>>
}

/** The fold of all events up to `position`, as bytes that carry their own checksum. */
export interface StoredSnapshot {
  /** The last event that it holds. */
  readonly position: Position
  /** As `router.snapshot()` has them. */
  readonly bytes: Uint8Array
  /** Nobody else looks at the bytes: a store may take their buffer away, in place of copying it. */
  readonly isGiven?: boolean
}

export interface OpenedLog {
  /** Whether the log was empty: header and seed are in it now. */
  readonly isNew: boolean
  /** The header in force: the one given, if the log is new. */
  readonly header: LogHeader
  /** What this process calls itself in the batches that it appends. */
  readonly origin: string
  /**
   * Number of the first event that this process appends (the seed, if it was written, not counted): higher than any
   * this origin has used, even for events that were lost in a crash.
   */
  readonly firstNumber: number
  /** Position after the seed if it was written; else that of the log's end when it was opened. */
  readonly end: Position
  /** What was repaired, for people: a torn tail that was cut, a snapshot that is not what was written. */
  readonly repairs: readonly string[]
}

/**
 * A durable log of events with snapshots of its fold. Every failure is a ParetoBanditError that names the store:
 * STORE_UNREACHABLE, STORE_LOCKED, STORE_FULL, STORE_READ_ONLY, STORE_CORRUPT, STORE_MISMATCH (another schema, a version
 * from the future), MISSING_DEPENDENCY. Nothing in the store has changed then, except that an `append` that was
 * cut off may have taken effect: appending the same batch again is told by its number when it is read.
 * `test/store/conformance.ts` holds every store to this.
 */
export interface Store {
  /** For messages: `sqlite:/var/lib/router.db`. */
  readonly description: string
  /** Whether other processes append to the same log. */
  readonly isShared: boolean
  /**
   * Opens the log once. An empty one gets the header and the seed, at once and atomically: of several processes that
   * open it together one does so. A log that is there is not changed, whatever its header.
   */
  open(header: LogHeader, seed: readonly Uint8Array[]): Promise<OpenedLog>
  /**
   * Resolves when the whole batch is durable; all of it or nothing is. One at a time.
   * @param previous position of what this origin appended last. @throws STORE_CORRUPT where a shared log has lost that:
   *   nothing has been appended then
   */
  append(batch: Batch, previous?: Position): Promise<Position>
  /**
   * The events after a position in the log's order, some thousands at most; none: there are no more.
   * @param waitMs how long to wait for one where others append
   * @param previous as of `append`: a shared log that has lost it is reported here, too
   * @throws LOG_TRIMMED when events after `after` are no longer there; STORE_CORRUPT when `after` or `previous` is lost
   */
  read(after: Position, waitMs: number, previous?: Position): Promise<readonly PlacedBatch[]>
  /**
   * Stores that show events before they are durable: resolves when all that was read up to a position is as durable as
   * `append` makes it. Without it that is so at once.
   * @throws STORE_CORRUPT when the log has no such position any more, LOG_TRIMMED when nobody can say
   */
  confirm?(end: Position): Promise<void>
  /** The snapshots kept, latest first. */
  snapshots(): AsyncIterable<StoredSnapshot>
  /**
   * Keeps a snapshot and the one before it, and drops events that both cover as far as the store's retention has them
   * dropped. Atomic: a crash leaves the old snapshots or the new.
   */
  writeSnapshot(snapshot: StoredSnapshot): Promise<void>
  /**
   * Shared stores: whether a process that opens the log now would find its latest snapshot and all events after it.
   * @throws STORE_CORRUPT where somebody else has deleted some of them
   */
  checkOpenable?(): Promise<void>
  /** The same error of a log that cannot be read as it is, with the commands that end it, for people, where there are such. */
  withRemedy?(error: ParetoBanditError): Promise<ParetoBanditError>
  /**
   * Texts beside the log, by name, that are no part of its fold. Without them a router does not know what options said
   * at an earlier start, and gives back nothing of what closed replicas had in flight. @returns null where nothing was written under that name
   */
  readNote?(name: string): Promise<string | null>
  /** Writes such a text; resolves when it is durable. */
  writeNote?(name: string, text: string): Promise<void>
  /**
   * Writes it where `before` is what stands there (null: nothing), in one step; resolves when it is durable. Without it two processes
   * that write at once may lose what one of them wrote, or both claim an option, and a write that hangs holds up those after it.
   * @returns false: something else stands there, and nothing has changed
   */
  replaceNote?(name: string, before: string | null, text: string): Promise<boolean>
  /** The router's options were read off this log: they say nothing that could differ from it. */
  readonly hasOwnOptions?: boolean
  /** Shared stores: whether the task is this process's, for so long; of several that ask at once one gets it. */
  claim?(task: string, ttlMs: number): Promise<boolean>
  /** Money that processes share; null where there is but one. */
  readonly leases: LeaseBroker | null
  /** Gives the log free for others. What was appended is durable. */
  close(): Promise<void>
}

/** A pot of dollars that several processes spend from. */
export interface LeasePool {
  /** Name of the pot, one a cap and calendar period: `cap/<tenant or empty>/day/calendar/<startsAt>`. */
  readonly key: string
  /** USD in it, all in all. */
  readonly limitUsd: number
  /** The same where `limitUsd` is less because others have to be paid out of it. */
  readonly wholeUsd?: number | undefined
  /** Calendar: when it ends, ms since 1970. What has not been spent by then is worth nothing. Null: never. */
  readonly endsAt: number | null
  /** Rolling: dollars granted count for so long, ms, in `POT_STEPS` steps, and two steps more. Null: until given back. */
  readonly windowMs: number | null
}

/** Hands out slices of pots, each call atomic: grants that count never add up to more than the pot. */
export interface LeaseBroker {
  /**
   * Takes up to the asked number of dollars out of each pot. @returns the grants in the same order; less when the pot has less
   * @throws STORE_CORRUPT where a pot is gone, once: nothing was taken, and of that pot nothing will be
   */
  take(requests: readonly (LeasePool & { readonly wantUsd: number })[]): Promise<readonly number[]>
  /** Puts unspent dollars back, those that a pot still counts. */
  giveBack(returns: readonly (LeasePool & { readonly usd: number })[]): Promise<void>
  /**
   * Rolling pots: dollars that are still in hand, held or in flight, count from now on as if they were granted now, and
   * `backUsd` more go back, at once. Without it a request that is longer in flight than the window pays twice.
   * @returns how many of `usd` the pots still counted
   */
  renew?(
    renewals: readonly (LeasePool & { readonly usd: number; readonly backUsd: number })[],
  ): Promise<readonly number[]>
  /** Processes that are on the log now, this one included. */
  processes(): Promise<number>
}
