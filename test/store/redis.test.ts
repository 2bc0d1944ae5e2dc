import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { decodeEvent, EventWriter } from '../../src/events/codec.js'
import type { Batch, LogHeader, OpenedLog, PlacedBatch, Position, Store } from '../../src/log/store.js'
import { START } from '../../src/log/store.js'
import { ALL_EVENT_TABLE } from '../../src/policy/all-events.js'
import { importRedis } from '../../src/store/redis/client.js'
import { type RedisStoreOptions, redisStore } from '../../src/store/redis/index.js'
import { openRedisReadOnly } from '../../src/store/redis/read-only.js'
import { checkInfo } from '../../src/store/redis/server-check.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { rewardedEvent } from '../support/events.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'

const HEADER: LogHeader = { version: 1, settings: { dimension: 26, policy: 'dollar' } }
const writer = new EventWriter(ALL_EVENT_TABLE)
const SEED = [event('seed', 0)]

function event(id: string, reward: number): Uint8Array {
  return writer.encode(rewardedEvent(id, reward))
}

function batchOf(log: OpenedLog, firstNumber: number, count: number): Batch {
  const events = Array.from({ length: count }, (_, i) => event(`${log.origin}.${firstNumber + i}`, 0.5))
  return { origin: log.origin, firstNumber, events }
}

/** Every event after a position as `origin/number`, with the position of the last. */
async function readAll(store: Store, after: Position = START): Promise<{ ids: string[]; end: Position }> {
  const ids: string[] = []
  let end = after
  for (;;) {
    const batches: readonly PlacedBatch[] = await store.read(end, 0)
    if (batches.length === 0) return { ids, end }
    for (const { origin, firstNumber, events, position } of batches) {
      for (let i = 0; i < events.length; i++) {
        decodeEvent(events[i], ALL_EVENT_TABLE)
        ids.push(`${origin}/${firstNumber + i}`)
      }
      end = position
    }
  }
}

async function until(condition: () => Promise<boolean>, ms = 15_000): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come about')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Tries an append again until the store has it, as a router does. */
async function appendUntilDone(store: Store, batch: Batch): Promise<number> {
  let tries = 0
  await until(async () => {
    tries++
    try {
      await store.append(batch)
      return true
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'STORE_UNREACHABLE') return false
      throw error
    }
  })
  return tries
}

describe('what needs no server', () => {
  it('checks options, and repeats no password', () => {
    for (const url of [
      'http://localhost',
      'redis://localhost/two',
      'redis:',
      'redis://',
      '',
      'user:secret@host',
    ]) {
      const error = expectCode(() => redisStore({ url }), 'INVALID_ARGUMENT', 'url')
      expect(error.message).not.toContain('secret')
    }
    const url = 'redis://me:secret@host:1/2'
    expect(redisStore({ url }).description).toBe('redis://me@host:1/2 stream paretobandit')
    expect(redisStore({ url: 'unix://me:secret@/run/redis.sock' }).description).toBe(
      'unix:///run/redis.sock stream paretobandit',
    )
    expectCode(() => redisStore({ url, stream: 'a}b' }), 'INVALID_ARGUMENT', 'stream')
    expectCode(() => redisStore({ url, name: 'a.b' }), 'INVALID_ARGUMENT', 'name')
    expectCode(() => redisStore({ url, retainEvents: -1 }), 'INVALID_ARGUMENT', 'retainEvents')
    expectCode(() => redisStore({ url, ...{ strem: 'x' } }), 'UNKNOWN_OPTION', 'strem')
  })

  it('refuses a server before 7', () => {
    const error = expectCode(() => checkInfo('redis_version:6.2.14\r\n', 'here'), 'STORE_MISMATCH', 'here')
    expect(error.message).toContain('6.2.14')
    checkInfo('# Server\r\nredis_version:7.0.15\r\n', 'here')
    checkInfo('redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n', 'here')
    expectCode(() => checkInfo('', 'here'), 'STORE_MISMATCH')
  })

  it('names a server that is not there, and is not open before', async () => {
    const store = redisStore({ url: 'redis://me:secret@127.0.0.1:1' })
    await expectRejection(store.read(START, 0), 'STORE_CLOSED')
    await expectRejection(Promise.resolve(store.leases?.processes()), 'STORE_CLOSED')
    const error = await expectRejection(store.open(HEADER, SEED), 'STORE_UNREACHABLE', /127\.0\.0\.1:1/)
    expect(error.message).not.toContain('secret')
    await store.close()
  })

  it('names a package that is not installed', async () => {
    await expectRejection(
      importRedis('redis-that-is-not-there'),
      'MISSING_DEPENDENCY',
      'redis-that-is-not-there',
    )
    const broken = new Error('broken')
    const store = redisStore({ url: 'redis://localhost', load: () => Promise.reject(broken) })
    await expect(store.open(HEADER, SEED)).rejects.toBe(broken)
  })
})

