import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lookupEncoder } from '../../src/features/lookup-encoder.js'
import { anyText, expectCode, wrong } from './support.js'

const number = fc.double({ min: -1e4, max: 1e4, noNaN: true })

describe('lookupEncoder', () => {
  it('gives back every vector, with a bias', () => {
    const entries = fc.uniqueArray(fc.tuple(anyText, fc.tuple(number, number)), {
      minLength: 1,
      selector: ([text]) => text,
    })
    fc.assert(
      fc.property(entries, (list) => {
        const encoder = lookupEncoder({ vectors: new Map(list) })
        const out = new Float64Array(3)
        for (const [text, vector] of list) {
          encoder.encodeInto(text, out, 0)
          expect([...out]).toEqual([...vector, 1])
        }
      }),
      { numRuns: 30 },
    )
  })

  it('takes a record, and vectors that have their bias', () => {
    const encoder = lookupEncoder({
      vectors: { a: [5, 1], b: Float32Array.of(6, 1) },
      bias: false,
      name: 'mine',
    })
    const out = new Float64Array(3)
    encoder.encodeInto('b', out, 1)
    expect([...out, encoder.dimension, encoder.name]).toEqual([0, 6, 1, 2, 'mine'])
  })

  it('keeps a copy', () => {
    const vector = [1, 2]
    const encoder = lookupEncoder({ vectors: { a: vector } })
    vector[0] = 99
    const out = new Float64Array(3)
    encoder.encodeInto('a', out, 0)
    expect(out[0]).toBe(1)
  })

  it('refuses a text without a vector', () => {
    const encoder = lookupEncoder({ vectors: { a: [1] } })
    const out = new Float64Array(2)
    for (const text of ['b', '', 'toString', '__proto__']) {
      expectCode(() => encoder.encodeInto(text, out, 0), 'ENCODER_FAILED', 'encoder lookup-2')
    }
    expectCode(() => encoder.encodeInto(wrong(1), out, 0), 'INVALID_ARGUMENT', 'text')
    expectCode(() => encoder.encodeInto('a', out, 1), 'DIMENSION_MISMATCH', 'out')
  })

  it.each([
    ['options', wrong(undefined), 'INVALID_ARGUMENT', 'options'],
    ['vectors', wrong({ vectors: 5 }), 'INVALID_ARGUMENT', 'vectors'],
    ['no vectors', { vectors: {} }, 'INVALID_ARGUMENT', 'vectors'],
    ['a vector that is a string', wrong({ vectors: { a: 'x' } }), 'INVALID_ARGUMENT', 'vectors["a"]'],
    ['an empty vector', { vectors: { a: [] } }, 'DIMENSION_MISMATCH', 'vectors'],
    ['uneven vectors', { vectors: { a: [1], b: [1, 2] } }, 'DIMENSION_MISMATCH', 'vectors["b"]'],
    ['NaN', { vectors: { a: [Number.NaN] } }, 'INVALID_ARGUMENT', 'vectors["a"][0]'],
    ['a key that is no text', wrong({ vectors: new Map([[5, [1]]]) }), 'INVALID_ARGUMENT', 'vectors'],
    ['bias', wrong({ vectors: { a: [1] }, bias: 0 }), 'INVALID_ARGUMENT', 'bias'],
    ['name', { vectors: { a: [1] }, name: '' }, 'INVALID_ARGUMENT', 'name'],
    ['a misspelling', wrong({ vector: {} }), 'UNKNOWN_OPTION', 'vector'],
  ] as const)('refuses bad options: %s', (_, options, code, field) => {
    expectCode(() => lookupEncoder(options), code, field)
  })
})
