import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { redisStore } from '../../src/store/redis/index.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { MODELS } from '../support/router.js'
import { pause, until } from '../support/shared-store.js'
import '../support/seed.js'

const open: Router[] = []

describe.skipIf(!hasRedis)('replicas on a real Redis', () => {
  let server: RedisServer
  let streams = 0
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.stop())
  afterEach(async () => {
    for (const router of open.splice(0)) await router.close()
    streams++
  })

  async function replica(options: RouterOptions = {}): Promise<Router> {
    const router = await createRouter({
      models: MODELS,
      dimension: 3,
      kernel: 'js',
      store: redisStore({ url: server.url, stream: `replicas${streams}` }),
      ...options,
    })
    open.push(router)
    return router
  }

  /** All at the same position, with the same state. */
  async function agreed(routers: readonly Router[]): Promise<string> {
    for (const router of routers) await router.flush()
    for (let left = 2000; left > 0; left--) {
      const found = await Promise.all(routers.map((router) => router.digest()))
      if (new Set(found.map(({ position }) => position)).size === 1) {
        expect(new Set(found.map(({ sha256 }) => sha256)).size).toBe(1)
        return found[0].sha256
      }
      await pause(5)
    }
    throw new Error('they never come to one position')
  }

  it('learn together, to the same bits, and one that comes later too', async () => {
    const journal = { snapshotEvents: 500 }
    const routers = [await replica({ journal }), await replica({ journal }), await replica({ journal })]
    for (let i = 0; i < 900; i++) {
      const router = routers[i % 3]
      const { id, reservedUsd } = router.route([(i % 7) / 7, (i % 5) / 5, 1])
      // Feedback goes to another than routed.
      const other = routers[(i + 1) % 3]
      other.settle(id, { costUsd: reservedUsd })
      if (i % 2 === 0) other.reward(id, (i % 10) / 10)
      if (i % 30 === 0) await pause(2)
    }
    await until(() => routers[0].stats().pending.unsettled === 0, 'all feedback')
    await agreed(routers)
    const late = await replica({ journal })
    expect(late.recovery).toMatchObject({ isNew: false, fromSnapshot: true, refused: 0 })
    await agreed([...routers, late])
    expect(late.stats().models.reduce((sum, { rewarded }) => sum + rewarded, 0)).toBe(450)
  })

  it('never overspend a cap together', async () => {
    const options = { caps: [{ usd: 1, per: 'day' as const }], reserve: 'worst-case' as const }
    const routers = [await replica(options), await replica(options), await replica(options)]
    let spent = 0
    // In a row: one refusal may only be a slice that is spent before the next has come.
    let refused = 0
    for (let i = 0; refused < 150 && i < 30_000; i++) {
      try {
        const router = routers[i % 3]
        const { id, reservedUsd } = router.route([1, 1, 1], { inputTokens: 1000, maxOutputTokens: 1000 })
        spent += reservedUsd
        router.settle(id, { costUsd: reservedUsd })
        refused = 0
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
        refused++
        await pause(5)
      }
      if (i % 50 === 0) await pause(1)
    }
    expect(spent).toBeLessThanOrEqual(1 + 1e-9)
    expect(spent).toBeGreaterThan(0.95)
    await agreed(routers)
  })

  it('give back what requests of a closed one did not cost, once', async () => {
    const options = { caps: [{ usd: 1, per: 'day' as const }], reserve: 'worst-case' as const }
    const models = [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }]
    const [one, other] = [await replica({ ...options, models }), await replica({ ...options, models })]
    const request = (usd: number) => ({ inputTokens: 0, maxOutputTokens: Math.round(1000 * usd) })
    const held: string[] = []
    for (let i = 0; i < 400 && held.length < 6; i++) {
      try {
        held.push(one.route([0, 0, 1], request(0.1)).id)
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
        await pause(10)
      }
    }
    expect(held.length).toBe(6)
    await agreed([one, other])
    await one.close()
    for (const id of held) await other.settle(id, { costUsd: 0.01 }).durable
    await pause(2500)
    let spentUsd = 6 * 0.01
    for (let refused = 0; refused < 100; ) {
      try {
        const { id } = other.route([0, 0, 1], request(0.01))
        other.settle(id, { costUsd: 0.01 })
        spentUsd += 0.01
        refused = 0
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
        refused++
        await pause(10)
      }
    }
    expect(spentUsd).toBeLessThanOrEqual(1 + 1e-9)
    expect(spentUsd).toBeGreaterThan(0.95)
  }, 60_000)

  it('go on while Redis is away and catch up when it is back, with nothing lost', async () => {
    const journal = { onStoreError: () => {} }
    const routers = [await replica({ journal }), await replica({ journal })]
    await server.kill()
    const ids = Array.from({ length: 50 }, () => routers[0].route([1, 0, 1]).id)
    const receipts = ids.map((id) => routers[0].settle(id, { costUsd: 0.001 }))
    await server.restart()
    await Promise.all(receipts.map(({ durable }) => durable))
    await agreed(routers)
    expect(routers[1].stats().requests).toBe(50)
    expect(routers[1].stats().pending.unsettled).toBe(0)
  })
})
