import { expect, it } from 'vitest'
import type { Router } from '../../../src/router/router.js'
import { HOUR, makeBench, X } from '../../support/router.js'

const CHEAP = { id: 'cheap', inputUsdPerMTok: 0, outputUsdPerMTok: 1 }
const DEAR = { id: 'dear', inputUsdPerMTok: 0, outputUsdPerMTok: 8 }
const FACTOR = 1 / 16

/** A request of a tenant, with that number of tokens. */
function ask(router: Router, tenant: string, tokens: number): void {
  const { id, model } = router.route(X, { tenant, inputTokens: 0, maxOutputTokens: tokens })
  router.settle(id, { inputTokens: 0, outputTokens: tokens })
  router.reward(id, model === 'dear' ? 0.9 : 0.6)
}

/** Shadow price of a tenant whose requests were long and are short from the time on at which prices fell, or did not. */
async function priceAfter(factor: number): Promise<number> {
  const cap = (usd: number) => ({ usd, per: 'hour', pacing: 'even' }) as const
  const { router, clock } = await makeBench({
    models: [CHEAP, DEAR],
    tenants: [{ id: 'a', caps: [cap(9)] }, { id: 'others' }],
  })
  const traffic = (requests: number, tokens: number) => {
    for (let i = 0; i < requests; i++) {
      clock.advance(HOUR / 600)
      ask(router, 'a', tokens)
      ask(router, 'others', 1000)
    }
  }
  traffic(300, 4000)
  for (const { id, ...price } of [CHEAP, DEAR])
    router.reprice(id, { ...price, outputUsdPerMTok: price.outputUsdPerMTok * factor })
  router.setCaps([cap(1.2 * factor)], { tenant: 'a' })
  clock.now = Math.ceil(clock.now / HOUR) * HOUR
  traffic(100, 500)
  return router.tenantStats('a').shadowPrice
}

it("what a tenant's requests cost beside those of all is learned as fast after a reprice", async () => {
  const [same, lower] = [await priceAfter(1), await priceAfter(FACTOR)]
  expect(same).toBeGreaterThan(0)
  expect(lower).toBeCloseTo(same, 9)
})
