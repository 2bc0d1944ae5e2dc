import { afterEach, describe, expect, it } from 'vitest'
import { hasRedis, RedisServer } from '../../support/redis-server.js'
import { smallTree, type Tree } from '../config/example.js'
import { ADMIN, served, servedTree, type TestServer } from '../node/serving.js'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function started(tree: Tree): Promise<TestServer> {
  const server = await served(servedTree(tree))
  ends.push(() => {
    server.stop('the test is over')
    return server.ended
  })
  return server
}

const MESSAGE = 'another process on this log changed a setting, for this one too'

const told = ({ lines }: TestServer) =>
  lines.filter(({ message }) => message === MESSAGE).map(({ fields: { process: _, ...said } }) => said)

describe.skipIf(!hasRedis)('of two deployments on one Redis', () => {
  it('each says what the other changes, from what to what, and nothing of its own', async () => {
    const redis = await RedisServer.start()
    ends.push(() => redis.stop())
    const store = { kind: 'redis', url: redis.url }
    const [model, ...others] = smallTree().models as Tree[]
    const caps = [{ usd: 10, per: 'day' }]
    const one = await started({ store, caps })
    const dearer = { ...model, prices: { ...(model.prices as Tree), outputUsdPerMTok: 77 } }
    const two = await started({
      store,
      caps: [{ usd: 99, per: 'day' }],
      budget: { usdPerRequest: 0.5 },
      models: [dearer, ...others],
    })
    await expect.poll(() => told(one).length, { timeout: 10_000 }).toBe(3)
    const id = String(model.id)
    const { outputUsdPerMTok } = model.prices as Tree
    expect(told(one)).toEqual(
      expect.arrayContaining([
        {
          setting: `models[${id}].prices`,
          from: { outputUsdPerMTok, reasoningUsdPerMTok: outputUsdPerMTok },
          to: { outputUsdPerMTok: 77, reasoningUsdPerMTok: 77 },
        },
        { setting: 'budget.usdPerRequest', from: null, to: 0.5 },
        {
          setting: 'caps',
          from: [{ usd: 10, per: 'day', window: 'calendar', timeZone: 'UTC' }],
          to: [{ usd: 99, per: 'day', window: 'calendar', timeZone: 'UTC' }],
        },
      ]),
    )
    expect(told(two)).toEqual([])
    const put = await fetch(`${one.url}/admin/caps`, {
      method: 'PUT',
      headers: { ...ADMIN, 'content-type': 'application/json' },
      body: JSON.stringify([{ usd: 7, per: 'week' }]),
    })
    expect(put.status).toBe(200)
    const from = [{ usd: 99, per: 'day', window: 'calendar', timeZone: 'UTC' }]
    const to = [{ usd: 7, per: 'week', window: 'calendar', timeZone: 'UTC' }]
    await expect.poll(() => told(two), { timeout: 10_000 }).toEqual([{ setting: 'caps', from, to }])
    expect(told(one).length).toBe(3)
  })
})
