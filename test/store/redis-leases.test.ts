import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LeaseBroker, LeasePool, Store } from '../../src/log/store.js'
import { redisStore } from '../../src/store/redis/index.js'
import { expectRejection } from '../support/errors.js'
import { Random } from '../support/random.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import '../support/seed.js'

const HEADER = { version: 1, settings: {} }
const DAY_MS = 86_400_000

const sum = (all: readonly { readonly usd: number }[]) => all.reduce((total, { usd }) => total + usd, 0)
async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let left = 1000; !(await isSo()); left--) {
    if (left === 0) throw new Error(`waited in vain: ${what}`)
    await sleep(2)
  }
}
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function endless(key: string, limitUsd: number): LeasePool {
  return { key, limitUsd, endsAt: null, windowMs: null }
}

describe.skipIf(!hasRedis)('leases in Redis', () => {
  let server: RedisServer
  let streams = 0
  const stores: Store[] = []

  async function brokers(count: number): Promise<LeaseBroker[]> {
    const made = Array.from({ length: count }, () =>
      redisStore({ url: server.url, stream: `leases${streams}` }),
    )
    stores.push(...made)
    for (const store of made) await store.open(HEADER, [])
    return made.map(({ leases }) => leases).filter((leases) => leases !== null)
  }

  const take = async (broker: LeaseBroker, pool: LeasePool, wantUsd: number) =>
    (await broker.take([{ ...pool, wantUsd }]))[0]
  const key = (pool: LeasePool) => `{leases${streams}}:lease:${pool.key}`

  beforeAll(async () => {
    server = await RedisServer.start({ appendfsync: 'no' })
  })
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
    streams++
  })
  afterAll(() => server.stop())

  it('never count more than the pot, whoever takes and gives back', async () => {
    const takers = await brokers(4)
    let runs = 0
    const limits = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 3, maxLength: 3 })
    const property = fc.asyncProperty(fc.nat(), limits, async (seed, limitsUsd) => {
      const pools = limitsUsd.map((limitUsd, i) => ({
        ...endless(`${runs}/${i}`, limitUsd),
        endsAt: i === 1 ? Date.now() + 1e6 : null,
      }))
      runs++
      const counted = pools.map(() => 0)
      const run = async (broker: LeaseBroker, random: Random) => {
        const held = pools.map(() => 0)
        for (let step = 0; step < 20; step++) {
          if (random.next() < 0.3) {
            const returns = pools.map((pool, i) => ({ ...pool, usd: held[i] * random.next() }))
            returns.forEach(({ usd }, i) => {
              held[i] -= usd
              counted[i] -= usd
            })
            await broker.giveBack(returns)
            continue
          }
          const wants = pools.map((pool) => ({ ...pool, wantUsd: pool.limitUsd * random.next() ** 3 }))
          const grants = await broker.take(wants)
          grants.forEach((usd, i) => {
            expect(usd).toBeGreaterThanOrEqual(0)
            expect(usd).toBeLessThanOrEqual(wants[i].wantUsd)
            held[i] += usd
            counted[i] += usd
            // Random parts of grants are rounded when they are added up here.
            expect(counted[i]).toBeLessThanOrEqual(pools[i].limitUsd * (1 + 1e-12))
          })
        }
      }
      await Promise.all(takers.map((broker, i) => run(broker, new Random(seed + i))))
    })
    await fc.assert(property, { numRuns: 25 })
  })

  it('hand out a pot to its last thousand-millionth and no further, to the bit', async () => {
    const takers = await brokers(4)
    const random = new Random(1)
    for (let i = 0; i < 40; i++) {
      const limitUsd = 10 ** (10 * random.next() - 4)
      const pool = endless(`whole/${i}`, limitUsd)
      const grants: number[] = []
      const run = async (broker: LeaseBroker) => {
        for (;;) {
          const usd = await take(broker, pool, limitUsd / 7)
          if (usd === 0) return
          grants.push(usd)
        }
      }
      await Promise.all(takers.map(run))
      const grantedUsd = grants.reduce((total, usd) => total + usd, 0)
      expect(grantedUsd).toBeLessThanOrEqual(limitUsd)
      expect(limitUsd - grantedUsd).toBeLessThanOrEqual(2 ** -29)
    }
  })

  it('of a rolling pot count for its window and two steps', async () => {
    const takers = await brokers(3)
    const pool = { key: 'rolling', limitUsd: 10, endsAt: null, windowMs: 640 }
    const grants: { readonly sentAt: number; readonly usd: number }[] = []
    const until = Date.now() + 3000
    const run = async (broker: LeaseBroker, random: Random) => {
      while (Date.now() < until) {
        const sentAt = Date.now()
        const usd = await take(broker, pool, random.next())
        if (usd > 0) grants.push({ sentAt, usd })
        const now = Date.now()
        const counted = grants.filter((grant) => grant.sentAt + 660 > now)
        expect(sum(counted)).toBeLessThanOrEqual(10)
        await sleep(5 * random.next())
      }
    }
    await Promise.all(takers.map((broker, i) => run(broker, new Random(i))))
    // Four windows' worth: it was all there again after each.
    expect(sum(grants)).toBeGreaterThan(25)
    expect(Number(await server.command('HLEN', key(pool)))).toBeLessThanOrEqual(68)
    expect(await server.command('PTTL', key(pool))).toBeGreaterThan(0)
    await sleep(1300)
    expect(await server.command('EXISTS', key(pool))).toBe(0)
  })

  it('of a rolling pot are given back from the steps that still count, and only own ones', async () => {
    const [a, b] = await brokers(2)
    const pool = { key: 'rolling', limitUsd: 10, endsAt: null, windowMs: 640 }
    expect(await take(a, pool, 4)).toBe(4)
    await b.giveBack([{ ...pool, usd: 4 }])
    expect(await take(b, pool, 100)).toBe(6)
    expect(await take(b, pool, 100)).toBe(0)
    await a.giveBack([{ ...pool, usd: 1.5 }])
    expect(await take(b, pool, 100)).toBe(1.5)
    await sleep(700)
    expect(await take(b, pool, 8)).toBe(8)
    await a.giveBack([{ ...pool, usd: 2.5 }])
    expect(await take(a, pool, 100)).toBe(2)
    await b.giveBack([{ ...pool, usd: 100 }])
    expect(await take(a, pool, 100)).toBe(8)
  })

  it('of a rolling pot that are renewed every step count as what was spent and the slice in hand', async () => {
    const [broker] = await brokers(1)
    const pool = { key: 'renewed', limitUsd: 1000, endsAt: null, windowMs: 1280 }
    const spent: { readonly at: number; readonly usd: number; readonly isLate: boolean }[] = []
    const start = Date.now()
    let takenAt = start
    let heldUsd = await take(broker, pool, 8)
    const inTime = () => spent.filter(({ isLate }) => !isLate).length
    // A busy machine needs longer for as many steps.
    while (Date.now() - start < 4000 || (inTime() <= 20 && Date.now() - start < 40_000)) {
      await sleep(22)
      const at = Date.now()
      // Two steps are what a slice may be held: on a busy machine this test may itself be late.
      spent.push({ at, usd: 1, isLate: at - takenAt > 40 })
      const restUsd = heldUsd - 1
      takenAt = at
      heldUsd = await take(broker, pool, 8)
      await broker.giveBack([{ ...pool, usd: restUsd }])
      const steps = (await server.command('HGETALL', key(pool))) as string[]
      const oldest = Math.floor(Date.now() / 20) - 66
      const counted = sum(
        steps.flatMap((usd, i) =>
          i % 2 === 1 && Number(steps[i - 1]) >= oldest ? [{ usd: Number(usd) }] : [],
        ),
      )
      const since = (ms: number) => spent.filter(({ at }) => at > Date.now() - ms)
      // A process that was stopped for a window has no slice left.
      const countedUsd = Date.now() - takenAt < pool.windowMs ? heldUsd : 0
      expect(counted).toBeGreaterThanOrEqual(countedUsd + sum(since(1280).filter(({ isLate }) => !isLate)))
      expect(counted).toBeLessThanOrEqual(heldUsd + sum(since(1600)))
    }
    expect(inTime()).toBeGreaterThan(20)
  })

  it('of a rolling pot that are still in hand count for a window after they were renewed, to the bit', async () => {
    const [a, b] = await brokers(2)
    const pool = { key: 'in-flight', limitUsd: 10, endsAt: null, windowMs: 640 }
    expect(await take(a, pool, 7)).toBe(7)
    const start = Date.now()
    let renewedAt = start
    // Half of it is in flight for two windows, and one dollar goes back at once.
    for (let usd = 4; Date.now() - start < 1400; ) {
      expect(await a.renew?.([{ ...pool, usd: 3.5, backUsd: usd === 4 ? 1 : 0 }])).toEqual([3.5])
      renewedAt = Date.now()
      usd = 0
      const free = await take(b, pool, 10)
      expect(free).toBeLessThanOrEqual(6.5)
      await b.giveBack([{ ...pool, usd: free }])
      await sleep(15)
    }
    expect(await take(b, pool, 10)).toBe(6.5)
    await b.giveBack([{ ...pool, usd: 6.5 }])
    const field = (await server.command('HGETALL', key(pool))) as string[]
    expect(field.filter((_, i) => i % 2 === 1).reduce((total, usd) => total + Number(usd), 0)).toBe(3.5)
    // A window later the pot has forgotten them, and says so.
    await sleep(renewedAt + 700 - Date.now())
    expect(await take(b, pool, 10)).toBe(10)
    expect(await a.renew?.([{ ...pool, usd: 3.5, backUsd: 0 }])).toEqual([0])
    expect(await b.renew?.([{ ...pool, usd: 12, backUsd: 0 }])).toEqual([10])
    expect(await a.renew?.([])).toEqual([])
  })

  it('of a calendar pot end with it, a day later', async () => {
    const [broker] = await brokers(1)
    const pool = { key: 'cap//day/calendar/1', limitUsd: 3, endsAt: Date.now() + 50, windowMs: null }
    expect(await take(broker, pool, 2)).toBe(2)
    const ttl = Number(await server.command('PTTL', key(pool)))
    expect(Math.abs(ttl - DAY_MS)).toBeLessThan(1000)
    await sleep(60)
    await broker.giveBack([{ ...pool, usd: 1.5 }])
    expect(Number(await server.command('PTTL', key(pool)))).toBeGreaterThan(0)
    expect(await take(broker, pool, 9)).toBe(2.5)
    const past = { ...pool, key: 'cap//day/calendar/0', endsAt: Date.now() - DAY_MS - 1 }
    expect(await take(broker, past, 1)).toBe(0)
    expect(await server.command('EXISTS', key(past))).toBe(0)
  })

  it.each([
    ['of a calendar pot', { key: 'cap//day/calendar/7', endsAt: Date.now() + DAY_MS, windowMs: null }],
    ['of a rolling pot', { key: 'cap//hour/rolling', endsAt: null, windowMs: 3_600_000 }],
    ['of a burst', { key: 'burst/', endsAt: null, windowMs: null }],
  ])('%s that somebody has deleted are handed out no further, and it is said once', async (_, kind) => {
    const [a, b] = await brokers(2)
    const pool = { ...kind, limitUsd: 10 }
    const other = endless('other', 10)
    expect(await take(a, pool, 4)).toBe(4)
    expect(await take(a, other, 1)).toBe(1)
    for (const each of [a, b]) {
      await server.command('DEL', key(pool))
      // What a holds is as good as before, and goes back as before.
      if (each === b) await a.giveBack([{ ...pool, usd: 1 }])
      const rest = { ...pool, limitUsd: 6, wholeUsd: 10, wantUsd: 1 }
      const error = await expectRejection(b.take([{ ...other, wantUsd: 5 }, rest]), 'STORE_CORRUPT')
      expect(error.message).toContain(key(pool))
      // Nothing of any pot was taken by that call.
      expect(await b.take([{ ...other, wantUsd: 100 }, rest])).toEqual([each === a ? 9 : 0, 0])
      expect(await take(a, pool, 100)).toBe(0)
    }
    expect(Number(await server.command('PTTL', key(pool)))).toBeGreaterThan(kind.key === 'burst/' ? -2 : 0)
    // The next period has a pot of its own.
    const next = { ...pool, key: 'cap//day/calendar/8', endsAt: Date.now() + 2 * DAY_MS }
    expect(await take(b, next, 6)).toBe(6)
    expect(await take(a, next, 6)).toBe(4)
  })

  it('of a calendar pot that ends with another, but began at another time, are its own', async () => {
    const [a, b] = await brokers(2)
    const endsAt = Date.now() + DAY_MS
    const utc = { key: 'cap//month/calendar/1000', limitUsd: 10, endsAt, windowMs: null }
    const london = { ...utc, key: 'cap//month/calendar/900' }
    expect(await take(a, utc, 4)).toBe(4)
    expect(await take(b, london, 6)).toBe(6)
    expect(await take(a, london, 6)).toBe(4)
    // Either is missed when it is deleted.
    for (const pool of [london, utc]) {
      await server.command('DEL', key(pool))
      const error = await expectRejection(take(b, pool, 1), 'STORE_CORRUPT')
      expect(error.message).toContain(key(pool))
      expect(await take(b, pool, 1)).toBe(0)
    }
  })

  it('of a calendar pot that two periods began together are missed until the later one ends', async () => {
    const [broker] = await brokers(1)
    const early = { key: 'cap//month/calendar/1', limitUsd: 10, endsAt: Date.now() + 1000, windowMs: null }
    const late = { ...early, endsAt: Date.now() + DAY_MS }
    expect(await take(broker, early, 4)).toBe(4)
    expect(await take(broker, late, 4)).toBe(4)
    await server.command('DEL', key(late))
    await expectRejection(take(broker, late, 1), 'STORE_CORRUPT')
  })

  it('leave no more behind than pots that there are, over many periods and tenants', async () => {
    const [broker] = await brokers(1)
    const recorded = async () =>
      Number(await server.command('HLEN', `{leases${streams}}:log`)) +
      Number(await server.command('ZCARD', `{leases${streams}}:pots`))
    const before = await recorded()
    const counts: number[] = []
    for (let period = 0; period < 12; period++) {
      const endsAt = Date.now() - DAY_MS + 100
      const pools = Array.from({ length: 20 }, (_, i) => ({
        key: `cap/tenant-${period}-${i}/hour/calendar/${period}`,
        limitUsd: 1,
        endsAt,
        windowMs: null,
      }))
      const grants = await broker.take(pools.map((pool) => ({ ...pool, wantUsd: 1 })))
      expect(grants).toEqual(pools.map(() => 1))
      const rolling = { key: `cap/${period}/minute/rolling`, limitUsd: 1, endsAt: null, windowMs: 64 }
      expect(await take(broker, rolling, 1)).toBe(1)
      const burst = endless(`burst/tenant-${period}`, 1)
      expect(await take(broker, burst, 1)).toBe(1)
      await broker.giveBack([{ ...burst, usd: 1 }])
      counts.push((await recorded()) - before)
      const ended = async () => (await server.command('EXISTS', ...[...pools, rolling].map(key))) === 0
      await until(ended, 'the end of the period')
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(3 * 22)
    // Whoever asks next clears away the rest, some at a time.
    const asker = { key: 'cap//day/calendar/1', limitUsd: 100, endsAt: Date.now() + DAY_MS, windowMs: null }
    for (let i = 0; i < 40; i++) await take(broker, asker, 1)
    expect((await recorded()) - before).toBe(1)
  })

  it('of a pot that Redis has forgotten in its time are there again', async () => {
    const [broker] = await brokers(1)
    const rolling = { key: 'cap//hour/rolling', limitUsd: 10, endsAt: null, windowMs: 64 }
    const past = { key: 'cap//day/calendar/1', limitUsd: 10, endsAt: Date.now() - 1000, windowMs: null }
    expect(await broker.take([rolling, past].map((pool) => ({ ...pool, wantUsd: 10 })))).toEqual([10, 10])
    await until(async () => (await server.command('EXISTS', key(rolling))) === 0, 'its end')
    expect(await take(broker, rolling, 10)).toBe(10)
    // All of its steps are too old, and none takes their place.
    await sleep(80)
    expect(await take(broker, { ...rolling, limitUsd: 0 }, 1)).toBe(0)
    expect(await server.command('EXISTS', key(rolling))).toBe(0)
    expect(await take(broker, rolling, 10)).toBe(10)
  })

  it('are not given where the limit was lowered under what is granted', async () => {
    const [broker] = await brokers(1)
    for (const windowMs of [null, 60_000]) {
      const pool = { ...endless(`lowered/${windowMs}`, 10), windowMs }
      expect(await take(broker, pool, 8)).toBe(8)
      const lowered = { ...pool, limitUsd: 5 }
      expect(await take(broker, lowered, 1)).toBe(0)
      await broker.giveBack([{ ...lowered, usd: 4 }])
      expect(await take(broker, lowered, 9)).toBe(1)
      await broker.giveBack([{ ...pool, usd: 1000 }])
      expect(await take(broker, pool, 1000)).toBe(10)
      expect(await take(broker, { ...pool, limitUsd: 0 }, 1)).toBe(0)
    }
  })

  it('of many pots come by one call, in their order', async () => {
    const [broker] = await brokers(1)
    const pools = Array.from({ length: 500 }, (_, i) => ({
      ...endless(`pool/${i}`, i),
      windowMs: i % 3 === 0 ? 60_000 : null,
    }))
    const grants = await broker.take(pools.map((pool) => ({ ...pool, wantUsd: 250 })))
    expect(grants).toEqual(pools.map(({ limitUsd }) => Math.min(250, limitUsd)))
    await broker.giveBack(pools.map((pool) => ({ ...pool, usd: 1 })))
    expect(await broker.take(pools.map((pool) => ({ ...pool, wantUsd: 1 })))).toEqual(
      pools.map(({ limitUsd }) => Math.min(1, limitUsd)),
    )
    expect(await broker.take([])).toEqual([])
    await broker.giveBack([])
  })

  it('count a process until ten seconds after its last sign of life', async () => {
    const [broker] = await brokers(3)
    expect(await broker.processes()).toBe(3)
    const processes = `{leases${streams}}:processes`
    const [dead] = (await server.command('ZRANGE', processes, '0', '0')) as string[]
    await server.command('ZADD', processes, String(Date.now() - 10_100), dead)
    await server.command('ZADD', processes, String(Date.now() + 60_000), 'of-a-clock-set-back')
    expect([2, 3]).toContain(await broker.processes())
    expect(await server.command('ZSCORE', processes, 'of-a-clock-set-back')).toBeNull()
  })
})
