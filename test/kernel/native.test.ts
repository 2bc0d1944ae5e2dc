import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Arms } from '../../src/bandit/arms.js'
import { createRouter } from '../../src/create-router.js'
import { QUADRATIC } from '../../src/kernel/kernel.js'
import { CELL_STRIDE, cellOffset, sectionOffset } from '../../src/kernel/layout.js'
import { ARGUMENTS, NATIVE_INTERFACE, RESULT } from '../../src/kernel/native-addon.js'
import type { Router } from '../../src/router/router.js'
import { KERNELS, makeArms, NATIVE_MISSING, observe, scoresDiffer } from '../support/arena.js'
import { Random } from '../support/random.js'
import { digest } from '../support/router.js'
import '../support/seed.js'

/**
 * Share of the magnitudes summed that a fused sum may differ by. Each of two sums of n terms in at least two chains is
 * off by at most n/2 roundings of 1.1e-16: for n = 74,305 (d = 385) 8e-12, and a hundredth of it in practice.
 */
const TOLERANCE = 1e-12

const NATIVE = KERNELS.filter((name) => name.startsWith('native'))
const COUNT = 11

async function taught(name: (typeof KERNELS)[number], dimension: number, seed: number): Promise<Arms> {
  const arms = await makeArms(name, { dimension })
  const random = new Random(seed)
  for (let slot = 0; slot < COUNT; slot++) arms.start(slot, null, random.next(), 0)
  for (let i = 0; i < 3 * COUNT; i++) observe(arms, i % COUNT, random.vector(dimension, 2), random.next(), i)
  for (let position = 0; position < COUNT; position++) arms.setCandidate(position, COUNT - 1 - position)
  for (let index = 0; index < 4; index++) {
    const { f64, layout } = arms.kernel
    f64.set(random.vector(dimension, 3), layout.context + index * layout.paddedDimension)
  }
  return arms
}

function listed({ kernel }: Arms, section: 'mean' | 'variance', index: number, position: number): number {
  const { f64, layout } = kernel
  return f64[cellOffset(layout, layout[section] + index * CELL_STRIDE, position)]
}

/** The sums of magnitudes in theta.x and x^T A^-1 x. */
function magnitudes({ kernel }: Arms, index: number, slot: number): { mean: number; variance: number } {
  const { f64, layout } = kernel
  const { dimension, paddedDimension, paddedTriangle } = layout
  const x = layout.context + index * paddedDimension
  const theta = sectionOffset(layout, layout.theta, paddedDimension, slot)
  let k = sectionOffset(layout, layout.inverse, paddedTriangle, slot)
  let mean = 0
  let variance = 0
  for (let i = 0; i < dimension; i++) {
    mean += Math.abs(f64[theta + i] * f64[x + i])
    for (let j = i; j < dimension; j++, k++)
      variance += (i === j ? 1 : 2) * Math.abs(f64[k] * f64[x + i] * f64[x + j])
  }
  return { mean, variance }
}

describe.skipIf(NATIVE_MISSING !== null).each(NATIVE)('scores of kernel %s', (name) => {
  it.each([1, 2, 3, 5, 26, 27, 31, 64, 65, 130, 385])(
    'are sums within their tolerance of the reference, dimension %i',
    async (dimension) => {
      const arms = await taught(name, dimension, dimension)
      const reference = await taught('js', dimension, dimension)
      const tolerance = scoresDiffer(name) ? TOLERANCE : 0
      for (const contexts of [1, 2, 3, 4]) {
        for (const { kernel } of [arms, reference]) kernel.project(contexts, COUNT, QUADRATIC)
        for (let index = 0; index < contexts; index++) {
          for (let position = 0; position < COUNT; position++) {
            const most = magnitudes(reference, index, COUNT - 1 - position)
            for (const section of ['mean', 'variance'] as const) {
              const [got, wanted] = [arms, reference].map((each) => listed(each, section, index, position))
              expect(Math.abs(got - wanted)).toBeLessThanOrEqual(tolerance * most[section])
            }
          }
        }
      }
    },
  )

  it('come out of the same sums in the same bits', async () => {
    const arms = await taught(name, 26, 1)
    const reference = await taught('js', 26, 1)
    arms.kernel.project(4, COUNT, QUADRATIC)
    const { layout } = arms.kernel
    reference.kernel.f64.set(arms.kernel.f64.subarray(layout.blocks), layout.blocks)
    for (const index of [0, 3]) {
      for (const [alpha, weight, now] of [
        [0.1, 0.3, 40],
        [2, 0, 5000],
        [0, 5, 33],
      ]) {
        for (const { kernel } of [arms, reference]) kernel.combine(index, COUNT, alpha, weight, now)
        for (let i = 0; i < COUNT; i++) expect(arms.scoreAt(i)).toBe(reference.scoreAt(i))
        expect(arms.kernel.argmax(COUNT, 3)).toBe(reference.kernel.argmax(COUNT, 3))
      }
    }
  })

  it('go on while the arena grows under them', async () => {
    const arms = await makeArms(name, { dimension: 26 })
    const reference = await makeArms('js', { dimension: 26 })
    const random = new Random(5)
    for (let count = 1; count <= 400; count++) {
      const [learned, asked, reward] = [random.vector(26), random.vector(26), random.next()]
      const choices = [arms, reference].map((each) => {
        each.start(count - 1, null, (count % 7) / 7, count)
        each.setCandidate(count - 1, count - 1)
        observe(each, (count * 13) % count, learned, reward, count)
        each.kernel.f64.set(asked, each.kernel.layout.context)
        each.kernel.score(count, 0.1, 0.3, count)
        return each.kernel.argmax(count, count)
      })
      expect(choices[0]).toBe(choices[1])
    }
  })
})

