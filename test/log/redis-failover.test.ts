import { createClient } from 'redis'
import { afterEach, describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import { EventWriter } from '../../src/events/codec.js'
import { type OpenedLog, START, type Store } from '../../src/log/store.js'
import { ALL_EVENT_TABLE } from '../../src/policy/all-events.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import type { RedisModule } from '../../src/store/redis/client.js'
import { redisStore } from '../../src/store/redis/index.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { rewardedEvent } from '../support/events.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { MODELS, X } from '../support/router.js'
import { pause, until } from '../support/shared-store.js'
import '../support/seed.js'

const writer = new EventWriter(ALL_EVENT_TABLE)

/** One that waits for no second replica before it gives the first its data: that is 5 s otherwise. */
function startServer(): Promise<RedisServer> {
  return RedisServer.start({ appendonly: 'no', 'repl-diskless-sync-delay': '0' })
}

/** A Redis whose address leads to a copy of it later on, as after a failover. */
class Failing {
  private readonly servers: RedisServer[] = []
  private current: RedisServer

  private constructor(server: RedisServer) {
    this.servers.push(server)
    this.current = server
  }

  static async start(): Promise<Failing> {
    return new Failing(await startServer())
  }

  /** Clients connect to whoever is in charge. */
  readonly load = async (): Promise<RedisModule> => ({
    createClient: (options) =>
      createClient({ ...options, url: this.current.url }) as unknown as ReturnType<
        RedisModule['createClient']
      >,
  })

  get url(): string {
    return this.servers[0].url
  }

  get server(): RedisServer {
    return this.current
  }

  /** A copy of how things stand now. @returns puts it in charge */
  async copy(how: 'a copy that lags' | 'an older RDB'): Promise<() => Promise<void>> {
    const primary = this.current
    if (how === 'an older RDB') {
      await primary.command('SAVE')
      return async () => {
        await primary.kill()
        await primary.restart()
      }
    }
    const copy = await this.replica()
    const caught = async () =>
      `${await copy.command('INFO', 'replication')}`.includes('master_link_status:up')
    for (let left = 200; left > 0 && !(await caught()); left--) await pause(25)
    await primary.command('WAIT', '1', '5000')
    await copy.command('REPLICAOF', 'NO', 'ONE')
    return async () => {
      await primary.kill()
      this.current = copy
    }
  }

  /** One that is up to date and follows. */
  async follower(): Promise<RedisServer> {
    const copy = await this.replica()
    const isUp = async () => `${await copy.command('INFO', 'replication')}`.includes('master_link_status:up')
    for (let left = 200; left > 0 && !(await isUp()); left--) await pause(25)
    return copy
  }

  /** The primary is gone, and a copy takes its place as it is. */
  async failOver(copy: RedisServer): Promise<void> {
    await this.current.kill()
    await copy.command('REPLICAOF', 'NO', 'ONE')
    this.current = copy
  }

  async replica(): Promise<RedisServer> {
    const copy = await startServer()
    this.servers.push(copy)
    await copy.command('REPLICAOF', '127.0.0.1', String(this.current.port))
    return copy
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await server.stop()
  }
}

interface Replica {
  readonly router: Router
  readonly store: Store
  /** It reads nothing while it is true; a read that is under way ends first. */
  isDeaf: boolean
  /** Reads under way. */
  readonly reads: number
  readonly errors: string[]
}

const open: Replica[] = []
const redis: Failing[] = []

async function start(): Promise<Failing> {
  const made = await Failing.start()
  redis.push(made)
  return made
}

async function replica(
  { url, load }: Failing,
  waitReplicas = 0,
  options: RouterOptions = {},
  // A busy machine may stand still for a second.
  timeoutMs = 3000,
): Promise<Replica> {
  const store = redisStore({ url, load, timeoutMs, waitReplicas })
  const read = store.read.bind(store)
  const errors: string[] = []
  const journal = { onStoreError: (error: unknown) => errors.push(`${error}`) }
  let made: Replica | undefined
  let reads = 0
  store.read = async (...args) => {
    while (made?.isDeaf === true) await pause(5)
    reads++
    return read(...args).finally(() => reads--)
  }
  const router = await createRouter({
    models: MODELS,
    dimension: 3,
    kernel: 'js',
    ...options,
    store,
    journal,
  })
  made = {
    router,
    store,
    isDeaf: false,
    errors,
    get reads() {
      return reads
    },
  }
  open.push(made)
  return made
}

afterEach(async () => {
  const replicas = open.splice(0)
  // Who closes reads what is still to be read.
  for (const each of replicas) each.isDeaf = false
  for (const { router } of replicas) await router.close().catch(() => {})
  for (const each of redis.splice(0)) await each.stop()
})

describe.skipIf(!hasRedis)('a Redis that gives way to', () => {
  describe.each(['a copy that lags', 'an older RDB'] as const)('%s', (how) => {
    it.each([true, false])('has all events whose receipts resolve; more traffic: %s', async (isBusy) => {
      const failing = await start()
      const a = await replica(failing)
      const ids = Array.from({ length: 10 }, () => a.router.route(X).id)
      await a.router.flush()
      const giveWay = await failing.copy(how)
      a.isDeaf = true
      await until(() => a.reads === 0, 'the end of its read')
      const receipts = ids.map((id) => a.router.reward(id, 1))
      const lost = Array.from({ length: 10 }, () => a.router.route(X).id)
      await until(() => a.router.stats().journal?.waiting === 0, 'the acknowledgement')
      await giveWay()
      if (isBusy) {
        const { id } = a.router.route(X)
        await until(() => a.errors.some((error) => error.includes('has lost acknowledged')), 'the answer')
        receipts.push(a.router.reward(id, 1))
      }
      a.isDeaf = false
      await Promise.all(receipts.map(({ durable }) => durable))
      await a.router.flush()
      const late = (await replica(failing)).router
      expect(late.recovery?.refused).toBe(0)
      expect(late.stats().requests).toBe(isBusy ? 21 : 20)
      for (const router of [a.router, late])
        expect(router.stats().models.reduce((sum, { rewarded }) => sum + rewarded, 0)).toBe(receipts.length)
      expect((await late.digest()).sha256).toBe((await a.router.digest()).sha256)
      await late.reward(lost[0], 1).durable
    })

    it('gives no id twice, and no name', async () => {
      const failing = await start()
      const a = await replica(failing)
      const ids = [a.router.route(X).id]
      await a.router.flush()
      const giveWay = await failing.copy(how)
      const b = await replica(failing)
      for (const { router } of [a, b]) for (let i = 0; i < 10; i++) ids.push(router.route(X).id)
      await Promise.all([a.router.flush(), b.router.flush()])
      await giveWay()
      await until(() => a.router.stats().requests === 1 && b.router.stats().requests === 1, 'the older state')
      const c = await replica(failing)
      for (const { router } of [a, b, c]) for (let i = 0; i < 10; i++) ids.push(router.route(X).id)
      await Promise.all([a, b, c].map(({ router }) => router.flush()))
      expect(new Set(ids).size).toBe(51)
      expect(c.router.recovery?.refused).toBe(0)
      await until(() => c.router.stats().requests === 31, 'all requests')
    })
  })
})

describe.skipIf(!hasRedis)('a Redis whose replicas are waited for', () => {
  const HEADER = { version: 1, settings: { dimension: 3 } }
  const stores: Store[] = []
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
  })

  async function opened({ url, load }: Failing): Promise<{ store: Store; log: OpenedLog }> {
    const store = redisStore({ url, load, timeoutMs: 1000, waitReplicas: 1 })
    stores.push(store)
    return { store, log: await store.open(HEADER, []) }
  }

  it('has what was acknowledged after a failover to one of them, whenever it comes', async () => {
    const failing = await start()
    const copy = await failing.follower()
    const a = await replica(failing, 1)
    const acknowledged: string[] = []
    const ids: string[] = []
    const busy = (async () => {
      for (let i = 0; i < 400 && failing.server !== copy; i++) {
        const { id } = a.router.route(X)
        ids.push(id)
        a.router.reward(id, 1).durable.then(
          () => acknowledged.push(id),
          () => {},
        )
        await pause(1)
      }
    })()
    await until(() => acknowledged.length > 40, 'some')
    await failing.failOver(copy)
    const told = [...acknowledged]
    await busy
    // Nothing more of it is appended: what is there was there.
    a.isDeaf = true
    open.splice(open.indexOf(a), 1)
    void a.router.close().catch(() => {})
    const late = await replica(failing)
    for (const id of told) expectCode(() => late.router.reward(id, 1), 'ALREADY_REWARDED')
  })

  it('acknowledges nothing while they are away, and appends it once', async () => {
    const failing = await start()
    const copy = await failing.follower()
    const { store, log } = await opened(failing)
    const events = [writer.encode(rewardedEvent('a', 1))]
    const batch = (firstNumber: number) => ({ origin: log.origin, firstNumber, events })
    const first = await store.append(batch(1))
    expect(Number(await copy.command('XLEN', '{paretobandit}:events'))).toBe(1)
    copy.pause()
    const again = { ...batch(2), events: [...events] }
    for (let tries = 0; tries < 3; tries++) {
      const error = await expectRejection(store.append({ ...again }, first), 'STORE_UNREACHABLE')
      expect(error.message).toMatch(/expected 1 replicas of Redis .*, 0 had after 1000 ms/)
    }
    const pool = { key: 'k', limitUsd: 10, windowMs: null, endsAt: null, wantUsd: 1 }
    await expectRejection(store.leases?.take([pool]) ?? Promise.resolve(), 'STORE_UNREACHABLE')
    copy.resume()
    const second = await store.append({ ...again }, first)
    expect(await failing.server.command('XLEN', '{paretobandit}:events')).toBe(2)
    expect(await copy.command('XLEN', '{paretobandit}:events')).toBe(2)
    expect((await store.read(START, 0)).map(({ firstNumber }) => firstNumber)).toEqual([1, 2])
    expect(await store.leases?.take([pool])).toEqual([1])
    await store.append(batch(3), second)
    expect(await copy.command('XLEN', '{paretobandit}:events')).toBe(3)
  })

  it('notices that what waits for them was lost', async () => {
    const failing = await start()
    const copy = await failing.follower()
    const { store, log } = await opened(failing)
    const batch = { origin: log.origin, firstNumber: 1, events: [writer.encode(rewardedEvent('a', 1))] }
    copy.pause()
    await expectRejection(store.append(batch), 'STORE_UNREACHABLE')
    await failing.server.command('XTRIM', '{paretobandit}:events', 'MAXLEN', '0')
    await expectRejection(store.append(batch), 'STORE_CORRUPT')
    copy.resume()
    await store.append(batch)
    expect(await copy.command('XLEN', '{paretobandit}:events')).toBe(1)
  })

  it('confirms what was read of it once they have that, and nothing that it has lost', async () => {
    const failing = await start()
    const copy = await failing.follower()
    const { store, log } = await opened(failing)
    copy.pause()
    for (const firstNumber of [1, 2]) {
      const batch = { origin: log.origin, firstNumber, events: [writer.encode(rewardedEvent('a', 1))] }
      await expectRejection(store.append(batch), 'STORE_UNREACHABLE')
    }
    const [first, last] = (await store.read(START, 0)).map(({ position }) => position)
    const confirm = async (end: string) => store.confirm?.(end)
    await expectRejection(confirm(last), 'STORE_UNREACHABLE')
    copy.resume()
    // Whoever asks does so again where the copy takes longer than timeoutMs to catch up.
    const told = () => confirm(last).then(() => 'confirmed', String)
    await expect.poll(told, { timeout: 20_000 }).toBe('confirmed')
    expect(await copy.command('XLEN', '{paretobandit}:events')).toBe(2)
    await failing.server.command('XDEL', '{paretobandit}:events', last)
    await expectRejection(confirm(last), 'STORE_CORRUPT')
    await failing.server.command('HSET', '{paretobandit}:log', 'trimmed', last)
    await expectRejection(confirm(first), 'LOG_TRIMMED')
  })

  it('is asked for by a count', () => {
    for (const waitReplicas of [-1, 0.5, 101])
      expectCode(
        () => redisStore({ url: 'redis://localhost', waitReplicas }),
        'INVALID_ARGUMENT',
        'waitReplicas',
      )
  })
})

