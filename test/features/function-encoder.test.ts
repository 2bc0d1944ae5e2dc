import { describe, expect, it } from 'vitest'
import { isSyncEncoder } from '../../src/features/encoder.js'
import { functionEncoder } from '../../src/features/function-encoder.js'
import { expectCode, expectRejection, wrong } from './support.js'

const lengthAndSpaces = (text: string) => [text.length, text.split(' ').length - 1]

describe('functionEncoder', () => {
  it('appends a bias to what a synchronous function gives', () => {
    const encoder = functionEncoder({ name: 'mine', dimension: 2, encode: lengthAndSpaces })
    const out = new Float64Array(4).fill(9)
    encoder.encodeInto('a b c', out, 1)
    expect([...out]).toEqual([9, 5, 2, 1])
    expect([encoder.name, encoder.dimension, isSyncEncoder(encoder)]).toEqual(['mine', 3, true])
  })

  it('leaves the bias out on request', () => {
    const encoder = functionEncoder({
      name: 'm',
      dimension: 2,
      bias: false,
      encode: () => Float32Array.of(1, 2),
    })
    const out = new Float64Array(2)
    encoder.encodeInto('', out, 0)
    expect([...out, encoder.dimension]).toEqual([1, 2, 2])
  })

  it('awaits an asynchronous function', async () => {
    const encoder = functionEncoder({
      name: 'm',
      dimension: 2,
      async: true,
      encode: async (text) => lengthAndSpaces(text),
    })
    expect(isSyncEncoder(encoder)).toBe(false)
    expect([...Array.from(await encoder.encode('a b')), encoder.dimension]).toEqual([3, 1, 1, 3])
  })

  it.each([
    ['too few numbers', [1], 'DIMENSION_MISMATCH'],
    ['too many numbers', [1, 2, 3], 'DIMENSION_MISMATCH'],
    ['NaN', [1, Number.NaN], 'ENCODER_FAILED'],
    ['infinity', [1, Number.POSITIVE_INFINITY], 'ENCODER_FAILED'],
    ['a huge number', [1, 1e5], 'ENCODER_FAILED'],
    ['a hole', wrong([1, undefined]), 'ENCODER_FAILED'],
    ['a string', wrong('12'), 'ENCODER_FAILED'],
    ['nothing', wrong(undefined), 'ENCODER_FAILED'],
    ['a DataView', wrong(new DataView(new ArrayBuffer(2))), 'ENCODER_FAILED'],
  ] as const)('refuses a function that gives %s, and leaves `out` alone', async (_, value, code) => {
    const sync = functionEncoder({ name: 'm', dimension: 2, encode: () => value })
    const out = new Float64Array(3)
    expectCode(() => sync.encodeInto('x', out, 0), code)
    expect([...out]).toEqual([0, 0, 0])
    const async = functionEncoder({ name: 'm', dimension: 2, async: true, encode: async () => value })
    await expectRejection(async.encode('x'), code)
  })

  it('keeps what the function threw as the cause', async () => {
    const reason = new Error('service down')
    const fail = () => {
      throw reason
    }
    const sync = functionEncoder({ name: 'm', dimension: 2, encode: fail })
    const error = expectCode(
      () => sync.encodeInto('x', new Float64Array(3), 0),
      'ENCODER_FAILED',
      'encoder m',
    )
    expect(error.cause).toBe(reason)
    expect(error.message).toContain('service down')
    for (const encode of [fail, () => Promise.reject(reason)]) {
      const async = functionEncoder({ name: 'm', dimension: 2, async: true, encode })
      expect((await expectRejection(async.encode('x'), 'ENCODER_FAILED')).cause).toBe(reason)
    }
  })

  it('says what to do when a function turns out to be asynchronous', () => {
    const encoder = functionEncoder({
      name: 'm',
      dimension: 2,
      encode: wrong(() => Promise.reject(new Error('late'))),
    })
    const error = expectCode(() => encoder.encodeInto('x', new Float64Array(3), 0), 'ENCODER_FAILED')
    expect(error.message).toContain('async: true')
  })

  it('refuses what is no text, and an `out` without room', async () => {
    const sync = functionEncoder({ name: 'm', dimension: 2, encode: () => [1, 2] })
    expectCode(() => sync.encodeInto(wrong(5), new Float64Array(3), 0), 'INVALID_ARGUMENT', 'text')
    expectCode(() => sync.encodeInto('x', new Float64Array(3), 1), 'DIMENSION_MISMATCH', 'out')
    const async = functionEncoder({ name: 'm', dimension: 2, async: true, encode: async () => [1, 2] })
    await expectRejection(async.encode(wrong(null)), 'INVALID_ARGUMENT')
  })

  it.each([
    ['options', wrong(null), 'INVALID_ARGUMENT', 'options'],
    ['name', wrong({ dimension: 2, encode: () => [] }), 'INVALID_ARGUMENT', 'name'],
    ['dimension', { name: 'm', dimension: 0, encode: () => [] }, 'INVALID_ARGUMENT', 'dimension'],
    ['a huge dimension', { name: 'm', dimension: 1e6, encode: () => [] }, 'INVALID_ARGUMENT', 'dimension'],
    ['encode', wrong({ name: 'm', dimension: 2 }), 'INVALID_ARGUMENT', 'encode'],
    ['bias', wrong({ name: 'm', dimension: 2, encode: () => [], bias: 1 }), 'INVALID_ARGUMENT', 'bias'],
    [
      'async',
      wrong({ name: 'm', dimension: 2, encode: () => [], async: 'yes' }),
      'INVALID_ARGUMENT',
      'async',
    ],
    ['a misspelling', wrong({ name: 'm', dimensions: 2, encode: () => [] }), 'UNKNOWN_OPTION', 'dimensions'],
  ] as const)('refuses bad options: %s', (_, options, code, field) => {
    expectCode(() => functionEncoder(options), code, field)
  })
})
