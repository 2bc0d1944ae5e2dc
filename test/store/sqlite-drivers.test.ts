import { statSync, truncateSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import {
  firstValue,
  readTogether,
  type SqliteDatabase,
  type SqliteDriver,
  SqliteError,
  type SqliteValue,
} from '../../src/store/sqlite/drivers/database.js'
import { loadDriver } from '../../src/store/sqlite/drivers/load.js'
import { storeError } from '../../src/store/sqlite/failure.js'
import { openSqliteReadOnly, sqliteStore } from '../../src/store/sqlite/index.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { HEADER, lines, makeEvents, readAll } from './conformance.js'
import { Folder, hasSqlite, LOADED, sqlite } from './sqlite-support.js'

let folder: Folder
let file: string
beforeEach(() => {
  folder = new Folder()
  file = folder.file()
})
afterEach(() => folder.remove())

for (const { name, driver, why } of LOADED) {
  if (driver === null) console.warn(`SKIPPED: SQLite by ${name}: ${why}`)
  describe.skipIf(driver === null)(`SQLite by ${name}`, () => driverTests(driver))
}

/** What the store relies on, of every driver. */
function driverTests(loaded: SqliteDriver | null): void {
  const openFile: SqliteDriver['open'] = (path, options) => {
    if (loaded === null) throw new Error('expected a driver')
    return loaded.open(path, options)
  }
  const all: SqliteDatabase[] = []
  const open = (isReadOnly = false, waitMs = 0) => {
    const db = openFile(file, { isReadOnly, waitMs })
    all.push(db)
    return db
  }
  afterEach(() => {
    for (const db of all.splice(0)) db.close()
  })

  function codeOf(act: () => unknown): string {
    try {
      act()
    } catch (error) {
      if (error instanceof SqliteError) return error.code.split('_').slice(0, 2).join('_')
      throw error
    }
    return 'none'
  }

  it('gives back what it was given', () => {
    const db = open()
    db.exec('CREATE TABLE t (x); CREATE TABLE n (i INTEGER, r REAL, s TEXT, b BLOB)')
    const whole = Uint8Array.from({ length: 300 }, (_, i) => i)
    const values: SqliteValue[] = [
      null,
      '',
      'naïve 漢字 🦆',
      'x'.repeat(100_000),
      new Uint8Array(0),
      whole,
      whole.subarray(17, 42),
      ...[0, 1, -1, 2 ** 31, 2 ** 33 + 5, Number.MAX_SAFE_INTEGER, -(2 ** 53) + 1],
      ...[0.1, 1e300, 5e-324, -1e-7, Number.POSITIVE_INFINITY],
    ]
    for (const value of values) {
      db.exec('DELETE FROM t')
      expect(db.prepare('INSERT INTO t VALUES (?)').run(value)).toBe(1)
      const got = firstValue(db, 'SELECT x FROM t')
      expect(got instanceof Uint8Array ? Uint8Array.from(got) : got).toEqual(value)
    }
    db.prepare('UPDATE t SET x = ?').run('a\u0000b')
    expect(firstValue(db, 'SELECT hex(x) FROM t')).toBe('610062')
    db.prepare('INSERT INTO n VALUES (?, ?, ?, ?)').run(7, 7, '7', Uint8Array.of(7))
    expect(db.prepare('SELECT typeof(i), typeof(r), typeof(s), typeof(b), i, r, s FROM n').first()).toEqual([
      ...['integer', 'real', 'text', 'blob', 7, 7, '7'],
    ])
  })

  it('gives bytes that are nobody else\u2019s', () => {
    const db = open()
    db.exec("CREATE TABLE t (x); INSERT INTO t VALUES (x'010203'), (x'040506')")
    const rows = [...db.prepare('SELECT x FROM t').rows()].map(([bytes]) => bytes as Uint8Array)
    rows[0].fill(9)
    expect(rows.map((bytes) => [...bytes])).toEqual([
      [9, 9, 9],
      [4, 5, 6],
    ])
    expect([...(firstValue(db, 'SELECT x FROM t') as Uint8Array)]).toEqual([1, 2, 3])
  })

  it('walks rows, as many as are wanted', () => {
    const db = open()
    db.exec('CREATE TABLE t (b, a); INSERT INTO t VALUES (1, 2), (3, 4), (5, 6)')
    const statement = db.prepare('SELECT b, a FROM t WHERE b > ? ORDER BY b')
    expect([...statement.rows(1)]).toEqual([
      [3, 4],
      [5, 6],
    ])
    expect(statement.all(1)).toEqual([...statement.rows(1)])
    expect(statement.all(9)).toEqual([])
    for (const row of statement.rows(0)) {
      expect(row).toEqual([1, 2])
      break
    }
    // It starts again, and keeps nothing locked.
    expect([...statement.rows(4)]).toEqual([[5, 6]])
    expect(statement.first(9)).toBe(null)
    db.exec('DROP TABLE t')
  })

  it('counts changed rows, and returns what an update returns', () => {
    const db = open()
    db.exec('CREATE TABLE t (x, y); INSERT INTO t VALUES (1, NULL), (2, 0)')
    expect(db.prepare('UPDATE t SET y = ?').run(5)).toBe(2)
    const update = db.prepare('UPDATE t SET y = coalesce(?, y) WHERE x = ? RETURNING y IS NOT NULL')
    expect(update.first(null, 1)).toEqual([1])
    expect(update.first(8, 3)).toBe(null)
    expect(db.prepare('DELETE FROM t WHERE x = ?').run(7)).toBe(0)
  })

  it('names what SQLite says', () => {
    const db = open()
    db.exec('CREATE TABLE t (x PRIMARY KEY); INSERT INTO t VALUES (1)')
    expect(codeOf(() => db.exec('CREATE TABLE u (x)'))).toBe('none')
    expect(codeOf(() => db.exec('nonsense'))).toBe('SQLITE_ERROR')
    expect(codeOf(() => db.prepare('nonsense'))).toBe('SQLITE_ERROR')
    const reader = open(true)
    expect(codeOf(() => reader.exec('DELETE FROM t'))).toBe('SQLITE_READONLY')
    const other = open()
    db.exec('BEGIN EXCLUSIVE')
    expect(codeOf(() => other.exec('BEGIN IMMEDIATE'))).toBe('SQLITE_BUSY')
    expect(codeOf(() => firstValue(other, 'SELECT x FROM t'))).toBe('SQLITE_BUSY')
    db.exec('COMMIT')
    const pages = firstValue(db, 'PRAGMA page_count')
    db.exec(`PRAGMA max_page_count = ${pages}`)
    expect(codeOf(() => db.exec('INSERT INTO t VALUES (zeroblob(100000))'))).toBe('SQLITE_FULL')
    const none = { isReadOnly: false, waitMs: 0 }
    expect(codeOf(() => openFile(folder.path, none))).toBe('SQLITE_CANTOPEN')
    const textFile = folder.file('text')
    writeFileSync(textFile, 'x'.repeat(5000))
    const text = openFile(textFile, { isReadOnly: true, waitMs: 0 })
    expect(codeOf(() => text.exec('SELECT * FROM t'))).toBe('SQLITE_NOTADB')
    text.close()
    expect(storeError('sqlite:x', new SqliteError('SQLITE_FULL', 'full', null))).toMatchObject({
      code: 'STORE_FULL',
    })
  })

  it('waits for a lock as long as it was told', () => {
    const db = open()
    const other = open(false, 200)
    db.exec('BEGIN EXCLUSIVE')
    const before = performance.now()
    expect(codeOf(() => other.exec('BEGIN IMMEDIATE'))).toBe('SQLITE_BUSY')
    expect(performance.now() - before).toBeGreaterThanOrEqual(150)
    db.exec('COMMIT')
  })

  it('rolls back, also where SQLite has done it already', () => {
    const db = open()
    db.exec('CREATE TABLE t (x)')
    db.exec('BEGIN; INSERT INTO t VALUES (1)')
    db.rollBack()
    db.rollBack()
    expect(firstValue(db, 'SELECT count(*) FROM t')).toBe(0)
    expect(() =>
      readTogether(db, () => {
        db.exec('INSERT INTO t VALUES (2)')
        throw new Error('halfway')
      }),
    ).toThrow('halfway')
    expect(readTogether(db, () => firstValue(db, 'SELECT count(*) FROM t'))).toBe(0)
  })

  it('closed, gives up its locks, whatever was being read', () => {
    const db = openFile(file, { isReadOnly: false, waitMs: 0 })
    db.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)')
    const rows = db.prepare('SELECT x FROM t').rows()
    expect(rows.next().value).toEqual([1])
    db.prepare('SELECT count(*) FROM t').first()
    rows.return?.()
    db.exec('BEGIN EXCLUSIVE')
    db.close()
    open().exec('BEGIN EXCLUSIVE; DROP TABLE t; COMMIT')
  })

  it('finds a file that was cut damaged', () => {
    const db = openFile(file, { isReadOnly: false, waitMs: 0 })
    db.exec('CREATE TABLE t (x); BEGIN')
    for (let i = 0; i < 200; i++) db.prepare('INSERT INTO t VALUES (?)').run('y'.repeat(500))
    db.exec('COMMIT')
    db.close()
    truncateSync(file, Math.floor(statSync(file).size / 2))
    const cut = open(true)
    expect(codeOf(() => cut.prepare('SELECT x FROM t').all())).toBe('SQLITE_CORRUPT')
  })
}

