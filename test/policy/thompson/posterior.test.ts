import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalDistribution, probabilityOfBest } from '../../../src/policy/thompson/posterior.js'
import '../../support/seed.js'

const mean = fc.double({ min: -1, max: 1, noNaN: true })
/** From well known to not at all: five orders of magnitude. */
const deviation = fc.double({ min: -4, max: 1, noNaN: true }).map((exponent) => 10 ** exponent)
const draw = fc.tuple(mean, deviation)

const best = (draws: readonly (readonly [number, number])[], chosen: number): number =>
  probabilityOfBest(
    Float64Array.from(draws, ([m]) => m),
    Float64Array.from(draws, ([, s]) => s),
    draws.length,
    chosen,
  )

describe('normalDistribution', () => {
  it.each([
    [0, 0.5],
    [0.5, 0.691462461274013],
    [1, 0.8413447460685429],
    [1.959963984540054, 0.975],
    [2.575829303548901, 0.995],
    [4, 0.9999683287581669],
    [6, 0.9999999990134123],
  ])('of %f is %f', (x, probability) => {
    expect(Math.abs(normalDistribution(x) - probability)).toBeLessThan(7.5e-8)
    expect(Math.abs(normalDistribution(-x) - (1 - probability))).toBeLessThan(7.5e-8)
  })
})

describe('probabilityOfBest', () => {
  it('of two arms is Phi((m1 - m2) / sqrt(s1^2 + s2^2))', () => {
    fc.assert(
      fc.property(draw, draw, (one, other) => {
        const exact = normalDistribution((one[0] - other[0]) / Math.hypot(one[1], other[1]))
        expect(Math.abs(best([one, other], 0) - Math.max(exact, 1e-9))).toBeLessThan(1e-6)
      }),
      { numRuns: 500 },
    )
  })

  it('of two arms and one that is far behind is that of the two', () => {
    fc.assert(
      fc.property(draw, draw, deviation, (one, other, third) => {
        // 5.5 standard deviations: it would win with a probability of 2e-8, but is not left out.
        const behind = [one[0] - 5.5 * Math.hypot(one[1], third), third] as const
        expect(Math.abs(best([one, other, behind], 0) - best([one, other], 0))).toBeLessThan(1e-5)
      }),
      { numRuns: 500 },
    )
  })

  it('adds up to 1 over the arms', () => {
    fc.assert(
      fc.property(fc.array(draw, { minLength: 1, maxLength: 8 }), (draws) => {
        const sum = draws.reduce((total, _, arm) => total + best(draws, arm), 0)
        expect(Math.abs(sum - 1)).toBeLessThan(1e-5)
      }),
      { numRuns: 300 },
    )
  })

  it('is the same for arms that are alike', () => {
    for (const count of [2, 3, 17, 64]) {
      expect(best(Array(count).fill([0.3, 0.02]), count - 1)).toBeCloseTo(1 / count, 6)
    }
  })

  it('steps where an arm is certain, and shares ties of certain arms evenly', () => {
    expect(
      best(
        [
          [0.5, 0],
          [0.5, 0],
          [0.5, 0],
          [0.4, 0],
        ],
        1,
      ),
    ).toBe(1 / 3)
    expect(
      best(
        [
          [0.5, 0],
          [0.4, 0],
        ],
        0,
      ),
    ).toBe(1)
    expect(
      best(
        [
          [0.5, 1],
          [0.7, 0],
        ],
        0,
      ),
    ).toBeCloseTo(normalDistribution(-0.2), 6)
    expect(
      best(
        [
          [0.5, 1],
          [0.7, 0],
        ],
        1,
      ),
    ).toBeCloseTo(normalDistribution(0.2), 6)
  })

  it('of what was hardly possible is not 0', () => {
    expect(
      best(
        [
          [0, 0.01],
          [1, 0.01],
        ],
        0,
      ),
    ).toBe(1e-9)
    expect(
      best(
        [
          [0, 0],
          [1, 0],
        ],
        0,
      ),
    ).toBe(1e-9)
  })
})
