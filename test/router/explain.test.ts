import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { functionEncoder } from '../../src/features/function-encoder.js'
import type { Explanation } from '../../src/policy/decision.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import type { RouteOptions } from '../../src/policy/route-options.js'
import { expectCode } from '../support/errors.js'
import { anyPolicy, MODELS, makeBench, X } from '../support/router.js'
import '../support/seed.js'

function reasons(explanation: Explanation | undefined): Record<string, string | null> {
  return Object.fromEntries((explanation?.models ?? []).map(({ model, excluded }) => [model, excluded]))
}

const encoder = functionEncoder({ name: 'two', dimension: 2, encode: () => [0.5, -0.25] })

describe('an explanation', () => {
  const options: fc.Arbitrary<RouteOptions> = fc.record(
    {
      exclude: fc.subarray(
        MODELS.map(({ id }) => id),
        { maxLength: 2 },
      ),
      maxCostUsd: fc.constantFrom(0.0002, 0.002, 1),
      inputTokens: fc.nat(3000),
      maxOutputTokens: fc.nat(3000),
      expectedOutputTokens: fc.nat(3000),
      exploit: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  const entry = fc.double({ min: -3, max: 3, noNaN: true })
  const request = fc.record({
    input: fc.tuple(entry, entry, fc.constant(1)),
    options,
    reward: fc.double({ min: 0, max: 1, noNaN: true }),
  })

  it.each(POLICY_NAMES)(
    'has the costs that a decision was made by, whoever made it, under policy %s',
    async (policy) => {
      const options = { policy, models: MODELS, encoder, dimension: undefined }
      const { router, log } = await makeBench(options)
      const decided = [
        router.route('short', { explain: true }),
        router.route('and on and on '.repeat(900), { explain: true }),
        router.route('limited', { explain: true, maxOutputTokens: 7 }),
        router.route('longer', { explain: true, expectedOutputTokens: 9000 }),
        router.route([0.3, 0.2, 1], { explain: true }),
        router.route('told', { explain: true, inputTokens: 70_000 }),
      ]
      const other = await makeBench(options)
      for (const event of log) {
        other.router.apply(event)
        if (event.type !== 'routed') continue
        const then = decided.find(({ id }) => id === event.id)?.explanation?.models ?? []
        const { models } = other.router.explain(event.id, { inputTokens: event.inputTokens })
        expect(models.length).toBe(MODELS.length)
        for (const { model, expectedCostUsd } of models) {
          const wanted = then.find((each) => each.model === model)?.expectedCostUsd ?? Number.NaN
          expect(expectedCostUsd / wanted, `${event.id} on ${model}`).toBeCloseTo(1, 9)
        }
      }
      const [, long] = decided
      // Without the tokens of its text the cost alone says it.
      const byModel = ({ models = [] }: Partial<Explanation> = {}) =>
        models.map(({ model, expectedCostUsd }) => [model, expectedCostUsd.toPrecision(9)]).sort()
      expect(byModel(other.router.explain(long.id, {}))).toEqual(byModel(long.explanation))
      for (const bad of [{ inputTokens: -1 }, { tokens: 1 }, 7])
        expect(() => other.router.explain(long.id, bad as never)).toThrow('options')
    },
  )

  it('adds up, agrees with the choice, and is the same right after the decision', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { maxLength: 40 }),
        fc.constantFrom('js', 'wasm'),
        anyPolicy,
        async (requests, kernel, policy) => {
          const { router } = await makeBench({ policy, kernel, budget: { usdPerRequest: 0.001 }, alpha: 0.5 })
          router.addModel({ id: 'new', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }, { forcedExploration: 2 })
          for (const { input, options, reward } of requests) {
            let decision: ReturnType<typeof router.route>
            try {
              decision = router.route(input, { ...options, explain: true })
            } catch (error) {
              expectCode(() => {
                throw error
              }, 'NO_ELIGIBLE_MODEL')
              continue
            }
            const { explanation } = decision
            expect(explanation).toMatchObject({
              id: decision.id,
              chosen: decision.model,
              statisticsChanged: false,
            })
            expect(router.explain(decision.id)).toEqual(explanation)
            const models = explanation?.models ?? []
            expect(models.length).toBe(4)
            for (const each of models) {
              expect(each.score).toBe(each.expectedReward + each.explorationBonus - each.penalty)
              expect(each.inflation).toBeGreaterThanOrEqual(1)
              expect(each.inflation).toBeLessThanOrEqual(200)
              const parts = each.topFeatures.reduce((sum, { contribution }) => sum + contribution, 0)
              expect(parts).toBeCloseTo(each.expectedReward, 9)
            }
            const candidates = models.filter(({ excluded }) => excluded === null)
            const chosen = candidates.find(({ model }) => model === decision.model)
            expect(chosen?.expectedCostUsd).toBe(decision.expectedCostUsd)
            const best = Math.max(...candidates.map(({ score }) => score))
            expect(chosen?.score).toBeGreaterThanOrEqual(best - 1e-9 * Math.max(1, Math.abs(best)))
            if (!decision.forced) expect(decision.score).toBeCloseTo(chosen?.score ?? Number.NaN, 9)
            router.reward(decision.id, reward)
            router.settle(decision.id, { costUsd: reward / 500 })
            expect(router.explain(decision.id).statisticsChanged).toBe(true)
          }
        },
      ),
      { numRuns: 25 },
    )
  })

  it('says which models gave way to a cheaper one that is as good', async () => {
    const { router } = await makeBench({ budget: { usdPerRequest: 1 }, forcedExploration: 0 })
    for (let i = 0; i < 200; i++) {
      const { id } = router.route(X, { candidates: [i % 2 === 0 ? 'small' : 'large'] })
      router.reward(id, i % 2 === 0 ? 0.9995 : 1)
      router.settle(id, { costUsd: i % 2 === 0 ? 1e-4 : 1e-2 })
    }
    const { id, model, explanation } = router.route(X, {
      explain: true,
      candidates: ['small', 'large'],
      exploit: true,
    })
    expect(router.explain(id)).toEqual(explanation)
    expect(model).toBe('small')
    const [small, large] = ['small', 'large'].map((id) =>
      explanation?.models.find((each) => each.model === id),
    )
    expect(large?.score).toBeGreaterThan(small?.score ?? Number.NaN)
    expect([small?.excluded, large?.excluded]).toEqual([null, 'no-better-than-a-cheaper'])
  })

  it.each(POLICY_NAMES)('says why a model could not be chosen under policy %s', async (policy) => {
    const { router } = await makeBench({ policy, forcedExploration: 0 })
    expect(reasons(router.route(X, { exclude: ['small'], explain: true }).explanation)).toEqual({
      small: 'excluded',
      middle: null,
      large: null,
    })
    expect(reasons(router.route(X, { candidates: ['large'], explain: true }).explanation)).toEqual({
      small: 'not-a-candidate',
      middle: 'not-a-candidate',
      large: null,
    })
    expect(reasons(router.route(X, { maxCostUsd: 0.002, explain: true }).explanation)).toMatchObject({
      large: 'over-max-cost',
    })
    router.disable('middle')
    expect(reasons(router.route(X, { explain: true }).explanation)).toMatchObject({ middle: 'disabled' })
    router.addModel({ id: 'new', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }, { forcedExploration: 1 })
    expect(reasons(router.route(X, { explain: true }).explanation)).toEqual({
      new: null,
      small: 'forced-exploration-of-another',
      large: 'forced-exploration-of-another',
      middle: 'disabled',
    })
  })

  it('knows latencies once there are any', async () => {
    const { router } = await makeBench({ models: [MODELS[0], MODELS[2]], forcedExploration: 0 })
    expect(reasons(router.route(X, { maxLatencyMs: 10, explain: true }).explanation)).toEqual({
      small: null,
      large: null,
    })
    const { id } = router.route(X, { candidates: ['small'] })
    router.settle(id, { costUsd: 0, latencyMs: 400 })
    expect(reasons(router.route(X, { maxLatencyMs: 399, explain: true }).explanation)).toMatchObject({
      small: 'over-max-latency',
    })
    expect(reasons(router.route(X, { maxLatencyMs: 400, explain: true }).explanation)).toMatchObject({
      small: null,
    })
  })

  it("does not follow changes of the caller's own options", async () => {
    const { router } = await makeBench()
    const exclude = ['small']
    const options: { exclude: string[]; exploit: boolean } = { exclude, exploit: true }
    const { id } = router.route(X, options)
    const before = router.explain(id)
    exclude.length = 0
    options.exploit = false
    expect(router.explain(id)).toEqual(before)
  })

  it('of a request beyond the latest 1,024 is marked as of today', async () => {
    const { router } = await makeBench()
    const { id, model } = router.route(X, { exploit: true })
    for (let i = 0; i < 1100; i++) router.route(X)
    expect(router.explain(id)).toMatchObject({ id, chosen: model, statisticsChanged: true })
  })

  it('of an event from elsewhere does not take a refused decision for its own', async () => {
    const { router, clock } = await makeBench()
    expectCode(() => router.route(X, { exclude: MODELS.map(({ id }) => id) }), 'NO_ELIGIBLE_MODEL')
    router.apply({
      type: 'routed',
      at: clock.now,
      id: 'r.1',
      model: 'large',
      context: Float64Array.from(X),
      reservedUsd: 0.01,
      listCostUsd: 0.01,
      score: 1,
      penaltyWeight: 0,
      forced: false,
      canary: false,
      triesCost: false,
      inputTokens: null,
      triesLatency: false,
      alone: false,
      triedLimitUsd: null,
      triedLimitMs: null,
      predictedUsd: 0.01,
      savedUsd: 0,
      latencyPrice: 0,
      latencyUse: -1,
      uses: new Float64Array(0),
      contenders: new Float64Array(0),
      tenant: null,
      infeasible: [],
      propensity: 1,
      eligible: [],
    })
    const explanation = router.explain('r.1')
    expect(explanation).toMatchObject({ chosen: 'large', statisticsChanged: true })
    expect(reasons(explanation)).toEqual({ small: null, middle: null, large: null })
  })
})

