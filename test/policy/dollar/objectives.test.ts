import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../../src/base/errors.js'
import { createRouter } from '../../../src/create-router.js'
import type { RouterEvent } from '../../../src/events/events.js'
import type { KernelName } from '../../../src/kernel/kernel.js'
import type { RouterOptions } from '../../../src/policy/options.js'
import type { Router } from '../../../src/router/router.js'
import { NATIVE_MISSING } from '../../support/arena.js'
import { expectCode, expectRejection, wrong } from '../../support/errors.js'
import { digest, MODELS, makeBench, X } from '../../support/router.js'
import { bestReward, DIMENSION, leastUsd, mean, type Outcome, play, WORLD } from '../../support/slo-world.js'
import '../../support/seed.js'

const KERNELS: readonly KernelName[] = ['js', 'wasm']
const WARM_UP = 500
const MEASURED = 3000
const SPECS = WORLD.map(({ id, inputUsdPerMTok, outputUsdPerMTok }) => ({
  id,
  inputUsdPerMTok,
  outputUsdPerMTok,
}))

async function routerOf(
  options: RouterOptions,
  ids: readonly string[] = SPECS.map(({ id }) => id),
): Promise<Router> {
  const models = SPECS.filter(({ id }) => ids.includes(id))
  return createRouter({ policy: 'dollar', models, dimension: DIMENSION, kernel: 'js', ...options })
}

async function run(options: RouterOptions, playOptions: Partial<Parameters<typeof play>[1]> = {}) {
  const router = await routerOf(options)
  const all = play(router, { requests: WARM_UP + MEASURED, seed: 1, ...playOptions })
  return { router, outcomes: all.slice(WARM_UP) }
}

function shareFlagged(outcomes: readonly Outcome[], constraint: 'budget' | 'latency' | 'quality'): number {
  return mean(outcomes, ({ decision }) => Number(decision.infeasible.includes(constraint)))
}

