import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/index.js'
import { Credit } from '../../../src/policy/dollar/accounts/credit.js'
import { CREDIT_NEAR_LEAST, CREDIT_NEAR_REQUESTS } from '../../../src/policy/dollar/tuning.js'
import { expectCode } from '../../support/errors.js'
import { Random } from '../../support/random.js'

const BURST = 50
const REQUESTS = 1000
/** Mean tokens of a prompt; what a prompt costs is known, as no model is paid for its answers. */
const TOKENS = 1000
/** The good one costs a hundredth more. USD per million input tokens. */
const GOOD = { id: 'good', inputUsdPerMTok: 1.01, outputUsdPerMTok: 0 }
const POOR = { id: 'poor', inputUsdPerMTok: 1, outputUsdPerMTok: 0 }
const DEAR = { id: 'dear', inputUsdPerMTok: 10, outputUsdPerMTok: 0 }
const RIGHT: Readonly<Record<string, number>> = { good: 0.92, poor: 0.7, dear: 0.96 }
const GOOD_USD = (TOKENS * GOOD.inputUsdPerMTok) / 1e6

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

/** The good one's share of requests, after a cold start, and spend over budget. */
async function played(seed: number): Promise<{ share: number; spend: number }> {
  const random = new Random(seed)
  const router = await createRouter({
    models: [GOOD, POOR, DEAR],
    budget: { usdPerRequest: GOOD_USD },
    dimension: 5,
    kernel: 'js',
    seed,
    clock: () => 1.8e12,
  })
  let good = 0
  for (let i = 0; i < REQUESTS; i++) {
    const inputTokens = Math.max(1, Math.round(TOKENS * Math.exp(0.8 * gaussian(random) - 0.32)))
    const { id, model } = router.route([...random.vector(4), 1], { inputTokens, expectedOutputTokens: 0 })
    router.settle(id, { inputTokens, outputTokens: 0 })
    router.reward(id, random.next() < RIGHT[model] ? 1 : 0)
    if (model === 'good') good++
  }
  return { share: good / REQUESTS, spend: router.stats().pacer.spendUsd / REQUESTS / GOOD_USD }
}

describe('a budget of what a good model costs, a hundredth more than a poor one, and prompts of all lengths', () => {
  it('goes to the good one, for long prompts too', async () => {
    const seeds = 12
    let share = 0
    let spend = 0
    for (let seed = 1; seed <= seeds; seed++) {
      const one = await played(seed)
      share += one.share / seeds
      spend += one.spend / seeds
    }
    expect(share).toBeGreaterThan(0.8)
    // No more than the account may owe, besides what it starts with.
    expect(spend).toBeLessThan(1 + BURST / REQUESTS)
  })
})

describe('what a request may draw on credit', () => {
  const B = 0.01
  const owing = (budgets: number, leastUsd: number) => new Credit(BURST).limitUsd(-budgets * B, B, leastUsd)

  it('is B, or twice what it draws on its cheapest model, up to three B', () => {
    expect(owing(0, 0)).toBe(B)
    expect(owing(0, 0.4 * B)).toBe(B)
    expect(owing(0, 0.8 * B)).toBeCloseTo(CREDIT_NEAR_LEAST * 0.8 * B, 12)
    expect(owing(0, 5 * B)).toBeCloseTo(CREDIT_NEAR_REQUESTS * B, 12)
  })

  it('is what is called the most of a full account, which may save up little', () => {
    const full = new Credit(5)
    expect(full.mostUsd(B)).toBe(B)
    expect(full.mostUsd(B, 2.5 * B)).toBe(full.limitUsd(5 * B, B, 2.5 * B))
    expect(full.mostUsd(B, 2.5 * B)).toBeCloseTo(3 * B, 12)
  })

  it('never takes the account further down than the start left of the burst', () => {
    expect(owing(28, 5 * B)).toBeCloseTo(2 * B, 12)
    expect(owing(30, 5 * B)).toBeCloseTo(0, 12)
    expect(owing(31, 5 * B)).toBeLessThan(0)
    // An account without an overdraft gives no credit.
    expect(new Credit(10).limitUsd(2 * B, B, 5 * B)).toBeCloseTo(2 * B, 12)
  })
})

describe('a strict router whose prompts are longer than its budget is made for', () => {
  it('serves them on credit, and refuses them once that is used up', async () => {
    const router = await createRouter({
      models: [POOR],
      budget: { usdPerRequest: 1e-3 },
      strict: true,
      dimension: 1,
      clock: () => 1.8e12,
    })
    const long = { inputTokens: 2500, expectedOutputTokens: 0 }
    let served = 0
    let refused = 0
    for (let i = 0; i < 1000; i++) {
      let id: string | null = null
      try {
        id = router.route([1], long).id
      } catch (error) {
        expectCode(() => {
          throw error
        }, 'BUDGET_EXHAUSTED')
        refused++
      }
      if (id !== null) {
        served++
        router.settle(id, { inputTokens: 2500, outputTokens: 0 })
      }
      const { spendUsd } = router.stats().pacer
      expect(spendUsd).toBeLessThanOrEqual((i + 1 + BURST) * 1e-3 * (1 + 1e-9))
    }
    // The account starts with 20 B and may owe 30; each serves for 2.5 B, and each request pays in one.
    expect(served).toBeGreaterThanOrEqual(Math.floor((1000 + 40) / 2.5))
    expect(refused).toBe(1000 - served)
  })
})

