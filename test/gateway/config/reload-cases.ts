import { JUDGE_TENANT } from '../../../src/gateway/config/router-options.js'
import type { Router } from '../../../src/index.js'
import { smallTree, type Tree } from './example.js'

/** All that both a file and an admin change. */
const PRICES = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
export const FIRST: Tree = {
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
/** Dollars of the caps of a tenant; null: of all. */
export const capsOf = (router: Router<string>, tenant: string | null) =>
  (tenant === null ? router.stats().account : router.tenantStats(tenant))?.caps.map(({ usd }) => usd)

/** What a file and an admin may both set. */
export interface Case {
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

export const CASES: readonly Case[] = [
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
    inForce: (router) => (model(router, 'new')?.enabled ? model(router, 'new')?.inputUsdPerMTok : null),
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
