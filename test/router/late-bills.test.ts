import { describe, expect, it } from 'vitest'
import { expectCode } from '../support/errors.js'
import { HOUR, MODELS, makeBench, X } from '../support/router.js'

const wrong = <T>(value: unknown): T => value as T
const PRICED = { id: 'priced', inputUsdPerMTok: 1000, outputUsdPerMTok: 2000 }
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
    expect(router.stats().models[0].implausibleBills).toBe(1)
    const [found, wanted] = [router.stats(), right.stats()]
    expect(found.pacer.spendUsd).toBeCloseTo(wanted.pacer.spendUsd, 9)
    const heldUsd = ({ account }: typeof found) => (account?.creditUsd ?? 0) + (account?.fundUsd ?? 0)
    expect(heldUsd(found)).toBeCloseTo(heldUsd(wanted), 9)
    expect(found.account?.caps[0].spentUsd).toBeCloseTo(0.0018, 9)
    expect(found.models[0].meanCostUsd).toBeCloseTo(0.0003, 9)
    expect(router.route(X).expectedCostUsd).toBeCloseTo(right.route(X).expectedCostUsd, 5)
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
  ])('%s: books what is certain, and is flagged', async (_, settlement, costUsd, flag) => {
    const { router, log } = await makeBench({ models: [PRICED] })
    const { id, reservedUsd } = router.route(X)
    router.settle(id, wrong(settlement))
    expect(log[1]).toMatchObject({ type: 'settled' })
    expect(log[1]).toHaveProperty('usageFlags', expect.arrayContaining([flag]))
    expect(router.stats().pacer.spendUsd).toBeCloseTo(costUsd ?? reservedUsd, 12)
    expect(router.stats().models[0].flaggedUsages).toBe(1)
  })

  it('has a cost of 0 where the model is free', async () => {
    const { router } = await makeBench({ models: [{ id: 'free', inputUsdPerMTok: 0, outputUsdPerMTok: 0 }] })
    router.settle(router.route(X).id, { costUsd: 0, inputTokens: 10, outputTokens: 5 })
    expect(router.stats().models[0].flaggedUsages).toBe(0)
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
