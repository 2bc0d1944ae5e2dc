import { describe, expect, it } from 'vitest'
import { gaussian, mulberry32 } from '../../src/base/random.js'
import { setBench } from '../../src/replay/bench.js'
import { bestMix } from '../../src/replay/hindsight.js'
import { solver } from '../../src/replay/linear/cholesky.js'
import { dot, PooledRidgeRows, SHRINKAGES } from '../../src/replay/linear/pooled-ridge.js'
import { PricedChoice } from '../../src/replay/linear/priced-choice.js'
import { thresholdRouter, thresholdWithin } from '../../src/replay/linear/threshold-router.js'
import { meanPoint, TrainPart } from '../../src/replay/linear/train-part.js'
import type { BaselineRow } from '../../src/replay/result.js'
import { runReplay } from '../../src/replay/runner.js'
import { coursesOf } from '../../src/replay/scenarios.js'
import type { ReplaySettings } from '../../src/replay/settings.js'
import type { OutcomeTable } from '../../src/replay/table.js'
import { MODELS, makeTable } from './helpers.js'

/** Two models on rows with one feature and a bias: the dear one is right on positive rows alone, for 3 instead of 1. */
function signTable(features: readonly number[]): OutcomeTable {
  return {
    models: [MODELS[0], MODELS[2]],
    size: features.length,
    dimension: 2,
    contexts: features.map((x) => Float64Array.of(x, 1)),
    rewards: Float64Array.from(features.flatMap((x) => [0, x > 0 ? 1 : 0])),
    costsUsd: Float64Array.from(features.flatMap(() => [1, 3])),
  }
}
const SIGNS = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? 1 : -1))
const ROWS = SIGNS.map((_, i) => i)

describe('solver', () => {
  it('solves a system by hand', () => {
    // [4 2; 2 3] (1, 2) = (8, 8)
    const solve = solver(Float64Array.of(4, 2, 2, 3), 2)
    const x = solve([8, 8])
    expect(x[0]).toBeCloseTo(1, 12)
    expect(x[1]).toBeCloseTo(2, 12)
  })
})

describe('PooledRidgeRows', () => {
  it('finds weights without noise, and shrinks them least', () => {
    const contexts = Array.from({ length: 200 }, (_, i) => Float64Array.of(Math.sin(i), 1))
    const rows = contexts.map((_, i) => i)
    const fit = new PooledRidgeRows(contexts, rows).fit({
      models: 2,
      at: (row, m) => (m === 0 ? 2 * contexts[row][0] + 1 : -contexts[row][0]),
    })
    expect([fit.commonShrinkage, fit.ownShrinkage]).toEqual([SHRINKAGES[0], SHRINKAGES[0]])
    expect(fit.weights[0][0]).toBeCloseTo(2, 1)
    expect(fit.weights[0][1]).toBeCloseTo(1, 2)
    expect(fit.weights[1][0]).toBeCloseTo(-1, 1)
  })

  it('trusts features that say nothing for nothing: what is left is the mean of each model', () => {
    const random = mulberry32(5)
    const contexts = Array.from({ length: 300 }, () => Float64Array.of(gaussian(random), gaussian(random), 1))
    const rows = contexts.map((_, i) => i)
    const noise = rows.map(() => [0.3 + gaussian(random), 0.9 + gaussian(random)])
    const fit = new PooledRidgeRows(contexts, rows).fit({ models: 2, at: (row, m) => noise[row][m] })
    expect(fit.ownShrinkage).toBeGreaterThanOrEqual(1000)
    for (const m of [0, 1]) {
      const average = noise.reduce((sum, each) => sum + each[m], 0) / noise.length
      expect(dot(fit.weights[m], [0, 0, 1])).toBeCloseTo(average, 1)
    }
  })
})

describe('the train part', () => {
  it('predicts costs that are right on average, models that cost nothing included', () => {
    const table = signTable(SIGNS)
    const costsUsd = table.costsUsd.map((_, at) => (at % 2 === 0 ? 0 : 2 + SIGNS[at >> 1]))
    const part = new TrainPart({ ...table, costsUsd }, ROWS)
    expect(part.points).toEqual([
      { reward: 0, costUsd: 0 },
      { reward: 0.25, costUsd: 1.5 },
    ])
    const predicted = (m: number) =>
      ROWS.reduce((sum, row) => sum + part.costUsd(m, table.contexts[row]), 0) / ROWS.length
    expect(predicted(0)).toBe(0)
    expect(predicted(1)).toBeCloseTo(1.5, 12)
    expect(part.costUsd(1, Float64Array.of(1, 1))).toBeGreaterThan(part.costUsd(1, Float64Array.of(-1, 1)))
    expect(part.mix(0.75)).toEqual(bestMix(part.points, 0.75))
  })

  it('averages what a rule chooses', () => {
    expect(meanPoint(signTable([1, -1]), [0, 1], (row) => row)).toEqual({ reward: 0, costUsd: 2 })
    expect(meanPoint(signTable([1, -1]), [0, 1], () => 1)).toEqual({ reward: 0.5, costUsd: 3 })
  })
})