describe('a latency objective', () => {
  it.each(KERNELS.flatMap((kernel) => [1000, 1500, 2500].map((meanMs) => [kernel, meanMs] as const)))(
    'on %s keeps the mean under %i ms, and what the answers are worth near the best there is',
    async (kernel, meanMs) => {
      const { router, outcomes } = await run({ kernel, latency: { meanMs } })
      expect(mean(outcomes, ({ latencyMs }) => latencyMs)).toBeLessThan(1.02 * meanMs)
      expect(mean(outcomes, ({ latencyMs }) => latencyMs)).toBeGreaterThan(0.93 * meanMs)
      expect(mean(outcomes, ({ expectedReward }) => expectedReward)).toBeGreaterThan(
        bestReward({ ms: meanMs }) - 0.01,
      )
      expect(shareFlagged(outcomes, 'latency')).toBeLessThan(0.1)
      const { latency } = router.stats()
      expect(latency).toMatchObject({
        limitMs: meanMs,
        percentile: null,
        recentShareOver: null,
        infeasible: false,
      })
      expect(latency?.recentMeanMs).toBeGreaterThan(0.7 * meanMs)
      expect(latency?.recentMeanMs).toBeLessThan(1.3 * meanMs)
    },
  )

  it.each(KERNELS.flatMap((kernel) => [0.9, 0.95, 0.99].map((percentile) => [kernel, percentile] as const)))(
    'on %s keeps its percentile %f',
    async (kernel, percentile) => {
      const ms = 4000
      const { router, outcomes } = await run({ kernel, latency: { ms, percentile } })
      const over = mean(outcomes, ({ latencyMs }) => Number(latencyMs > ms))
      // Of 3,000 requests; one in a hundred strays by 0.0018 by itself.
      expect(over).toBeLessThan(1.02 * (1 - percentile) + 0.0036 * (percentile > 0.98 ? 1 : 0))
      expect(over).toBeGreaterThan(0.5 * (1 - percentile))
      expect(router.stats().latency).toMatchObject({ limitMs: ms, percentile, recentMeanMs: null })
    },
  )

  it('that is no constraint costs nothing', async () => {
    const { outcomes } = await run({ latency: { meanMs: 20_000 } })
    const { outcomes: free } = await run({})
    expect(outcomes.every(({ decision }) => decision.latencyPrice === 0)).toBe(true)
    expect(outcomes.map(({ decision }) => decision.model)).toEqual(free.map(({ decision }) => decision.model))
  })

  it('holds beside a budget', async () => {
    const usdPerRequest = 3e-3
    const { outcomes } = await run({ latency: { meanMs: 1500 }, budget: { usdPerRequest } })
    expect(mean(outcomes, ({ latencyMs }) => latencyMs)).toBeLessThan(1.02 * 1500)
    expect(mean(outcomes, ({ costUsd }) => costUsd)).toBeLessThan(1.02 * usdPerRequest)
    expect(mean(outcomes, ({ costUsd }) => costUsd)).toBeGreaterThan(0.9 * usdPerRequest)
    expect(shareFlagged(outcomes, 'latency')).toBeLessThan(0.1)
  })

  it('leaves a model that gets slow within tens of requests, and says so', async () => {
    const router = await routerOf({ latency: { meanMs: 1500 } })
    const drifts: RouterEvent[] = []
    router.on('drift', (event) => drifts.push(event))
    const slower = (model: string, request: number) => (model === 'quick' && request >= 1000 ? 6 : 1)
    const all = play(router, { requests: 3000, seed: 2, slower })
    const before = all.slice(900, 1000).filter(({ decision }) => decision.model === 'quick').length
    expect(before).toBeGreaterThan(50)
    expect(all.slice(1000, 1030).filter(({ decision }) => decision.model === 'quick').length).toBeLessThan(20)
    expect(all.slice(1030, 1130).filter(({ decision }) => decision.model === 'quick').length).toBeLessThan(5)
    expect(drifts).toContainEqual(
      expect.objectContaining({ model: 'quick', signal: 'latency', direction: 'up' }),
    )
    expect(mean(all.slice(1000), ({ latencyMs }) => latencyMs)).toBeLessThan(1.02 * 1500)
  })

  it('goes back to a model that was slow for a while', async () => {
    const [back, regained]: [number[], number[]] = [[], []]
    for (let seed = 1; seed <= 12; seed++) {
      const router = await routerOf({ latency: { meanMs: 1500 } })
      const slower = (model: string, request: number) =>
        model === 'quick' && request >= 1000 && request < 1500 ? 6 : 1
      const all = play(router, { requests: 3000, seed, slower })
      const quick = (from: number, to: number) =>
        mean(all.slice(from, to), ({ decision }) => Number(decision.model === 'quick'))
      // Tried while it is slow: at first after 25 requests, then ever more seldom.
      expect(quick(1050, 1500)).toBeLessThan(0.05)
      // Back to half of the traffic after 139 to 211 requests, of ten seeds (scripts/objectives.mjs).
      back.push(quick(1500, 1800))
      expect(mean(all.slice(1500), ({ latencyMs }) => latencyMs)).toBeLessThan(1.02 * 1500)
      regained.push(quick(2000, 3000) / quick(500, 1000))
    }
    // Of all seeds together: in one the share of 500 requests is some .07 off.
    const meanOf = (shares: readonly number[]) =>
      shares.reduce((sum, share) => sum + share, 0) / shares.length
    expect(meanOf(back)).toBeGreaterThan(0.05)
    expect(meanOf(regained)).toBeGreaterThan(0.9)
  })

  it('holds when latencies come late, and counts what was predicted where none come', async () => {
    const { outcomes } = await run({ latency: { meanMs: 1500 } }, { delay: 50 })
    expect(mean(outcomes, ({ latencyMs }) => latencyMs)).toBeLessThan(1.02 * 1500)
    // Nothing is known of 'slow': it counts as the others' mean, and the limit is kept by what is known of the rest.
    const silent = await run({ latency: { meanMs: 600 } }, { silent: ['slow'] })
    const told = silent.outcomes.filter(({ decision }) => decision.model !== 'slow')
    expect(told.length).toBeGreaterThan(1000)
    expect(mean(told, ({ latencyMs }) => latencyMs)).toBeLessThan(1.05 * 600)
  })

  it('that no model meets is said to be infeasible, and the fastest are taken', async () => {
    const { router, outcomes } = await run({ latency: { meanMs: 200 } })
    expect(shareFlagged(outcomes, 'latency')).toBe(1)
    expect(mean(outcomes, ({ decision }) => Number(decision.model === 'weak'))).toBeGreaterThan(0.97)
    expect(router.stats().latency?.infeasible).toBe(true)
    router.setLatency({ meanMs: 1500 })
    const after = play(router, { requests: 600, seed: 3 })
    // Nothing of the long miss is left to make up.
    expect(mean(after.slice(100), ({ decision }) => Number(decision.model === 'weak'))).toBeLessThan(0.1)
    expect(router.stats().latency?.infeasible).toBe(false)
  })

  it('that the budget does not pay for is said to be infeasible: the budget holds', async () => {
    const usdPerRequest = 2.5e-3
    const router = await routerOf({ latency: { meanMs: 1200 }, budget: { usdPerRequest } }, ['slow', 'quick'])
    const outcomes = play(router, { requests: 3000, seed: 4 }).slice(1000)
    expect(mean(outcomes, ({ costUsd }) => costUsd)).toBeLessThan(1.02 * usdPerRequest)
    expect(mean(outcomes, ({ latencyMs }) => latencyMs)).toBeGreaterThan(2000)
    expect(shareFlagged(outcomes, 'latency')).toBeGreaterThan(0.8)
    expect(router.stats().latency?.infeasible).toBe(true)
  })

  it('is one of many models as well, where scans prune', async () => {
    const many = Array.from({ length: 10 }, (_, k) =>
      WORLD.map((model) => ({ ...model, id: `${model.id}-${k}` })),
    ).flat()
    const router = await createRouter({
      policy: 'dollar',
      kernel: 'wasm',
      dimension: DIMENSION,
      latency: { meanMs: 1500 },
      forcedExploration: 5,
      models: many.map(({ id, inputUsdPerMTok, outputUsdPerMTok }) => ({
        id,
        inputUsdPerMTok,
        outputUsdPerMTok,
      })),
    })
    const outcomes = play(router, { requests: 4000, seed: 5, models: many }).slice(1000)
    expect(mean(outcomes, ({ latencyMs }) => latencyMs)).toBeLessThan(1.02 * 1500)
    expect(mean(outcomes, ({ expectedReward }) => expectedReward)).toBeGreaterThan(
      bestReward({ ms: 1500 }) - 0.02,
    )
  })
})

