import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode } from '../support/errors.js'
import { HOUR, MODELS, makeBench, X } from '../support/router.js'

const wrong = <T>(value: unknown): T => value as T
const PRICED = { id: 'priced', inputUsdPerMTok: 1000, outputUsdPerMTok: 2000 }
const TOOLS = { input_tokens: 10, output_tokens: 5, server_tool_use: { web_search_requests: 2 } }
const CAP = { usd: 10, per: 'day' } as const

describe('a bill that comes late is booked', () => {
  it('after a failure, on the router, the tenant and their caps', async () => {
    const { router } = await makeBench({ caps: [CAP], tenants: [{ id: 't', caps: [CAP] }] })
    const { id } = router.route(X, { tenant: 't' })
    router.fail(id)
    router.settle(id, { costUsd: 0.25 })
    for (const account of [router.stats().account, router.tenantStats('t')]) {
      expect(account?.spendUsd).toBeCloseTo(0.25, 12)
      expect(account?.caps[0].spentUsd).toBeCloseTo(0.25, 12)
    }
    expect(router.stats().models.reduce((sum, { lateBills }) => sum + lateBills, 0)).toBe(1)
    expectCode(() => router.settle(id, { costUsd: 0.25 }), 'ALREADY_SETTLED')
  })

  it('of a model that was removed meanwhile, once for each request', async () => {
    const { router } = await makeBench({ caps: [CAP], models: [MODELS[2]] })
    const ids = Array.from({ length: 161 }, () => router.route(X).id)
    router.removeModel('large')
    for (const id of ids) router.settle(id, { inputTokens: 1000, outputTokens: 1000 })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(161 * 0.03, 9)
    expect(router.stats().account?.caps[0].spentUsd).toBeCloseTo(161 * 0.03, 9)
  })

  it.each([false, true])(
    'but not again where it was settled before its model went, drain %s',
    async (drain) => {
      const { router } = await makeBench({ models: [MODELS[0], MODELS[2]] })
      const route = () => router.route(X, { candidates: ['large'] }).id
      const [settled, rewarded, open] = [route(), route(), route()]
      router.settle(settled, { costUsd: 0.1 })
      router.settle(rewarded, { costUsd: 0.1 })
      router.reward(rewarded, 1)
      router.removeModel('large', { drain })
      router.settle(open, { costUsd: 0.1 })
      expect(router.stats().models.map(({ id }) => id)).toEqual(['small'])
      const { spendUsd } = router.stats().pacer
      for (const id of [settled, rewarded, open])
        expectCode(() => router.settle(id, { costUsd: 0.1 }), 'ALREADY_SETTLED')
      expect(router.stats().pacer.spendUsd).toBe(spendUsd)
      router.restore(router.snapshot())
      for (const id of [settled, rewarded, open])
        expectCode(() => router.settle(id, { costUsd: 0.1 }), 'ALREADY_SETTLED')
    },
  )

  it.each(POLICY_NAMES)('however the request ended, under policy %s', async (policy) => {
    const options = {
      policy,
      models: [MODELS[2], { ...MODELS[2], id: 'gone' }],
      budget: { usdPerRequest: 0.01 },
      pendingTtlMs: HOUR,
    }
    const { router, log, clock } = await makeBench({ ...options, pendingCapacity: 64 })
    const route = (model = 'large') => router.route(X, { candidates: [model] }).id
    const [failed, cancelled, expired, removed] = [route(), route(), route(), route('gone')]
    router.fail(failed)
    router.cancel(cancelled, { costUsd: 0.001 })
    clock.advance(2 * HOUR)
    router.expire()
    router.removeModel('gone')
    const pushedOut = route()
    for (let i = 0; i < 64; i++) route()
    const inFlightUsd = router.stats().pacer.reservedUsd
    const ids = [failed, cancelled, expired, removed, pushedOut]
    const { results } = router.settleMany(
      ids.map((id) => ({ id, costUsd: 0.5 })),
      { each: true },
    )
    expect(results.map(({ ok }) => ok)).toEqual(ids.map(() => true))
    expect(router.stats().pacer.spendUsd).toBeCloseTo(ids.length * 0.5, 9)
    expect(router.stats().pacer.reservedUsd).toBe(inFlightUsd)
    for (const id of ids) expectCode(() => router.settle(id, { costUsd: 0.5 }), 'ALREADY_SETTLED')
    for (const id of ids) router.correct(id, { costUsd: 0.25 })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(ids.length * 0.25, 9)
    const again = await makeBench({ ...options, pendingCapacity: 64 })
    for (const event of log) again.router.apply(event)
    expect(again.router.stats().pacer).toEqual(router.stats().pacer)
    expect(again.router.stats().models).toEqual(router.stats().models)
  })

  it('in the period that it is in, and of a tenant that is gone on the router', async () => {
    const hourly = [{ usd: 10, per: 'hour', window: 'calendar' }] as const
    const { router, clock } = await makeBench({ caps: hourly, tenants: [{ id: 't', caps: hourly }] })
    const [a, b] = [router.route(X, { tenant: 't' }).id, router.route(X, { tenant: 't' }).id]
    router.fail(a, { costUsd: 1 })
    router.fail(b)
    clock.advance(HOUR)
    router.route(X, { tenant: 't' })
    router.settle(a, { costUsd: 3 })
    for (const account of [router.stats().account, router.tenantStats('t')])
      expect(account?.caps[0].spentUsd).toBeCloseTo(2, 9)
    // Less is given back where it was charged: the hour of that is over.
    router.correct(a, { costUsd: 2 })
    expect(router.stats().account?.caps[0].spentUsd).toBeCloseTo(1, 9)
    router.removeTenant('t')
    router.settle(b, { costUsd: 4 })
    expect(router.stats().account?.caps[0].spentUsd).toBeCloseTo(5, 9)
  })

  it('with tokens that have no price, and is judged', async () => {
    const { router, log } = await makeBench({ models: [MODELS[0]] })
    const { id } = router.route(X)
    router.fail(id)
    router.settle(id, { costUsd: 50, inputTokens: 100, audioInputTokens: 60, outputTokens: 5 })
    expect(router.stats().models[0]).toMatchObject({
      unpricedTokens: 60,
      flaggedUsages: 1,
      implausibleBills: 1,
    })
    expect(log.at(-1)).toMatchObject({ type: 'implausible-bill', id, costUsd: 50 })
  })

  it('as a failure with a cost too', async () => {
    const { router } = await makeBench({ models: [MODELS[2]], pendingCapacity: 2 })
    const [a, b] = Array.from({ length: 4 }, () => router.route(X).id)
    router.fail(a, { costUsd: 0.5 })
    router.cancel(b, { costUsd: 0.25 })
    const { spendUsd, reservedUsd } = router.stats().pacer
    expect(spendUsd).toBeCloseTo(0.75, 12)
    expect(reservedUsd).toBeGreaterThan(0)
  })

  it('the same after a restart', async () => {
    const { router, log } = await makeBench()
    const failed = router.route(X).id
    router.fail(failed)
    const settled = router.route(X).id
    router.settle(settled, { costUsd: 0.01 })
    router.reward(settled, 1)
    const other = await makeBench({ models: [] })
    other.router.restore(router.snapshot())
    for (const each of [router, other.router]) {
      each.settle(failed, { costUsd: 0.5 })
      each.correct(settled, { costUsd: 0.02 })
    }
    expect(other.router.snapshot()).toEqual(router.snapshot())
    const again = await makeBench()
    for (const event of log) if (event.type !== 'implausible-bill') again.router.apply(event)
    expect(again.router.stats().pacer.spendUsd).toBeCloseTo(0.52, 12)
  })
})

