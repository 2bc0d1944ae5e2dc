import { afterEach, describe, expect, it, vi } from 'vitest'
import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { JUDGE_TENANT, routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { createGateway, type Gateway } from '../../../src/gateway/gateway.js'
import { createRouter, type Router, type Store } from '../../../src/index.js'
import { everyStore } from '../../support/every-store.js'
import { SharedLog } from '../../support/shared-store.js'
import { ENV, smallTree, type Tree } from './example.js'

/** All that both a file and an admin change. */
const PRICES = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
const FIRST: Tree = {
  ...smallTree(),
  admin: { key: '$PARETOBANDIT_ADMIN_KEY' },
  models: ['m', 'n'].map((id) => ({ id, upstream: 'up', prices: PRICES })),
  budget: { usdPerRequest: 0.01 },
  caps: [{ usd: 50, per: 'day' }],
  tenants: [{ id: 'acme', budget: { usdPerRequest: 0.02 }, caps: [{ usd: 5, per: 'hour' }] }],
  rewards: { judge: { model: 'm', share: 0.1, capUsdPerDay: 5 } },
}
const [M, N] = FIRST.models as Tree[]
const priced = (usd: number) => ({ inputUsdPerMTok: usd, outputUsdPerMTok: usd })
const acme = (more: Tree) => [{ ...(FIRST.tenants as Tree[])[0], ...more }]
const judge = (usd: number) => ({ judge: { model: 'm', share: 0.1, capUsdPerDay: usd } })
const model = (router: Router<string>, id: string) =>
  router.stats().models.find((each) => each.id === id) ?? null
const capsOf = (router: Router<string>, tenant: string | null) =>
  (tenant === null ? router.stats().account : router.tenantStats(tenant))?.caps.map(({ usd }) => usd)

interface Case {
  readonly name: string
  /** The file that is reloaded, and one that is newer than what the admin does. */
  readonly edited: Tree
  readonly newer: Tree
  readonly admin: readonly [method: string, path: string, body?: unknown]
  readonly inForce: (router: Router<string>) => unknown
  readonly byFile: unknown
  readonly byAdmin: unknown
  readonly byNewer: unknown
}

const CASES: readonly Case[] = [
  {
    name: 'the budget',
    edited: { budget: { usdPerRequest: 0.005 } },
    newer: { budget: { usdPerRequest: 0.003 } },
    admin: ['PUT', '/budget', { usdPerRequest: 0.5 }],
    inForce: (router) => router.stats().pacer.usdPerRequest,
    byFile: 0.005,
    byAdmin: 0.5,
    byNewer: 0.003,
  },
  {
    name: 'caps',
    edited: { caps: [{ usd: 40, per: 'day' }] },
    newer: { caps: [{ usd: 30, per: 'day' }] },
    admin: ['PUT', '/caps', [{ usd: 7, per: 'day' }]],
    inForce: (router) => capsOf(router, null),
    byFile: [40],
    byAdmin: [7],
    byNewer: [30],
  },
  {
    name: 'caps that the file gives up',
    edited: { caps: [] },
    newer: { caps: [{ usd: 30, per: 'day' }] },
    admin: ['PUT', '/caps', [{ usd: 7, per: 'day' }]],
    inForce: (router) => capsOf(router, null),
    byFile: [],
    byAdmin: [7],
    byNewer: [30],
  },
  {
    name: "a tenant's budget",
    edited: { tenants: acme({ budget: { usdPerRequest: 0.03 } }) },
    newer: { tenants: acme({ budget: { usdPerRequest: 0.04 } }) },
    admin: ['PUT', '/tenants/acme/budget', { usdPerRequest: 0.5 }],
    inForce: (router) => router.tenantStats('acme').usdPerRequest,
    byFile: 0.03,
    byAdmin: 0.5,
    byNewer: 0.04,
  },
  {
    name: "a tenant's caps",
    edited: { tenants: acme({ caps: [{ usd: 4, per: 'hour' }] }) },
    newer: { tenants: acme({ caps: [{ usd: 3, per: 'hour' }] }) },
    admin: ['PUT', '/tenants/acme/caps', [{ usd: 1, per: 'hour' }]],
    inForce: (router) => capsOf(router, 'acme'),
    byFile: [4],
    byAdmin: [1],
    byNewer: [3],
  },
  {
    name: 'caps of a tenant that the file adds',
    edited: { tenants: [...acme({}), { id: 'new', caps: [{ usd: 9, per: 'month' }] }] },
    newer: { tenants: [...acme({}), { id: 'new', caps: [{ usd: 8, per: 'month' }] }] },
    admin: ['PUT', '/tenants/new/caps', [{ usd: 2, per: 'month' }]],
    inForce: (router) => (router.tenants().includes('new') ? capsOf(router, 'new') : null),
    byFile: [9],
    byAdmin: [2],
    byNewer: [8],
  },
  {
    name: 'a tenant that the file takes out',
    edited: { tenants: [] },
    newer: { tenants: acme({ caps: [{ usd: 3, per: 'hour' }] }) },
    admin: ['POST', '/tenants', { id: 'acme', caps: [{ usd: 1, per: 'hour' }] }],
    inForce: (router) => (router.tenants().includes('acme') ? capsOf(router, 'acme') : null),
    byFile: null,
    byAdmin: [1],
    byNewer: [3],
  },
  {
    name: 'a tenant that the admin takes out',
    edited: { tenants: acme({ caps: [{ usd: 4, per: 'hour' }] }) },
    newer: { tenants: [...acme({ caps: [{ usd: 4, per: 'hour' }] }), { id: 'other' }] },
    admin: ['DELETE', '/tenants/acme'],
    inForce: (router) => router.tenants().filter((id) => id !== JUDGE_TENANT),
    byFile: ['acme'],
    byAdmin: [],
    byNewer: ['other'],
  },
  {
    name: "the judge's cap",
    edited: { rewards: judge(4) },
    newer: { rewards: judge(3) },
    admin: ['PUT', `/tenants/${JUDGE_TENANT}/caps`, [{ usd: 1, per: 'day' }]],
    inForce: (router) => capsOf(router, JUDGE_TENANT),
    byFile: [4],
    byAdmin: [1],
    byNewer: [3],
  },
  {
    name: 'prices',
    edited: { models: [M, { ...N, prices: priced(4) }] },
    newer: { models: [M, { ...N, prices: priced(3) }] },
    admin: ['PUT', '/models/n/prices', priced(9)],
    inForce: (router) => model(router, 'n')?.inputUsdPerMTok,
    byFile: 4,
    byAdmin: 9,
    byNewer: 3,
  },
  {
    name: 'prices of a model that the file adds',
    edited: { models: [M, N, { ...N, id: 'new', prices: priced(4) }] },
    newer: { models: [M, N, { ...N, id: 'new', prices: priced(3) }] },
    admin: ['PUT', '/models/new/prices', priced(9)],
    inForce: (router) => model(router, 'new')?.inputUsdPerMTok ?? null,
    byFile: 4,
    byAdmin: 9,
    byNewer: 3,
  },
  {
    name: 'a model that the file disables',
    edited: { models: [M, { ...N, enabled: false }] },
    newer: { models: [M, { ...N, prices: priced(3) }] },
    admin: ['POST', '/models/n/enable'],
    inForce: (router) => [model(router, 'n')?.enabled, model(router, 'n')?.inputUsdPerMTok],
    byFile: [false, 1],
    byAdmin: [true, 1],
    byNewer: [true, 3],
  },
]

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  vi.restoreAllMocks()
})

