import { afterEach, describe, expect, it, vi } from 'vitest'
import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { JUDGE_TENANT, routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { createGateway, type Gateway } from '../../../src/gateway/gateway.js'
import type { WriteLine } from '../../../src/gateway/logs/request-log.js'
import { createRouter, type JournalSettings, type Router, type Store } from '../../../src/index.js'
import { everyStore } from '../../support/every-store.js'
import { failing, faultyNotes, never } from '../../support/faulty-notes.js'
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

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  vi.restoreAllMocks()
})

interface Process extends Gateway {
  readonly router: Router<string>
  /** Messages of its log. */
  readonly lines: readonly string[]
  /** What it reads when it is told to. */
  readonly files: { next: Tree }
  /** Has it read that file again. */
  reloads(tree: Tree): Promise<void>
  asks(method: string, path: string, body?: unknown): Promise<void>
}

async function started(make: () => Store, tree: Tree, journal: JournalSettings = {}): Promise<Process> {
  const files = { next: tree }
  const readAgain = () => readConfig(files.next, { name: 'c', env: ENV })
  const config = await readAgain()
  const router = await createRouter<string>({ ...routerOptionsOf(config), store: make(), journal })
  const lines: string[] = []
  const write: WriteLine = (_level, _fields, message) => lines.push(message)
  const gateway = await createGateway({ config, router, surfaces: clientSurfaces(), readAgain, write })
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
  return { ...gateway, router, lines, files, reloads, asks }
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

const EDITED: Tree = { ...FIRST, caps: [{ usd: 40, per: 'day' }] }
const NOT_NOTED =
  'reload: not noted in the store yet; until it is, a restart with this file applies once more what was edited'

/** A process on a log whose notes have faults, and `kill`, after which the log has nothing more of it. */
async function faulty(tree = FIRST, journal: JournalSettings = {}) {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const log = new SharedLog()
  const { store, faults } = faultyNotes(log.store())
  const process = await started(() => store, tree, { closeMs: 50, ...journal })
  open.push(async () => {
    store.isCutOff = false
  })
  const again = (tree: Tree) => started(() => log.store(), tree)
  const kill = () => {
    store.isCutOff = true
  }
  return { ...process, log, faults, again, kill }
}

describe('a file that is put back', () => {
  it.each(CASES)('is in force, and stays it at a restart, where no note was written: $name', async (each) => {
    const { router, faults, again, kill, ...process } = await faulty()
    const before = each.inForce(router)
    faults.write = failing
    await process.reloads({ ...FIRST, ...each.edited })
    const edited = each.inForce(router)
    await process.reloads(FIRST)
    expect(each.inForce(router)).toEqual(before)
    // Of its own edits it is sure, notes or not.
    await process.reloads({ ...FIRST, ...each.edited })
    expect(each.inForce(router)).toEqual(edited)
    await process.reloads(FIRST)
    expect(each.inForce(router)).toEqual(before)
    expect(process.lines).toContain(NOT_NOTED)
    kill()
    expect(each.inForce((await again(FIRST)).router)).toEqual(before)
  })

  it.each(CASES)('is in force, and stays it at a restart, where notes are slow: $name', async (each) => {
    const { router, faults, again, files, ...process } = await faulty()
    const before = each.inForce(router)
    const held: (() => void)[] = []
    faults.write = () => new Promise((resolve) => held.push(resolve))
    for (const tree of [{ ...FIRST, ...each.edited }, FIRST]) {
      files.next = tree
      expect((await process.reload()).applied).not.toEqual([])
    }
    expect(each.inForce(router)).toEqual(before)
    expect(held).toHaveLength(1)
    faults.write = async () => {}
    held[0]?.()
    await process.close()
    expect(each.inForce((await again(FIRST)).router)).toEqual(before)
  })

  it('is in force where the store never answers, and the reload comes to an end', async () => {
    const { router, faults, ...process } = await faulty()
    faults.read = never
    await process.reloads(EDITED)
    expect(capsOf(router, null)).toEqual([40])
    await process.reloads(FIRST)
    expect(capsOf(router, null)).toEqual([50])
  })

  it('while the store is away: what was read last is noted when it is back', async () => {
    const { router, log, again, files, ...process } = await faulty(FIRST, { onStoreError: () => {} })
    log.isAway = true
    files.next = EDITED
    await process.reload()
    files.next = { ...FIRST, caps: [{ usd: 30, per: 'day' }] }
    await process.reload()
    files.next = EDITED
    expect((await process.reload()).applied).toEqual(['caps'])
    expect(capsOf(router, null)).toEqual([40])
    log.isAway = false
    await router.flush()
    expect(log.notes.get('options')).toContain('40')
    await process.asks('PUT', '/caps', [{ usd: 7, per: 'day' }])
    await process.close()
    const next = await again(EDITED)
    expect(capsOf(next.router, null)).toEqual([7])
    await next.reloads(FIRST)
    expect(capsOf(next.router, null)).toEqual([50])
  })

  it('wins over what an admin has set between the two reloads, and at a restart', async () => {
    const { router, faults, again, kill, ...process } = await faulty()
    faults.write = failing
    await process.reloads(EDITED)
    await process.asks('PUT', '/caps', [{ usd: 7, per: 'day' }])
    expect(capsOf(router, null)).toEqual([7])
    await process.reloads(EDITED)
    expect(capsOf(router, null)).toEqual([7])
    await process.reloads(FIRST)
    expect(capsOf(router, null)).toEqual([50])
    kill()
    expect(capsOf((await again(FIRST)).router, null)).toEqual([50])
  })
})

describe('a process that is killed before it has noted what it applied', () => {
  it.each([
    ['the file that was read', EDITED, [40]],
    ['the file before it', FIRST, [50]],
    ['another file', { ...FIRST, caps: [{ usd: 30, per: 'day' }] }, [30]],
  ])('leaves it to %s, whatever an admin has set since', async (_name, tree, byFile) => {
    for (const isByAdmin of [false, true]) {
      const { faults, again, kill, ...process } = await faulty()
      // It was noted that what the caps said is not known from here on.
      faults.write = (text) => (text.includes('40') ? failing() : Promise.resolve())
      await process.reloads(EDITED)
      if (isByAdmin) await process.asks('PUT', '/caps', [{ usd: 7, per: 'day' }])
      kill()
      const next = await again(tree)
      expect(capsOf(next.router, null)).toEqual(byFile)
      await next.asks('PUT', '/caps', [{ usd: 8, per: 'day' }])
      await next.close()
      expect(capsOf((await again(tree)).router, null)).toEqual([8])
    }
  })

  it('or before it has applied it leaves it to the file as well', async () => {
    const { faults, log, again, kill, files, ...process } = await faulty(FIRST, { closeMs: 5000 })
    let isNoted: () => void = () => {}
    const noted = new Promise<void>((resolve) => {
      isNoted = resolve
    })
    faults.write = async () => {
      isNoted()
    }
    files.next = EDITED
    const reloading = process.reload()
    await noted
    kill()
    await reloading
    expect(log.notes.get('options')).not.toContain('40')
    expect(capsOf((await again(EDITED)).router, null)).toEqual([40])
  })

  it('or in a reload that was refused in part: the next one that is not says all of it', async () => {
    const { router, log, again, ...process } = await faulty()
    const setLatency = vi.spyOn(router, 'setLatency').mockImplementation(() => {
      throw new Error('no')
    })
    process.files.next = { ...EDITED, routing: { latency: { meanMs: 500 } } }
    expect((await process.reload()).failed).toHaveLength(1)
    expect(capsOf(router, null)).toEqual([40])
    setLatency.mockRestore()
    await process.reloads(FIRST)
    expect(capsOf(router, null)).toEqual([50])
    await process.asks('PUT', '/caps', [{ usd: 7, per: 'day' }])
    expect(log.notes.get('options')).toContain('50')
    await process.close()
    expect(capsOf((await again(FIRST)).router, null)).toEqual([7])
  })
})

it('a latency that the file gives up is given up, with a store too', async () => {
  const { router, ...process } = await faulty({ ...FIRST, routing: { latency: { meanMs: 500 } } })
  expect(router.stats().latency).not.toBeNull()
  await process.reloads(FIRST)
  expect(router.stats().latency).toBeNull()
})
