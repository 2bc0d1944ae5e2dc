import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Explanations, type KeptExplanation } from '../../../src/gateway/dashboard/explanations.js'
import type { ExplainedModel } from '../../../src/gateway/dashboard/shape.js'
import { DECISIONS_MIN, savingsOf, whatIf } from '../../../src/gateway/dashboard/what-if.js'
import type { Explanation } from '../../../src/index.js'

function model(
  id: string,
  expectedReward: number,
  expectedCostUsd: number,
  more: Partial<ExplainedModel> = {},
) {
  const explained: ExplainedModel = {
    model: id,
    expectedReward,
    explorationBonus: 0,
    penalty: 0,
    score: expectedReward,
    expectedCostUsd,
    latencyUse: null,
    excluded: null,
    ...more,
  }
  return explained
}

function decision(id: string, models: readonly ExplainedModel[], chosen = models[0].model): KeptExplanation {
  return {
    id,
    chosen,
    propensity: 1,
    forced: false,
    canary: false,
    cheapestFallback: false,
    shadowPrice: 0,
    latencyPrice: 0,
    penaltyWeight: 0,
    priceCeilingUsdPerKTok: null,
    statisticsChanged: false,
    models,
    left: 0,
  }
}

const repeated = (models: readonly ExplainedModel[], count = 40) =>
  Array.from({ length: count }, (_, i) => decision(`r.${i}`, models))

describe('another budget on the latest decisions', () => {
  it('mixes two models so that the mean is the budget', () => {
    const kept = repeated([model('dear', 0.9, 0.01), model('cheap', 0.5, 0.002)])
    const found = whatIf(kept, 0.004)
    expect(found?.isFeasible).toBe(true)
    expect(found?.after.usdPerRequest).toBeCloseTo(0.004, 9)
    expect(found?.after.reward).toBeCloseTo(0.5 + 0.4 * 0.25, 9)
    expect(found?.after.shares.find(({ model: id }) => id === 'dear')?.share).toBeCloseTo(0.25, 9)
    expect(found?.shadowPrice).toBeCloseTo((0.4 / 0.008) * 0.004, 6)
    expect(found?.before.usdPerRequest).toBeCloseTo(0.01, 12)
    expect(found?.before.reward).toBeCloseTo(0.9, 12)
    expect(found?.before.shares).toEqual([{ model: 'dear', share: 1 }])
  })

  it('has no price where money is not short, and says when nothing is cheap enough', () => {
    const kept = repeated([model('dear', 0.9, 0.01), model('cheap', 0.5, 0.002)])
    expect(whatIf(kept, 1)).toMatchObject({ shadowPrice: 0, isFeasible: true })
    expect(whatIf(kept, 0.001)).toMatchObject({ isFeasible: false })
    expect(whatIf(kept, 0.001)?.after.usdPerRequest).toBeCloseTo(0.002, 12)
  })

  it('says how many decisions had one model to go to', () => {
    const named = repeated([model('dear', 0.9, 0.01)], 12)
    const free = repeated([model('dear', 0.9, 0.01), model('cheap', 0.5, 0.002)], 20)
    const found = whatIf([...named, ...free], 0.001)
    expect(found).toMatchObject({ isFeasible: false, decisions: 32, withOneModel: 12 })
    expect(found?.after.usdPerRequest).toBeCloseTo((12 * 0.01 + 20 * 0.002) / 32, 12)
  })

  it('lets in what money alone kept out, and nothing else', () => {
    const models = [
      model('chosen', 0.5, 0.002),
      model('too dear', 0.8, 0.01, { excluded: 'over-price-ceiling' }),
      model('down', 1, 0.001, { excluded: 'unavailable' }),
    ]
    expect(whatIf(repeated(models), 1)?.after.shares).toEqual([{ model: 'too dear', share: 1 }])
  })

  it('needs some decisions', () => {
    expect(whatIf(repeated([model('a', 0.5, 0.1)], DECISIONS_MIN - 1), 1)).toBeNull()
    expect(whatIf([], 1)).toBeNull()
  })

  it('reads what is expected of the models a few times and not in each step of its search: the gateway waits meanwhile', () => {
    const [decisions, models] = [200, 32]
    let reads = 0
    const counted = (id: string, reward: number, usd: number) =>
      Object.defineProperty(model(id, reward, usd), 'expectedCostUsd', {
        get: () => {
          reads++
          return usd
        },
      })
    const kept = Array.from({ length: decisions }, (_, i) =>
      decision(
        `r.${i}`,
        Array.from({ length: models }, (_, j) =>
          counted(`m${j}`, 0.5 + 0.01 * j + 0.1 * Math.sin(i * j), 0.0001 * 1.2 ** j * (1 + (i % 7))),
        ),
      ),
    )
    expect(whatIf(kept, 0.001)?.isFeasible).toBe(true)
    expect(reads / (decisions * models)).toBeLessThan(16)
  })

  it('never costs more than the budget where that can be, and earns no less of value with more', () => {
    const amounts = fc.double({ min: 0.0001, max: 1, noNaN: true })
    const candidates = fc.array(fc.tuple(amounts, amounts), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.array(candidates, { minLength: 30, maxLength: 40 }), amounts, amounts, (all, x, y) => {
        const kept = all.map((models, i) =>
          decision(
            `r.${i}`,
            models.map(([reward, usd], j) => model(`m${j}`, reward, usd)),
          ),
        )
        const [low, high] = [whatIf(kept, Math.min(x, y)), whatIf(kept, Math.max(x, y))]
        for (const each of [low, high])
          if (each?.isFeasible === true)
            expect(each.after.usdPerRequest).toBeLessThanOrEqual(each.budgetUsdPerRequest * (1 + 1e-9))
        expect(high?.after.reward).toBeGreaterThanOrEqual((low?.after.reward ?? 0) - 1e-9)
        const shares = high?.after.shares.reduce((sum, { share }) => sum + share, 0)
        expect(shares).toBeCloseTo(1, 9)
      }),
      { numRuns: 60 },
    )
  })
})

