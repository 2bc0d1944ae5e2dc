import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRouter, ParetoBanditError, type RouteOptions, type Router } from '../../../src/index.js'

const D = 4
const BIAS = new Float64Array([0, 0, 0, 1])
/** Of a request with the tokens that are assumed, USD: of the cheap model, of the dear one. */
const CHEAP_USD = 0.001
const DEAR_USD = 0.05

interface Given {
  readonly budgetUsd?: number
  readonly capUsd?: number
  readonly strict?: boolean
  readonly forcedExploration?: number
}

class Served {
  readonly router: Router<string>
  readonly clock = { at: Date.UTC(2026, 0, 5, 1) }
  /** Models that were told to be out of reach, and are still. */
  readonly told = new Set<string>()
  notices = 0

  private constructor(router: Router<string>) {
    this.router = router
    router.on('reach', ({ model, isReachable }) => {
      this.notices++
      if (isReachable) this.told.delete(model)
      else this.told.add(model)
    })
  }

  static async begin({ budgetUsd, capUsd, strict = false, forcedExploration }: Given): Promise<Served> {
    const clock = { at: Date.UTC(2026, 0, 5, 1) }
    const router = await createRouter<string>({
      dimension: D,
      kernel: 'js',
      name: 'r',
      strict,
      ...(forcedExploration === undefined ? {} : { forcedExploration }),
      expectedTokens: { input: 500, output: 500 },
      models: [
        { id: 'cheap', inputUsdPerMTok: 1, outputUsdPerMTok: 1 },
        { id: 'dear', inputUsdPerMTok: 50, outputUsdPerMTok: 50 },
      ],
      clock: () => clock.at,
      ...(budgetUsd === undefined ? {} : { budget: { usdPerRequest: budgetUsd } }),
      ...(capUsd === undefined ? {} : { caps: [{ usd: capUsd, per: 'day', pacing: 'even' }] }),
    })
    const served = new Served(router)
    Object.assign(served, { clock })
    return served
  }

  /** @returns how many were served */
  run(count: number, options: RouteOptions = {}): number {
    let served = 0
    for (let i = 0; i < count; i++) {
      this.clock.at += 100
      try {
        const { id, model, expectedCostUsd } = this.router.route(BIAS, options)
        this.router.settle(id, { costUsd: expectedCostUsd })
        this.router.reward(id, model === 'dear' ? 0.9 : 0.6)
        served++
      } catch (error) {
        if (!(error instanceof ParetoBanditError && error.code === 'BUDGET_EXHAUSTED')) throw error
      }
    }
    return served
  }

  /** Ids of models that stats says are out of reach. */
  get outOfReach(): string[] {
    return this.router
      .stats()
      .models.filter(({ standing }) => standing.kind === 'out-of-reach')
      .map(({ id }) => id)
  }
}

describe('where every request is refused', () => {
  it('each model of a router without any is out of reach, and the budget that is named serves requests', async () => {
    const served = await Served.begin({ budgetUsd: CHEAP_USD / 100, strict: true })
    expect(served.run(40)).toBe(0)
    const { models, account } = served.router.stats()
    expect(account?.refused).toBe(40)
    expect(models.map(({ standing }) => standing.kind)).toEqual(['out-of-reach', 'out-of-reach'])
    expect([...served.told]).toEqual(['cheap', 'dear'])
    const { why, costUsd, remedies } = models[0].standing
    expect(costUsd).toBeCloseTo(CHEAP_USD, 12)
    expect(why).toContain('every request is refused')
    expect(why).toContain('a budget of $')
    expect(remedies?.usdPerRequest).toBeGreaterThan(CHEAP_USD / 100)
    served.router.setBudget({ usdPerRequest: remedies?.usdPerRequest ?? 0 })
    expect(served.run(200)).toBeGreaterThan(0)
    expect(served.told.has('cheap')).toBe(false)
  })

  it('the same of a cap', async () => {
    const served = await Served.begin({ capUsd: CHEAP_USD / 2 })
    expect(served.run(40)).toBe(0)
    expect(served.outOfReach).toEqual(['cheap', 'dear'])
    expect([...served.told]).toEqual(['cheap', 'dear'])
    const { why, remedies } = served.router.stats().models[0].standing
    expect(why).toContain('never pays more than $0.0005')
    expect(remedies?.capUsd).toBeGreaterThanOrEqual(CHEAP_USD)
    served.router.setCaps([{ usd: remedies?.capUsd ?? 0, per: 'day', pacing: 'even' }])
    expect(served.run(10)).toBeGreaterThan(0)
  })

  it('a budget and a cap that are both too small are named together', async () => {
    const served = await Served.begin({ budgetUsd: CHEAP_USD / 100, capUsd: CHEAP_USD / 2, strict: true })
    served.run(20)
    const { why, remedies } = served.router.stats().models[0].standing
    expect([remedies?.usdPerRequest, remedies?.capUsd]).toEqual([null, null])
    expect(why).toMatch(/a budget of \$\S+ a request with caps of \$\S+ would put it within reach/)
  })

  it.each([
    ['budget', { budgetUsd: 10 * CHEAP_USD, strict: true }],
    ['cap', { capUsd: 100 }],
  ])('a model that had requests until the %s was cut is in no mix any more', async (what, given) => {
    const served = await Served.begin(given)
    expect(served.run(300)).toBe(300)
    expect(served.outOfReach).toEqual([])
    if (what === 'budget') served.router.setBudget({ usdPerRequest: CHEAP_USD / 1000 })
    else served.router.setCaps([{ usd: CHEAP_USD / 1000, per: 'day', pacing: 'even' }])
    served.run(2000)
    expect(served.run(100)).toBe(0)
    expect(served.outOfReach).toEqual(['cheap', 'dear'])
    expect([...served.told].sort()).toEqual(['cheap', 'dear'])
    const restored = await Served.begin({})
    restored.router.restore(served.router.snapshot())
    restored.clock.at = served.clock.at
    if (what === 'cap') expect(restored.outOfReach).toEqual(['cheap', 'dear'])
  })

  it('an account that only waits for money is short now, of each model', async () => {
    const served = await Served.begin({ capUsd: 20 * DEAR_USD })
    while (served.run(1) === 1);
    const { models } = served.router.stats()
    expect(models.map(({ standing }) => standing.kind)).toEqual(['unaffordable', 'unaffordable'])
    expect(models[0].standing.why).toContain('every request is refused now')
  })
})