describe.skipIf(!hasRedis)('a log that somebody has trimmed before its first snapshot', () => {
  const EVENTS = '{paretobandit}:events'

  async function grown(failing: Failing, entries = 20): Promise<Replica> {
    const made = await replica(failing)
    for (let i = 0; i < entries; i++) {
      made.router.route(X)
      await made.router.flush()
    }
    return made
  }

  it('opens no router', async () => {
    const failing = await start()
    const { store } = await grown(failing)
    // Nobody runs on it who would see that, and write a snapshot that opens it.
    await store.close()
    await failing.server.command('XTRIM', EVENTS, 'MAXLEN', '1')
    const error = await expectRejection(replica(failing), 'STORE_CORRUPT')
    expect(error.message).toContain("to start with an empty log: redis-cli DEL '{paretobandit}:log'")
  })

  it('opens none where its only snapshot is damaged too, names both, and no snapshot to go on from', async () => {
    const failing = await start()
    const a = await grown(failing)
    await a.router.close()
    const LATEST = '{paretobandit}:snapshot:latest'
    await failing.server.command('XTRIM', EVENTS, 'MAXLEN', '1')
    const bytes = String(await failing.server.command('HSTRLEN', LATEST, 'bytes'))
    // One of its last numbers: its head is as it was.
    const place = ['redis.call("HGET", KEYS[1], "bytes")', `${Number(bytes) - 5}`].join(', 1, ')
    const flip = `local b = string.sub(${place}) .. 'flipp'; return redis.call('HSET', KEYS[1], 'bytes', b)`
    await failing.server.command('EVAL', flip, '1', LATEST)
    const error = await expectRejection(replica(failing), 'STORE_CORRUPT')
    expect(error.message).toContain('no snapshot of it can be read')
    expect(error.message).toContain('its checksum is wrong')
    expect(error.message).toContain("to start with an empty log: redis-cli DEL '{paretobandit}:log'")
    expect(error.message).not.toContain('resume')
  })

  it.each<[string, (failing: Failing) => Promise<unknown>]>([
    ['trimmed', ({ server }) => server.command('XTRIM', EVENTS, 'MAXLEN', '1')],
    [
      'bereft of an entry in the middle',
      async ({ server }) => {
        const [[id]] = (await server.command('XREVRANGE', EVENTS, '+', '-', 'COUNT', '1')) as [string][]
        const [, [before]] = (await server.command('XREVRANGE', EVENTS, id, '-', 'COUNT', '2')) as [string][]
        return server.command('XDEL', EVENTS, before)
      },
    ],
  ])('%s: who runs on it says so, and writes a snapshot that opens it', async (_, harm) => {
    const failing = await start()
    const a = await grown(failing)
    const b = await replica(failing)
    await harm(failing)
    const told = () => [...a.errors, ...b.errors].filter((error) => /deleted entries/.test(error))
    await until(() => told().length > 0, 'the word')
    let c: Replica | undefined
    for (let left = 200; left > 0 && c === undefined; left--) {
      await pause(25)
      c = await replica(failing).catch(() => undefined)
    }
    expect(c?.router.stats().requests).toBe(20)
    await Promise.all([a, b].map(({ router }) => router.reward(router.route(X).id, 1).durable))
    await until(() => c?.router.stats().requests === 22, 'all requests')
    expect((await c?.router.digest())?.sha256).toBe((await a.router.digest()).sha256)
  })

  it.each(
    [
      ['no snapshot', false, 20],
      ['a snapshot of all of it', true, 0],
      ['a snapshot and events after it', true, 5],
    ].flatMap(([what, hasSnapshot, more]) =>
      (
        [
          ['XTRIM', EVENTS, 'MAXLEN', '0'],
          ['DEL', EVENTS],
        ] as const
      ).map((harm) => [harm[0], what, hasSnapshot === true, Number(more), harm] as const),
    ),
  )(
    'emptied by %s, with %s: who runs on it says so, and lacks nothing',
    async (_, __, hasSnapshot, more, harm) => {
      const failing = await start()
      if (hasSnapshot) {
        const first = await grown(failing)
        await first.router.close()
      }
      // A machine that stalls for a second is not what their first word is to be about.
      const patient = () => replica(failing, 0, {}, 10_000)
      const [a, b] = [await patient(), await patient()]
      for (let i = 0; i < more; i++) a.router.route(X)
      await a.router.flush()
      const routed = (hasSnapshot ? 20 : 0) + more
      await until(() => b.router.stats().requests === routed, 'the news')
      await failing.server.command(...harm)
      const told = () => [...a.errors, ...b.errors]
      await until(() => told().length > 0, 'the word')
      expect(told()[0]).toMatch(/got a log without it|deleted entries/)
      const receipts = [a, b].map(({ router }) => router.reward(router.route(X).id, 1))
      await Promise.all(receipts.map(({ durable }) => durable))
      await until(() => [a, b].every(({ router }) => router.stats().requests === routed + 2), 'all requests')
      const late = await replica(failing)
      expect(late.router.stats().requests).toBe(routed + 2)
      expect(late.router.recovery?.refused).toBe(0)
      for (const { router } of [a, b])
        expect((await router.digest()).sha256).toBe((await late.router.digest()).sha256)
    },
  )

  it('emptied of what nobody had read: acknowledges nothing more, and is not opened', async () => {
    const failing = await start()
    const a = await grown(failing)
    const b = await replica(failing)
    a.isDeaf = b.isDeaf = true
    await until(() => a.reads + b.reads === 0, 'the end of their reads')
    const { id } = a.router.route(X)
    await until(() => a.router.stats().journal?.waiting === 0, 'the acknowledgement')
    await failing.server.command('XTRIM', EVENTS, 'MAXLEN', '0')
    a.isDeaf = b.isDeaf = false
    await expectRejection(
      Promise.resolve().then(() => a.router.reward(id, 1).durable),
      'STORE_CORRUPT',
    )
    await until(() => b.errors.length > 0, 'the word')
    await expectRejection(replica(failing), 'STORE_CORRUPT')
  })

  it('has nothing to say of what was trimmed behind snapshots', async () => {
    const failing = await start()
    const a = await grown(failing)
    await a.router.close()
    const [b, c] = [await replica(failing), await replica(failing)]
    await failing.server.command('XTRIM', EVENTS, 'MAXLEN', '1')
    b.router.route(X)
    await pause(2500)
    expect([...b.errors, ...c.errors]).toEqual([])
  })
})

