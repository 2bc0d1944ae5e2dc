import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { RouteOptions } from '../../src/policy/route-options.js'
import { expectRejection, wrong } from '../support/errors.js'
import { anyPolicy, makeBench, X } from '../support/router.js'
import '../support/seed.js'

const entry = fc.double({ min: -3, max: 3, noNaN: true })
const request = fc.record({
  input: fc.tuple(entry, entry, fc.constant(1)),
  options: fc.record(
    {
      exclude: fc.subarray(['new']),
      inputTokens: fc.nat(3000),
      expectedOutputTokens: fc.nat(3000),
      exploit: fc.boolean(),
    },
    { requiredKeys: [] },
  ) satisfies fc.Arbitrary<RouteOptions>,
  reward: fc.double({ min: 0, max: 1, noNaN: true }),
})

describe('a preview', () => {
  it('says where the next request goes, and changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 12 }), anyPolicy, async (requests, policy) => {
        const { router } = await makeBench({ policy, budget: { usdPerRequest: 0.001 }, epsilon: 0.1 })
        router.addModel({ id: 'new', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }, { forcedExploration: 2 })
        for (const { input, options, reward } of requests) {
          const before = router.snapshot()
          const first = await router.preview(input, options)
          expect(await router.preview(input, options)).toEqual(first)
          expect(router.snapshot()).toEqual(before)
          const { id, model, expectedCostUsd, reservedUsd, infeasible, explanation } = router.route(input, {
            ...options,
            explain: true,
          })
          expect({ model, expectedCostUsd, reservedUsd, infeasible }).toEqual({
            model: first.model,
            expectedCostUsd: first.expectedCostUsd,
            reservedUsd: first.reservedUsd,
            infeasible: first.infeasible,
          })
          expect({ id, ...first.explanation }).toEqual(explanation)
          router.settle(id, { costUsd: reservedUsd })
          router.reward(id, reward)
        }
      }),
    )
  })

  it('pays nothing in, uses no tries up and counts no refusal', async () => {
    const { router } = await makeBench({ policy: 'dollar', budget: { usdPerRequest: 0.001 }, strict: true })
    const before = router.stats()
    for (let i = 0; i < 100; i++) await router.preview(X)
    await expectRejection(router.preview(X, { inputTokens: 1e9 }), 'BUDGET_EXHAUSTED')
    expect(router.stats()).toEqual(before)
  })

  it('sees the new period of a cap', async () => {
    let now = Date.UTC(2026, 0, 1, 10)
    const { router } = await makeBench({
      policy: 'dollar',
      caps: [{ usd: 0.01, per: 'hour' }],
      clock: () => now,
    })
    const { id } = router.route(X)
    router.settle(id, { costUsd: 0.01 })
    await expectRejection(router.preview(X), 'BUDGET_EXHAUSTED')
    now += 3600_000
    expect((await router.preview(X)).expectedCostUsd).toBeGreaterThan(0)
  })

  it('is refused as `routeAsync` is', async () => {
    const { router } = await makeBench({})
    await expectRejection(router.preview([1, 2]), 'DIMENSION_MISMATCH')
    await expectRejection(router.preview(X, { candidates: ['nobody'] }), 'UNKNOWN_MODEL')
    await expectRejection(router.preview(X, { exclude: ['small', 'middle', 'large'] }), 'NO_ELIGIBLE_MODEL')
    await expectRejection(router.preview(X, wrong({ what: 1 })), 'UNKNOWN_OPTION')
    await router.close()
    await expectRejection(router.preview(X), 'STORE_CLOSED')
  })

  it('takes texts, with encoders that have to wait', async () => {
    const models = [{ id: 'one', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }]
    const encoder = { name: 'waits', dimension: 2, encode: async () => Float64Array.of(0.5, 1) }
    const router = await createRouter({ models, encoder })
    expect(await router.preview('hello')).toMatchObject({ model: 'one', explanation: { chosen: 'one' } })
  })
})