interface Process extends Gateway {
  readonly router: Router<string>
  /** Has it read that file again. */
  reloads(tree: Tree): Promise<void>
  asks(method: string, path: string, body?: unknown): Promise<void>
}

async function started(make: () => Store, tree: Tree): Promise<Process> {
  const files = { next: tree }
  const readAgain = () => readConfig(files.next, { name: 'c', env: ENV })
  const config = await readAgain()
  const router = await createRouter<string>({ ...routerOptionsOf(config), store: make() })
  const gateway = await createGateway({ config, router, surfaces: clientSurfaces(), readAgain })
  open.push(() => gateway.close())
  const asks = async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${ENV.PARETOBANDIT_ADMIN_KEY}` }
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await gateway.fetch(new Request(`http://c/admin${path}`, { method, headers, ...text }))
    expect(answer.ok, await answer.clone().text()).toBe(true)
    expect(await answer.json()).toMatchObject({ durable: true })
  }
  const reloads = async (tree: Tree) => {
    files.next = tree
    await asks('POST', '/reload')
  }
  return { ...gateway, router, reloads, asks }
}

const STORES = everyStore()

for (const { name, skip, log } of STORES) {
  describe.skipIf(skip)(`a restart after a reload, on ${name}`, () => {
    it.each(CASES)('leaves $name as an admin has set them since; a newer file wins', async (each) => {
      vi.spyOn(console, 'warn').mockImplementation(() => {})
      const make = log()
      const edited = { ...FIRST, ...each.edited }
      const first = await started(make, FIRST)
      await first.reloads(edited)
      expect(each.inForce(first.router)).toEqual(each.byFile)
      await first.asks(...each.admin)
      expect(each.inForce(first.router)).toEqual(each.byAdmin)
      await first.close()
      for (let i = 0; i < 2; i++) {
        const again = await started(make, edited)
        expect(each.inForce(again.router)).toEqual(each.byAdmin)
        await again.close()
      }
      const newer = await started(make, { ...FIRST, ...each.newer })
      expect(each.inForce(newer.router)).toEqual(each.byNewer)
      await newer.close()
    })
  })
}

