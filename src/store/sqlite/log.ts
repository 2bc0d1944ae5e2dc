import { expected, ParetoBanditError } from '../../base/errors.js'
import type { LoggedEvent } from '../../events/events.js'
import type { LogHeader } from '../../log/store.js'
import { columnsOf, decodeAll, decodeIfWhole } from './columns.js'
import {
  firstValue,
  type SqliteDatabase,
  type SqliteDriver,
  type SqliteStatement,
} from './drivers/database.js'
import { FileIdentity } from './file-identity.js'
import { checkIdentity, examineFile, locateFile, makePrivate } from './file-state.js'
import { LogReader } from './log-reader.js'
import {
  type KeptSnapshot,
  type LogSettings,
  NUMBER_GAP,
  type Opened,
  ORIGIN,
  type ReadEvents,
} from './messages.js'
import { unpackEvents } from './packing.js'
import { PendingTable } from './pending-table.js'
import { createSchema, migrate } from './schema.js'
import { describeDamage, findDamage, removeDamage, rowChecksum, snapshotChecksum } from './tail.js'
import { WriterLock } from './writer-lock.js'

const PENDING_CAPACITY_DEFAULT = 1_000_000
/** Events that one transaction drops: a few milliseconds. */
const TRIM_EVENTS = 2000
/** Only other programs can hold the lock this long, and that is a mistake of theirs. */
const BUSY_WAIT_MS = 5000
/** A reader's reads end within milliseconds. */
const READ_WAIT_MS = 1000

/** What the writer of a file is made of. */
interface LogParts {
  readonly db: SqliteDatabase
  readonly lock: WriterLock
  readonly settings: LogSettings
  readonly header: LogHeader
  readonly seed: ArrayBuffer
  /** Of the file, absolute and links followed. */
  readonly path: string
  /** Whether there was a file, without a byte in it. */
  readonly wasBlank: boolean
}

/** The writer of a file; synchronous, for the worker. Errors are SQLite's own: `storeError` gives them their codes. */
export class SqliteLog {
  readonly opened: Opened
  private readonly db: SqliteDatabase
  private readonly lock: WriterLock
  private readonly identity: FileIdentity
  private readonly settings: LogSettings
  private readonly reader: LogReader
  private readonly insert: SqliteStatement
  private readonly pending: PendingTable
  private end: number
  private nextPosition: number
  private lastNumber: number
  /** Numbers of a batch that never came in may be in use elsewhere: as after a crash. */
  private hasFailed = false

  static open(driver: SqliteDriver, settings: LogSettings, header: LogHeader, seed: ArrayBuffer): SqliteLog {
    const { file, description, lockWaitMs } = settings
    const path = locateFile(file, description, true)
    const lock = new WriterLock(driver, `${path}-writer`, lockWaitMs, description)
    try {
      const { isBlank } = lock.check(() => examineFile(path, description))
      makePrivate(path, description)
      const db = driver.open(path, { isReadOnly: false, waitMs: BUSY_WAIT_MS })
      try {
        return new SqliteLog({ db, lock, settings, header, seed, path, wasBlank: isBlank })
      } catch (error) {
        db.close()
        throw error
      }
    } catch (error) {
      lock.release()
      throw error
    }
  }

  private constructor({ db, lock, settings, header, seed, path, wasBlank }: LogParts) {
    this.db = db
    this.lock = lock
    this.settings = settings
    const { description, durability, pageCountMax } = settings
    // Not yet `normal`: names of files that come and go must be durable, too.
    db.exec('PRAGMA synchronous = EXTRA')
    db.exec('PRAGMA fullfsync = 1')
    if (pageCountMax !== null) db.exec(`PRAGMA max_page_count = ${pageCountMax}`)
    const isNew = this.isBlank()
    if (!isNew) this.checkSchema()
    else if (settings.mustExist)
      throw new ParetoBanditError('STORE_MISMATCH', description, 'expected a log, the file is empty')
    // With a rollback journal unless a crash left it otherwise: a new file is whole or empty, one that is refused the same.
    db.exec(isNew ? 'BEGIN EXCLUSIVE' : 'BEGIN IMMEDIATE')
    try {
      if (isNew) createSchema(db, JSON.stringify(header))
      else migrate(db, Number(firstValue(db, 'PRAGMA user_version')))
      this.reader = new LogReader(db, description)
      const { meta } = this.reader
      if (isNew && settings.snapshot !== null) this.beginWith(settings.snapshot)
      this.insert = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
      const inForce = this.reader.header()
      this.pending = new PendingTable(db, pendingLimits(inForce))
      const damage = findDamage(db, meta, description)
      removeDamage(db, meta, damage, settings.retainEvents, description)
      if (damage.tail !== null) this.refillPending()
      this.end = this.reader.end()
      this.nextPosition = Math.max(this.end, meta.number('last_position'), meta.number('end')) + 1
      this.lastNumber = this.highestNumber() + (isNew || meta.get('clean') === 1 ? 0 : NUMBER_GAP)
      if (isNew && settings.snapshot === null) this.add(ORIGIN, 1, unpackEvents(seed))
      this.noteFloors()
      meta.set('clean', 0)
      db.exec('COMMIT')
      const repairs = describeDamage(damage, 'repaired')
      if (isNew && wasBlank)
        repairs.push(
          'the file was there without a byte in it: a new log begins in it; if it had one, that is gone',
        )
      const firstNumber = this.lastNumber + 1
      const start = meta.number('trimmed_position')
      this.opened = { isNew, header: inForce, firstNumber, start, end: this.end, repairs }
    } catch (error) {
      db.rollBack()
      throw error
    }
    db.exec('PRAGMA journal_mode = WAL')
    // The first access makes `-wal` and `-shm`, without which readers would take this for a crash's remains.
    this.reader.end()
    this.identity = new FileIdentity(path, description)
    // 16 MB between checkpoints: each costs two more syncs. What a burst made of it is given back.
    db.exec('PRAGMA wal_autocheckpoint = 4000')
    db.exec('PRAGMA journal_size_limit = 67108864')
    db.exec('PRAGMA checkpoint_fullfsync = 1')
    db.exec(`PRAGMA synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`)
  }

