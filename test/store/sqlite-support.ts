import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type BetterSqlite from 'better-sqlite3'
import { describe } from 'vitest'
import type { LogSettings } from '../../src/store/sqlite/messages.js'
import { packEvents } from '../../src/store/sqlite/packing.js'
import { HEADER } from './conformance.js'

/** The package, or null where it is not installed: then tests are skipped, unless PARETOBANDIT_REQUIRE_SQLITE is set. */
export const Database = load()

function load(): typeof BetterSqlite | null {
  try {
    return createRequire(import.meta.url)('better-sqlite3')
  } catch (error) {
    if (process.env.PARETOBANDIT_REQUIRE_SQLITE) throw error
    console.warn('SKIPPED: tests of the SQLite store, for better-sqlite3 is not installed')
    return null
  }
}

export const describeSqlite = describe.skipIf(Database === null)

export function sqlite(): typeof BetterSqlite {
  if (Database === null) throw new Error('expected better-sqlite3 to be installed')
  return Database
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
export function edit(file: string, sql: string, ...values: unknown[]): void {
  const db = new (sqlite())(file)
  if (values.length === 0) db.exec(sql)
  else db.prepare(sql).run(...values)
  db.close()
}

export function query<T>(file: string, sql: string): T[] {
  const db = new (sqlite())(file, { readonly: true })
  try {
    return db.prepare(sql).all() as T[]
  } finally {
    db.close()
  }
}

export { HEADER }