describe('a quality floor', () => {
  it.each(KERNELS.flatMap((kernel) => [0.6, 0.7, 0.75].map((meanReward) => [kernel, meanReward] as const)))(
    'on %s is met at %f, for little more than the least it can be had for',
    async (kernel, meanReward) => {
      const { router, outcomes } = await run({ kernel, quality: { meanReward } })
      expect(mean(outcomes, ({ reward }) => reward)).toBeGreaterThan(meanReward - 0.005)
      // Of ten seeds the worst is 0.0111 above the floor at 0.7, for 1.111 times the least (scripts/objectives.mjs).
      expect(mean(outcomes, ({ reward }) => reward)).toBeLessThan(meanReward + 0.012)
      expect(mean(outcomes, ({ costUsd }) => costUsd)).toBeLessThan(1.12 * leastUsd(meanReward))
      expect(shareFlagged(outcomes, 'quality')).toBe(0)
      const { quality } = router.stats()
      expect(quality).toMatchObject({ meanReward, infeasible: false })
      expect(quality?.recentMeanReward).toBeCloseTo(meanReward, 1)
      expect(quality?.rewardPerUsd).toBeGreaterThan(0)
    },
  )

  it('is met for less than a budget allows, and the budget comes first where it does not allow it', async () => {
    const generous = await run({ quality: { meanReward: 0.7 }, budget: { usdPerRequest: 4e-3 } })
    expect(mean(generous.outcomes, ({ reward }) => reward)).toBeGreaterThan(0.695)
    expect(mean(generous.outcomes, ({ costUsd }) => costUsd)).toBeLessThan(1.12 * leastUsd(0.7))
    expect(shareFlagged(generous.outcomes, 'quality')).toBe(0)
    const tight = await run({ quality: { meanReward: 0.75 }, budget: { usdPerRequest: 4e-4 } })
    expect(mean(tight.outcomes, ({ costUsd }) => costUsd)).toBeLessThan(1.02 * 4e-4)
    expect(mean(tight.outcomes, ({ costUsd }) => costUsd)).toBeGreaterThan(0.95 * 4e-4)
    expect(shareFlagged(tight.outcomes, 'quality')).toBeGreaterThan(0.95)
    expect(tight.router.stats().quality?.infeasible).toBe(true)
  })

  it('holds beside a latency objective', async () => {
    const { outcomes } = await run({ quality: { meanReward: 0.7 }, latency: { meanMs: 1500 } })
    expect(mean(outcomes, ({ reward }) => reward)).toBeGreaterThan(0.695)
    expect(mean(outcomes, ({ latencyMs }) => latencyMs)).toBeLessThan(1.02 * 1500)
  })

  it('that no model reaches is said to be infeasible, and the best are taken', async () => {
    const { router, outcomes } = await run({ quality: { meanReward: 0.95 } })
    const { outcomes: free } = await run({})
    expect(shareFlagged(outcomes, 'quality')).toBe(1)
    expect(mean(outcomes, ({ expectedReward }) => expectedReward)).toBeCloseTo(
      mean(free, ({ expectedReward }) => expectedReward),
      3,
    )
    expect(router.stats().quality).toMatchObject({ rewardPerUsd: 0, infeasible: true })
  })

  it('is met where one request in twenty is rewarded', async () => {
    for (const seed of [1, 2, 3]) {
      const router = await routerOf({ quality: { meanReward: 0.7 } })
      const outcomes = play(router, { requests: 12_000, seed, rewardRate: 0.05 }).slice(6000)
      expect(mean(outcomes, ({ reward }) => reward)).toBeGreaterThan(0.68)
    }
  })
})

