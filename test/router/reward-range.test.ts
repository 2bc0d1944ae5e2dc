import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { RouterEvent } from '../../src/events/events.js'
import type { Decision } from '../../src/policy/decision.js'
import { CREDIT_WORTH_DEBT_REQUESTS } from '../../src/policy/dollar/tuning.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import { fitPriors } from '../../src/router/fit-priors.js'
import type { Router } from '../../src/router/router.js'
import { Random } from '../support/random.js'
import { playRange, REWARD_DIMENSION, REWARD_MODELS } from '../support/reward-world.js'
import { withText } from '../support/snapshot-bytes.js'

type Range = readonly [low: number, high: number]

const UNIT: Range = [0, 1]
const RANGES: readonly Range[] = [UNIT, [0, 10], [0, 100], [0, 0.01], [-1, 1], [5, 10]]
const BUDGET = { usdPerRequest: 5e-4 }

async function routerOf(rewardRange: Range, options: RouterOptions = {}): Promise<Router> {
  return createRouter({
    models: REWARD_MODELS,
    dimension: REWARD_DIMENSION,
    kernel: 'js',
    clock: () => 0,
    name: 'r',
    rewardRange,
    ...options,
  })
}

function sameModels(some: readonly Decision[], others: readonly Decision[]): number {
  return some.filter(({ model }, i) => model === others[i].model).length / some.length
}

function priorsOf([low, high]: Range) {
  const random = new Random(77)
  return fitPriors(
    Array.from({ length: 200 }, () => ({
      context: random.vector(REWARD_DIMENSION),
      outcomes: Object.fromEntries(
        REWARD_MODELS.map(({ id }, i) => {
          const unit = Math.round((0.4 + 0.15 * i + 0.3 * random.next()) * 2 ** 20) / 2 ** 20
          return [id, { reward: low + (high - low) * unit, costUsd: 1e-4 * (i + 1) * (0.5 + random.next()) }]
        }),
      ),
    })),
  )
}

describe.each(RANGES)('rewards in [%d, %d]', (low, high) => {
  const range: Range = [low, high]

  it('raise no alarm while nothing changes', async () => {
    let alarms = 0
    for (const seed of [1, 2, 3])
      alarms += playRange(await routerOf(range, { budget: BUDGET }), range, { requests: 1500, seed }).alarms
    expect(alarms).toBe(0)
  })

  it('raise one as soon as in [0, 1] when a model collapses', async () => {
    const course = { requests: 1200, seed: 5, collapse: 800 }
    const { delay } = playRange(await routerOf(range, { budget: BUDGET }), range, course)
    const unit = playRange(await routerOf(UNIT, { budget: BUDGET }), UNIT, course)
    expect(unit.delay).toBeLessThan(100)
    expect(Math.abs(delay - unit.delay)).toBeLessThanOrEqual(2)
  })

  it('what subscribers hear about a decision stays as they heard it', async () => {
    const router = await routerOf(range, { budget: BUDGET })
    const told: RouterEvent[] = []
    const asTold: RouterEvent[] = []
    router.on('routed', (event) => {
      told.push(event)
      asTold.push(structuredClone(event))
    })
    playRange(router, range, { requests: 60, seed: 3 })
    expect(told.some((event) => event.type === 'routed' && event.contenders.length > 0)).toBe(true)
    expect(told).toEqual(asTold)
  })

  it.each(POLICY_NAMES)('are decided on as those in [0, 1], policy %s', async (policy) => {
    const course = { requests: 800, seed: 9, collapse: 500 }
    for (const budget of [BUDGET, null]) {
      const scaled = playRange(await routerOf(range, { policy, budget }), range, course)
      const unit = playRange(await routerOf(UNIT, { policy, budget }), UNIT, course)
      expect(sameModels(scaled.decisions, unit.decisions)).toBeGreaterThan(0.99)
      expect(scaled.alarms).toBe(unit.alarms)
    }
  })

  it.each(POLICY_NAMES)('are decided on as those in [0, 1] with priors, policy %s', async (policy) => {
    const course = { requests: 300, seed: 11 }
    const scaled = playRange(
      await routerOf(range, { policy, budget: BUDGET, priors: priorsOf(range) }),
      range,
      course,
    )
    const unit = playRange(
      await routerOf(UNIT, { policy, budget: BUDGET, priors: priorsOf(UNIT) }),
      UNIT,
      course,
    )
    expect(sameModels(scaled.decisions, unit.decisions)).toBeGreaterThan(0.99)
  })
})

