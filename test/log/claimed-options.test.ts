import { afterEach, describe, expect, it, vi } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { Store } from '../../src/log/store.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectRejection } from '../support/errors.js'
import { failing, faultyNotes } from '../support/faulty-notes.js'
import { EVERY_LIMIT, MODELS } from '../support/router.js'
import { pause, SharedLog, type SharedStore } from '../support/shared-store.js'
import '../support/seed.js'

afterEach(() => {
  vi.useRealTimers()
})

const open = (store: Store, options: RouterOptions = EVERY_LIMIT) =>
  createRouter({ models: MODELS, dimension: 3, kernel: 'js', ...options, store })
const EDITED = { ...EVERY_LIMIT, caps: [{ usd: 40, per: 'day' }] } as const
const LATENCY = { latency: { meanMs: 400 } } as const
const CAPS = new Set(['caps'])
const NONE = new Set()

/** Texts of the note, by path. */
function noted(log: SharedLog): Record<string, unknown> {
  return JSON.parse(log.notes.get('options') ?? 'null')
}

/** Timers do not go off: what waits for one does not end. */
function stopTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
}

/** Answers to what replaces a note are held from now on, until `release`: the store has done it before. */
function heldReplies(store: SharedStore) {
  const replace = store.replaceNote.bind(store)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const replaced = vi.fn()
  store.replaceNote = async (...args) => {
    const isWritten = await replace(...args)
    replaced()
    await held
    return isWritten
  }
  return { replaced, release }
}