describe('correct', () => {
  it('takes the place of a wrong bill on all books and in what was learned', async () => {
    const options = { models: [MODELS[0]], budget: { usdPerRequest: 0.002 }, caps: [CAP] }
    const { router, log } = await makeBench(options)
    const { router: right } = await makeBench(options)
    for (const each of [router, right]) {
      for (let i = 0; i < 5; i++) each.settle(each.route(X).id, { costUsd: 0.0003 })
      const { id } = each.route(X)
      each.settle(id, { costUsd: each === router ? 1000 : 0.0003 })
      if (each === router) each.correct(id, { costUsd: 0.0003 })
      each.correct(id, { costUsd: 0.0003 })
    }
    expect(log.filter(({ type }) => type === 'implausible-bill')).toHaveLength(1)
    expect(router.stats().models[0]).toMatchObject({ implausibleBills: 1, correctedBills: 1 })
    const [found, wanted] = [router.stats(), right.stats()]
    expect(found.pacer.spendUsd).toBeCloseTo(wanted.pacer.spendUsd, 9)
    const heldUsd = ({ account }: typeof found) => (account?.creditUsd ?? 0) + (account?.fundUsd ?? 0)
    expect(heldUsd(found)).toBeCloseTo(heldUsd(wanted), 9)
    expect(found.account?.caps[0].spentUsd).toBeCloseTo(0.0018, 9)
    expect(found.models[0].meanCostUsd).toBeCloseTo(0.0003, 9)
    expect(router.route(X).expectedCostUsd).toBeCloseTo(right.route(X).expectedCostUsd, 5)
  })

  it.each(POLICY_NAMES)(
    'has a bound: what is beyond it is told as a mistake, under policy %s',
    async (policy) => {
      const { router, log } = await makeBench({ policy, models: [MODELS[0]] })
      const told = () => log.filter(({ type }) => type === 'implausible-bill').length
      const listUsd = router.route(X).expectedCostUsd
      const first = router.route(X).id
      expect(router.plausibleUsd(first) / listUsd).toBeCloseTo(300, 0)
      for (const costUsd of [0, 2 * listUsd]) {
        for (let i = 0; i < 20; i++) router.settle(router.route(X).id, { costUsd })
        const { id } = router.route(X)
        router.settle(id, { costUsd: listUsd })
        const before = told()
        router.correct(id, { costUsd: router.plausibleUsd(id) * (1 + 1e-9) })
        expect([costUsd, told() - before]).toEqual([costUsd, 1])
      }
      router.settle(first, { costUsd: 7 })
      expect(router.plausibleUsd(first)).toBe(7)
    },
  )

  it.each(POLICY_NAMES)('by little moves what is expected by little, under policy %s', async (policy) => {
    const { router } = await makeBench({ policy, models: [MODELS[0]] })
    const listUsd = router.route(X).expectedCostUsd
    let id = ''
    for (let i = 0; i < 200; i++) {
      id = router.route(X).id
      router.settle(id, { costUsd: 3 * listUsd })
    }
    const before = router.route(X).expectedCostUsd
    expect(before / listUsd).toBeCloseTo(3, 1)
    router.correct(id, { costUsd: 3.03 * listUsd })
    expect(router.route(X).expectedCostUsd / before).toBeCloseTo(1, 2)
  })

  it.each(POLICY_NAMES)('to what is no cost teaches little, under policy %s', async (policy) => {
    const { router, log } = await makeBench({ policy, models: [MODELS[0]] })
    const listUsd = router.route(X).expectedCostUsd
    let id = ''
    for (let i = 0; i < 60; i++) {
      id = router.route(X).id
      router.settle(id, { costUsd: listUsd })
    }
    router.correct(id, { costUsd: 1000 })
    expect(router.route(X).expectedCostUsd).toBeLessThan(1.5 * listUsd)
    expect(log.at(-3)).toMatchObject({ type: 'billed' })
    router.correct(id, { costUsd: listUsd })
    expect(router.route(X).expectedCostUsd / listUsd).toBeCloseTo(1, 1)
    expect(router.stats().models[0].meanCostUsd).toBeCloseTo(listUsd, 9)
  })

  it('gives money back in the period that it was charged in', async () => {
    const { router, clock } = await makeBench({ caps: [{ usd: 10, per: 'day', window: 'calendar' }] })
    const { id } = router.route(X)
    clock.advance(20 * HOUR)
    router.route(X)
    router.settle(id, { costUsd: 9 })
    router.correct(id, { costUsd: 1 })
    expect(router.stats().account?.caps[0].spentUsd).toBeCloseTo(1, 9)
  })

  it.each([null, 't'])('and so does a settlement after expiry, of tenant %s', async (tenant) => {
    const caps = [{ usd: 1, per: 'hour' as const, window: 'calendar' as const }]
    const { router, clock } = await makeBench({ caps, tenants: [{ id: 't', caps }], pendingTtlMs: HOUR / 3 })
    const spentUsd = () =>
      [router.stats().account, router.tenantStats('t')].map((each) => each?.caps[0].spentUsd ?? 0)
    const request = tenant === null ? {} : { tenant }
    // The clock begins within an hour: go to its last ten minutes.
    clock.advance(HOUR - (clock.now % HOUR) - HOUR / 6)
    const [early, across] = [router.route(X, request), router.route(X, request)]
    clock.advance(HOUR / 2)
    router.expire()
    router.route(X, { tenant: 't' })
    const charged = spentUsd()
    expect(charged[0]).toBeCloseTo(early.reservedUsd + across.reservedUsd, 12)
    router.settle(early.id, { costUsd: 0 })
    expect(spentUsd()[0]).toBeCloseTo(across.reservedUsd, 12)
    if (tenant !== null) expect(spentUsd()[1]).toBeCloseTo(across.reservedUsd, 12)
    // In an hour that has not paid for it nothing comes back.
    clock.advance(HOUR)
    router.settle(router.route(X, { tenant: 't' }).id, { costUsd: 0.25 })
    const before = spentUsd()
    router.settle(across.id, { costUsd: 0 })
    expect(spentUsd()).toEqual(before)
  })

  it.each([
    [null, 'calendar'],
    ['t', 'calendar'],
    [null, 'rolling'],
    ['t', 'rolling'],
  ] as const)('gives a period back what it has paid, of tenant %s, %s', async (tenant, window) => {
    const caps = [{ usd: 10, per: 'hour', window }] as const
    const MINUTE = HOUR / 60
    const bench = async () => {
      const made = await makeBench({
        models: [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }],
        reserve: 'worst-case',
        pendingTtlMs: 10 * MINUTE,
        ...(tenant === null ? { caps } : { tenants: [{ id: tenant, caps }] }),
      })
      made.clock.now = Date.UTC(2026, 4, 4, 10, 30)
      const { router, clock } = made
      const route = (usd: number) =>
        router.route(X, {
          inputTokens: 0,
          maxOutputTokens: usd * 1000,
          ...(tenant === null ? {} : { tenant }),
        }).id
      const nextHour = () => {
        clock.advance(80 * MINUTE)
        router.settle(route(4), { costUsd: 4 })
      }
      const spentUsd = () => {
        router.restore(router.snapshot())
        return (tenant === null ? router.stats().account : router.tenantStats(tenant))?.caps[0].spentUsd
      }
      return { router, clock, route, nextHour, spentUsd }
    }
    for (const [first, ...then] of [
      [5, 6, 1],
      [5, 3, 1],
      [1, 1000, 1],
      [5, 6, 7, 5, 0],
      [0, 3, 0],
    ]) {
      const { router, route, nextHour, spentUsd } = await bench()
      const id = route(5)
      router.settle(id, { costUsd: first })
      nextHour()
      for (const usd of then) {
        router.correct(id, { costUsd: usd })
        expect(spentUsd()).toBeCloseTo(4 + Math.max(0, usd - first), 9)
      }
    }
    for (const [settled, corrected, want] of [
      [5, 1, 0],
      [8, 1, 0],
      [8, 6, 1],
      [1000, 5, 0],
      [2, 1, 0],
      [2, 3, 1],
    ]) {
      const { router, clock, route, nextHour, spentUsd } = await bench()
      const id = route(5)
      clock.advance(15 * MINUTE)
      router.expire()
      nextHour()
      router.settle(id, { costUsd: settled })
      router.correct(id, { costUsd: corrected })
      expect(spentUsd()).toBeCloseTo(4 + want, 9)
    }
  })

  it('of a request that is not settled is its settlement, and of an unknown one refused', async () => {
    const { router, log } = await makeBench()
    const { id } = router.route(X)
    router.correct(id, { costUsd: 0.001 })
    expect(log.at(-1)?.type).toBe('settled')
    expectCode(() => router.correct('r.99', { costUsd: 1 }), 'UNKNOWN_REQUEST')
  })
})

