import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RoutedEvent } from '../../src/events/events.js'
import { ORIGINS_MAX, Origins } from '../../src/state/pending/origins.js'
import { RequestRuns } from '../../src/state/pending/request-runs.js'
import { expectCode } from '../support/errors.js'
import { HOUR, makeBench, X } from '../support/router.js'
import '../support/seed.js'

describe('runs of requests', () => {
  it('find what a plain map finds', () => {
    const steps = fc.array(
      fc.record({
        gap: fc.constantFrom(0, 0, 0, 1, 65_536),
        others: fc.constantFrom(0, 0, 1, 3),
        forget: fc.nat(30),
      }),
      { maxLength: 300 },
    )
    fc.assert(
      fc.property(steps, (each) => {
        const runs = new RequestRuns()
        const plain = new Map<number, number>()
        let [number, sequence] = [0, 0]
        for (const { gap, others, forget } of each) {
          number += 1 + gap
          sequence += 1 + others
          runs.add(number, sequence)
          plain.set(number, sequence)
          if (forget === 0) {
            const oldest = sequence - 10
            runs.forgetBefore(oldest)
            for (const [key, at] of plain) if (at < oldest) plain.delete(key)
          }
        }
        for (const [key, at] of plain) expect(runs.find(key)).toBe(at)
        expect(runs.find(number + 1)).toBe(0)
        expect(runs.find(0)).toBe(0)
      }),
    )
  })

  it('of a process that is alone are one', () => {
    const runs = new RequestRuns()
    for (let i = 1; i <= 100_000; i++) runs.add(i, i + 7)
    expect(runs.find(1)).toBe(8)
    expect(runs.find(100_000)).toBe(100_007)
    expect(runs.find(100_001)).toBe(0)
    runs.forgetBefore(200_000)
    expect(runs.isEmpty).toBe(true)
    expect(runs.find(5)).toBe(0)
  })
})

describe('an id without a character', () => {
  it('is not one, whether this router has made any or not', async () => {
    const { router } = await makeBench()
    const event = await firstRouted()
    expectCode(() => router.apply({ ...event, id: '' }), 'EVENT_OUT_OF_ORDER', 'event.id')
    router.route(X)
    expectCode(() => router.apply({ ...event, id: '' }), 'EVENT_OUT_OF_ORDER', 'event.id')
  })
})

describe('requests of origins that have been forgotten', () => {
  it('are found by the id that the ring gives them, and expire once', async () => {
    const { router, clock } = await makeBench()
    const event = { ...(await firstRouted()) }
    router.apply({ ...event, id: 'old.1' })
    for (let i = 0; i < ORIGINS_MAX; i++) {
      router.apply({ ...event, id: `p${i}.1` })
      router.settle(`p${i}.1`, { costUsd: 0 })
      router.reward(`p${i}.1`, 0)
    }
    expectCode(() => router.reward('old.1', 1), 'UNKNOWN_REQUEST')
    const expired: string[] = []
    router.on('expired', ({ id }) => expired.push(id))
    clock.advance(48 * HOUR)
    expect(router.expire()).toBe(1)
    expect(expired).toEqual(['~1.1'])
    expect(router.expire()).toBe(0)
  })
})

async function firstRouted(): Promise<RoutedEvent> {
  const { router, log } = await makeBench()
  router.route(X)
  const [event] = log
  if (event.type !== 'routed') throw new Error('not routed')
  return event
}

describe('origins', () => {
  it('are bounded: the oldest is forgotten', () => {
    const origins = new Origins()
    for (let i = 0; i < ORIGINS_MAX + 3; i++) origins.register(`p${i}`)
    expect([...origins.records()]).toHaveLength(ORIGINS_MAX)
    expect(origins.get('p2')).toBeUndefined()
    expect(origins.get('p3')?.index).toBe(4)
    expect(origins.register('p2').index).toBe(ORIGINS_MAX + 4)
  })
})
