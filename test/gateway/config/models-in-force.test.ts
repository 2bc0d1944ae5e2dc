import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { createGateway } from '../../../src/gateway/gateway.js'
import { createRouter, type Store } from '../../../src/index.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { ENV, smallTree, type Tree } from './example.js'

const PRICES = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
const M = { id: 'm', upstream: 'up', prices: PRICES }
const FREE = { id: 'free', upstream: 'up', prices: null }
const CAPS = [{ usd: 1, per: 'day' }]
const treeOf = (...models: readonly Tree[]): Tree => ({
  ...smallTree(),
  admin: { key: '$PARETOBANDIT_ADMIN_KEY' },
  models,
})

const open: (() => Promise<unknown>)[] = []
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  vi.restoreAllMocks()
})

async function started(tree: Tree, store: Store = memoryStore()) {
  const files = { next: tree }
  const readAgain = () => readConfig(files.next, { name: 'c', env: ENV })
  const config = await readAgain()
  const router = await createRouter<string>({ ...routerOptionsOf(config), store })
  const gateway = await createGateway({ config, router, surfaces: clientSurfaces(), readAgain })
  open.push(() => gateway.close())
  const ask = async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${ENV.PARETOBANDIT_ADMIN_KEY}` }
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await gateway.fetch(new Request(`http://c/admin${path}`, { method, headers, ...text }))
    return { status: answer.status, body: (await answer.json()) as Tree }
  }
  const reload = (next: Tree) => {
    files.next = next
    return ask('POST', '/reload')
  }
  const inForce = (id: string) => gateway.live.current.models.find((model) => model.id === id)
  return { ...gateway, router, ask, reload, inForce }
}

describe('a model that is disabled', () => {
  it('in the file takes requests once an admin has enabled it, and after a restart', async () => {
    const store = memoryStore()
    const off = treeOf(M, { ...M, id: 'n', enabled: false })
    const first = await started(treeOf(M, { ...M, id: 'n' }), store)
    await first.reload(off)
    expect(first.inForce('n')?.enabled).toBe(false)
    await first.ask('POST', '/models/n/enable')
    expect(first.inForce('n')?.enabled).toBe(true)
    await first.close()
    const next = await started(off, store)
    expect(next.inForce('n')?.enabled).toBe(true)
    await next.ask('POST', '/models/n/disable')
    expect(next.inForce('n')?.enabled).toBe(false)
  })

  it('and has no prices stays so while a limit is in force', async () => {
    const { ask, inForce } = await started(treeOf(M, FREE))
    await ask('POST', '/models/free/disable')
    expect((await ask('PUT', '/caps', CAPS)).status).toBe(200)
    expect(await ask('POST', '/models/free/enable')).toMatchObject({
      status: 409,
      body: { error: { code: 'unpriced_models', mistakes: [{ path: ':id' }] } },
    })
    expect(inForce('free')?.enabled).toBe(false)
    await ask('PUT', '/models/free/prices', PRICES)
    expect((await ask('POST', '/models/free/enable')).status).toBe(200)
    expect(inForce('free')?.enabled).toBe(true)
  })

  it('and stands in no file any more is not enabled: nobody knows its upstream', async () => {
    const { ask, reload, router } = await started(treeOf(M, { ...M, id: 'n' }))
    await reload(treeOf(M))
    expect(await ask('POST', '/models/n/enable')).toMatchObject({
      status: 409,
      body: { error: { code: 'model_not_in_config', mistakes: [{ path: ':id' }] } },
    })
    expect(router.stats().models[1]?.enabled).toBe(false)
    expect(await ask('POST', '/models', { ...M, id: 'n' })).toMatchObject({
      status: 409,
      body: { error: { code: 'duplicate_model', mistakes: [{ path: 'id' }] } },
    })
    expect((await ask('DELETE', '/models/n')).status).toBe(200)
    expect((await ask('POST', '/models', { ...M, id: 'n' })).status).toBe(201)
  })
})

