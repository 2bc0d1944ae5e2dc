import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Arms } from '../../src/bandit/arms.js'
import {
  firstDifference,
  inverseError,
  KERNELS,
  makeArms,
  observe,
  paddingIsZero,
  response,
  ridge,
  scores,
  scoresDiffer,
} from '../support/arena.js'
import { NaiveLinUcb } from '../support/oracle.js'
import { Random } from '../support/random.js'
import '../support/seed.js'

const REFERENCE = KERNELS[0]
const OTHERS = KERNELS.slice(1)
const DIMENSIONS = [1, 2, 3, 4, 5, 26, 27, 64, 385]
const GAMMAS = [0.5, 0.9, 0.997, 1]

/** One step on every kernel; `slot` is taken modulo the arms started so far. */
type Step =
  | { do: 'start'; warm: boolean; price: number }
  | { do: 'update'; slot: number; reward: number; gap: number }
  | { do: 'play'; slot: number; gap: number }
  | { do: 'rebuild'; slot: number }
  | { do: 'reserve'; count: number }
  | { do: 'score'; alpha: number; weight: number }

const gap = fc.oneof(
  { weight: 6, arbitrary: fc.nat(3) },
  { weight: 2, arbitrary: fc.nat(400) },
  { weight: 1, arbitrary: fc.integer({ min: 990, max: 5000 }) },
)
const slot = fc.nat(1000)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('start' as const),
      warm: fc.boolean(),
      price: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('update' as const),
      slot,
      reward: fc.double({ min: -1, max: 1, noNaN: true }),
      gap,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('play' as const), slot, gap }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rebuild' as const), slot }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reserve' as const), count: fc.nat(90) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('score' as const),
      alpha: fc.double({ min: 0, max: 2, noNaN: true }),
      weight: fc.double({ min: 0, max: 5, noNaN: true }),
    }),
  },
)

/** What one kernel scores over a run of steps. Contexts and priors come from the seed. */
function play(arms: Arms, steps: readonly Step[], seed: number): number[] {
  const random = new Random(seed)
  const { dimension } = arms.kernel.layout
  let now = 0
  let count = 0
  const seen: number[] = []
  const begin = (warm: boolean, price: number) => {
    arms.start(count++, warm ? prior(random, dimension) : null, price, now)
  }
  begin(false, 0.5)
  for (const step of steps) {
    const context = random.vector(dimension, 3)
    if ('gap' in step) now += step.gap
    if (step.do === 'start') begin(step.warm, step.price)
    else if (step.do === 'reserve') arms.kernel.reserve(count + step.count)
    else if (step.do === 'rebuild') arms.kernel.rebuild(step.slot % count)
    else if (step.do === 'play') arms.markPlayed(step.slot % count, now)
    else if (step.do === 'update') observe(arms, step.slot % count, context, step.reward, now)
    else {
      const slots = Array.from({ length: count }, (_, i) => (i * 7 + 3) % count)
      seen.push(...scores(arms, slots, context, step.alpha, step.weight, now))
    }
  }
  seen.push(count)
  return seen
}

/** Statistics of some made-up offline rows. */
function prior(random: Random, d: number): { precision: Float64Array; response: Float64Array } {
  const precision = new Float64Array((d * (d + 1)) / 2)
  const response = Float64Array.from({ length: d }, () => random.next())
  for (let i = 0, r = 0; i < d; r += d - i, i++) precision[r] = 1
  for (let row = 0; row < 3; row++) {
    const x = random.vector(d)
    for (let i = 0, k = 0; i < d; i++) for (let j = i; j < d; j++, k++) precision[k] += 100 * x[i] * x[j]
  }
  return { precision, response }
}

function expectSameArms(a: Arms, b: Arms, count: number): void {
  for (let slot = 0; slot < count; slot++) expect(firstDifference(a, b, slot)).toBeNull()
}

