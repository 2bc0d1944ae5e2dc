import { checkString } from '../../check.js'
import { ParetoBanditError } from '../../errors.js'
import type { LogHeader, PlacedBatch, Position, StoredSnapshot } from '../store.js'
import { keptSnapshots, numberOf, placedBatches, positionOf } from './placed.js'
import { describeFile } from './sqlite-store.js'
import { WorkerLink } from './worker-link.js'

/** A log that somebody else may be writing. */
export interface SqliteReader {
  readonly description: string
  readonly header: LogHeader
  /** Position of the latest event when it was opened. */
  readonly end: Position
  /** What of it is damaged, as a writer would repair it. */
  readonly damage: readonly string[]
  /** The events after a position, some thousands at most, those that were written since among them; none: no more. */
  read(after: Position): Promise<readonly PlacedBatch[]>
  /** The snapshots kept, latest first. */
  snapshots(): AsyncIterable<StoredSnapshot>
  close(): Promise<void>
}

/**
 * Opens a log to look at it, also while a writer runs, whom it does not hinder: nothing is written, repaired or migrated
 * and no file created beside it. A file that a crash or a copy left without what SQLite needs beside it is read from
 * a copy in the directory for temporary files.
 * @throws (rejects) as `sqliteStore`'s `open` does; STORE_UNREACHABLE where there is no such file
 */
export async function openSqliteReadOnly(file: string): Promise<SqliteReader> {
  const description = describeFile(checkString(file, 'file'))
  let link: WorkerLink | null = new WorkerLink(description)
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
    const { header, end, repairs } = await link.call({ op: 'inspect', file, description })
    return {
      description,
      header,
      end: positionOf(end),
      damage: repairs,
      read: async (after) =>
        placedBatches(await opened().call({ op: 'read', after: numberOf(after, 'after') })),
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
