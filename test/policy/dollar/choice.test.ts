import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RouterEvent } from '../../../src/events/events.js'
import type { KernelName } from '../../../src/kernel/kernel.js'
import type { RouterOptions } from '../../../src/policy/options.js'
import { NATIVE_MISSING } from '../../support/arena.js'
import { digest, MODELS, makeBench } from '../../support/router.js'
import '../../support/seed.js'

const BUDGET = 0.002
const KERNELS: readonly KernelName[] = NATIVE_MISSING === null ? ['js', 'wasm', 'native'] : ['js', 'wasm']
const DOLLAR: RouterOptions = { policy: 'dollar', budget: { usdPerRequest: BUDGET } }

const action = fc.record({
  do: fc.constantFrom(
    'route',
    'route',
    'route',
    'settle',
    'settle',
    'reward',
    'fail',
    'reprice',
    'budget',
    'expire',
  ),
  which: fc.nat(1000),
  x: fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true })),
  factor: fc.double({ min: 0, max: 30, noNaN: true }),
  reward: fc.double({ min: 0, max: 1, noNaN: true }),
})
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

/** Plays a script; feedback that is refused is no matter here. @returns what the router spent and might still */
async function play(script: readonly Action[], options: RouterOptions) {
  const bench = await makeBench({ ...DOLLAR, models: [], pendingTtlMs: 1000, ...options })
  const { router, clock } = bench
  for (const model of MODELS) router.addModel(model)
  const open: { id: string; reservedUsd: number; forcedOnCheapest: boolean; costUsd: number | null }[] = []
  let allowedUsd = 0
  let budgetUsd = BUDGET
  for (const each of script) {
    clock.advance(1)
    const one = open[each.which % Math.max(1, open.length)]
    try {
      if (each.do === 'route') {
        // A request that is refused counts as one.
        allowedUsd += budgetUsd
        const decision = router.route([...each.x, 1])
        open.push({
          id: decision.id,
          reservedUsd: decision.expectedCostUsd,
          forcedOnCheapest: decision.cheapestFallback,
          costUsd: null,
        })
      } else if (each.do === 'settle' && one !== undefined) {
        router.settle(one.id, { costUsd: one.reservedUsd * each.factor })
        one.costUsd = one.reservedUsd * each.factor
      } else if (each.do === 'fail' && one !== undefined) {
        router.fail(one.id, { costUsd: one.reservedUsd * each.factor })
        one.costUsd = one.reservedUsd * each.factor
      } else if (each.do === 'reward' && one !== undefined) router.reward(one.id, each.reward)
      else if (each.do === 'reprice') {
        const price = 0.1 + each.factor
        router.reprice(MODELS[each.which % 3].id, { inputUsdPerMTok: price, outputUsdPerMTok: 2 * price })
      } else if (each.do === 'budget') {
        budgetUsd = BUDGET * (0.1 + each.reward)
        router.setBudget({ usdPerRequest: budgetUsd })
      } else if (each.do === 'expire') clock.advance(each.which)
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error
    }
  }
  return { ...bench, open, allowedUsd }
}

const scripts = fc.array(action, { minLength: 5, maxLength: 150 })
/** Chance keeps the promise too. */
const epsilons = fc.constantFrom(0, 0.5)

