import { describe, expect, it } from 'vitest'
import { gaussian, mulberry32 } from '../../src/base/random.js'
import { createRouter } from '../../src/create-router.js'
import type { RoutedEvent, RouterEvent } from '../../src/events/events.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { digest, MODELS, makeBench, X } from '../support/router.js'

const POLICIES = ['paper', 'dollar'] as const
const IDS = MODELS.map(({ id }) => id)

/** Routes that many contexts and teaches from every one. @returns the decisions' events */
async function play(requests: number, options: RouterOptions, seed = 1): Promise<RoutedEvent[]> {
  const random = mulberry32(seed)
  const { router, log } = await makeBench({ forcedExploration: 0, pendingCapacity: 64, ...options })
  for (let i = 0; i < requests; i++) {
    const { id } = router.route([gaussian(random), gaussian(random), 1])
    router.settle(id, { costUsd: 1e-3 * random() })
    router.reward(id, random())
  }
  return log.filter((event) => event.type === 'routed')
}

describe.each(POLICIES)('epsilon with policy %s', (policy) => {
  const budget = { usdPerRequest: 0.01 }

  it('leaves its share to chance, with true propensities', async () => {
    const events = await play(6000, { policy, budget, epsilon: 0.3 })
    const rare = events.filter(({ propensity }) => propensity < 0.5)
    // Chance takes 30 %, and two times in three another model than the best.
    expect(Math.abs(rare.length - 1200)).toBeLessThan(4.5 * Math.sqrt(6000 * 0.2 * 0.8))
    const propensities = [...new Set(events.map(({ propensity }) => propensity))].sort()
    expect(propensities).toHaveLength(2)
    expect(propensities[0]).toBeCloseTo(0.1, 12)
    expect(propensities[1]).toBeCloseTo(0.8, 12)
    for (const id of IDS) {
      // The mean of 1 / propensity over the requests of one model, 0 elsewhere, is 1.
      const weights = events.map(({ model, propensity }) => (model === id ? 1 / propensity : 0))
      const sum = weights.reduce((a, b) => a + b, 0)
      const squares = weights.reduce((a, b) => a + b * b, 0)
      expect(Math.abs(sum - 6000)).toBeLessThan(4.5 * Math.sqrt(squares))
    }
    expect(events.every(({ eligible }) => eligible.join() === IDS.join())).toBe(true)
  })

  it('draws the same again with the same seed, also after a restart', async () => {
    const options = {
      policy,
      budget,
      epsilon: 0.5,
      forcedExploration: 2,
      seed: 7,
      name: 'r',
      models: MODELS,
      dimension: 3,
    }
    const whole = await createRouter(options)
    const first = await createRouter(options)
    for (let i = 0; i < 100; i++) expect(first.route(X)).toEqual(whole.route(X))
    const second = await createRouter({ ...options, models: [] })
    second.restore(first.snapshot())
    for (let i = 0; i < 100; i++) expect(second.route(X)).toEqual(whole.route(X))
    const other = await createRouter({ ...options, seed: 8 })
    const models = (router: typeof other) => Array.from({ length: 50 }, () => router.route(X).model).join()
    expect(models(other)).not.toBe(models(await createRouter(options)))
  })

  it('of 0 says that every choice was certain', async () => {
    const events = await play(200, { policy, budget })
    expect(events.every(({ propensity, eligible }) => propensity === 1 && eligible.length === 0)).toBe(true)
    // One empty list for all of them.
    expect(new Set(events.map(({ eligible }) => eligible)).size).toBe(1)
  })

  it('leaves exploited and forced requests alone', async () => {
    const { router, log } = await makeBench({ policy, budget, epsilon: 0.5, forcedExploration: 5 })
    router.addModel({ id: 'newcomer', inputUsdPerMTok: 1, outputUsdPerMTok: 1 })
    for (let i = 0; i < 60; i++) {
      const { forced, propensity } = router.route(X)
      if (forced) expect(propensity).toBe(1)
    }
    for (let i = 0; i < 60; i++) expect(router.route(X, { exploit: true }).propensity).toBe(1)
    const routed = log.filter((event) => event.type === 'routed')
    expect(routed.filter(({ forced, model }) => forced && model === 'newcomer')).toHaveLength(5)
    for (const { propensity, eligible } of routed) expect(eligible.length > 0).toBe(propensity < 1)
    expect(routed.slice(60).every(({ propensity }) => propensity === 1)).toBe(true)
  })

  it('keeps to the models that a request may go to', async () => {
    const { router, log } = await makeBench({ policy, budget, epsilon: 0.5, forcedExploration: 0 })
    const chosen = Array.from({ length: 200 }, () => router.route(X, { exclude: ['middle'] }))
    expect(new Set(chosen.map(({ model }) => model))).toEqual(new Set(['small', 'large']))
    expect(router.route(X, { candidates: ['large'] })).toMatchObject({ model: 'large', propensity: 1 })
    const routed = log.filter((event) => event.type === 'routed')
    expect(routed.slice(0, 200).every(({ eligible }) => eligible.join() === 'small,large')).toBe(true)
    expect(routed[200].eligible).toEqual(['large'])
  })

  it('draws alike one by one and in batches', async () => {
    const options = { policy, budget, epsilon: 0.5, forcedExploration: 0 }
    const [one, many] = [await makeBench(options), await makeBench(options)]
    const inputs = Array.from({ length: 90 }, (_, i) => [i / 90, 1 - i / 90, 1])
    expect(many.router.routeMany(inputs)).toEqual(inputs.map((input) => one.router.route(input)))
  })

  it('is explained, and folds to the same bits', async () => {
    const { router, log } = await makeBench({ policy, budget, epsilon: 0.5, forcedExploration: 0 })
    const copy = await makeBench({ policy, budget, epsilon: 0, forcedExploration: 0 })
    for (let i = 0; i < 100; i++) {
      const { id, propensity } = router.route(X)
      expect(router.explain(id).propensity).toBe(propensity)
      router.settle(id, { costUsd: 0.001 })
      router.reward(id, 0.5)
    }
    for (const event of log) copy.router.apply(event)
    expect(digest(copy.router)).toBe(digest(router))
    const [routed] = copy.log
    expect(routed).toEqual(log[0])
  })
})

