import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { MODELS } from '../support/router.js'

const BROKEN: readonly [string, () => unknown, ErrorCode][] = [
  ['throws at once', () => failNow(), 'ENCODER_FAILED'],
  ['rejects', () => Promise.reject(new Error('later')), 'ENCODER_FAILED'],
  ['rejects with nothing', () => Promise.reject(undefined), 'ENCODER_FAILED'],
  ['gives null', () => Promise.resolve(null), 'ENCODER_FAILED'],
  ['gives a vector at once', () => [1], 'DIMENSION_MISMATCH'],
  ['gives another length', () => Promise.resolve([1, 2, 3]), 'DIMENSION_MISMATCH'],
  ['gives NaN', () => Promise.resolve([1, Number.NaN]), 'INVALID_ARGUMENT'],
]

function failNow(): void {
  throw new Error('now')
}

describe('an encoder', () => {
  const make = (encoder: object) =>
    createRouter({ encoder: wrong({ name: 'mine', dimension: 2, ...encoder }), models: MODELS, name: 'r' })

  it('that throws or gives what is no context is named', async () => {
    const thrown = new Error('inside')
    const throwing = await make({
      encodeInto: () => {
        throw thrown
      },
    })
    expect(expectCode(() => throwing.route('text'), 'ENCODER_FAILED').cause).toBe(thrown)
    const poisoned = await make({ encodeInto: (_: string, out: Float64Array) => out.fill(Number.NaN) })
    expect(expectCode(() => poisoned.route('text'), 'ENCODER_FAILED').message).toContain("encoder 'mine'")
    expect(poisoned.stats().requests).toBe(0)
  })

  it('that has to wait works through routeAsync alone', async () => {
    const router = await make({ encode: async (text: string) => [text.length, 1] })
    expectCode(() => router.route('text'), 'ASYNC_ENCODER', 'input')
    const { id } = await router.routeAsync('text')
    expect(id).toBe('r.1')
    expect((await router.routeAsync([1, 1])).id).toBe('r.2')
    await expectRejection(router.routeAsync('text', wrong({ exploi: true })), 'UNKNOWN_OPTION', 'exploi')
  })

  it('that has to wait leaves a vector alone, as it was when it came', async () => {
    const router = await make({ encode: async (text: string) => [text.length, 1] })
    const seen: number[][] = []
    router.on('routed', ({ context }) => seen.push([...context]))
    const vector = [1, 1]
    const decision = router.routeAsync(vector)
    vector[0] = 7
    await decision
    expect(seen).toEqual([[1, 1]])
  })

  it.each(BROKEN)('that %s rejects the call and changes nothing', async (_, encode, code) => {
    const router = await make({ encode })
    const before = router.snapshot()
    await expectRejection(router.routeAsync('text'), code)
    expect(router.snapshot()).toEqual(before)
  })
})
