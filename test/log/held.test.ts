import { expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import type { RouterEvent } from '../../src/events/events.js'
import { HeldFeedback } from '../../src/log/held-feedback.js'
import { PendingReceipt } from '../../src/log/receipts.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'

/** Feedback for requests that are unknown until they are in `known`. */
function bench() {
  const known = new Set<string>()
  const clock = { now: 0 }
  const done: string[] = []
  let makes = 0
  const held = new HeldFeedback(1000, {
    now: () => clock.now,
    commit: () => ({ durable: Promise.resolve() }),
    isOrigin: (name) => name === 'true' || name === 'a',
    isRequest: (id) => known.has(id),
  })
  const add = (id: string): PendingReceipt => {
    const receipt = new PendingReceipt()
    const make = (): RouterEvent => {
      makes++
      done.push(id)
      return wrong({ type: 'rewarded', id })
    }
    held.add(id, make, new ParetoBanditError('UNKNOWN_REQUEST', 'id', 'not known'), receipt)
    return receipt
  }
  return { known, clock, done, held, add, makes: () => makes }
}

/** The ids of those that were refused by now. */
async function refused(receipts: ReadonlyMap<string, PendingReceipt>): Promise<string[]> {
  const ids: string[] = []
  for (const [id, { durable }] of receipts) durable.catch(() => ids.push(id))
  await new Promise((resolve) => setImmediate(resolve))
  return ids
}

it('what waits costs nothing while others are found', () => {
  const { known, done, held, add, makes } = bench()
  for (let i = 1; i <= 2500; i++) add(`forged.${i}`)
  add('true.1')
  add('true.1')
  known.add('true.1')
  for (let reads = 0; reads < 100; reads++) {
    held.found('true.1')
    held.giveUp()
  }
  expect(done).toEqual(['true.1', 'true.1'])
  expect(makes()).toBe(2)
})

it.each([
  ['of one made-up origin', (i: number) => `forged.${i}`],
  ['of many made-up origins', (i: number) => `forged-${i}.1`],
  ['of requests that are far ahead', (i: number) => `true.${90_000 + i}`],
  ['of requests that are far ahead, the furthest first', (i: number) => `true.${2e6 - i}`],
])('a flood %s keeps true feedback neither out nor from its request', async (_, idOf) => {
  const { known, done, held, add } = bench()
  const receipts = new Map<string, PendingReceipt>()
  for (let i = 1; i <= 50; i++) receipts.set(`true.${i}`, add(`true.${i}`))
  for (let i = 0; i < 20_000; i++) {
    try {
      add(idOf(i)).durable.catch(() => {})
    } catch (error) {
      expect(error).toMatchObject({ code: 'JOURNAL_FULL' })
    }
  }
  for (let i = 51; i <= 100; i++) receipts.set(`true.${i}`, add(`true.${i}`))
  expect(await refused(receipts)).toEqual([])
  for (const id of receipts.keys()) {
    known.add(id)
    held.found(id)
  }
  expect(done).toEqual([...receipts.keys()])
})

it('a new origin, which nobody has heard of yet, is waited for in a flood of others', async () => {
  const { known, done, held, add } = bench()
  const receipts = new Map([['new.1', add('new.1')]])
  for (let i = 0; i < 2400; i++) add(`forged-${i}.1`).durable.catch(() => {})
  expect(await refused(receipts)).toEqual([])
  known.add('new.1')
  held.found('new.1')
  expect(done).toEqual(['new.1'])
})

it('is bounded for each origin, and in all', async () => {
  const { add } = bench()
  for (let i = 1; i <= 10_000; i++) add(`true.${i}`)
  expectCode(() => add('true.10001'), 'JOURNAL_FULL')
  const furthest = new Map([['a.10000', add('a.10000')]])
  for (let i = 1; i < 10_000; i++) add(`a.${i}`)
  expect(await refused(furthest)).toEqual([])
  const nearest = new Map([['a.9999', add('a.9999')]])
  await new Promise((resolve) => setImmediate(resolve))
  expect(await refused(furthest)).toEqual(['a.10000'])
  expect(await refused(nearest)).toEqual([])
})

it('is tried once more when its time is over, and then refused', async () => {
  const { known, clock, done, held, add } = bench()
  const [late, never] = [add('a.1'), add('a.2')]
  const refused = expectRejection(never.durable, 'UNKNOWN_REQUEST')
  known.add('a.1')
  clock.now = 999
  held.giveUp()
  expect(done).toEqual([])
  clock.now = 1000
  held.giveUp()
  expect(done).toEqual(['a.1'])
  await late.durable
  await refused
})

it('is tried when the state is another, where it is known by then', () => {
  const { known, done, held, add, makes } = bench()
  for (let i = 1; i <= 50; i++) add(`a.${i}`)
  known.add('a.7')
  held.retryAll()
  expect([done, makes()]).toEqual([['a.7'], 1])
})
