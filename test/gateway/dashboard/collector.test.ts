import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Collector } from '../../../src/gateway/dashboard/collector.js'
import { modelIn, OTHER_MODELS, Ring } from '../../../src/gateway/dashboard/history.js'
import { createRouter, type Router } from '../../../src/index.js'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.4 },
  { id: 'large', inputUsdPerMTok: 2, outputUsdPerMTok: 10 },
]
const USD = 0.001

interface Watched {
  readonly router: Router<string>
  readonly collector: Collector
  readonly clock: { now: number }
}

async function watched(): Promise<Watched> {
  const clock = { now: 1_800_000_000_000 }
  const options = { models: MODELS, budget: { usdPerRequest: USD }, seed: 1, pendingTtlMs: 60_000 }
  const router = await createRouter<string>({ ...options, dimension: 3, clock: () => clock.now })
  const collector = new Collector([new Ring('all', 10_000, 100)], USD, router.stats().pacer.penaltyUnit)
  router.on('*', (event) => collector.take(event))
  return { router, collector, clock }
}

/** What may happen to a request. */
const FATES = ['settle', 'settle and reward', 'fail', 'cancel', 'correct', 'wait'] as const

describe('the history of a router', () => {
  it('adds up to what stats say, whatever becomes of requests', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...FATES), fc.double({ min: 0, max: 0.01, noNaN: true })), {
          minLength: 1,
          maxLength: 40,
        }),
        async (fates) => {
          const { router, collector, clock } = await watched()
          for (const [fate, costUsd] of fates) {
            clock.now += 7000
            const { id } = router.route(new Float64Array([0.1, 0.2, 1]))
            if (fate === 'fail') router.fail(id, { costUsd })
            else if (fate === 'cancel') router.cancel(id, { costUsd })
            else if (fate !== 'wait') router.settle(id, { costUsd, latencyMs: 100 })
            if (fate === 'settle and reward') router.reward(id, 0.5)
            if (fate === 'correct') router.correct(id, { costUsd: costUsd / 2 })
          }
          clock.now += 120_000
          router.expire()
          const stats = router.stats()
          expect(collector.spendUsd).toBeCloseTo(stats.pacer.spendUsd, 9)
          expect(collector.allowanceUsd).toBeCloseTo(stats.pacer.allowanceUsd, 9)
          const { buckets } = collector.rings[0].read(0, { spendUsd: 0, allowanceUsd: 0 })
          const sum = (value: (bucket: (typeof buckets)[number]) => number) =>
            buckets.reduce((total, bucket) => total + value(bucket), 0)
          expect(sum(({ requests }) => requests)).toBe(stats.requests)
          expect(sum(({ failed }) => failed)).toBe(stats.models.reduce((n, { failed }) => n + failed, 0))
          for (const model of stats.models) {
            const own = buckets.flatMap(({ models }) => models.filter((each) => each.model === model.id))
            expect(own.reduce((n, { requests }) => n + requests, 0)).toBe(model.requests)
            expect(own.reduce((n, { rewards }) => n + rewards, 0)).toBe(model.rewarded)
            expect(own.reduce((n, { latencies }) => n + latencies, 0)).toBe(model.settled)
          }
          expect(buckets.at(-1)?.spendUsd).toBeCloseTo(stats.pacer.spendUsd, 9)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('keeps what became of the latest decisions', async () => {
    const { router, collector } = await watched()
    const [a, b, c, d] = Array.from({ length: 4 }, () => router.route(new Float64Array([0, 0, 1])).id)
    router.settle(a, { costUsd: 0.002, latencyMs: 321 })
    router.reward(a, 0.75)
    router.fail(b, { costUsd: 0.0001 })
    router.cancel(c)
    expect(collector.latest.decision(a)).toMatchObject({
      costUsd: 0.002,
      latencyMs: 321,
      reward: 0.75,
      outcome: 'settled',
    })
    expect(collector.latest.decision(b)?.outcome).toBe('failed')
    expect(collector.latest.decision(c)?.outcome).toBe('cancelled')
    expect(collector.latest.decision(d)).toMatchObject({ costUsd: null, outcome: 'waiting' })
    expect(collector.latest.all().map(({ event }) => event.id)).toEqual([d, c, b, a])
  })

  it('has the mean of rewards with its interval', async () => {
    const { router, collector } = await watched()
    const values = [0.2, 0.4, 0.9]
    let model = ''
    for (const value of values) {
      const decision = router.route(new Float64Array([0, 0, 1]), { candidates: ['small'] })
      model = decision.model
      router.settle(decision.id, { costUsd: 0 })
      router.reward(decision.id, value)
    }
    const mean = 0.5
    const half = 1.96 * Math.sqrt((0.3 ** 2 + 0.1 ** 2 + 0.4 ** 2) / 2 / 3)
    const { count, estimate } = collector.rewardsOf(model)
    expect(count).toBe(3)
    expect(estimate?.mean).toBeCloseTo(mean, 12)
    expect(estimate?.low).toBeCloseTo(mean - half, 12)
    expect(estimate?.high).toBeCloseTo(mean + half, 12)
    expect(collector.rewardsOf('large')).toEqual({ count: 0, estimate: null })
  })

  it.each(['dollar', 'thompson', 'paper'] as const)(
    'has the shadow price of policy %s in the unit of stats',
    async (policy) => {
      const router = await createRouter<string>({
        models: MODELS,
        budget: { usdPerRequest: USD },
        policy,
        seed: 1,
        dimension: 3,
        rewardRange: [0, 10],
      })
      const ring = new Ring('all', 10_000, 100)
      const collector = new Collector([ring], USD, router.stats().pacer.penaltyUnit)
      router.on('*', (event) => collector.take(event))
      for (let i = 0; i < 300; i++) {
        const { shadowPrice } = router.stats().pacer
        const { id } = router.route(new Float64Array([Math.sin(i), Math.cos(i), 1]))
        expect(collector.latest.decision(id)?.shadowPrice).toBeCloseTo(shadowPrice, 9)
        router.settle(id, { costUsd: 1.5 * USD })
        router.reward(id, i % 10)
      }
      expect(router.stats().pacer.shadowPrice).toBeGreaterThan(0)
      router.setBudget({ usdPerRequest: null })
      const { id } = router.route(new Float64Array([0, 0, 1]))
      expect(collector.latest.decision(id)?.shadowPrice).toBeNull()
    },
  )

  it('says what operators change, each as the event that it becomes', async () => {
    const { router, collector } = await watched()
    router.reprice('large', { inputUsdPerMTok: 1, outputUsdPerMTok: 5 })
    router.disable('large')
    router.enable('large')
    router.setBudget({ usdPerRequest: 0.002 })
    router.setCaps([{ usd: 5, per: 'day' }])
    router.addTenant({ id: 'a team', budget: { usdPerRequest: 0.01 } })
    router.adjustAccount(0.01)
    router.addModel({ id: 'new', inputUsdPerMTok: 1, outputUsdPerMTok: 1 })
    router.removeModel('new')
    expect(
      collector.marksSince(0).map(({ type, model, tenant, text }) => [type, model ?? tenant, text]),
    ).toEqual([
      ['model-repriced', 'large', 'new prices: $1 in, $5 out per million tokens'],
      ['model-disabled', 'large', 'it was disabled'],
      ['model-enabled', 'large', 'it was enabled'],
      ['budget-set', null, 'budget: $0.002 per request'],
      ['caps-set', null, 'caps: $5 per day'],
      ['tenant-added', 'a team', 'the tenant was added'],
      ['account-adjusted', null, 'the account was adjusted by $0.01'],
      ['model-added', 'new', 'it was added'],
      ['model-removed', 'new', 'it was removed'],
    ])
    expect(collector.largestCeilingUsd).toBe(0.002)
  })

  it('says which bills were corrected, and not which came late', async () => {
    const { router, collector } = await watched()
    const routed = () => router.route(new Float64Array([0, 0, 1]), { candidates: ['small'] }).id
    const [settled, failed, cancelled] = [routed(), routed(), routed()]
    router.settle(settled, { costUsd: 0.001 })
    router.fail(failed)
    router.cancel(cancelled)
    router.settle(failed, { costUsd: 0.002 })
    router.settle(cancelled, { costUsd: 0.002 })
    router.correct(settled, { costUsd: 0.0005 })
    expect(collector.marksSince(0)).toMatchObject([
      {
        kind: 'change',
        type: 'billed',
        model: 'small',
        text: `the bill of ${settled} was corrected to $0.0005`,
      },
    ])
  })

  it('takes in what stands on the time line and is in no log', async () => {
    const { router, collector } = await watched()
    for (let i = 0; i < 12; i++) {
      const { id } = router.route(new Float64Array([0, 0, 1]), { candidates: ['small'] })
      router.fail(id)
    }
    const down = collector.marksSince(0).find(({ type }) => type === 'availability')
    expect(down).toMatchObject({ kind: 'alarm', model: 'small' })
    expect(down?.text).toMatch(/^it is taken for down: \d+ % of its recent calls failed$/)
  })

  it('tells a pause from a model that is down', async () => {
    const { router, collector } = await watched()
    const { id } = router.route(new Float64Array([0, 0, 1]), { candidates: ['small'] })
    router.fail(id, { retryAfterMs: 1500 })
    expect(collector.marksSince(0).filter(({ type }) => type === 'availability')).toMatchObject([
      {
        kind: 'alarm',
        model: 'small',
        text: 'it is paused for 2 s, as its provider asked or after a failure',
      },
    ])
    const [small] = router.stats().models.filter((each) => each.id === 'small')
    expect(small.standing).toMatchObject({
      kind: 'down',
      why: 'its provider asked for a pause, or a failure began one: 1 try failed, the next one comes by itself',
    })
  })
})

