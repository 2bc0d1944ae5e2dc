import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Arms, armNumbers } from '../../src/bandit/arms.js'
import { Evidence } from '../../src/bandit/evidence.js'
import { COST, LATENCY, QUADRATIC } from '../../src/kernel/kernel.js'
import { type ArenaLayout, arenaLayout, cellOffset, listOffset } from '../../src/kernel/layout.js'
import {
  firstDifference,
  inverseError,
  KERNELS,
  makeArms,
  matrix,
  observe,
  paddingIsZero,
  ridge,
  scoresDiffer,
  settle,
} from '../support/arena.js'
import { dotOf, NaiveSettlements, solve } from '../support/oracle.js'
import { Random } from '../support/random.js'
import '../support/seed.js'

const REFERENCE = KERNELS[0]
const OTHERS = KERNELS.slice(1)
const GAMMAS = [0.5, 0.9, 0.997, 1]
const FORMS = [0, QUADRATIC, COST, LATENCY, COST | LATENCY, QUADRATIC | COST | LATENCY]
/** What of `sections` belongs to rewards: four cells, theta, b, A^-1 and A. The rest is of settlements. */
const REWARD_SECTIONS = 8

interface Settling {
  /** Slots, taken modulo the arms there are; forms and factors, too, come from the seed. */
  readonly slot: number
  readonly gap: number
  readonly kind:
    | 'settle'
    | 'unknown latency'
    | 'update'
    | 'rebuild'
    | 'shrink'
    | 'start'
    | 'project'
    | 'reserve'
}

const steps = (maxLength: number): fc.Arbitrary<Settling[]> =>
  fc.array(
    fc.record({
      slot: fc.nat(1000),
      gap: fc.oneof(
        { weight: 6, arbitrary: fc.nat(3) },
        { weight: 2, arbitrary: fc.nat(400) },
        { weight: 1, arbitrary: fc.integer({ min: 990, max: 5000 }) },
      ),
      kind: fc.constantFrom<Settling['kind'][]>(
        ...(['settle', 'settle', 'settle', 'unknown latency', 'update', 'update'] as const),
        ...(['rebuild', 'shrink', 'start', 'project', 'project', 'reserve'] as const),
      ),
    }),
    { maxLength },
  )

function statistics(random: Random, d: number): { precision: Float64Array; response: Float64Array } {
  const precision = new Float64Array((d * (d + 1)) / 2)
  const response = Float64Array.from({ length: d }, () => random.next())
  for (let i = 0, k = 0; i < d; i++) for (let j = i; j < d; j++, k++) precision[k] = i === j ? 1 + i : 0.1
  return { precision, response }
}

/** What the list holds of the first `contexts` contexts. */
function listed(
  arms: Arms,
  sections: readonly (keyof ArenaLayout)[],
  contexts: number,
  count: number,
): number[] {
  const { layout, f64 } = arms.kernel
  return sections.flatMap((section) =>
    Array.from({ length: contexts * count }, (_, i) => {
      return f64[listOffset(layout, layout[section], Math.floor(i / count), i % count)]
    }),
  )
}

function placeContexts({ kernel }: Arms, random: Random, contexts: number): Float64Array[] {
  const { dimension, context, paddedDimension } = kernel.layout
  return Array.from({ length: contexts }, (_, index) => {
    const x = random.vector(dimension, 3)
    kernel.f64.set(x, context + index * paddedDimension)
    return x
  })
}

/** Plays the steps; returns what was projected. */
function play(arms: Arms, played: readonly Settling[], seed: number): { seen: number[]; count: number } {
  const random = new Random(seed)
  const { kernel } = arms
  const { dimension } = kernel.layout
  const seen: number[] = []
  let now = 0
  let count = 0
  const start = () => {
    const [rewards, settled] = [statistics(random, dimension), statistics(random, dimension)]
    const warm = random.below(3)
    arms.start(count++, warm === 1 ? rewards : null, random.next(), now, warm > 0 ? settled : null)
  }
  start()
  for (const { slot: pick, gap, kind } of played) {
    now += gap
    const slot = pick % count
    const x = random.vector(dimension, 3)
    const [y, other, factor] = [random.next() * 4 - 2, random.next() * 9, 0.01 + 0.98 * random.next()]
    if (kind === 'start') start()
    else if (kind === 'settle') settle(arms, slot, x, y, other, now)
    else if (kind === 'unknown latency') settle(arms, slot, x, y, Number.NaN, now)
    else if (kind === 'update') observe(arms, slot, x, y, now)
    else if (kind === 'rebuild') kernel.rebuildSettled(slot)
    else if (kind === 'reserve') kernel.reserve(count + 50)
    else if (kind === 'shrink') {
      if (random.below(2) === 0) new Evidence(arms).shrinkSettled(slot, factor)
      else new Evidence(arms).shrinkReward(slot, factor)
    } else {
      const contexts = 1 + random.below(4)
      placeContexts(arms, random, contexts)
      for (let i = 0; i < count; i++) arms.setCandidate(i, (i * 7 + 3) % count)
      kernel.project(contexts, count, COST | LATENCY)
      seen.push(...listed(arms, ['mean', 'cost', 'latency'], contexts, count))
    }
  }
  return { seen, count }
}

