import { describe, expect, it, vi } from 'vitest'
import {
  createRouter,
  type Decision,
  type KernelName,
  type Router,
  type RouterOptions,
} from '../../src/index.js'
import { JsKernel } from '../../src/kernel/js-kernel.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import { NATIVE_MISSING } from '../support/arena.js'
import { Random } from '../support/random.js'
import '../support/seed.js'

const DIMENSION = 6

/** A router that has learned something; twins have all in common, so that ties come up. */
async function makeRouter(kernel: KernelName, models: number, extra: RouterOptions = {}): Promise<Router> {
  let now = 1_700_000_000_000
  const router = await createRouter({
    name: 'r',
    kernel,
    dimension: DIMENSION,
    alpha: 0.3,
    seed: 11,
    clock: () => now++,
    models: Array.from({ length: models }, (_, i) => ({
      id: `m${i}`,
      inputUsdPerMTok: 1 + (i % 4),
      outputUsdPerMTok: 1 + (i % 4),
    })),
    ...extra,
  })
  const random = new Random(5)
  for (let i = 0; i < 40; i++) {
    const { id } = router.route(random.vector(DIMENSION))
    router.settle(id, { costUsd: 0.001 })
    router.reward(id, random.next())
  }
  return router
}

function contexts(count: number, seed: number): Float64Array[] {
  const random = new Random(seed)
  return Array.from({ length: count }, () => random.vector(DIMENSION))
}

const KERNELS = ['js', 'wasm', ...(NATIVE_MISSING === null ? (['native'] as const) : [])] as const

const CASES = KERNELS.flatMap((kernel) => POLICY_NAMES.map((policy) => [kernel, policy] as const))

describe.each(CASES)('routeMany with kernel %s under policy %s', (kernel, policy) => {
  it.each([1, 3, 20, 70])('decides as route does one by one, among %i models', async (models) => {
    const together = await makeRouter(kernel, models, { policy })
    const alone = await makeRouter(kernel, models, { policy })
    for (const [round, count] of [1, 2, 3, 4, 5, 9, 64].entries()) {
      const inputs = contexts(count, round)
      const decisions = together.routeMany(inputs)
      expect(decisions).toEqual(inputs.map((input) => alone.route(input)))
      for (const router of [together, alone]) {
        for (const [i, { id }] of decisions.entries()) router.reward(id, (i % 3) / 2)
      }
    }
    expect(together.stats().requests).toBe(alone.stats().requests)
  })

  it('does so with options, forced explorations and explanations', async () => {
    for (const options of [
      { exclude: ['m1'] },
      { candidates: ['m0', 'm2', 'm3', 'm9'] },
      { exploit: true },
      { explain: true },
      { maxCostUsd: 0.0015 },
    ]) {
      const together = await makeRouter(kernel, 20, { policy })
      const alone = await makeRouter(kernel, 20, { policy })
      for (const router of [together, alone]) {
        router.addModel({ id: 'new', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }, { forcedExploration: 3 })
      }
      const inputs = contexts(9, 3)
      expect(together.routeMany(inputs, options)).toEqual(inputs.map((input) => alone.route(input, options)))
    }
  })

  it('projects each context once, with options as without', async () => {
    const router = await makeRouter('js', 20)
    const project = vi.spyOn(JsKernel.prototype, 'project')
    const projected = (call: () => void): number => {
      project.mockClear()
      call()
      return project.mock.calls.reduce((sum, [contexts]) => sum + contexts, 0)
    }
    const inputs = contexts(64, 2)
    expect(projected(() => router.routeMany(inputs))).toBe(64)
    expect(projected(() => router.routeMany(inputs, { exclude: ['m3'] }))).toBe(64)
    expect(projected(() => router.routeMany(inputs, { maxCostUsd: 1 }))).toBe(64)
    project.mockRestore()
  })

  it('follows the price when requests expire in the middle of a batch', async () => {
    let now = 0
    const make = async (): Promise<Router> => {
      now = 0
      return makeRouter(kernel, 20, {
        policy,
        clock: () => now,
        pendingTtlMs: 50,
        budget: { usdPerRequest: 1e-6 },
      })
    }
    const play = (router: Router, route: (inputs: Float64Array[]) => Decision[]): Decision[] => {
      now = 10
      const first = route(contexts(30, 1))
      now = 1000
      return [...first, ...route(contexts(30, 2)), router.route(contexts(1, 3)[0])]
    }
    const together = await make()
    const wanted = play(together, (inputs) => together.routeMany(inputs))
    const alone = await make()
    expect(play(alone, (inputs) => inputs.map((input) => alone.route(input)))).toEqual(wanted)
    expect(together.stats().pacer.shadowPrice).toBeGreaterThan(0)
    expect(together.snapshot()).toEqual(alone.snapshot())
  })
})