describe.skipIf(!hasRedis)('a log in Redis', () => {
  let server: RedisServer
  let streams = 0
  const stores: Store[] = []

  function make(options: Partial<RedisStoreOptions> = {}) {
    const store = redisStore({ url: server.url, stream: `test${streams}`, timeoutMs: 2000, ...options })
    stores.push(store)
    return store
  }

  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
    streams++
  })
  afterAll(() => server.stop())

  it('gets one seed when many open it together, and origins that differ', async () => {
    const opened = await Promise.all(
      Array.from({ length: 8 }, () => make()).map((store) => store.open(HEADER, SEED)),
    )
    expect(opened.filter(({ isNew }) => isNew)).toHaveLength(1)
    expect(new Set(opened.map(({ origin }) => origin)).size).toBe(8)
    for (const { origin, end, header } of opened) {
      expect(origin).toMatch(/^r-[0-9a-z]{7,8}$/)
      expect(end).toBe(opened[0].end)
      expect(header).toEqual(HEADER)
    }
    expect((await readAll(stores[3])).ids).toEqual(['seed/1'])
    expect(await stores[0].leases?.processes()).toBe(8)
    await stores[1].close()
    expect(await stores[0].leases?.processes()).toBe(7)
  })

  it('may have no seed', async () => {
    const store = make()
    const log = await store.open(HEADER, [])
    expect(log).toMatchObject({ isNew: true, end: START, firstNumber: 1, repairs: [] })
    expect(await make().open(HEADER, SEED)).toMatchObject({ isNew: false, end: START })
    expect(await store.read(START, 0)).toEqual([])
    const position = await store.append(batchOf(log, 1, 2))
    expect(await readAll(store)).toEqual({ ids: [`${log.origin}/1`, `${log.origin}/2`], end: position })
  })

  it('has one order for all, whoever appends', async () => {
    const [a, b] = [make(), make()]
    const [logA, logB] = [await a.open(HEADER, SEED), await b.open(HEADER, SEED)]
    const run = async (store: Store, log: OpenedLog) => {
      for (let i = 0; i < 50; i++) await store.append(batchOf(log, 1 + 3 * i, 3))
    }
    await Promise.all([run(a, logA), run(b, logB)])
    const [seenA, seenB] = [await readAll(a), await readAll(b)]
    expect(seenA).toEqual(seenB)
    expect(seenA.ids).toHaveLength(301)
    for (const { origin } of [logA, logB]) {
      const own = seenA.ids.filter((id) => id.startsWith(`${origin}/`))
      expect(own).toEqual(Array.from({ length: 150 }, (_, i) => `${origin}/${i + 1}`))
    }
  })

  it('cuts what is larger than a megabyte, and keeps it together', async () => {
    const store = make()
    const log = await store.open(HEADER, SEED)
    const sizes = [400_000, 400_000, 400_000, 2_500_000, 0, 10]
    const events = sizes.map((size, i) => new Uint8Array(size).fill(i))
    const position = await store.append({ origin: log.origin, firstNumber: 1, events })
    const batches = await store.read(log.end, 0)
    expect(batches.map(({ events: { length } }) => length)).toEqual([2, 1, 1, 2])
    expect(batches.map(({ firstNumber }) => firstNumber)).toEqual([1, 3, 4, 5])
    expect(batches[3].position).toBe(position)
    expect(batches.flatMap((batch) => batch.events).map((bytes) => bytes.length)).toEqual(sizes)
    expect(Buffer.compare(batches[2].events[0], events[3])).toBe(0)
  })

  it('wakes a reader that waits', async () => {
    const [a, b] = [make(), make()]
    const [logA] = [await a.open(HEADER, SEED), await b.open(HEADER, SEED)]
    expect(await b.read(logA.end, 50)).toEqual([])
    const before = performance.now()
    const reading = b.read(logA.end, 10_000)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await a.append(batchOf(logA, 1, 1))
    expect(await reading).toHaveLength(1)
    expect(performance.now() - before).toBeLessThan(5000)
    const interrupted = expectRejection(b.read('9'.repeat(13), 10_000), 'STORE_CLOSED')
    await new Promise((resolve) => setTimeout(resolve, 50))
    await b.close()
    await interrupted
  })

  it('lets one process at a time claim a task', async () => {
    const [a, b] = [make(), make()]
    await a.open(HEADER, SEED)
    await b.open(HEADER, SEED)
    const claims = await Promise.all([a.claim('snapshot', 200), b.claim('snapshot', 200)])
    expect(claims.filter(Boolean)).toHaveLength(1)
    expect(await a.claim('other', 200)).toBe(true)
    await until(() => b.claim('snapshot', 1000))
  })

  describe('snapshots', () => {
    const read = async (store: Store) => {
      const found: [Position, number][] = []
      for await (const { position, bytes } of store.snapshots()) found.push([position, bytes.length])
      return found
    }

    it('are kept, the latest two, and never go back', async () => {
      const store = make()
      const log = await store.open(HEADER, SEED)
      expect(await read(store)).toEqual([])
      const positions: Position[] = []
      for (let i = 0; i < 4; i++) positions.push(await store.append(batchOf(log, 1 + 10 * i, 10)))
      for (const i of [0, 2, 1, 3, 3]) {
        await store.writeSnapshot({ position: positions[i], bytes: new Uint8Array(1000 + i) })
      }
      expect(await read(store)).toEqual([
        [positions[3], 1003],
        [positions[2], 1002],
      ])
      await store.writeSnapshot({ position: positions[3], bytes: new Uint8Array(7) })
      expect(await read(store)).toEqual([
        [positions[3], 7],
        [positions[2], 1002],
      ])
      const keys = (await server.command('KEYS', `{test${streams}}:snapshot:*`)) as string[]
      expect(keys).toHaveLength(2)
      const ahead = { position: '9999999999999-0', bytes: new Uint8Array(1) }
      await expectRejection(store.writeSnapshot(ahead), 'STORE_CORRUPT')
      expect(await read(store)).toHaveLength(2)
      expect((await readAll(store)).ids).toHaveLength(41)
    })

    it('are told from what stands at another position', async () => {
      const store = make()
      const log = await store.open(HEADER, SEED)
      const positions: Position[] = []
      for (let i = 0; i < 3; i++) positions.push(await store.append(batchOf(log, 1 + 10 * i, 10)))
      for (const i of [0, 1]) await store.writeSnapshot({ position: positions[i], bytes: new Uint8Array(90) })
      const latest = `{test${streams}}:snapshot:latest`
      await server.command('HSET', latest, 'position', positions[2])
      expect(await read(store)).toEqual([
        [positions[2], 0],
        [positions[0], 90],
      ])
      await server.command('HDEL', latest, 'mark')
      expect((await read(store))[0]).toEqual([positions[2], 90])
    })

    it('have what they cover trimmed, but for the events to retain', async () => {
      for (const [retainEvents, left] of [
        [0, 50],
        [65, 70],
        [70, 70],
        [1000, 101],
      ]) {
        const store = make({ stream: `trim${retainEvents}`, retainEvents })
        const log = await store.open(HEADER, SEED)
        const positions: Position[] = []
        for (let i = 0; i < 10; i++) {
          positions.push(await store.append(batchOf(log, 1 + 10 * i, 10)))
          await new Promise((resolve) => setTimeout(resolve, 3))
        }
        await store.writeSnapshot({ position: positions[4], bytes: new Uint8Array(1) })
        expect((await readAll(store)).ids).toHaveLength(101)
        await store.writeSnapshot({ position: positions[9], bytes: new Uint8Array(1) })
        const start = left === 101 ? START : positions[9 - left / 10]
        expect((await readAll(store, start)).ids).toHaveLength(left)
        if (left === 101) continue
        await expectRejection(store.read(START, 0), 'LOG_TRIMMED')
        await expectRejection(store.read(positions[8 - left / 10], 0), 'LOG_TRIMMED')
      }
    })

    it('may be tens of megabytes', async () => {
      const store = make()
      const log = await store.open(HEADER, SEED)
      await store.writeSnapshot({ position: log.end, bytes: new Uint8Array(30e6).fill(7) })
      for await (const { bytes } of store.snapshots()) {
        expect(bytes.length).toBe(30e6)
        expect(bytes[29_999_999]).toBe(7)
      }
    })
  })

  it('tells a reader that the log was trimmed under it, whatever the moment', async () => {
    const writing = make({ retainEvents: 0 })
    const log = await writing.open(HEADER, SEED)
    const readers = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const store = make()
        await store.open(HEADER, SEED)
        return store
      }),
    )
    let isDone = false
    let written = 0
    const outcomes = readers.map(async (store) => {
      let trimmed = 0
      let end = START
      let next = 1
      for (;;) {
        try {
          const batches = await store.read(end, 0)
          for (const { origin, firstNumber, events, position } of batches) {
            // A gap that nothing reported.
            if (origin === log.origin) expect(firstNumber).toBe(next)
            if (origin === log.origin) next = firstNumber + events.length
            end = position
          }
          if (batches.length === 0 && isDone) return { trimmed, next }
          // Falls behind now and then, by more than the two snapshots that the log keeps.
          const from = written
          while (next % 7 === 0 && !isDone && written < from + 3)
            await new Promise((resolve) => setTimeout(resolve, 1))
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'LOG_TRIMMED')) throw error
          trimmed++
          for await (const { position, bytes } of store.snapshots()) {
            end = position
            next = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0)
            break
          }
        }
      }
    })
    for (let i = 0; i < 300; i++) {
      const position = await writing.append(batchOf(log, 1 + 3 * i, 3))
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleBE(4 + 3 * i)
      await writing.writeSnapshot({ position, bytes })
      written++
    }
    isDone = true
    const seen = await Promise.all(outcomes)
    expect(seen.map(({ next }) => next)).toEqual([901, 901, 901, 901])
    expect(seen.reduce((sum, { trimmed }) => sum + trimmed, 0)).toBeGreaterThan(0)
  })

  describe('tells of entries that somebody else deleted', () => {
    /** Six entries of two events after the seed; snapshots after these. */
    async function makeLog(snapshots: readonly number[]): Promise<readonly Position[]> {
      const store = make({ retainEvents: 0 })
      const log = await store.open(HEADER, SEED)
      const positions = [log.end]
      for (let i = 0; i < 6; i++) positions.push(await store.append(batchOf(log, 1 + 2 * i, 2)))
      for (const at of snapshots)
        await store.writeSnapshot({ position: positions[at], bytes: Uint8Array.of(at) })
      return positions
    }
    const events = () => `{test${streams}}:events`

    it.each([
      ['the first, before any snapshot', [], (at: readonly Position[]) => ['XDEL', events(), at[0]], 0],
      ['all but two, before any snapshot', [], () => ['XTRIM', events(), 'MAXLEN', '2'], 0],
      ['one in the middle', [], (at: readonly Position[]) => ['XDEL', events(), at[3]], 0],
      ['the one after a snapshot', [3], (at: readonly Position[]) => ['XDEL', events(), at[4]], 3],
      ['the snapshot and beyond', [3], () => ['XTRIM', events(), 'MAXLEN', '1'], 3],
      [
        'the one after what was trimmed',
        [2, 3],
        (at: readonly Position[]) => ['XDEL', events(), at[3], at[4]],
        2,
      ],
    ] as const)('%s', async (_, snapshots, deletion, from) => {
      const positions = await makeLog(snapshots)
      expect(await server.command(...deletion(positions))).toBeGreaterThan(0)
      const store = make()
      await store.open(HEADER, SEED)
      const error = await expectRejection(readAll(store, positions[from]), 'STORE_CORRUPT')
      expect(error.message).toMatch(/somebody else has deleted entries|got a log without it/)
      const reader = await openRedisReadOnly({ url: server.url, stream: `test${streams}` })
      await expectRejection(reader.read(positions[from]), 'STORE_CORRUPT')
      expect((await reader.latest(1)).length).toBe(1)
      await reader.close()
    })

    it.each([
      ['the latest', (at: readonly Position[]) => ['XDEL', events(), at[6]]],
      ['all', () => ['XTRIM', events(), 'MAXLEN', '0']],
    ] as const)('%s: it is not opened, and who reads is told', async (_, deletion) => {
      const positions = await makeLog([])
      const [reading] = stores
      expect((await reading.read(positions[6], 0)).length).toBe(0)
      await server.command(...deletion(positions))
      await expectRejection(make().open(HEADER, SEED), 'STORE_CORRUPT')
      await expectRejection(reading.read(positions[6], 0), 'STORE_CORRUPT')
      await expectRejection(reading.read(positions[5], 0), 'STORE_CORRUPT')
    })

    it('and of those that somebody has put in', async () => {
      const positions = await makeLog([])
      const url = server.url
      const fields = (await server.command('XRANGE', events(), positions[2], positions[2])) as [
        string,
        string[],
      ][]
      await server.command('XADD', events(), '*', ...fields[0][1])
      const store = redisStore({ url, stream: `test${streams}` })
      await expectRejection(store.open(HEADER, SEED), 'STORE_CORRUPT')
      await expectRejection(stores[0].read(positions[6], 0), 'STORE_CORRUPT')
    })

    it('and goes on where what somebody has put in is deleted by the id that it names', async () => {
      const positions = await makeLog([])
      const foreign = String(await server.command('XADD', events(), '*', 'x', 'y'))
      const named = await expectRejection(stores[0].read(positions[6], 0), 'STORE_CORRUPT')
      expect(named.message).toContain(`entry ${foreign} is not what was appended`)
      const opened = async () => {
        const store = make()
        await store.open(HEADER, SEED)
        return readAll(store, positions[0])
      }
      await expectRejection(opened(), 'STORE_CORRUPT')
      await server.command('XDEL', events(), foreign)
      expect((await opened()).ids).toHaveLength(12)
    })

    it('and of none where release 0.1.0 trimmed it after us', async () => {
      const positions = await makeLog([2, 3])
      await server.command('HSET', `{test${streams}}:log`, 'trimmed', positions[4])
      await server.command('XTRIM', events(), 'MINID', positions[5])
      const store = make()
      await store.open(HEADER, SEED)
      expect((await readAll(store, positions[4])).ids).toHaveLength(4)
      await server.command('XDEL', events(), positions[6])
      await expectRejection(readAll(store, positions[4]), 'STORE_CORRUPT')
    })

    it('and of none where it trimmed them itself, whatever is left', async () => {
      const store = make({ retainEvents: 0 })
      const log = await store.open(HEADER, SEED)
      let position = log.end
      for (let i = 0; i < 4; i++) {
        position = await store.append(batchOf(log, 1 + 2 * i, 2))
        for (const bytes of [1, 2]) await store.writeSnapshot({ position, bytes: Uint8Array.of(bytes) })
        const again = make()
        expect((await again.open(HEADER, SEED)).end).toBe(position)
        expect(await again.read(position, 0)).toEqual([])
      }
    })
  })

  describe('refuses', () => {
    it('keys that are not a log', async () => {
      const prefix = `{test${streams}}`
      await server.command('SET', `${prefix}:log`, 'x')
      await expectRejection(make().open(HEADER, SEED), 'STORE_MISMATCH', /stream test/)
      await server.command('DEL', `${prefix}:log`)
      await server.command('HSET', `${prefix}:log`, 'x', 'y')
      await expectRejection(make().open(HEADER, SEED), 'STORE_MISMATCH')
      await server.command('DEL', `${prefix}:log`)
      await server.command('XADD', `${prefix}:events`, '*', 'x', 'y')
      await expectRejection(make().open(HEADER, SEED), 'STORE_MISMATCH')
      expect(await server.command('KEYS', `${prefix}*`)).toEqual([`${prefix}:events`])
      await server.command('DEL', `${prefix}:events`)
      await server.command('SET', `${prefix}:events`, 'x')
      await expectRejection(make().open(HEADER, SEED), 'STORE_MISMATCH')
    })

    it('headers of the future, and none at all', async () => {
      await make().open({ ...HEADER, version: 3 }, SEED)
      const error = await expectRejection(make().open(HEADER, SEED), 'STORE_MISMATCH')
      expect(error.message).toContain('got 3')
      const key = `{test${streams}}:log`
      for (const header of ['{', '7', '{"version":1}']) {
        await server.command('HSET', key, 'header', header)
        await expectRejection(make().open(HEADER, SEED), 'STORE_MISMATCH')
      }
      await server.command('HSET', key, 'format', '2')
      await expectRejection(make().open(HEADER, SEED), 'STORE_MISMATCH')
    })

    it('entries that it did not write', async () => {
      const store = make()
      const { end } = await store.open(HEADER, SEED)
      await server.command('XADD', `{test${streams}}:events`, '*', 'x', 'y')
      await expectRejection(store.read(end, 0), 'STORE_CORRUPT')
    })

    it('entries of what is no process', async () => {
      const store = make()
      const log = await store.open(HEADER, SEED)
      await store.append({ ...batchOf(log, 1, 1), origin: 'r\u0001-1' })
      await expectRejection(store.read(log.end, 0), 'STORE_CORRUPT')
    })

    it('to go on with a log that is gone, or was replaced', async () => {
      const store = make()
      const log = await store.open(HEADER, SEED)
      for (const key of ['log', 'events']) await server.command('DEL', `{test${streams}}:${key}`)
      await expectRejection(store.append(batchOf(log, 1, 1)), 'STORE_CORRUPT')
      await expectRejection(store.read(log.end, 0), 'STORE_CORRUPT')
      await make().open(HEADER, SEED)
      await expectRejection(store.append(batchOf(log, 1, 1)), 'STORE_CORRUPT')
      await expectRejection(store.read(log.end, 0), 'STORE_CORRUPT')
      await expectRejection(
        store.writeSnapshot({ position: log.end, bytes: new Uint8Array(1) }),
        'STORE_CORRUPT',
      )
    })

    it('to take a log without its tail for the whole, even when it has grown again', async () => {
      const [a, b] = [make(), make()]
      const log = await a.open(HEADER, SEED)
      const other = await b.open(HEADER, SEED)
      await a.append(batchOf(log, 1, 2))
      const lost = await a.append(batchOf(log, 3, 2))
      await server.command('XDEL', `{test${streams}}:events`, lost)
      const error = await expectRejection(a.read(lost, 0), 'STORE_CORRUPT')
      expect(error.message).toContain(lost)
      const end = await b.append(batchOf(other, 1, 1))
      const later = await expectRejection(a.read(lost, 0), 'STORE_CORRUPT')
      expect(later.message).toContain(end)
      await expectRejection(a.read('9999999999999-1', 20), 'STORE_CORRUPT')
    })

    it('events when memory is full, and then takes them', async () => {
      const store = make()
      const log = await store.open(HEADER, SEED)
      await server.command('CONFIG', 'SET', 'maxmemory', '1mb')
      await expectRejection(store.append(batchOf(log, 1, 1)), 'STORE_FULL')
      await server.command('CONFIG', 'SET', 'maxmemory', '0')
      await store.append(batchOf(log, 1, 1))
      expect((await readAll(store)).ids).toEqual(['seed/1', `${log.origin}/1`])
    })

    it('events when the server is a replica, and takes them when it is a primary', async () => {
      const store = make()
      const log = await store.open(HEADER, SEED)
      await server.command('REPLICAOF', '127.0.0.1', '1')
      await expectRejection(store.append(batchOf(log, 1, 1)), 'STORE_READ_ONLY')
      await server.command('REPLICAOF', 'NO', 'ONE')
      await until(() =>
        store.append(batchOf(log, 1, 1)).then(
          () => true,
          () => false,
        ),
      )
      expect((await readAll(store)).ids).toEqual(['seed/1', `${log.origin}/1`])
    })
  })
})