  /** @returns position after the batch, which is durable then; if it throws, nothing of the batch is in */
  append(origin: string, firstNumber: number, packed: ArrayBuffer): number {
    const { end, nextPosition, lastNumber } = this
    try {
      this.transaction(() => this.add(origin, firstNumber, unpackEvents(packed)))
    } catch (error) {
      this.hasFailed = true
      this.end = end
      this.nextPosition = nextPosition
      this.lastNumber = lastNumber
      this.pending.forget()
      throw error
    }
    return this.end
  }

  read(after: number): ReadEvents {
    return this.reader.read(after)
  }

  snapshot(before: number): KeptSnapshot | null {
    return this.reader.snapshot(before)
  }

  note(name: string): string | null {
    return this.reader.note(name)
  }

  writeNote(name: string, text: string): void {
    this.transaction(() => this.reader.meta.setNote(name, text))
  }

  /** Nobody else writes: its lock is this process's. @returns whether `before` stood there */
  replaceNote(name: string, before: string | null, text: string): boolean {
    if (this.note(name) !== before) return false
    this.writeNote(name, text)
    return true
  }

  writeSnapshot(position: number, bytes: Uint8Array): void {
    if (position > this.end)
      throw expected('INVALID_ARGUMENT', 'snapshot.position', `at most ${this.end}`, position)
    this.transaction(() => {
      this.insertSnapshot(position, bytes)
      this.db.exec(
        'DELETE FROM snapshots WHERE position NOT IN (SELECT position FROM snapshots ORDER BY position DESC LIMIT 2)',
      )
      const latest = firstValue(this.db, 'SELECT at FROM events ORDER BY position DESC LIMIT 1')
      if (typeof latest === 'number') this.pending.prune(latest)
      this.noteFloors()
    })
  }

  /** As if an event had been and were dropped behind the snapshot: a log whose only snapshot is lost is not an empty one. */
  private beginWith(snapshot: Uint8Array): void {
    this.reader.meta.set('trimmed_position', 1)
    this.insertSnapshot(1, snapshot)
  }

  private insertSnapshot(position: number, bytes: Uint8Array): void {
    const insert = this.db.prepare('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)')
    insert.run(position, Date.now(), bytes, snapshotChecksum(position, bytes))
  }

  /** Drops a slice of the events that snapshots and retention let go. @returns whether there are more */
  trim(): boolean {
    const { db, end, settings } = this
    const older = firstValue(db, 'SELECT position FROM snapshots ORDER BY position DESC LIMIT 1 OFFSET 1')
    const target = Math.min(Number(older ?? 0), end - settings.retainEvents)
    const first = firstValue(db, 'SELECT min(position) FROM events')
    if (typeof first !== 'number' || first > target) return false
    const last = Math.min(target, first + TRIM_EVENTS - 1)
    this.transaction(() => {
      db.prepare('DELETE FROM events WHERE position <= ?').run(last)
      this.reader.meta.set('trimmed_position', last)
    })
    return last < target
  }

  /** Closed without readers, the log is one file. The lock is given up even if it throws. */
  close(): void {
    const { db } = this
    try {
      this.checkIdentity()
      this.leaveTidy()
    } finally {
      db.close()
      this.lock.release()
    }
  }

