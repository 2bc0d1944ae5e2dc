import { describe, expect, it } from 'vitest'
import { Arms } from '../../../src/bandit/arms.js'
import { createRouter, fitPriors } from '../../../src/index.js'
import { Arena } from '../../../src/kernel/arena.js'
import { JsKernel } from '../../../src/kernel/js-kernel.js'
import { FeatureEvidence, FeatureRidge } from '../../../src/policy/dollar/estimate/feature-evidence.js'
import { ownSystem } from '../../../src/policy/dollar/estimate/linear-system.js'
import {
  fitPriorCostShrinkage,
  fitPriorShrinkage,
} from '../../../src/policy/dollar/estimate/prior-shrinkage.js'
import { Shrinkage } from '../../../src/policy/dollar/estimate/shrinkage.js'
import { steepness } from '../../../src/policy/dollar/estimate/steepness.js'
import { Random } from '../../support/random.js'
import { digest } from '../../support/router.js'

const D = 4
const SIGMA = 0.3

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

/** Rewards of models with common weights and weights of their own, `own` of the first feature alone. */
function rowsOf(count: number, own: number, seed: number, models = 6) {
  const random = new Random(seed)
  return Array.from({ length: count }, () => {
    const x = [...random.vector(D)]
    const outcomes = Object.fromEntries(
      Array.from({ length: models }, (_, m) => {
        const mean = 0.5 + 0.02 * m + 0.1 * x[1] + (m % 2 === 0 ? own : -own) * x[0]
        return [`m${m}`, { reward: mean + SIGMA * gaussian(random) }]
      }),
    )
    return { context: x, outcomes }
  })
}

/** Arms that begin without any rewards, and rewards of those of that number for one of them. */
function cold(slots: readonly number[]) {
  const arms = new Arms(new JsKernel(new Arena({ dimension: D, gamma: 1, lambda0: 1 })), 1)
  const shrinkage = new Shrinkage(arms)
  const precision = Float64Array.of(100, 0, 0, 0, 100, 0, 0, 100, 0, 1)
  const prior = { precision, response: Float64Array.of(0, 0, 0, 0.5) }
  for (const slot of slots) {
    arms.start(slot, prior, 0, 0)
    shrinkage.started(slot, Float64Array.of(SIGMA * SIGMA, 99, 99, 99, 0, 0, 0))
  }
  const { kernel } = arms
  const teach = (slot: number, rows: ReturnType<typeof rowsOf>): void => {
    for (const { context, outcomes } of rows) {
      kernel.f64.set(context, kernel.layout.context)
      shrinkage.fit(slot, () => SIGMA * SIGMA)
      shrinkage.rewarded(slot, 0)
      kernel.update(slot, outcomes[`m${slot}`].reward, 0)
    }
  }
  return { arms, shrinkage, teach }
}

describe('what priors say of features', () => {
  it('is trusted where models differ, and only there', () => {
    const priors = fitPriors(rowsOf(800, 0.15, 1))
    const fit = fitPriorShrinkage(priors)
    const { ridges, variance, level } = fit.of('m0')
    // Own weights of the first feature have t^2 = .15^2: a ridge of sigma^2 / t^2 = 4, and no less than is ever taken.
    expect(ridges[0]).toBeLessThan(40)
    expect(ridges[1]).toBeGreaterThan(400)
    expect(ridges[2]).toBeGreaterThan(400)
    expect(variance).toBeGreaterThan(0.8 * SIGMA * SIGMA)
    expect(variance).toBeLessThan(1.2 * SIGMA * SIGMA)
    expect(level).toBeCloseTo(0.5, 1)
    expect(fit.common[1]).toBeCloseTo(0.1, 1)
  })

  it('is noise where models do not differ', () => {
    const fit = fitPriorShrinkage(fitPriors(rowsOf(800, 0, 2)))
    for (const ridge of fit.of('m3').ridges) expect(ridge).toBeGreaterThan(400)
  })

  it('does without the squares of older files, at the largest variance that there can be', () => {
    const priors = fitPriors(rowsOf(300, 0.1, 3))
    const models = Object.entries(priors.models).map(([id, { squares: _, ...prior }]) => [id, prior])
    const old = { ...priors, models: Object.fromEntries(models) }
    expect(fitPriorShrinkage(old).of('m0').variance).toBeGreaterThan(
      fitPriorShrinkage(priors).of('m0').variance,
    )
  })

  it('finds that long answers are long on all models, and a warm start expects them so', async () => {
    const random = new Random(4)
    const costUsd = (m: number, x: readonly number[]): number =>
      2 ** -m * 1e-4 * Math.exp(0.6 * x[1] + 0.5 * gaussian(random))
    const rows = rowsOf(1200, 0, 5, 3).map(({ context, outcomes }) => ({
      context,
      outcomes: Object.fromEntries(
        Object.entries(outcomes).map(([id, { reward }], m) => [id, { reward, costUsd: costUsd(m, context) }]),
      ),
    }))
    const priors = fitPriors(rows)
    const { common, of } = fitPriorCostShrinkage(priors)
    expect(Math.abs(common[1] - 0.6)).toBeLessThan(0.1)
    expect(of('m0').variance).toBeGreaterThan(0.8 * 0.5 ** 2)
    expect(of('m0').variance).toBeLessThan(1.2 * 0.5 ** 2)
    const router = await createRouter({
      models: ['m0', 'm1', 'm2'].map((id) => ({ id, inputUsdPerMTok: 0, outputUsdPerMTok: 1 })),
      budget: null,
      dimension: D,
      priors,
      kernel: 'js',
      seed: 1,
      name: 'r',
      clock: () => 1.8e12,
    })
    const expected = (x1: number): number[] =>
      ['m0', 'm1', 'm2'].map((model) => router.route([0, x1, 0, 1], { candidates: [model] }).expectedCostUsd)
    const [short, long] = [expected(-0.5), expected(0.5)]
    const ratios = long.map((usd, m) => Math.log(usd / short[m]))
    for (const ratio of ratios) expect(Math.abs(ratio - 0.6)).toBeLessThan(0.2)
  })
})

