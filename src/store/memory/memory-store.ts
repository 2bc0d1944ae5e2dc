import { checkInteger } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import { readOptions } from '../../base/read-once.js'
import {
  type Batch,
  type LogHeader,
  type OpenedLog,
  type PlacedBatch,
  type Position,
  START,
  type Store,
  type StoredSnapshot,
} from '../../log/store.js'

export interface MemoryStoreOptions {
  /** Events kept behind the older snapshot, for those who read history. Default 1,000,000. */
  readonly retainEvents?: number | undefined
}

const ORIGIN = 'local'
const RETAIN_EVENTS_DEFAULT = 1_000_000
/** Events that no two snapshots cover yet; at 500 bytes each they take 0.5 GB. */
const UNCOVERED_EVENTS_MAX = 1_000_000
const READ_EVENTS_MAX = 4096

interface Row {
  readonly origin: string
  readonly number: number
  readonly bytes: Uint8Array
}

/**
 * A log in this process's memory, for tests and browsers: it lives as long as the object, over any number of openings
 * one after the other. Positions are decimal numbers: how many events came before.
 * `append` rejects with STORE_FULL when 1,000,000 events wait for a second snapshot to cover them.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION for bad options
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const { retainEvents = RETAIN_EVENTS_DEFAULT } = readOptions(options, ['retainEvents'])
  return new MemoryStore(checkInteger(retainEvents, 0, 2 ** 31, 'retainEvents'))
}

class MemoryStore implements Store {
  readonly description = 'memory'
  readonly isShared = false
  readonly leases = null
  private readonly retainEvents: number
  private header: LogHeader | null = null
  private isOpen = false
  /** The events after the first `trimmed`. */
  private rows: Row[] = []
  private trimmed = 0
  private lastNumber = 0
  private readonly notes = new Map<string, string>()
  /** Latest first. */
  private kept: StoredSnapshot[] = []

  constructor(retainEvents: number) {
    this.retainEvents = retainEvents
  }

  async open(header: LogHeader, seed: readonly Uint8Array[]): Promise<OpenedLog> {
    if (this.isOpen) {
      throw new ParetoBanditError(
        'STORE_LOCKED',
        this.description,
        'expected a closed store, it is open already',
      )
    }
    const isNew = this.header === null
    if (this.header === null) {
      this.header = { version: header.version, settings: { ...header.settings } }
      this.push({ origin: ORIGIN, firstNumber: 1, events: seed })
    }
    this.isOpen = true
    const firstNumber = this.lastNumber + 1
    return { isNew, header: this.header, origin: ORIGIN, firstNumber, end: this.end, repairs: [] }
  }

  async append(batch: Batch): Promise<Position> {
    this.checkOpen()
    if (this.rows.length + batch.events.length > this.retainEvents + UNCOVERED_EVENTS_MAX) {
      const message = `expected a snapshot before ${this.rows.length} events are held: they would not fit in memory`
      throw new ParetoBanditError('STORE_FULL', this.description, message)
    }
    this.push(batch)
    return this.end
  }

  async read(after: Position): Promise<readonly PlacedBatch[]> {
    this.checkOpen()
    const from = this.indexOf(after)
    if (from < 0) {
      const message = `the events after position ${JSON.stringify(after)} are gone, the first ${this.trimmed} have been dropped`
      throw new ParetoBanditError('LOG_TRIMMED', this.description, message)
    }
    const batches: PlacedBatch[] = []
    const end = Math.min(this.rows.length, from + READ_EVENTS_MAX)
    for (let start = from; start < end; ) {
      const { origin, number } = this.rows[start]
      let next = start + 1
      while (
        next < end &&
        this.rows[next].origin === origin &&
        this.rows[next].number === number + next - start
      )
        next++
      const events = this.rows.slice(start, next).map(({ bytes }) => bytes.slice())
      batches.push({ origin, firstNumber: number, events, position: String(this.trimmed + next) })
      start = next
    }
    return batches
  }

  async *snapshots(): AsyncIterable<StoredSnapshot> {
    this.checkOpen()
    for (const { position, bytes } of [...this.kept]) yield { position, bytes: bytes.slice() }
  }

  async writeSnapshot(snapshot: StoredSnapshot): Promise<void> {
    this.checkOpen()
    const at = this.trimmed + this.indexOf(snapshot.position)
    if (!(at <= this.trimmed + this.rows.length)) {
      const message = `expected a position up to ${this.end}, got ${snapshot.position}`
      throw new ParetoBanditError('INVALID_ARGUMENT', 'snapshot.position', message)
    }
    const others = this.kept.filter(({ position }) => position !== snapshot.position)
    this.kept = [{ position: snapshot.position, bytes: snapshot.bytes.slice() }, ...others].slice(0, 2)
    if (this.kept.length < 2) return
    const covered = Math.min(...this.kept.map(({ position }) => Number(position)))
    const drop = Math.min(covered - this.trimmed, this.rows.length - this.retainEvents)
    if (drop <= 0) return
    this.rows = this.rows.slice(drop)
    this.trimmed += drop
  }

  async readNote(name: string): Promise<string | null> {
    this.checkOpen()
    return this.notes.get(name) ?? null
  }

  async writeNote(name: string, text: string): Promise<void> {
    this.checkOpen()
    this.notes.set(name, text)
  }

  async replaceNote(name: string, before: string | null, text: string): Promise<boolean> {
    this.checkOpen()
    if ((this.notes.get(name) ?? null) !== before) return false
    this.notes.set(name, text)
    return true
  }

  async close(): Promise<void> {
    this.isOpen = false
  }

  private get end(): Position {
    const events = this.trimmed + this.rows.length
    return events === 0 ? START : String(events)
  }

  /** Index in `rows` of the first event after a position; negative when it is gone. */
  private indexOf(after: Position): number {
    if (after === START) return -this.trimmed
    return checkInteger(Number(after), 0, Number.MAX_SAFE_INTEGER, 'position') - this.trimmed
  }

  private push({ origin, firstNumber, events }: Batch): void {
    for (let i = 0; i < events.length; i++) {
      this.rows.push({ origin, number: firstNumber + i, bytes: events[i].slice() })
    }
    this.lastNumber = Math.max(this.lastNumber, firstNumber + events.length - 1)
  }

  private checkOpen(): void {
    if (!this.isOpen)
      throw new ParetoBanditError('STORE_CLOSED', this.description, 'expected an open store, it is closed')
  }
}
