import { createRequire } from 'node:module'
import type BetterSqlite from 'better-sqlite3'
import type {
  OpenOptions,
  SqliteDatabase,
  SqliteDriver,
  SqliteRow,
  SqliteStatement,
  SqliteValue,
} from './database.js'
import { naming, SqliteError } from './database.js'

const named = naming(nameError)

/** Package better-sqlite3, for Node. */
export async function loadBetterSqlite(): Promise<SqliteDriver> {
  checkVersion()
  const { default: Database } = await import('better-sqlite3')
  return {
    name: 'better-sqlite3',
    open: (file, options) => named(() => new BetterDatabase(Database, file, options)),
  }
}

/** Versions from 13 on are built for Node 22, and crash an older one. */
export const LATEST_FOR_NODE_20 = 12
const NODE_OF_LATER = 22

function checkVersion(): void {
  const node = Number.parseInt(process.versions.node, 10)
  if (node >= NODE_OF_LATER) return
  const { version } = createRequire(import.meta.url)('better-sqlite3/package.json') as { version: string }
  if (Number.parseInt(version, 10) > LATEST_FOR_NODE_20)
    throw new Error(`version ${version} of the package needs Node ${NODE_OF_LATER} or later`)
}

class BetterDatabase implements SqliteDatabase {
  private readonly db: BetterSqlite.Database

  constructor(Database: typeof BetterSqlite, file: string, { isReadOnly, waitMs }: OpenOptions) {
    this.db = new Database(file, { readonly: isReadOnly, timeout: waitMs })
  }

  exec(sql: string): void {
    named(() => this.db.exec(sql))
  }

  prepare(sql: string): SqliteStatement {
    return named(() => new BetterStatement(this.db.prepare(sql)))
  }

  rollBack(): void {
    if (this.db.inTransaction) this.exec('ROLLBACK')
  }

  close(): void {
    named(() => this.db.close())
  }
}

class BetterStatement implements SqliteStatement {
  private readonly statement: BetterSqlite.Statement

  constructor(statement: BetterSqlite.Statement) {
    this.statement = statement.reader ? statement.raw() : statement
  }

  run(...values: readonly SqliteValue[]): number {
    return named(() => this.statement.run(...values).changes)
  }

  first(...values: readonly SqliteValue[]): SqliteRow | null {
    return named(() => (this.statement.get(...values) as SqliteRow | undefined) ?? null)
  }

  all(...values: readonly SqliteValue[]): readonly SqliteRow[] {
    return named(() => this.statement.all(...values) as SqliteRow[])
  }

  *rows(...values: readonly SqliteValue[]): IterableIterator<SqliteRow> {
    try {
      yield* this.statement.iterate(...values) as IterableIterator<SqliteRow>
    } catch (error) {
      throw nameError(error)
    }
  }
}

function nameError(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return error
  return error.code.startsWith('SQLITE_') ? new SqliteError(error.code, error.message, error) : error
}