describe('the linear policy in hindsight', () => {
  const table = signTable(SIGNS)
  const priced = new PricedChoice(new TrainPart(table, ROWS), table, ROWS)

  it('buys the dear model where it is worth most, as far as the money goes', () => {
    // A quarter of the rows at 3, the others at 1.
    expect(priced.within(1.5)).toEqual({ reward: 0.25, costUsd: 1.5, shares: [0.75, 0.25] })
    // Not enough for all of the rows that look alike: none is bought.
    expect(priced.within(1.4)).toEqual({ reward: 0, costUsd: 1, shares: [1, 0] })
  })

  it('takes the cheapest where no price is within the budget, and spends no more than it has a use for', () => {
    expect(priced.within(0.5).shares).toEqual([1, 0])
    expect(priced.within(100).reward).toBe(0.25)
  })
})

describe('the threshold router', () => {
  it('sets the threshold by what the train part would have spent', () => {
    const offers = [
      { gain: 0.1, extraUsd: 1 },
      { gain: 0.4, extraUsd: 1 },
      { gain: 0.3, extraUsd: 2 },
      { gain: 0.3, extraUsd: 2 },
    ]
    expect(thresholdWithin(offers, 0.5)).toBe(Number.POSITIVE_INFINITY)
    expect(thresholdWithin(offers, 1)).toBe(0.4)
    // One of the two at 0.3 would be within, both are not.
    expect(thresholdWithin(offers, 4)).toBe(0.4)
    expect(thresholdWithin(offers, 5)).toBe(0.3)
    expect(thresholdWithin(offers, 6)).toBe(0.1)
  })

  it('sends the rows with the highest predicted gain to the dearer of the pair', () => {
    const table = signTable(SIGNS)
    const part = new TrainPart(table, ROWS)
    expect(thresholdRouter(part, table, ROWS, 1.5)).toEqual({
      reward: 0.25,
      costUsd: 1.5,
      shares: [0.75, 0.25],
    })
    expect(thresholdRouter(part, table, ROWS, 1).shares).toEqual([1, 0])
    expect(thresholdRouter(part, table, ROWS, 9).shares).toEqual([0, 1])
  })
})

describe('baselines fitted to the train part', () => {
  const data = makeTable(250)
  const settings: ReplaySettings = {
    scenario: 'stationary',
    courses: coursesOf('stationary', MODELS),
    data,
    train: null,
    budgetsUsd: [1e-5, 1e-4, 1e-3],
    policy: 'dollar',
    seeds: 3,
    cold: false,
    kernel: 'js',
    beside: [],
  }
  const named = (rows: readonly BaselineRow[], name: string) =>
    rows.filter(({ baseline }) => baseline === name)

  it('has the same rows for a warm and a cold start: they share the train part', async () => {
    const trained = (rows: readonly BaselineRow[]) =>
      rows.filter(({ baseline }) => ['trained-mix', 'linear', 'bound', 'threshold'].includes(baseline))
    const [warm, cold] = [await runReplay(settings), await runReplay({ ...settings, cold: true })]
    expect(trained(warm.report.baselines)).toEqual(trained(cold.report.baselines))
    expect(trained(warm.report.baselines)).toHaveLength(12)
  })

  it('takes the better of the mix and the linear policy as the bound, at each budget', async () => {
    const { baselines } = (await runReplay(settings)).report
    const [mix, linear, bound] = ['trained-mix', 'linear', 'bound'].map((name) => named(baselines, name))
    bound.forEach((row, b) => {
      expect(row.reward).toBe(Math.max(mix[b].reward, linear[b].reward))
      expect(Object.values(row.shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
    })
    // Hindsight chooses its mix on the rows that are measured: without a feature, nothing within the budget is better.
    const hindsight = named(baselines, 'mix')
    mix.forEach((row, b) => {
      if ((row.utilisation ?? 0) <= 1) expect(row.reward).toBeLessThanOrEqual(hindsight[b].reward + 1e-12)
    })
    for (const row of linear.slice(1)) expect(row.utilisation).toBeLessThanOrEqual(1)
  })

  it('measures a mix of the train part on the rows that evaluate', async () => {
    const bench = setBench(settings.courses[0], { ...settings, seeds: 1 }, new Map())
    const [plan] = bench.plans
    const part = new TrainPart(data, [...plan.fit, ...plan.burnIn])
    const { first, second, share } = part.mix(1e-4)
    const [low, high] = [first, second].map((m) => meanPoint(data, plan.phases[0], () => m))
    const { baselines } = (await runReplay({ ...settings, seeds: 1 })).report
    const [, row] = named(baselines, 'trained-mix')
    expect(row.reward).toBeCloseTo((1 - share) * low.reward + share * high.reward, 12)
    expect(row.costUsdPerRequest).toBeCloseTo((1 - share) * low.costUsd + share * high.costUsd, 15)
  })

  it('fits to a training table, and measures on the rows of the other', async () => {
    const train = makeTable(120, 3)
    const { baselines } = (await runReplay({ ...settings, train, seeds: 1 })).report
    const everyRow = Array.from({ length: data.size }, (_, row) => row)
    const part = new TrainPart(
      train,
      Array.from({ length: train.size }, (_, row) => row),
    )
    const { first, second, share } = part.mix(1e-4)
    const [low, high] = [first, second].map((m) => meanPoint(data, everyRow, () => m))
    const [, row] = named(baselines, 'trained-mix')
    expect(row.reward).toBeCloseTo((1 - share) * low.reward + share * high.reward, 12)
  })

  it('has none in scenarios, whose events nobody told the train part', async () => {
    const courses = coursesOf('price-drop', MODELS)
    const { baselines } = (await runReplay({ ...settings, scenario: 'price-drop', courses })).report
    expect(named(baselines, 'bound')).toEqual([])
  })
})
