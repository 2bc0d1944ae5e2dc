import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Arms } from '../../src/bandit/arms.js'
import { QUADRATIC } from '../../src/kernel/kernel.js'
import { sectionOffset } from '../../src/kernel/layout.js'
import { KERNELS, makeArms, observe, type TestKernel } from '../support/arena.js'
import { Random } from '../support/random.js'
import '../support/seed.js'

interface Scene {
  readonly dimension: number
  readonly arms: number
  readonly gamma: number
  readonly lambda0: number
  readonly alpha: number
  readonly weight: number
  /** How contexts and histories are drawn: each makes bounds loose, or scores equal, in its own way. */
  readonly kind: 'taught' | 'fresh' | 'twins' | 'one-direction' | 'stale'
  readonly seed: number
}

const scene: fc.Arbitrary<Scene> = fc.record({
  dimension: fc.constantFrom(1, 2, 3, 5, 8, 26, 27, 65, 70),
  arms: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 60, max: 140 })),
  gamma: fc.constantFrom(0.5, 0.9, 0.997, 1),
  lambda0: fc.constantFrom(1e-6, 0.01, 1, 100),
  alpha: fc.oneof(fc.constantFrom(0, 1e-9, 0.01, 0.05, 0.5, 10), fc.double({ min: 0, max: 10, noNaN: true })),
  weight: fc.constantFrom(0, 0.3, 5),
  kind: fc.constantFrom('taught', 'fresh', 'twins', 'one-direction', 'stale'),
  seed: fc.nat(),
})

/** Arms with the scene's history, and the request count it ends at. */
async function play(name: TestKernel, scene: Scene): Promise<{ arms: Arms; now: number }> {
  const { dimension, gamma, lambda0, kind } = scene
  const random = new Random(scene.seed)
  const arms = await makeArms(name, { dimension, gamma, lambda0 })
  let now = 0
  for (let slot = 0; slot < scene.arms; slot++) arms.start(slot, null, random.below(3) / 2, now)
  const updates = kind === 'fresh' ? 2 : dimension > 30 ? 3 : 12
  const direction = random.vector(dimension)
  for (let round = 0; round < updates; round++) {
    const shared = random.vector(dimension, 2)
    for (let slot = 0; slot < scene.arms; slot++) {
      if (kind === 'fresh' && slot % 3 !== 0) continue
      const context =
        kind === 'twins' ? shared : kind === 'one-direction' ? direction : random.vector(dimension, 2)
      observe(arms, slot, context, kind === 'twins' ? round / updates : random.next(), ++now)
    }
    if (kind === 'stale') now += random.below(1500)
    if (random.below(2) === 0) arms.markPlayed(random.below(scene.arms), now)
  }
  // Twins share their price and age as well: whole groups of scores are equal to the bit.
  if (kind === 'twins') {
    for (let slot = 0; slot < scene.arms; slot++) {
      arms.markPlayed(slot, now)
      arms.setPrice(slot, 0.25)
    }
  }
  return { arms, now }
}

/** Everything in the candidate list, some of it twice, in no order. */
function listAll(arms: Arms, count: number, random: Random): number {
  const length = count + random.below(3)
  for (let position = 0; position < length; position++) {
    arms.setCandidate(position, random.below(count))
  }
  return length
}

/** Every way to another inverse in an arm's slot. */
function change(arms: Arms, random: Random, { arms: count, dimension, lambda0 }: Scene, now: number): void {
  const slot = random.below(count)
  const way = random.below(5)
  const { kernel } = arms
  const { layout } = kernel
  if (way === 0) observe(arms, slot, random.vector(dimension, 3), random.next(), now)
  else if (way === 1) arms.start(slot, null, 0.5, now)
  else if (way === 2) {
    const precision = new Float64Array(layout.triangle)
    for (let i = 0, k = 0; i < dimension; k += dimension - i, i++)
      precision[k] = lambda0 / (1 + random.below(50))
    arms.start(slot, { precision, response: random.vector(dimension) }, 0.5, now)
  } else if (way === 3) {
    const numbers = arms.sections(random.below(count)).flatMap((section) => [...section])
    arms.load(slot, Float64Array.from(numbers))
  } else {
    const precision = sectionOffset(layout, layout.precision, layout.paddedTriangle, slot)
    for (let i = 0, k = precision; i < dimension; k += dimension - i, i++) kernel.f64[k] *= 0.05
    for (let k = precision; k < precision + layout.triangle; k++) kernel.f64[k] *= 0.05
    kernel.rebuild(slot)
  }
}