const step = fc.record({
  do: fc.constantFrom(
    'route',
    'route',
    'route',
    'route',
    'settle',
    'settle',
    'reward',
    'fail',
    'latency',
    'quality',
    'disable',
  ),
  which: fc.nat(1000),
  x: fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true })),
  ms: fc.constantFrom(0, 1, 50, 300, 1000, 5000, 1e9),
  reward: fc.double({ min: 0, max: 1, noNaN: true }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
const scripts = fc.array(step, { minLength: 5, maxLength: 120 })
const ASKED: RouterOptions = { policy: 'dollar', models: [] }

/** Plays a script; what a decision or a state forbids is left out. */
function perform(router: Router, script: readonly Step[], ids: string[]): string[] {
  const chosen: string[] = []
  for (const { do: what, which, x, ms, reward } of script) {
    const id = ids[which % Math.max(1, ids.length)]
    try {
      if (what === 'route') {
        const decision = router.route([...x, 1])
        ids.push(decision.id)
        chosen.push(JSON.stringify(decision))
      } else if (what === 'latency')
        router.setLatency(
          which % 3 === 0 ? null : which % 3 === 1 ? { meanMs: 1 + ms } : { ms: 1 + ms, percentile: 0.9 },
        )
      else if (what === 'quality') router.setQuality(which % 3 === 0 ? null : { meanReward: reward })
      else if (what === 'disable') router[which % 2 === 0 ? 'disable' : 'enable'](MODELS[which % 3].id)
      else if (id === undefined) continue
      else if (what === 'settle')
        router.settle(id, { costUsd: 0.001 * (which % 7), ...(which % 5 === 0 ? {} : { latencyMs: ms }) })
      else if (what === 'reward') router.reward(id, reward)
      else router.fail(id)
    } catch (error) {
      if (!(error instanceof ParetoBanditError)) throw error
    }
  }
  return chosen
}

describe('objectives as state', () => {
  const kernels = NATIVE_MISSING === null ? [...KERNELS, 'native' as const] : KERNELS

  it('fold to the same bytes on every kernel', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const { router, log } = await makeBench(ASKED)
        for (const model of MODELS) router.addModel(model)
        perform(router, script, [])
        for (const kernel of kernels) {
          const other = await makeBench({ ...ASKED, kernel })
          for (const event of log) other.router.apply(event)
          expect(digest(other.router)).toBe(digest(router))
        }
      }),
      { numRuns: 30 },
    )
  })

  it('go on after a restore as if nothing had happened', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, scripts, async (script, rest) => {
        const { router } = await makeBench({
          ...ASKED,
          latency: { meanMs: 400 },
          quality: { meanReward: 0.5 },
        })
        for (const model of MODELS) router.addModel(model)
        const ids: string[] = []
        perform(router, script, ids)
        const { router: other } = await makeBench(ASKED)
        other.restore(router.snapshot())
        expect(digest(other)).toBe(digest(router))
        expect(other.stats()).toEqual(router.stats())
        expect(perform(other, rest, [...ids])).toEqual(perform(router, rest, ids))
        expect(digest(other)).toBe(digest(router))
      }),
      { numRuns: 30 },
    )
  })

  it('are explained: what latency takes off a score is part of its penalty', async () => {
    const router = await routerOf({ latency: { meanMs: 1000 }, budget: { usdPerRequest: 5e-3 } })
    play(router, { requests: 800, seed: 6 })
    const { explanation, ...decision } = router.route([0.1, 0.2, -0.3, 0.4, 0.5, 1], { explain: true })
    expect(decision.latencyPrice).toBeGreaterThan(0)
    expect(explanation?.latencyPrice).toBe(decision.latencyPrice)
    const models = explanation?.models ?? []
    expect(models.length).toBe(4)
    for (const { penalty, expectedCostUsd, latencyUse } of models) {
      const own =
        (explanation?.penaltyWeight ?? 0) * expectedCostUsd +
        decision.latencyPrice * (latencyUse ?? Number.NaN)
      expect(penalty).toBeCloseTo(own, 12)
      expect(latencyUse).toBeGreaterThan(0)
    }
    const chosen = models.find(({ model }) => model === decision.model)
    expect(chosen?.score).toBeCloseTo(decision.score, 9)
  })

  it('without any of them nothing is weighed and nothing is told', async () => {
    const { router } = await makeBench({ policy: 'dollar' })
    const { explanation, latencyPrice } = router.route(X, { explain: true })
    expect(latencyPrice).toBe(0)
    expect(explanation?.models.every(({ latencyUse }) => latencyUse === null)).toBe(true)
    expect(router.stats()).toMatchObject({ latency: null, quality: null })
  })
})

