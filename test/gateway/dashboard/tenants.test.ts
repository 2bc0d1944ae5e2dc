import { expect, it } from 'vitest'
import { shownTenants } from '../../../src/gateway/dashboard/view.js'
import { createRouter } from '../../../src/index.js'

const budget = { usdPerRequest: 1 }

async function routerOf(tenants: number) {
  const router = await createRouter({
    models: [{ id: 'a', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }],
    budget,
    tenants: Array.from({ length: tenants }, (_, i) => ({ id: `t${i}`, budget })),
    dimension: 2,
    kernel: 'js',
    seed: 1,
  })
  const context = Float64Array.of(0.5, 1)
  const spend = (tenant: string, costUsd: number) =>
    router.settle(router.route(context, { tenant }).id, { costUsd })
  return { router, context, spend }
}

it('shows few tenants in their order', async () => {
  const { router, spend } = await routerOf(200)
  spend('t150', 0.5)
  expect(shownTenants(router).map(({ id }) => id)).toEqual(router.tenants())
})

it('shows of many those that were refused, and then those that have spent most', async () => {
  const { router, context, spend } = await routerOf(1000)
  spend('t700', 0.25)
  spend('t998', 0.5)
  router.setCaps([{ usd: 1e-9, per: 'day' }], { tenant: 't900' })
  expect(() => router.route(context, { tenant: 't900' })).toThrow('the cheapest model')
  const shown = shownTenants(router).map(({ id }) => id)
  expect(shown).toHaveLength(200)
  expect(shown.slice(0, 4)).toEqual(['t900', 't998', 't700', 't0'])
})
