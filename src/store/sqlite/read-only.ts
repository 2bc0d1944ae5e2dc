import { checkInteger, checkOneOf } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import { readOptions } from '../../base/read-once.js'
import type { LogHeader, PlacedBatch, Position, StoredSnapshot } from '../../log/store.js'
import { checkFile } from './check-file.js'
import { SQLITE_DRIVER_CHOICES, type SqliteDriverChoice } from './drivers/database.js'
import type { LogLink } from './log-link.js'
import { keptSnapshots, numberOf, placedBatches, positionOf } from './placed.js'
import { describeFile } from './sqlite-store.js'
import { WorkerLink } from './worker-link.js'

export interface SqliteReadOptions {
  /** Whose SQLite, as of `sqliteStore`. Default `auto`. */
  readonly driver?: SqliteDriverChoice | undefined
}

/** A log that somebody else may be writing. */
export interface SqliteReader {
  /** How messages call it. */
  readonly description: string
  /** What it began with. */
  readonly header: LogHeader
  /** Events up to here are no longer there; START: all are. */
  readonly start: Position
  /** Position of the latest event when it was opened. */
  readonly end: Position
  /** How many events lay from `start` to `end`. */
  readonly events: number
  /** What of it is damaged, as a writer would repair it. */
  readonly damage: readonly string[]
  /** The events after a position, some thousands at most, those that were written since among them; none: no more. */
  read(after: Position): Promise<readonly PlacedBatch[]>
  /** The latest events that are still there, as of its opening, `count` at most. */
  latest(count: number): Promise<readonly PlacedBatch[]>
  /** Where the latest `count` events up to `end` begin; `start` where there are no more. */
  tail(count: number): Promise<Position>
  /** What the log's owner keeps beside it under that name; null: nothing. */
  readNote(name: string): Promise<string | null>
  /** Why what is read is not the file of that name any more, as where another was put in its place; null: it is. */
  moved(): Promise<string | null>
  /** The snapshots kept, latest first. */
  snapshots(): AsyncIterable<StoredSnapshot>
  /** Closes the file. */
  close(): Promise<void>
}

/**
 * Opens a log to look at it, also while a writer runs, whom it does not hinder: nothing is written, repaired or migrated
 * and no file created beside it. A file that a crash or a copy left without what SQLite needs beside it is read from
 * a copy in the directory for temporary files, and so is a log of an older schema.
 * @throws (rejects) as `sqliteStore`'s `open` does; STORE_UNREACHABLE where there is no such file
 */
export function openSqliteReadOnly(file: string, options: SqliteReadOptions = {}): Promise<SqliteReader> {
  return openSqliteReadOnlyBy(file, options, (description) => new WorkerLink(description))
}

/** `openSqliteReadOnly` for the command line. @param linked the way to the file, given how messages call it */
export async function openSqliteReadOnlyBy(
  file: string,
  options: SqliteReadOptions,
  linked: (description: string) => LogLink,
): Promise<SqliteReader> {
  const driver = checkOneOf(
    readOptions(options, ['driver']).driver ?? 'auto',
    SQLITE_DRIVER_CHOICES,
    'driver',
  )
  const description = describeFile(checkFile(file))
  let link: LogLink | null = linked(description)
  const stop = async () => {
    const stopping = link
    link = null
    await stopping?.stop()
  }
  const opened = () => {
    if (link !== null) return link
    throw new ParetoBanditError('STORE_CLOSED', description, 'expected an open log, it is closed')
  }
  try {
    const { header, start, end, repairs } = await link.call({ op: 'inspect', file, description, driver })
    const readFrom = async (after: number) => placedBatches(await opened().call({ op: 'read', after }))
    return {
      description,
      header,
      start: positionOf(start),
      end: positionOf(end),
      events: end - start,
      damage: repairs,
      read: (after) => readFrom(numberOf(after, 'after')),
      latest: (count) => readFrom(Math.max(start, end - checkInteger(count, 1, 1000, 'count'))),
      tail: async (count) =>
        positionOf(Math.max(start, end - checkInteger(count, 1, Number.MAX_SAFE_INTEGER, 'count'))),
      readNote: (name) => opened().call({ op: 'note', name }),
      moved: () => opened().call({ op: 'moved' }),
      snapshots: () => keptSnapshots(opened),
      close: async () => {
        try {
          await link?.call({ op: 'close' })
        } finally {
          await stop()
        }
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}
