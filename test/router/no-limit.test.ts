import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectRejection } from '../support/errors.js'
import { EVERY_LIMIT, MODELS } from '../support/router.js'

const limitsOf = (router: Router) => {
  const { pacer, account, latency, quality } = router.stats()
  const [tenant] = router.tenants()
  const own = tenant === undefined ? null : router.tenantStats(tenant)
  return {
    usd: pacer.usdPerRequest,
    caps: account?.caps.length ?? 0,
    latencyMs: latency?.limitMs ?? null,
    quality: quality?.meanReward ?? null,
    tenant: own === null ? null : { usd: own.usdPerRequest, caps: own.caps.length },
  }
}

/** What takes a limit away, as an option, and what of the limits shows it. */
const OPTIONS: readonly [string, RouterOptions, object][] = [
  ['budget', { budget: null }, { usd: null }],
  ['budget.usdPerRequest', { budget: { usdPerRequest: null } }, { usd: null }],
  ['caps', { caps: null }, { caps: 0 }],
  ['no caps', { caps: [] }, { caps: 0 }],
  ['latency', { latency: null }, { latencyMs: null }],
  ['quality', { quality: null }, { quality: null }],
  ['quality.meanReward', { quality: { meanReward: null } }, { quality: null }],
  ['tenants', { tenants: null }, { tenant: null }],
  ["a tenant's budget", { tenants: [{ id: 'acme', budget: null }] }, { tenant: { usd: null, caps: 1 } }],
  [
    "a tenant's usdPerRequest",
    { tenants: [{ id: 'acme', budget: { usdPerRequest: null } }] },
    { tenant: { usd: null, caps: 1 } },
  ],
  ["a tenant's caps", { tenants: [{ id: 'acme', caps: null }] }, { tenant: { usd: 0.02, caps: 0 } }],
]

describe('null is no limit', () => {
  it.each(OPTIONS)('of a log that is there: %s', async (_, edited, shown) => {
    const store = memoryStore()
    const open = (options: RouterOptions) =>
      createRouter({ name: 'r', dimension: 3, kernel: 'js', ...options, store })
    const first = await open(EVERY_LIMIT)
    const before = limitsOf(first)
    await first.close()
    for (let i = 0; i < 2; i++) {
      const router = await open({ ...EVERY_LIMIT, ...edited })
      expect(limitsOf(router)).toEqual({ ...before, ...shown })
      expect(router.recovery?.differences).toHaveLength(i === 0 ? 1 : 0)
      await router.close()
    }
  })

  it.each(OPTIONS)('of a router that begins: %s', async (_, given) => {
    const router = await createRouter({ dimension: 3, kernel: 'js', models: MODELS, ...given })
    const { usd, caps, latencyMs, quality, tenant } = limitsOf(router)
    expect({ usd, caps, latencyMs, quality }).toEqual({ usd: null, caps: 0, latencyMs: null, quality: null })
    if (tenant !== null) expect(tenant).toEqual({ usd: null, caps: 0 })
  })

  it.each<[string, (router: Router) => void, object]>([
    ['setBudget', (router) => router.setBudget({ usdPerRequest: null }), { usd: null }],
    ['setCaps', (router) => router.setCaps(null), { caps: 0 }],
    ['setQuality', (router) => router.setQuality({ meanReward: null }), { quality: null }],
    [
      'setBudget of a tenant',
      (router) => router.setBudget({ usdPerRequest: null }, { tenant: 'acme' }),
      { tenant: { usd: null, caps: 1 } },
    ],
    [
      'setCaps of a tenant',
      (router) => router.setCaps(null, { tenant: 'acme' }),
      { tenant: { usd: 0.02, caps: 0 } },
    ],
  ])('to %s', async (_, command, shown) => {
    const router = await createRouter({ dimension: 3, kernel: 'js', ...EVERY_LIMIT })
    const before = limitsOf(router)
    command(router)
    expect(limitsOf(router)).toEqual({ ...before, ...shown })
  })

  it.each([{ meanMs: null }, { ms: null, percentile: 0.95 }])('of latency: %j', async (latency) => {
    const router = await createRouter({ dimension: 3, kernel: 'js', ...EVERY_LIMIT })
    router.setLatency(latency)
    expect(limitsOf(router).latencyMs).toBeNull()
  })

  it('keeps what else a budget says', async () => {
    const store = memoryStore()
    const open = (burst: number) =>
      createRouter({ dimension: 3, kernel: 'js', budget: { usdPerRequest: null, burst }, store })
    await (await open(7)).close()
    await expectRejection(open(8), 'STORE_MISMATCH')
    await (await open(7)).close()
  })
})
