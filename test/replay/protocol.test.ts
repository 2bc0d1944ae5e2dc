import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mulberry32, permutation } from '../../src/base/random.js'
import { planSeed } from '../../src/replay/protocol.js'

/** The generator and shuffle behind the recorded figures, as published with them. */
function recordedRng(seed: number): () => number {
  let s = seed >>> 0
  return () => {
    s |= 0
    s = (s + 0x6d2b79f5) | 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function recordedShuffle(n: number, r: () => number): number[] {
  const a = [...Array(n).keys()]
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(r() * (i + 1))
    ;[a[i], a[j]] = [a[j], a[i]]
  }
  return a
}

const sorted = (rows: readonly number[]): number[] => [...rows].sort((a, b) => a - b)
const upTo = (size: number): number[] => Array.from({ length: size }, (_, i) => i)

describe('random', () => {
  it('draws and shuffles as the recorded figures did', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 300 }), (seed, size) => {
        expect(permutation(size, mulberry32(seed))).toEqual(recordedShuffle(size, recordedRng(seed)))
      }),
      { seed: 1 },
    )
  })

  it('starts seed 1000 with these numbers', () => {
    const random = mulberry32(1000)
    expect([random(), random(), random()]).toEqual([
      0.7951949068810791, 0.8276879135519266, 0.6915161057841033,
    ])
  })
})

describe('planSeed', () => {
  it('splits one table 40/20/40 with no row in two parts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 400 }), fc.integer({ min: 0, max: 9999 }), (size, seed) => {
        const plan = planSeed({ seed, trainSize: null, dataSize: size, cold: false, phased: false })
        expect(plan.fit).toHaveLength(Math.floor(0.4 * size))
        expect(plan.burnIn).toHaveLength(Math.floor(0.6 * size) - Math.floor(0.4 * size))
        expect(sorted([...plan.fit, ...plan.burnIn, ...plan.phases.flat()])).toEqual(upTo(size))
      }),
      { seed: 2 },
    )
  })

  it('orders a split and the phases as the recorded figures did', () => {
    const size = 50
    const plan = planSeed({ seed: 1003, trainSize: null, dataSize: size, cold: false, phased: true })
    const random = recordedRng(1003)
    const order = recordedShuffle(size, random)
    const [first, second] = [order.slice(30, 40), order.slice(40)]
    for (let i = 0; i < 10; i++) random()
    const phases = [first, second, first].map((part) => {
      const shuffled = recordedShuffle(part.length, random).map((j) => part[j])
      for (let i = 0; i < part.length; i++) random()
      return shuffled
    })
    expect(plan.fit).toEqual(order.slice(0, 20))
    expect(plan.burnIn).toEqual(order.slice(20, 30))
    expect(plan.phases).toEqual(phases)
  })

  it('replays the first half of the evaluation rows in the third phase', () => {
    const { phases } = planSeed({ seed: 1000, trainSize: null, dataSize: 101, cold: false, phased: true })
    expect(sorted(phases[2])).toEqual(sorted(phases[0]))
    expect(new Set([...phases[0], ...phases[1]]).size).toBe(phases[0].length + phases[1].length)
    expect(phases[0]).toHaveLength(20)
    expect(phases[1]).toHaveLength(21)
  })

  it('routes every row before evaluation when cold', () => {
    const plan = planSeed({ seed: 1000, trainSize: null, dataSize: 100, cold: true, phased: false })
    const warm = planSeed({ seed: 1000, trainSize: null, dataSize: 100, cold: false, phased: false })
    expect(plan.fit).toEqual([])
    expect(plan.burnIn).toEqual([...warm.fit, ...warm.burnIn])
    expect(plan.phases).toEqual(warm.phases)
  })

  it('evaluates all of the data when there is a training table', () => {
    const plan = planSeed({ seed: 1000, trainSize: 41, dataSize: 30, cold: false, phased: false })
    expect(plan.fit).toHaveLength(20)
    expect(plan.burnIn).toHaveLength(21)
    expect(sorted([...plan.fit, ...plan.burnIn])).toEqual(upTo(41))
    expect(sorted(plan.phases.flat())).toEqual(upTo(30))
    const cold = planSeed({ seed: 1000, trainSize: 41, dataSize: 30, cold: true, phased: false })
    expect(cold.burnIn).toHaveLength(41)
  })
})
