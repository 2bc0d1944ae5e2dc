import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../../src/base/errors.js'
import { createRouter, type RouterEvent } from '../../../src/index.js'
import { Account } from '../../../src/policy/dollar/accounts/account.js'
import { ArrivalProfile } from '../../../src/policy/dollar/accounts/arrival-profile.js'
import { Cap } from '../../../src/policy/dollar/accounts/cap.js'
import { CappedRequests } from '../../../src/policy/dollar/accounts/capped-requests.js'
import { Ledger } from '../../../src/state/ledger.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { expectCode } from '../../support/errors.js'
import { Random } from '../../support/random.js'
import { digest } from '../../support/router.js'

const HOUR = 3_600_000
const START = Date.UTC(2026, 5, 1)
const MODELS = [
  { id: 'cheap', inputUsdPerMTok: 1, outputUsdPerMTok: 1 },
  { id: 'dear', inputUsdPerMTok: 60, outputUsdPerMTok: 60 },
]
const KNOWN = () => true

async function arena(usd: number, tenantUsd: number | null = null) {
  const clock = { now: START }
  const log: RouterEvent[] = []
  const router = await createRouter({
    models: MODELS,
    dimension: 2,
    kernel: 'js',
    name: 'r',
    clock: () => clock.now,
    caps: [{ usd, per: 'day' }],
    tenants:
      tenantUsd === null ? [] : [{ id: 'team', caps: [{ usd: tenantUsd, per: 'day' }] }, { id: 'other' }],
  })
  router.on('*', (event) => log.push(event))
  const random = new Random(5)
  /** Whether it was routed. */
  const ask = (tenant?: string): boolean => {
    try {
      const { id, model } = router.route([random.next(), 1], tenant === undefined ? {} : { tenant })
      const costUsd = model === 'cheap' ? 0.0006 : 0.036
      router.settle(id, { costUsd })
      router.reward(id, model === 'cheap' ? 0.6 : 0.8)
      return true
    } catch (error) {
      if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
      return false
    }
  }
  const capped = () => log.filter((event) => event.type === 'capped')
  return { router, clock, log, ask, capped }
}

