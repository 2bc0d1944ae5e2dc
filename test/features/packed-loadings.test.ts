import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PackedLoadings, sparseVector, VALUE_SUM_MAX } from '../../src/features/packed-loadings.js'

const ROW_COUNT = 9

const cases = fc.integer({ min: 1, max: 40 }).chain((components) =>
  fc.record({
    components: fc.constant(components),
    rows: fc
      .array(fc.integer({ min: -128, max: 127 }), {
        minLength: ROW_COUNT * components,
        maxLength: ROW_COUNT * components,
      })
      .map((entries) => Int8Array.from(entries)),
    values: fc.array(fc.integer({ min: 0, max: Math.floor(VALUE_SUM_MAX / ROW_COUNT) }), {
      minLength: ROW_COUNT,
      maxLength: ROW_COUNT,
    }),
  }),
)

function multiply(loadings: PackedLoadings, values: readonly number[], out: Float64Array): void {
  values.forEach((value, i) => {
    sparseVector.rowIndexes[i] = i
    sparseVector.values[i] = value
  })
  loadings.multiply(values.length, out)
}

it('two sums in a double are the two sums, exactly', () => {
  fc.assert(
    fc.property(cases, ({ components, rows, values }) => {
      const out = new Float64Array(components)
      multiply(new PackedLoadings(rows, components), values, out)
      for (let c = 0; c < components; c++) {
        const sum = values.reduce((total, value, i) => total + value * rows[i * components + c], 0)
        expect(out[c] - sum).toBe(0)
      }
    }),
  )
})

it.each([
  [-128, -128],
  [-128, 127],
  [127, -128],
  [127, 127],
])('keeps the lanes %i and %i apart at the largest sum', (first, second) => {
  const out = new Float64Array(2)
  const loadings = new PackedLoadings(Int8Array.of(first, second), 2)
  multiply(loadings, [VALUE_SUM_MAX], out)
  expect([...out]).toEqual([first * VALUE_SUM_MAX, second * VALUE_SUM_MAX])
})
