import { describe, expect, it } from 'vitest'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { MODELS, makeBench, X } from '../support/router.js'

/** Every call that changes something, those included that would have changed nothing. */
const CALLS: readonly (readonly [string, (router: Router, id: string) => unknown])[] = [
  ['route', (router) => router.route(X)],
  ['routeMany', (router) => router.routeMany([X])],
  ['expire', (router) => router.expire()],
  ['settle', (router, id) => router.settle(id, { costUsd: 1 })],
  ['settleMany', (router, id) => router.settleMany([{ id, costUsd: 1 }])],
  ['settleMany each', (router, id) => router.settleMany([{ id, costUsd: 1 }], { each: true })],
  ['settleMany of none', (router) => router.settleMany([])],
  ['reward', (router, id) => router.reward(id, 1)],
  ['rewardMany', (router, id) => router.rewardMany([{ id, reward: 1 }])],
  ['fail', (router, id) => router.fail(id)],
  ['cancel', (router, id) => router.cancel(id)],
  ['plausibleUsd', (router, id) => router.plausibleUsd(id)],
  ['correct', (router, id) => router.correct(id, { costUsd: 1 })],
  ['addModel', (router) => router.addModel({ ...MODELS[0], id: 'new' })],
  ['removeModel', (router) => router.removeModel('small')],
  ['disable', (router) => router.disable('small')],
  ['enable', (router) => router.enable('small')],
  ['reprice', (router) => router.reprice('small', { inputUsdPerMTok: 1, outputUsdPerMTok: 1 })],
  ['setBudget', (router) => router.setBudget(null)],
  ['setCaps', (router) => router.setCaps([])],
  ['setLatency', (router) => router.setLatency(null)],
  ['setQuality', (router) => router.setQuality(null)],
  ['addTenant', (router) => router.addTenant({ id: 'x' })],
  ['addTenants', (router) => router.addTenants([])],
  ['removeTenant', (router) => router.removeTenant('x')],
  ['setEstimator', (router) => router.setEstimator('small', 'learned')],
  ['adjustAccount', (router) => router.adjustAccount(1)],
  ['command', (router) => router.command('setQuality', null)],
  ['apply', (router) => router.apply({ type: 'model-disabled', at: 0, model: 'small', by: 'operator' })],
  ['restore', (router) => router.restore(router.snapshot())],
]

const STORES: readonly (readonly [string, RouterOptions])[] = [
  ['without a store', {}],
  ['with a store', { store: memoryStore() }],
]

describe.each(STORES)('a closed router %s', (_, options) => {
  it('takes no more calls, and can still be looked at', async () => {
    const { router } = await makeBench(options)
    const { id } = router.route(X)
    await router.close()
    await router.close()
    const before = router.snapshot()
    for (const [name, call] of CALLS) {
      const error = expectCode(() => call(router, id), 'STORE_CLOSED')
      expect(`${name}: ${error.message}`).toContain('the router has been closed')
    }
    await expectRejection(router.routeAsync(X), 'STORE_CLOSED')
    await expectRejection(router.preview(X), 'STORE_CLOSED')
    // All that happened is durable.
    await router.flush()
    expect(router.snapshot()).toEqual(before)
    expect(router.stats().requests).toBe(1)
    expect(router.explain(id).chosen).toMatch(/small|middle|large/)
    expect((await router.digest()).sha256).toHaveLength(64)
  })
})

describe('await using', () => {
  it('closes the router at the end of its block', async () => {
    const routers: Router[] = []
    {
      await using router = (await makeBench()).router
      router.route(X)
      routers.push(router)
    }
    expectCode(() => routers[0].route(X), 'STORE_CLOSED')
  })
})