describe('requests that caps refuse', () => {
  it('are written at once, then together once a second', () => {
    const counter = new CappedRequests()
    const first = counter.refused(null, false, 1000)
    expect(first).toMatchObject([{ type: 'capped', at: 1000, tenant: null, byTenant: false, requests: 1 }])
    for (let at = 1001; at < 2000; at++) expect(counter.refused(null, false, at)).toEqual([])
    expect(counter.due(1999, KNOWN)).toEqual([])
    expect(counter.due(2500, KNOWN)).toEqual([
      {
        type: 'capped',
        at: 2500,
        tenant: null,
        byTenant: false,
        requests: 999,
        lastAt: 1999,
      },
    ])
    expect(counter.due(9000, KNOWN)).toEqual([])
  })

  it('are counted apart by tenant and by whose cap it was, and forgotten with a tenant', () => {
    const counter = new CappedRequests()
    for (let i = 0; i < 3; i++) {
      counter.refused('a', true, 1000)
      counter.refused('a', false, 1000)
      counter.refused('b', true, 1000)
    }
    const events = counter.due(2000, (tenant) => tenant !== 'b')
    expect(events.map(({ tenant, byTenant, requests }) => [tenant, byTenant, requests])).toEqual([
      ['a', true, 2],
      ['a', false, 2],
    ])
    // One that has nothing to count for a second is forgotten, whoever's it is.
    for (let i = 0; i < 1000; i++) counter.refused(`t${i}`, true, 5000)
    expect(counter.size).toBeGreaterThanOrEqual(1000)
    expect(counter.due(6000, KNOWN)).toEqual([])
    expect(counter.size).toBe(0)
  })

  it('come no later than now when a clock is put back', () => {
    const counter = new CappedRequests()
    counter.refused(null, false, 5000)
    counter.refused(null, false, 5500)
    expect(counter.due(4000, KNOWN)).toEqual([])
    expect(counter.refused(null, false, 4000)).toMatchObject([{ at: 4000, requests: 2, lastAt: 4000 }])
  })

  it('are in stats of whose cap it was, whatever the rate, and take no more than an event a second', async () => {
    const { router, clock, ask, capped } = await arena(0.01, 0.006)
    let byTeam = 0
    let byRouter = 0
    for (let i = 0; i < 4000; i++) {
      clock.now += 5
      if (i < 2000) byTeam += ask('team') ? 0 : 1
      else byRouter += ask('other') ? 0 : 1
    }
    expect(byTeam).toBeGreaterThan(1500)
    expect(byRouter).toBeGreaterThan(1500)
    // What waits is written before the next request.
    clock.now += 1000
    byRouter += ask() ? 0 : 1
    expect(router.stats().account?.refused).toBe(byRouter)
    expect(router.tenantStats('team').refused).toBe(byTeam)
    expect(router.tenantStats('other').refused).toBe(0)
    // Those of all, as `stats` has them, counted requests and all.
    expect(router.tenantStats(null)).toEqual(router.stats().account)
    expect(capped().length).toBeLessThanOrEqual(25)
  })

  it('fold to the same state from a log', async () => {
    const options = {
      models: MODELS,
      dimension: 2,
      kernel: 'js',
      name: 'r',
      caps: [{ usd: 0.01, per: 'day' }],
    } as const
    let now = START
    const log: RouterEvent[] = []
    const make = () => createRouter({ ...options, clock: () => now })
    const [live, folded] = [await make(), await make()]
    live.on('*', (event) => log.push(event))
    for (let i = 0; i < 300; i++) {
      now += 100
      try {
        live.route([0.5, 1])
      } catch {}
    }
    for (const event of log) folded.apply(event)
    expect(log.filter(({ type }) => type === 'capped').length).toBeGreaterThan(10)
    expect(digest(folded)).toBe(digest(live))
  })

  it('plans the next day for those it refused', async () => {
    const { clock, ask } = await arena(2.9)
    const refusedByDay: number[] = []
    for (let day = 0; day < 3; day++) {
      let refused = 0
      for (let hour = 0; hour < 24; hour++) {
        const requests = hour === 22 ? 4500 : 10
        for (let i = 0; i < requests; i++) {
          clock.now = START + (day * 24 + hour + i / requests) * HOUR
          if (!ask()) refused++
        }
      }
      refusedByDay.push(refused)
    }
    // The cheapest model for all takes $2.84 of $2.90; the first day nobody knows what comes.
    expect(refusedByDay[0]).toBeGreaterThan(1000)
    expect(refusedByDay.slice(1)).toEqual([0, 0])
  })

  /** An account with a cap, and what may be asked of it. */
  function accountWithCap() {
    const account = new Account(50, new Ledger())
    account.caps = [
      new Cap({ usd: 10, per: 'day', window: 'calendar', timeZone: 'UTC', pacing: 'forecast' }, START),
    ]
    const refused = (requests: number, at: number) =>
      account.wanted({ type: 'capped', at, tenant: null, byTenant: false, requests, lastAt: at })
    return { account, refused, counted: () => account.arrivals?.save().count ?? 0 }
  }

  it('count no faster than requests that were routed: asking again and again makes no demand', () => {
    const { account, refused, counted } = accountWithCap()
    // Before any was routed there is nothing to go by.
    refused(5000, START)
    expect(account.arrivals).toBeNull()
    // Ten a second are routed for a minute, then five thousand a second are refused for one, by each of three counters.
    for (let i = 0; i < 600; i++) account.reserve(START + i * 100, 0.0006)
    for (let i = 1; i <= 60; i++)
      for (let counter = 0; counter < 3; counter++) refused(5000, START + 60_000 + i * 1000)
    expect(counted()).toBeGreaterThanOrEqual(1190)
    expect(counted()).toBeLessThanOrEqual(1202)
    // As many as were refused where that is less.
    const before = counted()
    refused(3, START + 200_000)
    expect(counted()).toBe(before + 3)
  })

  it('of slow traffic count as slowly: a request a minute makes one a minute, however often it is tried again', () => {
    const { account, refused, counted } = accountWithCap()
    for (let i = 0; i < 30; i++) account.reserve(START + i * 60_000, 0.0006)
    const last = START + 29 * 60_000
    for (let second = 1; second <= 20 * 60; second++) refused(1, last + second * 1000)
    expect(counted()).toBe(50)
  })

  it('are counted in the hour that it is, at a stroke, however long ago or many they were', () => {
    const { account, counted } = accountWithCap()
    for (let i = 0; i < 600; i++) account.reserve(START + i * 100, 0.0006)
    const before = account.arrivals?.save()
    const event = { type: 'capped', tenant: null, byTenant: false, requests: 2 ** 31 - 1 } as const
    account.wanted({ ...event, at: START + 60_000, lastAt: START - 30 * 24 * HOUR })
    expect(account.arrivals?.save()).toMatchObject({ hour: before?.hour, count: 600 })
    account.wanted({ ...event, at: START + 60_000, lastAt: START + 60_000 })
    // A tenth of a second after the latest, at ten a second.
    expect(counted()).toBe(601)
    const profile = account.arrivals?.save()
    expect(new ArrivalProfile().load({ ...profile })).toBe(true)
    for (const [name, value] of [
      ['refusedAt', Number.NaN],
      ['refusedRest', 1.5],
      ['refusedRest', -0.5],
    ] as const)
      expect(new ArrivalProfile().load({ ...profile, [name]: value }), name).toBe(false)
    // As older snapshots have it.
    const { refusedAt: _, refusedRest: __, ...older } = { ...profile, refusedAt: 0, refusedRest: 0 }
    expect(new ArrivalProfile().load(older)).toBe(true)
  })

  it('are checked in a log: a tenant that is known, times in order, a number of them', async () => {
    const { router, clock } = await arena(1, 1)
    const event = { at: clock.now, tenant: null, byTenant: false, requests: 1, lastAt: 0 }
    for (const [change, code, field] of [
      [{ tenant: 'nobody' }, 'UNKNOWN_TENANT', 'event.tenant'],
      [{ byTenant: true }, 'INVALID_ARGUMENT', 'event.byTenant'],
      [{ requests: 0 }, 'INVALID_ARGUMENT', 'event.requests'],
      [{ lastAt: clock.now + 1 }, 'INVALID_ARGUMENT', 'event.lastAt'],
    ] as const)
      expectCode(() => router.apply({ type: 'capped', ...event, ...change } as RouterEvent), code, field)
    router.apply({ type: 'capped', ...event, requests: 7 } as RouterEvent)
    expect(router.stats().account?.refused).toBe(7)
  })
})

