/** What the store needs of SQLite, whoever brings it. */
export interface SqliteDatabase {
  /** Statements without values, of which nothing is read. */
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  /** Ends a transaction that failed; SQLite may have ended it itself. */
  rollBack(): void
  /** Gives up all locks, whatever statements there are. */
  close(): void
}

export interface SqliteStatement {
  /** @returns rows changed */
  run(...values: readonly SqliteValue[]): number
  /** The first row; null: none. */
  first(...values: readonly SqliteValue[]): SqliteRow | null
  all(...values: readonly SqliteValue[]): readonly SqliteRow[]
  /** `all`, one at a time. Not where the file may be damaged: a walk that fails may not be given up. */
  rows(...values: readonly SqliteValue[]): IterableIterator<SqliteRow>
}

/** Integers beyond 2^53 are not read, nor what follows a U+0000 in a text: `node:sqlite` gives the part before it. */
export type SqliteValue = null | number | string | Uint8Array

/** In the order of the columns, whose names differ. */
export type SqliteRow = readonly SqliteValue[]

export interface OpenOptions {
  readonly isReadOnly: boolean
  /** How long a statement waits for another connection's lock, ms. */
  readonly waitMs: number
}

export const SQLITE_DRIVERS = ['bun:sqlite', 'better-sqlite3', 'node:sqlite'] as const
export type SqliteDriverName = (typeof SQLITE_DRIVERS)[number]

/** `auto`, the default: what the runtime brings in Bun and Deno; in Node better-sqlite3 where it loads, else `node:sqlite`. */
export const SQLITE_DRIVER_CHOICES = ['auto', ...SQLITE_DRIVERS] as const
export type SqliteDriverChoice = (typeof SQLITE_DRIVER_CHOICES)[number]

/** A way to SQLite. Its errors are `SqliteError`. */
export interface SqliteDriver {
  readonly name: SqliteDriverName
  open(file: string, options: OpenOptions): SqliteDatabase
}

/** What SQLite threw. */
export class SqliteError extends Error {
  override readonly name = 'SqliteError'
  /** SQLite's name of the result, such as `SQLITE_FULL`; of extended ones possibly the first part alone. */
  readonly code: string

  constructor(code: string, message: string, cause: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/**
 * Runs what a driver does of SQLite.
 * @param nameError what becomes of an error: a `SqliteError` where SQLite threw it
 */
export function naming(nameError: (error: unknown) => unknown): <T>(act: () => T) => T {
  return (act) => {
    try {
      return act()
    } catch (error) {
      throw nameError(error)
    }
  }
}

/** Primary result codes (https://sqlite.org/rescode.html). */
const RESULTS: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  2: 'SQLITE_INTERNAL',
  3: 'SQLITE_PERM',
  4: 'SQLITE_ABORT',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  9: 'SQLITE_INTERRUPT',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  12: 'SQLITE_NOTFOUND',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  17: 'SQLITE_SCHEMA',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  21: 'SQLITE_MISUSE',
  22: 'SQLITE_NOLFS',
  23: 'SQLITE_AUTH',
  24: 'SQLITE_FORMAT',
  25: 'SQLITE_RANGE',
  26: 'SQLITE_NOTADB',
}

/** The name of a result, its extended part left out. */
export function resultName(code: number): string {
  return RESULTS[code & 0xff] ?? `SQLITE_${code}`
}

/** The single value of a statement's first row. */
export function firstValue(
  db: SqliteDatabase,
  sql: string,
  ...values: readonly SqliteValue[]
): SqliteValue | undefined {
  return db.prepare(sql).first(...values)?.[0]
}

/** Runs something on one state of the file: what others write meanwhile is not seen. */
export function readTogether<T>(db: SqliteDatabase, read: () => T): T {
  db.exec('BEGIN')
  try {
    const value = read()
    db.exec('COMMIT')
    return value
  } catch (error) {
    db.rollBack()
    throw error
  }
}
