import { describe, expect, it } from 'vitest'
import { createRouter, type RouterEvent } from '../../../src/index.js'
import { RefusedRequests } from '../../../src/policy/dollar/accounts/refused-requests.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { codeOf, expectCode } from '../../support/errors.js'

const KNOWN = () => true
const USD = 0.001
const MODELS = [{ id: 'only', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }]
const sum = (events: readonly RouterEvent[]) =>
  events.reduce((count, event) => count + (event.type === 'refused' ? event.requests : 0), 0)

describe('requests that an account refuses', () => {
  it('are written one by one while they are few, then together, and none is lost', () => {
    const counter = new RefusedRequests()
    let events = 0
    let written = 0
    for (let i = 1; i <= 1_000_000; i++) {
      const now = counter.refused(null, 0)
      events += now.length
      written += sum(now)
      // What is not written yet is an eighth at most.
      if (i - written > i / 8) throw new Error(`${i - written} of ${i} are not written`)
      if (i === 8) expect(events).toBe(8)
    }
    expect(events).toBeLessThan(120)
  })

  it('are written within a second, and when requests are routed again', () => {
    const counter = new RefusedRequests()
    for (let i = 0; i < 100; i++) counter.refused('t', 0)
    const late = counter.due(999, KNOWN)
    expect(late).toEqual([])
    const [written] = counter.due(1000, KNOWN)
    expect(written).toMatchObject({ type: 'refused', tenant: 't', at: 1000 })
    counter.refused('t', 1001)
    counter.routed('t')
    expect(counter.due(1002, KNOWN)).toEqual([{ type: 'refused', at: 1002, tenant: 't', requests: 1 }])
    expect(counter.size).toBe(0)
  })

  it('of many accounts take bounded memory, and those of a tenant that is gone none', () => {
    const counter = new RefusedRequests()
    let written = 0
    for (let i = 0; i < 5000; i++) written += counter.refused(`t${i}`, 0).length
    expect(written).toBe(5000)
    expect(counter.size).toBeLessThanOrEqual(1024)
    counter.due(0, () => false)
    expect(counter.size).toBe(0)
  })

  it.each([1, 1.5, 2, 5, 9, 10, 11, 12, 25, 50])(
    'get an account out of the debt that one bill of a try has made: burst %s',
    async (burst) => {
      const budget = { usdPerRequest: USD, burst }
      const router = await createRouter({ models: MODELS, dimension: 1, budget, strict: true })
      router.settle(router.route([1]).id, { costUsd: 1000 * USD })
      let [refused, routed] = [0, 0]
      for (let i = 0; i < 3000; i++) {
        try {
          const { id } = router.route([1], { inputTokens: 100, expectedOutputTokens: 100 })
          router.settle(id, { costUsd: 0.0002 })
          routed++
        } catch (error) {
          expect(codeOf(error)).toBe('BUDGET_EXHAUSTED')
          refused++
        }
      }
      expect(routed).toBeGreaterThan(1500)
      expect(refused).toBeLessThan(1000)
      expect(router.stats().account?.fundUsd).toBeGreaterThanOrEqual(0)
    },
  )

  it.each([
    [1, 1.5],
    [1, 10],
    [5, 5.5],
    [20, 30],
    [200, 300],
  ])(
    'fill no log where not even a full account pays for them: burst %d, %d budgets',
    async (burst, budgets) => {
      const budget = { usdPerRequest: USD, burst }
      const clock = () => Date.UTC(2026, 0, 1)
      const tenants = [{ id: 't', budget: { usdPerRequest: USD } }]
      const router = await createRouter({
        models: MODELS,
        dimension: 1,
        budget,
        strict: true,
        tenants,
        clock,
      })
      const request = { inputTokens: 0, expectedOutputTokens: budgets * 1000 }
      let events = 0
      router.on('refused', () => events++)
      for (let i = 0; i < 3000; i++) expectCode(() => router.route([1], request), 'BUDGET_EXHAUSTED')
      expect(events).toBeLessThan(200)
      events = 0
      for (let i = 0; i < 3000; i++)
        expectCode(() => router.route([1], { ...request, tenant: 't' }), 'BUDGET_EXHAUSTED')
      expect(events).toBeLessThan(400)
    },
  )

  it('fill no log, and pay in like any other', async () => {
    const clock = { now: Date.UTC(2026, 0, 1) }
    const store = memoryStore()
    const router = await createRouter({
      models: MODELS,
      dimension: 1,
      budget: { usdPerRequest: USD },
      strict: true,
      store,
      clock: () => clock.now,
    })
    const events: RouterEvent[] = []
    router.on('refused', (event) => events.push(event))
    // A debt of a thousand requests' worth.
    router.settle(router.route([1]).id, { costUsd: 1000 * USD })
    let refused = 0
    for (;;) {
      try {
        router.route([1], { inputTokens: 100, expectedOutputTokens: 100 })
        break
      } catch (error) {
        expect(codeOf(error)).toBe('BUDGET_EXHAUSTED')
        if (++refused > 5000) throw error
      }
    }
    // No later than an eighth after it could pay.
    const { account } = router.stats()
    expect(account?.refused).toBe(sum(events))
    expect(events.length).toBeLessThan(8 * Math.log(refused) + 30)
    expect(events.length).toBeGreaterThan(0)
    await router.flush()
    expect(router.stats().account?.refused).toBe(refused)
    await router.close()
  })
})