describe('how steeply rewards fall with how hard a prompt is', () => {
  const at = (level: number, rewards = 1e6) =>
    steepness({ precision: Float64Array.of(1, 0, rewards), response: Float64Array.of(0, level * rewards) })

  it('is the slope of a logistic curve at the mean reward, in parts of that at a half', () => {
    expect(at(0.5)).toBeCloseTo(1, 4)
    expect(at(0.9)).toBeCloseTo(0.36, 4)
    expect(at(0.1)).toBeCloseTo(0.36, 4)
  })

  it('is near 1 before much is known, and never 0', () => {
    expect(at(1, 1)).toBeCloseTo(4 * 0.6 * 0.4, 10)
    expect(at(1)).toBeCloseTo(4 * 0.02 * 0.98, 10)
    expect(at(0)).toBeCloseTo(4 * 0.02 * 0.98, 10)
  })
})

describe('what an arm says of the weights that all share', () => {
  it('is what is left once its own are integrated out', () => {
    const evidence = new FeatureEvidence(2)
    evidence.gram[0] = 30
    evidence.response[0] = 6
    new FeatureRidge(2, ownSystem(1)).integrateOut(evidence, Float64Array.of(10))
    // r = x (w + v) + noise, v ~ N(0, 1 / 10): one that is measured as 6 / 30 with variance 1 / 30 + 1 / 10.
    const precision = 1 / (1 / 30 + 1 / 10)
    expect(evidence.gram[0]).toBeCloseTo(precision, 10)
    expect(evidence.response[0]).toBeCloseTo((precision * 6) / 30, 10)
  })
})