describe.each([-7, -1, 3, 10])('rewards times 2^%d', (exponent) => {
  const span = 2 ** exponent
  const range: Range = [0, span]

  it.each(POLICY_NAMES)('are decided on to the bit as those in [0, 1], policy %s', async (policy) => {
    const course = { requests: 900, seed: 3, collapse: 600 }
    const budgeted: RouterOptions = { policy, budget: BUDGET }
    const asked: readonly RouterOptions[] = [
      budgeted,
      { policy },
      { policy, alpha: 0.2 },
      ...(policy === 'paper' ? [{ policy, costWeight: 0.1 }] : []),
    ]
    for (const options of asked) {
      const scaled = playRange(await routerOf(range, options), range, course)
      const unit = playRange(await routerOf(UNIT, options), UNIT, course)
      expect(scaled.decisions).toEqual(unit.decisions.map((decision) => inUnits(decision, span)))
      expect(scaled.alarms).toBe(unit.alarms)
    }
  })

  it('are decided on to the bit with priors, a latency objective and a quality floor', async () => {
    const course = { requests: 700, seed: 21, collapse: 400 }
    const asked: readonly (readonly [RouterOptions, number | null])[] = [
      [{ latency: { meanMs: 700 } }, null],
      [{ budget: BUDGET }, 0.6],
    ]
    for (const [options, floor] of asked) {
      const of = (of: Range): Promise<Router> =>
        routerOf(of, {
          ...options,
          priors: priorsOf(of),
          ...(floor === null ? {} : { quality: { meanReward: of[1] * floor } }),
        })
      const [scaledRouter, unitRouter] = [await of(range), await of(UNIT)]
      const scaled = playRange(scaledRouter, range, course)
      const unit = playRange(unitRouter, UNIT, course)
      expect(scaled.decisions).toEqual(unit.decisions.map((decision) => inUnits(decision, span)))
      const [quality, unitQuality] = [scaledRouter.stats().quality, unitRouter.stats().quality]
      if (quality === null || unitQuality === null) continue
      expect(quality).toEqual({
        ...unitQuality,
        meanReward: span * unitQuality.meanReward,
        recentMeanReward: span * (unitQuality.recentMeanReward ?? Number.NaN),
        rewardPerUsd: span * unitQuality.rewardPerUsd,
      })
    }
  })
})

/** What is told in rewards, in those of a range from 0 to `span`. */
function inUnits(decision: Decision, span: number): Decision {
  return {
    ...decision,
    score: span * decision.score,
    shadowPrice: span * decision.shadowPrice,
    latencyPrice: span * decision.latencyPrice,
  }
}

