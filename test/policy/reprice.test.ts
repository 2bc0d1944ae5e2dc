import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import { expectCode } from '../support/errors.js'
import { Random } from '../support/random.js'
import { digest, makeBench, X } from '../support/router.js'
import { SharedLog, until } from '../support/shared-store.js'
import { withText } from '../support/snapshot-bytes.js'

const ID = 'middle'
const PRICE = { inputUsdPerMTok: 1, outputUsdPerMTok: 4 }
const FREE = { inputUsdPerMTok: 0, outputUsdPerMTok: 0 }
const ONLY = { candidates: [ID] }
/** Answers are far shorter than the 300 tokens that are assumed. */
const TOKENS = { inputTokens: 400, outputTokens: 60 }

interface Price {
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
}

const times = (factor: number): Price => ({
  inputUsdPerMTok: PRICE.inputUsdPerMTok * factor,
  outputUsdPerMTok: PRICE.outputUsdPerMTok * factor,
})
const costOf = ({ inputUsdPerMTok, outputUsdPerMTok }: Price, { inputTokens, outputTokens } = TOKENS) =>
  (inputTokens * inputUsdPerMTok + outputTokens * outputUsdPerMTok) / 1e6

type Bench = Awaited<ReturnType<typeof makeBench>>

function settle({ router }: Bench, requests: number, tokens = TOKENS): void {
  for (let i = 0; i < requests; i++) router.settle(router.route(X, ONLY).id, tokens)
}

const expected = ({ router }: Bench): number => router.route(X, ONLY).expectedCostUsd

