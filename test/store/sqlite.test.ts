import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/base/errors.js'
import { EventWriter } from '../../src/events/codec.js'
import type { LoggedEvent } from '../../src/events/events.js'
import { START } from '../../src/log/store.js'
import { ALL_EVENT_TABLE } from '../../src/policy/all-events.js'
import { openSqliteReadOnly, sqliteStore } from '../../src/store/sqlite/index.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { rewardedEvent, routedEvent } from '../support/events.js'
import { describeStore, HEADER, lines, type MakeStore, makeEvents, readAll } from './conformance.js'
import { describeSqlite, edit, Folder, LOADED, query } from './sqlite-support.js'

const CHILD = fileURLToPath(new URL('sqlite-child.mjs', import.meta.url))

let folder: Folder
let file: string
beforeEach(() => {
  folder = new Folder()
  file = folder.file()
})
afterEach(() => folder.remove())

for (const { name, driver, why } of LOADED) {
  if (driver === null) console.warn(`SKIPPED: the SQLite store by ${name}: ${why}`)
  const make: MakeStore = async (options) => {
    const own = new Folder()
    const store = sqliteStore(own.file(), { ...options, driver: name })
    const others = [store]
    return {
      store,
      open: async () => {
        const other = sqliteStore(own.file(), { ...options, driver: name })
        others.push(other)
        return other
      },
      dispose: async () => {
        for (const each of others) await each.close()
        own.remove()
      },
    }
  }
  describeStore(`a store in SQLite by ${name}`, make, driver === null)
}

const writer = new EventWriter(ALL_EVENT_TABLE)
const T0 = 1_700_000_000_000
const settled = (id: string, costUsd: number): LoggedEvent => ({
  type: 'settled',
  at: T0 + 1500,
  id,
  model: 'large',
  costUsd,
  latencyMs: 900,
  logCostRatio: 0,
  logLatency: Math.log(900),
  tokens: null,
  usageFlags: null,
})
const ended = (type: 'failed' | 'expired', id: string): LoggedEvent =>
  type === 'failed'
    ? {
        type,
        at: T0,
        id,
        model: 'large',
        costUsd: 0,
        tokens: null,
        usageFlags: null,
        latencyMs: null,
        retryAfterMs: null,
      }
    : { type, at: T0, id, model: 'large' }

