import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type Batch,
  type LeasePool,
  type LogHeader,
  type OpenedLog,
  type Position,
  START,
} from '../../src/log/store.js'
import type { RedisModule } from '../../src/store/redis/client.js'
import { type RedisStoreOptions, redisStore } from '../../src/store/redis/index.js'
import { expectRejection } from '../support/errors.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'

const HEADER: LogHeader = { version: 1, settings: { dimension: 26 } }
const SEED = [Uint8Array.of(1)]
const DAY_MS = 86_400_000

describe.skipIf(!hasRedis)('keys of a log that somebody has deleted', () => {
  let server: RedisServer
  let streams = 0
  const stores: ReturnType<typeof redisStore>[] = []

  function make(options: Partial<RedisStoreOptions> = {}) {
    const store = redisStore({ url: server.url, stream: `gone${streams}`, timeoutMs: 2000, ...options })
    stores.push(store)
    return store
  }
  const key = (name: string) => `{gone${streams}}:${name}`
  const batchOf = (log: OpenedLog, firstNumber: number, count: number): Batch => ({
    origin: log.origin,
    firstNumber,
    events: Array.from({ length: count }, (_, i) => Uint8Array.of(firstNumber + i)),
  })
  const countAfter = async (store: ReturnType<typeof make>, from: Position) => {
    let count = 0
    for (let at = from; ; ) {
      const batches = await store.read(at, 0)
      const last = batches.at(-1)
      if (last === undefined) return count
      for (const { events } of batches) count += events.length
      at = last.position
    }
  }
  const snapshotsOf = async (store: ReturnType<typeof make>) => {
    const found: [Position, number][] = []
    for await (const { position, bytes } of store.snapshots()) found.push([position, bytes.length])
    return found
  }

  /** Six entries of two events after the seed, and snapshots after some of these. */
  async function grown(
    snapshots: readonly number[],
    retainEvents = 200_000,
  ): Promise<{ store: ReturnType<typeof make>; log: OpenedLog; at: readonly Position[] }> {
    const store = make({ retainEvents })
    const log = await store.open(HEADER, SEED)
    const at = [log.end]
    for (let i = 0; i < 6; i++) at.push(await store.append(batchOf(log, 1 + 2 * i, 2)))
    for (const i of snapshots) await store.writeSnapshot({ position: at[i], bytes: Uint8Array.of(i) })
    return { store, log, at }
  }

  beforeAll(async () => {
    server = await RedisServer.start({ appendfsync: 'no' })
  })
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
    streams++
  })
  afterAll(() => server.stop())

  describe('opens', () => {
    it.each([
      ['DEL of its entries', [6], ['DEL', 'events'], 6],
      ['XTRIM of its entries', [6], ['XTRIM', 'events', 'MAXLEN', '0'], 6],
      ['a trim up to beyond the snapshot', [3, 5], ['XTRIM', 'events', 'MAXLEN', '1'], 5],
    ] as const)(
      'after %s, where a snapshot covers them',
      async (_, snapshots, [word, name, ...rest], from) => {
        const { at } = await grown(snapshots)
        await server.command(word, key(name), ...rest)
        const store = make()
        const log = await store.open(HEADER, SEED)
        expect(log.isNew).toBe(false)
        expect(log.end).toBe(at[6])
        expect(log.repairs.join()).toContain(`a snapshot covers them: it begins at ${at[from]}`)
        expect((await snapshotsOf(store))[0]).toEqual([at[from], 1])
        const end = await store.append(batchOf(log, 1, 3))
        expect(await countAfter(store, at[from])).toBe(3 + 2 * (6 - from))
        await store.checkOpenable?.()
        // Who is behind is told, and finds the snapshot.
        await expectRejection(store.read(at[2], 0), 'LOG_TRIMMED')
        const again = await make().open(HEADER, SEED)
        expect([again.end, again.repairs]).toEqual([end, log.repairs.slice(1)])
      },
    )

    it('no such log where events came after the snapshot, and names what ends it', async () => {
      const { at } = await grown([4])
      await server.command('DEL', key('events'))
      const error = await expectRejection(make().open(HEADER, SEED), 'STORE_CORRUPT')
      expect(error.message).toContain(`redis-cli HSET '${key('snapshot:latest')}' resume 1;`)
      expect(error.message).toMatch(/to start with an empty log: redis-cli DEL '.*:log' '.*:events' /)
      await server.command('HSET', key('snapshot:latest'), 'resume', '1')
      const store = make()
      const log = await store.open(HEADER, SEED)
      expect(log.end).toBe(at[4])
      expect(log.repairs[0]).toContain('goes on without what came after')
      await store.append(batchOf(log, 1, 1))
      expect(await countAfter(store, at[4])).toBe(1)
      // Who ran on the one that had them does not go on.
      await expectRejection(stores[0].read(at[6], 0), 'STORE_CORRUPT')
      // It is said once.
      expect(await server.command('HEXISTS', key('snapshot:latest'), 'resume')).toBe(0)
    })

    it('no such log, and names no snapshot to go on from that is damaged', async () => {
      const { at } = await grown([2, 4])
      await server.command('DEL', key('events'))
      await server.command('HSET', key('snapshot:latest'), 'bytes', 'x')
      const error = await expectRejection(make().open(HEADER, SEED), 'STORE_CORRUPT')
      const commands = [
        ['DEL', key('snapshot:latest')],
        ['HSET', key('snapshot:older'), 'resume', '1'],
      ]
      expect(error.message).toContain(
        `: redis-cli DEL '${commands[0][1]}' && redis-cli HSET '${commands[1][1]}' resume 1;`,
      )
      for (const words of commands) await server.command(...words)
      expect((await make().open(HEADER, SEED)).end).toBe(at[2])
      await server.command('DEL', key('events'))
      await server.command('HSET', key('snapshot:older'), 'bytes', 'x')
      const nothing = await expectRejection(make().open(HEADER, SEED), 'STORE_CORRUPT')
      expect(nothing.message).not.toContain('resume')
      expect(nothing.message).toContain('to start with an empty log: redis-cli DEL')
    })

    it('and is not cut where nothing is missing, whatever it is told', async () => {
      const { at } = await grown([4])
      await server.command('HSET', key('snapshot:latest'), 'resume', '1')
      const store = make()
      expect((await store.open(HEADER, SEED)).end).toBe(at[6])
      expect(await countAfter(store, START)).toBe(13)
    })

    it.each([
      ['all entries', [5], 200_000, 13],
      ['those after a trim', [2, 4], 0, 8],
    ] as const)('without its head, with %s', async (_, snapshots, retainEvents, left) => {
      const { at, store: old } = await grown(snapshots, retainEvents)
      const id = await server.command('HGET', key('log'), 'id')
      await server.command('DEL', key('log'))
      const store = make()
      const log = await store.open({ ...HEADER, settings: { dimension: 3 } }, SEED)
      expect(log.header).toEqual(HEADER)
      expect(log.end).toBe(at[6])
      expect(log.repairs[0]).toContain('was written again')
      expect(await server.command('HGET', key('log'), 'id')).toBe(id)
      expect(await server.command('XLEN', key('events'))).toBe(Math.ceil(left / 2))
      if (left === 13) expect(await countAfter(store, START)).toBe(13)
      else await expectRejection(store.read(at[0], 0), 'LOG_TRIMMED')
      expect(await countAfter(store, at[snapshots[0]])).toBe(2 * (6 - snapshots[0]))
      await store.append(batchOf(log, 1, 1))
      expect(await countAfter(old, at[6])).toBe(1)
      await old.checkOpenable?.()
    })

    it.each([
      ['its last entry', () => ['XDEL', key('events'), '+']],
      ['the entry after the snapshot', () => ['XDEL', key('events'), 'next']],
      ['all entries', () => ['DEL', key('events')]],
    ])('nothing without its head and %s', async (_, deletion) => {
      const { at } = await grown([4])
      const named = deletion().map((word) => ({ '+': at[6], next: at[5] })[word] ?? word)
      await server.command(...named)
      await server.command('DEL', key('log'))
      await expectRejection(make().open(HEADER, SEED), 'STORE_CORRUPT')
      expect(await server.command('EXISTS', key('log'))).toBe(0)
    })

    it('nothing where what was trimmed has no snapshot', async () => {
      await grown([2, 4], 0)
      await server.command('DEL', key('snapshot:latest'), key('snapshot:older'))
      const error = await expectRejection(make().open(HEADER, SEED), 'STORE_CORRUPT')
      expect(error.message).toContain('redis-cli DEL')
      expect(error.message).not.toContain('resume')
    })

    it('what is left of release 0.1.0, whose snapshots do not say of which log they are', async () => {
      const { at } = await grown([4])
      await server.command('HDEL', key('snapshot:latest'), 'log', 'format', 'header', 'events', 'mark')
      const store = make()
      await store.open(HEADER, SEED)
      expect(await countAfter(store, at[4])).toBe(4)
      await server.command('DEL', key('log'))
      const error = await expectRejection(make().open(HEADER, SEED), 'STORE_CORRUPT')
      expect(error.message).not.toContain('resume')
    })

    it('and passes over a snapshot of another log', async () => {
      const { at } = await grown([4])
      await server.command('HSET', key('snapshot:latest'), 'log', 'another')
      const store = make()
      await store.open(HEADER, SEED)
      expect(await snapshotsOf(store)).toEqual([[at[4], 0]])
    })
  })

  it('come back by no call of who had opened it', async () => {
    const { store, at, log } = await grown([4])
    const pool = { key: 'cap//day/rolling', limitUsd: 10, endsAt: null, windowMs: DAY_MS }
    const burst = { key: 'burst/', limitUsd: 10, endsAt: null, windowMs: null }
    expect(await store.leases?.take([pool, burst].map((each) => ({ ...each, wantUsd: 4 })))).toEqual([4, 4])
    await server.command('FLUSHALL')
    const { leases } = store
    const calls: (() => Promise<unknown>)[] = [
      async () => leases?.take([{ ...pool, wantUsd: 1 }]),
      async () => leases?.giveBack([{ ...burst, usd: 1 }]),
      async () => leases?.renew?.([{ ...pool, usd: 1, backUsd: 1 }]),
      async () => leases?.processes(),
      () => store.claim('snapshot', 1000),
      async () => store.writeNote?.('options', 'x'),
      () => store.append(batchOf(log, 13, 1), at[6]),
      () => store.writeSnapshot({ position: at[6], bytes: new Uint8Array(9) }),
      () => store.read(at[6], 0),
      async () => store.checkOpenable?.(),
    ]
    for (const call of calls) await expectRejection(call(), 'STORE_CORRUPT')
    expect(await server.command('KEYS', '*')).toEqual([])
    // Nor do they touch those of a new one.
    const next = make()
    await next.open(HEADER, SEED)
    await next.leases?.take([{ ...burst, wantUsd: 9 }])
    const before = await server.command('GET', key('lease:burst/'))
    for (const call of calls) await expectRejection(call(), 'STORE_CORRUPT')
    expect(await server.command('GET', key('lease:burst/'))).toBe(before)
    expect(await next.leases?.processes()).toBe(1)
    expect(await next.claim('snapshot', 1000)).toBe(true)
    const left = ['log', 'events', 'lease:burst/', 'pots', 'processes', 'task:snapshot'].map(key)
    expect(((await server.command('KEYS', '*')) as string[]).sort()).toEqual(left.sort())
  })

  it('of a snapshot on its way leave none that stays, whenever its process dies', async () => {
    const { store, at } = await grown([4])
    let seen = 0
    for (let lives = 0; lives < 8; lives++) {
      let left = Number.POSITIVE_INFINITY
      const dying = make({
        load: async () => ({
          createClient: (options) => {
            const client = createClient(options)
            const send = client.sendCommand.bind(client)
            client.sendCommand = (async (args: string[]) => {
              if (left-- <= 0) throw new Error('it died')
              return send(args)
            }) as typeof client.sendCommand
            return client as unknown as ReturnType<RedisModule['createClient']>
          },
        }),
      })
      await dying.open(HEADER, SEED)
      left = lives
      await dying.writeSnapshot({ position: at[6], bytes: new Uint8Array(9) }).catch(() => undefined)
      await dying.close()
      for (const each of (await server.command('KEYS', key('snapshot:upload:*'))) as string[]) {
        seen++
        expect(Number(await server.command('TTL', each))).toBeGreaterThan(0)
      }
    }
    expect(seen).toBeGreaterThan(0)
    expect((await snapshotsOf(store))[0]).toEqual([at[6], 9])
    // One that is refused is taken away at once.
    const before = await server.command('KEYS', key('snapshot:upload:*'))
    const ahead = { position: '9999999999999-0', bytes: new Uint8Array(9) }
    await expectRejection(store.writeSnapshot(ahead), 'STORE_CORRUPT')
    expect(await server.command('KEYS', key('snapshot:upload:*'))).toEqual(before)
  })

  it("of snapshots that one process writes together get into nobody's way", async () => {
    const { store, at } = await grown([])
    const written = [3, 4, 5, 6].map((i) =>
      store.writeSnapshot({ position: at[i], bytes: new Uint8Array(i) }),
    )
    await Promise.all(written)
    expect(await snapshotsOf(store)).toEqual([
      [at[6], 6],
      [at[5], 5],
    ])
  })

  it.each([
    ['no number', 'calendar', ['SET', 'x']],
    ['less than nothing', 'calendar', ['SET', '-1000']],
    ['not a number', 'calendar', ['SET', 'nan']],
    ['another kind', 'calendar', ['HSET', 'a', 'b']],
    ['another kind', 'rolling', ['SET', '1']],
    ['less than nothing', 'rolling', ['HSET', '1', '-5']],
  ] as const)(
    'and written over with %s, %s: a pot is closed, and others are not',
    async (_, window, [word, ...rest]) => {
      const { store } = await grown([])
      const windowMs = window === 'rolling' ? DAY_MS : null
      const endsAt = window === 'rolling' ? null : Date.now() + DAY_MS
      const pool = { key: `cap//day/${window}`, limitUsd: 10, endsAt, windowMs }
      const other = { key: 'burst/', limitUsd: 10, endsAt: null, windowMs: null }
      const take = (usd: number) =>
        store.leases?.take([pool, other].map((each) => ({ ...each, wantUsd: usd }))) ?? Promise.resolve()
      expect(await take(1)).toEqual([1, 1])
      if (word === 'SET' || windowMs === null) await server.command('DEL', key(`lease:${pool.key}`))
      await server.command(word, key(`lease:${pool.key}`), ...rest)
      await expectRejection(take(2), 'STORE_CORRUPT')
      expect(await take(2)).toEqual([0, 2])
    },
  )

  it('with the record of all pots close every pot that may have been there, and no later one', async () => {
    const { store } = await grown([])
    const begins = Date.now() - 1000
    const day = { key: `cap//day/calendar/${begins}`, limitUsd: 10, endsAt: begins + DAY_MS, windowMs: null }
    const rolling = { key: 'cap//minute/rolling', limitUsd: 10, endsAt: null, windowMs: 1000 }
    const burst = { key: 'burst/', limitUsd: 10, endsAt: null, windowMs: null }
    const all = [day, rolling, burst]
    const take = (pools: readonly LeasePool[], usd: number) =>
      store.leases?.take(pools.map((each) => ({ ...each, wantUsd: usd }))) ?? Promise.resolve()
    expect(await take(all, 4)).toEqual([4, 4, 4])
    await server.command('DEL', key('pots'), ...all.map((pool) => key(`lease:${pool.key}`)))
    const error = await expectRejection(take(all, 1), 'STORE_CORRUPT')
    for (const pool of all) expect(error.message).toContain(key(`lease:${pool.key}`))
    expect(await take(all, 1)).toEqual([0, 0, 0])
    // What was not asked for then, as well.
    const tenant = { ...day, key: `cap/acme/day/calendar/${begins}` }
    await expectRejection(take([tenant], 1), 'STORE_CORRUPT')
    const next = { ...day, key: `cap//day/calendar/${Date.now() + 60_000}` }
    expect(await take([next], 1)).toEqual([1])
    // A window later nothing of what was handed out counts.
    const later = { ...rolling, key: 'cap/acme/minute/rolling' }
    await expectRejection(take([later], 1), 'STORE_CORRUPT')
    await new Promise((resolve) => setTimeout(resolve, 2100))
    expect(await take([{ ...later, key: 'cap/other/minute/rolling' }, rolling], 1)).toEqual([1, 1])
  })

  it('are not taken for a record that ended with its last pot', async () => {
    const { store } = await grown([])
    const burst = { key: 'burst/', limitUsd: 10, endsAt: null, windowMs: null }
    const take = (pool: LeasePool, usd: number) =>
      store.leases?.take([{ ...pool, wantUsd: usd }]) ?? Promise.resolve()
    for (let i = 0; i < 2; i++) {
      expect(await take(burst, 4)).toEqual([4])
      await store.leases?.giveBack([{ ...burst, usd: 4 }])
      expect(await server.command('EXISTS', key('pots'))).toBe(0)
    }
    // Made last: a busy machine must not take longer than the pot lasts.
    const past = {
      key: 'cap//day/calendar/1',
      limitUsd: 10,
      endsAt: Date.now() - DAY_MS + 1500,
      windowMs: null,
    }
    expect(await take(past, 4)).toEqual([4])
    await new Promise((resolve) => setTimeout(resolve, 1600))
    expect(await take({ ...burst, limitUsd: 0 }, 1)).toEqual([0])
    expect(await server.command('EXISTS', key('pots'))).toBe(0)
    const before = { ...burst, key: 'cap//day/calendar/2', endsAt: Date.now() + DAY_MS }
    expect(await take(before, 4)).toEqual([4])
  })
})
