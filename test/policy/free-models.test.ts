import { describe, expect, it } from 'vitest'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import { digest, MODELS, makeBench, X } from '../support/router.js'

const FREE = { inputUsdPerMTok: 0, outputUsdPerMTok: 0 }

describe.each(POLICY_NAMES)('under policy %s a model without a price', (policy) => {
  it('costs nothing once it is repriced to nothing, whatever it has cost before', async () => {
    const { router } = await makeBench({ policy, forcedExploration: 0 })
    for (let i = 0; i < 30; i++)
      router.settle(router.route(X, { candidates: ['large'] }).id, { costUsd: 0.02 })
    router.reprice('large', FREE)
    for (const options of [{ candidates: ['large'] }, { candidates: ['large'], maxCostUsd: 0 }])
      expect(router.route(X, options)).toMatchObject({ model: 'large', expectedCostUsd: 0, reservedUsd: 0 })
  })

  it('costs what it has cost since it has none, and its price again when it has one', async () => {
    const { router } = await makeBench({ policy, forcedExploration: 0 })
    const only = { candidates: ['large'] }
    for (let i = 0; i < 30; i++) router.settle(router.route(X, only).id, { costUsd: 0.009 })
    const before = router.route(X, only).expectedCostUsd
    // One was under way at the old price.
    const { id } = router.route(X, only)
    router.reprice('large', FREE)
    router.settle(id, { costUsd: 0.009 })
    expect(router.route(X, only).expectedCostUsd).toBe(0)
    router.settle(router.route(X, only).id, { costUsd: 0.5 })
    expect(router.route(X, only).expectedCostUsd).toBeCloseTo(0.5, 12)
    const { inputUsdPerMTok, outputUsdPerMTok } = MODELS[2]
    router.reprice('large', { inputUsdPerMTok, outputUsdPerMTok })
    expect(router.route(X, only).expectedCostUsd).toBeCloseTo(before, 3)
  })

  it('is tried again after a bill that should not have been', async () => {
    const { router } = await makeBench({
      policy,
      models: [MODELS[1], { id: 'free', ...FREE }],
      forcedExploration: 0,
    })
    const { id } = router.route(X, { candidates: ['free'] })
    router.settle(id, { costUsd: 5 })
    router.reward(id, 1)
    for (let i = 0; i < 400; i++) {
      const { id, model } = router.route(X, { maxCostUsd: 0.01 })
      router.settle(id, { costUsd: model === 'free' ? 0 : 0.0015 })
      router.reward(id, model === 'free' ? 1 : 0.2)
    }
    expect(router.route(X, { maxCostUsd: 0.01 }).model).toBe('free')
  })

  it('keeps what it costs in a snapshot', async () => {
    const options = { policy, models: [{ id: 'free', ...FREE }] }
    const { router } = await makeBench(options)
    router.settle(router.route(X).id, { costUsd: 0.3 })
    const other = await makeBench(options)
    other.router.restore(router.snapshot())
    expect(digest(other.router)).toBe(digest(router))
    expect(other.router.route(X).expectedCostUsd).toBeCloseTo(0.3, 12)
  })
})