describe('requests that caps refused within the last second', () => {
  it.each(['flush', 'close'] as const)('are in the log after %s', async (end) => {
    const store = memoryStore()
    const options = { models: MODELS, dimension: 2, kernel: 'js', name: 'r' } as const
    const clock = { now: START }
    const make = () =>
      createRouter({ ...options, store, caps: [{ usd: 0.0001, per: 'day' }], clock: () => clock.now })
    const router = await make()
    let written = 0
    router.on('capped', ({ requests }) => {
      written += requests
    })
    for (let i = 0; i < 50; i++) {
      clock.now += 2
      expectCode(() => router.route([0.5, 1]), 'BUDGET_EXHAUSTED', 'caps')
    }
    expect(written).toBe(1)
    expect(router.stats().account?.refused).toBe(50)
    await router[end]()
    expect(written).toBe(50)
    const before = (await router.digest()).sha256
    expect(router.stats().account?.refused).toBe(50)
    if (end === 'flush') await router.close()
    const next = await make()
    expect(next.stats().account?.refused).toBe(50)
    expect((await next.digest()).sha256).toBe(before)
    // Each once: what was written is not written again, and the next second starts from 0.
    clock.now += 500
    expectCode(() => next.route([0.5, 1]), 'BUDGET_EXHAUSTED', 'caps')
    await next.flush()
    await next.flush()
    expect(next.stats().account?.refused).toBe(51)
    await next.close()
  })

  it('are in the state after a flush without a store, and not those of a tenant that is gone', async () => {
    const { router, clock, ask, capped } = await arena(1, 0.0001)
    for (let i = 0; i < 20; i++) {
      clock.now += 2
      ask('team')
    }
    await router.flush()
    expect(router.tenantStats('team').refused).toBe(20)
    expect(capped()).toHaveLength(2)
    ask('team')
    router.removeTenant('team')
    await router.close()
    expect(capped()).toHaveLength(2)
  })

  it('are written at a flush of a full journal, too', async () => {
    const router = await createRouter({
      models: MODELS,
      dimension: 2,
      kernel: 'js',
      caps: [{ usd: 0.0001, per: 'day' }],
      clock: () => START,
      store: memoryStore(),
      journal: { capacity: 4 },
    })
    for (let i = 0; i < 10; i++) expectCode(() => router.route([0.5, 1]), 'BUDGET_EXHAUSTED', 'caps')
    for (let i = 0; i < 4; i++) {
      try {
        router.setQuality({ meanReward: 0.5 })
      } catch {}
    }
    await router.flush()
    expect(router.stats().account?.refused).toBe(10)
    await router.close()
  })
})