it('draws under policy dollar among affordable models alone', async () => {
  const { router, log } = await makeBench({
    policy: 'dollar',
    // Worth about one request of the middle model, a tenth of one of the large.
    budget: { usdPerRequest: 0.0005, burst: 2 },
    epsilon: 0.5,
    forcedExploration: 0,
  })
  let short = 0
  for (let i = 0; i < 300; i++) {
    const { id, explanation, cheapestFallback, propensity } = router.route(X, { explain: true })
    const { eligible } = log[log.length - 1] as RoutedEvent
    const out = explanation?.models.flatMap(({ model, excluded }) => (excluded === null ? [] : [model])) ?? []
    expect(eligible.filter((model) => out.includes(model))).toEqual([])
    if (cheapestFallback) expect({ propensity, eligible }).toEqual({ propensity: 1, eligible: [] })
    if (eligible.length > 0 && eligible.length < 3) short++
    router.settle(id, { costUsd: 0.0004 })
  }
  expect(short).toBeGreaterThan(50)
  expect(log.some((event) => event.type === 'routed' && event.model === 'large')).toBe(false)
})

it('refuses an epsilon out of range, and events whose chance makes no sense', async () => {
  for (const epsilon of [-0.1, 0.51, Number.NaN, '0.1'])
    await expectRejection(createRouter({ epsilon: wrong(epsilon) }), 'INVALID_ARGUMENT', 'epsilon')
  const { router, log } = await makeBench({ epsilon: 0.1, forcedExploration: 0 })
  router.route(X)
  const copy = await makeBench()
  const [routed] = log
  const broken: [object, string][] = [
    [{ propensity: 0 }, 'event.propensity'],
    [{ propensity: 1.5 }, 'event.propensity'],
    [{ propensity: undefined }, 'event.propensity'],
    [{ eligible: null }, 'event.eligible'],
    [{ eligible: ['nobody'] }, 'event.eligible'],
    [{ eligible: [7] }, 'event.eligible[0]'],
  ]
  for (const [change, field] of broken) {
    const event = { ...routed, ...change } as RouterEvent
    expectCode(() => copy.router.apply(event), 'INVALID_ARGUMENT', field)
  }
  copy.router.apply(routed)
})
