import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldedLog } from '../../src/base/logarithm.js'

describe('foldedLog', () => {
  it('is the natural logarithm', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (value) => {
        const exact = Math.log(value)
        expect(Math.abs(foldedLog(value) - exact)).toBeLessThanOrEqual(
          4e-16 * Math.max(1, Math.abs(exact)) * 4,
        )
      }),
    )
  })

  it.each([1, 4 / 3, 2 / 3, 2, 0.5, 1000, 1e-3])('is right at %d', (value) => {
    expect(foldedLog(value)).toBeCloseTo(Math.log(value), 14)
  })
})