describe('a settlement that contradicts itself or tells too little', () => {
  const price = (input: number, output: number): number => (input * 1000 + output * 2000) / 1e6
  const USAGE = { prompt_tokens: 10, completion_tokens: 5 }

  it.each<[string, object, number | null, string]>([
    ['no output', { inputTokens: 10, outputTokens: undefined }, price(10, 0), 'count-missing'],
    ['one side', { inputTokens: 10 }, price(10, 0), 'count-missing'],
    ['null output', { inputTokens: 10, outputTokens: null }, price(10, 0), 'count-missing'],
    ['a part alone', { reasoningTokens: 5 }, price(0, 5), 'count-missing'],
    ['undefined counts', { inputTokens: undefined, outputTokens: undefined }, null, 'cost-missing'],
    ['null for a usage', { usage: null }, null, 'cost-missing'],
    ['undefined cost', { costUsd: undefined }, null, 'cost-missing'],
    [
      'reasoning above output',
      { inputTokens: 10, outputTokens: 1, reasoningTokens: 5 },
      price(10, 6),
      'part-above-whole',
    ],
    [
      'parts above input',
      { inputTokens: 10, outputTokens: 0, cachedInputTokens: 6, audioInputTokens: 6 },
      price(12, 0),
      'parts-above-whole',
    ],
    ['no cost for tokens', { costUsd: 0, inputTokens: 10, outputTokens: 5 }, price(10, 5), 'cost-zero'],
    ['no cost for a usage', { costUsd: 0, usage: USAGE }, price(10, 5), 'cost-zero'],
    ['NaN for output', { inputTokens: 10, outputTokens: Number.NaN }, price(10, 0), 'count-missing'],
    [
      'NaN for a part',
      { inputTokens: 10, outputTokens: 5, cachedInputTokens: Number.NaN },
      price(10, 5),
      'count-missing',
    ],
    ['NaN for a cost', { costUsd: Number.NaN }, null, 'cost-missing'],
    ['NaN for a cost, and tokens', { costUsd: Number.NaN, inputTokens: 10 }, price(10, 0), 'count-missing'],
    [
      'a usage with NaN counts',
      { usage: { promptTokens: Number.NaN, completionTokens: Number.NaN, totalTokens: Number.NaN } },
      null,
      'cost-missing',
    ],
    [
      'a usage with null counts',
      { usage: { input_tokens: null, output_tokens: null } },
      null,
      'cost-missing',
    ],
    [
      'a usage with half its counts',
      { usage: { prompt_tokens: 10, completion_tokens: null } },
      price(10, 0),
      'count-missing',
    ],
    [
      'a usage with reasoning above output',
      {
        usage: {
          prompt_tokens: 10,
          completion_tokens: 1,
          completion_tokens_details: { reasoning_tokens: 5 },
        },
      },
      price(10, 6),
      'part-above-whole',
    ],
  ])('%s: books what is certain, and is flagged', async (_, settlement, costUsd, flag) => {
    const { router, log } = await makeBench({ models: [PRICED] })
    const { id, reservedUsd } = router.route(X)
    router.settle(id, wrong(settlement))
    expect(log[1]).toMatchObject({ type: 'settled' })
    expect(log[1]).toHaveProperty('usageFlags', expect.arrayContaining([flag]))
    expect(router.stats().pacer.spendUsd).toBeCloseTo(costUsd ?? reservedUsd, 12)
    expect(router.stats().models[0].flaggedUsages).toBe(1)
  })

  it.each<[string, unknown, number | null, string]>([
    ['nothing', {}, null, 'cost-missing'],
    ['a negative cost', { costUsd: -1 }, null, 'not-an-amount'],
    ['a cost in words', { costUsd: '0.25' }, null, 'not-an-amount'],
    ['an endless cost', { costUsd: Number.POSITIVE_INFINITY }, null, 'not-an-amount'],
    ['a cost beyond all bounds', { costUsd: 1e13 }, null, 'not-an-amount'],
    [
      'a negative cost beside tokens',
      { costUsd: -1, inputTokens: 10, outputTokens: 5 },
      price(10, 5),
      'not-an-amount',
    ],
    ['a true cost beside a wrong count', { costUsd: 0.25, inputTokens: '10' }, 0.25, 'not-an-amount'],
    ['negative counts', { inputTokens: -5, outputTokens: -1 }, null, 'not-an-amount'],
    ['counts in words', { inputTokens: '10', outputTokens: 5 }, price(0, 5), 'not-an-amount'],
    [
      'endless tokens',
      { inputTokens: Number.POSITIVE_INFINITY, outputTokens: 5 },
      price(0, 5),
      'not-an-amount',
    ],
    [
      'a negative part',
      { inputTokens: 10, outputTokens: 5, cachedInputTokens: -1 },
      price(10, 5),
      'not-an-amount',
    ],
    [
      'a part in words',
      { inputTokens: 10, outputTokens: 5, reasoningTokens: 'x' },
      price(10, 5),
      'not-an-amount',
    ],
    [
      'a usage with a negative count',
      { usage: { prompt_tokens: -1, completion_tokens: 5 } },
      price(0, 5),
      'not-an-amount',
    ],
    [
      'a usage with a count in words',
      { usage: { input_tokens: '10', output_tokens: 5 } },
      price(0, 5),
      'not-an-amount',
    ],
    [
      'a usage with wrong counts alone',
      { usage: { input_tokens: '10', output_tokens: -5 } },
      null,
      'not-an-amount',
    ],
    [
      'a usage with details that are no object',
      { usage: { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: 'x' } },
      price(10, 5),
      'not-an-amount',
    ],
    [
      'a usage with a list that is no array',
      { usage: { promptTokenCount: 10, candidatesTokenCount: 5, promptTokensDetails: 7 } },
      price(10, 5),
      'not-an-amount',
    ],
    [
      'a usage with a wrong entry',
      { usage: { promptTokenCount: 10, candidatesTokenCount: 5, promptTokensDetails: [null] } },
      price(10, 5),
      'not-an-amount',
    ],
    ['an empty usage', { usage: {} }, null, 'cost-missing'],
    ['a usage that is a number', { usage: 7 }, null, 'count-missing'],
    ['a usage in words', { usage: '{"input_tokens":10}' }, null, 'count-missing'],
    [
      'a usage and counts',
      { usage: { input_tokens: 10, output_tokens: 5 }, inputTokens: 7, outputTokens: 7 },
      price(10, 5),
      'counts-twice',
    ],
    [
      'an empty usage and counts',
      { usage: {}, inputTokens: 10, outputTokens: 5 },
      price(10, 5),
      'counts-twice',
    ],
    [
      'an unknown tier',
      { inputTokens: 10, outputTokens: 5, serviceTier: 'bach' },
      price(10, 5),
      'tier-unknown',
    ],
    ['a latency in words', { costUsd: 0.25, latencyMs: '900' }, 0.25, 'not-an-amount'],
    ['a negative latency', { costUsd: 0.25, latencyMs: -1 }, 0.25, 'not-an-amount'],
  ])('%s: is no error either, in any call that settles', async (_, settlement, costUsd, flag) => {
    const { router, log } = await makeBench({ models: [PRICED] })
    const requests = Array.from({ length: 3 }, () => router.route(X))
    const given = settlement as object
    router.settle(requests[0].id, given)
    router.settleMany([{ id: requests[1].id, ...given }])
    router.settleMany([{ id: requests[2].id, ...given }], { each: true })
    for (const event of log.slice(3)) {
      expect(event).toMatchObject({ type: 'settled', usageFlags: expect.arrayContaining([flag]) })
      expect(event).toMatchObject({ latencyMs: null })
    }
    const usd = costUsd === null ? requests.map((each) => each.reservedUsd) : [costUsd, costUsd, costUsd]
    expect(router.stats().pacer.spendUsd).toBeCloseTo(
      usd.reduce((sum, each) => sum + each),
      9,
    )
    expect(router.stats().models[0].flaggedUsages).toBe(3)
  })

  it('books the reservation for tokens that cost more than there is', async () => {
    const { router, log } = await makeBench({
      models: [{ id: 'dear', inputUsdPerMTok: 1e12, outputUsdPerMTok: 0 }],
    })
    const { id, reservedUsd } = router.route(X)
    router.settle(id, { inputTokens: 1e12, outputTokens: 1e12 })
    expect(log[1]).toMatchObject({ costUsd: reservedUsd, usageFlags: ['not-an-amount'] })
  })

  it('tells nothing of a failed call that is no amount: it cost nothing, and is flagged', async () => {
    const { router, log } = await makeBench({ models: [PRICED] })
    const route = () => router.route(X).id
    router.fail(route(), wrong({ costUsd: Number.POSITIVE_INFINITY, retryAfterMs: '120', latencyMs: -1 }))
    expect(log.at(-1)).toMatchObject({ costUsd: 0, retryAfterMs: null, latencyMs: null })
    expect(log.at(-1)).toMatchObject({ usageFlags: ['not-an-amount'] })
    router.cancel(route(), wrong({ inputTokens: '10', outputTokens: 5 }))
    expect(router.stats().pacer.spendUsd).toBeCloseTo(price(0, 5), 12)
    const late = route()
    router.fail(late)
    router.settle(late, wrong({ costUsd: -1 }))
    expect(log.at(-1)).toMatchObject({ type: 'billed', costUsd: 0 })
    expect(router.stats().models[0].flaggedUsages).toBe(3)
  })

  it('is booked as far as it is certain by every call that takes a bill', async () => {
    const { router } = await makeBench({ models: [PRICED], caps: [CAP], tenants: [{ id: 't', caps: [CAP] }] })
    const free = { costUsd: 0, inputTokens: 10, outputTokens: 5 }
    const route = () => router.route(X, { tenant: 't' }).id
    router.fail(route(), free)
    router.cancel(route(), free)
    router.correct(route(), free)
    const failed = route()
    router.fail(failed)
    router.settle(failed, free)
    const [a, b] = [route(), route()]
    router.settleMany([{ id: a, ...free }])
    router.settleMany([{ id: b, ...free }], { each: true })
    const usd = 6 * price(10, 5)
    for (const account of [router.stats().account, router.tenantStats('t')]) {
      expect(account?.spendUsd).toBeCloseTo(usd, 9)
      expect(account?.caps[0].spentUsd).toBeCloseTo(usd, 9)
    }
    expect(router.stats().models[0].flaggedUsages).toBe(6)
    router.cancel(route(), wrong({ costUsd: null, inputTokens: undefined, latencyMs: Number.NaN }))
    router.fail(route(), wrong({ costUsd: Number.NaN, usage: null, retryAfterMs: undefined }))
    expect(router.stats().pacer.spendUsd).toBeCloseTo(usd, 9)
  })

  it('has a latency that tells nothing', async () => {
    const { router, log } = await makeBench()
    for (const latencyMs of [undefined, null, Number.NaN]) {
      router.settle(router.route(X).id, { costUsd: 0.001, latencyMs })
      expect(log.at(-1)).toMatchObject({ type: 'settled', latencyMs: null, logLatency: null })
    }
  })

  it('has a cost of 0 where the model is free', async () => {
    const { router } = await makeBench({ models: [{ id: 'free', inputUsdPerMTok: 0, outputUsdPerMTok: 0 }] })
    router.settle(router.route(X).id, { costUsd: 0, inputTokens: 10, outputTokens: 5 })
    expect(router.stats().models[0].flaggedUsages).toBe(0)
  })
})