describe('a snapshot', () => {
  it('moved from kernel to kernel keeps the bits of the state', async () => {
    const names = KERNELS.filter((name) => name === 'js' || name === 'wasm' || name === 'native')
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const routers = await Promise.all(names.map(makeRouter))
        const random = new Random(seed)
        // One is handed around, the others stay where they are.
        let snapshot = routers[0].snapshot()
        for (let leg = 0; leg < 6; leg++) {
          const carrier = await makeRouter(names[leg % names.length])
          carrier.restore(snapshot)
          for (let i = 0; i < 10; i++) {
            const context = random.vector(5)
            const [cost, reward] = [random.next() / 1000, random.next()]
            for (const router of [carrier, ...routers]) {
              const { id } = router.route(context)
              router.settle(id, { costUsd: cost })
              router.reward(id, reward)
            }
          }
          snapshot = carrier.snapshot()
          for (const router of routers) expect(digest(router)).toBe(digest(carrier))
        }
      }),
      { numRuns: 20 },
    )
  })
})

function makeRouter(kernel: (typeof KERNELS)[number]): Promise<Router> {
  if (kernel === 'wasm-scalar' || kernel === 'native-portable') throw new RangeError(kernel)
  const models = Array.from({ length: 9 }, (_, i) => ({
    id: `m${i}`,
    inputUsdPerMTok: 0.1 * (i + 1),
    outputUsdPerMTok: 0.4 * (i + 1),
  }))
  // The window of policy dollar holds scores, whose last bits are the kernel's own.
  const policy = 'paper'
  return createRouter({
    name: 'r',
    policy,
    models,
    dimension: 5,
    kernel,
    clock: () => 0,
    budget: { usdPerRequest: 0.0004 },
  })
}

describe("the addon's source", () => {
  const native = (file: string) => readFileSync(new URL(`../../native/${file}`, import.meta.url), 'utf8')

  it('reads the map at the head of the arena in the order in which it is written', () => {
    const layout = readFileSync(new URL('../../src/kernel/layout.ts', import.meta.url), 'utf8')
    const written = [...(/TABLE_FIELDS = \[([^\]]+)\]/.exec(layout)?.[1] ?? '').matchAll(/'(\w+)'/g)]
    const read = (/enum Field \{([^}]+)\}/.exec(native('arena.h'))?.[1] ?? '').match(/\w+/g) ?? []
    expect(written.length).toBeGreaterThan(20)
    expect(read).toEqual([...written.map(([, field]) => field), 'fieldCount'])
  })

  it('names the interface that the loader expects', () => {
    expect(native('addon.cc')).toContain(`kInterface = ${NATIVE_INTERFACE};`)
    expect(native('addon.cc')).toContain(`kArguments = ${ARGUMENTS};`)
    expect(native('addon.cc')).toContain(`kResult = ${RESULT};`)
    expect(native('arena.h')).toContain(`kCellStride = ${CELL_STRIDE};`)
  })

  it('states the same constants', () => {
    const all = ['score.cc', 'update.cc', 'packed.h'].map(native).join('')
    for (const text of ['kVarianceMin = 1e-12', 'kAgeMax = 1000', 'kDivisorMin = 1.0 / 200.0', '1 + 1e-9'])
      expect(all).toContain(text)
    for (const text of ['kRidgeFloor = 0.1', 'kQuadraticMax = 1e6', 'kPivotShareMin = 1e-13'])
      expect(all).toContain(text)
  })
})