describeSqlite('a file', () => {
  async function makeLog(): Promise<void> {
    const store = sqliteStore(file)
    await store.open(HEADER, makeEvents(1, 3))
    await store.close()
  }

  /** Is refused, to write and to read, and nothing of it or beside it changes. */
  async function expectRefused(code: ErrorCode, pattern: RegExp): Promise<void> {
    const before = readFileSync(file)
    const names = readdirSync(folder.path)
    const error = await expectRejection(
      sqliteStore(file).open(HEADER, makeEvents(1, 1)),
      code,
      `sqlite:${file}`,
    )
    expect(error.message).toMatch(pattern)
    await expectRejection(openSqliteReadOnly(file), code, `sqlite:${file}`)
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(readdirSync(folder.path)).toEqual(names)
  }

  it('that is empty becomes a log', async () => {
    writeFileSync(file, '')
    const store = sqliteStore(file)
    expect((await store.open(HEADER, makeEvents(1, 2))).isNew).toBe(true)
    await store.close()
    expect(readdirSync(folder.path).sort()).toEqual(['log.db', 'log.db-writer'])
  })

  it.each(['no database', 'x'.repeat(5000)])('of another kind is refused (%#)', async (content) => {
    writeFileSync(file, content)
    await expectRefused('STORE_MISMATCH', /expected an SQLite database/)
  })

  it('of another application is refused', async () => {
    edit(file, 'CREATE TABLE accounts (owner)')
    await expectRefused('STORE_MISMATCH', /application_id 0x50426c67\), got 0x0/)
    edit(file, 'PRAGMA application_id = 4711')
    await expectRefused('STORE_MISMATCH', /got 0x1267/)
  })

  it('of a later release is refused by its version', async () => {
    await makeLog()
    edit(file, 'PRAGMA user_version = 99')
    await expectRefused('STORE_MISMATCH', /schema version 1 to 3, got 99: a later release/)
  })

  it('of an earlier release is brought up to date, with all that is in it', async () => {
    await makeLog()
    const store = sqliteStore(file)
    const { end } = await store.open(HEADER, [])
    await store.writeSnapshot({ position: end, bytes: Uint8Array.of(1, 2) })
    await store.close()
    edit(
      file,
      `ALTER TABLE snapshots DROP COLUMN checksum; ALTER TABLE events DROP COLUMN previous; ALTER TABLE events DROP COLUMN checksum; ALTER TABLE meta DROP COLUMN checksum; DELETE FROM meta WHERE key IN ('end', 'notes', 'schema', 'trimmed_position'); DROP TABLE lost_events; PRAGMA user_version = 1`,
    )
    const before = readFileSync(file)
    const reader = await openSqliteReadOnly(file)
    expect(reader).toMatchObject({ header: HEADER, start: START, end: '3', events: 3, damage: [] })
    expect(
      (await reader.latest(3)).flatMap(({ events }) => events).map((bytes) => Buffer.from(bytes)),
    ).toEqual(makeEvents(1, 3).map((bytes) => Buffer.from(bytes)))
    await reader.close()
    // Whoever looks at it leaves it to the release that wrote it.
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(readdirSync(folder.path).sort()).toEqual(['log.db', 'log.db-writer'])
    expect(await store.open(HEADER, [])).toMatchObject({
      isNew: false,
      header: HEADER,
      end: '3',
      repairs: [],
    })
    expect(lines(await readAll(store))).toEqual(
      makeEvents(1, 3).map((bytes, i) => `local ${i + 1} ${Buffer.from(bytes).toString('hex')}`),
    )
    await store.writeSnapshot({ position: end, bytes: Uint8Array.of(3) })
    await store.close()
    expect(query(file, 'PRAGMA user_version')).toEqual([[3]])
  })

  it('that cannot be one is named', async () => {
    await expectRejection(
      sqliteStore(folder.file('none/log.db')).open(HEADER, []),
      'STORE_UNREACHABLE',
      /none/,
    )
    await expectRejection(openSqliteReadOnly(folder.file('none/log.db')), 'STORE_UNREACHABLE')
    mkdirSync(file)
    await expectRejection(sqliteStore(file).open(HEADER, []), 'STORE_MISMATCH')
    writeFileSync(folder.file('plain'), 'x')
    await expectRejection(sqliteStore(folder.file('plain/log.db')).open(HEADER, []), 'STORE_UNREACHABLE')
  })

  it('that may not be written or read is refused', async ({ skip }) => {
    if (process.getuid?.() === undefined) skip('no file modes here')
    if (!mayNobodyRead(CHILD)) skip('a user without rights cannot read this checkout')
    await makeLog()
    const open = (mode: number) => {
      chmodSync(file, mode)
      return asNobody('once', file)
    }
    chmodSync(folder.path, 0o777)
    chmodSync(`${file}-writer`, 0o444)
    expect(open(0o666)).toBe('STORE_READ_ONLY')
    chmodSync(`${file}-writer`, 0o666)
    expect(open(0o444)).toBe('STORE_READ_ONLY')
    expect(open(0o000)).toBe('STORE_READ_ONLY')
    expect(open(0o222)).toBe('STORE_UNREACHABLE')
    chmodSync(folder.path, 0o555)
    expect(open(0o666)).toBe('STORE_UNREACHABLE')
    expect(readdirSync(folder.path).sort()).toEqual(['log.db', 'log.db-writer'])
  })

  it('on a disk that cannot be written is refused, and read', async ({ skip }) => {
    const disk = folder.file('disk')
    await makeLog()
    try {
      mkdirSync(disk)
      execFileSync(
        'sh',
        ['-c', `mount -t tmpfs tmpfs ${disk} && cp ${file} ${disk} && mount -o remount,ro ${disk}`],
        {
          stdio: 'ignore',
        },
      )
    } catch {
      skip('mounting needs root')
    }
    try {
      await expectRejection(sqliteStore(`${disk}/log.db`).open(HEADER, []), 'STORE_READ_ONLY')
      await expectRejection(sqliteStore(`${disk}/new.db`).open(HEADER, []), 'STORE_READ_ONLY')
      const reader = await openSqliteReadOnly(`${disk}/log.db`)
      expect(lines(await readAll(reader))).toHaveLength(3)
      await reader.close()
    } finally {
      execFileSync('umount', [disk])
    }
  })

  it('has one writer, by whatever name', async () => {
    const store = sqliteStore(file)
    await store.open(HEADER, [])
    symlinkSync(file, folder.file('link.db'))
    await expectRejection(sqliteStore(file).open(HEADER, []), 'STORE_LOCKED', `sqlite:${file}`)
    await expectRejection(sqliteStore(folder.file('link.db')).open(HEADER, []), 'STORE_LOCKED', /link/)
    await expectRejection(store.open(HEADER, []), 'STORE_LOCKED')
    const waiting = sqliteStore(file, { lockWaitMs: 10_000 })
    const opening = waiting.open(HEADER, [])
    await store.close()
    await opening
    await waiting.close()
  })

  it('says that this process itself writes it, by whatever name', async () => {
    const store = sqliteStore(file)
    await store.open(HEADER, [])
    symlinkSync(file, folder.file('link.db'))
    for (const second of [sqliteStore(file), sqliteStore(folder.file('link.db'))]) {
      const refused = await expectRejection(second.open(HEADER, []), 'STORE_LOCKED', second.description)
      expect(refused.message).toMatch(/: this process itself, .* keep the router's promise on globalThis$/)
    }
    await store.close()
    await store.open(HEADER, [])
    await store.close()
  })

  it('keeps its locks when others in this process look at it', async () => {
    const store = sqliteStore(file)
    const opened = await store.open(HEADER, makeEvents(1, 3))
    await expectRejection(sqliteStore(file).open(HEADER, []), 'STORE_LOCKED')
    const reader = await openSqliteReadOnly(file)
    await reader.close()
    // The last to close a database moves `-wal` into it and removes it: another program must not think it is that.
    execFileSync(process.execPath, [...process.execArgv, CHILD, 'look', file])
    expect(readdirSync(folder.path)).toContain('log.db-wal')
    await store.append({ ...opened, events: makeEvents(4, 2) })
    await store.close()
    expect(query(file, 'SELECT count(*) FROM events')).toEqual([[5]])
  })

  it('to be read is told from other things likewise', async () => {
    for (const name of [`${file}\0b`, ':memory:', 'file:log.db'])
      await expectRejection(openSqliteReadOnly(name), 'INVALID_ARGUMENT', 'file')
    const odd = folder.file(':memory:')
    await (await sqliteStore(odd).open(HEADER, [])).isNew
    expect(readdirSync(folder.path)).toContain(':memory:')
  })

  it('is opened with options that are known', () => {
    expectCode(() => sqliteStore(''), 'INVALID_ARGUMENT', 'file')
    for (const [name, says] of [
      [`${file}\0b`, /U\+0000/],
      [':memory:', /memoryStore\(\) of paretobandit\/store\/memory/],
      ['file:log.db?mode=memory', /fileURLToPath/],
    ] as const) {
      expect(expectCode(() => sqliteStore(name), 'INVALID_ARGUMENT', 'file').message).toMatch(says)
    }
    expectCode(() => sqliteStore(file, wrong({ durable: true })), 'UNKNOWN_OPTION', 'durable')
    expectCode(() => sqliteStore(file, wrong({ durability: 'ful' })), 'INVALID_ARGUMENT', 'durability')
    expectCode(() => sqliteStore(file, { lockWaitMs: -1 }), 'INVALID_ARGUMENT', 'lockWaitMs')
    expectCode(() => sqliteStore(file, { retainEvents: 0.5 }), 'INVALID_ARGUMENT', 'retainEvents')
  })
})