describe('options that are edited', () => {
  it('are claimed by one process, and the others wait until it has noted them', async () => {
    const log = new SharedLog()
    const [router, other] = [await open(log.store()), await open(log.store())]
    const paths = ['caps', 'latency']
    const claims = await Promise.all([router.claimOptions(EDITED, paths), router.claimOptions(EDITED, paths)])
    expect(claims).toEqual([CAPS, CAPS])
    let isOver = false
    const waiting = other.claimOptions(EDITED, paths).finally(() => {
      isOver = true
    })
    await pause(120)
    expect(isOver).toBe(false)
    await router.noteOptions(EDITED, CAPS)
    expect(await waiting).toEqual(NONE)
    expect(await other.claimOptions({ ...EDITED, latency: { meanMs: 1 } }, paths)).toEqual(
      new Set(['latency']),
    )
    // Of options that are not given all are news.
    expect(await other.claimOptions({}, ['quality'])).toEqual(new Set(['quality']))
    await Promise.all([router.close(), other.close()])
  })

  it('are claimed by the next where a process has claimed them and is gone', async () => {
    const log = new SharedLog()
    const killed = log.store()
    const [router, other] = [await open(killed), await open(log.store())]
    await router.claimOptions(EDITED, CAPS)
    killed.isCutOff = true
    expect(await other.claimOptions(EDITED, CAPS)).toEqual(CAPS)
    killed.isCutOff = false
    await Promise.all([router.close(), other.close()])
  })

  it('are claimed by one of two that come after one that is gone', async () => {
    const log = new SharedLog()
    const killed = log.store()
    const gone = await open(killed)
    const routers = [await open(log.store()), await open(log.store())]
    await gone.claimOptions(EDITED, CAPS)
    killed.isCutOff = true
    const claims = routers.map((router) => router.claimOptions(EDITED, CAPS))
    const first = await Promise.race(claims.map((claim, i) => claim.then(() => i)))
    expect(await claims[first]).toEqual(CAPS)
    const ended = vi.fn()
    void claims[1 - first].then(ended)
    await pause(200)
    expect(ended).not.toHaveBeenCalled()
    await routers[first].noteOptions(EDITED, CAPS)
    expect(await claims[1 - first]).toEqual(NONE)
    killed.isCutOff = false
    await Promise.all([gone, ...routers].map((router) => router.close()))
  })

  it('are claimed at once, by one of two, where nobody says them', async () => {
    const log = new SharedLog()
    const routers = [await open(log.store()), await open(log.store())]
    await routers[0].noteOptions({}, ['latency'])
    stopTimers()
    const claims = routers.map((router) => router.claimOptions(LATENCY, ['latency']))
    const first = await Promise.race(claims.map((claim, i) => claim.then(() => i)))
    vi.useRealTimers()
    expect(await claims[first]).toEqual(new Set(['latency']))
    await routers[first].noteOptions(LATENCY, ['latency'])
    // It began to wait while no timer went off.
    expect(await routers[1 - first].claimOptions(LATENCY, ['latency'])).toEqual(NONE)
    await Promise.all(routers.map((router) => router.close()))
  })

  it('are claimed at once where no other process can have claimed them', async () => {
    const store = memoryStore()
    const first = await open(store)
    await first.claimOptions({ pendingTtlMs: 1e6 }, ['pendingTtlMs'])
    await first.close()
    const next = await open(store)
    stopTimers()
    expect(await next.claimOptions({ pendingTtlMs: 1e6 }, ['pendingTtlMs'])).toEqual(
      new Set(['pendingTtlMs']),
    )
    vi.useRealTimers()
    await next.close()
  })

  it('are waited for where another process starts with them', async () => {
    const log = new SharedLog()
    const other = await open(log.store())
    const { store, faults } = faultyNotes(log.store())
    const held: (() => void)[] = []
    faults.write = (text) =>
      text.includes('40') ? new Promise<void>((resolve) => held.push(resolve)) : Promise.resolve()
    const starting = open(store, EDITED)
    await vi.waitFor(() => expect(held).toHaveLength(1))
    const waiting = other.claimOptions(EDITED, CAPS)
    faults.write = async () => {}
    held[0]()
    expect(await waiting).toEqual(NONE)
    await Promise.all([(await starting).close(), other.close()])
  })

  it('are not claimed by one that counted as gone before it heard that it had claimed them', async () => {
    const log = new SharedLog()
    const store = log.store()
    const [router, other] = [await open(store), await open(log.store())]
    const { replaced, release } = heldReplies(store)
    const claiming = router.claimOptions(EDITED, CAPS)
    await vi.waitFor(() => expect(replaced).toHaveBeenCalled())
    await other.noteOptions(EDITED, CAPS)
    release()
    expect(await claiming).toEqual(NONE)
    await Promise.all([router.close(), other.close()])
  })

  it('stay said where they are said while a claim of them is under way', async () => {
    const log = new SharedLog()
    const { store, faults } = faultyNotes(log.store())
    const [router, other] = [await open(store), await open(log.store())]
    let release = () => {}
    faults.write = () =>
      new Promise<void>((resolve) => {
        faults.write = failing
        release = resolve
      })
    const claiming = router.claimOptions(EDITED, CAPS)
    await vi.waitFor(() => expect(faults.write).toBe(failing))
    await expectRejection(router.noteOptions(EDITED, CAPS), 'STORE_UNREACHABLE')
    release()
    await claiming
    expect(await router.editedOptions(EDITED)).toEqual(NONE)
    faults.write = async () => {}
    await router.flush()
    expect(await other.editedOptions(EDITED)).toEqual(NONE)
    await Promise.all([router.close(), other.close()])
  })

  it('stay noted where a claim of others is under way, on a store that replaces nothing', async () => {
    const log = new SharedLog()
    const { store, faults } = faultyNotes(log.store())
    Object.assign(store, { replaceNote: undefined })
    const router = await open(store)
    let release = () => {}
    faults.write = () =>
      new Promise<void>((resolve) => {
        faults.write = async () => {}
        release = resolve
      })
    const claiming = router.claimOptions({ ...EDITED, ...LATENCY }, ['latency'])
    const isNoted = router.noteOptions(EDITED, CAPS)
    await pause(20)
    release()
    expect(await claiming).toEqual(new Set(['latency']))
    await isNoted
    await router.flush()
    expect(await router.editedOptions({ ...EDITED, ...LATENCY })).toEqual(new Set(['latency']))
    expect(noted(log)).toMatchObject({ caps: expect.stringContaining('40') })
    await router.close()
  })

  it.each([true, false])('and put back stay so, whatever ends late, claimed (%s)', async (isClaimed) => {
    const log = new SharedLog()
    const { store, faults } = faultyNotes(log.store())
    const router = await open(store, { ...EVERY_LIMIT, journal: { closeMs: 20 } })
    let release = () => {}
    if (isClaimed) await router.claimOptions(EDITED, CAPS)
    faults.write = () =>
      new Promise<void>((resolve) => {
        release = resolve
      })
    await expectRejection(router.noteOptions(EDITED, CAPS), 'STORE_UNREACHABLE')
    faults.write = async () => {}
    if (isClaimed) await router.claimOptions(EVERY_LIMIT, CAPS)
    await vi.waitFor(() => router.noteOptions(EVERY_LIMIT, CAPS))
    release()
    await router.flush()
    expect(noted(log).caps).toContain('50')
    await router.close()
  })

  it('are read as earlier releases have noted them, and are noted as they read them', async () => {
    const log = new SharedLog()
    const [router, other] = [await open(log.store()), await open(log.store())]
    const earlier = (texts: Record<string, unknown>) => log.notes.set('options', JSON.stringify(texts))
    const { '#': _, caps, ...rest } = noted(log)
    earlier({ ...rest, caps: '' })
    expect(await router.editedOptions(EVERY_LIMIT)).toEqual(CAPS)
    expect(await router.claimOptions(EVERY_LIMIT, CAPS)).toEqual(CAPS)
    // Of each path a text that no option has, where it is claimed.
    expect(noted(log)).toEqual({ ...rest, caps: expect.stringMatching(/^\?./), '#': '1' })
    // They write what they have read, with what they say.
    earlier({ ...noted(log), caps })
    expect(await other.editedOptions(EVERY_LIMIT)).toEqual(NONE)
    expect(await other.claimOptions(EDITED, CAPS)).toEqual(CAPS)
    expect(noted(log)).toMatchObject({ '#': '2' })
    await Promise.all([router.close(), other.close()])
  })
})
