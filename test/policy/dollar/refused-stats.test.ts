import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/create-router.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { expectCode } from '../../support/errors.js'
import { X } from '../../support/router.js'

const START = Date.UTC(2026, 9, 24, 12)
const options = {
  models: [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }],
  dimension: 3,
  kernel: 'js',
  reserve: 'worst-case',
  clock: () => START,
} as const
const DAY = { usd: 1, per: 'day' } as const
const request = { inputTokens: 0, maxOutputTokens: 2000 }

describe('stats count a refused request at once', () => {
  it("by a cap: the router's, and a tenant's", async () => {
    const tenants = [{ id: 'capped', caps: [DAY] }, { id: 'free' }]
    const router = await createRouter({ ...options, caps: [{ usd: 1.5, per: 'day' }], tenants })
    let events = 0
    router.on('capped', () => events++)
    for (let i = 1; i <= 20; i++) {
      expectCode(() => router.route(X, request), 'BUDGET_EXHAUSTED')
      expectCode(() => router.route(X, { ...request, tenant: 'free' }), 'BUDGET_EXHAUSTED')
      expectCode(
        () => router.route(X, { ...request, maxOutputTokens: 1200, tenant: 'capped' }),
        'BUDGET_EXHAUSTED',
      )
      expect(router.stats().account?.refused).toBe(2 * i)
      expect(router.tenantStats('capped').refused).toBe(i)
      expect(router.tenantStats('free').refused).toBe(0)
    }
    // One of each is in the log: no event is written for a refusal.
    expect(events).toBe(3)
    await router.flush()
    expect(events).toBe(6)
    expect(router.stats().account?.refused).toBe(40)
    expect(router.tenantStats('capped').refused).toBe(20)
    router.removeTenant('free')
    expect(router.stats().account?.refused).toBe(40)
  })

  it('by a strict budget', async () => {
    const router = await createRouter({ ...options, strict: true, budget: { usdPerRequest: 0.001 } })
    let events = 0
    router.on('refused', () => events++)
    for (let i = 1; i <= 200; i++) {
      expectCode(() => router.route(X, request), 'BUDGET_EXHAUSTED')
      expect(router.stats().account?.refused).toBe(i)
    }
    expect(events).toBeLessThan(60)
  })

  it('and as many after a restart', async () => {
    const store = memoryStore()
    const router = await createRouter({ ...options, caps: [DAY], store })
    for (let i = 0; i < 20; i++) expectCode(() => router.route(X, request), 'BUDGET_EXHAUSTED')
    expect(router.stats().account?.refused).toBe(20)
    await router.close()
    const again = await createRouter({ ...options, caps: [DAY], store })
    expect(again.stats().account?.refused).toBe(20)
    await again.close()
  })
})
