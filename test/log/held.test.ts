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
  const held = new HeldFeedback(
    1000,
    () => clock.now,
    () => ({ durable: Promise.resolve() }),
  )
  const add = (id: string): PendingReceipt => {
    const receipt = new PendingReceipt()
    const make = (): RouterEvent => {
      makes++
      if (!known.has(id)) throw new ParetoBanditError('UNKNOWN_REQUEST', 'id', 'not known')
      done.push(id)
      return wrong({ type: 'rewarded', id })
    }
    held.add(id, make, receipt)
    return receipt
  }
  return { known, clock, done, held, add, makes: () => makes }
}

it('what waits costs nothing while others are found, and is bounded by origin', () => {
  const { known, done, held, add, makes } = bench()
  for (let i = 1; i <= 2500; i++) add(`forged.${i}`)
  expectCode(() => add('forged.2501'), 'JOURNAL_FULL')
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
  held.retryAll((id) => known.has(id))
  expect([done, makes()]).toEqual([['a.7'], 1])
})
