import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultEncoder, defaultPca } from '../../src/features/default-encoder.js'
import type { Encoder } from '../../src/features/encoder.js'
import { createHashingEncoder } from '../../src/features/hashing-encoder.js'
import { fitPca } from '../../src/features/pca.js'
import { COMPONENT_MAX } from '../../src/features/pca-model.js'
import { anyText, expectCode, wrong } from './support.js'

const encoder = defaultEncoder()

function encode(text: string, by: Encoder = encoder): number[] {
  const out = new Float64Array(by.dimension)
  by.encodeInto(text, out, 0)
  return [...out]
}

function expectSane(context: readonly number[]): void {
  expect(context).toHaveLength(26)
  expect(context[25]).toBe(1)
  for (const entry of context) expect(Math.abs(entry)).toBeLessThanOrEqual(COMPONENT_MAX)
}

describe('the hashing encoder', () => {
  it('gives a finite, bounded context with a bias for every string', () => {
    fc.assert(fc.property(anyText, (text) => expectSane(encode(text))))
  })

  it.each([
    ['nothing', ''],
    ['spaces', ' \t\r\n '],
    ['punctuation', '?!.,;:-()[]{}'],
    ['a high surrogate', '\ud800'],
    ['a low surrogate', '\udc00 x'],
    ['NUL', '\0\0'],
    ['emoji', '👩‍👩‍👧‍👦'],
    ['one megabyte of a word', 'a'.repeat(1 << 20)],
    ['one megabyte of line breaks', '\n'.repeat(1 << 20)],
    ['one megabyte of different words', Array.from({ length: 150_000 }, (_, i) => i.toString(36)).join(' ')],
  ])('takes %s', (_, text) => expectSane(encode(text)))

  it('does not depend on what it encoded before', () => {
    fc.assert(
      fc.property(anyText, anyText, (text, other) => {
        const fresh = encode(text, createHashingEncoder({ pca: defaultPca() }))
        encode(other)
        expect(encode(text)).toEqual(fresh)
      }),
      { numRuns: 30 },
    )
  })

  it('gives each encoder its own contexts when calls of several take turns', () => {
    const small = fitPca(
      Array.from({ length: 40 }, (_, i) => `${i % 3} of ${i % 7} or ${i * i}`),
      { components: 4, buckets: 64 },
    )
    const encoders = [encoder, defaultEncoder({ maxChars: 64 }), createHashingEncoder({ pca: small })]
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 2, maxLength: 5 }), (texts) => {
        const apart = encoders.map((by) => texts.map((text) => encode(text, by)))
        texts.forEach((text, t) => {
          encoders.forEach((by, e) => {
            expect(encode(text, by)).toEqual(apart[e][t])
          })
        })
      }),
      { numRuns: 30 },
    )
  })

  it.each([1023, 1024, 1025])('keeps a word whole that begins %i code units into the text', (at) => {
    const word = 'abcdefgh'
    for (let start = at - word.length; start <= at; start++) {
      expect(encode(`${' '.repeat(start)}${word} x`)).toEqual(encode(`${word} x`))
    }
  })

  it('writes at the offset and nowhere else', () => {
    const out = new Float64Array(30).fill(-7)
    encoder.encodeInto('Explain quantum computing', out, 2)
    expect([...out.subarray(2, 28)]).toEqual(encode('Explain quantum computing'))
    expect([out[0], out[1], out[28], out[29]]).toEqual([-7, -7, -7, -7])
  })

  it('ignores case and the kind and number of spaces', () => {
    expect(encode('WHICH  Option\tis Ä, Ω or Ж? ')).toEqual(encode('which option is ä, ω or ж?'))
    expect(encode('a b')).not.toEqual(encode('b a'))
  })

  it('reads the start and the end of a long text, and not its middle', () => {
    const short = defaultEncoder({ maxChars: 400 })
    const head = 'Which of the following? '.repeat(20).slice(0, 300)
    const tail = ' Answer with the letter.'.repeat(20).slice(-100)
    const withMiddle = (middle: string) => encode(head + middle + tail, short)
    expect(withMiddle('one two three')).toEqual(withMiddle('def f(x): return x '.repeat(99)))
    expect(encode(`${head}one`, short)).not.toEqual(encode(`${head}two`, short))
  })

  it('tells a coding prompt from a multiple-choice one', () => {
    const code = [
      encode('Write a python function to sort a list.'),
      encode('Write a function to find the sum of a tuple.'),
    ]
    const choice = encode(
      'Which is true?\n  (A) one\n  (B) two\n  (C) three\nAnswer with the correct letter.',
    )
    const distance = (a: number[], b: number[]) => Math.hypot(...a.map((entry, i) => entry - b[i]))
    expect(distance(code[0], code[1])).toBeLessThan(distance(code[0], choice))
  })

  it('has a name that says what the context space is', () => {
    expect(encoder.name).toMatch(/^hashing-25-[0-9a-f]{8}-8192$/)
    expect(defaultEncoder().name).toBe(encoder.name)
    expect(defaultEncoder({ maxChars: 1000 }).name).not.toBe(encoder.name)
    const pca = defaultPca()
    const changed = { ...pca, scales: pca.scales.map((scale) => 2 * scale) }
    expect(createHashingEncoder({ pca: changed }).name).not.toBe(encoder.name)
    expect(defaultEncoder({ name: 'mine' }).name).toBe('mine')
  })

  it('is not changed by a later change of the model it was made from', () => {
    const pca = { ...defaultPca(), offsets: defaultPca().offsets.slice() }
    const copying = createHashingEncoder({ pca })
    pca.offsets.fill(99)
    expect(encode('hello', copying)).toEqual(encode('hello'))
  })

  it('cuts components at 8', () => {
    const pca = defaultPca()
    const wild = createHashingEncoder({ pca: { ...pca, scales: pca.scales.map(() => 1e30) } })
    expectSane(encode('Explain quantum computing', wild))
    expect(encode('Explain quantum computing', wild).some((entry) => Math.abs(entry) === 8)).toBe(true)
  })
})

