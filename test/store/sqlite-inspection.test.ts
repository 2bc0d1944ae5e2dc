import { renameSync, statSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import type { SqliteDatabase, SqliteDriver } from '../../src/store/sqlite/drivers/database.js'
import { Inspection } from '../../src/store/sqlite/inspection.js'
import { SqliteLog } from '../../src/store/sqlite/log.js'
import { Meta } from '../../src/store/sqlite/meta.js'
import { packEvents } from '../../src/store/sqlite/packing.js'
import { makeEvents } from './conformance.js'
import {
  describeSqlite,
  Folder,
  HEADER,
  NO_EVENTS,
  openDatabase,
  settingsOf,
  sqlite,
} from './sqlite-support.js'

/** A driver whose reader sees somebody write after each of its statements that reads all of a table. */
function disturbed(write: () => void): SqliteDriver {
  const driver = sqlite()
  const open: SqliteDriver['open'] = (file, options) => {
    const db = driver.open(file, options)
    const prepare: SqliteDatabase['prepare'] = (sql) => {
      const statement = db.prepare(sql)
      return {
        run: (...values) => statement.run(...values),
        first: (...values) => statement.first(...values),
        rows: (...values) => statement.rows(...values),
        all: (...values) => {
          const rows = statement.all(...values)
          write()
          return rows
        },
      }
    }
    return { prepare, exec: (sql) => db.exec(sql), rollBack: () => db.rollBack(), close: () => db.close() }
  }
  return { name: driver.name, open }
}

describeSqlite('a log that is read while another process writes', () => {
  const folder = new Folder()
  afterAll(() => folder.remove())

  it('is not taken for damaged', () => {
    const file = folder.file()
    const log = SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS)
    const writer = openDatabase(file)
    let writes = 0
    const driver = disturbed(() => new Meta(writer).set('last_number', ++writes))
    const reader = Inspection.open(driver, file, 'log')
    expect(writes).toBeGreaterThan(0)
    expect(reader.opened.end).toBe(0)
    for (const each of [reader, writer, log]) each.close()
  })
  it('is whole in the file itself when its writer closes: it may be moved alone, and another begun in its place', () => {
    const file = folder.file('kept.db')
    const log = SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS)
    log.append('a', 1, packEvents(makeEvents(1, 1)))
    const reader = Inspection.open(sqlite(), file, 'log')
    log.close()
    expect(statSync(`${file}-wal`).size).toBe(0)
    renameSync(file, `${file}.old`)
    const next = SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS)
    expect(next.opened).toMatchObject({ isNew: true, end: 0 })
    next.append('b', 1, packEvents(makeEvents(1, 2)))
    next.close()
    reader.close()
    for (const [name, end] of [
      [file, 2],
      [`${file}.old`, 1],
    ] as const) {
      const seen = Inspection.open(sqlite(), name, 'log')
      expect(seen.opened).toMatchObject({ end, repairs: [] })
      seen.close()
    }
  })

  it('closes in time where a read does not end', () => {
    const file = folder.file('read.db')
    const log = SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS)
    const reader = openDatabase(file, true)
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM events').first()
    log.append('a', 1, packEvents(makeEvents(1, 1)))
    log.close()
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0)
    reader.exec('COMMIT')
    reader.close()
    const again = SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS)
    expect(again.opened).toMatchObject({ isNew: false, end: 1, repairs: [] })
    again.close()
  })
})