describe('stats and the notice of reach', () => {
  it('takes prompts of any size', async () => {
    const served = await Served.begin({ budgetUsd: 30 * CHEAP_USD, forcedExploration: 0 })
    served.run(1500, { inputTokens: 50_000, maxOutputTokens: 50_000 })
    expect(served.outOfReach).toContain('dear')
    expect([...served.told]).toEqual(served.outOfReach)
  })

  it('says nothing of reach where an operator takes a model out that is out of reach', async () => {
    const served = await Served.begin({ budgetUsd: CHEAP_USD / 100, strict: true })
    served.run(20)
    served.router.disable('dear')
    served.run(300)
    served.router.enable('dear')
    served.run(300)
    expect([served.notices, [...served.told]]).toEqual([2, ['cheap', 'dear']])
  })

  it('a model that a typical request cannot pay for is unaffordable, not paid for, when the cap is spent', async () => {
    const served = await Served.begin({ capUsd: 40 * CHEAP_USD })
    const told: unknown[] = []
    served.router.on('reach', (event) => told.push(event))
    // As where clients name their model, and answers are short: one on the dear model would fit into the cap.
    const named = { candidates: ['cheap'], expectedOutputTokens: 10 }
    while (served.run(1, named) === 1);
    served.run(300, named)
    const { kind, costUsd, mostUsd } = served.router.stats().models[1].standing
    expect(kind).toBe('unaffordable')
    expect(told).toEqual([
      expect.objectContaining({ model: 'dear', isReachable: false, standing: 'out-of-reach' }),
      expect.objectContaining({ model: 'dear', isReachable: true, standing: kind, costUsd, mostUsd }),
    ])
    expect(costUsd).toBeGreaterThan(mostUsd ?? 0)
  })

  it('says how a model stands that is out of reach no more', async () => {
    const ended = async (change: (served: Served) => void) => {
      const served = await Served.begin({ capUsd: 20 * CHEAP_USD })
      const kinds: unknown[] = []
      served.router.on('reach', ({ model, standing }) => kinds.push([model, standing]))
      const named = { candidates: ['cheap'] }
      served.run(12, named)
      change(served)
      served.run(1, named)
      const { standing } = served.router.stats().models[1]
      expect(kinds).toEqual([
        ['dear', 'out-of-reach'],
        ['dear', standing.kind],
      ])
      return standing.kind
    }
    expect(await ended(({ router }) => router.setCaps([]))).toBe('due')
    // A cap that one fits into, and that is spent but for a little.
    const spent = ({ router }: Served) => {
      router.setCaps([{ usd: 21 * DEAR_USD, per: 'day', pacing: 'even' }])
      router.adjustAccount(-20.99 * DEAR_USD)
    }
    expect(await ended(spent)).toBe('unaffordable')
  })

  it('never contradict each other', async () => {
    const step = fc.oneof(
      fc.record({ budgetUsd: fc.constantFrom(1e-6, 3e-4, 2e-3, 0.02) }),
      fc.record({ capUsd: fc.constantFrom(1e-5, 2e-3, 0.3, 1000) }),
      fc.record({ size: fc.constantFrom(1, 50, 1000, 200_000) }),
      fc.record({ enabled: fc.boolean() }),
      fc.record({ usdPerMTok: fc.constantFrom(0.5, 50, 5000) }),
    )
    const property = fc.asyncProperty(
      fc.boolean(),
      fc.array(step, { maxLength: 8 }),
      async (strict, steps) => {
        const served = await Served.begin({ budgetUsd: 2 * CHEAP_USD, strict })
        let size = 500
        for (const each of steps) {
          if ('budgetUsd' in each) served.router.setBudget({ usdPerRequest: each.budgetUsd })
          if ('capUsd' in each) served.router.setCaps([{ usd: each.capUsd, per: 'day', pacing: 'even' }])
          if ('enabled' in each && each.enabled) served.router.enable('dear')
          if ('enabled' in each && !each.enabled) served.router.disable('dear')
          if ('usdPerMTok' in each)
            served.router.reprice('dear', {
              inputUsdPerMTok: each.usdPerMTok,
              outputUsdPerMTok: each.usdPerMTok,
            })
          if ('size' in each) size = each.size
          served.run(40, { inputTokens: size, maxOutputTokens: size })
          const isEnabled = (id: string) => served.router.stats().models.some((m) => m.id === id && m.enabled)
          const toldNow = () => [...served.told].filter(isEnabled).sort()
          // It looks before a request is routed, as stats does here: whenever it tells something, and every 256 requests.
          const all = new Set<string>()
          for (let i = 0; i < 300; i++) {
            const { notices } = served
            const said = served.outOfReach.sort()
            all.add(said.join())
            served.run(1, { inputTokens: size, maxOutputTokens: size })
            if (served.notices !== notices) expect(toldNow()).toEqual(said)
          }
          if (all.size === 1) expect(toldNow().join()).toBe([...all][0])
        }
      },
    )
    await fc.assert(property, { seed: 13, numRuns: 12 })
  })
})
