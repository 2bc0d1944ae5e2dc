import { crc32 } from '../../base/checksum.js'
import { ParetoBanditError } from '../../base/errors.js'
import { CODEC_VERSION_MAX } from '../../events/codec.js'
import { firstValue, type SqliteDatabase, type SqliteValue } from './drivers/database.js'
import type { Meta } from './meta.js'

const CHECKSUM_BYTES = 4
const CHECKED_AT_ONCE = 2048

/** What of a log is not as it was written. */
interface Damage {
  /** Positions of damaged snapshots. */
  readonly snapshots: readonly number[]
  /** Position up to which there were events, where the latest are gone. */
  readonly missingTo: number | null
  /** Events to be given up: from the first damaged one on. */
  readonly tail: {
    readonly from: number
    readonly to: number
    readonly count: number
  } | null
}

/**
 * Checks snapshots, and the events that the latest good one does not cover: a recovery reads no others.
 * @throws STORE_CORRUPT when there is nothing to recover from; STORE_MISMATCH for events of a later release
 */
export function findDamage(db: SqliteDatabase, meta: Meta, description: string): Damage {
  const snapshots: number[] = []
  let covered = 0
  const kept = db.prepare('SELECT position FROM snapshots ORDER BY position DESC').all()
  const find = db.prepare('SELECT bytes, checksum FROM snapshots WHERE position = ?')
  for (const [position] of kept as readonly (readonly [number])[]) {
    // They may be large: one at a time.
    const [bytes, checksum] = (find.first(position) ?? []) as readonly [Uint8Array?, (number | null)?]
    if (!(bytes instanceof Uint8Array) || checksum === undefined) snapshots.push(position)
    else if (checksum !== null && !isSnapshot(position, bytes, checksum)) snapshots.push(position)
    else covered = Math.max(covered, position)
  }
  const trimmed = meta.number('trimmed_position')
  if (covered < trimmed) {
    const message = `expected an undamaged snapshot at position ${trimmed} or later, as the events before are gone; damaged: ${snapshots.join(', ') || 'none'}`
    throw new ParetoBanditError('STORE_CORRUPT', description, message)
  }
  const from = firstDamaged(db, covered, trimmed, description)
  const missingTo = missingAtEnd(db, meta)
  if (from === null) return { snapshots, missingTo, tail: null }
  const select = 'SELECT count(*), max(position) FROM events WHERE position >= ?'
  const [count, to] = (db.prepare(select).first(from) ?? []).map(Number)
  return { snapshots, missingTo, tail: { from, count, to } }
}

type CheckedRow = readonly [
  position: number,
  origin: SqliteValue,
  number: SqliteValue,
  bytes: SqliteValue,
  previous: SqliteValue,
  checksum: SqliteValue,
]

/** The first event that is not what was written, or that the one before it is missing of. */
function firstDamaged(
  db: SqliteDatabase,
  after: number,
  trimmed: number,
  description: string,
): number | null {
  const before = firstValue(db, 'SELECT max(position) FROM events WHERE position <= ?', after)
  let last = typeof before === 'number' ? before : null
  let isSealed =
    last !== null && firstValue(db, 'SELECT checksum FROM events WHERE position = ?', last) !== null
  for (const row of rowsAfter(db, after)) {
    const [position, , , bytes, , checksum] = row
    if (!(position > Math.max(last ?? 0, after))) return position
    if (!(bytes instanceof Uint8Array) || !isIntact(bytes)) return position
    if (bytes[0] > CODEC_VERSION_MAX) {
      const message = `expected events of format version up to ${CODEC_VERSION_MAX}, got ${bytes[0]} at position ${position}: a later release wrote it`
      throw new ParetoBanditError('STORE_MISMATCH', description, message)
    }
    // Rows of older schemas, without checksums, come before all others.
    if (isSealed && checksum === null) return position
    if (!isInPlace(row, bytes, last, trimmed)) return position
    isSealed = checksum !== null
    last = position
  }
  return null
}

/** Some at a time: a query that meets damage half way could not be given up. */
function* rowsAfter(db: SqliteDatabase, after: number): Generator<CheckedRow> {
  const select = db.prepare(
    `SELECT position, origin, number, bytes, previous, checksum FROM events WHERE position > ? ORDER BY position LIMIT ${CHECKED_AT_ONCE}`,
  )
  for (let from = after; ; ) {
    const rows = select.all(from) as readonly CheckedRow[]
    yield* rows
    if (rows.length < CHECKED_AT_ONCE) return
    from = rows[rows.length - 1][0]
  }
}