describe.each(POLICY_NAMES)('what a router of policy %s tells', (policy) => {
  const range: Range = [5, 13]
  const course = { requests: 300, seed: 4 }

  async function pair(): Promise<readonly [Router, Router]> {
    const routers = [
      await routerOf(range, { policy, budget: BUDGET }),
      await routerOf(UNIT, { policy, budget: BUDGET }),
    ] as const
    playRange(routers[0], range, course)
    playRange(routers[1], UNIT, course)
    return routers
  }

  it('of rewards is in the units of its range', async () => {
    const [scaled, unit] = await pair()
    for (const [i, { meanReward }] of unit.stats().models.entries()) {
      if (meanReward === null) expect(scaled.stats().models[i].meanReward).toBeNull()
      else expect(scaled.stats().models[i].meanReward).toBeCloseTo(5 + 8 * meanReward, 9)
    }
    expect(scaled.stats().pacer.shadowPrice).toBeCloseTo(8 * unit.stats().pacer.shadowPrice, 6)
    for (const { id } of REWARD_MODELS) {
      const [theta, unitTheta] = [scaled.inspectArm(id).theta, unit.inspectArm(id).theta]
      for (let i = 0; i < REWARD_DIMENSION; i++)
        expect(theta[i]).toBeCloseTo(8 * unitTheta[i] + (i === REWARD_DIMENSION - 1 ? 5 : 0), 6)
    }
  })

  it('of why a model was chosen adds up in those units', async () => {
    const [scaled, unit] = await pair()
    const context = new Random(8).vector(REWARD_DIMENSION)
    const [decision, unitDecision] = [scaled, unit].map((router) => router.route(context, { explain: true }))
    expect(decision.model).toBe(unitDecision.model)
    expect(decision.score).toBeCloseTo(5 + 8 * unitDecision.score, 6)
    const { explanation } = decision
    for (const model of explanation?.models ?? []) {
      const of = unitDecision.explanation?.models.find((each) => each.model === model.model)
      if (of === undefined) throw new Error('no such model')
      expect(model.expectedReward).toBeCloseTo(5 + 8 * of.expectedReward, 6)
      expect(model.explorationBonus).toBeCloseTo(8 * of.explorationBonus, 6)
      expect(model.penalty).toBeCloseTo(8 * of.penalty, 6)
      expect(model.score).toBeCloseTo(model.expectedReward + model.explorationBonus - model.penalty, 9)
      if (model.model === decision.model) expect(model.score).toBeCloseTo(decision.score, 6)
      const told = model.topFeatures.reduce((sum, { contribution }) => sum + contribution, 0)
      if (model.topFeatures.length === REWARD_DIMENSION) expect(told).toBeCloseTo(model.expectedReward, 6)
    }
  })

  it('survives a snapshot, and a snapshot of another range is refused', async () => {
    const [scaled] = await pair()
    const restored = await routerOf(range, { policy, budget: BUDGET })
    restored.restore(scaled.snapshot())
    const random = new Random(31)
    for (let i = 0; i < 50; i++) {
      const context = random.vector(REWARD_DIMENSION)
      const [decision, same] = [scaled.route(context), restored.route(context)]
      expect(same).toEqual(decision)
      for (const router of [scaled, restored]) {
        router.settle(decision.id, { costUsd: 1e-4 })
        router.reward(decision.id, 9)
      }
    }
    const other = await routerOf([0, 10], { policy, budget: BUDGET })
    expect(() => other.restore(scaled.snapshot())).toThrow(/in \[5,13\], this router's in \[0,10\]/)
    const unit = await routerOf(UNIT, { policy, budget: BUDGET })
    expect(() => other.restore(unit.snapshot())).toThrow(/in \[0,1\], this router's in \[0,10\]/)
    expect(() => unit.restore(other.snapshot())).toThrow(/in \[0,10\], this router's in \[0,1\]/)
  })

  it('as events folds to the same state', async () => {
    const log: RouterEvent[] = []
    const router = await routerOf(range, { policy, budget: BUDGET, models: [] })
    router.on('*', (event) => log.push(event))
    for (const model of REWARD_MODELS) router.addModel(model)
    playRange(router, range, course)
    const folded = await routerOf(range, { policy, budget: BUDGET, models: [] })
    for (const event of log) if (event.type !== 'drift') folded.apply(event)
    expect(folded.snapshot()).toEqual(router.snapshot())
  })

  it('stays what it was when a snapshot is from before ranges were taken in', async () => {
    const asked: RouterOptions =
      policy === 'dollar'
        ? { policy, budget: { usdPerRequest: 1e-4 }, latency: { meanMs: 700 }, quality: { meanReward: 0.5 } }
        : { policy, budget: BUDGET }
    // Up to version 4 a snapshot had rewards as they were given, and did not say their range.
    const unit = await routerOf(UNIT, asked)
    playRange(unit, UNIT, { requests: 500, seed: 6, collapse: 150 })
    for (let i = 0; i < 5; i++) unit.route(new Random(i).vector(REWARD_DIMENSION))
    const { quality: _, ...own } = asked
    const converted = await routerOf([-2, 6], own)
    converted.restore(withText(unit.snapshot(), ({ rewardRange: _, ...text }) => text))
    for (const { id } of REWARD_MODELS) {
      const [theta, unitTheta] = [converted.inspectArm(id).theta, unit.inspectArm(id).theta]
      for (let i = 0; i < REWARD_DIMENSION; i++) expect(theta[i]).toBeCloseTo(unitTheta[i], 9)
    }
    const [stats, unitStats] = [converted.stats(), unit.stats()]
    for (const [i, { meanReward }] of unitStats.models.entries())
      expect(stats.models[i].meanReward ?? 0).toBeCloseTo(meanReward ?? 0, 9)
    if (policy === 'dollar') {
      expect(stats.quality?.meanReward).toBeCloseTo(0.5, 9)
      expect(stats.quality?.recentMeanReward).toBeCloseTo(
        unitStats.quality?.recentMeanReward ?? Number.NaN,
        9,
      )
      // A price is the edge of a bin, 32 to an octave. No budget is worth more than the whole range and a part of it for what is owed,
      // and this range is eight times as wide.
      expect(unitStats.pacer.shadowPrice).toBeGreaterThan(0)
      const owed = Math.max(0, -(unitStats.account?.creditUsd ?? 0)) / 1e-4
      const limit = 1 + owed / CREDIT_WORTH_DEBT_REQUESTS
      expect(stats.pacer.shadowPrice).toBeLessThanOrEqual(8 * limit)
      const ratio = Math.min(stats.pacer.shadowPrice, limit) / unitStats.pacer.shadowPrice
      expect(Math.abs(ratio - 1)).toBeLessThan(1 / 16)
    }
    const again = await routerOf([-2, 6], own)
    again.restore(converted.snapshot())
    playRange(converted, [-2, 6], { requests: 50, seed: 7 })
    playRange(again, [-2, 6], { requests: 50, seed: 7 })
    expect(again.snapshot()).toEqual(converted.snapshot())
  })
})
