import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { START, type Store } from '../../src/log/store.js'
import { firstValue, SqliteError } from '../../src/store/sqlite/drivers/database.js'
import { openSqliteReadOnly, sqliteStore } from '../../src/store/sqlite/index.js'
import { SqliteLog } from '../../src/store/sqlite/log.js'
import { packEvents } from '../../src/store/sqlite/packing.js'
import { sqliteStoreWith } from '../../src/store/sqlite/sqlite-store.js'
import { expectRejection } from '../support/errors.js'
import { HEADER, hex, lines, makeEvents, readAll } from './conformance.js'
import {
  copyLog,
  describeSqlite,
  edit,
  Folder,
  NO_EVENTS,
  openDatabase,
  query,
  settingsOf,
  sqlite,
} from './sqlite-support.js'

let folder: Folder
let file: string
beforeEach(() => {
  folder = new Folder()
  file = folder.file()
})
afterEach(() => folder.remove())

/** A closed log of events 1 to `count`, its snapshots at these positions. */
async function makeLog(count: number, snapshots: readonly number[], retainEvents = 1_000_000): Promise<void> {
  const store = sqliteStore(file, { retainEvents })
  const opened = await store.open(HEADER, [])
  await store.append({ ...opened, events: makeEvents(1, count) })
  for (const at of snapshots)
    await store.writeSnapshot({ position: String(at), bytes: new Uint8Array(50).fill(at) })
  await store.close()
}

async function reopen(check: (store: Store) => Promise<void>, wanted: object): Promise<void> {
  const store = sqliteStore(file)
  expect(await store.open(HEADER, [])).toMatchObject(wanted)
  await check(store)
  await store.close()
}

const eventsOf = async (store: Store, after = START) =>
  (await readAll(store, after)).flatMap(({ events }) => events.map(hex))

function flipEvent(position: number, at: number): void {
  const db = openDatabase(file)
  const bytes = firstValue(db, 'SELECT bytes FROM events WHERE position = ?', position)
  if (!(bytes instanceof Uint8Array)) throw new Error(`expected an event at position ${position}`)
  bytes[at % bytes.length] ^= 0x10
  db.prepare('UPDATE events SET bytes = ? WHERE position = ?').run(bytes, position)
  db.close()
}

describeSqlite('a torn write', () => {
  it('leaves exactly the batches before it, wherever it ends', () => {
    const copy = folder.file('copy.db')
    // Of the smallest pages there are: many ends of frames in few bytes.
    SqliteLog.open(sqlite(), settingsOf(file), HEADER, packEvents(makeEvents(1, 3))).close()
    edit(file, 'PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM')
    const log = SqliteLog.open(sqlite(), settingsOf(file), HEADER, NO_EVENTS)
    log.append('local', 4, packEvents(makeEvents(4, 20)))
    const before = statSync(`${file}-wal`).size
    log.append('local', 24, packEvents(makeEvents(24, 7)))
    const after = statSync(`${file}-wal`).size
    // Frames are a page and 24 bytes.
    expect((after - before) / (512 + 24)).toBeGreaterThan(5)
    const seen: number[] = []
    for (let bytes = before; bytes <= after; bytes++) {
      copyLog(file, copy, ['', '-wal'])
      truncateSync(`${copy}-wal`, bytes)
      const torn = SqliteLog.open(sqlite(), settingsOf(copy), HEADER, NO_EVENTS)
      expect(torn.opened.repairs).toEqual([])
      const end = bytes === after ? 30 : 23
      if (torn.opened.end !== end) seen.push(bytes)
      if (bytes % 97 === 0 || bytes === after) {
        const { batches } = torn.read(0)
        expect(batches).toEqual([{ origin: 'local', firstNumber: 1, count: end, position: end }])
      }
      torn.close()
    }
    expect(seen).toEqual([])
    log.close()
  })

  it('of the first one leaves a log to be made', () => {
    const db = openDatabase(file)
    // Spilled pages make a file and a journal that rolls it back.
    db.exec('PRAGMA cache_size = 1')
    db.exec('BEGIN; CREATE TABLE half (x)')
    const insert = db.prepare('INSERT INTO half VALUES (zeroblob(3000))')
    for (let i = 0; i < 100; i++) insert.run()
    const copy = folder.file('copy.db')
    copyLog(file, copy)
    db.exec('ROLLBACK')
    db.close()
    expect(statSync(copy).size).toBeGreaterThan(0)
    const log = SqliteLog.open(sqlite(), settingsOf(copy), HEADER, packEvents(makeEvents(1, 2)))
    expect(log.opened).toMatchObject({ isNew: true, end: 2 })
    log.close()
  })
})

