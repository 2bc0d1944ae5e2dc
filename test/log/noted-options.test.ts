import { describe, expect, it, vi } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { Store } from '../../src/log/store.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectRejection } from '../support/errors.js'
import { failing, faultyNotes, never } from '../support/faulty-notes.js'
import { EVERY_LIMIT, MODELS } from '../support/router.js'
import { SharedLog } from '../support/shared-store.js'
import '../support/seed.js'

const [SMALL, MIDDLE, LARGE] = MODELS
const open = (store: Store | undefined, options: RouterOptions = EVERY_LIMIT) =>
  createRouter({ name: 'r', dimension: 3, kernel: 'js', ...options, ...(store && { store }) })
const EDITED = { ...EVERY_LIMIT, caps: [{ usd: 40, per: 'day' }] } as const
const CAPS = new Set(['caps'])
const NONE = new Set()

const caps = (router: Router) => router.stats().account?.caps.map(({ usd }) => usd)

const EDITS: readonly [RouterOptions, readonly string[]][] = [
  [EVERY_LIMIT, []],
  [{ budget: null }, ['budget.usdPerRequest']],
  [{ caps: [] }, ['caps']],
  [{ latency: null }, ['latency']],
  [{ quality: { meanReward: 0.7 } }, ['quality']],
  [{ models: [{ ...SMALL, inputUsdPerMTok: 9 }, MIDDLE] }, ['models["small"]', 'models["large"]']],
  [{ models: [...MODELS, { ...LARGE, id: 'new' }] }, ['models["new"]']],
  [{ tenants: [] }, ['tenants["acme"]', 'tenants["acme"].budget', 'tenants["acme"].caps']],
  [{ tenants: [{ ...EVERY_LIMIT.tenants[0], caps: [] }] }, ['tenants["acme"].caps']],
  [{ tenants: [...EVERY_LIMIT.tenants, { id: 'new', caps: [] }] }, ['tenants["new"]', 'tenants["new"].caps']],
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
    const edited = {
      ...EVERY_LIMIT,
      caps: [{ usd: 40, per: 'day' }],
      budget: { usdPerRequest: 0.005 },
    } as const
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
    await (await open(store, { ...EVERY_LIMIT, tenants: [] })).close()
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
    const edited = { ...EVERY_LIMIT, caps: [{ usd: 40, per: 'day' }] } as const
    log.isAway = true
    router.setCaps(edited.caps)
    const heard = router.noteOptions(edited, ['caps'])
    expect(log.notes.get('options')).not.toContain('40')
    log.isAway = false
    await router.flush()
    expect(log.notes.get('options')).toContain('40')
    await heard
    expect(await other.editedOptions(edited)).toEqual(new Set())
    expect(await other.editedOptions(EVERY_LIMIT)).toEqual(new Set(['caps']))
    const last = router.noteOptions(EVERY_LIMIT, ['caps'])
    await router.close()
    await last
    expect(await other.editedOptions(EVERY_LIMIT)).toEqual(new Set())
    await other.close()
  })

  it('take any path: one that names nothing changes nothing that was said', async () => {
    const store = memoryStore()
    const router = await open(store)
    await router.noteOptions(EVERY_LIMIT, ['tenants["nobody"].caps', 'cpas'])
    expect(await router.editedOptions(EVERY_LIMIT)).toEqual(NONE)
    expect(await router.claimOptions(EVERY_LIMIT, ['tenants["nobody"].caps'])).toEqual(NONE)
    await router.close()
  })

  it('say nothing without a store, and are checked with one', async () => {
    const bare = await open(undefined)
    expect(await bare.editedOptions({ caps: [] })).toBeNull()
    expect(await bare.claimOptions({ caps: [] }, ['caps'])).toBeNull()
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

  it('are said by this process even where the note fails, and are noted with the next note or by `flush`', async () => {
    const log = new SharedLog()
    const { store, faults } = faultyNotes(log.store())
    const [router, other] = [await open(store), await open(log.store())]
    faults.write = failing
    await expectRejection(router.noteOptions(EDITED, CAPS), 'STORE_UNREACHABLE')
    expect(await router.editedOptions(EDITED)).toEqual(NONE)
    expect(await router.editedOptions(EVERY_LIMIT)).toEqual(CAPS)
    expect(await other.editedOptions(EDITED)).toEqual(CAPS)
    await router.flush()
    expect(await other.editedOptions(EDITED)).toEqual(CAPS)
    faults.write = async () => {}
    await router.flush()
    expect(await other.editedOptions(EDITED)).toEqual(NONE)
    faults.write = failing
    await expectRejection(router.noteOptions(EVERY_LIMIT, CAPS), 'STORE_UNREACHABLE')
    faults.write = async () => {}
    await router.noteOptions({ latency: { meanMs: 400 } }, ['latency'])
    expect(await other.editedOptions(EVERY_LIMIT)).toEqual(new Set(['latency']))
    await Promise.all([router.close(), other.close()])
  })

  it('are noted by `close` where the store is back', async () => {
    const log = new SharedLog()
    const { store, faults } = faultyNotes(log.store())
    const router = await open(store)
    faults.write = failing
    await expectRejection(router.noteOptions(EDITED, CAPS), 'STORE_UNREACHABLE')
    faults.write = async () => {}
    await router.close()
    expect(log.notes.get('options')).toContain('40')
  })

  it('are said while their note is under way, and are noted in the order in which they were said', async () => {
    const log = new SharedLog()
    const { store, faults } = faultyNotes(log.store())
    const router = await open(store)
    const held: (() => void)[] = []
    faults.write = () => new Promise<void>((resolve) => held.push(resolve))
    const first = router.noteOptions(EDITED, CAPS)
    expect(await router.editedOptions(EDITED)).toEqual(NONE)
    expect(await router.editedOptions(EVERY_LIMIT)).toEqual(CAPS)
    const second = router.noteOptions(EVERY_LIMIT, CAPS)
    expect(await router.editedOptions(EVERY_LIMIT)).toEqual(NONE)
    await vi.waitFor(() => expect(held).toHaveLength(1))
    faults.write = async () => {}
    held[0]?.()
    await Promise.all([first, second])
    expect(await router.editedOptions(EVERY_LIMIT)).toEqual(NONE)
    expect(log.notes.get('options')).not.toContain('40')
    await router.close()
  })

  it('a store that never answers holds up nobody', async () => {
    const { store, faults } = faultyNotes(new SharedLog().store())
    const router = await open(store, { ...EVERY_LIMIT, journal: { closeMs: 20 } })
    faults.read = never
    await expectRejection(router.editedOptions(EDITED), 'STORE_UNREACHABLE')
    faults.read = async () => {}
    faults.write = never
    await expectRejection(router.noteOptions(EDITED, CAPS), 'STORE_UNREACHABLE')
    await expectRejection(router.noteOptions(EVERY_LIMIT, CAPS), 'STORE_UNREACHABLE')
    expect(await router.editedOptions(EDITED)).toEqual(CAPS)
    await router.flush()
    await router.close()
  })

  it('are noted though an earlier note hangs, which changes nothing when it ends late', async () => {
    const log = new SharedLog()
    const { store, faults } = faultyNotes(log.store())
    const router = await open(store, { ...EVERY_LIMIT, journal: { closeMs: 20 } })
    const held: (() => void)[] = []
    faults.write = () => new Promise<void>((resolve) => held.push(resolve))
    await expectRejection(router.noteOptions(EDITED, CAPS), 'STORE_UNREACHABLE')
    faults.write = async () => {}
    const later = { ...EVERY_LIMIT, caps: [{ usd: 30, per: 'day' }] } as const
    await vi.waitFor(() => router.noteOptions(later, CAPS))
    expect(log.notes.get('options')).toContain('30')
    held[0]?.()
    await router.flush()
    await router.close()
    expect(log.notes.get('options')).toContain('30')
    expect(log.notes.get('options')).not.toContain('40')
  })

  it('of two processes that note at once are both there', async () => {
    const log = new SharedLog()
    const { store, faults } = faultyNotes(log.store())
    const [router, other] = [await open(store), await open(log.store())]
    const held: (() => void)[] = []
    faults.write = () => new Promise<void>((resolve) => held.push(resolve))
    const first = router.noteOptions(EDITED, CAPS)
    // It has read what stands there.
    await vi.waitFor(() => expect(held).toHaveLength(1))
    await other.noteOptions({ latency: { meanMs: 400 } }, ['latency'])
    faults.write = async () => {}
    held[0]?.()
    await first
    const both = { ...EDITED, latency: { meanMs: 400 } }
    for (const each of [router, other]) expect(await each.editedOptions(both)).toEqual(NONE)
    await Promise.all([router.close(), other.close()])
  })

  it('are noted when the store is back, though the call has ended before', async () => {
    const log = new SharedLog()
    const router = await open(log.store(), {
      ...EVERY_LIMIT,
      journal: { closeMs: 20, onStoreError: () => {} },
    })
    log.isAway = true
    router.setCaps(EDITED.caps)
    await expectRejection(router.noteOptions(EDITED, CAPS), 'STORE_UNREACHABLE')
    log.isAway = false
    await vi.waitFor(() => expect(log.notes.get('options')).toContain('40'))
    await router.close()
  })

  it('that are not given at all are unknown: whatever options say next is an edit, at a start too', async () => {
    const store = memoryStore()
    const router = await open(store)
    await router.noteOptions({}, ['caps', 'tenants["new"]'])
    expect(await router.editedOptions(EVERY_LIMIT)).toEqual(new Set(['caps', 'tenants["new"]']))
    expect(await router.editedOptions(EDITED)).toEqual(new Set(['caps', 'tenants["new"]']))
    router.setCaps(EDITED.caps)
    router.addTenant({ id: 'new' })
    await router.close()
    const next = await open(store)
    expect(caps(next)).toEqual([50])
    expect(next.tenants()).toEqual(['acme'])
    expect(await next.editedOptions(EVERY_LIMIT)).toEqual(NONE)
    await next.close()
  })

  it('of a start that is not noted are put back by the next one', async () => {
    const log = new SharedLog()
    await (await open(log.store())).close()
    const { store, faults } = faultyNotes(log.store())
    // What is unknown is noted, and then the process is killed.
    faults.write = (text) => (text.includes('40') ? failing() : Promise.resolve())
    const errors: unknown[] = []
    const options = { ...EDITED, journal: { onStoreError: (error: unknown) => errors.push(error) } }
    const router = await open(store, options)
    expect(caps(router)).toEqual([40])
    expect(errors).toHaveLength(1)
    expect(await router.editedOptions(EVERY_LIMIT)).toEqual(CAPS)
    store.isCutOff = true
    const next = await open(log.store())
    expect(caps(next)).toEqual([50])
    await next.close()
    await router.close().catch(() => {})
  })
})
