import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import type { ClientKey } from '../../../src/gateway/keys/keyring.js'
import { RateLimits } from '../../../src/gateway/keys/rate-limits.js'
import { SharedUse } from '../../../src/gateway/keys/shared-use.js'
import type { SecondOfUse, Use, UseExchange } from '../../../src/gateway/keys/use.js'
import { openBesideLog } from '../../../src/gateway/node/beside-log.js'
import { hasRedis, RedisServer } from '../../support/redis-server.js'
import { smallTree } from '../config/example.js'
import { redisConfig } from './record-stores.js'

const T0 = 1_800_000_000_000
const { limits } = await readConfig(smallTree())

const KEY: ClientKey = {
  id: 'key_a b',
  name: 'a',
  tenant: null,
  groups: null,
  requestsPerMinute: 100,
  tokensPerMinute: 10_000,
  expiresAt: null,
  teaches: true,
}

/** The store as it is in Redis, by a clock of the test. */
function memoryUse(clock: { now: number }): UseExchange {
  const seconds = new Map<number, Map<string, Use>>()
  return {
    async exchange(own) {
      const second = Math.floor(clock.now / 1000)
      const sum = seconds.get(second) ?? new Map<string, Use>()
      seconds.set(second, sum)
      for (const [id, { requests, tokens }] of own) {
        const before = sum.get(id) ?? { requests: 0, tokens: 0 }
        sum.set(id, { requests: before.requests + requests, tokens: before.tokens + tokens })
      }
      return [0, 1, 2, 3].map(
        (ago): SecondOfUse => ({ second: second - ago, uses: new Map(seconds.get(second - ago) ?? []) }),
      )
    },
  }
}

function processes(count: number, store: UseExchange, now: () => number, problems: string[] = []) {
  return Array.from({ length: count }, () => {
    const rates = new RateLimits(now)
    return { rates, shared: new SharedUse(rates, store, (message) => void problems.push(message)) }
  })
}

/** Asks as often as it is let in, `times` at most. @returns how often it was */
function flood(rates: RateLimits, times: number, key = KEY, tokens = 1): number {
  let count = 0
  for (let i = 0; i < times; i++) {
    const admitted = rates.admit(key, tokens, limits)
    if (!admitted.ok) continue
    count++
    admitted.admission.end(null)
  }
  return count
}