describe('policy dollar', () => {
  it.each(KERNELS)(
    'holds its promise on %s whatever prices, budgets, rewards and bills do',
    async (kernel) => {
      await fc.assert(
        fc.asyncProperty(scripts, epsilons, async (script, epsilon) => {
          const { router, open, allowedUsd } = await play(script, { kernel, epsilon })
          const { spendUsd } = router.stats().pacer
          const excess = open.reduce(
            (sum, { costUsd, reservedUsd }) => sum + Math.max(0, (costUsd ?? 0) - reservedUsd),
            0,
          )
          const forced = open.reduce(
            (sum, one) => sum + (one.forcedOnCheapest ? Math.max(one.costUsd ?? 0, one.reservedUsd) : 0),
            0,
          )
          const promise = allowedUsd + 50 * BUDGET + excess + forced
          expect(spendUsd).toBeLessThanOrEqual(promise * (1 + 1e-9))
        }),
        { numRuns: 60 },
      )
    },
  )

  it.each(KERNELS)(
    'holds its promise on %s with strict, nothing on top, while budgets change',
    async (kernel) => {
      await fc.assert(
        fc.asyncProperty(scripts, epsilons, async (script, epsilon) => {
          const { router, open, allowedUsd } = await play(script, { kernel, epsilon, strict: true })
          const { spendUsd, reservedUsd } = router.stats().pacer
          const excess = open.reduce(
            (sum, { costUsd, reservedUsd }) => sum + Math.max(0, (costUsd ?? 0) - reservedUsd),
            0,
          )
          expect(open.some(({ forcedOnCheapest }) => forcedOnCheapest)).toBe(false)
          // The burst is that of the largest budget there was.
          const promise = allowedUsd + 50 * 1.1 * BUDGET + excess
          expect(spendUsd + reservedUsd).toBeLessThanOrEqual(promise * (1 + 1e-9))
        }),
        { numRuns: 60 },
      )
    },
  )

  it('folds the same events to the same state on every kernel, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const { router, log } = await play(script, { kernel: 'js' })
        for (const kernel of KERNELS) {
          const { router: other } = await makeBench({ ...DOLLAR, models: [], kernel, pendingTtlMs: 1000 })
          for (const event of log) other.apply(event)
          expect(digest(other)).toBe(digest(router))
        }
      }),
      { numRuns: 25 },
    )
  })

  it('goes on after a restore as if nothing had happened', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, scripts, async (script, rest) => {
        const { router, clock } = await play(script, { kernel: 'js' })
        const { router: other, clock: otherClock } = await makeBench({
          ...DOLLAR,
          models: [],
          pendingTtlMs: 1000,
        })
        other.restore(router.snapshot())
        otherClock.now = clock.now
        expect(digest(other)).toBe(digest(router))
        for (const each of rest) {
          const decision = router.route([...each.x, 1])
          const { costUsd } = { costUsd: decision.expectedCostUsd * each.factor }
          expect(other.route([...each.x, 1])).toEqual(decision)
          for (const one of [router, other]) {
            one.settle(decision.id, { costUsd })
            one.reward(decision.id, each.reward)
          }
        }
        expect(digest(other)).toBe(digest(router))
      }),
      { numRuns: 25 },
    )
  })

  it('keeps the mean spend at the ceiling while a cheap and a good dear model compete', async () => {
    const { router } = await makeBench({ ...DOLLAR, models: MODELS.slice(0, 2) })
    const random = lcg(7)
    let costUsd = 0
    for (let i = 0; i < 3000; i++) {
      const hard = random() < 0.5
      const decision = router.route([hard ? 1 : -1, random() - 0.5, 1])
      const dear = decision.model === 'middle'
      const cost = (dear ? 0.006 : 0.0004) * (0.5 + random())
      router.settle(decision.id, { costUsd: cost })
      router.reward(decision.id, dear ? 0.9 : hard ? 0.3 : 0.85)
      if (i >= 1000) costUsd += cost
    }
    expect(costUsd / 2000 / BUDGET).toBeGreaterThan(0.9)
    expect(costUsd / 2000 / BUDGET).toBeLessThanOrEqual(1.01)
    const shares = router.stats().models.map(({ share }) => share)
    expect(shares[1]).toBeGreaterThan(0.2)
  })

  it('raises an alarm when a model silently gets worse, tells subscribers, and finds another', async () => {
    const { router } = await makeBench({ ...DOLLAR, budget: { usdPerRequest: 0.05 } })
    const alarms: RouterEvent[] = []
    router.on('drift', (event) => alarms.push(event))
    const random = lcg(3)
    const play = (count: number, rewards: Record<string, number>): string[] =>
      Array.from({ length: count }, () => {
        const decision = router.route([random() - 0.5, random() - 0.5, 1])
        router.settle(decision.id, { costUsd: decision.expectedCostUsd })
        router.reward(decision.id, Math.min(1, Math.max(0, rewards[decision.model] + 0.1 * (random() - 0.5))))
        return decision.model
      })
    const before = play(600, { small: 0.5, middle: 0.8, large: 0.9 })
    expect(before.slice(-100).filter((id) => id === 'large').length).toBeGreaterThan(80)
    expect(alarms).toEqual([])
    const after = play(300, { small: 0.5, middle: 0.8, large: 0.4 })
    expect(alarms[0]).toMatchObject({ type: 'drift', model: 'large', signal: 'reward', direction: 'down' })
    expect(after.slice(-100).filter((id) => id === 'middle').length).toBeGreaterThan(80)
  })

  it('takes a dear newcomer slowly and never breaks the ceiling for it', async () => {
    const { router } = await makeBench({
      ...DOLLAR,
      models: MODELS.slice(0, 1),
      budget: { usdPerRequest: 0.001 },
    })
    const spend = (count: number): number => {
      let sum = 0
      for (let i = 0; i < count; i++) {
        const decision = router.route([0.1, 0.2, 1])
        const costUsd = decision.model === 'large' ? 0.02 : 0.0005
        router.settle(decision.id, { costUsd })
        router.reward(decision.id, decision.model === 'large' ? 0.95 : 0.5)
        sum += costUsd
      }
      return sum
    }
    spend(300)
    router.addModel(MODELS[2])
    const costUsd = spend(1000)
    expect(costUsd).toBeLessThanOrEqual(1000 * 0.001 + 50 * 0.001)
    expect(router.stats().models[1].requests).toBeGreaterThan(3)
  })

  it('refuses options of policy paper', async () => {
    await expect(makeBench({ ...DOLLAR, costWeight: 0.1 })).rejects.toMatchObject({ field: 'costWeight' })
    await expect(
      makeBench({ policy: 'dollar', budget: { usdPerRequest: 1, mode: 'soft' } }),
    ).rejects.toMatchObject({ field: 'budget.mode' })
    await expect(
      makeBench({ policy: 'paper', budget: { usdPerRequest: 1, burst: 5 } }),
    ).rejects.toMatchObject({ field: 'budget.burst' })
  })
})

function lcg(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
