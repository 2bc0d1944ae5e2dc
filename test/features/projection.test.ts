import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkProjection, fitProjection, projectInto } from '../../src/features/projection.js'
import { symmetricEigen } from '../../src/features/symmetric-eigen.js'
import { expectCode, wrong } from './support.js'

/** Vectors of correlated entries around a mean that is not 0. */
function madeVectors(count: number, length: number): Float32Array[] {
  return Array.from({ length: count }, (_, i) =>
    Float32Array.from(
      { length },
      (_, k) => 3 + Math.sin(i * 1.7 + k) + Math.cos(i * i * (k + 0.31)) / (k + 1),
    ),
  )
}

describe('fitProjection', () => {
  const vectors = madeVectors(200, 12)
  const projection = fitProjection(vectors, { components: 5 })

  it('whitens the vectors it was fitted on', () => {
    const out = new Float64Array(200 * 5)
    for (const [i, vector] of vectors.entries()) projectInto(projection, vector, out, 5 * i)
    for (let a = 0; a < 5; a++) {
      let mean = 0
      for (let i = 0; i < 200; i++) mean += out[5 * i + a] / 200
      expect(mean).toBeCloseTo(0, 4)
      for (let b = 0; b <= a; b++) {
        let product = 0
        for (let i = 0; i < 200; i++) product += (out[5 * i + a] * out[5 * i + b]) / 200
        expect(product).toBeCloseTo(a === b ? 1 : 0, 3)
      }
    }
  })

  it('survives JSON', () => {
    expect(checkProjection(JSON.parse(JSON.stringify(projection)), 'projection')).toEqual(projection)
  })

  it.each([
    ['no array', wrong<number[][]>(5), {}, 'INVALID_ARGUMENT', 'vectors'],
    ['too few', madeVectors(5, 12), { components: 5 }, 'DATA_INVALID', 'vectors'],
    ['all alike', new Array(30).fill([1, 2, 3]), { components: 2 }, 'DATA_INVALID', 'vectors'],
    ['uneven', [...madeVectors(9, 12), [1]], { components: 5 }, 'DIMENSION_MISMATCH', 'vectors[9]'],
    ['NaN', [...madeVectors(9, 2), [1, Number.NaN]], { components: 2 }, 'INVALID_ARGUMENT', 'vectors[9][1]'],
    ['too short', madeVectors(30, 3), { components: 5 }, 'INVALID_ARGUMENT', 'vectors[0].length'],
    ['a misspelled option', vectors, wrong({ componets: 2 }), 'UNKNOWN_OPTION', 'componets'],
    ['seed', vectors, { seed: -1 }, 'INVALID_ARGUMENT', 'seed'],
  ] as const)('refuses bad input: %s', (_, input, options, code, field) => {
    expectCode(() => fitProjection(input, options), code, field)
  })

  it.each([
    ['no object', 5, 'projection'],
    ['rows', { ...projection, matrix: [[1]] }, 'projection.matrix'],
    ['a row', { ...projection, matrix: projection.matrix.map(() => [1]) }, 'projection.matrix[0]'],
    ['an offset', { ...projection, offsets: [1, 2, 3, 4, null] }, 'projection.offsets[4]'],
    ['components', { ...projection, components: 2.5 }, 'projection.components'],
  ])('checkProjection refuses %s', (_, value, field) => {
    const error = (() => {
      try {
        return checkProjection(value, 'projection')
      } catch (caught) {
        return caught
      }
    })()
    expect(error).toMatchObject({ name: 'ParetoBanditError', field })
  })
})

describe('symmetricEigen', () => {
  it('satisfies A v = lambda v, sorted, with orthonormal vectors', () => {
    const matrices = fc.integer({ min: 1, max: 7 }).chain((size) =>
      fc
        .array(fc.integer({ min: -100, max: 100 }), { minLength: size * size, maxLength: size * size })
        .map((entries) =>
          Float64Array.from(entries, (_, at) => {
            const [i, j] = [Math.floor(at / size), at % size]
            return entries[Math.min(i, j) * size + Math.max(i, j)]
          }),
        ),
    )
    fc.assert(
      fc.property(matrices, (matrix) => {
        const size = Math.sqrt(matrix.length)
        const { values, vectors } = symmetricEigen(matrix.slice(), size)
        for (let c = 0; c < size; c++) {
          if (c > 0) expect(values[c]).toBeLessThanOrEqual(values[c - 1])
          for (let i = 0; i < size; i++) {
            let product = 0
            for (let k = 0; k < size; k++) product += matrix[i * size + k] * vectors[k * size + c]
            expect(product).toBeCloseTo(values[c] * vectors[i * size + c], 8)
          }
          for (let b = 0; b < size; b++) {
            let dot = 0
            for (let k = 0; k < size; k++) dot += vectors[k * size + b] * vectors[k * size + c]
            expect(dot).toBeCloseTo(b === c ? 1 : 0, 10)
          }
        }
      }),
    )
  })
})