describe.skipIf(!hasRedis)('a log that is no longer there', () => {
  const LOG = '{paretobandit}:log'
  const EVENTS = '{paretobandit}:events'
  const LATEST = '{paretobandit}:snapshot:latest'
  const caps: RouterOptions = {
    caps: [
      { usd: 1, per: 'day', window: 'calendar' },
      { usd: 1, per: 'day', window: 'rolling' },
    ],
  }

  /** Two replicas with traffic, and their end. */
  async function ended(failing: Failing, harm: readonly string[]): Promise<Replica[]> {
    const both = [await replica(failing, 0, caps), await replica(failing, 0, caps)]
    const { id } = both[0].router.route(X)
    await both[0].router.flush()
    await failing.server.command(...harm)
    await expectRejection(
      Promise.resolve().then(() => both[0].router.reward(id, 1).durable),
      'STORE_CORRUPT',
    )
    for (const { router } of both) {
      await until(() => {
        try {
          router.route(X)
          return false
        } catch (error) {
          return error instanceof ParetoBanditError && error.code === 'STORE_CORRUPT'
        }
      }, 'its end')
    }
    return both
  }
  const keys = async ({ server }: Failing) => ((await server.command('KEYS', '*')) as string[]).sort()

  it.each<[string, readonly string[], readonly string[]]>([
    ['with all that Redis had', ['FLUSHALL'], []],
    ['without its head', ['DEL', LOG], [EVENTS]],
    ['without head and events', ['DEL', LOG, EVENTS], []],
  ])(
    '%s: who runs on it acknowledges nothing more, says so, and brings no key back',
    async (_, harm, left) => {
      const failing = await start()
      const both = await ended(failing, harm)
      const counts = both.map(({ errors }) => errors.length)
      for (const { errors } of both) {
        expect(errors.join()).toMatch(/no longer there|somebody else has deleted entries/)
        expect(errors.length).toBeLessThanOrEqual(4)
      }
      for (const { router } of both)
        expect(router.stats().journal).toMatchObject({
          isBroken: true,
          failure: expect.stringMatching(/no longer there|somebody else has deleted entries|is gone/),
        })
      // Beats, leases and reads go on for longer than this, if they go on.
      await pause(3500)
      expect(both.map(({ errors }) => errors.length)).toEqual(counts)
      for (const { router } of both) await router.close().catch(() => {})
      const found = await keys(failing)
      expect(found).not.toContain(LOG)
      if (harm[0] === 'FLUSHALL') expect(found).toEqual([])
      for (const key of left) expect(found).toContain(key)
    },
  )

  it('nothing is in the way of a new one, and its pots are its own', async () => {
    const failing = await start()
    const both = await ended(failing, ['FLUSHALL'])
    const late = await replica(failing, 0, caps)
    expect(late.router.recovery?.isNew).toBe(true)
    const pots = async () => {
      const found = (await failing.server.command('KEYS', '*:lease:cap/*/calendar/*')) as string[]
      return Promise.all(found.map((key) => failing.server.command('GET', key)))
    }
    const before = await pots()
    // They would give back into it what they hold of the old one.
    for (const { router } of both) await router.close().catch(() => {})
    expect(await pots()).toEqual(before)
    await late.router.reward(late.router.route(X).id, 1).durable
    expect(late.errors).toEqual([])
  })

  it.each<[string, readonly string[], boolean]>([
    ['no snapshot', ['DEL', LOG], false],
    ['a snapshot, without its head', ['DEL', LOG], true],
    ['a snapshot, without head and events', ['DEL', LOG, EVENTS], true],
    ['an older snapshot', ['DEL', LOG, EVENTS, LATEST], true],
  ])('with %s: one of the commands that are named ends it', async (what, harm, hasSnapshot) => {
    const failing = await start()
    if (hasSnapshot) {
      for (let i = 0; i < 2; i++) {
        const first = await replica(failing, 0, caps)
        for (let j = 0; j < 10; j++) first.router.route(X)
        await first.router.flush()
        await first.router.close()
      }
    }
    for (const { router } of await ended(failing, harm)) await router.close().catch(() => {})
    const run = (commandLine: string) => {
      const [, ...words] = commandLine.replaceAll("'", '').split(' ')
      return failing.server.command(...words)
    }
    if (what === 'a snapshot, without its head') {
      // It is all there.
      const late = await replica(failing, 0, caps)
      expect(late.router.recovery?.repairs.join()).toMatch(/head of the log .* was written again/)
      expect(late.router.stats().requests).toBe(21)
      await late.router.reward(late.router.route(X).id, 1).durable
      return
    }
    const error = await expectRejection(
      replica(failing, 0, caps),
      hasSnapshot ? 'STORE_CORRUPT' : 'STORE_MISMATCH',
    )
    const resume = /redis-cli HSET [^;]*/.exec(error.message)?.[0]
    const begin = /redis-cli DEL .*/.exec(error.message)?.[0] ?? ''
    expect(resume !== undefined).toBe(hasSnapshot)
    const potsBefore = (await keys(failing)).filter((key) => key.includes(':lease:cap/'))
    if (resume !== undefined) {
      await run(resume)
      const late = await replica(failing, 0, caps)
      const from = what === 'an older snapshot' ? 10 : 20
      expect(late.router.stats().requests).toBe(from)
      expect(late.router.recovery?.repairs.join()).toMatch(/goes on without what came after/)
      await late.router.reward(late.router.route(X).id, 1).durable
      const another = await replica(failing, 0, caps)
      expect(another.router.stats().requests).toBe(from + 1)
      expect((await another.router.digest()).sha256).toBe((await late.router.digest()).sha256)
      for (const { router } of [late, another]) await router.close()
      await failing.server.command(...harm)
      expect(await keys(failing)).not.toContain(LOG)
    }
    await run(begin)
    const fresh = await replica(failing, 0, caps)
    expect(fresh.router.recovery?.isNew).toBe(true)
    expect(fresh.router.stats().requests).toBe(0)
    await fresh.router.reward(fresh.router.route(X).id, 1).durable
    expect(await keys(failing)).toEqual(expect.arrayContaining(potsBefore))
  })

  it('nor where a process that started an empty log has put another in its place', async () => {
    const failing = await start()
    const a = await replica(failing)
    const { id } = a.router.route(X)
    await a.router.flush()
    await failing.server.command('FLUSHALL')
    const b = await replica(failing)
    expect(b.router.recovery?.isNew).toBe(true)
    await until(() => a.errors.some((error) => /which was opened, got/.test(error)), 'the word')
    await pause(500)
    expectCode(() => a.router.reward(id, 1), 'STORE_CORRUPT')
    expectCode(() => a.router.route(X), 'STORE_CORRUPT')
  })
})

