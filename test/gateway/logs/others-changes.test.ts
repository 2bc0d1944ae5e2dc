import { afterEach, describe, expect, it, vi } from 'vitest'
import { OthersChangeLog } from '../../../src/gateway/logs/others-changes.js'
import { createRouter, type Router, type RouterEvent } from '../../../src/index.js'
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

/** A router, and what is written of events of another, by a clock that stands. */
async function hearing(count = 1) {
  const router: Router<string> = await createRouter<string>({
    models: Array.from({ length: count }, (_, i) => ({
      id: `m${i}`,
      inputUsdPerMTok: 1,
      outputUsdPerMTok: 1,
    })),
    caps: [{ usd: 10, per: 'day' }],
  })
  ends.push(() => router.close())
  const lines: Record<string, unknown>[] = []
  const time = { now: 0 }
  const timers = new Set<{ at: number; call: () => void }>()
  const log = new OthersChangeLog(
    (_, fields) => void lines.push({ ...fields }),
    () => router,
    () => time.now,
    (ms, call) => {
      const timer = { at: time.now + ms, call }
      timers.add(timer)
      return () => timers.delete(timer)
    },
  )
  const pass = (ms: number) => {
    time.now += ms
    for (const timer of [...timers].filter(({ at }) => at <= time.now)) {
      timers.delete(timer)
      timer.call()
    }
  }
  const hear = (event: object) => log.hear({ event: event as RouterEvent, origin: 'r-2' })
  const capsSet = (usd: number) => hear({ type: 'caps-set', tenant: null, caps: [{ usd, per: 'day' }] })
  return { router, lines, log, pass, hear, capsSet, timers }
}

const capsOf = (usd: number) => [expect.objectContaining({ usd })]

describe('of changes within a minute', () => {
  it('the latest has its line when the minute is over: the last line says what is in force', async () => {
    const { lines, pass, capsSet, timers } = await hearing()
    capsSet(99)
    pass(1000)
    capsSet(50)
    capsSet(7)
    expect(lines).toHaveLength(1)
    pass(58_999)
    expect(lines).toHaveLength(1)
    pass(1)
    expect(lines.slice(1)).toEqual([
      { setting: 'caps', from: capsOf(99), to: capsOf(7), process: 'r-2', alikeSince: 1 },
    ])
    // There and back: the last line says it already.
    capsSet(8)
    capsSet(7)
    pass(60_000)
    expect([lines.length, timers.size]).toEqual([2, 0])
  })

  it('of each setting by its own minute', async () => {
    const { lines, pass, capsSet, hear } = await hearing()
    const budgetSet = (usdPerRequest: number) => hear({ type: 'budget-set', tenant: null, usdPerRequest })
    capsSet(99)
    pass(30_000)
    budgetSet(1)
    budgetSet(2)
    capsSet(7)
    pass(30_000)
    expect(lines.at(-1)).toMatchObject({ setting: 'caps', to: capsOf(7) })
    pass(30_000)
    expect(lines.at(-1)).toMatchObject({ setting: 'budget.usdPerRequest', from: 1, to: 2 })
    expect(lines).toHaveLength(4)
  })

  it('at the end too, and nothing is written or waits then', async () => {
    const { lines, log, pass, capsSet, timers } = await hearing()
    capsSet(99)
    capsSet(7)
    log.close()
    expect(lines.map(({ to }) => to)).toEqual([capsOf(99), capsOf(7)])
    capsSet(8)
    pass(60_000)
    expect([lines.length, timers.size]).toEqual([2, 0])
  })

  it('of more settings than are kept apart too', async () => {
    const { lines, capsSet, hear } = await hearing()
    capsSet(99)
    capsSet(7)
    // Several that wait, the oldest of all.
    for (const usdPerRequest of [1, 2, 3]) hear({ type: 'budget-set', tenant: null, usdPerRequest })
    for (let i = 0; i < 1000; i++) hear({ type: 'tenant-added', tenant: `t${i}`, usdPerRequest: 1 })
    const last = (name: string) => lines.filter(({ setting }) => setting === name).at(-1)
    expect(last('caps')).toMatchObject({ to: capsOf(7) })
    expect(last('budget.usdPerRequest')).toMatchObject({ from: 1, to: 3 })
  })

  it('of prices those that differ from the last line', async () => {
    const { lines, pass, hear } = await hearing()
    const reprice = (outputUsdPerMTok: number) =>
      hear({ type: 'model-repriced', model: 'm0', price: { inputUsdPerMTok: 1, outputUsdPerMTok } })
    reprice(2)
    reprice(3)
    pass(60_000)
    expect(lines.map(({ from, to }) => [from, to])).toEqual([
      [{ outputUsdPerMTok: 1 }, { outputUsdPerMTok: 2 }],
      [{ outputUsdPerMTok: 2 }, { outputUsdPerMTok: 3 }],
    ])
  })
})

it('all that comes at once is served by one look at the router', async () => {
  const { router, lines, hear } = await hearing(40)
  const stats = vi.spyOn(router, 'stats')
  for (let i = 0; i < 40; i++)
    hear({ type: 'model-repriced', model: `m${i}`, price: { inputUsdPerMTok: 2, outputUsdPerMTok: 1 } })
  expect([lines.length, stats.mock.calls.length]).toEqual([40, 1])
  // What is limited needs none; what comes later is told from what is in force by then.
  await Promise.resolve()
  hear({ type: 'model-repriced', model: 'm0', price: { inputUsdPerMTok: 3, outputUsdPerMTok: 1 } })
  expect(stats.mock.calls.length).toBe(1)
  router.setBudget({ usdPerRequest: 5 })
  hear({ type: 'budget-set', tenant: null, usdPerRequest: 6 })
  expect(lines.at(-1)).toMatchObject({ setting: 'budget.usdPerRequest', from: 5, to: 6 })
})

it('a bill of another process that came late is no change of a setting', async () => {
  const { lines, hear } = await hearing()
  hear({ type: 'account-adjusted', tenant: null, usd: -0.01 })
  expect(lines).toEqual([])
})

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
