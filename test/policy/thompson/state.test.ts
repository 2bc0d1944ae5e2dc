import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gaussian, mulberry32 } from '../../../src/base/random.js'
import { createRouter } from '../../../src/create-router.js'
import { POLICY_NAMES } from '../../../src/policy/policies.js'
import { PRICE_MAX, PRICE_MIN, PRICE_START } from '../../../src/policy/thompson/tuning.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { expectCode, expectRejection } from '../../support/errors.js'
import { operation, Run } from '../../support/operations.js'
import { digest, HOUR, MODELS, makeBench, X } from '../../support/router.js'
import '../../support/seed.js'

const POLICY = { policy: 'thompson', dimension: 3, kernel: 'js' } as const
const BUDGET = { usdPerRequest: 1e-3 }
const OTHERS = POLICY_NAMES.filter((name) => name !== POLICY.policy)

describe('the fold of policy thompson', () => {
  it('is the same from its events, and goes on the same from a snapshot', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 5, maxLength: 60 }),
        fc.array(operation, { minLength: 5, maxLength: 20 }),
        async (before, after) => {
          const options = { ...POLICY, budget: { usdPerRequest: 0.01 } }
          const bench = await makeBench(options)
          const run = new Run(bench)
          for (const each of before) run.step(each)
          const twin = await makeBench(options)
          for (const event of bench.log) twin.router.apply(event)
          expect(digest(twin.router)).toBe(digest(bench.router))
          twin.router.restore(bench.router.snapshot())
          expect(digest(twin.router)).toBe(digest(bench.router))
          twin.clock.now = bench.clock.now
          const twinRun = new Run(twin, [...run.decisions])
          for (const each of after) {
            run.step(each)
            twinRun.step(each)
          }
          expect(twinRun.decisions).toEqual(run.decisions)
          expect(twin.router.stats().pacer).toEqual(bench.router.stats().pacer)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is refused by the routers of other policies, and refuses theirs', async () => {
    const router = await createRouter({ ...POLICY, models: MODELS })
    router.route(X)
    const snapshot = router.snapshot()
    for (const policy of OTHERS) {
      const other = await createRouter({ ...POLICY, policy, models: MODELS })
      const theirs = other.snapshot()
      const refused = expectCode(() => other.restore(snapshot), 'SNAPSHOT_MISMATCH')
      expect(refused.message).toContain(`it is of policy 'thompson', this router's is '${policy}'`)
      expectCode(() => router.restore(theirs), 'SNAPSHOT_MISMATCH')
    }
    expect(router.snapshot()).toEqual(snapshot)
  })

  it('stands in stats by name', async () => {
    const router = await createRouter({ ...POLICY, models: MODELS, budget: BUDGET })
    const { policy, account, latency, quality, tenants, pacer } = router.stats()
    expect({ policy, account, latency, quality, tenants }).toEqual({
      ...{ policy: 'thompson', account: null, latency: null, quality: null, tenants: 0 },
    })
    expect(pacer).toMatchObject({ usdPerRequest: 1e-3, mode: null, shadowPrice: PRICE_START })
  })

  it('is kept in a store, whose header names the policy', async () => {
    const store = memoryStore()
    const options = { ...POLICY, budget: BUDGET, store }
    const router = await createRouter({ ...options, models: MODELS })
    for (let i = 0; i < 40; i++) {
      const { id } = router.route(X)
      router.settle(id, { costUsd: 2e-3 })
      router.reward(id, (i % 10) / 10)
    }
    await router.flush()
    const before = await router.digest()
    await router.close()
    for (const policy of OTHERS)
      expect(
        (await expectRejection(createRouter({ ...options, policy }), 'STORE_MISMATCH')).message,
      ).toContain('its log was begun with policy "thompson"')
    const again = await createRouter(options)
    expect(await again.digest()).toEqual(before)
    expect(again.stats().policy).toBe('thompson')
    expect(again.stats().pacer.shadowPrice).toBeGreaterThan(PRICE_START)
    await again.close()
  })
})

