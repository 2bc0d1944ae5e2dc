import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/create-router.js'
import { LevelLine } from '../../../src/policy/dollar/estimate/level-line.js'
import { MeanRewards } from '../../../src/policy/dollar/estimate/mean-rewards.js'
import { LEVEL_PER_LOG_PRICE, LEVEL_SPREAD } from '../../../src/policy/dollar/tuning.js'
import { Random } from '../../support/random.js'

/** What is known of models: their means, and how many rewards each stands on. */
function meansOf(known: readonly number[], rewards: readonly number[]): MeanRewards {
  const means = new MeanRewards()
  means.count = known.length
  means.known = Float64Array.from(known)
  means.rewards = Float64Array.from(rewards)
  means.observed = rewards.reduce((sum, count) => sum + count, 0)
  means.squares = known.reduce((sum, mean, i) => sum + rewards[i] * mean * (1 - mean), 0)
  return means
}

function lineOf(
  known: readonly number[],
  rewards: readonly number[],
  logPrices: readonly number[],
): LevelLine {
  const line = new LevelLine()
  line.fit(meansOf(known, rewards), Float64Array.from(logPrices))
  return line
}

const logit = (level: number): number => Math.log(level / (1 - level))
const level = (odds: number): number => 1 / (1 + Math.exp(-odds))

describe('the line that levels lie about', () => {
  it('says before any reward that dearer models are a little better, and nothing of how good', () => {
    const line = lineOf([0, 0, 0], [0, 0, 0], [-2, 0, 2])
    expect(line.centre).toBeCloseTo(0.5, 12)
    expect(line.at(2) - line.at(-2)).toBeCloseTo(4 * LEVEL_PER_LOG_PRICE * 0.25, 12)
  })

  it('finds the centre of worlds that are easy and hard, and a slope and a spread in proportion', () => {
    for (const centre of [0.1, 0.3, 0.5, 0.7, 0.9, 0.95]) {
      const logPrices = Array.from({ length: 15 }, (_, i) => (i - 7) / 4)
      const levels = logPrices.map((x, i) => level(logit(centre) + 0.17 * x + (i % 2 === 0 ? 0.4 : -0.4)))
      const line = lineOf(levels, Array(15).fill(200), logPrices)
      expect(Math.abs(line.centre - centre), `${centre}`).toBeLessThan(0.03)
      expect(line.slope / (centre * (1 - centre)), `${centre}`).toBeGreaterThan(0.1)
      expect(line.slope / (centre * (1 - centre)), `${centre}`).toBeLessThan(0.25)
      const spread = Math.sqrt(line.spread) / (line.centre * (1 - line.centre))
      expect(spread, `${centre}`).toBeGreaterThanOrEqual(LEVEL_SPREAD - 0.03)
      expect(spread, `${centre}`).toBeLessThan(0.6)
    }
  })

  it('is wider where models lie further apart than they usually do', () => {
    const logPrices = [-1, -0.5, 0, 0.5, 1]
    const usual = lineOf([0.4, 0.55, 0.45, 0.6, 0.5], Array(5).fill(300), logPrices)
    const apart = lineOf([0.05, 0.95, 0.1, 0.9, 0.5], Array(5).fill(300), logPrices)
    expect(Math.sqrt(apart.spread)).toBeGreaterThan(2 * Math.sqrt(usual.spread))
  })

  it('is numbers whatever is known', () => {
    const random = new Random(7)
    for (let trial = 0; trial < 300; trial++) {
      const count = 1 + Math.floor(random.next() * 12)
      const list = (of: () => number): number[] => Array.from({ length: count }, of)
      const extreme = (): number => [0, 1, random.next()][Math.floor(random.next() * 3)]
      const line = lineOf(
        list(extreme),
        list(() => (random.next() < 0.3 ? 0 : 10 ** (6 * random.next()))),
        list(() => 20 * (random.next() - 0.5)),
      )
      for (const value of [line.centre, line.slope, line.spread, line.noise])
        expect(Number.isFinite(value)).toBe(true)
      expect(Math.min(line.spread, line.noise)).toBeGreaterThan(0)
    }
  })
})