describeSqlite('damaged events', () => {
  it.each([0, 1, 2, 9, 20, 30, -1])('are cut off with all after them, byte %i', async (at) => {
    await makeLog(30, [10])
    flipEvent(21, at < 0 ? 1e6 : at)
    const reader = await openSqliteReadOnly(file)
    expect(reader.damage).toEqual([
      expect.stringMatching(/position 21 .*would be cut off, 10 events, .*21 to 30/),
    ])
    expect(reader.end).toBe('30')
    await reader.close()
    const wanted = {
      end: '20',
      firstNumber: 31,
      repairs: [expect.stringMatching(/position 21 .*lost_events/)],
    }
    await reopen(async (store) => {
      expect(await eventsOf(store)).toEqual(makeEvents(1, 20).map(hex))
      // Positions and numbers that were in use are not used again.
      const position = await store.append({ origin: 'local', firstNumber: 31, events: makeEvents(31, 1) })
      expect(position).toBe('31')
      expect(await eventsOf(store, '20')).toEqual(makeEvents(31, 1).map(hex))
    }, wanted)
    expect(query(file, 'SELECT min(position), max(number), count(*) FROM lost_events')).toEqual([
      [21, 30, 10],
    ])
    expect(query(file, 'SELECT request FROM pending ORDER BY position')).toHaveLength(4)
    await reopen(async (store) => expect(await eventsOf(store)).toHaveLength(21), {
      repairs: [],
      end: '31',
      firstNumber: 32,
    })
  })

  it('that a snapshot covers cut nothing off', async () => {
    await makeLog(30, [10, 25])
    flipEvent(21, 12)
    await reopen(async (store) => expect(await eventsOf(store)).toHaveLength(30), { repairs: [], end: '30' })
  })

  it('on the disk itself are found', async () => {
    await makeLog(30, [])
    const bytes = readFileSync(file)
    // Pages that were split hold remains.
    const event = Buffer.from(makeEvents(17, 1)[0])
    for (let at = bytes.indexOf(event); at >= 0; at = bytes.indexOf(event)) bytes[at + 15] ^= 1
    writeFileSync(file, bytes)
    await reopen(async () => {}, { end: '16', firstNumber: 31 })
  })

  it.each([
    ['a row is gone', 'DELETE FROM events WHERE position = 21', 22],
    ['a number is another', 'UPDATE events SET number = number + 4096 WHERE position = 21', 21],
    ['an origin is another', "UPDATE events SET origin = 'mocal' WHERE position = 21", 21],
    ['a position is another', 'UPDATE events SET position = 4117 WHERE position = 21', 22],
    [
      'two rows have changed places',
      'UPDATE events SET position = -position WHERE position IN (21, 22); UPDATE events SET position = 43 + position WHERE position < 0',
      21,
    ],
    ['the first is gone', 'DELETE FROM events WHERE position = 1', 2],
  ])('are found where bytes are whole: %s', async (_, sql, from) => {
    await makeLog(30, [])
    edit(file, sql)
    const reader = await openSqliteReadOnly(file)
    expect(reader.damage).toEqual([
      expect.stringContaining(`position ${from} is damaged, or the one before it`),
    ])
    await reader.close()
    await reopen(
      async (store) => {
        const kept = Array.from({ length: from - 1 }, (_, i) => i + 1).filter(
          (at) => !(from === 22 && at === 21),
        )
        const wanted = from === 2 ? [] : makeEvents(1, kept.length).map(hex)
        expect(await eventsOf(store)).toEqual(wanted)
      },
      { repairs: [expect.stringContaining(`position ${from} is damaged`)] },
    )
    await reopen(async () => {}, { repairs: [] })
  })

  it.each(["'x'", '4611686018427387904', '-1', 'NULL || 1', "x'00'"])(
    'give no number and no position away again, whatever they say: %s',
    async (number) => {
      await makeLog(30, [])
      edit(
        file,
        `UPDATE events SET number = coalesce(${number}, 0) WHERE position = 21; UPDATE events SET position = 1 << 60 WHERE position = 25`,
      )
      await reopen(
        async (store) => {
          const position = await store.append({ origin: 'local', firstNumber: 31, events: makeEvents(31, 1) })
          expect(position).toBe('31')
        },
        { firstNumber: 31, end: '20', repairs: [expect.stringContaining('position 21')] },
      )
      await reopen(async () => {}, { firstNumber: 32, end: '31', repairs: [] })
    },
  )

  it('are told where the latest are gone', async () => {
    await makeLog(30, [])
    edit(file, 'DELETE FROM events WHERE position > 27')
    await reopen(
      async (store) => {
        expect(await eventsOf(store)).toHaveLength(27)
        await store.append({ origin: 'local', firstNumber: 31, events: makeEvents(31, 2) })
      },
      { repairs: [expect.stringMatching(/latest events, up to position 30, are gone/)], firstNumber: 31 },
    )
    await reopen(async (store) => expect(await eventsOf(store)).toHaveLength(29), { repairs: [], end: '32' })
  })

  it('are not reported where events were dropped or given up', async () => {
    await makeLog(30, [10, 25], 3)
    await reopen(async () => {}, { repairs: [] })
    flipEvent(28, 12)
    await reopen(
      async (store) => {
        await store.append({ origin: 'local', firstNumber: 31, events: makeEvents(31, 2) })
      },
      { end: '27' },
    )
    await reopen(async () => {}, { repairs: [], end: '32' })
  })

  it('of a later release are refused, not cut off', async () => {
    await makeLog(5, [])
    const { crc32 } = await import('../../src/base/checksum.js')
    const bytes = Buffer.from(makeEvents(6, 1)[0])
    bytes[0] = 9
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
    edit(file, 'UPDATE events SET bytes = ? WHERE position = 5', bytes)
    const before = readFileSync(file)
    const error = await expectRejection(sqliteStore(file).open(HEADER, []), 'STORE_MISMATCH')
    expect(error.message).toMatch(/up to 2, got 9 at position 5/)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('are refused before they are written', async () => {
    await reopen(
      async (store) => {
        const events = [...makeEvents(1, 3), Uint8Array.of(1, 2, 3)]
        await expectRejection(store.append({ origin: 'local', firstNumber: 1, events }), 'LOG_CORRUPT')
        expect(await store.read(START, 0)).toEqual([])
      },
      { isNew: true },
    )
  })
})

describeSqlite('a damaged snapshot', () => {
  const damage = (position: number) =>
    edit(file, 'UPDATE snapshots SET bytes = zeroblob(50) WHERE position = ?', position)

  it('gives way to the one before', async () => {
    await makeLog(30, [10, 25])
    damage(25)
    await reopen(
      async (store) => {
        const kept = []
        for await (const { position } of store.snapshots()) kept.push(position)
        expect(kept).toEqual(['10'])
      },
      { repairs: [expect.stringMatching(/snapshot at position 25 is damaged/)], end: '30' },
    )
  })

  it('is one at another position, too', async () => {
    await makeLog(30, [10, 25])
    edit(file, 'UPDATE snapshots SET position = 29 WHERE position = 25')
    await reopen(async () => {}, { repairs: [expect.stringMatching(/snapshot at position 29 is damaged/)] })
  })

  it('has the events after the one before checked', async () => {
    await makeLog(30, [10, 25])
    damage(25)
    flipEvent(21, 12)
    await reopen(async () => {}, { end: '20' })
  })

  it('of which nothing is left to recover from is refused', async () => {
    await makeLog(30, [10, 25], 0)
    for (const position of [10, 25]) damage(position)
    const before = readFileSync(file)
    await expectRejection(sqliteStore(file).open(HEADER, []), 'STORE_CORRUPT', `sqlite:${file}`)
    expect(readFileSync(file).equals(before)).toBe(true)
  })
})

describeSqlite('a damaged database', () => {
  it('is refused and left as it is', async () => {
    await makeLog(300, [])
    const bytes = readFileSync(file)
    bytes.fill(0xa5, 4096)
    writeFileSync(file, bytes)
    await expectRejection(sqliteStore(file).open(HEADER, []), 'STORE_CORRUPT', `sqlite:${file}`)
    await expectRejection(openSqliteReadOnly(file), 'STORE_CORRUPT', `sqlite:${file}`)
    expect(readFileSync(file).equals(bytes)).toBe(true)
  })
})

/** Appends until there is no room, makes room, and goes on. */
async function fill(store: Store, makeRoom: () => Promise<Store>): Promise<void> {
  const opened = await store.open(HEADER, [])
  const wanted: string[] = []
  let next = opened.firstNumber
  for (;;) {
    const batch = { origin: opened.origin, firstNumber: next, events: makeEvents(next, 100) }
    const outcome = await store.append(batch).catch((error: unknown) => error)
    if (typeof outcome !== 'string') {
      await expectRejection(Promise.reject(outcome), 'STORE_FULL', store.description)
      expect(lines(await readAll(store))).toEqual(wanted)
      const roomy = await makeRoom()
      await roomy.append(batch)
      expect(lines(await readAll(roomy))).toEqual([...wanted, ...lines([batch])])
      await roomy.close()
      break
    }
    wanted.push(...lines([batch]))
    next += 100
    if (next > 100_000) throw new Error('expected it to be full by now')
  }
  expect(wanted.length).toBeGreaterThan(0)
}

describeSqlite('a full disk', () => {
  it('takes nothing of a batch, and all of it once there is room', async () => {
    const store = sqliteStoreWith(file, {}, { pageCountMax: 100 })
    await fill(store, async () => {
      await store.close()
      const roomy = sqliteStore(file)
      // Numbers that were refused may be out: a gap as after a crash.
      expect((await roomy.open(HEADER, [])).firstNumber).toBeGreaterThan(60_000)
      return roomy
    })
  })

  it.each([
    ['its last words', 'COMMIT'],
    ['the end of its -wal', 'PRAGMA journal_mode = DELETE'],
  ])(
    'that has no room for %s is no loss: the log closes, and has all that was acknowledged',
    (_, refused) => {
      const driver = sqlite()
      let isFull = false
      const filling: typeof driver = {
        ...driver,
        open: (...args) => {
          const db = driver.open(...args)
          const exec = db.exec.bind(db)
          db.exec = (sql) => {
            if (isFull && sql === refused)
              throw new SqliteError('SQLITE_FULL', 'database or disk is full', null)
            exec(sql)
          }
          return db
        },
      }
      const log = SqliteLog.open(filling, settingsOf(file), HEADER, packEvents(makeEvents(1, 3)))
      log.append('r', 4, packEvents(makeEvents(4, 2)))
      isFull = true
      log.close()
      isFull = false
      const again = SqliteLog.open(driver, settingsOf(file), HEADER, NO_EVENTS)
      expect([again.opened.end, again.opened.repairs]).toEqual([5, []])
      again.close()
    },
  )

  it('of real blocks does so too', async ({ skip }) => {
    const disk = folder.file('disk')
    try {
      execFileSync('sh', ['-c', `mkdir ${disk} && mount -t tmpfs -o size=3m tmpfs ${disk}`], {
        stdio: 'ignore',
      })
    } catch {
      skip('mounting a small disk needs root')
    }
    try {
      writeFileSync(`${disk}/ballast`, Buffer.alloc(1024 * 1024))
      const store = sqliteStore(`${disk}/log.db`)
      await fill(store, async () => {
        const big = new Uint8Array(4 * 1024 * 1024)
        await expectRejection(store.writeSnapshot({ position: '100', bytes: big }), 'STORE_FULL')
        rmSync(`${disk}/ballast`)
        return store
      })
      file = `${disk}/log.db`
      await reopen(async (again) => expect((await eventsOf(again)).length % 100).toBe(0), { repairs: [] })
    } finally {
      execFileSync('umount', [disk])
    }
  })
})
