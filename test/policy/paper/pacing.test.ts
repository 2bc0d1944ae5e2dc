import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectedCostUsd, recordCost } from '../../../src/models/cost-estimate.js'
import { logNormalisedCost } from '../../../src/models/model.js'
import { DualAscentPacer } from '../../../src/policy/paper/dual-ascent.js'
import { PACER_MODES } from '../../../src/policy/paper/settings.js'
import { MODELS, makePaperBench, X } from '../../support/router.js'
import '../../support/seed.js'

const price = (usdPerKTok: number) => ({
  inputUsdPerMTok: 1000 * usdPerKTok,
  outputUsdPerMTok: 1000 * usdPerKTok,
})

describe('log-normalised cost', () => {
  it.each([
    [1e-4, 0],
    [0.1, 1],
    [0, 0],
    [1e-7, 0],
    [50, 1],
    [Math.sqrt(1e-5), 0.5],
  ])('of %f USD per 1,000 tokens is %f', (usdPerKTok, wanted) => {
    expect(logNormalisedCost(price(usdPerKTok))).toBeCloseTo(wanted, 12)
  })

  it('rises with the mean of both prices', () => {
    expect(logNormalisedCost({ inputUsdPerMTok: 2, outputUsdPerMTok: 8 })).toBe(
      logNormalisedCost(price(0.005)),
    )
  })
})

