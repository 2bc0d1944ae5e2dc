import { ParetoBanditError } from '../../base/errors.js'
import type { LogHeader } from '../../log/store.js'
import { firstValue, readTogether, type SqliteDatabase, type SqliteStatement } from './drivers/database.js'
import type { KeptSnapshot, PlacedRun, ReadEvents } from './messages.js'
import { Meta } from './meta.js'
import { packEvents } from './packing.js'

const READ_EVENTS_MAX = 4096
/** A read ends after the event that passes it; events that carry priors are large. */
const READ_BYTES_MAX = 8 * 1024 * 1024

type EventRow = [position: number, origin: string, number: number, bytes: Uint8Array]

/** What writer and inspection read of a file. */
export class LogReader {
  readonly meta: Meta
  private readonly db: SqliteDatabase
  private readonly description: string
  private readonly after: SqliteStatement
  private readonly before: SqliteStatement

  constructor(db: SqliteDatabase, description: string) {
    this.db = db
    this.description = description
    this.meta = new Meta(db)
    this.meta.check(description)
    this.after = db.prepare(
      `SELECT position, origin, number, bytes FROM events WHERE position > ? ORDER BY position LIMIT ${READ_EVENTS_MAX}`,
    )
    this.before = db.prepare(
      'SELECT position, bytes FROM snapshots WHERE position < ? ORDER BY position DESC LIMIT 1',
    )
  }

  /** @throws STORE_CORRUPT */
  header(): LogHeader {
    const text = this.meta.get('header')
    try {
      return JSON.parse(String(text))
    } catch (cause) {
      const message = 'expected a header in the table meta, it is no JSON'
      throw new ParetoBanditError('STORE_CORRUPT', this.description, message, { cause })
    }
  }

  /** Position of the latest event, dropped ones included; 0: none. */
  end(): number {
    const last = firstValue(this.db, 'SELECT max(position) FROM events')
    return Math.max(typeof last === 'number' ? last : 0, this.meta.number('trimmed_position'))
  }

  /** What its owner keeps beside the log under a name; null: nothing. */
  note(name: string): string | null {
    return this.meta.note(name)
  }

  /** @throws LOG_TRIMMED */
  read(after: number): ReadEvents {
    // One transaction: what a writer drops meanwhile is either seen or known to be gone.
    return readTogether(this.db, () => {
      const trimmed = this.meta.number('trimmed_position')
      if (after < trimmed) {
        const message = `the events after position ${after} are gone, those up to ${trimmed} have been dropped behind snapshots`
        throw new ParetoBanditError('LOG_TRIMMED', this.description, message)
      }
      return this.collect(this.after.rows(after) as IterableIterator<EventRow>)
    })
  }

  /** The latest snapshot before a position. */
  snapshot(before: number): KeptSnapshot | null {
    const row = this.before.first(before) as readonly [number, Uint8Array] | null
    if (row === null) return null
    const [position, bytes] = row
    // Its own buffer, which can be transferred.
    return { position, bytes: new Uint8Array(bytes) }
  }

  private collect(rows: Iterable<EventRow>): ReadEvents {
    const batches: { -readonly [K in keyof PlacedRun]: PlacedRun[K] }[] = []
    const events: Uint8Array[] = []
    let bytesRead = 0
    for (const [position, origin, number, bytes] of rows) {
      events.push(bytes)
      const last = batches.at(-1)
      if (last !== undefined && last.origin === origin && last.firstNumber + last.count === number) {
        last.count++
        last.position = position
      } else batches.push({ origin, firstNumber: number, count: 1, position })
      bytesRead += bytes.length
      if (bytesRead > READ_BYTES_MAX) break
    }
    return { batches, events: packEvents(events) }
  }
}