describe('savings', () => {
  it('are what each model was expected to cost and earn, with how far bills were off', () => {
    const models = [model('dear', 0.9, 0.01, { explorationBonus: 0.05 }), model('cheap', 0.5, 0.002)]
    const kept = repeated(models)
    const found = savingsOf(kept, () => ({ costUsd: 0.012 }) as never)
    expect(found?.billedOverExpected).toBeCloseTo(1.2, 9)
    expect(found?.chosen.usdPerRequest.mean).toBeCloseTo(0.01, 12)
    expect(found?.chosen.usdPerRequest.high).toBeCloseTo(0.012, 9)
    expect(found?.models.map((row) => row.model)).toEqual(['cheap', 'dear'])
    const dear = found?.models[1]
    expect(
      [dear?.reward.low, dear?.reward.mean, dear?.reward.high].map((value) => value?.toFixed(9)),
    ).toEqual([0.85, 0.9, 0.95].map((value) => value.toFixed(9)))
    expect(found?.models[0].reward).toMatchObject({ low: 0.5, high: 0.5 })
  })

  it('leave out models that few decisions knew, and need some decisions', () => {
    const kept = repeated([model('a', 0.5, 0.01)])
    kept[0] = decision('r.0', [model('a', 0.5, 0.01), model('late', 0.9, 0.01)])
    expect(savingsOf(kept, () => null)?.models.map((row) => row.model)).toEqual(['a'])
    expect(savingsOf(kept.slice(0, 29), () => null)).toBeNull()
  })
})

describe('kept explanations', () => {
  const explanation = (id: string, models: number): Explanation => ({
    ...decision(id, [model('m0', 1, 1)], `m${models - 1}`),
    models: Array.from({ length: models }, (_, i) => ({
      ...model(`m${i}`, 1, 1),
      inflation: 1,
      topFeatures: [{ index: 0, value: 1, weight: 1, contribution: 1 }],
    })),
  })

  it('are bounded in number and in size, and always have the chosen model', () => {
    const kept = new Explanations((id) => explanation(id, 100))
    for (let i = 0; i < 1100; i++) kept.of(`r.${i}`, i)
    expect([...kept.all()]).toHaveLength(1000)
    const found = kept.of('r.1099', 1099)
    expect(found?.models).toHaveLength(32)
    expect(found?.models.some(({ model: id }) => id === 'm99')).toBe(true)
    expect(found?.left).toBe(68)
    expect(found?.models[0]).not.toHaveProperty('topFeatures')
  })

  it('are made of at most fifty decisions a second as they are made', () => {
    let made = 0
    const kept = new Explanations((id) => {
      made++
      return explanation(id, 2)
    })
    for (let i = 0; i < 500; i++) kept.decided(`a.${i}`, 1000 + i)
    expect(made).toBe(50)
    kept.decided('b', 2000)
    expect(made).toBe(51)
  })

  it('are left out for what the router does not know any more', () => {
    const kept = new Explanations(() => {
      throw new Error('unknown')
    })
    expect(kept.of('r.1', 1)).toBeNull()
  })
})