const SHARED = STORES.filter(({ name }) => name === 'a shared log' || name === 'Redis')

for (const { name, skip, log } of SHARED) {
  describe.skipIf(skip)(`processes that read a file one after another, on ${name}`, () => {
    it.each(CASES)('leave $name as an admin has set them in between', async (each) => {
      vi.spyOn(console, 'warn').mockImplementation(() => {})
      const make = log()
      const edited = { ...FIRST, ...each.edited }
      const newer = { ...FIRST, ...each.newer }
      const [a, b] = [await started(make, FIRST), await started(make, FIRST)]
      const hasAll = (value: unknown) =>
        vi.waitFor(() => {
          for (const { router } of [a, b]) expect(each.inForce(router)).toEqual(value)
        })
      await a.reloads(edited)
      await hasAll(each.byFile)
      await a.asks(...each.admin)
      await hasAll(each.byAdmin)
      await b.reloads(edited)
      await hasAll(each.byAdmin)
      const c = await started(make, edited)
      expect(each.inForce(c.router)).toEqual(each.byAdmin)
      await b.reloads(newer)
      await hasAll(each.byNewer)
      await a.reloads(newer)
      await hasAll(each.byNewer)
    })
  })
}

it('a change is durable when what the file said before it has been noted', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  const log = new SharedLog()
  const make = () => log.store()
  const edited = { ...FIRST, caps: [{ usd: 40, per: 'day' }] }
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow = (): Store => {
    const store = make()
    const write = store.writeNote?.bind(store)
    return Object.assign(store, {
      async writeNote(name: string, text: string) {
        if (text.includes('40')) await held
        await write?.(name, text)
      },
    })
  }
  const first = await started(slow, FIRST)
  const order: string[] = []
  const reloading = first.reloads(edited).then(() => order.push('reload'))
  await vi.waitFor(() => expect(capsOf(first.router, null)).toEqual([40]))
  const asking = first.asks('PUT', '/caps', [{ usd: 7, per: 'day' }]).then(() => order.push('caps'))
  await vi.waitFor(() => expect(capsOf(first.router, null)).toEqual([7]))
  expect(order).toEqual([])
  release()
  await Promise.all([reloading, asking])
  const again = await started(make, edited)
  expect(capsOf(again.router, null)).toEqual([7])
})
