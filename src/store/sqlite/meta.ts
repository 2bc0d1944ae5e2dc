import { crc32 } from '../../base/checksum.js'
import { ParetoBanditError } from '../../base/errors.js'
import {
  firstValue,
  type SqliteDatabase,
  type SqliteStatement,
  type SqliteValue,
} from './drivers/database.js'

/** What every log has; a note is there if its owner wrote one. */
const KEYS = [
  'header',
  'schema',
  'clean',
  'last_number',
  'last_position',
  'end',
  'trimmed_position',
  'notes',
] as const
/** Without what people have added. */
const SCHEMA_TEXT = `SELECT name, type, sql FROM sqlite_schema WHERE name IN
  ('events', 'meta', 'pending', 'snapshots', 'lost_events', 'event_log', 'waiting') ORDER BY name`
const NOTE = 'note:'

type MetaKey = (typeof KEYS)[number] | `note:${string}`
type MetaRow = readonly [key: SqliteValue, value: SqliteValue, checksum: SqliteValue]

const encoder = new TextEncoder()

function checksumOf(key: unknown, value: unknown): number {
  return crc32(encoder.encode(JSON.stringify([key, value])))
}

/** The small facts of a file. Nothing else would tell if one of them became another: each has a checksum of its own. */
export class Meta {
  private readonly db: SqliteDatabase
  private readonly find: SqliteStatement
  private readonly put: SqliteStatement

  /** Of a file of the latest schema. */
  constructor(db: SqliteDatabase) {
    this.db = db
    this.find = db.prepare('SELECT value FROM meta WHERE key = ?')
    this.put = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?, ?)')
  }

  get(key: MetaKey): unknown {
    return this.find.first(key)?.[0]
  }

  /** 0 when it was never written. */
  number(key: MetaKey): number {
    const value = this.get(key)
    return typeof value === 'number' ? value : 0
  }

  set(key: MetaKey, value: string | number): void {
    this.put.run(key, value, checksumOf(key, value))
  }

  /** Never lowers a number. */
  raise(key: MetaKey, value: number): void {
    this.set(key, Math.max(value, this.number(key)))
  }

  /** What its owner keeps beside the log under a name; null: nothing. */
  note(name: string): string | null {
    const text = this.get(`${NOTE}${name}`)
    return typeof text === 'string' ? text : null
  }

  setNote(name: string, text: string): void {
    this.set(`${NOTE}${name}`, text)
    this.set('notes', this.noteCount())
  }

  /** Of a new log. */
  begin(header: string): void {
    for (const key of KEYS) this.set(key, 0)
    this.set('header', header)
    this.set('schema', this.schemaChecksum())
  }

  /** Gives checksums to what a file of an older schema has, and what it has not its value. */
  seal(): void {
    const end = firstValue(this.db, 'SELECT max(position) FROM events')
    const trimmed = this.number('trimmed_position')
    for (const [key, value] of this.rows()) this.put.run(key, value, checksumOf(key, value))
    this.set('end', Math.max(typeof end === 'number' ? end : 0, trimmed))
    this.set('notes', this.noteCount())
    this.set('schema', this.schemaChecksum())
    for (const key of KEYS) if (this.get(key) === undefined) this.set(key, 0)
  }

  /** @throws STORE_CORRUPT for a row that is not what was written, or is not there */
  check(description: string): void {
    const rows = this.rows()
    const wrong = rows.filter(
      ([key, value, checksum]) =>
        checksum !== checksumOf(key, value) || this.find.first(String(key))?.[0] !== value,
    )
    const missing = KEYS.filter((key) => this.get(key) === undefined)
    const isComplete = new Set(rows.map(([key]) => key)).size === rows.length
    if (this.number('schema') !== this.schemaChecksum())
      throw new ParetoBanditError(
        'STORE_CORRUPT',
        description,
        'expected its tables and views as they were made',
      )
    if (wrong.length === 0 && missing.length === 0 && isComplete && this.noteCount() === this.number('notes'))
      return
    const which = [...wrong.map(([key]) => String(key)), ...missing].join(', ') || 'its notes'
    const message = `expected the table meta as it was written, its rows are others: ${which}`
    throw new ParetoBanditError('STORE_CORRUPT', description, message)
  }

  private schemaChecksum(): number {
    return checksumOf('schema', this.db.prepare(SCHEMA_TEXT).all())
  }

  private rows(): readonly MetaRow[] {
    return this.db.prepare('SELECT key, value, checksum FROM meta').all() as readonly MetaRow[]
  }

  private noteCount(): number {
    return this.rows().filter(([key]) => String(key).startsWith(NOTE)).length
  }
}