describe('an implausible bill', () => {
  const bill = { inputTokens: 1000, outputTokens: 1000 }
  const usd = (1000 * 5 + 1000 * 25) / 1e6

  it.each<[string, object, boolean]>([
    ['cents for dollars, with its tokens', { ...bill, costUsd: 100 * usd }, true],
    ['cents for dollars, of a batch', { ...bill, costUsd: 100 * usd * 0.5 }, true],
    ['three times the list price', { ...bill, costUsd: 3 * usd }, false],
    ['a search beside few tokens', { usage: { ...TOOLS }, costUsd: 0.05 }, false],
    ['200 times the usual tokens', { inputTokens: 200_000, outputTokens: 1000 }, false],
    ['a million dollars', { costUsd: 1e6 }, true],
  ])('%s', async (_, settlement, isTold) => {
    for (const end of ['settle', 'fail', 'cancel', 'correct'] as const) {
      const { router, log } = await makeBench({ models: [MODELS[2]] })
      router[end](router.route(X).id, settlement)
      expect(log.filter(({ type }) => type === 'implausible-bill')).toHaveLength(isTold ? 1 : 0)
      expect(router.stats().models[0].implausibleBills).toBe(isTold ? 1 : 0)
    }
  })

  it.each([60, 74, 150, 294])(
    'of a newcomer is told, %i times what its list price comes to',
    async (times) => {
      for (const policy of POLICY_NAMES) {
        const { router, log } = await makeBench({ policy, models: [MODELS[2]] })
        const told = () => log.filter(({ type }) => type === 'implausible-bill').length
        const { id } = router.route(X)
        const listCostUsd = log.flatMap((event) => (event.type === 'routed' ? [event.listCostUsd] : []))[0]
        router.settle(id, { costUsd: times * listCostUsd })
        expect(told()).toBe(1)
        // A bill says so each time, until it is what the model costs.
        for (let i = 0; i < 40; i++) router.settle(router.route(X).id, { costUsd: times * listCostUsd })
        expect(told()).toBeGreaterThan(2)
        expect(told()).toBeLessThan(12)
        expect(router.stats().models[0].implausibleBills).toBe(told())
      }
    },
  )

  it.each([
    ['five times its list price', 5, {}],
    ['thirty times', 30, {}],
    ['of a prompt as long as it is dear', 74, { inputTokens: 200_000, outputTokens: 200 }],
  ])('is not one of a newcomer: %s', async (_, times, tokens) => {
    const { router, log } = await makeBench({ models: [MODELS[2]] })
    const { id } = router.route(X)
    const listCostUsd = log.flatMap((event) => (event.type === 'routed' ? [event.listCostUsd] : []))[0]
    router.settle(id, { costUsd: times * listCostUsd, ...tokens })
    expect(router.stats().models[0].implausibleBills).toBe(0)
  })

  it('of a text is held against the tokens of the text', async () => {
    const router = await createRouter({ models: [MODELS[2]], kernel: 'js' })
    router.settle(router.route('word '.repeat(100_000)).id, { costUsd: 1 })
    expect(router.stats().models[0].implausibleBills).toBe(0)
    router.settle(router.route('hi').id, { costUsd: 1 })
    expect(router.stats().models[0].implausibleBills).toBe(1)
  })

  it('of a model without a list price is held against the budget', async () => {
    const free = { id: 'free', inputUsdPerMTok: 0, outputUsdPerMTok: 0 }
    const { router } = await makeBench({ models: [free], budget: { usdPerRequest: 0.01 } })
    router.settle(router.route(X).id, { costUsd: 0.02 })
    router.settle(router.route(X).id, { costUsd: 1000 })
    expect(router.stats().models[0].implausibleBills).toBe(1)
  })
})