describe.each(KERNELS)('pruning by kernel %s', (name) => {
  it('finds the position and the score that a full scan finds', async () => {
    await fc.assert(
      fc.asyncProperty(scene, fc.nat(0xffffffff), async (scene, tieBreak) => {
        const { arms, now } = await play(name, scene)
        const { kernel } = arms
        const { layout } = kernel
        const random = new Random(scene.seed + 1)
        arms.kernel.reserve(scene.arms + 2)
        for (let round = 0; round < 5; round++) {
          const count = listAll(arms, scene.arms, random)
          const contexts = 1 + random.below(4)
          for (let index = 0; index < contexts; index++) {
            kernel.f64.set(random.vector(scene.dimension, 3), layout.context + index * layout.paddedDimension)
          }
          const wanted = []
          kernel.project(contexts, count, QUADRATIC)
          for (let index = 0; index < contexts; index++) {
            kernel.combine(index, count, scene.alpha, scene.weight, now + round)
            const position = kernel.argmax(count, tieBreak)
            const scores = Array.from({ length: count }, (_, i) => arms.scoreAt(i))
            wanted.push({ position, score: arms.scoreAt(position), scores })
          }
          kernel.project(contexts, count, 0)
          for (const [index, { position, score, scores }] of wanted.entries()) {
            const evaluated = kernel.prune(index, count, scene.alpha, scene.weight, now + round)
            expect(evaluated).toBeGreaterThanOrEqual(1)
            expect(evaluated).toBeLessThanOrEqual(count)
            expect(kernel.argmax(count, tieBreak)).toBe(position)
            expect(arms.scoreAt(position)).toBe(score)
            // What was not evaluated is bounded from above, and lies under the best.
            const wrong = scores
              .map((exact, i) => ({ i, exact, shown: arms.scoreAt(i) }))
              .filter(({ exact, shown }) => !(shown === exact || (shown > exact && shown < score)))
            expect(wrong).toEqual([])
          }
          // Whatever may change an inverse in between: bounds must follow.
          change(arms, random, scene, now + round)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('takes few quadratic forms where arms differ, and all where bounds say nothing', async () => {
    const random = new Random(3)
    const arms = await makeArms(name, { dimension: 8, gamma: 1 })
    for (let slot = 0; slot < 100; slot++) arms.start(slot, null, 0, 0)
    for (let position = 0; position < 100; position++) arms.setCandidate(position, position)
    const { kernel } = arms
    kernel.f64.set([0, 0, 0, 0, 0, 0, 0, 1], kernel.layout.context)
    kernel.project(1, 100, 0)
    expect(kernel.prune(0, 100, 0.1, 0, 0)).toBe(100)
    for (let round = 0; round < 400; round++) {
      for (let slot = 0; slot < 100; slot++) {
        const context = random.vector(8)
        context[7] = 1
        observe(arms, slot, context, slot / 100, 0)
      }
    }
    kernel.f64.set([1, -1, 1, -1, 1, -1, 1, 1], kernel.layout.context)
    kernel.project(1, 100, 0)
    expect(kernel.prune(0, 100, 0.05, 0, 0)).toBeLessThan(20)
    expect(kernel.argmax(100, 0)).toBe(99)
  })

  it('scores one context as it scores four at once', async () => {
    for (const dimension of [1, 2, 7, 26, 64, 65, 130]) {
      const random = new Random(dimension)
      const arms = await makeArms(name, { dimension })
      const { kernel } = arms
      const { layout } = kernel
      for (let slot = 0; slot < 13; slot++) {
        arms.start(slot, null, random.next(), 0)
        for (let i = 0; i < 3; i++) observe(arms, slot, random.vector(dimension), random.next(), i)
        arms.setCandidate(slot, 12 - slot)
      }
      const contexts = Array.from({ length: 4 }, () => random.vector(dimension))
      const alone = contexts.map((context) => {
        kernel.f64.set(context, layout.context)
        kernel.score(13, 0.7, 0.2, 9)
        return Array.from({ length: 13 }, (_, i) => arms.scoreAt(i))
      })
      for (const together of [2, 3, 4]) {
        for (const [index, context] of contexts.slice(0, together).entries()) {
          kernel.f64.set(context, layout.context + index * layout.paddedDimension)
        }
        kernel.project(together, 13, QUADRATIC)
        for (let index = 0; index < together; index++) {
          kernel.combine(index, 13, 0.7, 0.2, 9)
          expect(Array.from({ length: 13 }, (_, i) => arms.scoreAt(i))).toEqual(alone[index])
        }
      }
    }
  })
})