describe.each([1, 2, 3, 4, 5, 26, 27, 64, 70])('kernels with heads, dimension %i', (dimension) => {
  it.each(GAMMAS)('end with the same bits after any steps, gamma %f', async (gamma) => {
    const options = { dimension, gamma, heads: 2 as const }
    await fc.assert(
      fc.asyncProperty(steps(dimension > 30 ? 20 : 60), fc.nat(), async (played, seed) => {
        const reference = await makeArms(REFERENCE, options)
        const wanted = play(reference, played, seed)
        for (const name of OTHERS) {
          const arms = await makeArms(name, options)
          const got = play(arms, played, seed)
          for (let slot = 0; slot < wanted.count; slot++) {
            expect(firstDifference(reference, arms, slot)).toBeNull()
            expect(paddingIsZero(arms, slot)).toBe(true)
          }
          expect(got.seen).toHaveLength(wanted.seen.length)
          const isRight = (got: number, value: number) =>
            Math.abs(got - value) <= 1e-7 * Math.max(1, Math.abs(value)) &&
            (scoresDiffer(name) || Object.is(got, value))
          const wrong = wanted.seen
            .map((value, i) => ({ i, value, got: got.seen[i] }))
            .filter(({ value, got }) => !isRight(got, value))
          expect(wrong).toEqual([])
        }
      }),
      { numRuns: dimension > 30 ? 4 : 15 },
    )
  })
})