/** Far under what a decision turns on; native.test.ts has the tight bounds, by the magnitudes that are added up. */
function expectNear(got: readonly number[], wanted: readonly number[]): void {
  expect(got.length).toBe(wanted.length)
  const wrong = wanted
    .map((value, i) => ({ i, value, got: got[i] }))
    .filter(({ value, got }) => !(Math.abs(got - value) <= 1e-7 * Math.max(1, Math.abs(value))))
  expect(wrong).toEqual([])
}

describe.each(DIMENSIONS)('kernels of dimension %i', (dimension) => {
  it.each(GAMMAS)('end with the same bits after any steps, gamma %f', async (gamma) => {
    const numRuns = dimension > 100 ? 2 : dimension > 30 ? 6 : 25
    const maxLength = dimension > 100 ? 12 : 60
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength }), fc.nat(), async (steps, seed) => {
        const reference = await makeArms(REFERENCE, { dimension, gamma })
        const wanted = play(reference, steps, seed)
        const count = wanted[wanted.length - 1]
        for (let slot = 0; slot < count; slot++) expect(paddingIsZero(reference, slot)).toBe(true)
        for (const name of OTHERS) {
          const arms = await makeArms(name, { dimension, gamma })
          const got = play(arms, steps, seed)
          expectSameArms(reference, arms, count)
          if (!scoresDiffer(name)) expect(got).toEqual(wanted)
          else expectNear(got, wanted)
          for (let slot = 0; slot < count; slot++) expect(paddingIsZero(arms, slot)).toBe(true)
        }
      }),
      { numRuns },
    )
  })
})