describe('stats', () => {
  it('add up', async () => {
    const { router } = await makeBench({ budget: { usdPerRequest: 0.001 }, alpha: 1 })
    for (let i = 0; i < 200; i++) {
      const { id } = router.route([Math.sin(i), Math.cos(i), 1])
      if (i % 3 > 0) router.reward(id, (i % 10) / 10)
      if (i % 4 > 0) router.settle(id, { costUsd: 0.0001 * (i % 7), latencyMs: i })
      else if (i % 3 === 0) router.fail(id, { costUsd: 0.0002 })
    }
    const { models, pacer, requests, pending } = router.stats()
    const sum = (pick: (model: (typeof models)[number]) => number) =>
      models.reduce((all, model) => all + pick(model), 0)
    expect(requests).toBe(200)
    expect(sum((model) => model.requests)).toBe(200)
    expect(sum((model) => model.share)).toBeCloseTo(1, 12)
    expect(sum((model) => model.spendUsd)).toBeCloseTo(pacer.spendUsd, 12)
    expect(sum((model) => model.settled)).toBe(150)
    expect(pending.unsettled).toBe(200 - 150 - sum((model) => model.failed))
    expect(pacer.allowanceUsd).toBeCloseTo(0.001 * (200 - sum((model) => model.failed)), 12)
    expect(pacer.utilisation).toBeCloseTo((pacer.spendUsd + pacer.reservedUsd) / pacer.allowanceUsd, 12)
    for (const { meanReward } of models) expect(meanReward ?? 0.5).toBeLessThanOrEqual(1)
  })

  it('have null where there is nothing to average', async () => {
    const { router } = await makeBench()
    expect(router.stats().models[0]).toMatchObject({
      share: 0,
      meanCostUsd: null,
      meanReward: null,
      meanLatencyMs: null,
    })
  })
})
