import { afterEach, describe, expect, it, vi } from 'vitest'
import { everyStore } from '../../support/every-store.js'
import { faultyNotes } from '../../support/faulty-notes.js'
import { SharedLog } from '../../support/shared-store.js'
import { CASES, capsOf, FIRST } from './reload-cases.js'
import { closeProcesses, EDITED, started } from './reload-process.js'

afterEach(closeProcesses)

const SHARED = everyStore().filter(({ name }) => name === 'a shared log' || name === 'Redis')

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

/** Two processes on one log; what the second reads of the notes comes when the test says so. */
async function racing() {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  const log = new SharedLog()
  const store = log.store()
  const read = store.readNote.bind(store)
  const state = { isHeld: false, release: () => {}, reads: 0 }
  store.readNote = async (name) => {
    const text = await read(name)
    state.reads++
    if (state.isHeld)
      await new Promise<void>((resolve) => {
        state.release = resolve
      })
    return text
  }
  const { store: first, faults } = faultyNotes(log.store())
  const a = await started(() => first, FIRST)
  const b = await started(() => store, FIRST)
  return { a, b, state, faults }
}

describe('processes that read a file in the same instant', () => {
  it('leave what an admin sets between them: one does what was edited', async () => {
    const { a, b, state } = await racing()
    state.isHeld = true
    const before = state.reads
    const reloading = b.reloads(EDITED)
    await vi.waitFor(() => expect(state.reads).toBe(before + 1))
    await a.reloads(EDITED)
    await a.asks('PUT', '/caps', [{ usd: 7, per: 'day' }])
    await vi.waitFor(() => expect(capsOf(b.router, null)).toEqual([7]))
    state.isHeld = false
    state.release()
    await reloading
    for (const { router } of [a, b]) expect(capsOf(router, null)).toEqual([7])
  })

  it('leave it also where the first has not noted yet what it has done', async () => {
    const { a, b, faults } = await racing()
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    faults.write = async (text) => {
      if (text.includes('40')) await held
    }
    const first = a.reloads(EDITED)
    await vi.waitFor(() => expect(capsOf(a.router, null)).toEqual([40]))
    const second = b.reloads(EDITED)
    const asked = a.asks('PUT', '/caps', [{ usd: 7, per: 'day' }])
    await vi.waitFor(() => expect(capsOf(b.router, null)).toEqual([7]))
    release()
    await Promise.all([first, second, asked])
    for (const { router } of [a, b]) expect(capsOf(router, null)).toEqual([7])
  })

  it('leave it also where another was killed in a reload before them, and one hears late of what it has claimed', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const log = new SharedLog()
    const [killed, slow] = [log.store(), log.store()]
    const a = await started(() => log.store(), FIRST)
    const b = await started(() => slow, FIRST, { closeMs: 60_000 })
    const gone = await started(() => killed, FIRST)
    await gone.router.claimOptions({ caps: [{ usd: 40, per: 'day' }] }, ['caps'])
    killed.isCutOff = true
    const replace = slow.replaceNote.bind(slow)
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    slow.replaceNote = async (...args) => {
      const isWritten = await replace(...args)
      await held
      return isWritten
    }
    const reloading = b.reloads(EDITED)
    await a.reloads(EDITED)
    expect(capsOf(a.router, null)).toEqual([40])
    await a.asks('PUT', '/caps', [{ usd: 7, per: 'day' }])
    await vi.waitFor(() => expect(capsOf(b.router, null)).toEqual([7]))
    release()
    await reloading
    for (const { router } of [a, b]) expect(capsOf(router, null)).toEqual([7])
    killed.isCutOff = false
  })
})