describe('the dual-ascent pacer', () => {
  it('follows the paper', () => {
    const pacer = new DualAscentPacer(0.01, 'soft')
    let ema = 0.01
    let lambda = 0
    for (const cost of [0.02, 0.05, 0.05, 0, 0, 0.2, 1, 0.01, 0, 0, 0]) {
      pacer.observe(cost)
      ema = 0.95 * ema + 0.05 * cost
      lambda = Math.min(5, Math.max(0, lambda + 0.05 * (ema / 0.01 - 1)))
      expect(pacer.costEmaUsd).toBeCloseTo(ema, 15)
      expect(pacer.shadowPrice).toBeCloseTo(lambda, 12)
    }
  })

  it('keeps lambda in [0, 5] and the mean finite whatever it costs', () => {
    const cost = fc.double({ min: 0, max: 1e12, noNaN: true })
    const ceiling = fc.double({ min: 1e-12, max: 1e12, noNaN: true })
    fc.assert(
      fc.property(fc.array(cost), ceiling, (costs, usd) => {
        const pacer = new DualAscentPacer(usd, 'adaptive')
        for (const [i, each] of costs.entries()) {
          if (i % 3 === 2) pacer.correct(each - costs[i - 1])
          else pacer.observe(each)
          expect(pacer.shadowPrice).toBeGreaterThanOrEqual(0)
          expect(pacer.shadowPrice).toBeLessThanOrEqual(5)
          expect(pacer.costEmaUsd).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })

  it.each(PACER_MODES)('acts in mode %s as the mode says', (mode) => {
    const pacer = new DualAscentPacer(0.01, mode)
    expect(pacer.priceCeiling(0.02)).toBe(Number.POSITIVE_INFINITY)
    pacer.shadowPrice = 1.5
    expect(pacer.softWeight).toBe(mode === 'hard' ? 0 : 1.5)
    expect(pacer.priceCeiling(0.02)).toBe(mode === 'soft' ? Number.POSITIVE_INFINITY : 0.008)
  })

  it('does nothing without a ceiling, and starts from the beginning with the first one', () => {
    const pacer = new DualAscentPacer(null, 'soft')
    pacer.observe(5)
    expect(pacer).toMatchObject({ shadowPrice: 0, costEmaUsd: 0 })
    pacer.setBudget(0.5)
    expect(pacer.costEmaUsd).toBe(0.5)
    pacer.observe(5)
    const { shadowPrice, costEmaUsd } = pacer
    pacer.setBudget(0.25)
    expect(pacer).toMatchObject({ shadowPrice, costEmaUsd, usdPerRequest: 0.25 })
  })
})

describe('the expected cost', () => {
  it('is the list price until something settled, then scaled by what was realised', () => {
    const record = { realisedUsd: 0, assumedUsd: 0, predictedUsd: 0 }
    expect(expectedCostUsd(record, 0.02)).toBe(0.02)
    // The list price is the first observation: 0.01 of 0.01.
    recordCost(record, 0.03, 0.01, 0.01)
    expect(expectedCostUsd(record, 0.02)).toBeCloseTo(
      (0.02 * (0.98 * 0.01 + 0.03)) / (0.98 * 0.01 + 0.01),
      15,
    )
    recordCost(record, 0, 0.01, 0.01)
    const realised = 0.98 * (0.98 * 0.01 + 0.03)
    const assumed = 0.98 * (0.98 * 0.01 + 0.01) + 0.01
    expect(expectedCostUsd(record, 0.02)).toBeCloseTo((0.02 * realised) / assumed, 15)
  })

  it('does not take a model for free after one free call, and forgets the list price in the end', () => {
    const record = { realisedUsd: 0, assumedUsd: 0, predictedUsd: 0 }
    recordCost(record, 0, 0.01, 0.01)
    expect(expectedCostUsd(record, 0.01)).toBeGreaterThan(0.004)
    for (let i = 0; i < 1000; i++) recordCost(record, 0.05, 0.01, 0.01)
    expect(expectedCostUsd(record, 0.01)).toBeCloseTo(0.05, 9)
  })

  it('is what a decision reserves', async () => {
    const { router } = await makePaperBench({
      models: [MODELS[1]],
      expectedTokens: { input: 1000, output: 500 },
    })
    expect(router.route(X).expectedCostUsd).toBeCloseTo(0.003, 15)
    const { id, expectedCostUsd: known } = router.route(X, { inputTokens: 4000, maxOutputTokens: 100 })
    expect(known).toBeCloseTo(0.0044, 15)
    const long = { inputTokens: 1000, expectedOutputTokens: 1500 }
    expect(router.route(X, long).expectedCostUsd).toBeCloseTo(0.007, 15)
    expect(router.route(X, { ...long, maxOutputTokens: 1000 }).expectedCostUsd).toBeCloseTo(0.005, 15)
    router.settle(id, { costUsd: 0.0022 })
    const ratio = (0.98 * 0.0044 + 0.0022) / (0.98 * 0.0044 + 0.0044)
    expect(router.route(X).expectedCostUsd).toBeCloseTo(0.003 * ratio, 15)
  })
})

describe('the weight of cost', () => {
  it('is 0.3 without a budget and 0 plus lambda with one', async () => {
    const free = await makePaperBench()
    expect(free.router.route(X, { explain: true }).explanation?.penaltyWeight).toBe(0.3)
    free.router.setBudget({ usdPerRequest: 0.01 })
    expect(free.router.route(X, { explain: true }).explanation?.penaltyWeight).toBe(0)
    const fixed = await makePaperBench({ costWeight: 0.7, budget: { usdPerRequest: 0.001, mode: 'soft' } })
    fixed.router.settle(fixed.router.route(X).id, { costUsd: 0.1 })
    const { shadowPrice } = fixed.router.stats().pacer
    expect(shadowPrice).toBeCloseTo(0.05 * (0.95 + 0.05 * 100 - 1), 12)
    expect(fixed.router.route(X, { explain: true }).explanation?.penaltyWeight).toBe(0.7 + shadowPrice)
  })

  it('multiplies the log-normalised cost of each model', async () => {
    const { router } = await makePaperBench()
    const { explanation } = router.route(X, { explain: true })
    for (const { model, penalty } of explanation?.models ?? []) {
      const spec = MODELS.find(({ id }) => id === model)
      expect(penalty).toBe(spec === undefined ? Number.NaN : 0.3 * logNormalisedCost(spec))
    }
  })
})

describe('the hard ceiling', () => {
  it('excludes models above c_max / (1 + lambda)', async () => {
    const { router } = await makePaperBench({ budget: { usdPerRequest: 0.001, mode: 'hard' } })
    router.settle(router.route(X).id, { costUsd: 0.1 })
    const { explanation, shadowPrice } = router.route(X, { explain: true })
    expect(explanation?.penaltyWeight).toBe(0)
    expect(explanation?.priceCeilingUsdPerKTok).toBe(0.015 / (1 + shadowPrice))
    expect(explanation?.models.find(({ model }) => model === 'large')?.excluded).toBe('over-price-ceiling')
    expect(explanation?.models.filter(({ excluded }) => excluded === null).length).toBe(2)
  })

  it('leaves the cheapest eligible model when it would leave nobody', async () => {
    const { router } = await makePaperBench({ budget: { usdPerRequest: 1e-6, mode: 'adaptive' } })
    for (let i = 0; i < 3; i++) router.settle(router.route(X).id, { costUsd: 1 })
    expect(router.stats().pacer.shadowPrice).toBe(5)
    const usual = router.route(X)
    expect(usual).toMatchObject({ model: 'small', cheapestFallback: false })
    const { explanation, ...left } = router.route(X, { candidates: ['middle', 'large'], explain: true })
    expect(left).toMatchObject({ model: 'middle', cheapestFallback: false })
    const alone = router.route(X, { candidates: ['large'], explain: true })
    expect(alone).toMatchObject({ model: 'large', cheapestFallback: true })
    expect(alone.explanation?.models[0]).toMatchObject({ model: 'large', excluded: null })
    expect(explanation?.models.find(({ model }) => model === 'small')?.excluded).toBe('not-a-candidate')
  })

  it('picks the cheapest of several that are all too dear', async () => {
    const near = [
      { id: 'cheap', inputUsdPerMTok: 0, outputUsdPerMTok: 0 },
      { id: 'a', inputUsdPerMTok: 9, outputUsdPerMTok: 10 },
      { id: 'b', inputUsdPerMTok: 9, outputUsdPerMTok: 9 },
      { id: 'c', inputUsdPerMTok: 10, outputUsdPerMTok: 10 },
    ]
    const { router } = await makePaperBench({ models: near, budget: { usdPerRequest: 1e-6, mode: 'hard' } })
    for (let i = 0; i < 3; i++) router.settle(router.route(X).id, { costUsd: 1 })
    const { model, cheapestFallback, explanation } = router.route(X, { exclude: ['cheap'], explain: true })
    expect({ model, cheapestFallback }).toEqual({ model: 'b', cheapestFallback: true })
    const excluded = explanation?.models.map((each) => [each.model, each.excluded])
    expect(Object.fromEntries(excluded ?? [])).toEqual({
      a: 'over-price-ceiling',
      b: null,
      c: 'over-price-ceiling',
      cheap: 'excluded',
    })
  })
})