describe('limits of a key over processes', () => {
  it('are kept together, but for what was let in between two exchanges', async () => {
    const clock = { now: T0 }
    const all = processes(4, memoryUse(clock), () => clock.now)
    let total = 0
    for (let tick = 0; tick < 58; tick++) {
      for (const { rates } of all) total += flood(rates, 2)
      for (const { shared } of all) await shared.exchange()
      for (const { shared } of all) await shared.exchange()
      clock.now += 1000
    }
    expect(total).toBeGreaterThanOrEqual(100)
    expect(total).toBeLessThanOrEqual(100 + 4 * 2)
  })

  it('let in again what has room once the minute is over', async () => {
    const clock = { now: T0 }
    const [one, other] = processes(2, memoryUse(clock), () => clock.now)
    expect(flood(one.rates, 200)).toBe(100)
    await one.shared.exchange()
    await other.shared.exchange()
    expect(flood(other.rates, 200)).toBe(0)
    clock.now += 61_000
    expect(flood(other.rates, 200)).toBe(100)
  })

  it('count tokens as they were used, not as they were expected', async () => {
    const clock = { now: T0 }
    const [one, other] = processes(2, memoryUse(clock), () => clock.now)
    const admitted = one.rates.admit(KEY, 9000, limits)
    for (const { shared } of [one, other]) await shared.exchange()
    expect(other.rates.admit(KEY, 2000, limits)).toMatchObject({ ok: false })
    if (admitted.ok) admitted.admission.end(100)
    for (const { shared } of [one, other]) await shared.exchange()
    expect(other.rates.admit(KEY, 2000, limits)).toMatchObject({ ok: true })
  })

  it('tell nothing of keys without limits, and nothing twice', async () => {
    const clock = { now: T0 }
    const told: ReadonlyMap<string, Use>[] = []
    const memory = memoryUse(clock)
    const [one] = processes(
      1,
      {
        exchange: (own) => {
          told.push(own)
          return memory.exchange(own)
        },
      },
      () => clock.now,
    )
    flood(one.rates, 5, { ...KEY, id: 'free', requestsPerMinute: null, tokensPerMinute: null })
    flood(one.rates, 5)
    await one.shared.exchange()
    await one.shared.exchange()
    expect(told).toEqual([new Map([['key_a b', { requests: 5, tokens: 5 }]]), new Map()])
  })

  it('tell no tokens of a key that may use any number of them', async () => {
    const clock = { now: T0 }
    const told: ReadonlyMap<string, Use>[] = []
    const memory = memoryUse(clock)
    const store: UseExchange = {
      exchange: (own) => {
        told.push(own)
        return memory.exchange(own)
      },
    }
    const [one] = processes(1, store, () => clock.now)
    const admitted = one.rates.admit({ ...KEY, tokensPerMinute: null }, Number.MAX_SAFE_INTEGER, limits)
    await one.shared.exchange()
    if (admitted.ok) admitted.admission.end(5)
    await one.shared.exchange()
    expect(told).toEqual([new Map([['key_a b', { requests: 1, tokens: 0 }]]), new Map()])
  })

  it('are of each process alone while the store is away, and nothing is forgotten', async () => {
    const clock = { now: T0 }
    const memory = memoryUse(clock)
    const away = { is: true }
    const store: UseExchange = {
      exchange: (own) => (away.is ? Promise.reject(new Error('no route')) : memory.exchange(own)),
    }
    const problems: string[] = []
    const [one, other] = processes(2, store, () => clock.now, problems)
    expect(flood(one.rates, 60)).toBe(60)
    for (const { shared } of [one, other]) await shared.exchange()
    await one.shared.exchange()
    expect(problems).toEqual([
      'rate limits are of this process alone: no route',
      'rate limits are of this process alone: no route',
    ])
    away.is = false
    for (const { shared } of [one, other]) await shared.exchange()
    expect(flood(other.rates, 200)).toBe(40)
  })
})

describe.skipIf(!hasRedis)('use in Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(async () => {
    await server.kill()
  })

  it('is shared by processes, and is gone after a while', async () => {
    const opened = await Promise.all([0, 1, 2].map(() => openBesideLog(redisConfig(server.url, 'u'))))
    const all = opened.flatMap(({ use }) => (use === null ? [] : processes(1, use, Date.now)))
    expect(flood(all[0].rates, 60)).toBe(60)
    for (const { shared } of all) await shared.exchange()
    expect(flood(all[1].rates, 200)).toBe(40)
    for (const { shared } of all) await shared.exchange()
    expect(flood(all[2].rates, 200)).toBe(0)
    const keys = (await server.command('KEYS', '{u}:use:*')) as string[]
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) expect(Number(await server.command('TTL', key))).toBeGreaterThan(0)
    for (const { records } of opened) await records.close()
  })

  it('holds no more than Redis can count, whatever one key is said to use, and counts what others do once', async () => {
    const opened = await Promise.all([0, 1].map(() => openBesideLog(redisConfig(server.url, 'huge'))))
    const problems: string[] = []
    const [one, other] = opened.flatMap(({ use }) =>
      use === null ? [] : processes(1, use, Date.now, problems),
    )
    const greedy = (used: number) => ({ ...KEY, id: `key_greedy_${used}`, tokensPerMinute: 1e12 })
    // What a provider says was used is counted afterwards, and may be any number.
    const all = [1e15, 2 ** 60, 1e30]
    for (const used of all) {
      expect(flood(one.rates, 10, { ...KEY, id: 'key_modest' })).toBe(10)
      const admitted = one.rates.admit(greedy(used), 1, limits)
      if (admitted.ok) admitted.admission.end(used)
      for (let i = 0; i < 3; i++) await one.shared.exchange()
    }
    await other.shared.exchange()
    expect(problems).toEqual([])
    for (const used of all)
      expect(other.rates.admit(greedy(used), 1, limits), String(used)).toMatchObject({ ok: false })
    expect(flood(other.rates, 200, { ...KEY, id: 'key_modest' })).toBe(70)
    for (const { records } of opened) await records.close()
  })
})