describe('objectives that make no sense', () => {
  const bad: readonly [unknown, string][] = [
    [{}, 'latency.ms'],
    [5, 'latency'],
    [{ meanMs: 0 }, 'latency.meanMs'],
    [{ meanMs: Number.NaN }, 'latency.meanMs'],
    [{ meanMs: 100, percentile: 0.9 }, 'latency'],
    [{ ms: 100 }, 'latency.percentile'],
    [{ ms: 100, percentile: 0.5 }, 'latency.percentile'],
    [{ ms: 100, percentile: 1 }, 'latency.percentile'],
    [{ ms: -1, percentile: 0.9 }, 'latency.ms'],
  ]

  it.each(bad)('are refused: latency %j names %s', async (latency, field) => {
    const { router } = await makeBench({ policy: 'dollar' })
    const before = digest(router)
    expectCode(() => router.setLatency(wrong(latency)), 'INVALID_ARGUMENT', field)
    expect(digest(router)).toBe(before)
    await expectRejection(makeBench({ policy: 'dollar', latency: wrong(latency) }), 'INVALID_ARGUMENT', field)
  })

  it('are refused: floors outside the rewards, unknown names, another policy', async () => {
    const { router } = await makeBench({ policy: 'dollar' })
    for (const meanReward of [-0.1, 1.1, Number.NaN, '1', undefined])
      expectCode(() => router.setQuality(wrong({ meanReward })), 'INVALID_ARGUMENT', 'quality.meanReward')
    expectCode(() => router.setQuality(wrong({ meanRewards: 1 })), 'UNKNOWN_OPTION', 'quality.meanRewards')
    expectCode(() => router.setLatency(wrong({ meanMS: 1 })), 'UNKNOWN_OPTION', 'latency.meanMS')
    const paper = { policy: 'paper' } as const
    await expectRejection(makeBench({ ...paper, latency: { meanMs: 1 } }), 'INVALID_ARGUMENT', 'latency')
    await expectRejection(
      makeBench({ ...paper, quality: { meanReward: 0.5 } }),
      'INVALID_ARGUMENT',
      'quality',
    )
    const bench = await makeBench(paper)
    expectCode(() => bench.router.setLatency({ meanMs: 1 }), 'INVALID_ARGUMENT', 'latency')
    expectCode(() => bench.router.setQuality(null), 'INVALID_ARGUMENT', 'quality')
  })

  it('are refused as events', async () => {
    const { router, clock } = await makeBench({ policy: 'dollar' })
    const at = clock.now
    const events: readonly [Record<string, unknown>, string][] = [
      [{ type: 'latency-set', limit: { ms: 1 } }, 'event.limit.percentile'],
      [{ type: 'latency-set', limit: { ms: 0, percentile: null } }, 'event.limit.ms'],
      [{ type: 'latency-set' }, 'event.limit'],
      [{ type: 'quality-set', meanReward: 7 }, 'event.meanReward'],
      [{ type: 'quality-set' }, 'event.meanReward'],
    ]
    const before = digest(router)
    for (const [event, field] of events)
      expectCode(() => router.apply(wrong({ at, ...event })), 'INVALID_ARGUMENT', field)
    expect(digest(router)).toBe(before)
  })
})