/** As a user without rights where this process has all. */
function asNobody(...args: string[]): string {
  return execFileSync(process.execPath, [CHILD, ...args], {
    ...rightsOfNobody(),
    cwd: tmpdir(),
    encoding: 'utf8',
  }).trim()
}

function mayNobodyRead(path: string): boolean {
  return spawnSync('test', ['-r', path], { ...rightsOfNobody(), cwd: '/' }).status === 0
}

function rightsOfNobody(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
}

describeSqlite('the tables', () => {
  const append = async (
    batches: LoggedEvent[][],
    settings: Record<string, number> = {},
    snapshot = false,
  ) => {
    const store = sqliteStore(file)
    const opened = await store.open({ version: 1, settings }, [])
    let next = opened.firstNumber
    for (const events of batches) {
      const batch = {
        origin: opened.origin,
        firstNumber: next,
        events: events.map((each) => writer.encode(each)),
      }
      next += events.length
      const position = await store.append(batch)
      if (snapshot) await store.writeSnapshot({ position, bytes: Uint8Array.of(1) })
    }
    await store.close()
  }

  it('tell people what happened', async () => {
    const budget: LoggedEvent = { type: 'budget-set', at: T0 + 3000, tenant: 'acme', usdPerRequest: 0.002 }
    await append([
      [routedEvent('r1', { tenant: 'acme' }), settled('r1', 0.003), rewardedEvent('r1', 0.5), budget],
    ])
    const columns = 'position, time, type, request, model, tenant, usd, reward, latency_ms'
    expect(query(file, `SELECT ${columns} FROM event_log ORDER BY position`)).toEqual([
      [
        1,
        '2023-11-14T22:13:20.000Z',
        'routed',
        'r1',
        'meta-llama/llama-3.1-8b-instruct',
        'acme',
        1e-4,
        null,
        null,
      ],
      [2, '2023-11-14T22:13:21.500Z', 'settled', 'r1', 'large', null, 0.003, null, 900],
      [3, '2023-11-14T22:13:20.001Z', 'rewarded', 'r1', 'large', null, null, 0.5, null],
      [4, '2023-11-14T22:13:23.000Z', 'budget-set', null, null, 'acme', 0.002, null, null],
    ])
  })

  it.each([true, false])('have the requests that wait for feedback (in one batch: %s)', async (isOne) => {
    const events = [
      ...['none', 'cost', 'reward', 'both', 'back', 'failed', 'expired', 'late'].map((id) => routedEvent(id)),
      settled('cost', 1),
      rewardedEvent('reward', 0.25),
      settled('both', 2),
      rewardedEvent('both', 0.5),
      rewardedEvent('back', 0.5),
      settled('back', 2),
      ended('failed', 'failed'),
      ended('expired', 'expired'),
      ended('expired', 'late'),
      settled('late', 3),
      settled('unknown', 4),
    ]
    await append(isOne ? [events] : events.map((event) => [event]))
    expect(
      query(file, 'SELECT request, state, cost_usd, reward, reserved_usd FROM pending ORDER BY position'),
    ).toEqual([
      ['none', 'routed', null, null, 1e-4],
      ['cost', 'settled', 1, null, 1e-4],
      ['reward', 'rewarded', null, 0.25, 1e-4],
      ['expired', 'expired', null, null, 1e-4],
      ['late', 'settled', 3, null, 1e-4],
    ])
    expect(query(file, 'SELECT routed, request FROM waiting LIMIT 1')).toEqual([
      ['2023-11-14T22:13:20.000Z', expect.any(String)],
    ])
  })

  it('forget requests that are too old or too many when a snapshot is written', async () => {
    const at = [0, 100, 5000, 6000].map((ms, i) => [routedEvent(`r${i}`, { at: T0 + ms })])
    await append(at, { pendingTtlMs: 5900 }, true)
    expect(query(file, 'SELECT request FROM pending ORDER BY position')).toEqual(
      ['r1', 'r2', 'r3'].map((request) => [request]),
    )
    folder.remove()
    folder = new Folder()
    file = folder.file()
    await append(at, { pendingCapacity: 2 }, true)
    expect(query(file, 'SELECT request FROM pending ORDER BY position')).toEqual(
      ['r2', 'r3'].map((request) => [request]),
    )
  })

  it('do not count a batch twice that came twice', async () => {
    const store = sqliteStore(file)
    const opened = await store.open(HEADER, [])
    const events = [routedEvent('r1'), settled('r1', 1), rewardedEvent('r1', 1), routedEvent('r2')]
    const batches = events.map((each, i) => ({
      origin: opened.origin,
      firstNumber: opened.firstNumber + i,
      events: [writer.encode(each)],
    }))
    for (const batch of [...batches, batches[0], batches[3]]) await store.append(batch)
    await store.close()
    expect(query(file, 'SELECT request FROM pending')).toEqual([['r2']])
  })
})