describe('how a model stands that is above its budget, and within what may be drawn on credit', () => {
  it('is short now and then, and never out of reach', async () => {
    const router = await createRouter({
      models: [POOR],
      budget: { usdPerRequest: 1e-3, burst: 5 },
      expectedTokens: { input: 2500, output: 1 },
      strict: true,
      dimension: 1,
      clock: () => 1.8e12,
    })
    const told: unknown[] = []
    router.on('reach', (notice) => told.push(notice))
    const kinds = new Set<string>()
    let served = 0
    for (let i = 0; i < 400; i++) {
      try {
        const { id } = router.route([1], { inputTokens: 2500, expectedOutputTokens: 0 })
        router.settle(id, { inputTokens: 2500, outputTokens: 0 })
        served++
      } catch (error) {
        expectCode(() => {
          throw error
        }, 'BUDGET_EXHAUSTED')
      }
      const { kind, costUsd, mostUsd } = router.stats().models[0].standing
      kinds.add(kind)
      if (kind === 'unaffordable') expect(mostUsd).toBeLessThan(costUsd ?? 0)
    }
    expect(served).toBeGreaterThan(150)
    expect(kinds).not.toContain('out-of-reach')
    expect(told).toEqual([])
  })
})

describe('a request that no account pays for', () => {
  const asked = { inputTokens: TOKENS, expectedOutputTokens: 0 }

  /** A router that knows what its models are worth, and owes 100 budgets. @param timesPoor what the good one costs, in what the poor one does */
  async function owing(timesPoor: number, strict: boolean) {
    const random = new Random(1)
    const router = await createRouter({
      models: [{ ...GOOD, inputUsdPerMTok: timesPoor }, POOR],
      strict,
      dimension: 1,
      clock: () => 1.8e12,
    })
    for (let i = 0; i < 200; i++) {
      const { id, model } = router.route([1], { ...asked, candidates: [i % 2 === 0 ? 'good' : 'poor'] })
      router.settle(id, { inputTokens: TOKENS, outputTokens: 0 })
      router.reward(id, random.next() < RIGHT[model] ? 1 : 0)
    }
    router.setBudget({ usdPerRequest: 0.9e-3 })
    router.adjustAccount(-120 * 0.9e-3)
    return router
  }

  it.each([
    [1.01, 'good'],
    [1.03, 'good'],
    [1.05, 'poor'],
    [2, 'poor'],
  ])(
    'goes to the best of those that cost about as much as the cheapest: %d times as much',
    async (timesPoor, to) => {
      const router = await owing(timesPoor, false)
      const decisions = Array.from({ length: 20 }, () => router.route([1], asked))
      expect(new Set(decisions.map(({ model }) => model))).toEqual(new Set([to]))
      expect(decisions.every(({ cheapestFallback }) => cheapestFallback)).toBe(true)
    },
  )

  it('is refused by a strict router', async () => {
    const router = await owing(1.01, true)
    expectCode(() => router.route([1], asked), 'BUDGET_EXHAUSTED')
  })
})

describe('a cheapest model whose few bills were dearer than usual', () => {
  /** Its share of the requests that follow, in debt. */
  async function shareInDebt(seed: number): Promise<number> {
    const random = new Random(seed)
    const usd: Readonly<Record<string, number>> = { cheap: 1e-3, other: 1.1e-3 }
    const router = await createRouter({
      models: ['cheap', 'other'].map((id) => ({ id, inputUsdPerMTok: 0, outputUsdPerMTok: 1 })),
      dimension: 1,
      kernel: 'js',
      seed,
      clock: () => 1.8e12,
    })
    const asked = { inputTokens: 0, expectedOutputTokens: 1000 }
    const settle = (id: string, costUsd: number) => {
      router.settle(id, { costUsd: costUsd * Math.exp(0.3 * gaussian(random) - 0.045) })
      router.reward(id, random.next() < 0.8 ? 1 : 0)
    }
    for (let i = 0; i < 20; i++)
      settle(router.route([1], { ...asked, candidates: ['cheap'] }).id, 1.18 * usd.cheap)
    for (let i = 0; i < 300; i++) settle(router.route([1], { ...asked, candidates: ['other'] }).id, usd.other)
    router.setBudget({ usdPerRequest: 0.9e-3 })
    router.adjustAccount(-200 * 0.9e-3)
    let cheap = 0
    for (let i = 0; i < 300; i++) {
      const { id, model } = router.route([1], asked)
      settle(id, usd[model])
      if (model === 'cheap') cheap++
    }
    return cheap / 300
  }

  it('is found all the same', async () => {
    let share = 0
    for (let seed = 1; seed <= 12; seed++) share += (await shareInDebt(seed)) / 12
    expect(share).toBeGreaterThan(0.8)
  })

  it('is not looked for with exploit: what is expected counts', async () => {
    const router = await createRouter({
      models: ['cheap', 'other'].map((id) => ({ id, inputUsdPerMTok: 0, outputUsdPerMTok: 1 })),
      dimension: 1,
      clock: () => 1.8e12,
    })
    const asked = { inputTokens: 0, expectedOutputTokens: 1000 }
    const bill = (model: 'cheap' | 'other', costUsd: number) => {
      const { id } = router.route([1], { ...asked, candidates: [model] })
      router.settle(id, { costUsd })
      router.reward(id, model === 'other' ? 0.9 : 0.5)
    }
    for (let i = 0; i < 200; i++) bill('cheap', 1e-3)
    // Few bills, and they differ: it may cost less than the other.
    for (let i = 0; i < 8; i++) bill('other', i % 2 === 0 ? 0.6e-3 : 1.8e-3)
    router.setBudget({ usdPerRequest: 0.9e-3 })
    router.adjustAccount(-200 * 0.9e-3)
    const explored = router.route([1], asked)
    const exploited = router.route([1], { ...asked, exploit: true })
    expect([explored.cheapestFallback, exploited.cheapestFallback]).toEqual([true, true])
    expect([explored.model, exploited.model]).toEqual(['other', 'cheap'])
  })
})