describe.skipIf(!hasRedis)('a Redis that goes away', () => {
  it('and comes back has what was acknowledged; the rest is appended again and told by its number', async () => {
    const server = await RedisServer.start()
    const [a, b] = [1, 2].map(() => redisStore({ url: server.url, timeoutMs: 1000 }))
    try {
      const logs = [await a.open(HEADER, SEED), await b.open(HEADER, SEED)]
      let isDone = false
      const run = async (store: Store, log: OpenedLog) => {
        let next = 1
        let tries = 0
        while (!isDone) {
          tries += await appendUntilDone(store, batchOf(log, next, 5))
          next += 5
        }
        return { origin: log.origin, count: next - 1, tries }
      }
      const runs = [run(a, logs[0]), run(b, logs[1])]
      for (let i = 0; i < 5; i++) {
        await new Promise((resolve) => setTimeout(resolve, 150))
        await server.kill()
        await server.restart()
      }
      isDone = true
      const written = await Promise.all(runs)
      let all = { ids: [] as string[], end: START }
      await until(async () => {
        all = await readAll(a).catch(() => all)
        return all.ids.length > 0
      })
      for (const { origin, count } of written) {
        const own = all.ids.filter((id) => id.startsWith(`${origin}/`))
        expect(own.length).toBeGreaterThanOrEqual(count)
        expect([...new Set(own)]).toEqual(Array.from({ length: count }, (_, i) => `${origin}/${i + 1}`))
      }
      expect(written.reduce((sum, { tries }) => sum + tries, 0)).toBeGreaterThan(0)
    } finally {
      await a.close()
      await b.close()
      await server.stop()
    }
  })

  it('has everything rejected at once while it is away', async () => {
    const server = await RedisServer.start()
    const store = redisStore({ url: server.url, timeoutMs: 1000 })
    try {
      const log = await store.open(HEADER, SEED)
      const waiting = expectRejection(store.read(log.end, 30_000), 'STORE_UNREACHABLE')
      await new Promise((resolve) => setTimeout(resolve, 100))
      await server.kill()
      await waiting
      await expectRejection(store.append(batchOf(log, 1, 1)), 'STORE_UNREACHABLE', /127/)
      const before = performance.now()
      for (let i = 0; i < 200; i++) {
        await expectRejection(store.append(batchOf(log, 1, 1)), 'STORE_UNREACHABLE')
        await expectRejection(store.read(log.end, 5000), 'STORE_UNREACHABLE')
      }
      expect(performance.now() - before).toBeLessThan(1000)
      await server.restart()
      await appendUntilDone(store, batchOf(log, 1, 1))
      await until(async () => (await store.read(log.end, 100).catch(() => [])).length === 1)
    } finally {
      await store.close()
      await server.stop()
    }
  })

  it('is given up when it does not answer', async () => {
    const server = await RedisServer.start()
    const store = redisStore({ url: server.url, timeoutMs: 300 })
    try {
      const log = await store.open(HEADER, SEED)
      server.pause()
      const error = await expectRejection(store.append(batchOf(log, 1, 2)), 'STORE_UNREACHABLE')
      expect(error.message).toContain('no answer for 300 ms')
      const another = redisStore({ url: server.url, timeoutMs: 300 })
      await expectRejection(another.open(HEADER, SEED), 'STORE_UNREACHABLE')
      await new Promise((resolve) => setTimeout(resolve, 1000))
      server.resume()
      await appendUntilDone(store, batchOf(log, 1, 2))
      const { ids } = await readAll(store)
      expect([...new Set(ids)]).toEqual(['seed/1', `${log.origin}/1`, `${log.origin}/2`])
    } finally {
      server.resume()
      await store.close()
      await server.stop()
    }
  })

  it('and comes back without its tail is not gone on with, and gives no name again', async () => {
    const server = await RedisServer.start({ appendonly: 'no' })
    const make = () => redisStore({ url: server.url, timeoutMs: 1000 })
    const [a, b, c] = [make(), make(), make()]
    try {
      const log = await a.open(HEADER, SEED)
      const kept = await a.append(batchOf(log, 1, 2))
      await server.command('SAVE')
      const lost = await a.append(batchOf(log, 3, 2))
      const other = await b.open(HEADER, SEED)
      await server.kill()
      await server.restart()
      const again = await c.open(HEADER, SEED)
      expect(again.end).toBe(kept)
      expect([log.origin, other.origin]).not.toContain(again.origin)
      let failure: unknown
      await until(async () => {
        failure = await a.read(lost, 0).catch((error: unknown) => error)
        return !(failure instanceof ParetoBanditError && failure.code === 'STORE_UNREACHABLE')
      })
      const error = await expectRejection(Promise.reject(failure), 'STORE_CORRUPT')
      expect(error.message).toContain(lost)
      expect(error.message).toContain(kept)
      await c.append(batchOf(again, 1, 1))
      await expectRejection(a.read(lost, 0), 'STORE_CORRUPT')
    } finally {
      for (const store of [a, b, c]) await store.close()
      await server.stop()
    }
  })

  it('is found on the node of a cluster that has its keys', async () => {
    const nodes = [
      await RedisServer.start({ 'cluster-enabled': 'yes' }),
      await RedisServer.start({ 'cluster-enabled': 'yes' }),
    ]
    const stores = nodes.map(({ url }) => redisStore({ url, timeoutMs: 2000 }))
    try {
      await nodes[0].command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
      const bus = String(await nodes[0].command('CONFIG', 'GET', 'cluster-port')).split(',')[1]
      await nodes[1].command('CLUSTER', 'MEET', '127.0.0.1', String(nodes[0].port), bus)
      const isUp = async (node: RedisServer) =>
        String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')
      await until(async () => (await isUp(nodes[0])) && (await isUp(nodes[1])))
      const logs = [await stores[1].open(HEADER, SEED), await stores[0].open(HEADER, SEED)]
      const position = await stores[1].append(batchOf(logs[0], 1, 3))
      await stores[1].writeSnapshot({ position, bytes: new Uint8Array(9) })
      expect(await stores[1].claim('snapshot', 1000)).toBe(true)
      const pools = ['a', 'b'].map((key) => ({ key, limitUsd: 3, wantUsd: 2, endsAt: null, windowMs: null }))
      expect(await stores[1].leases?.take(pools)).toEqual([2, 2])
      expect(await stores[0].leases?.take(pools)).toEqual([1, 1])
      expect(await readAll(stores[1])).toEqual(await readAll(stores[0]))
      expect(await nodes[1].command('DBSIZE')).toBe(0)
    } finally {
      for (const store of stores) await store.close()
      for (const node of nodes) await node.stop()
    }
  })

  it('says what its settings put at risk, and asks for its password', async () => {
    const everysec = await RedisServer.start({
      appendfsync: 'everysec',
      maxmemory: '100mb',
      'maxmemory-policy': 'allkeys-lru',
    })
    const never = await RedisServer.start({ appendonly: 'no', requirepass: 'secret' })
    const opened: Store[] = []
    const repairs = async (url: string) => {
      const store = redisStore({ url })
      const log = await store.open(HEADER, SEED)
      opened.push(store)
      return log.repairs
    }
    try {
      expect(await repairs(everysec.url)).toEqual([
        expect.stringContaining('two seconds'),
        expect.stringContaining('allkeys-lru'),
      ])
      for (const [ms, said] of [
        [3_600_000, '3600 s ahead of that of Redis'],
        [-86_400_000, '86400 s behind that of Redis'],
        [1000, null],
      ] as const) {
        const now = Date.now
        const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + ms)
        const told = (await repairs(everysec.url)).slice(2)
        clock.mockRestore()
        expect(told).toEqual(said === null ? [] : [expect.stringContaining(said)])
      }
      await expectRejection(repairs(never.url), 'STORE_UNREACHABLE', `${never.url} stream paretobandit`)
      const wrong = never.url.replace('//', '//:wrong@')
      const error = await expectRejection(repairs(wrong), 'STORE_UNREACHABLE', /^redis:\/\/127/)
      expect(error.message).toContain('WRONGPASS')
      expect(error.message).not.toContain(':wrong')
      expect(await repairs(never.url.replace('//', '//:secret@'))).toEqual([
        expect.stringContaining('appendonly is no'),
      ])
      await expectRejection(repairs(everysec.url.replace('//', '//:x@')), 'STORE_UNREACHABLE')
    } finally {
      for (const store of opened) await store.close()
      await everysec.stop()
      await never.stop()
    }
  })
})