describe('what rewards say of features', () => {
  it('is what a ridge regression to the common weights gives, at the ridges that it found', () => {
    const arms = new Arms(new JsKernel(new Arena({ dimension: D, gamma: 1, lambda0: 1 })), 1)
    const shrinkage = new Shrinkage(arms)
    const start = Float64Array.of(SIGMA * SIGMA, 99, 99, 99, 0, 0, 0)
    const precision = Float64Array.of(100, 0, 0, 0, 100, 0, 0, 100, 0, 1)
    const prior = { precision, response: Float64Array.of(0, 0, 0, 0.5) }
    for (const slot of [0, 1]) {
      arms.start(slot, prior, 0, 0)
      shrinkage.started(slot, start)
    }
    const { kernel } = arms
    const rows = rowsOf(400, 0.2, 4, 2)
    const own: { readonly x: readonly number[]; readonly r: number }[] = []
    rows.forEach(({ context, outcomes }, now) => {
      for (const slot of [0, 1]) {
        kernel.f64.set(context, kernel.layout.context)
        shrinkage.fit(slot, () => SIGMA * SIGMA)
        shrinkage.rewarded(slot, now)
        const r = outcomes[`m${slot}`].reward
        if (slot === 0) own.push({ x: context, r })
        kernel.update(slot, r, now)
      }
    })
    // theta solves A theta = b with A = rows + ridges + I: what is left of b says where the ridges draw.
    const { ridges, target } = shrinkage.drawOf(0)
    const theta = arms.theta(0)
    for (let i = 0; i < D - 1; i++) {
      let left = 0
      for (const { x, r } of own)
        left += x[i] * (r - theta.reduce((sum, weight, j) => sum + weight * x[j], 0))
      expect(left).toBeCloseTo((ridges[i] + 1) * (theta[i] - target[i]), 6)
    }
    expect(theta[0]).toBeCloseTo(0.2, 1)
    expect(ridges[0]).toBeLessThan(ridges[2])
  })

  it('draws arms of a hundred rewards to new common weights at once, and others when they are fitted', () => {
    const { arms, shrinkage, teach } = cold([0, 1, 2])
    const rows = rowsOf(800, 0.05, 6, 3)
    teach(1, rows.slice(0, 120))
    teach(2, rows.slice(0, 30))
    const before = shrinkage.drawOf(2).target.slice()
    teach(0, rows.slice(120))
    const { ridges, target } = shrinkage.drawOf(1)
    const weightsOf = (slot: number): number[] => {
      const { precision, response } = arms.runs(arms.rewards, slot)
      const steep = steepness({
        precision: precision.subarray(0, (D * (D + 1)) / 2),
        response: response.subarray(0, D),
      })
      return [...shrinkage.drawOf(slot).target].map((weight) => weight / steep)
    }
    // Arm 0 has learned a little since, which makes it less steep.
    const other = weightsOf(0)
    for (const [i, weight] of weightsOf(1).entries()) expect(weight).toBeCloseTo(other[i], 4)
    expect([...shrinkage.drawOf(2).target]).toEqual([...before])
    // A theta = b still, with A = rows + ridges + I.
    const theta = arms.theta(1)
    for (let i = 0; i < D - 1; i++) {
      let left = 0
      for (const { context, outcomes } of rows.slice(0, 120))
        left +=
          context[i] * (outcomes.m1.reward - theta.reduce((sum, weight, j) => sum + weight * context[j], 0))
      expect(left).toBeCloseTo((ridges[i] + 1) * (theta[i] - target[i]), 6)
    }
  })

  it('goes on from what the priors said of features', () => {
    const priors = fitPriors(rowsOf(400, 0.1, 7))
    const fit = fitPriorShrinkage(priors)
    const arms = new Arms(new JsKernel(new Arena({ dimension: D, gamma: 1, lambda0: 1 })), 1)
    const shrinkage = new Shrinkage(arms)
    const variance = fit.of('m0').variance
    Object.entries(priors.models).forEach(([id, prior], slot) => {
      const { ridges, target, level } = fit.of(id)
      const precision = Float64Array.from(prior.precision)
      const response = Float64Array.from(prior.response)
      for (let i = 0, r = 0; i < D; r += D - i, i++) {
        const isBias = i === D - 1
        precision[r] += isBias ? 0 : ridges[i]
        response[i] += isBias ? level : (1 + ridges[i]) * target[i]
      }
      arms.start(slot, { precision, response }, 0, 0)
      shrinkage.started(slot, Float64Array.of(variance, ...ridges, ...target))
    })
    const before = shrinkage.drawOf(0).ridges.slice()
    const begun = shrinkage.drawOf(0).target.slice()
    const { kernel } = arms
    rowsOf(150, 0.1, 8).forEach(({ context, outcomes }, now) => {
      kernel.f64.set(context, kernel.layout.context)
      shrinkage.fit(0, () => variance)
      shrinkage.rewarded(0, now)
      kernel.update(0, outcomes.m0.reward, now)
    })
    const { ridges, target } = shrinkage.drawOf(0)
    expect([...target]).not.toEqual([...begun])
    for (let i = 0; i < D - 1; i++) {
      expect(Math.abs(target[i] - begun[i])).toBeLessThan(0.015)
      expect(ridges[i] / before[i]).toBeGreaterThan(0.6)
      expect(ridges[i] / before[i]).toBeLessThan(1.6)
    }
  })

  it('survives snapshots, restarts and the fold, and is the same in any range', async () => {
    const models = [0.1, 1, 5].map((usd, i) => ({
      id: `m${i}`,
      inputUsdPerMTok: usd,
      outputUsdPerMTok: usd,
    }))
    const open = (rewardRange: readonly [number, number]) =>
      createRouter({
        models,
        dimension: D,
        kernel: 'js',
        name: 'r',
        clock: () => 1.7e12,
        budget: { usdPerRequest: 5e-4 },
        rewardRange,
      })
    const play = async (range: readonly [number, number], restores: boolean) => {
      const random = new Random(5)
      let router = await open(range)
      for (let i = 0; i < 600; i++) {
        if (restores && i % 150 === 149) {
          const snapshot = router.snapshot()
          router = await open(range)
          router.restore(snapshot)
        }
        const { id, model } = router.route(random.vector(D))
        router.settle(id, { costUsd: 1e-4 * (1 + Number(model.slice(1))) })
        router.reward(
          id,
          range[0] + (range[1] - range[0]) * (random.next() < 0.5 + 0.1 * Number(model.slice(1)) ? 1 : 0),
        )
      }
      return router
    }
    const plain = await play([0, 1], false)
    expect(digest(await play([0, 1], true))).toBe(digest(plain))
    const wide = await play([0, 8], false)
    expect(wide.stats().models.map(({ requests }) => requests)).toEqual(
      plain.stats().models.map(({ requests }) => requests),
    )
  })
})
