import { afterEach, describe, expect, it, vi } from 'vitest'
import { failing, faultyNotes } from '../../support/faulty-notes.js'
import { SharedLog } from '../../support/shared-store.js'
import { capsOf, FIRST } from './reload-cases.js'
import { closeProcesses, EDITED, faulty, started } from './reload-process.js'

afterEach(closeProcesses)

it('a change is durable when what the file said before it has been noted', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  const log = new SharedLog()
  const make = () => log.store()
  const edited = { ...FIRST, caps: [{ usd: 40, per: 'day' }] }
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { store, faults } = faultyNotes(make())
  faults.write = async (text) => {
    if (text.includes('40')) await held
  }
  const first = await started(() => store, FIRST)
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