describe.each(POLICY_NAMES)('under policy %s a model that is repriced', (policy) => {
  const begin = async (requests = 300, options: RouterOptions = {}) => {
    const bench = await makeBench({ policy, forcedExploration: 0, ...options })
    settle(bench, requests)
    return bench
  }

  it.each([100, 0.01, 3, 1 / 7])('is expected to cost %d times as much at once', async (factor) => {
    const bench = await begin()
    const before = expected(bench)
    bench.router.reprice(ID, times(factor))
    expect(expected(bench) / before).toBeCloseTo(factor, 6)
    bench.router.reprice(ID, PRICE)
    expect(expected(bench) / before).toBeCloseTo(1, 6)
  })

  it('does not believe the first bill at a price of a hundredfold alone', async () => {
    const bench = await begin()
    bench.router.reprice(ID, times(100))
    const before = expected(bench)
    settle(bench, 1, { inputTokens: 400, outputTokens: 600 })
    expect(expected(bench) / before).toBeLessThan(1.2)
  })

  it('learns bills at a hundredth of the price as soon as others', async () => {
    const kept = await begin()
    const down = await begin()
    down.router.reprice(ID, times(0.01))
    for (const bench of [kept, down]) settle(bench, 30, { inputTokens: 400, outputTokens: 300 })
    expect((expected(down) * 100) / expected(kept)).toBeCloseTo(1, 6)
  })

  it.each([
    ['answers', { inputUsdPerMTok: 1, outputUsdPerMTok: 400 }],
    ['prompts', { inputUsdPerMTok: 100, outputUsdPerMTok: 4 }],
    ['answers, and prompts next to nothing', { inputUsdPerMTok: 0.01, outputUsdPerMTok: 40 }],
    ['prompts, and answers nothing', { inputUsdPerMTok: 100, outputUsdPerMTok: 0 }],
  ])('costs its own tokens where %s alone cost more', async (_, price) => {
    const bench = await begin()
    bench.router.reprice(ID, price)
    expect(expected(bench) / costOf(price)).toBeCloseTo(1, 1)
    settle(bench, 20)
    expect(expected(bench) / costOf(price)).toBeCloseTo(1, 1)
  })

  it('has no doubt about bills of requests that were on their way', async () => {
    const price = { inputUsdPerMTok: 1, outputUsdPerMTok: 0.01 }
    for (const [to, back] of [
      [price, PRICE],
      [times(0.01), times(1)],
    ]) {
      const bench = await begin(300, { budget: { usdPerRequest: 0.01 } })
      const alarms: unknown[] = []
      bench.router.on('drift', (event) => alarms.push(event))
      for (const now of [to, back]) {
        const ids = Array.from({ length: 60 }, () => bench.router.route(X, ONLY).id)
        bench.router.reprice(ID, now)
        const usd = expected(bench)
        for (const id of ids) bench.router.settle(id, TOKENS)
        expect(expected(bench) / usd).toBeCloseTo(1, 2)
      }
      expect(alarms).toEqual([])
    }
  })

  it('costs what its tokens do when a free one gets a price', async () => {
    const models = [{ id: ID, ...FREE }]
    const bench = await makeBench({ policy, models, forcedExploration: 0 })
    settle(bench, 100)
    bench.router.reprice(ID, PRICE)
    expect(Math.abs(expected(bench) / costOf(PRICE) - 1)).toBeLessThan(0.15)
    settle(bench, 1)
    expect(Math.abs(expected(bench) / costOf(PRICE) - 1)).toBeLessThan(0.15)
  })

  it('costs what it did after it was free, latencies known or not', async () => {
    const bench = await begin()
    const before = expected(bench)
    bench.router.reprice(ID, FREE)
    expect(expected(bench)).toBe(0)
    for (let i = 0; i < 100; i++)
      bench.router.settle(bench.router.route(X, ONLY).id, { costUsd: 0, latencyMs: 100 + i })
    bench.router.reprice(ID, times(100))
    expect(expected(bench) / before / 100).toBeCloseTo(1, 1)
    settle(bench, 1, { inputTokens: 400, outputTokens: 600 })
    expect(expected(bench) / before / 100).toBeLessThan(1.5)
  })

  it('is scaled by what its bills were, where they tell no tokens', async () => {
    const bench = await makeBench({ policy, forcedExploration: 0 })
    for (let i = 0; i < 200; i++) bench.router.settle(bench.router.route(X, ONLY).id, { costUsd: 0.0004 })
    bench.router.reprice(ID, times(100))
    expect(expected(bench)).toBeCloseTo(0.04, 3)
  })

  it('is the same one for who restores it, folds its log, or reads along', async () => {
    const bench = await begin()
    bench.router.reprice(ID, { inputUsdPerMTok: 100, outputUsdPerMTok: 4 })
    const waiting = bench.router.route(X, ONLY).id
    const restored = await makeBench({ policy, forcedExploration: 0 })
    restored.router.restore(bench.router.snapshot())
    for (const { router } of [bench, restored]) {
      router.settle(waiting, TOKENS)
      router.reprice(ID, times(0.01))
      router.settle(router.route(X, ONLY).id, TOKENS)
    }
    expect(digest(restored.router)).toBe(digest(bench.router))
  })

  it('has tokens of a size that bills have, where its dearer tier costs next to nothing', async () => {
    const tiers = [{ aboveInputTokens: 1000, inputUsdPerMTok: 0, outputUsdPerMTok: 1e-4 }]
    const models = [{ id: ID, ...PRICE, tiers }]
    const bench = await makeBench({ policy, models, forcedExploration: 0 })
    for (let i = 0; i < 5; i++)
      bench.router.settle(bench.router.route(X, ONLY).id, { inputTokens: 2000, outputTokens: 60 })
    const other = await makeBench({ policy, models, forcedExploration: 0 })
    other.router.restore(bench.router.snapshot())
    for (const { router } of [bench, other]) {
      router.reprice(ID, times(2))
      expect(router.route(X, ONLY).expectedCostUsd).toBeLessThan(Number.POSITIVE_INFINITY)
    }
    expect(digest(other.router)).toBe(digest(bench.router))
  })

  it('stays a number at any prices and sizes, and its snapshot is taken', async () => {
    const random = new Random(11)
    const amount = () => (random.next() < 0.2 ? 0 : 10 ** (random.next() * 30 - 18))
    const usd = () => (random.next() < 0.2 ? 0 : 10 ** (random.next() * 16 - 4))
    const options: RouterOptions = { policy, forcedExploration: 0, budget: { usdPerRequest: 0.01 } }
    const bench = await makeBench(options)
    for (let i = 0; i < 300; i++) {
      bench.router.reprice(ID, { inputUsdPerMTok: usd(), outputUsdPerMTok: usd() })
      const { id, expectedCostUsd } = bench.router.route(X, ONLY)
      expect(expectedCostUsd).toBeLessThan(Number.POSITIVE_INFINITY)
      if (random.next() < 0.3) bench.router.reprice(ID, PRICE)
      bench.router.settle(id, {
        inputTokens: Math.min(1e12, amount()),
        outputTokens: Math.min(1e12, amount()),
      })
      if (i % 20 !== 0) continue
      const other = await makeBench(options)
      other.router.restore(bench.router.snapshot())
      expect(digest(other.router)).toBe(digest(bench.router))
    }
  })

  it('is refused in a snapshot with tokens that no bill can have had', async () => {
    const bench = await begin(20)
    const edited = (tokenMix: object) =>
      withText(bench.router.snapshot(), (text) => ({
        ...text,
        models: (text.models as readonly object[]).map((model) => ({ ...model, tokenMix })),
      }))
    const mix = { bills: 1, tokens: { input: 5 }, assumedInput: 5, assumedOutput: 5, outputBills: 1 }
    bench.router.restore(edited(mix))
    for (const wrong of [
      { ...mix, bills: 0 },
      { ...mix, bills: '1' },
      { ...mix, outputBills: 2 },
      { ...mix, assumedInput: -1 },
      { ...mix, tokens: { input: -5 } },
      { ...mix, tokens: { input: 1e300 } },
      { ...mix, bills: 1e300 },
      { ...mix, assumedOutput: 1e300 },
      { ...mix, tokens: { smell: 5 } },
      { ...mix, tokens: null },
      {},
    ])
      expectCode(() => bench.router.restore(edited(wrong)), 'SNAPSHOT_INVALID')
  })

  it('is scaled once where two replicas have both been told', async () => {
    const log = new SharedLog()
    const open = () =>
      createRouter({ policy, store: log.store(), dimension: 3, models: [{ id: ID, ...PRICE }], kernel: 'js' })
    const routers = [await open(), await open()]
    const [a, b] = routers
    for (let i = 0; i < 100; i++) a.settle(a.route(X).id, TOKENS)
    await a.flush()
    const before = a.route(X).expectedCostUsd
    for (const router of routers) router.reprice(ID, times(100))
    await Promise.all(routers.map((router) => router.flush()))
    const end = String(log.batches.length)
    await until(() => routers.every((router) => router.stats().journal?.position === end), 'both')
    for (const router of [b, a]) {
      expect(router.route(X).expectedCostUsd / before).toBeCloseTo(100, 6)
    }
    await Promise.all(routers.map((router) => router.close()))
  })
})