describe('cancel', () => {
  it.each(['dollar', 'paper', 'thompson'] as const)(
    'is neither a failure nor a settled answer, policy %s',
    async (policy) => {
      const { router, log } = await makeBench({ policy, budget: { usdPerRequest: 0.01 } })
      const { id } = router.route(X)
      router.cancel(id, { inputTokens: 100, outputTokens: 10, latencyMs: 500 })
      expect(log[1]).toMatchObject({ type: 'cancelled', latencyMs: 500 })
      const { pacer, models, pending } = router.stats()
      expect(pacer.reservedUsd).toBe(0)
      expect(pacer.allowanceUsd).toBeCloseTo(0.01, 12)
      expect(pending.unsettled).toBe(0)
      const counts = models.map(({ cancelled, failed, settled }) => [cancelled, failed, settled])
      expect(counts.flat().reduce((sum, count) => sum + count, 0)).toBe(1)
      expect(models.some(({ cancelled }) => cancelled === 1)).toBe(true)
      for (const call of [() => router.reward(id, 1), () => router.cancel(id), () => router.fail(id)])
        expectCode(call, 'REQUEST_CLOSED')
      router.settle(id, { costUsd: 0.02 })
      expect(router.stats().pacer.spendUsd).toBeCloseTo(0.02, 12)
    },
  )
})

