import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/index.js'
import { Random } from '../../support/random.js'

const D = 8
const TOKENS = 600

interface World {
  readonly usdPerMTok: readonly number[]
  /** Mean reward by model; right or wrong. */
  readonly rewards: readonly number[]
  /** Tokens that requests really have, in parts of those that are assumed. */
  readonly tokens: number
  readonly budgetUsd: number
  readonly delay: number
  /** Share of the requests that are rewarded. */
  readonly rewarded: number
}

interface Played {
  readonly shares: readonly number[]
  readonly utilisation: number
  readonly reward: number
}

async function play(world: World, requests: number, seed: number): Promise<Played> {
  const random = new Random(seed)
  const models = world.usdPerMTok.map((usd, i) => ({
    id: `m${i}`,
    inputUsdPerMTok: usd,
    outputUsdPerMTok: usd,
  }))
  const router = await createRouter({
    models,
    dimension: D,
    kernel: 'js',
    seed,
    name: 'r',
    budget: { usdPerRequest: world.budgetUsd },
  })
  const counts = models.map(() => 0)
  const late: (() => void)[] = []
  let spentUsd = 0
  let earned = 0
  for (let i = 0; i < requests; i++) {
    const { id, model } = router.route(random.vector(D))
    const m = Number(model.slice(1))
    counts[m]++
    const costUsd = (world.usdPerMTok[m] * TOKENS * world.tokens) / 1e6
    spentUsd += costUsd
    router.settle(id, { costUsd })
    const reward = random.next() < world.rewards[m] ? 1 : 0
    // What it is worth, not its luck.
    earned += world.rewards[m]
    if (random.next() < world.rewarded) late.push(() => void router.reward(id, reward))
    if (i >= world.delay) late.shift()?.()
  }
  return {
    shares: counts.map((count) => count / requests),
    utilisation: spentUsd / requests / world.budgetUsd,
    reward: earned / requests,
  }
}

/** The most that a mix of two models earns at the budget. */
function bestMix({ usdPerMTok, rewards, tokens, budgetUsd }: World): number {
  const costs = usdPerMTok.map((usd) => (usd * TOKENS * tokens) / 1e6)
  let best = 0
  costs.forEach((a, i) => {
    if (a > budgetUsd) return
    best = Math.max(best, rewards[i])
    costs.forEach((b, j) => {
      if (b > budgetUsd)
        best = Math.max(best, rewards[i] + ((budgetUsd - a) / (b - a)) * (rewards[j] - rewards[i]))
    })
  })
  return best
}

const TWO = { usdPerMTok: [0.1, 5], rewards: [0.6, 0.9], delay: 0, rewarded: 1 }

describe('two models of which nothing is known', () => {
  // Budgets in parts of what the cheap one costs; tokens are as assumed, or far fewer.
  for (const tokens of [1, 0.015])
    for (const times of [1.5, 3, 6, 12])
      it(`share the traffic as the budget buys: ${times} times the cheap one, ${tokens} of the tokens assumed`, async () => {
        const budgetUsd = (times * 0.1 * TOKENS * tokens) / 1e6
        const buys = (times - 1) / 49
        const shares: number[] = []
        for (let seed = 0; seed < 10; seed++) {
          const { shares: found, utilisation } = await play({ ...TWO, tokens, budgetUsd }, 2000, seed)
          shares.push(found[1] / buys)
          expect([seed, utilisation <= 1.01]).toEqual([seed, true])
        }
        const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
        expect(times === 1.5 ? mean : Math.min(...shares)).toBeGreaterThan(0.7)
      })
})

describe('models of which nothing is known', () => {
  it('are found in whatever world: what is lost to the best mix falls', async () => {
    const random = new Random(20261126)
    const losses: number[] = []
    for (let world = 0; world < 20; world++) {
      const count = 2 + random.below(world < 15 ? 7 : 19)
      const usdPerMTok = Array.from({ length: count }, () => 0.05 * 400 ** random.next())
      const rewards = Array.from({ length: count }, () => 0.2 + 0.75 * random.next())
      const tokens = 100 ** (2 * random.next() - 1)
      const cheapest = Math.min(...usdPerMTok)
      const dearest = Math.max(...usdPerMTok)
      const budgetUsd =
        (cheapest * (dearest / cheapest) ** (0.1 + 0.8 * random.next()) * TOKENS * tokens) / 1e6
      const delay = random.below(3) === 0 ? 200 : 0
      const rewarded = random.below(3) === 0 ? 0.2 : 1
      const all = { usdPerMTok, rewards, tokens, budgetUsd, delay, rewarded }
      const best = bestMix(all)
      const [early, late] = [await play(all, 500, world), await play(all, 5000, world)]
      const told = JSON.stringify({ world, ...all, best, early: early.reward, late: late.reward })
      expect(late.utilisation, told).toBeLessThanOrEqual(1.02)
      losses.push(best - late.reward)
      expect(best - late.reward, told).toBeLessThan(0.08)
      expect(best - late.reward, told).toBeLessThan(Math.max(0.02, best - early.reward))
    }
    expect(losses.reduce((sum, loss) => sum + loss, 0) / losses.length).toBeLessThan(0.02)
  })
})

describe('what is saved up for newcomers', () => {
  /** Cheap and dear, the dear one far better, tried from the fund alone. */
  async function world(budgetUsd: number) {
    const router = await createRouter({
      models: [],
      dimension: D,
      kernel: 'js',
      seed: 1,
      name: 'r',
      budget: { usdPerRequest: budgetUsd },
    })
    const usd = [0.1, 2]
    for (const [i, each] of usd.entries())
      router.addModel({ id: `m${i}`, inputUsdPerMTok: each, outputUsdPerMTok: each })
    const random = new Random(3)
    const counts = [0, 0]
    const ask = (candidates?: readonly string[]) => {
      const { id, model } = router.route(
        random.vector(D),
        candidates === undefined ? {} : { candidates: [...candidates] },
      )
      const m = Number(model.slice(1))
      counts[m]++
      router.settle(id, { costUsd: ((usd[m] ?? 0) * TOKENS) / 1e6 })
      router.reward(id, random.next() < (m === 0 ? 0.5 : 0.9) ? 1 : 0)
    }
    return { router, counts, ask }
  }

  it.each([0.8, 0.9, 0.95])(
    'pays for them where the cheapest model costs %s of the budget',
    async (share) => {
      const cheapUsd = (0.1 * TOKENS) / 1e6
      const { router, counts, ask } = await world(cheapUsd / share)
      for (let i = 0; i < 6000; i++) ask()
      // Of what the budget leaves beside the cheapest model, the dear one of 20 times its cost gets most.
      const buys = ((1 / share - 1) / 19) * 6000
      expect(counts[1]).toBeGreaterThan(0.7 * buys)
      // No more is saved than two of the dearest tries need.
      const { fundUsd } = router.stats().account ?? { fundUsd: Number.NaN }
      expect(fundUsd).toBeLessThanOrEqual(2 * 1.5 * 20 * cheapUsd)
    },
  )

  it('stays where a request does not allow them', async () => {
    const cheapUsd = (0.1 * TOKENS) / 1e6
    const { router, counts, ask } = await world(cheapUsd / 0.9)
    let before = 0
    for (let i = 0; i < 400 && counts[1] < 2; i++) {
      ask()
      before = router.stats().account?.fundUsd ?? 0
      ask(['m0'])
      expect(router.stats().account?.fundUsd).toBeGreaterThanOrEqual(before * (1 - 1e-9))
    }
    expect(before).toBeGreaterThan(0)
  })
})