describe.each(KERNELS)('settlements on kernel %s', (name) => {
  const make = (dimension: number, gamma = 0.997, lambda0 = 1) =>
    makeArms(name, { dimension, gamma, lambda0, heads: 2 })

  it.each(GAMMAS)('are two ridge regressions on one matrix, gamma %f', async (gamma) => {
    for (const dimension of [1, 2, 5, 26, 27]) {
      const random = new Random(dimension)
      const arms = await make(dimension, gamma, 0.7)
      arms.start(0, null, 0.5, 0)
      const oracle = new NaiveSettlements(dimension, gamma, 0.7, 0)
      let now = 0
      for (let round = 0; round < 60; round++) {
        now += random.below(round % 20 === 19 ? 1500 : 3)
        const x = random.vector(dimension)
        const [logCost, known] = [random.next() - 0.5, random.next() * 9]
        const logLatency = round % 5 === 2 ? Number.NaN : known
        settle(arms, 0, x, logCost, logLatency, now)
        oracle.settle(x, logCost, logLatency, now)
        const probe = random.vector(dimension)
        const { costTheta, latencyTheta } = arms.inspect(0)
        expect(dotOf(costTheta ?? [], probe)).toBeCloseTo(dotOf(oracle.cost.theta(), probe), 9)
        expect(dotOf(latencyTheta ?? [], probe)).toBeCloseTo(dotOf(oracle.latency.theta(), probe), 9)
      }
      expect(inverseError(arms, 0, true)).toBeLessThan(1e-9)
      for (const [i, row] of matrix(arms, 0, 'settledPrecision').entries())
        for (const [j, entry] of row.entries()) expect(entry).toBeCloseTo(oracle.cost.precision[i][j], 9)
    }
  })

  it('of a reward for both targets have the bits of an arm that is rewarded with it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2, 5, 26, 70),
        fc.constantFrom(...GAMMAS),
        fc.constantFrom(1, 1e-6),
        fc.nat(),
        async (dimension, gamma, lambda0, seed) => {
          const random = new Random(seed)
          const arms = await make(dimension, gamma, lambda0)
          arms.start(3, null, 0.5, 7)
          let now = 7
          for (let i = 0; i < 40; i++) {
            now += random.below(i % 15 === 14 ? 1500 : 4)
            const x = random.vector(dimension, i % 10 === 9 ? 10_000 : 2)
            const y = random.next()
            observe(arms, 3, x, y, now)
            settle(arms, 3, x, y, y, now)
            if (i % 7 === 6) {
              new Evidence(arms).shrinkReward(3, 0.3)
              new Evidence(arms).shrinkSettled(3, 0.3)
            }
          }
          const [update, , left, , theta, b, inverse, precision, ...settled] = arms.sections(3)
          expect(settled).toEqual([update, left, theta, theta, b, b, inverse, precision])
        },
      ),
      { numRuns: 25 },
    )
  })

  it('leave rewards, bounds and the neighbours alone, and rewards leave settlements', async () => {
    const arms = await make(5)
    const random = new Random(4)
    const { kernel } = arms
    for (let slot = 0; slot < 3; slot++) {
      arms.start(slot, null, 0.3, 0)
      observe(arms, slot, random.vector(5), 0.4, 1)
      settle(arms, slot, random.vector(5), 0.4, 2, 1)
      arms.setCandidate(slot, slot)
    }
    const x = random.vector(5)
    kernel.f64.set(x, kernel.layout.context)
    kernel.project(1, 3, 0)
    kernel.prune(0, 3, 1, 0.3, 2)
    const bound = cellOffset(kernel.layout, kernel.layout.bound, 1)
    const before = [0, 1, 2].map((slot) => arms.sections(slot).map((section) => section.slice()))
    const boundBefore = kernel.f64[bound]
    expect(boundBefore).toBeGreaterThan(0)
    settle(arms, 1, x, 0.4, 2, 900)
    kernel.rebuildSettled(1)
    new Evidence(arms).shrinkSettled(1, 0.5)
    expect(kernel.f64[bound]).toBe(boundBefore)
    expect(arms.sections(0)).toEqual(before[0])
    expect(arms.sections(2)).toEqual(before[2])
    expect(arms.sections(1).slice(0, REWARD_SECTIONS)).toEqual(before[1].slice(0, REWARD_SECTIONS))
    const settled = arms.sections(1).map((section) => section.slice())
    for (const [i, section] of settled.slice(REWARD_SECTIONS).entries())
      expect(section).not.toEqual(before[1][REWARD_SECTIONS + i])
    observe(arms, 1, x, 0.9, 901)
    kernel.rebuild(1)
    new Evidence(arms).shrinkReward(1, 0.5)
    expect(arms.sections(1).slice(REWARD_SECTIONS)).toEqual(settled.slice(REWARD_SECTIONS))
  })

  it('without a latency move the matrix and the cost head, and leave the latency head where it is', async () => {
    const [arms, informed] = [await make(26), await make(26)]
    const random = new Random(8)
    for (const each of [arms, informed]) each.start(0, null, 0.5, 0)
    for (let now = 1; now <= 40; now++) {
      const x = random.vector(26)
      for (const each of [arms, informed]) settle(each, 0, x, x[0], 2 + x[1], now)
    }
    const before = arms.inspect(0)
    for (let now = 41; now <= 80; now++) {
      const x = random.vector(26)
      settle(arms, 0, x, x[2], Number.NaN, now)
      settle(informed, 0, x, x[2], x[3], now)
    }
    const after = arms.inspect(0)
    expect(after.latencyTheta).toEqual(before.latencyTheta)
    expect(after.costTheta).toEqual(informed.inspect(0).costTheta)
    expect(after.costTheta).not.toEqual(before.costTheta)
    expect(matrix(arms, 0, 'settledInverse')).toEqual(matrix(informed, 0, 'settledInverse'))
    // What stood in for the latencies makes the accumulator agree with it.
    arms.kernel.rebuildSettled(0)
    for (const [i, weight] of (arms.inspect(0).latencyTheta ?? []).entries())
      expect(weight).toBeCloseTo(before.latencyTheta?.[i] ?? Number.NaN, 9)
  })

  it('have the regularization restored when less than a tenth of it is left', async () => {
    const arms = await make(3, 0.9, 2)
    arms.start(0, null, 0, 0)
    settle(arms, 0, [1, 2, 1], 0.5, 3, 21)
    expect(ridge(arms, 0, 'settledRidge')).toBeCloseTo(2 * 0.9 ** 21, 12)
    settle(arms, 0, [1, 2, 1], 0.5, 3, 22)
    expect(ridge(arms, 0, 'settledRidge')).toBe(2)
    expect(ridge(arms, 0)).toBe(2)
    expect(inverseError(arms, 0, true)).toBeLessThan(1e-12)
  })

  it('are rebuilt when rounding has spoilt their inverse', async () => {
    const [arms, healthy] = [await make(4, 0.99), await make(4, 0.99)]
    const random = new Random(1)
    for (const each of [arms, healthy]) each.start(0, null, 0, 0)
    for (let i = 1; i <= 20; i++) {
      const x = random.vector(4)
      for (const each of [arms, healthy]) settle(each, 0, x, 0.1 * (i % 7), x[0], i)
    }
    const inverse = arms.sections(0)[REWARD_SECTIONS + 6]
    for (let k = 0; k < inverse.length; k++) inverse[k] *= -1
    const x = random.vector(4)
    for (const each of [arms, healthy]) settle(each, 0, x, 0.9, 2, 21)
    expect(inverseError(arms, 0, true)).toBeLessThan(1e-12)
    const [got, wanted] = [arms, healthy].map((each) => each.inspect(0))
    for (let i = 0; i < 4; i++) {
      expect(got.costTheta?.[i]).toBeCloseTo(wanted.costTheta?.[i] ?? Number.NaN, 10)
      expect(got.latencyTheta?.[i]).toBeCloseTo(wanted.latencyTheta?.[i] ?? Number.NaN, 10)
    }
  })

  it('start from statistics of the cost head, the latency head cold', async () => {
    const arms = await make(26)
    const settled = statistics(new Random(2), 26)
    arms.start(1, null, 0.5, 40)
    for (let i = 0; i < 9; i++) settle(arms, 1, new Random(i).vector(26), 1, 2, 41 + i)
    arms.start(1, null, 0.5, 60, settled)
    expect(inverseError(arms, 1, true)).toBeLessThan(1e-10)
    const wanted = solve(matrix(arms, 1, 'settledPrecision'), settled.response)
    const { costTheta, latencyTheta, theta } = arms.inspect(1)
    for (const [i, weight] of wanted.entries()) expect(costTheta?.[i]).toBeCloseTo(weight, 10)
    expect([...(latencyTheta ?? []), ...theta].every((weight) => weight === 0)).toBe(true)
    const [, , , , , , , , since, left] = arms.sections(1)
    expect([since[0], left[0]]).toEqual([60, 1])
  })

  it('that a snapshot kept go on as if nothing had been', async () => {
    const [arms, restored] = [await make(5), await make(5)]
    const random = new Random(3)
    arms.start(2, null, 0.5, 0)
    restored.start(0, null, 0, 0)
    for (let i = 1; i < 30; i++) {
      observe(arms, 2, random.vector(5), random.next(), i)
      settle(arms, 2, random.vector(5), random.next(), random.next(), i)
    }
    const numbers = arms.sections(2).flatMap((section) => [...section])
    expect(numbers).toHaveLength(armNumbers(5, 2))
    restored.load(0, Float64Array.from(numbers))
    for (const [each, slot] of [[arms, 2] as const, [restored, 0] as const]) {
      observe(each, slot, [1, 2, 3, 4, 1], 0.5, 40)
      settle(each, slot, [1, 2, 3, 4, 1], 0.5, 7, 41)
    }
    expect(restored.sections(0)).toEqual(arms.sections(2))
  })

  it('are projected as asked, for each context, and into nothing else', async () => {
    for (const dimension of [1, 2, 7, 26, 65]) {
      const random = new Random(dimension)
      const arms = await make(dimension)
      const { kernel } = arms
      const count = 13
      for (let slot = 0; slot < count; slot++) {
        arms.start(slot, null, 0, 0)
        for (let i = 0; i < 3; i++) {
          observe(arms, slot, random.vector(dimension), random.next(), i)
          settle(arms, slot, random.vector(dimension), random.next(), 5 * random.next(), i)
        }
        arms.setCandidate(slot, count - 1 - slot)
      }
      for (const contexts of [1, 2, 3, 4]) {
        const placed = placeContexts(arms, random, contexts)
        kernel.project(contexts, count, QUADRATIC)
        const plain = listed(arms, ['mean', 'variance'], contexts, count)
        for (const forms of FORMS) {
          const all = ['mean', 'variance', 'cost', 'latency'] as const
          for (const section of all)
            for (let index = 0; index < 4; index++)
              for (let i = 0; i < count; i++)
                kernel.f64[listOffset(kernel.layout, kernel.layout[section], index, i)] = -99
          kernel.project(contexts, count, forms)
          const [means, variances, costs, latencies] = all.map((each) =>
            listed(arms, [each], contexts, count),
          )
          expect(means).toEqual(plain.slice(0, contexts * count))
          if (forms & QUADRATIC) expect(variances).toEqual(plain.slice(contexts * count))
          else expect(variances.every((value) => value === -99)).toBe(true)
          for (const [asked, values, head] of [
            [COST, costs, 'costTheta'],
            [LATENCY, latencies, 'latencyTheta'],
          ] as const) {
            for (const [i, value] of values.entries()) {
              const theta = arms.inspect(count - 1 - (i % count))[head] ?? []
              const wanted = forms & asked ? dotOf(placed[Math.floor(i / count)], theta) : -99
              expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(wanted)))
            }
          }
          for (let index = contexts; index < 4; index++)
            for (const section of all)
              expect(kernel.f64[listOffset(kernel.layout, kernel.layout[section], index, 0)]).toBe(-99)
        }
      }
    }
  })
})