describe('a failure', () => {
  it('tells how long it took', async () => {
    const { router, log } = await makeBench({ models: [MODELS[0]] })
    router.fail(router.route(X).id, { latencyMs: 30_000, retryAfterMs: 1000 })
    expect(log[1]).toMatchObject({ type: 'failed', latencyMs: 30_000, retryAfterMs: 1000 })
    expect(router.stats().models[0]).toMatchObject({ meanFailureLatencyMs: 30_000, meanLatencyMs: null })
  })
})

describe('a batch with a result for each item', () => {
  it('is read before any is applied, and refuses alone what cannot be read', async () => {
    const { router } = await makeBench()
    const [a, b, c] = router.routeMany([X, X, X]).map(({ id }) => id)
    const item = {
      id: b,
      get costUsd(): number {
        throw new Error('no')
      },
    }
    const { results } = router.settleMany(
      [{ id: a, costUsd: 0.1 }, item, wrong(null), wrong({ id: c, costUSD: 1 })],
      {
        each: true,
      },
    )
    expect(results.map((each) => (each.ok ? 'ok' : [each.error.code, each.error.field]))).toEqual([
      'ok',
      ['INVALID_ARGUMENT', 'items[1]'],
      ['INVALID_ARGUMENT', 'items[2]'],
      ['UNKNOWN_OPTION', 'items[3].costUSD'],
    ])
    expectCode(() => router.settleMany(wrong({}), { each: true }), 'INVALID_ARGUMENT', 'items')
    const { results: rewards } = router.rewardMany(
      [{ id: a, reward: 2 }, wrong({ id: b, rewards: 1 }), { id: c, reward: 1 }, { id: c, reward: 1 }],
      { each: true },
    )
    expect(rewards.map((each) => (each.ok ? 'ok' : each.error.code))).toEqual([
      'INVALID_ARGUMENT',
      'UNKNOWN_OPTION',
      'ok',
      'ALREADY_REWARDED',
    ])
  })

  it('delivered twice is applied once, also after a restart', async () => {
    const store = memoryStore()
    const options = { models: MODELS, dimension: 3, kernel: 'js', name: 'r', store } as const
    const router = await createRouter(options)
    const ids = router.routeMany([X, X, X]).map(({ id }) => id)
    const bills = ids.map((id) => ({ id, costUsd: 0.001 }))
    await router.settleMany(bills.slice(0, 2), { each: true }).durable
    await router.close()
    const again = await createRouter(options)
    const receipt = again.settleMany(bills, { each: true })
    await receipt.durable
    expect(receipt.results.map(({ ok }) => ok)).toEqual([false, false, true])
    expect(again.stats().pacer.spendUsd).toBeCloseTo(0.003, 12)
    await again.close()
  })

  it('applies what can be applied, and says why the rest was not', async () => {
    const { router } = await makeBench()
    const [a, b] = router.routeMany([X, X]).map(({ id }) => id)
    router.settle(a, { costUsd: 0.001 })
    const items = [
      { id: a, costUsd: 1 },
      { id: b, costUsd: 0.002 },
      { id: b, costUsd: 1 },
      { id: 'r.99', costUsd: 1 },
    ]
    const { results, durable } = router.settleMany(items, { each: true })
    await durable
    expect(results.map((each) => (each.ok ? 'ok' : each.error.code))).toEqual([
      'ALREADY_SETTLED',
      'ok',
      'ALREADY_SETTLED',
      'UNKNOWN_REQUEST',
    ])
    const rewards = router.rewardMany(
      [
        { id: a, reward: 1 },
        { id: a, reward: 1 },
      ],
      { each: true },
    )
    expect(rewards.results.map(({ ok }) => ok)).toEqual([true, false])
    expect(router.stats().pacer.spendUsd).toBeCloseTo(0.003, 12)
    expectCode(() => router.settleMany([], wrong({ eech: true })), 'UNKNOWN_OPTION')
  })
})

describe('a correction', () => {
  it.each(['settle', 'fail', 'cancel'] as const)(
    'ends the alarm of an implausible bill of %s, once',
    async (end) => {
      const { router, log } = await makeBench({ models: [MODELS[2]] })
      const counts = () => {
        const { implausibleBills, correctedBills } = router.stats().models[0]
        return [implausibleBills, correctedBills]
      }
      const { id } = router.route(X)
      router[end](id, { costUsd: 1000 })
      expect(counts()).toEqual([1, 0])
      const other = await makeBench({ models: [] })
      router.correct(id, { costUsd: 2000 })
      expect(counts()).toEqual([2, 1])
      other.router.restore(router.snapshot())
      for (const each of [router, other.router]) {
        each.correct(id, { costUsd: 0.001 })
        each.correct(id, { costUsd: 0.0011 })
      }
      expect(counts()).toEqual([2, 2])
      expect(other.router.snapshot()).toEqual(router.snapshot())
      expect(log.filter(({ type }) => type === 'implausible-bill')).toHaveLength(2)
    },
  )
})
