import { afterEach, expect, it, vi } from 'vitest'
import { Arms } from '../../../src/bandit/arms.js'
import { createRouter } from '../../../src/index.js'
import { Arena } from '../../../src/kernel/arena.js'
import { JsKernel } from '../../../src/kernel/js-kernel.js'
import { Shrinkage } from '../../../src/policy/dollar/estimate/shrinkage.js'
import { Newcomers } from '../../../src/policy/dollar/exploration/newcomers.js'
import { Random } from '../../support/random.js'

const D = 4

afterEach(() => void vi.restoreAllMocks())

/** Models beyond what the account ever pays for one request, of which nothing is known. */
async function outOfReach(models: number) {
  const router = await createRouter({
    dimension: D,
    kernel: 'js',
    seed: 5,
    forcedExploration: 0,
    budget: { usdPerRequest: 1e-6 },
    models: Array.from({ length: models }, (_, i) => ({
      id: `m${i}`,
      inputUsdPerMTok: 0.001 * 10 ** ((8 * i) / models),
      outputUsdPerMTok: 0.001 * 10 ** ((8 * i) / models),
    })),
  })
  const random = new Random(3)
  for (let i = 0; i < 40; i++) {
    const { id } = router.route(random.vector(D))
    router.settle(id, { inputTokens: 300, outputTokens: 300 })
    router.reward(id, 0.5)
  }
  return router
}

it('weighs all models as often to find those out of reach, however many there are', async () => {
  const looks: number[] = []
  for (const models of [40, 400]) {
    const router = await outOfReach(models)
    const read = vi.spyOn(Newcomers.prototype, 'read')
    const kinds = Object.values(router.stats().models).map(({ standing }) => standing?.kind)
    expect(kinds.filter((kind) => kind === 'out-of-reach').length).toBeGreaterThan(models / 4)
    // One prompt is weighed with hundreds of models, twelve with forty: once for all, and once for those beyond the account.
    looks.push(read.mock.calls.length)
    read.mockRestore()
  }
  expect(looks).toEqual([24, 2])
})

it('goes through what all arms know once to fit the weights that they share, however many they are', () => {
  const passes = [4, 64].map((count) => {
    const arms = new Arms(new JsKernel(new Arena({ dimension: D, gamma: 1, lambda0: 1 })), 1)
    const shrinkage = new Shrinkage(arms)
    const { kernel } = arms
    const random = new Random(1)
    const slots = Array.from({ length: count }, (_, slot) => slot)
    const precision = Float64Array.of(100, 0, 0, 0, 100, 0, 0, 100, 0, 1)
    const response = Float64Array.of(0, 0, 0, 0.5)
    for (const slot of slots) {
      arms.start(slot, { precision, response }, 0, 0)
      shrinkage.started(slot, Float64Array.of(0.1, 99, 99, 99, 0, 0, 0))
    }
    const learn = (slot: number): void => {
      kernel.f64.set(random.vector(D), kernel.layout.context)
      shrinkage.fit(slot, () => 0.1)
      shrinkage.rewarded(slot, 0)
      kernel.update(slot, random.next(), 0)
    }
    for (let round = 0; round < 8; round++) for (const slot of slots) learn(slot)
    const values = vi.spyOn(Map.prototype, 'values')
    learn(0)
    const { length } = values.mock.calls
    values.mockRestore()
    return length
  })
  expect(passes[0]).toBeGreaterThan(0)
  expect(passes[1]).toBe(passes[0])
})
