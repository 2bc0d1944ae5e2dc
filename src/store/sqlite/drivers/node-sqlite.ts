import type {
  OpenOptions,
  SqliteDatabase,
  SqliteDriver,
  SqliteRow,
  SqliteStatement,
  SqliteValue,
} from './database.js'
import { naming, resultName, SqliteError } from './database.js'

const named = naming(nameError)

/** Of `node:sqlite`, what is used here; it is newer than the Node that the types are of. */
interface NodeSqlite {
  readonly DatabaseSync: new (file: string, options: { readonly readOnly: boolean }) => NodeDatabase
}

interface NodeDatabase {
  exec(sql: string): void
  prepare(sql: string): NodeStatement
  close(): void
}

interface NodeStatement {
  run(...values: readonly SqliteValue[]): { readonly changes: number | bigint }
  get(...values: readonly SqliteValue[]): Columns | undefined
  all(...values: readonly SqliteValue[]): readonly Columns[]
  iterate(...values: readonly SqliteValue[]): IterableIterator<Columns>
}

type Columns = Readonly<Record<string, SqliteValue>>

const MODULE: string = 'node:sqlite'

/** SQLite in Node from 22.13 on, and in Deno. */
export async function loadNodeSqlite(): Promise<SqliteDriver> {
  const { DatabaseSync } = await quietly(
    () => import(/* @vite-ignore */ /* webpackIgnore: true */ MODULE) as Promise<NodeSqlite>,
  )
  return {
    name: 'node:sqlite',
    open: (file, options) => named(() => new Database(DatabaseSync, file, options)),
  }
}

/** Node warns that the module is experimental, on the error output of whoever loads it first. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { emitWarning } = process
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).includes('SQLite')) emitWarning(warning, ...rest)
  }) as typeof emitWarning
  try {
    return await load()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** SQLite's texts of results: Deno gives no number with most errors. */
const TEXTS: readonly (readonly [text: string, name: string])[] = [
  ['database is locked', 'SQLITE_BUSY'],
  ['database table is locked', 'SQLITE_LOCKED'],
  ['database schema is locked', 'SQLITE_LOCKED'],
  ['database or disk is full', 'SQLITE_FULL'],
  ['attempt to write a readonly database', 'SQLITE_READONLY'],
  ['database disk image is malformed', 'SQLITE_CORRUPT'],
  ['file is not a database', 'SQLITE_NOTADB'],
  ['unable to open database file', 'SQLITE_CANTOPEN'],
  ['access permission denied', 'SQLITE_PERM'],
  ['disk I/O error', 'SQLITE_IOERR'],
  ['out of memory', 'SQLITE_NOMEM'],
]

class Database implements SqliteDatabase {
  private readonly db: NodeDatabase

  constructor(DatabaseSync: NodeSqlite['DatabaseSync'], file: string, { isReadOnly, waitMs }: OpenOptions) {
    this.db = new DatabaseSync(file, { readOnly: isReadOnly })
    // Its option `timeout` is younger than the module.
    this.db.exec(`PRAGMA busy_timeout = ${waitMs}`)
  }

  exec(sql: string): void {
    named(() => this.db.exec(sql))
  }

  prepare(sql: string): SqliteStatement {
    return named(() => new Statement(this.db.prepare(sql)))
  }

  rollBack(): void {
    try {
      this.db.exec('ROLLBACK')
    } catch {
      // There is no transaction any more: SQLite has rolled it back. `isTransaction` is younger than the module.
    }
  }

  close(): void {
    named(() => this.db.close())
  }
}

class Statement implements SqliteStatement {
  private readonly statement: NodeStatement

  constructor(statement: NodeStatement) {
    this.statement = statement
  }

  run(...values: readonly SqliteValue[]): number {
    return named(() => Number(this.statement.run(...values).changes))
  }

  first(...values: readonly SqliteValue[]): SqliteRow | null {
    const row = named(() => this.statement.get(...values))
    return row === undefined || row === null ? null : Object.values(row)
  }

  all(...values: readonly SqliteValue[]): readonly SqliteRow[] {
    return named(() => this.statement.all(...values).map((row) => Object.values(row)))
  }

  *rows(...values: readonly SqliteValue[]): IterableIterator<SqliteRow> {
    try {
      for (const row of this.statement.iterate(...values)) yield Object.values(row)
    } catch (error) {
      throw nameError(error)
    }
  }
}

function nameError(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR')) return error
  const result = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null
  if (result !== null)
    return new SqliteError(resultName(result), `${error.message} (result ${result})`, error)
  const found = TEXTS.find(([text]) => error.message.startsWith(text))
  return new SqliteError(found?.[1] ?? 'SQLITE_ERROR', error.message, error)
}
