import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../../src/base/errors.js'
import type { Router } from '../../../src/router/router.js'
import { makeBench, X } from '../../support/router.js'

const B = 0.002
const CHEAP = { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 }
const BETTER = { id: 'better', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
const COSTS: Readonly<Record<string, number>> = { cheap: 0.0002, better: 0.0015 }

/** Routes, settles and rewards. @returns refusals, requests of the better model, and the last refused request */
function run(router: Router, count: number, bill: (model: string, nth: number) => number) {
  const seen: Record<string, number> = { cheap: 0, better: 0 }
  let refused = 0
  let lastRefused = 0
  for (let i = 0; i < count; i++) {
    try {
      const { id, model } = router.route(X)
      router.settle(id, { costUsd: bill(model, seen[model]++) })
      router.reward(id, model === 'better' ? 0.9 : 0.5)
    } catch (error) {
      if (!(error instanceof ParetoBanditError && error.code === 'BUDGET_EXHAUSTED')) throw error
      refused++
      lastRefused = i
    }
  }
  return { refused, lastRefused, better: seen.better }
}

const usual = (model: string): number => COSTS[model]

describe('a debt is over within a stated number of requests', () => {
  it.each([
    ['of a newcomer on its second request', 0.25, true],
    ['of a newcomer on its second request', 0.25, false],
    ['of a mistake of units', 1000, true],
    ['of a mistake of units', 1000, false],
  ] as const)('%s: $%d, strict %s', async (_, usd, strict) => {
    const { router } = await makeBench({
      models: [CHEAP, BETTER],
      budget: { usdPerRequest: B },
      strict,
    })
    const bill = (model: string, nth: number) => (model === 'better' && nth === 1 ? usd : usual(model))
    const { lastRefused } = run(router, 2000, bill)
    expect(lastRefused).toBeLessThan(600)
    const after = run(router, 1000, usual)
    expect(after.refused).toBe(0)
    expect(after.better).toBeGreaterThan(500)
  })

  it('of a model that is added later', async () => {
    const { router } = await makeBench({ models: [CHEAP], budget: { usdPerRequest: B }, strict: true })
    run(router, 1000, usual)
    router.addModel(BETTER)
    const { refused } = run(router, 2000, (model, nth) =>
      model === 'better' && nth === 1 ? 0.25 : usual(model),
    )
    expect(refused).toBeLessThan(300)
    expect(run(router, 1000, usual).better).toBeGreaterThan(500)
  })
})

describe('an operator', () => {
  it('credits an account, and debits it', async () => {
    const { router, log } = await makeBench({ budget: { usdPerRequest: B }, caps: [{ usd: 1, per: 'day' }] })
    const account = () => router.stats().account
    router.settle(router.route(X).id, { costUsd: 0.5 })
    const owed = account()?.creditUsd ?? 0
    router.adjustAccount(0.25)
    expect(log.at(-1)).toMatchObject({ type: 'account-adjusted', usd: 0.25, tenant: null })
    expect(account()?.creditUsd).toBeCloseTo(owed + 0.25, 9)
    expect(account()?.caps[0].spentUsd).toBeCloseTo(0.25, 9)
    router.adjustAccount(-0.1)
    expect(account()?.creditUsd).toBeCloseTo(owed + 0.15, 9)
    expect(account()?.caps[0].spentUsd).toBeCloseTo(0.35, 9)
  })
})
