import { describe, expect, it } from 'vitest'
import { Arms } from '../../../src/bandit/arms.js'
import { createRouter, fitPriors } from '../../../src/index.js'
import { Arena } from '../../../src/kernel/arena.js'
import { JsKernel } from '../../../src/kernel/js-kernel.js'
import { fitPriorShrinkage } from '../../../src/policy/dollar/estimate/prior-shrinkage.js'
import { Shrinkage } from '../../../src/policy/dollar/estimate/shrinkage.js'
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