describe('what is kept', () => {
  it('is bounded: decisions, marks, buckets, models of a bucket', async () => {
    const { router, collector } = await watched()
    for (let i = 0; i < 1100; i++) router.route(new Float64Array([0, 0, 1]))
    for (let i = 0; i < 600; i++) router.setBudget({ usdPerRequest: USD * (1 + (i % 2)) })
    expect(collector.latest.all()).toHaveLength(1000)
    expect(collector.marksSince(0)).toHaveLength(500)
    expect(collector.marksSince(0).at(-1)?.number).toBe(600)

    const ring = new Ring('short', 10, 5)
    for (let at = 0; at < 1000; at += 10) ring.at(at, 1)
    const { buckets } = ring.read(0, { spendUsd: 0, allowanceUsd: 0 })
    expect(buckets.map(({ at }) => at)).toEqual([950, 960, 970, 980, 990])
    expect(ring.at(900, 2)).toBeNull()
    expect(ring.at(965, 2)?.at).toBe(960)

    const bucket = ring.at(995, 3)
    if (bucket === null) throw new Error('expected a bucket')
    for (let i = 0; i < 100; i++) modelIn(bucket, `m${i}`).requests++
    expect(bucket.models.size).toBe(41)
    expect(modelIn(bucket, OTHER_MODELS).requests).toBe(60)
  })

  it('ends now: what came before its time is no part of it, though nothing has come since', () => {
    const ring = new Ring('the last minute', 10, 6)
    for (let at = 0; at < 60; at += 10) ring.at(at, 1)
    const nothing = { spendUsd: 0, allowanceUsd: 0 }
    const times = (now: number) => ring.read(0, nothing, now).buckets.map(({ at }) => at)
    expect(times(59)).toEqual([0, 10, 20, 30, 40, 50])
    expect(times(85)).toEqual([30, 40, 50])
    expect(times(1000)).toEqual([])
    expect(ring.read(0, nothing, 85).from).toBe(30)
    expect(ring.read(0, nothing).from).toBe(0)
    expect(new Ring('empty', 10, 6).read(0, nothing)).toMatchObject({ from: 0, buckets: [] })
  })

  it('goes on when a clock that had run ahead is set back, and not for one late event', () => {
    const ring = new Ring('the last minute', 10, 6)
    const nothing = { spendUsd: 0, allowanceUsd: 0 }
    ring.at(100, 1)
    ring.at(1_000_000, 2)
    expect(ring.at(110, 3)).toBeNull()
    expect(ring.at(1_000_010, 4)).not.toBeNull()
    for (let i = 0; i < 100; i++) ring.at(120 + i, 5 + i)
    expect(ring.restarts).toBe(1)
    expect(ring.read(0, nothing).buckets.map(({ at }) => at)).toEqual(
      [130, 140, 150, 160, 170, 180, 190, 200, 210].slice(-6),
    )
  })

  it('of a whole log has all of it: where buckets would be too many they become wider', () => {
    const ring = new Ring('the whole log', 10, 6, true)
    for (const time of [...Array.from({ length: 100 }, (_, i) => 7 * i), -50]) {
      const bucket = ring.at(time, 1)
      if (bucket === null) throw new Error('expected a bucket')
      bucket.requests++
      modelIn(bucket, `m${time % 2}`).requests++
      bucket.spendUsd = time
    }
    const { buckets, widthMs, from } = ring.read(0, { spendUsd: 0, allowanceUsd: 0 }, 10_000)
    expect(widthMs).toBe(160)
    expect(buckets.map(({ at }) => at)).toEqual([-160, 0, 160, 320, 480, 640])
    expect(buckets.reduce((sum, { requests }) => sum + requests, 0)).toBe(101)
    expect(buckets.flatMap(({ models }) => models).reduce((sum, { requests }) => sum + requests, 0)).toBe(101)
    expect(buckets.at(-1)?.spendUsd).toBe(693)
    expect(from).toBe(-160)
    expect(ring.restarts).toBe(4)
  })

  it('is read again only where it changed', () => {
    const ring = new Ring('all', 10, 5)
    ring.at(0, 1)
    ring.at(10, 2)
    ring.at(5, 3)
    const at = (since: number) =>
      ring.read(since, { spendUsd: 0, allowanceUsd: 0 }).buckets.map((bucket) => bucket.at)
    expect(at(0)).toEqual([0, 10])
    expect(at(2)).toEqual([0])
    expect(at(3)).toEqual([])
  })
})