describe.skipIf(!hasRedis)('a pot of a cap that somebody has deleted', () => {
  it.each(['calendar', 'rolling'] as const)(
    '%s: more than the cap is not spent, and it is told',
    async (window) => {
      const failing = await start()
      const options: RouterOptions = { caps: [{ usd: 1, per: 'day', window }], reserve: 'worst-case' }
      const replicas = [await replica(failing, 0, options), await replica(failing, 0, options)]
      // Neither hears what the other spends: leases alone stand between them and the cap.
      for (const each of replicas) each.isDeaf = true
      let spentUsd = 0
      const spend = async (untilUsd: number) => {
        for (let i = 0, refused = 0; refused < 60 && spentUsd < untilUsd; i++) {
          try {
            const { id, reservedUsd } = replicas[i % 2].router.route(X, {
              inputTokens: 1000,
              maxOutputTokens: 1000,
            })
            spentUsd += reservedUsd
            replicas[i % 2].router.settle(id, { costUsd: reservedUsd })
            refused = 0
          } catch (error) {
            if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
            refused++
            await pause(10)
          }
          if (i % 20 === 0) await pause(1)
        }
      }
      await spend(0.6)
      const pots = (await failing.server.command('KEYS', '*:lease:cap/*')) as string[]
      expect(await failing.server.command('DEL', ...pots)).toBe(1)
      await spend(10)
      for (const each of replicas) each.isDeaf = false
      expect(spentUsd).toBeGreaterThanOrEqual(0.6)
      expect(spentUsd).toBeLessThanOrEqual(1 + 1e-9)
      const told = replicas.flatMap(({ errors }) => errors)
      expect(told.filter((error) => /of which dollars were handed out/.test(error))).toHaveLength(1)
      // Who starts now finds it closed, and serves.
      const late = await replica(failing, 0, options)
      expect(late.errors).toEqual([])
    },
  )
})

