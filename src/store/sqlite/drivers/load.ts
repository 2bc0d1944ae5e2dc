import { messageOf, ParetoBanditError } from '../../../base/errors.js'
import { LATEST_FOR_NODE_20, loadBetterSqlite } from './better-sqlite3.js'
import { loadBunSqlite } from './bun-sqlite.js'
import type { SqliteDriver, SqliteDriverChoice, SqliteDriverName } from './database.js'
import { loadNodeSqlite } from './node-sqlite.js'

const PACKAGE = 'better-sqlite3'
/** The version that runs on this Node. */
const INSTALL = Number.parseInt(process.versions.node, 10) < 22 ? `${PACKAGE}@${LATEST_FOR_NODE_20}` : PACKAGE
const LOADERS: Readonly<Record<SqliteDriverName, () => Promise<SqliteDriver>>> = {
  'bun:sqlite': loadBunSqlite,
  'better-sqlite3': loadBetterSqlite,
  'node:sqlite': loadNodeSqlite,
}
const NEEDS: Readonly<Record<SqliteDriverName, string>> = {
  'bun:sqlite': 'Bun',
  'better-sqlite3': `npm install ${INSTALL}`,
  'node:sqlite': 'Node 22.13 or later, or Deno',
}

function candidates(): readonly SqliteDriverName[] {
  if ('bun' in process.versions) return ['bun:sqlite', 'node:sqlite', 'better-sqlite3']
  return 'deno' in process.versions ? ['node:sqlite', 'better-sqlite3'] : ['better-sqlite3', 'node:sqlite']
}

interface Attempt {
  readonly name: SqliteDriverName
  readonly cause: unknown
}

/** @throws MISSING_DEPENDENCY with the reasons of each that was tried; its cause has them as they are */
export async function loadDriver(choice: SqliteDriverChoice): Promise<SqliteDriver> {
  const attempts: Attempt[] = []
  for (const name of choice === 'auto' ? candidates() : [choice]) {
    try {
      const driver = await LOADERS[name]()
      // Native parts are loaded by the first database.
      driver.open(':memory:', { isReadOnly: false, waitMs: 0 }).close()
      return driver
    } catch (cause) {
      attempts.push({ name, cause })
    }
  }
  const cause = new AggregateError(
    attempts.map((attempt) => attempt.cause),
    'no SQLite',
  )
  const reasons = attempts.map((attempt) => `${attempt.name}: ${reasonOf(attempt.cause)}`).join('; ')
  if (choice !== 'auto' && choice !== PACKAGE) {
    const message = `expected ${NEEDS[choice]}, this is ${runtime()}: ${reasons}`
    throw new ParetoBanditError('MISSING_DEPENDENCY', choice, message, { cause })
  }
  const message = `${advice(attempts.find(({ name }) => name === PACKAGE)?.cause)}; this is ${runtime()}; ${reasons}`
  throw new ParetoBanditError('MISSING_DEPENDENCY', PACKAGE, message, { cause })
}

function advice(cause: unknown): string {
  const isMissing =
    cause instanceof Error && 'code' in cause && /^(ERR_)?MODULE_NOT_FOUND$/.test(String(cause.code))
  const others = 'or one of Node 22.13 and later, Deno and Bun, which have an SQLite of their own'
  if (isMissing) return `expected the package to be installed: npm install ${INSTALL}, ${others}`
  return `expected the package to load: npm install ${INSTALL} (or npm rebuild ${PACKAGE}), ${others}`
}

function runtime(): string {
  const { bun, deno, node } = process.versions as Readonly<Record<string, string | undefined>>
  if (bun !== undefined) return `Bun ${bun}`
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`
}

/** An error and what caused it, each in a line's words. */
function reasonOf(thrown: unknown): string {
  const reasons: string[] = []
  for (let each = thrown; each !== undefined && each !== null && reasons.length < 10; ) {
    const text = messageOf(each)
    const line = text.replace(/\s+/g, ' ').trim()
    if (line !== '' && !reasons.includes(line)) reasons.push(line)
    each = each instanceof Error ? each.cause : undefined
  }
  return reasons.join(' <- ')
}