describe('a budget', () => {
  it.each([
    [100, 'budget'],
    [0.01, 'budget'],
    [0, 'budget'],
    [100, 'cap'],
    [0.01, 'cap'],
    [0, 'cap'],
  ] as const)('is kept and used within 100 requests of a price times %d (%s)', async (factor, kind) => {
    const usdPerRequest = 0.001
    const early: number[] = []
    for (let seed = 1; seed <= 10; seed++) {
      const options: RouterOptions =
        kind === 'budget'
          ? { budget: { usdPerRequest } }
          : { caps: [{ usd: 3600 * usdPerRequest, per: 'hour', window: 'rolling' }] }
      const bench = await makeBench(options)
      const { router, clock } = bench
      const random = new Random(seed)
      const prices: Record<string, Price> = {
        small: { inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 },
        middle: PRICE,
        large: { inputUsdPerMTok: 5, outputUsdPerMTok: 25 },
      }
      const spent: number[] = []
      const step = () => {
        clock.advance(1000)
        const { id, model } = router.route([random.next() - 0.5, random.next() - 0.5, 1])
        const tokens = { inputTokens: 400, outputTokens: 30 + Math.floor(random.next() * 60) }
        spent.push(costOf(prices[model], tokens))
        router.settle(id, tokens)
        router.reward(id, { small: 0.5, middle: 0.7, large: 0.9 }[model] ?? 0)
      }
      for (let i = 0; i < 4000; i++) step()
      prices[ID] = times(factor)
      router.reprice(ID, times(factor))
      spent.length = 0
      for (let i = 0; i < 300; i++) step()
      const mean = (from: number, to: number) =>
        spent.slice(from, to).reduce((sum, usd) => sum + usd, 0) / (to - from) / usdPerRequest
      expect(mean(0, 300)).toBeGreaterThan(0.8)
      // What a cap has left over may be spent at once, and nothing is refused.
      if (kind === 'cap') continue
      early.push(mean(0, 50))
      expect(mean(0, 300)).toBeLessThan(1.15)
    }
    // What the account has saved up at that moment may be spent, which differs from seed to seed by .15.
    if (kind === 'budget')
      expect(early.reduce((sum, share) => sum + share, 0) / early.length).toBeLessThan(1.6)
  })
})