describe.each(KERNELS)('kernel %s', (name) => {
  it.each(GAMMAS)('scores and learns as the textbook does, gamma %f', async (gamma) => {
    for (const dimension of [1, 2, 5, 26, 27]) {
      const random = new Random(dimension)
      const arms = await makeArms(name, { dimension, gamma, lambda0: 0.7 })
      const oracles = [0, 1, 2].map((slot) => {
        arms.start(slot, null, slot / 2, 0)
        return new NaiveLinUcb(dimension, gamma, 0.7, 0)
      })
      let now = 0
      for (let round = 0; round < 60; round++) {
        now += random.below(round % 20 === 19 ? 1500 : 3)
        const slot = random.below(3)
        const context = random.vector(dimension)
        const reward = random.next()
        observe(arms, slot, context, reward, now)
        oracles[slot].update(context, reward, now)
        const played = random.below(3)
        arms.markPlayed(played, ++now)
        oracles[played].lastPlay = now
        const probe = random.vector(dimension)
        now += random.below(5)
        const wanted = oracles.map((oracle, i) => oracle.score(probe, 0.8, 0.3 * (i / 2), now))
        for (const [i, score] of scores(arms, [0, 1, 2], probe, 0.8, 0.3, now).entries()) {
          expect(Math.abs(score - wanted[i])).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(wanted[i])))
        }
      }
      for (const [slot, oracle] of oracles.entries()) {
        expect(inverseError(arms, slot)).toBeLessThan(1e-9)
        for (const [i, value] of response(arms, slot).entries())
          expect(value).toBeCloseTo(oracle.response[i], 10)
      }
    }
  })

  it('restores the regularization when less than a tenth of it is left', async () => {
    const arms = await makeArms(name, { dimension: 3, gamma: 0.9, lambda0: 2 })
    arms.start(0, null, 0, 0)
    observe(arms, 0, [1, 2, 1], 0.5, 21)
    expect(ridge(arms, 0)).toBeCloseTo(2 * 0.9 ** 21, 12)
    observe(arms, 0, [1, 2, 1], 0.5, 22)
    expect(ridge(arms, 0)).toBe(2)
    expect(inverseError(arms, 0)).toBeLessThan(1e-12)
  })

  it('treats a gap of more than 1,000 requests as one of 1,000', async () => {
    const far = await makeArms(name, { dimension: 3, gamma: 0.999 })
    const near = await makeArms(name, { dimension: 3, gamma: 0.999 })
    for (const [arms, gap] of [[far, 50_000] as const, [near, 1000] as const]) {
      arms.start(0, null, 0, 0)
      observe(arms, 0, [1, -1, 1], 0.4, 5)
      observe(arms, 0, [0.5, 1, 1], 0.9, 5 + gap)
    }
    expect(near.inspect(0).theta).toEqual(far.inspect(0).theta)
    expect(scores(far, [0], [1, 1, 1], 1, 0, 50_005 + 9e9)).toEqual(
      scores(near, [0], [1, 1, 1], 1, 0, 1005 + 2000),
    )
  })

  it('caps the inflation of a variance at 200', async () => {
    const arms = await makeArms(name, { dimension: 1, gamma: 0.5 })
    arms.start(0, null, 0, 0)
    expect(scores(arms, [0], [1], 1, 0, 3)[0]).toBeCloseTo(Math.sqrt(8), 12)
    expect(scores(arms, [0], [1], 1, 0, 500)[0]).toBeCloseTo(Math.sqrt(200), 12)
  })

  it('takes the (tieBreak mod n)-th of n equal scores', async () => {
    const arms = await makeArms(name, { dimension: 2, gamma: 1 })
    const better = [1, 4, 5, 9, 70]
    for (let slot = 0; slot < 80; slot++) {
      arms.start(slot, null, 0, 0)
      observe(arms, slot, [1, 1], better.includes(slot) ? 0.9 : 0.2, 1)
    }
    scores(
      arms,
      Array.from({ length: 80 }, (_, i) => i),
      [1, 1],
      0.1,
      0,
      1,
    )
    for (const tieBreak of [0, 1, 2, 3, 4, 5, 99, 2 ** 31, 2 ** 32 - 1]) {
      expect(arms.kernel.argmax(80, tieBreak)).toBe(better[tieBreak % 5])
    }
    expect(arms.kernel.argmax(1, 7)).toBe(0)
  })

  it('keeps every arm while it grows to 1,000 of dimension 26', async () => {
    const arms = await makeArms(name, { dimension: 26 })
    const thetas: Float64Array[] = []
    const random = new Random(11)
    for (let slot = 0; slot < 1000; slot++) {
      arms.start(slot, null, slot / 1000, slot)
      observe(arms, slot, random.vector(26), random.next(), slot)
      thetas.push(arms.inspect(slot).theta)
    }
    expect(arms.kernel.capacity).toBeGreaterThanOrEqual(1000)
    for (const [slot, theta] of thetas.entries()) {
      expect(arms.inspect(slot).theta).toEqual(theta)
      expect(arms.price(slot)).toBe(slot / 1000)
    }
  })

  it('gives a slot that is started again none of what was there', async () => {
    const arms = await makeArms(name, { dimension: 5 })
    arms.start(0, null, 0.3, 0)
    const fresh = arms.sections(0).map((section) => section.slice())
    for (let i = 1; i < 50; i++) observe(arms, 0, new Random(i).vector(5), 0.8, i)
    arms.start(0, null, 0.3, 0)
    expect(arms.sections(0)).toEqual(fresh)
  })
})

describe('a warm start', () => {
  let arms: Arms[]
  beforeAll(async () => {
    arms = await Promise.all(KERNELS.map((name) => makeArms(name, { dimension: 26 })))
  })

  it('solves theta = A^-1 b from the given statistics', () => {
    const statistics = prior(new Random(5), 26)
    for (const each of arms) {
      each.start(0, statistics, 0, 0)
      expect(inverseError(each, 0)).toBeLessThan(1e-10)
      const { theta } = each.inspect(0)
      let k = 0
      const product = new Float64Array(26)
      for (let i = 0; i < 26; i++) {
        for (let j = i; j < 26; j++, k++) {
          product[i] += statistics.precision[k] * theta[j]
          if (j > i) product[j] += statistics.precision[k] * theta[i]
        }
      }
      for (const [i, value] of product.entries()) expect(value).toBeCloseTo(statistics.response[i], 9)
    }
    for (const other of arms.slice(1)) expectSameArms(arms[0], other, 1)
  })
})