/**
 * Rows of older schemas say nothing of it.
 * @param last position of the row before; null: it was dropped, up to `trimmed`
 */
function isInPlace(
  [position, origin, number, , previous, checksum]: CheckedRow,
  bytes: Uint8Array,
  last: number | null,
  trimmed: number,
): boolean {
  if (previous === null && checksum === null) return true
  if (typeof origin !== 'string' || typeof number !== 'number' || typeof previous !== 'number') return false
  if (last === null ? previous > trimmed : previous !== last) return false
  return checksum === rowChecksum(position, previous, number, origin, bytes)
}

/** Checksums of position and bytes are told from those of schema version 2, which are of bytes alone, by this. */
const WITH_POSITION = 2 ** 32

export function snapshotChecksum(position: number, bytes: Uint8Array): number {
  return WITH_POSITION + crc32(bytes, crc32(new Uint8Array(Float64Array.of(position).buffer)))
}

function isSnapshot(position: number, bytes: Uint8Array, checksum: number): boolean {
  return checksum === (checksum < WITH_POSITION ? crc32(bytes) : snapshotChecksum(position, bytes))
}

const encoder = new TextEncoder()

/** CRC-32 of what the log is made of: a row that is whole and stands elsewhere is damage, too. */
export function rowChecksum(
  position: number,
  previous: number,
  number: number,
  origin: string,
  bytes: Uint8Array,
): number {
  const numbers = new Uint8Array(Float64Array.of(position, previous, number).buffer)
  return crc32(bytes, crc32(encoder.encode(origin), crc32(numbers)))
}

/** The end is written with the latest row. */
function missingAtEnd(db: SqliteDatabase, meta: Meta): number | null {
  const end = meta.number('end')
  const last = firstValue(db, 'SELECT max(position) FROM events')
  const found = Math.max(typeof last === 'number' ? last : 0, meta.number('trimmed_position'))
  return found < end ? end : null
}

function isIntact(bytes: Uint8Array): boolean {
  const end = bytes.length - CHECKSUM_BYTES
  if (end < 1) return false
  const stored = bytes[end] | (bytes[end + 1] << 8) | (bytes[end + 2] << 16) | (bytes[end + 3] << 24)
  return crc32(bytes.subarray(0, end)) === stored >>> 0
}

/** Damage in sentences, for people. */
export function describeDamage({ snapshots, tail, missingTo }: Damage, what: 'repaired' | 'found'): string[] {
  const done = what === 'repaired'
  const sentences = snapshots.map(
    (position) =>
      `the snapshot at position ${position} is damaged${done ? ' and was removed' : ''}: an older one or the log itself is used`,
  )
  if (tail !== null) {
    const moved = done
      ? 'it and all after it were moved to the table lost_events'
      : 'it and all after it would be cut off'
    sentences.push(
      `the event at position ${tail.from} is damaged, or the one before it is missing: ${moved}, ${tail.count} events, positions ${tail.from} to ${tail.to}`,
    )
  }
  if (missingTo !== null)
    sentences.push(`the latest events, up to position ${missingTo}, are gone from the file`)
  return sentences
}

/**
 * Takes what is damaged out of the log, in the caller's transaction. `lost_events` keeps the latest `keep`.
 * @throws STORE_CORRUPT where it cannot be taken out
 */
export function removeDamage(
  db: SqliteDatabase,
  meta: Meta,
  { snapshots, tail }: Damage,
  keep: number,
  description: string,
): void {
  const removeSnapshot = db.prepare('DELETE FROM snapshots WHERE position = ?')
  for (const position of snapshots) removeSnapshot.run(position)
  if (tail === null) return
  const move =
    'INSERT OR REPLACE INTO lost_events SELECT position, origin, number, ?, bytes FROM events WHERE position >= ?'
  db.prepare(move).run(Date.now(), tail.from)
  db.prepare('DELETE FROM events WHERE position >= ?').run(tail.from)
  // What damaged rows say of positions and numbers may be anything.
  const end = meta.number('end')
  db.prepare('DELETE FROM lost_events WHERE position <= ?').run(end - keep)
  meta.raise('last_position', end)
  if (firstValue(db, 'SELECT count(*) FROM events WHERE position >= ?', tail.from) === 0) return
  const message = `expected to find the events from position ${tail.from} on, which are damaged, the table is so itself`
  throw new ParetoBanditError('STORE_CORRUPT', description, message)
}