/** Sixteen models whose levels lie about the line as public ones do, right or wrong. */
function worldOf(random: Random) {
  const centre = 0.3 + 0.5 * random.next()
  return Array.from({ length: 16 }, (_, i) => {
    const logPrice = -3 + 6 * random.next()
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
    const usd = Math.exp(logPrice)
    const spec = { id: `m${i}`, inputUsdPerMTok: usd, outputUsdPerMTok: usd }
    return { spec, costUsd: 600e-6 * usd, level: level(logit(centre) + 0.17 * logPrice + 0.47 * normal) }
  })
}

/** What 600 first requests earned less than the best model within the budget would have, in a mean over worlds; and how many were of the poorer half. */
async function lost(seeds: readonly number[], budget: boolean, forcedExploration?: number) {
  let regret = 0
  let poor = 0
  for (const seed of seeds) {
    const random = new Random(seed)
    const world = worldOf(random)
    const costs = world.map(({ costUsd }) => costUsd).sort((a, b) => a - b)
    const usdPerRequest = costs[11] * 1.01
    const within = world.filter(({ costUsd }) => !budget || costUsd <= usdPerRequest)
    const best = Math.max(...within.map((model) => model.level))
    const median = within.map((model) => model.level).sort((a, b) => a - b)[within.length >> 1]
    const router = await createRouter({
      models: world.map(({ spec }) => spec),
      dimension: 4,
      kernel: 'js',
      seed,
      clock: () => 1.8e12,
      ...(budget ? { budget: { usdPerRequest } } : {}),
      forcedExploration,
    })
    for (let i = 0; i < 600; i++) {
      const { id, model } = router.route([...random.vector(3), 1])
      const one = world[Number(model.slice(1))]
      router.settle(id, { costUsd: one.costUsd * (0.5 + random.next()) })
      router.reward(id, random.next() < one.level ? 1 : 0)
      regret += best - one.level
      if (one.level < median) poor++
    }
  }
  return { regret: regret / seeds.length / 600, poor: poor / seeds.length / 600 }
}

describe('a cold router with sixteen models', () => {
  it.each([
    ['under a budget', true, 0.04],
    ['without one', false, 0.06],
    ['under a budget, with ten first tries at most', true, 0.04, 10],
  ])('finds one of the best in its first requests, %s', async (_, budget, most, tries?: number) => {
    const found = await lost([...Array(150).keys()], budget, tries)
    expect(found.regret).toBeLessThan(most)
    expect(found.poor).toBeLessThan(0.1)
  })
})

describe('a model that is added to a running router', () => {
  const LEVELS = [0.5, 0.6, 0.7, 0.9]
  const specOf = (i: number) => ({ id: `m${i}`, inputUsdPerMTok: 1 + i, outputUsdPerMTok: 1 + i })

  /** Its share of the 600 requests after it came. */
  async function shareOf(seed: number): Promise<number> {
    const random = new Random(seed)
    const models = [0, 1, 2].map(specOf)
    const router = await createRouter({ models, dimension: 4, kernel: 'js', seed, clock: () => 1.8e12 })
    const play = (requests: number) => {
      for (let i = 0; i < requests; i++) {
        const { id, model } = router.route([...random.vector(3), 1])
        router.settle(id, { costUsd: 0.001 })
        router.reward(id, random.next() < LEVELS[Number(model.slice(1))] ? 1 : 0)
      }
    }
    play(1000)
    router.addModel(specOf(3))
    play(600)
    return (router.stats().models.find(({ id }) => id === 'm3')?.requests ?? 0) / 600
  }

  it('is found where it is far better than models usually are, after bad answers at first too', async () => {
    for (let seed = 0; seed < 40; seed++) expect(await shareOf(seed), `seed ${seed}`).toBeGreaterThan(0.9)
  })
})
