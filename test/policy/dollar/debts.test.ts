import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../../src/base/errors.js'
import { POLICY_NAMES } from '../../../src/policy/policies.js'
import type { Router } from '../../../src/router/router.js'
import { expectCode } from '../../support/errors.js'
import { HOUR, makeBench, X } from '../../support/router.js'

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

/** Null where it was refused. */
function attempt<T>(call: () => T): T | null {
  try {
    return call()
  } catch (error) {
    if (error instanceof ParetoBanditError && error.code === 'BUDGET_EXHAUSTED') return null
    throw error
  }
}

function heldUsd(router: Router): number {
  const { account } = router.stats()
  return (account?.creditUsd ?? 0) + (account?.fundUsd ?? 0)
}

const usual = (model: string): number => COSTS[model]

/** A router and a tenant with a budget each, 100 usual requests of nobody later. */
async function withTenant(): Promise<Router> {
  const { router } = await makeBench({
    models: [CHEAP],
    budget: { usdPerRequest: B },
    strict: true,
    tenants: [{ id: 't', budget: { usdPerRequest: B } }],
  })
  run(router, 100, usual)
  return router
}

describe('a debt is over within a stated number of requests', () => {
  it.each([2, 10])('of the ceiling that was lowered to a part in %d after the bill', async (times) => {
    const { router } = await makeBench({ models: [CHEAP], budget: { usdPerRequest: B }, strict: true })
    router.settle(router.route(X).id, { costUsd: 1000 })
    router.setBudget({ usdPerRequest: B / times })
    const { lastRefused } = run(router, 1000, () => B / times / 10)
    expect(lastRefused).toBeGreaterThan(100)
    expect(lastRefused).toBeLessThan(560)
  })

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

  it.each([
    [1, 1000, false],
    [20, 1000, false],
    [100, 1000, false],
    [1, 1000, true],
    [20, 0.25, true],
    [50, 1000, true],
    [100, 1000, true],
  ])('whatever may be saved up: %d requests, $%d, of a tenant too %s', async (burst, usd, ofTenant) => {
    const { router, log } = await makeBench({
      models: [CHEAP],
      budget: { usdPerRequest: B, burst },
      strict: true,
      tenants: [{ id: 't', budget: { usdPerRequest: B } }],
    })
    const route = () => router.route(X, ofTenant ? { tenant: 't' } : undefined).id
    router.settle(route(), { costUsd: usd })
    let refused = 0
    while (attempt(route) === null && refused < 2000) refused++
    const owed = Math.min(512, usd / B)
    expect(refused).toBeGreaterThan(owed - burst - 10)
    expect(refused).toBeLessThanOrEqual(owed)
    for (const account of [router.stats().account, ...(ofTenant ? [router.tenantStats('t')] : [])])
      expect(account?.refused).toBeGreaterThan(0.8 * refused)
    // Not one event for each.
    expect(log.filter(({ type }) => type === 'refused').length).toBeLessThan(ofTenant ? 160 : 80)
  })

  it('of a tenant and a smaller one of the router are paid back at the same time', async () => {
    const router = await withTenant()
    router.adjustAccount(-1000)
    router.adjustAccount(100 * B)
    router.adjustAccount(-1000, { tenant: 't' })
    for (let i = 0; i < 100; i++) expect(attempt(() => router.route(X, { tenant: 't' }))).toBeNull()
    expect(router.stats().account?.refused).toBeGreaterThan(80)
    expect(router.tenantStats('t').refused).toBeGreaterThan(80)
  })

  it('of a tenant alone pays nothing into the router, which has enough', async () => {
    const router = await withTenant()
    router.adjustAccount(-1, { tenant: 't' })
    const before = heldUsd(router)
    for (let i = 0; i < 100; i++) expect(attempt(() => router.route(X, { tenant: 't' }))).toBeNull()
    expect(heldUsd(router)).toBe(before)
    expect(router.stats().account?.refused).toBe(0)
    expect(router.tenantStats('t').refused).toBeGreaterThan(80)
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

describe('a bill of a million times the price', () => {
  it.each(POLICY_NAMES)('leaves a model that is better with its traffic, under policy %s', async (policy) => {
    const strictly = policy === 'dollar' ? { strict: true } : {}
    for (const nth of [1, 300]) {
      const { router } = await makeBench({
        policy,
        models: [CHEAP, BETTER],
        budget: { usdPerRequest: B },
        forcedExploration: 20,
        ...strictly,
      })
      let seen = 0
      const serve = (count: number): number => {
        let better = 0
        for (let i = 0; i < count; i++) {
          const decision = attempt(() => router.route(X))
          if (decision === null) continue
          const isBetter = decision.model === 'better'
          if (isBetter) better++
          router.settle(decision.id, { costUsd: isBetter && seen++ === nth ? 1500 : usual(decision.model) })
          router.reward(decision.id, isBetter ? 1 : 0)
        }
        return better
      }
      serve(600)
      expect(seen).toBeGreaterThan(nth)
      serve(1500)
      expect(serve(500)).toBeGreaterThan(250)
    }
  })

  it('on a tenant is over for it as soon, and is credited as soon', async () => {
    for (const credit of [false, true]) {
      const tenants = [{ id: 't', budget: { usdPerRequest: B } }, { id: 'other' }]
      const { router } = await makeBench({ models: [CHEAP], tenants, strict: true })
      router.settle(router.route(X, { tenant: 't' }).id, { costUsd: 1000 })
      expect(attempt(() => router.route(X, { tenant: 'other' }))).not.toBeNull()
      const owedUsd = -(router.tenantStats('t').creditUsd ?? 0)
      expect(owedUsd).toBeGreaterThan(500 * B)
      expect(owedUsd).toBeLessThan(513 * B)
      if (credit) router.adjustAccount(owedUsd, { tenant: 't' })
      let refused = 0
      while (attempt(() => router.route(X, { tenant: 't' })) === null) refused++
      expect(refused).toBeLessThan(credit ? 40 : 560)
    }
  })

  it('is written off the same after a restart, and comes back where the bill was wrong', async () => {
    const options = { models: [CHEAP], budget: { usdPerRequest: B }, caps: [{ usd: 5, per: 'day' as const }] }
    const { router, log } = await makeBench(options)
    const before = heldUsd(router)
    const { id } = router.route(X)
    router.settle(id, { costUsd: 1000 })
    const { router: restored } = await makeBench({ models: [] })
    restored.restore(router.snapshot())
    const { router: replayed } = await makeBench(options)
    for (const event of log) if (event.type !== 'implausible-bill') replayed.apply(event)
    for (const each of [router, restored, replayed]) {
      expect(heldUsd(each)).toBeCloseTo(-512 * B, 3)
      each.correct(id, { costUsd: usual('cheap') })
      expect(heldUsd(each)).toBeCloseTo(before + B - usual('cheap'), 9)
    }
    expect(restored.snapshot()).toEqual(router.snapshot())
  })
})

it('what was written off for one bill is not taken from the correction of another', async () => {
  const { router } = await makeBench({ models: [CHEAP], budget: { usdPerRequest: B } })
  const wrong = router.route(X).id
  router.settle(wrong, { costUsd: 1000 })
  run(router, 1200, usual)
  const { id } = router.route(X)
  router.settle(id, { costUsd: 0.05 })
  const before = heldUsd(router)
  router.correct(id, { costUsd: usual('cheap') })
  expect(heldUsd(router) - before).toBeCloseTo(0.05 - usual('cheap'), 9)
  // Its own correction gives back no more than what it was charged.
  const held = heldUsd(router)
  router.correct(wrong, { costUsd: usual('cheap') })
  expect(heldUsd(router) - held).toBeLessThan(560 * B)
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
  it('credits a cap wherever in its window the money was spent', async () => {
    for (const window of ['rolling', 'calendar'] as const) {
      const { router, clock } = await makeBench({
        caps: [{ usd: 1, per: 'day', window }],
        tenants: [{ id: 't' }],
      })
      router.settle(router.route(X).id, { costUsd: 0.1 })
      clock.advance(HOUR / 6)
      router.settle(router.route(X).id, { costUsd: 400 })
      clock.advance(HOUR / 6)
      expectCode(() => router.route(X), 'BUDGET_EXHAUSTED', 'caps')
      router.adjustAccount(399.5)
      const spentUsd = router.stats().account?.caps[0].spentUsd ?? 0
      expect(spentUsd).toBeCloseTo(0.6, 9)
      router.route(X)
      expectCode(() => router.adjustAccount(1, { tenant: 'nobody' }), 'UNKNOWN_TENANT')
      expectCode(() => router.adjustAccount(Number.NaN), 'INVALID_ARGUMENT')
      for (const usd of [1e13, -1e308]) {
        expectCode(() => router.adjustAccount(usd), 'INVALID_ARGUMENT')
        // As an event too: a sum of it would be in no snapshot that can be read.
        expectCode(
          () => router.apply({ type: 'account-adjusted', at: clock.now, tenant: null, usd }),
          'INVALID_ARGUMENT',
        )
      }
    }
  })
})