describe.skipIf(!hasSqlite)('the driver', () => {
  const names = LOADED.flatMap(({ name, driver }) => (driver === null ? [] : [name]))
  const missing = LOADED.flatMap(({ name, driver }) => (driver === null ? [name] : []))

  it('is the one that was asked for; a log of one is read by all', async () => {
    let events = 0
    for (const name of names) {
      const store = sqliteStore(file, { driver: name })
      expect(store.driver).toBe(null)
      const opened = await store.open(HEADER, makeEvents(1, 2))
      expect(store.driver).toBe(name)
      events += opened.isNew ? 2 : 0
      await store.append({ ...opened, events: makeEvents(100, 3) })
      events += 3
      await store.writeSnapshot({ position: String(events), bytes: Uint8Array.of(1, 2) })
      await store.close()
      for (const driver of [...names, 'auto'] as const) {
        const reader = await openSqliteReadOnly(file, { driver })
        expect(lines(await readAll(reader))).toHaveLength(events)
        expect(reader.damage).toEqual([])
        await reader.close()
      }
    }
  })

  it('by default is what the runtime brings, or the package', async () => {
    const store = sqliteStore(file)
    await store.open(HEADER, [])
    expect(store.driver).toBe(sqlite().name)
    if ('bun' in process.versions) expect(store.driver).toBe('bun:sqlite')
    else if (names.includes('better-sqlite3')) expect(store.driver).toBe('better-sqlite3')
    else expect(store.driver).toBe('node:sqlite')
    await store.close()
  })

  it('that is no driver is refused', async () => {
    expectCode(() => sqliteStore(file, wrong({ driver: 'sqlite3' })), 'INVALID_ARGUMENT', 'driver')
    await expectRejection(openSqliteReadOnly(file, wrong({ driver: 'sql' })), 'INVALID_ARGUMENT', 'driver')
    await expectRejection(openSqliteReadOnly(file, wrong({ drivers: 'auto' })), 'UNKNOWN_OPTION', 'drivers')
  })

  it('that does not run here says what it needs, and the whole reason', async () => {
    for (const name of missing) {
      const error = await expectRejection(
        sqliteStore(file, { driver: name }).open(HEADER, []),
        'MISSING_DEPENDENCY',
        name,
      )
      expect(error.message).toMatch(/this is (Node|Bun|Deno) \d/)
      const own = await loadDriver(name).catch((cause) => cause)
      if (!(own instanceof ParetoBanditError && own.cause instanceof AggregateError))
        throw new Error(`expected the reasons, got ${own}`)
      const [reason] = own.cause.errors
      expect(reason).toBeInstanceOf(Error)
      expect(error.message.replaceAll('\\', '/')).toContain(`${name}: `)
      expect(error.message).not.toContain('\n')
    }
  })
})
