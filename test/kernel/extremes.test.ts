import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONTEXT_ENTRY_MAX } from '../../src/base/check.js'
import { sectionOffset } from '../../src/kernel/layout.js'
import { firstDifference, inverseError, KERNELS, makeArms, observe, scores } from '../support/arena.js'
import { Random } from '../support/random.js'
import '../support/seed.js'

/** Contexts at the edge of what the public face lets through. */
function hugeContext(random: Random, d: number, kind: number): Float64Array {
  const x = random.vector(d, CONTEXT_ENTRY_MAX, kind !== 2)
  if (kind === 1) x.fill(CONTEXT_ENTRY_MAX)
  if (kind === 3) for (let i = 1; i < d; i++) x[i] = x[0] * (1 + 1e-9 * random.next())
  return x
}

describe.each(KERNELS)('kernel %s with contexts of +-10,000', (name) => {
  it.each([
    [1, 1],
    [1, 1e-6],
    [0.997, 1],
    [0.997, 1e-6],
    [0.5, 1],
  ])(
    'stays finite with positive variances over thousands of updates, gamma %f, lambda0 %f',
    async (gamma, lambda0) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.nat(3), fc.constantFrom(2, 5, 26), async (seed, kind, dimension) => {
          const random = new Random(seed)
          const arms = await makeArms(name, { dimension, gamma, lambda0 })
          arms.start(0, null, 0.5, 0)
          let now = 0
          for (let i = 0; i < 2500; i++) {
            now += random.below(3)
            const x = hugeContext(random, dimension, i % 50 === 0 ? random.below(4) : kind)
            observe(arms, 0, x, random.next(), now)
            if (i % 100 > 0) continue
            for (const section of arms.sections(0)) expect(section.every(Number.isFinite)).toBe(true)
            for (const variance of arms.inspect(0).variances) expect(variance).toBeGreaterThan(0)
            expect(scores(arms, [0], x, 1, 1, now).every(Number.isFinite)).toBe(true)
          }
        }),
        { numRuns: 4 },
      )
    },
  )

  it('predicts within reason after the guard has rebuilt a spoilt inverse', async () => {
    const arms = await makeArms(name, { dimension: 5, gamma: 1, lambda0: 1e-6 })
    arms.start(0, null, 0, 0)
    const random = new Random(3)
    for (let i = 1; i <= 3000; i++) observe(arms, 0, hugeContext(random, 5, 3), 0.5, i)
    const x = hugeContext(random, 5, 3)
    expect(Math.abs(scores(arms, [0], x, 0, 0, 3000)[0] - 0.5)).toBeLessThan(0.5)
  })
})

describe.each(KERNELS)('the guard of kernel %s', (name) => {
  it('takes the inverse and theta from A and b when x^T A^-1 x turns negative', async () => {
    const arms = await makeArms(name, { dimension: 4, gamma: 0.99 })
    const healthy = await makeArms(name, { dimension: 4, gamma: 0.99 })
    const random = new Random(1)
    for (const each of [arms, healthy]) each.start(0, null, 0, 0)
    for (let i = 1; i <= 20; i++) {
      const x = random.vector(4)
      for (const each of [arms, healthy]) observe(each, 0, x, 0.1 * (i % 7), i)
    }
    const { layout, f64 } = arms.kernel
    const inverse = sectionOffset(layout, layout.inverse, layout.paddedTriangle, 0)
    for (let k = 0; k < layout.triangle; k++) f64[inverse + k] *= -1
    const x = random.vector(4)
    for (const each of [arms, healthy]) observe(each, 0, x, 0.9, 21)
    expect(inverseError(arms, 0)).toBeLessThan(1e-12)
    for (const [i, weight] of arms.theta(0).entries()) expect(weight).toBeCloseTo(healthy.theta(0)[i], 10)
  })

  it('leaves ordinary contexts to the rank-one update', async () => {
    const arms = await makeArms(name, { dimension: 26, gamma: 0.997 })
    let rebuilds = 0
    const rebuild = arms.kernel.rebuild.bind(arms.kernel)
    arms.kernel.rebuild = (slot) => {
      rebuilds++
      rebuild(slot)
    }
    arms.start(0, null, 0, 0)
    const random = new Random(2)
    for (let i = 1; i <= 700; i++) observe(arms, 0, random.vector(26, 5), random.next(), i)
    expect(rebuilds).toBe(0)
    expect(inverseError(arms, 0)).toBeLessThan(1e-10)
  })
})

it('all kernels take the same way through the guard', async () => {
  const all = await Promise.all(
    KERNELS.map((name) => makeArms(name, { dimension: 26, gamma: 1, lambda0: 1e-6 })),
  )
  for (const arms of all) {
    const random = new Random(9)
    arms.start(0, null, 0, 0)
    for (let i = 1; i <= 1500; i++) observe(arms, 0, hugeContext(random, 26, i % 4), random.next(), i)
  }
  for (const arms of all.slice(1)) expect(firstDifference(all[0], arms, 0)).toBeNull()
})