describe('a restart with a model without prices in the file', () => {
  it('goes on where an admin has given it prices, and then set a limit', async () => {
    const store = memoryStore()
    const first = await started(treeOf(M, FREE), store)
    await first.ask('PUT', '/models/free/prices', PRICES)
    expect((await first.ask('PUT', '/caps', CAPS)).status).toBe(200)
    await first.close()
    const next = await started(treeOf(M, FREE), store)
    expect(next.inForce('free')).toMatchObject({ enabled: true, prices: PRICES })
    expect(next.router.stats().account?.caps).toHaveLength(1)
  })

  it('goes on where an admin has disabled it, and then set a limit', async () => {
    const store = memoryStore()
    const first = await started(treeOf(M, FREE), store)
    await first.ask('POST', '/models/free/disable')
    expect((await first.ask('PUT', '/caps', CAPS)).status).toBe(200)
    await first.close()
    const next = await started(treeOf(M, FREE), store)
    expect(next.inForce('free')?.enabled).toBe(false)
  })

  it('is refused where a limit would not hold it', async () => {
    const store = memoryStore()
    const first = await started(treeOf(M), store)
    await first.ask('PUT', '/caps', CAPS)
    await first.close()
    await expect(started(treeOf(M, FREE), store)).rejects.toThrow(/models\[1\]\.prices/)
  })
})

describe('prices that an admin has set', () => {
  const TIER = { aboveInputTokens: 1000, inputUsdPerMTok: 3, outputUsdPerMTok: 4 }
  const ADDED: readonly Tree[] = [
    { reasoningUsdPerMTok: 9 },
    { cachedInputUsdPerMTok: 0.1 },
    { audioInputUsdPerMTok: 9 },
    { batchDiscount: 0.5 },
    { tiers: [TIER] },
  ]
  it.each(ADDED)('are in force whole where they only add something: %j', async (more) => {
    const gateway = await started(treeOf(M))
    expect(gateway.inForce('m')?.prices).toEqual(PRICES)
    expect((await gateway.ask('PUT', '/models/m/prices', { ...PRICES, ...more })).status).toBe(200)
    expect(gateway.inForce('m')?.prices).toMatchObject(more)
    await gateway.ask('PUT', '/models/m/prices', PRICES)
    expect(gateway.inForce('m')?.prices).toEqual(PRICES)
  })

  it('add to a tier', async () => {
    const gateway = await started(treeOf({ ...M, prices: { ...PRICES, tiers: [TIER] } }))
    expect(gateway.inForce('m')?.prices).toEqual({ ...PRICES, tiers: [TIER] })
    const tiers = [{ ...TIER, reasoningUsdPerMTok: 9 }]
    await gateway.ask('PUT', '/models/m/prices', { ...PRICES, tiers })
    expect(gateway.inForce('m')?.prices).toMatchObject({ tiers })
  })
})

describe('a reload that the router refuses in part', () => {
  it('is undone by the file before it, and done by the file that mends it', async () => {
    const { ask, reload, router } = await started(treeOf(M))
    await ask('PUT', '/caps', CAPS)
    const partly = { ...treeOf(M, FREE), tenants: [{ id: 'z' }], budget: null }
    for (let i = 0; i < 2; i++) {
      const { status, body } = await reload({ ...partly, routing: { latency: { meanMs: 900 } } })
      expect([status, body.failed]).toMatchObject([503, [{ what: 'model free: added' }]])
    }
    expect([router.tenants(), router.stats().latency?.limitMs]).toEqual([['z'], 900])
    expect((await reload(treeOf(M))).body.applied).toEqual(['tenant z: removed', 'routing.latency'])
    expect([router.tenants(), router.stats().latency]).toEqual([[], null])
    // What an admin has set is no matter of the file.
    expect(router.stats().account?.caps).toMatchObject([{ usd: 1 }])
    await reload(partly)
    const { body } = await reload({ ...treeOf(M, { ...FREE, prices: PRICES }), tenants: [{ id: 'z' }] })
    expect(body).toMatchObject({ failed: [] })
    expect(router.tenants()).toEqual(['z'])
    expect((await reload(treeOf(M))).body.applied).toEqual(['tenant z: removed', 'model free: disabled'])
  })
})
