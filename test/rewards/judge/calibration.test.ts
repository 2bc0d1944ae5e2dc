import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Calibration } from '../../../src/rewards/judge/calibration.js'

/** Draws from a generator that is the same everywhere (Park and Miller). */
function draws(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}

describe('a calibration', () => {
  it('leaves scores as they are until somebody else speaks of the same answers', () => {
    for (const score of [0, 0.3, 1]) expect(new Calibration().of(score)).toBe(score)
  })

  it('is bent little by the first thumbs', () => {
    const calibration = new Calibration()
    calibration.add(1, 0)
    expect(calibration.of(1)).toBeGreaterThan(0.8)
    expect(calibration.of(0)).toBeCloseTo(0, 12)
  })

  it('finds how a judge leans: one that gives 0.6 to bad answers and 0.9 to good ones', () => {
    const calibration = new Calibration()
    const random = draws(7)
    for (let i = 0; i < 2000; i++) {
      const isGood = random() < 0.5
      calibration.add((isGood ? 0.9 : 0.6) + 0.1 * (random() - 0.5), Number(isGood))
    }
    expect(calibration.of(0.6)).toBeLessThan(0.1)
    expect(calibration.of(0.9)).toBeGreaterThan(0.9)
    expect(calibration.line.count).toBe(2000)
  })

  it('takes the mean of thumbs for what a judge says that says the opposite', () => {
    const calibration = new Calibration()
    for (let i = 0; i < 1000; i++) calibration.add(i % 2, 1 - (i % 2))
    expect(calibration.line.slope).toBe(0)
    expect(calibration.of(0)).toBeCloseTo(0.5, 12)
    expect(calibration.of(1)).toBeCloseTo(0.5, 12)
  })

  it('never falls, and stays within [0, 1], whatever was said', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.tuple(unit, unit), { maxLength: 50 }), unit, unit, (pairs, a, b) => {
        const calibration = new Calibration()
        for (const pair of pairs) calibration.add(...pair)
        const [low, high] = [calibration.of(Math.min(a, b)), calibration.of(Math.max(a, b))]
        return low >= 0 && high <= 1 && low <= high
      }),
    )
  })
})
