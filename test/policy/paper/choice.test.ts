import { describe, expect, it } from 'vitest'
import { tieBreak } from '../../../src/bandit/tie-break.js'
import { MODELS, makePaperBench, X } from '../../support/router.js'

const TWINS = ['a', 'b', 'c'].map((id) => ({ id, inputUsdPerMTok: 1, outputUsdPerMTok: 1 }))

describe('the tie-break', () => {
  it('is roughly uniform over equal models for any seed', () => {
    for (const seed of [0, 1, 77, 0xffffffff]) {
      for (const n of [2, 3, 7]) {
        const counts = new Array<number>(n).fill(0)
        for (let t = 0; t < 7000; t++) counts[tieBreak(seed, t) % n]++
        // Five standard deviations of a binomial count.
        const slack = 5 * Math.sqrt((7000 / n) * (1 - 1 / n))
        for (const count of counts) expect(Math.abs(count - 7000 / n)).toBeLessThan(slack)
      }
    }
  })

  it('is an unsigned 32-bit integer, also for counts beyond 2^32', () => {
    for (const count of [0, 1, 2 ** 31, 2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER]) {
      const value = tieBreak(5, count)
      expect(Number.isInteger(value) && value >= 0 && value < 2 ** 32).toBe(true)
    }
    expect(tieBreak(5, 2 ** 32)).not.toBe(tieBreak(5, 0))
  })

  it('repeats with the seed and differs between seeds', async () => {
    const run = async (seed: number) => {
      const { router } = await makePaperBench({ models: TWINS, seed, alpha: 0 })
      return Array.from({ length: 60 }, () => router.route(X).model).join('')
    }
    expect(await run(1)).toBe(await run(1))
    expect(await run(1)).not.toBe(await run(2))
    expect(new Set(await run(3)).size).toBe(3)
  })
})

describe('forced exploration', () => {
  it('gives newcomers their requests for certain, first come first served, and counts them', async () => {
    const { router } = await makePaperBench({ forcedExploration: 3 })
    router.addModel({ id: 'n1', inputUsdPerMTok: 900, outputUsdPerMTok: 900 })
    router.addModel({ id: 'n2', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }, { forcedExploration: 2 })
    const decisions = Array.from({ length: 6 }, () => router.route(X))
    expect(decisions.slice(0, 5).map(({ model }) => model)).toEqual(['n1', 'n1', 'n1', 'n2', 'n2'])
    expect(decisions.map(({ forced }) => forced)).toEqual([true, true, true, true, true, false])
    const { models } = router.stats()
    expect(models.find(({ id }) => id === 'n1')).toMatchObject({ forcedDone: 3, forcedRemaining: 0 })
  })

  it('defaults to 20 for newcomers and to none for the first models', async () => {
    const { router } = await makePaperBench()
    expect(router.stats().models.every(({ forcedRemaining }) => forcedRemaining === 0)).toBe(true)
    router.addModel({ id: 'new', inputUsdPerMTok: 1, outputUsdPerMTok: 1 })
    expect(router.stats().models[3].forcedRemaining).toBe(20)
  })

  it('is skipped by exploitation, and not done again for a failure', async () => {
    const { router } = await makePaperBench()
    router.addModel({ id: 'new', inputUsdPerMTok: 900, outputUsdPerMTok: 900 }, { forcedExploration: 2 })
    expect(router.route(X, { exploit: true })).toMatchObject({ forced: false })
    expect(router.stats().models[3].forcedRemaining).toBe(2)
    router.fail(router.route(X).id)
    expect(router.stats().models[3]).toMatchObject({ forcedRemaining: 1, forcedDone: 1, failed: 1 })
    expect(router.route(X)).toMatchObject({ model: 'new', forced: true })
    expect(router.route(X)).toMatchObject({ forced: false })
  })

  it('respects what the request rules out, and waits while the newcomer is disabled', async () => {
    const { router } = await makePaperBench()
    router.addModel({ id: 'new', inputUsdPerMTok: 900, outputUsdPerMTok: 900 }, { forcedExploration: 1 })
    expect(router.route(X, { exclude: ['new'] }).forced).toBe(false)
    expect(router.route(X, { maxCostUsd: 0.02 }).forced).toBe(false)
    router.disable('new')
    expect(router.route(X).forced).toBe(false)
    router.enable('new')
    expect(router.route(X)).toMatchObject({ model: 'new', forced: true, score: 0 })
  })
})

describe('exploitation', () => {
  it('drops the bonus alone', async () => {
    const { router } = await makePaperBench({ alpha: 5, models: [MODELS[1]] })
    router.reward(router.route(X).id, 0.5)
    const explore = router.route(X, { explain: true }).explanation?.models[0]
    const exploit = router.route(X, { explain: true, exploit: true }).explanation?.models[0]
    expect(explore?.explorationBonus).toBeGreaterThan(1)
    expect(exploit).toMatchObject({ explorationBonus: 0, expectedReward: explore?.expectedReward })
  })
})

describe('defaults', () => {
  it("are the paper's", async () => {
    const { router } = await makePaperBench({ gamma: 1 })
    const bonusOfOne = router.route([0, 0, 1], { explain: true }).explanation?.models[0].explorationBonus
    expect(bonusOfOne).toBeCloseTo(0.05, 15)
  })
})

describe('the hard ceiling over equally priced models', () => {
  it('leaves the choice among the cheapest to what was learned', async () => {
    const { router } = await makePaperBench({ models: TWINS, budget: { usdPerRequest: 1e-6, mode: 'hard' } })
    for (let i = 0; i < 300; i++) {
      const { id, model } = router.route(X)
      router.settle(id, { costUsd: 0.01 })
      router.reward(id, model === 'b' ? 1 : 0)
    }
    const { cheapestFallback, explanation } = router.route(X, { explain: true, exploit: true })
    expect(cheapestFallback).toBe(true)
    expect(explanation?.chosen).toBe('b')
    expect(explanation?.models.map(({ excluded }) => excluded)).toEqual([null, null, null])
    expect(router.stats().models[1].share).toBeGreaterThan(0.8)
  })
})

describe('the expected cost of a model without a list price', () => {
  it('is what it has cost so far', async () => {
    const free = { id: 'free', inputUsdPerMTok: 0, outputUsdPerMTok: 0 }
    const { router } = await makePaperBench({ models: [free, MODELS[2]] })
    expect(router.route(X, { candidates: ['free'] }).expectedCostUsd).toBe(0)
    router.settle(router.route(X, { candidates: ['free'] }).id, { costUsd: 0.5 })
    expect(router.route(X, { maxCostUsd: 0.1 }).model).toBe('large')
  })

  it('is not mistaken for a request of no tokens on a model that has one', async () => {
    const { router } = await makePaperBench({ models: [MODELS[2]] })
    router.settle(router.route(X).id, { costUsd: 0.5 })
    expect(router.route(X, { inputTokens: 0, maxOutputTokens: 0 }).expectedCostUsd).toBe(0)
  })
})