describe.skipIf(!hasRedis)('a cap whose time zone is edited', () => {
  // Summer time ends in London on the last day of the month: it ends with that of UTC, and began an hour before.
  const october = { clock: () => Date.UTC(2100, 9, 15), reserve: 'worst-case' } as const

  it('is open, where its period ends with the one before', async () => {
    const failing = await start()
    const options: RouterOptions = { ...october, caps: [{ usd: 1, per: 'month', timeZone: 'UTC' }] }
    const { router, errors } = await replica(failing, 0, options)
    const pots = async () => (await failing.server.command('KEYS', '*:lease:cap/*')) as string[]
    let spentUsd = 0
    const spend = async (untilUsd: number) => {
      for (let refused = 0; refused < 100 && spentUsd < untilUsd; ) {
        try {
          spentUsd += router.route(X, { inputTokens: 1000, maxOutputTokens: 1000 }).reservedUsd
          refused = 0
        } catch (error) {
          if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
          refused++
          await pause(10)
        }
      }
    }
    await spend(0.1)
    expect(await pots()).toHaveLength(1)
    router.setCaps([{ usd: 1, per: 'month', timeZone: 'Europe/London' }])
    await spend(0.9)
    expect(errors).toEqual([])
    expect(spentUsd).toBeGreaterThanOrEqual(0.9)
    expect(await pots()).toHaveLength(2)
  })
})