describe('the shadow price of policy thompson', () => {
  it('moves with each request whose cost is known or assumed, once', async () => {
    const { router, clock } = await makeBench({ ...POLICY, budget: BUDGET, pendingTtlMs: HOUR })
    const price = () => router.stats().pacer.shadowPrice
    const [first, second, third] = [router.route(X), router.route(X), router.route(X)]
    // The running mean starts at the ceiling: the first cost is what the second step sees.
    router.settle(first.id, { costUsd: 5e-3 })
    expect(price()).toBe(PRICE_START)
    router.settle(second.id, { costUsd: 0 })
    expect(price()).toBeCloseTo((PRICE_START * (1 + 0.025 * 0.2)) / (1 - 0.025 * 0.2), 15)
    router.reward(first.id, 1)
    const before = price()
    clock.advance(2 * HOUR)
    expect(router.expire()).toBe(1)
    const expired = price()
    expect(expired).not.toBe(before)
    router.settle(third.id, { costUsd: 1 })
    expect(price()).toBe(expired)
  })

  it('stays between its ends, and counts one dear request as 20 budgets', async () => {
    const { router } = await makeBench({ ...POLICY, budget: BUDGET })
    const pay = (costUsd: number, requests: number) => {
      for (let i = 0; i < requests; i++) router.settle(router.route(X).id, { costUsd })
      return router.stats().pacer.shadowPrice
    }
    pay(100, 1)
    expect(pay(1e-3, 1)).toBeCloseTo((PRICE_START * (1 + 0.025 * 19)) / (1 - 0.025 * 19), 12)
    expect(pay(100, 50)).toBe(PRICE_MAX)
    expect(pay(0, 1000)).toBe(PRICE_MIN)
  })

  it('is kept by a new ceiling, and starts again after none', async () => {
    const { router } = await makeBench({ ...POLICY, budget: BUDGET })
    for (let i = 0; i < 20; i++) router.settle(router.route(X).id, { costUsd: 3e-3 })
    const { shadowPrice } = router.stats().pacer
    expect(shadowPrice).toBeGreaterThan(PRICE_START)
    router.setBudget({ usdPerRequest: 2e-3 })
    expect(router.stats().pacer.shadowPrice).toBe(shadowPrice)
    router.setBudget(null)
    expect(router.stats().pacer.shadowPrice).toBe(0)
    router.settle(router.route(X).id, { costUsd: 3e-3 })
    router.setBudget(BUDGET)
    expect(router.stats().pacer.shadowPrice).toBe(PRICE_START)
  })

  // The logarithm of the price adds up what is over- and underspent: while it stays within 4, 3,000 requests miss the budget by
  // no more than 4 / (0.05 x 3,000).
  it('keeps the mean spend within 3 % of a budget that binds, on traffic that does not change', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 2e-4, max: 6e-3, noNaN: true }),
        async (seed, usdPerRequest) => {
          const { router } = await makeBench({ ...POLICY, seed, budget: { usdPerRequest } })
          const random = mulberry32(seed)
          let spentUsd = 0
          for (let i = 0; i < 4000; i++) {
            const x = gaussian(random)
            const { id, model } = router.route([x, gaussian(random), 1])
            const arm = MODELS.findIndex((each) => each.id === model)
            const costUsd = [1e-4, 1e-3, 1e-2][arm] * (0.5 + random())
            if (i >= 1000) spentUsd += costUsd
            router.settle(id, { costUsd })
            const level = [0.4, 0.6, 0.7][arm] + 0.05 * arm * x + 0.05 * gaussian(random)
            router.reward(id, Math.min(1, Math.max(0, level)))
          }
          expect(Math.abs(spentUsd / 3000 / usdPerRequest - 1)).toBeLessThan(0.03)
        },
      ),
      { numRuns: 8 },
    )
  })
})

describe('policy thompson', () => {
  it('learns: its regret is a small share of what chance would have', async () => {
    const { router } = await makeBench({ ...POLICY, alpha: 0.1, seed: 2 })
    const random = mulberry32(9)
    const levels = (x: number): number[] => [0.5 + 0.2 * x, 0.5 - 0.2 * x, 0.55]
    const regret = { thompson: 0, random: 0, late: 0 }
    for (let i = 0; i < 3000; i++) {
      const x = 2 * random() - 1
      const means = levels(x)
      const best = Math.max(...means)
      const { id, model } = router.route([x, 0, 1])
      const arm = MODELS.findIndex((each) => each.id === model)
      router.settle(id, { costUsd: 1e-3 })
      router.reward(id, random() < means[arm] ? 1 : 0)
      regret.thompson += best - means[arm]
      regret.random += best - means.reduce((a, b) => a + b, 0) / means.length
      if (i >= 2000) regret.late += best - means[arm]
    }
    expect(regret.thompson).toBeLessThan(0.4 * regret.random)
    expect(regret.late).toBeLessThan(0.25 * (regret.random / 3))
  })
})