describe.each(KERNELS)('shrinking on kernel %s', (name) => {
  it('keeps what is predicted, leaves the share of the evidence, and stays positive definite', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2, 5, 26),
        fc.constantFrom(0.9, 0.997, 1),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        fc.nat(),
        async (dimension, gamma, factor, seed) => {
          const random = new Random(seed)
          const arms = await makeArms(name, { dimension, gamma, heads: 2 })
          arms.start(0, null, 0, 0)
          for (let i = 1; i <= 120; i++) {
            const x = random.vector(dimension)
            observe(arms, 0, x, random.next(), i)
            settle(arms, 0, x, random.next(), 3 + random.next(), i)
          }
          const before = arms.inspect(0)
          const [evidence, settledEvidence] = [
            new Evidence(arms).ofReward(0),
            new Evidence(arms).ofSettled(0),
          ]
          const missing = [ridge(arms, 0), ridge(arms, 0, 'settledRidge')].map((left) => 1 - left * factor)
          new Evidence(arms).shrinkReward(0, factor)
          new Evidence(arms).shrinkSettled(0, factor)
          const after = arms.inspect(0)
          for (let i = 0; i < dimension; i++) {
            expect(Math.abs(after.theta[i] - before.theta[i])).toBeLessThanOrEqual(1e-9)
            for (const head of ['costTheta', 'latencyTheta'] as const)
              expect(Math.abs((after[head]?.[i] ?? 0) - (before[head]?.[i] ?? 9))).toBeLessThanOrEqual(1e-9)
          }
          expect(new Evidence(arms).ofReward(0)).toBeCloseTo(evidence * factor + missing[0], 9)
          expect(new Evidence(arms).ofSettled(0)).toBeCloseTo(settledEvidence * factor + missing[1], 9)
          expect([ridge(arms, 0), ridge(arms, 0, 'settledRidge')]).toEqual([1, 1])
          for (const which of ['precision', 'settledPrecision'] as const)
            expect(leastPivot(matrix(arms, 0, which))).toBeGreaterThan(0.99)
          expect(Math.max(inverseError(arms, 0), inverseError(arms, 0, true))).toBeLessThan(1e-9)
          // What had been forgotten of the regularization is back; where nothing had, less is known of everything.
          for (const [i, variance] of after.variances.entries())
            expect(variance).toBeGreaterThan(gamma === 1 ? before.variances[i] * (1 - 1e-9) : 0)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('makes bounds be computed again', async () => {
    const arms = await makeArms(name, { dimension: 3 })
    const { kernel } = arms
    for (let slot = 0; slot < 20; slot++) {
      arms.start(slot, null, 0, 0)
      for (let i = 0; i < 50; i++) observe(arms, slot, new Random(i).vector(3), slot === 7 ? 0.1 : 0.5, i)
      arms.setCandidate(slot, slot)
    }
    kernel.f64.set([0.5, -1, 1], kernel.layout.context)
    kernel.project(1, 20, 0)
    kernel.prune(0, 20, 1, 0, 50)
    new Evidence(arms).shrinkReward(7, 0.01)
    kernel.prune(0, 20, 1, 0, 50)
    expect(kernel.argmax(20, 0)).toBe(7)
  })
})

/** The least pivot of Gaussian elimination without pivoting: above 0 where a symmetric matrix is positive definite. */
function leastPivot(full: number[][]): number {
  let least = Number.POSITIVE_INFINITY
  for (const [i, row] of full.entries()) {
    least = Math.min(least, row[i])
    for (let k = i + 1; k < full.length; k++) {
      const share = full[k][i] / row[i]
      for (let j = i; j < full.length; j++) full[k][j] -= share * row[j]
    }
  }
  return least
}

describe('an arena', () => {
  it.each([1, 26, 65, 385])('without heads spends nothing on settlements, dimension %i', (dimension) => {
    const [without, heads] = [arenaLayout(dimension), arenaLayout(dimension, 2)]
    expect([without.heads, heads.heads]).toEqual([0, 2])
    for (const [section, next] of [
      ['system', 'systemInverse'],
      ['systemInverse', 'blocks'],
      ['settledUpdate', 'settledRidge'],
      ['settledRidge', 'cost'],
      ['cost', 'latency'],
      ['latency', 'theta'],
      ['headTheta', 'inverse'],
      ['settledInverse', 'settledPrecision'],
      ['settledPrecision', 'headResponse'],
      ['headResponse', 'blockLength'],
    ] as const) {
      expect(without[next] - without[section]).toBe(0)
      expect(heads[next] - heads[section]).toBeGreaterThan(0)
    }
  })

  it('names the numbers of an arm, and inspects no heads of a kernel without them', async () => {
    for (const heads of [0, 2] as const) {
      const arms = await makeArms(REFERENCE, { dimension: 6, heads })
      arms.start(0, null, 0.25, 0, statistics(new Random(1), 6))
      const length = arms.sections(0).reduce((sum, section) => sum + section.length, 0)
      expect(armNumbers(6, heads)).toBe(length)
      expect(arms.inspect(0).costTheta === null).toBe(heads === 0)
      expect(arms.inspect(0).latencyTheta === null).toBe(heads === 0)
    }
    expect(armNumbers(6)).toBe(armNumbers(6, 0))
  })
})

describe('a system of equations in the scratch', () => {
  it('is inverted with the same bits by every kernel, whatever its size, and touches no arm', async () => {
    for (const dimension of [2, 5, 26, 65]) {
      const random = new Random(dimension)
      const all = await Promise.all(KERNELS.map((name) => makeArms(name, { dimension, heads: 2 })))
      for (const arms of all) arms.start(0, null, 0, 0)
      for (let size = 1; size <= dimension; size += Math.max(1, dimension >> 3)) {
        const triangle = (size * (size + 1)) / 2
        const full = positiveDefinite(random, size)
        const packed = full.flatMap((row, i) => row.slice(i))
        const inverses = all.map(({ kernel }) => {
          const { f64, layout } = kernel
          const arm = f64.slice(layout.blocks)
          f64.set(packed, layout.system)
          kernel.invertSystem(size)
          expect(bitsOf(f64.slice(layout.blocks)).equals(bitsOf(arm))).toBe(true)
          expect(f64.slice(layout.system, layout.system + triangle)).toEqual(Float64Array.from(packed))
          return f64.slice(layout.systemInverse, layout.systemInverse + triangle)
        })
        for (const inverse of inverses) expect(bitsOf(inverse).equals(bitsOf(inverses[0]))).toBe(true)
        expect(distanceToIdentity(full, inverses[0])).toBeLessThan(1e-9)
      }
      for (const arms of all) expect(paddingIsZero(arms, 0)).toBe(true)
    }
  })
})

/** Of all that a kernel has: compared one by one they take their time. */
function bitsOf(numbers: Float64Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}

function positiveDefinite(random: Random, size: number): number[][] {
  const rows = Array.from({ length: size + 3 }, () => random.vector(size))
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (__, j) =>
      rows.reduce((sum, row) => sum + row[i] * row[j], i === j ? 0.5 : 0),
    ),
  )
}

/** max |A A^-1 - I| of a packed inverse. */
function distanceToIdentity(full: number[][], packed: Float64Array): number {
  const size = full.length
  const at = (i: number, j: number): number => {
    const [row, column] = i <= j ? [i, j] : [j, i]
    return packed[row * size - (row * (row - 1)) / 2 + column - row]
  }
  let worst = 0
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const sum = full[i].reduce((total, entry, k) => total + entry * at(k, j), i === j ? -1 : 0)
      worst = Math.max(worst, Math.abs(sum))
    }
  }
  return worst
}
