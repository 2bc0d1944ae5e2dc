import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import {
  SQLITE_DRIVERS,
  type SqliteDatabase,
  type SqliteDriver,
  type SqliteRow,
  type SqliteValue,
} from '../../src/store/sqlite/drivers/database.js'
import { loadDriver } from '../../src/store/sqlite/drivers/load.js'
import type { LogSettings } from '../../src/store/sqlite/messages.js'
import { packEvents } from '../../src/store/sqlite/packing.js'
import { HEADER } from './conformance.js'

/** The drivers that run here, and why others do not. */
export const LOADED = await Promise.all(
  SQLITE_DRIVERS.map(async (name) => {
    try {
      return { name, driver: await loadDriver(name), why: '' }
    } catch (error) {
      return { name, driver: null, why: error instanceof Error ? error.message : String(error) }
    }
  }),
)

/** The one that a store takes here. Without any, tests are skipped, unless PARETOBANDIT_REQUIRE_SQLITE is set. */
const DRIVER = await loadDriver('auto').catch((error) => {
  if (process.env.PARETOBANDIT_REQUIRE_SQLITE) throw error
  console.warn(`SKIPPED: tests of the SQLite store: ${error.message}`)
  return null
})

/** Whether the runtime brings one, so that it is never without. */
export const hasOwnSqlite = LOADED.some(({ name, driver }) => name !== 'better-sqlite3' && driver !== null)
export const hasSqlite = DRIVER !== null
export const describeSqlite = describe.skipIf(!hasSqlite)

export function sqlite(): SqliteDriver {
  if (DRIVER === null) throw new Error('expected a driver of SQLite')
  return DRIVER
}

export function openDatabase(file: string, isReadOnly = false): SqliteDatabase {
  return sqlite().open(file, { isReadOnly, waitMs: 5000 })
}

/** Memory where there is some: thousands of openings wait for no disk. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export class Folder {
  readonly path: string

  constructor(base = BASE) {
    this.path = mkdtempSync(join(base, 'paretobandit-test-'))
  }

  file(name = 'log.db'): string {
    return join(this.path, name)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

export const SIDE_FILES = ['', '-wal', '-shm', '-journal']

/** What a crash at this instant would leave. */
export function copyLog(from: string, to: string, sideFiles: readonly string[] = SIDE_FILES): void {
  for (const side of SIDE_FILES) {
    rmSync(to + side, { force: true })
    if (sideFiles.includes(side) && existsSync(from + side)) copyFileSync(from + side, to + side)
  }
}

export function settingsOf(file: string, changes: Partial<LogSettings> = {}): LogSettings {
  return {
    file,
    description: `sqlite:${file}`,
    driver: 'auto',
    retainEvents: 1_000_000,
    durability: 'full',
    lockWaitMs: 0,
    pageCountMax: null,
    mustExist: false,
    snapshot: null,
    ...changes,
  }
}

export const NO_EVENTS = packEvents([])

/** Runs SQL on a file that nobody has open. */
export function edit(file: string, sql: string, ...values: SqliteValue[]): void {
  const db = openDatabase(file)
  if (values.length === 0) db.exec(sql)
  else db.prepare(sql).run(...values)
  db.close()
}

export function query(file: string, sql: string): SqliteRow[] {
  const db = openDatabase(file, true)
  try {
    return [...db.prepare(sql).rows()]
  } finally {
    db.close()
  }
}

export { HEADER }