  /** What was acknowledged is in the log: where there is no room for more it is left as after a crash, in three files. */
  private leaveTidy(): void {
    const { db } = this
    try {
      this.transaction(() => {
        this.noteFloors()
        this.reader.meta.set('clean', this.hasFailed ? 0 : 1)
      })
      db.exec('PRAGMA busy_timeout = 0')
      db.exec('PRAGMA synchronous = EXTRA')
      this.leaveWal()
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (!/^SQLITE_(FULL|READONLY)/.test(code)) throw error
    }
  }

  private leaveWal(): void {
    try {
      this.db.exec('PRAGMA journal_mode = DELETE')
    } catch (error) {
      // Somebody reads: the log stays in three files, with all of it in the one that people move.
      if (!isBusy(error)) throw error
      this.db.exec(`PRAGMA busy_timeout = ${READ_WAIT_MS}`)
      // Does not throw where a read does not end: -wal keeps what it has then.
      this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    }
  }

  private isBlank(): boolean {
    const id = firstValue(this.db, 'PRAGMA application_id')
    return id === 0 && firstValue(this.db, 'SELECT count(*) FROM sqlite_schema') === 0
  }

  private checkSchema(): void {
    const [id, version] = ['application_id', 'user_version'].map((name) =>
      Number(firstValue(this.db, `PRAGMA ${name}`)),
    )
    checkIdentity(id >>> 0, version, this.settings.description)
  }

  /** @throws STORE_CORRUPT where it went into a file that has no name any more: after the commit, so none is missed */
  private transaction(write: () => void): void {
    this.db.exec('BEGIN IMMEDIATE')
    try {
      write()
      this.db.exec('COMMIT')
    } catch (error) {
      this.db.rollBack()
      throw error
    }
    this.checkIdentity()
  }

  private checkIdentity(): void {
    try {
      this.identity.check()
    } catch (error) {
      this.saveWal()
      throw error
    }
  }

  /** What was acknowledged and stood in a `-wal` without a name goes into the log, where that has its name. */
  private saveWal(): void {
    if (this.identity.isLogMoved) return
    try {
      this.db.exec('PRAGMA wal_checkpoint(FULL)')
    } catch {
      // The next commit, and closing, try again.
    }
  }

  private add(origin: string, firstNumber: number, events: readonly Uint8Array[]): void {
    const decoded = decodeAll(events)
    for (let i = 0; i < events.length; i++) {
      this.row(origin, firstNumber + i, decoded[i], events[i])
    }
    this.pending.flush()
    this.lastNumber = Math.max(this.lastNumber, firstNumber + events.length - 1)
    this.reader.meta.set('end', this.end)
    this.reader.meta.set('last_number', this.lastNumber)
  }

  private row(origin: string, number: number, event: LoggedEvent, bytes: Uint8Array): void {
    const position = this.nextPosition++
    const { request, model, tenant, usd, reward, latencyMs } = columnsOf(event)
    const { type, at } = event
    const previous = this.end
    const checksum = rowChecksum(position, previous, number, origin, bytes)
    const shown = [type, at, request, model, tenant, usd, reward, latencyMs]
    this.insert.run(position, origin, number, ...shown, bytes, previous, checksum)
    // A batch that comes again has been noted.
    if (number > this.lastNumber) this.pending.note(event, position)
    this.end = position
  }

  /** Positions and numbers of rows that are gone are not given again. */
  private noteFloors(): void {
    this.reader.meta.raise('last_number', this.lastNumber)
    this.reader.meta.raise('last_position', this.nextPosition - 1)
    this.reader.meta.set('end', this.end)
  }

  /** Rows after `last_position` have been checked. */
  private highestNumber(): number {
    const { meta } = this.reader
    const select = "SELECT max(number) FROM events WHERE position > ? AND typeof(number) = 'integer'"
    const latest = firstValue(this.db, select, meta.number('last_position'))
    return Math.max(typeof latest === 'number' ? latest : 0, meta.number('last_number'))
  }

  /** What lost events did to the table is undone by filling it again; rare, and some seconds for a million events. */
  private refillPending(): void {
    this.pending.clear()
    const rows = this.db.prepare('SELECT position, bytes FROM events ORDER BY position').all()
    for (const [position, bytes] of rows as readonly (readonly [number, unknown])[]) {
      // Those that a snapshot covers were not checked, and the table is for people.
      const event = bytes instanceof Uint8Array ? decodeIfWhole(bytes) : null
      if (event !== null) this.pending.note(event, position)
    }
    this.pending.flush()
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
}

function pendingLimits({ settings }: LogHeader) {
  const { pendingCapacity, pendingTtlMs } = settings
  return {
    capacity: typeof pendingCapacity === 'number' ? pendingCapacity : PENDING_CAPACITY_DEFAULT,
    ttlMs: typeof pendingTtlMs === 'number' ? pendingTtlMs : null,
  }
}
