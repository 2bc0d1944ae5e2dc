import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chanceIndex, isLeftToChance, propensityOf } from '../../src/bandit/randomise.js'
import { tieBreak } from '../../src/bandit/tie-break.js'
import '../support/seed.js'

const SEEDS = [0, 1, 2, 0xffffffff]
const REQUESTS = 20_000

/** Whether a count of successes is within 4.5 standard deviations of its mean. */
function isLikely(count: number, trials: number, chance: number): boolean {
  return Math.abs(count - trials * chance) < 4.5 * Math.sqrt(trials * chance * (1 - chance))
}

test.each(SEEDS)('chance takes its share with seed %d, spread evenly over time and models', (seed) => {
  for (const start of [0, 2 ** 31 - REQUESTS / 2, 2 ** 40]) {
    for (const epsilon of [0.02, 0.5]) {
      const drawn = Array.from({ length: REQUESTS }, (_, i) => start + i).filter((count) =>
        isLeftToChance(epsilon, seed, count),
      )
      expect(isLikely(drawn.length, REQUESTS, epsilon)).toBe(true)
      const early = drawn.filter((count) => count < start + REQUESTS / 2)
      expect(isLikely(early.length, REQUESTS / 2, epsilon)).toBe(true)
      for (let model = 0; model < 7; model++) {
        const hits = drawn.filter((count) => chanceIndex(7, seed, count) === model).length
        expect(isLikely(hits, drawn.length, 1 / 7)).toBe(true)
      }
    }
  }
})

test('seeds, requests and the tie-break do not repeat one another', () => {
  const streams = [
    ...[0, 1, 2].map((seed) => (count: number) => isLeftToChance(0.5, seed, count)),
    (count: number) => chanceIndex(2, 0, count) === 0,
    (count: number) => tieBreak(0, count) % 2 === 0,
    (count: number) => isLeftToChance(0.5, 0, count + 1),
  ]
  for (const [i, a] of streams.entries()) {
    for (const b of streams.slice(i + 1)) {
      let equal = 0
      for (let count = 0; count < REQUESTS; count++) if (a(count) === b(count)) equal++
      expect(isLikely(equal, REQUESTS, 0.5)).toBe(true)
    }
  }
})

test('propensities of all that could have been chosen add up to 1', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      fc.integer({ min: 1, max: 100 }),
      (epsilon, n) => {
        const sum = propensityOf(epsilon, n, true) + (n - 1) * (n === 1 ? 0 : propensityOf(epsilon, n, false))
        expect(sum).toBeCloseTo(1, 12)
      },
    ),
  )
  expect(propensityOf(0.3, 1, true)).toBe(1)
})
