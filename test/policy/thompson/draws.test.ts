import { describe, expect, it } from 'vitest'
import { gaussian, mulberry32 } from '../../../src/base/random.js'
import { createRouter } from '../../../src/create-router.js'
import type { RoutedEvent } from '../../../src/events/events.js'
import type { RouteOptions } from '../../../src/policy/route-options.js'
import { normalDistribution } from '../../../src/policy/thompson/posterior.js'
import type { Router } from '../../../src/router/router.js'
import { type Bench, digest, MODELS, makeBench } from '../../support/router.js'

const REQUESTS = 6000
/** 4.5 standard deviations: a false alarm in 150,000 seeds, and the seed stands. */
const SIGMAS = 4.5
const IDS: readonly string[] = MODELS.map(({ id }) => id)
const LEVELS = [0.55, 0.6, 0.62]
/** The bias alone: its score's mean is theta's last entry, its variance A^-1's last diagonal one. */
const BIAS = [0, 0, 1]

/** A router that has learned a little, without forgetting: its statistics stay as they are while nothing is rewarded. */
async function taught(more: Parameters<typeof makeBench>[0] = {}): Promise<Bench> {
  const bench = await makeBench({ policy: 'thompson', gamma: 1, alpha: 0.3, seed: 11, ...more })
  const random = mulberry32(3)
  for (let i = 0; i < 60; i++) {
    const { id, model } = bench.router.route([gaussian(random), gaussian(random), 1])
    bench.router.settle(id, { costUsd: 1e-3 * random() })
    bench.router.reward(id, Math.min(1, Math.max(0, LEVELS[IDS.indexOf(model)] + 0.1 * gaussian(random))))
  }
  bench.log.length = 0
  return bench
}

function routedEvents({ log }: Bench): RoutedEvent[] {
  return log.filter((event) => event.type === 'routed')
}

function routeAll({ router }: Bench, context: readonly number[], options?: RouteOptions): void {
  for (let i = 0; i < REQUESTS; i++) router.route(context, options)
}

