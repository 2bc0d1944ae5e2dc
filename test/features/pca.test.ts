import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultPca } from '../../src/features/default-encoder.js'
import { createHashingEncoder } from '../../src/features/hashing-encoder.js'
import { fitPca, pcaFingerprint, pcaFromBytes, pcaToBytes } from '../../src/features/pca.js'
import { expectCode, madePrompts, wrong } from './support.js'

const COMPONENTS = 6
const prompts = madePrompts(300)
const pca = fitPca(prompts, { components: COMPONENTS, buckets: 256 })

function componentsOf(texts: readonly string[]): number[][] {
  const encoder = createHashingEncoder({ pca })
  const out = new Float64Array(encoder.dimension)
  return texts.map((text) => {
    encoder.encodeInto(text, out, 0)
    return [...out.subarray(0, COMPONENTS)]
  })
}

describe('fitPca', () => {
  it('whitens the prompts it was fitted on', () => {
    const components = componentsOf(prompts)
    const mean = (at: (row: number[]) => number) =>
      components.reduce((sum, row) => sum + at(row), 0) / prompts.length
    for (let i = 0; i < COMPONENTS; i++) {
      expect(mean((row) => row[i])).toBeCloseTo(0, 2)
      expect(mean((row) => row[i] ** 2)).toBeCloseTo(1, 1)
      // The eight-bit rounding leaves a little correlation.
      for (let j = 0; j < i; j++) expect(Math.abs(mean((row) => row[i] * row[j]))).toBeLessThan(0.05)
    }
  })

  it('gives sane contexts of prompts it never saw', () => {
    for (const row of componentsOf(madePrompts(50, 77))) {
      for (const entry of row) expect(Math.abs(entry)).toBeLessThan(8)
    }
  })

  it('is the same for the same seed, and depends on the prompts', () => {
    const options = { components: COMPONENTS, buckets: 256 }
    expect(pcaFingerprint(fitPca(prompts, options))).toBe(pcaFingerprint(pca))
    expect(pcaFingerprint(fitPca(madePrompts(300, 2), options))).not.toBe(pcaFingerprint(pca))
  })

  it('has 25 components and 2048 buckets by default', () => {
    const model = fitPca(madePrompts(200))
    expect([model.components, model.buckets]).toEqual([25, 2048])
  })

  it.each([
    ['no array', wrong<string[]>('x'), {}, 'INVALID_ARGUMENT', 'prompts'],
    ['no string', wrong<string[]>(['a', 5]), {}, 'INVALID_ARGUMENT', 'prompts[1]'],
    ['too few', ['a', 'b'], {}, 'DATA_INVALID', 'prompts'],
    ['repeated ones', new Array<string>(100).fill('a'), {}, 'DATA_INVALID', 'prompts'],
    [
      'ones of the same words',
      Array.from({ length: 40 }, (_, i) => `a${' '.repeat(i)}`),
      {},
      'DATA_INVALID',
      'prompts',
    ],
    ['empty ones', Array.from({ length: 40 }, (_, i) => ' '.repeat(i)), {}, 'DATA_INVALID', 'prompts'],
    ['components', prompts, { components: 0 }, 'INVALID_ARGUMENT', 'components'],
    [
      'more components than buckets',
      prompts,
      { components: 100, buckets: 64 },
      'INVALID_ARGUMENT',
      'components',
    ],
    ['buckets', prompts, { buckets: 1000 }, 'INVALID_ARGUMENT', 'buckets'],
    ['seed', prompts, { seed: 0.5 }, 'INVALID_ARGUMENT', 'seed'],
    ['maxChars', prompts, { maxChars: -1 }, 'INVALID_ARGUMENT', 'maxChars'],
    ['a misspelled option', prompts, wrong({ component: 3 }), 'UNKNOWN_OPTION', 'component'],
    ['options', prompts, wrong(null), 'INVALID_ARGUMENT', 'options'],
  ] as const)('refuses bad input: %s', (_, texts, options, code, field) => {
    expectCode(() => fitPca(texts, options), code, field)
  })
})

describe('the PCA file', () => {
  const bytes = pcaToBytes(pca)

  it('brings back what was saved', () => {
    expect(pcaFromBytes(bytes)).toEqual(pca)
    expect(pcaToBytes(pcaFromBytes(bytes))).toEqual(bytes)
    expect(bytes.length).toBe(20 + 8 * COMPONENTS + 256 + 256 * COMPONENTS)
  })

  it('reads a view into a larger buffer', () => {
    const larger = new Uint8Array(bytes.length + 10)
    larger.set(bytes, 3)
    expect(pcaFromBytes(larger.subarray(3, 3 + bytes.length))).toEqual(pca)
    // What readFile gives: a view of a shared pool, whose own slice does not copy.
    expect(pcaFromBytes(Buffer.from(bytes))).toEqual(pca)
    const foreign = runInNewContext('(list) => new Uint8Array(list)') as (list: number[]) => Uint8Array
    expect(pcaFromBytes(foreign([...bytes]))).toEqual(pca)
  })

  it('refuses a change of any byte', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] ^= 1 << (at % 8)
      expectCode(() => pcaFromBytes(changed), 'DATA_INVALID', 'bytes')
    }
  })

  it('refuses any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (other) => {
        expectCode(() => pcaFromBytes(other), 'DATA_INVALID', 'bytes')
      }),
    )
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expectCode(() => pcaFromBytes(bytes.slice(0, length)), 'DATA_INVALID', 'bytes')
      }),
    )
    expectCode(() => pcaFromBytes(Uint8Array.of(...bytes, 0)), 'DATA_INVALID', 'bytes')
    expectCode(() => pcaFromBytes(wrong('x')), 'INVALID_ARGUMENT', 'bytes')
  })

  it('is not written from what is no PCA', () => {
    expectCode(() => pcaToBytes(wrong({})), 'INVALID_ARGUMENT', 'pca.buckets')
  })

  it('ships small', () => {
    expect(pcaToBytes(defaultPca()).length).toBeLessThan(75_000)
  })
})
