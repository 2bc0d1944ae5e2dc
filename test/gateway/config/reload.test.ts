import { describe, expect, it, vi } from 'vitest'
import { LiveConfig } from '../../../src/gateway/config/live-config.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { createRouter, type Router } from '../../../src/index.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { ENV, exampleTree, type Tree } from './example.js'

const read = (tree: Tree, env = ENV) => readConfig(tree, { name: 'c', env })

async function started(tree = exampleTree()) {
  const config = await read(tree)
  const router = await createRouter<string>(routerOptionsOf(config))
  return { live: new LiveConfig(config, router), router }
}

const models = (router: Router<string>) =>
  Object.fromEntries(
    router.stats().models.map(({ id, enabled, inputUsdPerMTok }) => [id, { enabled, inputUsdPerMTok }]),
  )

describe('a reload', () => {
  it('of the same file changes nothing', async () => {
    const { live, router } = await started()
    const events: unknown[] = []
    router.on('*', (event) => events.push(event))
    expect(live.replace(await read(exampleTree()))).toEqual({
      applied: [],
      settings: [],
      needsRestart: [],
      needsNewLog: [],
      failed: [],
    })
    expect(events).toEqual([])
  })

  it('of many models looks at all of them no more often than of one: clients wait meanwhile', async () => {
    const tree = exampleTree()
    const [small] = tree.models as Tree[]
    const others = (count: number, inputUsdPerMTok: number) =>
      Array.from({ length: count }, (_, i) => ({
        ...small,
        id: `m${i}`,
        prices: { inputUsdPerMTok, outputUsdPerMTok: 4 },
      }))
    const treeOf = (more: readonly Tree[]) => ({ ...tree, models: [...(tree.models as Tree[]), ...more] })
    const looks: number[][] = []
    for (const count of [1, 50]) {
      const { live, router } = await started()
      const stats = vi.spyOn(router, 'stats')
      looks.push([])
      // Added, repriced, taken out and back again.
      for (const next of [others(count, 1), others(count, 2), [], others(count, 3)]) {
        const { applied, failed } = live.replace(await read(treeOf(next)))
        expect([applied.length, failed]).toEqual([count, []])
        expect(live.current.models.filter(({ id }) => id.startsWith('m'))).toMatchObject(next)
        looks.at(-1)?.push(stats.mock.calls.length)
      }
    }
    expect(looks[1]).toEqual(looks[0])
  })

  it('adds, reprices and disables models, and one that comes back has its past', async () => {
    const { live, router } = await started()
    const { id } = router.route('hello', { candidates: ['sonnet'] })
    router.settle(id, { costUsd: 0.01 })
    const tree = exampleTree()
    const [small, large, sonnet, embed] = tree.models as Tree[]
    const nano = { ...small, id: 'nano', prices: { inputUsdPerMTok: 0.05, outputUsdPerMTok: 0.4 } }
    const dearer = { ...large, prices: { inputUsdPerMTok: 2, outputUsdPerMTok: 16 } }
    const report = live.replace(
      await read({ ...tree, models: [small, nano, dearer, embed], tenants: tree.tenants }),
    )
    expect(report.applied).toEqual(['model nano: added', 'model large: prices', 'model sonnet: disabled'])
    expect(models(router)).toMatchObject({
      nano: { enabled: true, inputUsdPerMTok: 0.05 },
      large: { inputUsdPerMTok: 2 },
      sonnet: { enabled: false },
    })
    expect(live.current.models.map(({ id }) => id)).toEqual(['small', 'nano', 'large', 'embed'])
    const back = live.replace(
      await read({
        ...tree,
        models: [
          small,
          nano,
          dearer,
          { ...sonnet, prices: { inputUsdPerMTok: 4, outputUsdPerMTok: 20 } },
          embed,
        ],
      }),
    )
    expect(back.applied).toEqual(['model sonnet: added'])
    expect(models(router).sonnet).toEqual({ enabled: true, inputUsdPerMTok: 4 })
    expect(router.stats().models.find((model) => model.id === 'sonnet')?.spendUsd).toBe(0.01)
    const off = live.replace(
      await read({ ...tree, models: [{ ...small, enabled: false }, nano, dearer, sonnet, embed] }),
    )
    expect(off.applied).toEqual(['model sonnet: prices', 'model small: disabled'])
  })

  it('changes budgets, caps, objectives and tenants; what was not edited stays as it was set by command', async () => {
    const { live, router } = await started()
    router.setCaps([{ usd: 7, per: 'day' }])
    router.setBudget({ usdPerRequest: 0.5 }, { tenant: 'research' })
    const tree = exampleTree()
    const report = live.replace(
      await read({
        ...tree,
        budget: { usdPerRequest: 0.006 },
        routing: { latency: { meanMs: 900 } },
        tenants: [
          { id: 'support', caps: [{ usd: 6, per: 'day' }] },
          { id: 'research' },
          { id: 'sales', budget: { usdPerRequest: 0.001 } },
        ],
      }),
    )
    expect(report.applied).toEqual([
      'tenant support: budget or caps',
      'tenant sales: added',
      'budget',
      'routing.latency',
    ])
    expect(report.failed).toEqual([])
    const stats = router.stats()
    expect(stats.pacer.usdPerRequest).toBe(0.006)
    expect(stats.latency?.limitMs).toBe(900)
    expect(stats.account?.caps.map(({ usd, per }) => [usd, per])).toEqual([[7, 'day']])
    expect(router.tenantStats('research').usdPerRequest).toBe(0.5)
    expect(router.tenantStats('support')).toMatchObject({ usdPerRequest: null, caps: [{ usd: 6 }] })
    expect(router.tenantStats('sales').usdPerRequest).toBe(0.001)
    const without = { ...tree, budget: null }
    expect(live.replace(await read({ ...without, keys: [], tenants: [] })).applied).toEqual([
      'tenant support: removed',
      'tenant research: removed',
      'tenant sales: removed',
      'budget',
      'routing.latency',
    ])
    expect(router.tenants()).toEqual([])
    expect(router.stats().pacer.usdPerRequest).toBeNull()
  })

  it('names what needs a restart, and goes on with the old of it', async () => {
    const { live } = await started()
    const tree = exampleTree()
    const report = live.replace(
      await read({
        ...tree,
        listen: { port: 9999 },
        store: { kind: 'memory' },
        budget: { usdPerRequest: 0.004, burst: 9 },
        routing: { strict: true },
        limits: { headerBytesMax: 4096, bodyBytesMax: 4096 },
        timeouts: { requestMs: 5, totalMs: 5 },
        keys: [],
      }),
    )
    expect(report).toEqual({
      applied: [],
      settings: ['limits', 'timeouts', 'keys'],
      needsRestart: [
        'listen',
        'store',
        'budget.burst',
        'routing.strict',
        'limits.headerBytesMax',
        'timeouts.requestMs',
      ],
      needsNewLog: [],
      failed: [],
    })
    const { listen, store, budget, routing, limits, timeouts, keys } = live.current
    expect([listen.port, store.kind, budget, routing, keys]).toEqual([
      8787,
      'sqlite',
      { usdPerRequest: 0.004 },
      {},
      [],
    ])
    expect([limits.headerBytesMax, limits.bodyBytesMax, timeouts.requestMs, timeouts.totalMs]).toEqual([
      16_384, 4096, 30_000, 5,
    ])
    // Said again at the next reload, as it is still so.
    expect(live.replace(await read({ ...tree, listen: { port: 9999 } })).needsRestart).toEqual(['listen'])
  })

  it('names what the log keeps, which no restart changes', async () => {
    const { live } = await started()
    const report = live.replace(
      await read({
        ...exampleTree(),
        budget: { usdPerRequest: 0.004, burst: 9 },
        routing: { gamma: 0.99, lambda0: 2, pendingCapacity: 1000, alpha: 0.5 },
      }),
    )
    expect(report.needsRestart).toEqual(['routing.alpha'])
    expect(report.needsNewLog).toEqual([
      'budget.burst',
      'routing.gamma',
      'routing.lambda0',
      'routing.pendingCapacity',
    ])
  })

  it('knows what a log keeps of a budget that is taken out, and how to keep it', async () => {
    const burst = { ...exampleTree(), budget: { usdPerRequest: 0.004, burst: 20 } }
    const { live, router } = await started(burst)
    const none = { ...exampleTree(), budget: null }
    expect(live.replace(await read(none)).needsNewLog).toEqual(['budget.burst'])
    expect(router.stats().pacer.usdPerRequest).toBeNull()
    const kept = { ...exampleTree(), budget: { usdPerRequest: null, burst: 20 } }
    expect(live.replace(await read(kept)).needsNewLog).toEqual([])
    const other = await started({ ...exampleTree(), budget: null })
    const default50 = { ...exampleTree(), budget: { usdPerRequest: 0.004, burst: 50 } }
    expect(other.live.replace(await read(default50)).needsNewLog).toEqual([])
  })

  it('has the default of the engine for a burst that nobody says', async () => {
    const budget = { usdPerRequest: 0.004, burst: 50 }
    const store = memoryStore()
    const none = await read({ ...exampleTree(), budget: null })
    await (await createRouter<string>({ ...routerOptionsOf(none), store })).close()
    const said = await read({ ...exampleTree(), budget })
    // Another would be refused: the log keeps it.
    await (await createRouter<string>({ ...routerOptionsOf(said), store })).close()
  })

  it('lets a model without prices stand beside an invalid budget', async () => {
    const tree = exampleTree()
    const models = (tree.models as Tree[]).map((model) => ({ ...model, prices: null }))
    const free = {
      ...tree,
      models,
      caps: [],
      tenants: [],
      keys: [],
      budget: { usdPerRequest: null, burst: 20 },
    }
    await expect(read({ ...free, rewards: {} })).resolves.toMatchObject({ budget: { usdPerRequest: null } })
  })

  it('sees a secret that changed, and one that only has another name', async () => {
    const { live } = await started()
    expect(
      live.replace(await read(exampleTree(), { ...ENV, OPENAI_API_KEY: 'sk-rotated-0123456789' })).settings,
    ).toEqual(['upstreams'])
    const text = JSON.stringify(exampleTree()).replace('$OPENAI_API_KEY', '$OTHER')
    const other = await read(JSON.parse(text) as Tree, { ...ENV, ...{ OTHER: 'sk-rotated-0123456789' } })
    expect(live.replace(other).settings).toEqual([])
  })

  it('that the router refuses leaves the old config, and can be tried again', async () => {
    const { live, router } = await started()
    await router.close()
    const before = live.current
    const next = await read({ ...exampleTree(), budget: { usdPerRequest: 1 } })
    const report = live.replace(next)
    expect(report.failed).toHaveLength(1)
    expect(report.failed[0].what).toBe('budget')
    expect(live.current).toBe(before)
    expect(live.replace(next).failed).toHaveLength(1)
  })
})