describe('the list of candidates', () => {
  it('follows every change of the models', async () => {
    const router = await makeRouter('wasm', 3)
    const x = contexts(1, 1)[0]
    const chosen = (): Set<string> => new Set(Array.from({ length: 30 }, () => router.route(x).model))
    router.disable('m0')
    expect(chosen().has('m0')).toBe(false)
    router.removeModel('m1')
    expect(chosen()).toEqual(new Set(['m2']))
    router.addModel({ id: 'free', inputUsdPerMTok: 0, outputUsdPerMTok: 0 }, { forcedExploration: 0 })
    router.disable('m2')
    expect(chosen()).toEqual(new Set(['free']))
    router.enable('m2')
    router.disable('free')
    expect(chosen()).toEqual(new Set(['m2']))
    const snapshot = router.snapshot()
    const other = await makeRouter('wasm', 3)
    other.restore(snapshot)
    expect(other.route(x).model).toBe('m2')
    expect(router.route(x, { candidates: ['m2'] }).model).toBe('m2')
    router.enable('free')
    expect(router.route(x, { candidates: ['free'] }).model).toBe('free')
    expect(['m2', 'free']).toContain(router.route(x).model)
  })

  it('follows a price ceiling that moves', async () => {
    const router = await createRouter({
      policy: 'paper',
      dimension: 2,
      budget: { usdPerRequest: 1e-4 },
      models: [
        { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
        { id: 'dear', inputUsdPerMTok: 100, outputUsdPerMTok: 100 },
      ],
      forcedExploration: 0,
    })
    const x = [1, 1]
    const exclusions = (): (string | null)[] =>
      (router.route(x, { explain: true }).explanation?.models ?? []).map(({ excluded }) => excluded)
    expect(exclusions()).toEqual([null, null])
    for (let i = 0; i < 200; i++) router.settle(router.route(x).id, { costUsd: 1 })
    expect(router.stats().pacer.shadowPrice).toBeGreaterThan(1)
    expect(router.route(x).model).toBe('cheap')
    expect(exclusions()).toContain('over-price-ceiling')
    for (let i = 0; i < 3000; i++) router.settle(router.route(x).id, { costUsd: 0 })
    expect(router.stats().pacer.shadowPrice).toBe(0)
    expect(exclusions()).toEqual([null, null])
  })
})

describe('bounds on what an arm may score', () => {
  it('are those of the arms that a snapshot brings', async () => {
    const learned = await makeRouter('wasm', 70)
    const restored = await makeRouter('wasm', 70, { seed: 11, name: 'r' })
    for (const [i, input] of contexts(3000, 8).entries()) {
      const { id } = learned.route(input)
      if (i % 2 === 0) learned.reward(id, (i % 5) / 4)
    }
    // The bounds of cold arms, were they kept, would be too high; those of taught ones, for cold arms, too low.
    const cold = await createRouter({
      name: 'r',
      dimension: DIMENSION,
      alpha: 0.3,
      seed: 11,
      models: [{ id: 'm', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }],
      clock: () => 1_700_000_000_000,
    })
    for (const router of [restored, cold]) {
      router.routeMany(contexts(50, 4))
      router.restore(learned.snapshot())
    }
    const inputs = contexts(200, 9)
    const wanted = inputs.map((input) => learned.route(input).model)
    expect(restored.routeMany(inputs).map(({ model }) => model)).toEqual(wanted)
    expect(cold.routeMany(inputs).map(({ model }) => model)).toEqual(wanted)
    const fresh = await makeRouter('wasm', 70)
    learned.restore(fresh.snapshot())
    expect(learned.routeMany(inputs).map(({ model }) => model)).toEqual(
      fresh.routeMany(inputs).map(({ model }) => model),
    )
  })
})