describe('bad input to the hashing encoder', () => {
  const pca = defaultPca()
  const NAN = new Float32Array(25).fill(Number.NaN)

  it.each([
    ['options', wrong(undefined), 'INVALID_ARGUMENT', 'options'],
    ['pca', wrong({}), 'INVALID_ARGUMENT', 'pca'],
    ['a misspelled option', wrong({ pca, maxChar: 5 }), 'UNKNOWN_OPTION', 'maxChar'],
    ['maxChars', { pca, maxChars: 10 }, 'INVALID_ARGUMENT', 'maxChars'],
    ['maxChars NaN', { pca, maxChars: Number.NaN }, 'INVALID_ARGUMENT', 'maxChars'],
    ['name', { pca, name: '' }, 'INVALID_ARGUMENT', 'name'],
    ['buckets', { pca: { ...pca, buckets: 1000 } }, 'INVALID_ARGUMENT', 'pca.buckets'],
    ['components', { pca: { ...pca, components: 0 } }, 'INVALID_ARGUMENT', 'pca.components'],
    ['rows', { pca: { ...pca, rows: new Int8Array(3) } }, 'DIMENSION_MISMATCH', 'pca.rows'],
    ['kind of rows', { pca: { ...pca, rows: wrong<Int8Array>([1]) } }, 'INVALID_ARGUMENT', 'pca.rows'],
    ['weights', { pca: { ...pca, weights: new Uint8Array(3) } }, 'DIMENSION_MISMATCH', 'pca.weights'],
    [
      'kind of weights',
      { pca: { ...pca, weights: wrong<Uint8Array>('x') } },
      'INVALID_ARGUMENT',
      'pca.weights',
    ],
    ['scales', { pca: { ...pca, scales: NAN } }, 'INVALID_ARGUMENT', 'pca.scales[0]'],
    ['offsets', { pca: { ...pca, offsets: wrong<Float32Array>(null) } }, 'INVALID_ARGUMENT', 'pca.offsets'],
  ] as const)('%s', (_, options, code, field) => {
    expectCode(() => createHashingEncoder(options), code, field)
  })

  it('defaultEncoder', () => {
    expectCode(() => defaultEncoder(wrong(5)), 'INVALID_ARGUMENT', 'options')
    expectCode(() => defaultEncoder(wrong({ pca })), 'UNKNOWN_OPTION', 'pca')
  })

  it('what is no text, no room in `out`', () => {
    const out = new Float64Array(26)
    expectCode(() => encoder.encodeInto(wrong(undefined), out, 0), 'INVALID_ARGUMENT', 'text')
    expectCode(() => encoder.encodeInto('x', out, 1), 'DIMENSION_MISMATCH', 'out')
    expectCode(() => encoder.encodeInto('x', out, -1), 'DIMENSION_MISMATCH', 'out')
    expectCode(() => encoder.encodeInto('x', out, Number.NaN), 'DIMENSION_MISMATCH', 'out')
    expect([...out]).toEqual(new Array(26).fill(0))
  })
})
