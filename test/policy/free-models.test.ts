import { describe, expect, it } from 'vitest'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import { codeOf } from '../support/errors.js'
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

  it.each([
    ['a budget', { budget: { usdPerRequest: 0.01 } }, {}],
    ['a strict budget', { budget: { usdPerRequest: 0.01 }, strict: true }, {}],
    ['a cap', { caps: [{ usd: 5000, per: 'day' }] }, {}],
    ['maxCostUsd', {}, { maxCostUsd: 0.005 }],
  ] as const)('is not shut out by mistaken bills of $1000 under %s', async (what, options, request) => {
    // Only policy `dollar` has caps and strict budgets.
    if (policy !== 'dollar' && ('caps' in options || 'strict' in options)) return
    for (const wrong of [[1], [300], [300, 301, 302]]) {
      const models = [
        { id: 'free', ...FREE },
        { id: 'dear', inputUsdPerMTok: 1, outputUsdPerMTok: 2 },
      ]
      const { router, clock } = await makeBench({ policy, models, ...options })
      let calls = 0
      let late = 0
      for (let i = 0; i < 3000; i++) {
        clock.advance(1000)
        let decision: { readonly id: string; readonly model: string }
        try {
          decision = router.route(X, request)
        } catch (error) {
          if (codeOf(error) !== 'BUDGET_EXHAUSTED') throw error
          continue
        }
        const isFree = decision.model === 'free'
        if (isFree) calls++
        const isWrong = isFree && wrong.includes(calls)
        router.settle(decision.id, { costUsd: isWrong ? 1000 : isFree ? 0 : 0.001 })
        router.reward(decision.id, isFree ? 0.9 : 0.5)
        if (i >= 2000 && isFree) late++
      }
      expect({ what, wrong, late: late > 900 }).toEqual({ what, wrong, late: true })
    }
  })

  it.each([0, 1e-6, 1e-4])(
    'takes every request within $%d after a bill that should not have been',
    async (maxCostUsd) => {
      for (const others of [[], [MODELS[1]], [{ id: 'other', ...FREE }]])
        for (const wrong of [[1], [50], [50, 150, 250]]) {
          const models = [{ id: 'free', ...FREE }, ...others]
          // The clock stands still: no time passes that could make up for requests.
          const { router } = await makeBench({ policy, models })
          const chosen: string[] = []
          let calls = 0
          let overLimit = 0
          for (let i = 0; i < 1500; i++) {
            const { id, model } = router.route(X, { maxCostUsd })
            if (model === 'free') calls++
            const isWrong = model === 'free' && wrong.includes(calls)
            if (isWrong) overLimit++
            router.settle(id, { costUsd: isWrong ? 1000 : 0 })
            router.reward(id, model === 'free' ? 0.9 : 0.5)
            chosen.push(model)
          }
          expect(overLimit).toBe(wrong.length)
          expect(chosen.slice(1000).filter((model) => model === 'free').length).toBeGreaterThan(450)
        }
    },
  )

  it('that costs all the same is hardly tried by requests that may cost nothing', async () => {
    for (const costUsd of [1e-5, 0.5]) {
      const { router, clock } = await makeBench({
        policy,
        models: [
          { id: 'free', ...FREE },
          { id: 'other', ...FREE },
        ],
      })
      let tries = 0
      for (let i = 0; i < 10_000; i++) {
        clock.advance(1000)
        const { id, model } = router.route(X, { maxCostUsd: 0 })
        if (model === 'free') tries++
        router.settle(id, { costUsd: model === 'free' ? costUsd : 0 })
        router.reward(id, model === 'free' ? 0.9 : 0.5)
      }
      expect(tries).toBeLessThan(15)
    }
  })

  it('comes back after bills of hours that should not have been, by time where it is the only one', async () => {
    const { router, clock } = await makeBench({ policy, models: [{ id: 'free', ...FREE }, MODELS[1]] })
    for (let i = 0; i < 20; i++) router.settle(router.route(X, { candidates: ['free'] }).id, { costUsd: 5 })
    let refused = 0
    for (let i = 0; i < 300; i++) {
      clock.advance(60_000)
      try {
        router.settle(router.route(X, { maxCostUsd: 0 }).id, { costUsd: 0 })
      } catch (error) {
        if (codeOf(error) !== 'NO_ELIGIBLE_MODEL') throw error
        refused++
      }
    }
    expect(refused).toBeLessThan(150)
    expect(router.route(X, { maxCostUsd: 0 }).model).toBe('free')
  })

  it('is expected to cost what it does where bills are real and high', async () => {
    const { router } = await makeBench({ policy, models: [{ id: 'free', ...FREE }, MODELS[1]] })
    const only = { candidates: ['free'] }
    for (let i = 0; i < 100; i++) router.settle(router.route(X, only).id, { costUsd: 0 })
    for (let i = 0; i < 200; i++) router.settle(router.route(X, only).id, { costUsd: 0.5 })
    expect(router.route(X, only).expectedCostUsd).toBeCloseTo(0.5, 1)
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
