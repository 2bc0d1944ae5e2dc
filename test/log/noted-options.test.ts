import { describe, expect, it, vi } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { Store } from '../../src/log/store.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectRejection } from '../support/errors.js'
import { MODELS } from '../support/router.js'
import { SharedLog } from '../support/shared-store.js'
import '../support/seed.js'

const [SMALL, MIDDLE, LARGE] = MODELS
const FIRST = {
  models: MODELS,
  budget: { usdPerRequest: 0.01 },
  caps: [{ usd: 50, per: 'day' }],
  tenants: [{ id: 'acme', budget: { usdPerRequest: 0.02 }, caps: [{ usd: 5, per: 'hour' }] }],
  latency: { meanMs: 500 },
  quality: { meanReward: 0.6 },
} as const satisfies RouterOptions

const open = (store: Store | undefined, options: RouterOptions = FIRST) =>
  createRouter({ name: 'r', dimension: 3, kernel: 'js', ...options, ...(store && { store }) })
const caps = (router: Router) => router.stats().account?.caps.map(({ usd }) => usd)

const EDITS: readonly [RouterOptions, readonly string[]][] = [
  [FIRST, []],
  [{ budget: null }, ['budget.usdPerRequest']],
  [{ caps: [] }, ['caps']],
  [{ latency: null }, ['latency']],
  [{ quality: { meanReward: 0.7 } }, ['quality']],
  [{ models: [{ ...SMALL, inputUsdPerMTok: 9 }, MIDDLE] }, ['models["small"]', 'models["large"]']],
  [{ models: [...MODELS, { ...LARGE, id: 'new' }] }, ['models["new"]']],
  [{ tenants: [] }, ['tenants["acme"]', 'tenants["acme"].budget', 'tenants["acme"].caps']],
  [{ tenants: [{ ...FIRST.tenants[0], caps: [] }] }, ['tenants["acme"].caps']],
  [{ tenants: [...FIRST.tenants, { id: 'new', caps: [] }] }, ['tenants["new"]', 'tenants["new"].caps']],
  [{ alpha: 3 }, []],
]

describe('options that are read again while a router runs', () => {
  it.each(EDITS)('%j: paths that nobody has heard, until they are', async (options, paths) => {
    const router = await open(memoryStore())
    expect([...((await router.editedOptions(options)) ?? [])]).toEqual(paths)
    // Whatever commands have done: it is what options said that counts.
    router.setCaps([{ usd: 1, per: 'month' }])
    router.removeTenant('acme')
    expect([...((await router.editedOptions(options)) ?? [])]).toEqual(paths)
    await router.noteOptions(options, paths)
    expect(await router.editedOptions(options)).toEqual(new Set())
    await router.close()
  })

  it('are no edit at the next start, and what was not named is one', async () => {
    const store = memoryStore()
    const edited = { ...FIRST, caps: [{ usd: 40, per: 'day' }], budget: { usdPerRequest: 0.005 } } as const
    const router = await open(store)
    router.setCaps(edited.caps)
    await router.noteOptions(edited, ['caps'])
    router.setCaps([{ usd: 7, per: 'day' }])
    await router.close()
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const next = await open(store, edited)
    expect(caps(next)).toEqual([7])
    expect(next.stats().pacer.usdPerRequest).toBe(0.005)
    expect(warned.mock.calls.flat()).toEqual([expect.stringMatching(/^memory: caps is .*, which holds/)])
    warned.mockRestore()
    await next.close()
  })

  it('that add a tenant at a start say its limits as well: what commands do later holds', async () => {
    const store = memoryStore()
    await (await open(store, { ...FIRST, tenants: [] })).close()
    const router = await open(store)
    expect(router.recovery?.differences).toEqual([
      'tenants["acme"] is registered in the options and was absent in the log, and is in force now',
    ])
    router.setCaps([{ usd: 1, per: 'hour' }], { tenant: 'acme' })
    router.setBudget({ usdPerRequest: 0.5 }, { tenant: 'acme' })
    await router.close()
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const next = await open(store)
    expect(next.tenantStats('acme')).toMatchObject({ usdPerRequest: 0.5, caps: [{ usd: 1 }] })
    warned.mockRestore()
    await next.close()
  })

  it('are noted once their events are in the store, and `flush` and `close` wait for it', async () => {
    const log = new SharedLog()
    const [router, other] = [await open(log.store()), await open(log.store())]
    const edited = { ...FIRST, caps: [{ usd: 40, per: 'day' }] } as const
    log.isAway = true
    router.setCaps(edited.caps)
    const heard = router.noteOptions(edited, ['caps'])
    expect(log.notes.get('options')).not.toContain('40')
    log.isAway = false
    await router.flush()
    expect(log.notes.get('options')).toContain('40')
    await heard
    expect(await other.editedOptions(edited)).toEqual(new Set())
    expect(await other.editedOptions(FIRST)).toEqual(new Set(['caps']))
    const last = router.noteOptions(FIRST, ['caps'])
    await router.close()
    await last
    expect(await other.editedOptions(FIRST)).toEqual(new Set())
    await other.close()
  })

  it('say nothing without a store, and are checked with one', async () => {
    const bare = await open(undefined)
    expect(await bare.editedOptions({ caps: [] })).toBeNull()
    await bare.noteOptions({ caps: [] }, ['caps'])
    await bare.close()
    await expectRejection(bare.noteOptions({ caps: [] }, ['caps']), 'STORE_CLOSED')
    const router = await open(memoryStore())
    const bad = { caps: [{ usd: -1, per: 'day' }] } as unknown as RouterOptions
    await expectRejection(router.editedOptions(bad), 'INVALID_ARGUMENT', 'caps[0].usd')
    await expectRejection(router.noteOptions(bad, []), 'INVALID_ARGUMENT', 'caps[0].usd')
    const odd = { cap: [] } as unknown as RouterOptions
    await expectRejection(router.noteOptions(odd, []), 'UNKNOWN_OPTION', 'cap')
    await router.close()
  })
})
