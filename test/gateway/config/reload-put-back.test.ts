import { afterEach, describe, expect, it } from 'vitest'
import { failing, never } from '../../support/faulty-notes.js'
import { CASES, capsOf, FIRST } from './reload-cases.js'
import { closeProcesses, EDITED, faulty, NOT_NOTED } from './reload-process.js'

afterEach(closeProcesses)

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
    expect(held).not.toEqual([])
    faults.write = async () => {}
    for (const release of held) release()
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
