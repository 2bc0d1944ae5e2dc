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

/** Of `bun:sqlite`, what is used here. */
interface BunSqlite {
  readonly Database: new (file: string, options: Readonly<Record<string, boolean>>) => BunDatabase
}

interface BunDatabase {
  readonly inTransaction: boolean
  run(sql: string): void
  prepare(sql: string): BunStatement
  close(mustBeDone: boolean): void
}

interface BunStatement {
  run(...values: readonly SqliteValue[]): { readonly changes: number }
  get(...values: readonly SqliteValue[]): Columns | null
  values(...values: readonly SqliteValue[]): readonly SqliteRow[]
  iterate(...values: readonly SqliteValue[]): IterableIterator<Columns>
  finalize(): void
}

type Columns = Readonly<Record<string, SqliteValue>>

const MODULE: string = 'bun:sqlite'

/** SQLite in Bun. */
export async function loadBunSqlite(): Promise<SqliteDriver> {
  const { Database: BunDatabase } = (await import(
    /* @vite-ignore */ /* webpackIgnore: true */ MODULE
  )) as BunSqlite
  return {
    name: 'bun:sqlite',
    open: (file, options) => named(() => new Database(BunDatabase, file, options)),
  }
}

class Database implements SqliteDatabase {
  private readonly db: BunDatabase
  /** By their text: as long as one is left, a closed database keeps its locks. */
  private readonly statements = new Map<string, BunStatement>()

  constructor(BunDatabase: BunSqlite['Database'], file: string, { isReadOnly, waitMs }: OpenOptions) {
    this.db = new BunDatabase(file, isReadOnly ? { readonly: true } : { create: true, readwrite: true })
    this.db.run(`PRAGMA busy_timeout = ${waitMs}`)
  }

  exec(sql: string): void {
    named(() => this.db.run(sql))
  }

  prepare(sql: string): SqliteStatement {
    let statement = this.statements.get(sql)
    if (statement === undefined) {
      statement = named(() => this.db.prepare(sql))
      this.statements.set(sql, statement)
    }
    return new Statement(statement)
  }

  rollBack(): void {
    if (this.db.inTransaction) this.exec('ROLLBACK')
  }

  close(): void {
    for (const statement of this.statements.values()) statement.finalize()
    this.statements.clear()
    named(() => this.db.close(true))
  }
}

class Statement implements SqliteStatement {
  private readonly statement: BunStatement

  constructor(statement: BunStatement) {
    this.statement = statement
  }

  run(...values: readonly SqliteValue[]): number {
    return named(() => this.statement.run(...values).changes)
  }

  first(...values: readonly SqliteValue[]): SqliteRow | null {
    const row = named(() => this.statement.get(...values))
    return row === null || row === undefined ? null : Object.values(row)
  }

  all(...values: readonly SqliteValue[]): readonly SqliteRow[] {
    return named(() => this.statement.values(...values))
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
  if (!(error instanceof Error && 'errno' in error && typeof error.errno === 'number')) return error
  return new SqliteError(resultName(error.errno), `${error.message} (result ${error.errno})`, error)
}