describe('draws of policy thompson', () => {
  it('are N(theta.x, alpha^2 v), independent of each other', async () => {
    const { router } = await taught()
    const normals = IDS.map(() => new Float64Array(REQUESTS))
    const arms = IDS.map((id) => router.inspectArm(id))
    for (let i = 0; i < REQUESTS; i++) {
      const { explanation, score, model } = router.route(BIAS, { explain: true })
      const models = explanation?.models ?? []
      expect(Math.max(...models.map((each) => each.score))).toBeCloseTo(score, 12)
      expect(models[0].model).toBe(model)
      for (const each of models) {
        const arm = IDS.indexOf(each.model)
        const { theta, variances } = arms[arm]
        expect(each.expectedReward).toBeCloseTo(theta[2], 12)
        normals[arm][i] = each.explorationBonus / (0.3 * Math.sqrt(variances[2]))
      }
    }
    const meanOf = (value: (i: number) => number) =>
      Array.from({ length: REQUESTS }, (_, i) => value(i)).reduce((a, b) => a + b, 0) / REQUESTS
    for (const z of normals) {
      expect(Math.abs(meanOf((i) => z[i]))).toBeLessThan(SIGMAS * Math.sqrt(1 / REQUESTS))
      expect(Math.abs(meanOf((i) => z[i] ** 2) - 1)).toBeLessThan(SIGMAS * Math.sqrt(2 / REQUESTS))
      expect(Math.abs(meanOf((i) => z[i] ** 3))).toBeLessThan(SIGMAS * Math.sqrt(15 / REQUESTS))
      expect(Math.abs(meanOf((i) => z[i] ** 4) - 3)).toBeLessThan(SIGMAS * Math.sqrt(96 / REQUESTS))
      // Kolmogorov and Smirnov: a distance over 1.95 / sqrt(n) has a probability of 0.001.
      const distances = [...z]
        .sort((a, b) => a - b)
        .map((x, i) => Math.abs(normalDistribution(x) - (i + 0.5) / REQUESTS))
      expect(Math.max(...distances)).toBeLessThan(1.95 / Math.sqrt(REQUESTS))
      // From one request to the next.
      expect(Math.abs(meanOf((i) => z[i] * z[(i + 1) % REQUESTS]))).toBeLessThan(SIGMAS / Math.sqrt(REQUESTS))
    }
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ])
      expect(Math.abs(meanOf((i) => normals[a][i] * normals[b][i]))).toBeLessThan(
        SIGMAS / Math.sqrt(REQUESTS),
      )
  })

  it.each([
    ['without a budget', {}],
    ['under a budget, which weighs dollars', { budget: { usdPerRequest: 1e-3 } }],
    ['with epsilon on top', { epsilon: 0.3, budget: { usdPerRequest: 1e-3 } }],
  ])('choose each model as often as the logged propensity says, %s', async (_, more) => {
    const bench = await taught(more)
    routeAll(bench, [0.4, -0.3, 1])
    const events = routedEvents(bench)
    expect(events).toHaveLength(REQUESTS)
    let sum = 0
    let chiSquare = 0
    for (const id of IDS) {
      const own = events.filter(({ model }) => model === id)
      const propensities = new Set(own.map(({ propensity }) => propensity))
      expect(propensities.size).toBe(1)
      const [propensity] = propensities
      expect(propensity).toBeGreaterThan(0.02)
      sum += propensity
      chiSquare += (own.length - REQUESTS * propensity) ** 2 / (REQUESTS * propensity)
    }
    expect(sum).toBeCloseTo(1, 5)
    // Two degrees of freedom: over 13.8 with a probability of 0.001.
    expect(chiSquare).toBeLessThan(13.8)
    expect(events.every(({ eligible }) => eligible.join() === IDS.join())).toBe(true)
  })

  it('have true propensities while the router learns: 1 / propensity averages 1 for every model', async () => {
    const bench = await makeBench({ policy: 'thompson', alpha: 0.5, budget: { usdPerRequest: 2e-3 } })
    const random = mulberry32(5)
    for (let i = 0; i < REQUESTS; i++) {
      const { id } = bench.router.route([gaussian(random), gaussian(random), 1])
      bench.router.settle(id, { costUsd: 2e-3 * random() })
      bench.router.reward(id, random())
    }
    for (const id of IDS) {
      const weights = routedEvents(bench).map(({ model, propensity }) => (model === id ? 1 / propensity : 0))
      const total = weights.reduce((a, b) => a + b, 0)
      const squares = weights.reduce((a, b) => a + b * b, 0)
      expect(Math.abs(total - REQUESTS)).toBeLessThan(SIGMAS * Math.sqrt(squares))
    }
  })

  it('are not made when a request is to exploit, and one model to choose from is certain', async () => {
    const bench = await taught()
    routeAll(bench, BIAS, { exploit: true })
    bench.router.route(BIAS, { candidates: ['small'] })
    const events = routedEvents(bench)
    const only = events.pop()
    expect(only).toMatchObject({ model: 'small', propensity: 1 })
    const thetas = IDS.map((id) => bench.router.inspectArm(id).theta[2])
    const greedy = IDS[thetas.indexOf(Math.max(...thetas))]
    for (const { model, propensity, eligible, score } of events) {
      expect([model, propensity, eligible.length]).toEqual([greedy, 1, 0])
      expect(score).toBeCloseTo(Math.max(...thetas), 12)
    }
    const { explanation } = bench.router.route(BIAS, { exploit: true, explain: true })
    expect(explanation?.models.every(({ explorationBonus }) => explorationBonus === 0)).toBe(true)
  })

  it('are the same for the same seed, one by one or many at once, and others for another seed', async () => {
    const models = (router: Router, many: boolean): string[] => {
      const contexts = Array.from({ length: 200 }, (_, i) => [Math.sin(i), Math.cos(i), 1])
      const decisions = many ? router.routeMany(contexts) : contexts.map((context) => router.route(context))
      return decisions.map(({ model }) => model)
    }
    const [one, two, other] = [await taught(), await taught(), await taught()]
    expect(models(one.router, false)).toEqual(models(two.router, true))
    expect(digest(one.router)).toBe(digest(two.router))
    const reseeded = await createRouter({ policy: 'thompson', dimension: 3, gamma: 1, alpha: 0.3, seed: 12 })
    reseeded.restore(other.router.snapshot())
    expect(models(reseeded, false)).not.toEqual(models((await taught()).router, false))
  })
})
