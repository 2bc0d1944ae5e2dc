import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/index.js'
import { Random } from '../../support/random.js'

const D = 4
const TOKENS = 600

interface World {
  readonly usdPerMTok: readonly number[]
  /** Mean reward by model; right or wrong. */
  readonly rewards: readonly number[]
  /** Tokens that requests really have, in parts of those that are assumed. */
  readonly tokens: number
  /** In parts of what the first model costs. */
  readonly budget: number
  readonly delay?: number
  /** What the first bills of the first model are, in parts of what it costs, and its first rewards. */
  readonly bills?: readonly number[]
  readonly firstRewards?: readonly number[]
}

/** Shares of the models in the second half of the requests, and spend over budget there. */
async function play(world: World, requests: number, seed: number) {
  const { usdPerMTok, rewards, tokens, delay = 0, bills = [], firstRewards = [] } = world
  const costs = usdPerMTok.map((usd) => (usd * TOKENS * tokens) / 1e6)
  const budgetUsd = world.budget * costs[0]
  const router = await createRouter({
    models: usdPerMTok.map((usd, i) => ({ id: `m${i}`, inputUsdPerMTok: usd, outputUsdPerMTok: usd })),
    dimension: D,
    kernel: 'js',
    seed,
    name: 'r',
    clock: () => 1.8e12,
    budget: { usdPerRequest: budgetUsd },
  })
  const random = new Random(seed)
  const late: (() => void)[] = []
  const counts = usdPerMTok.map(() => 0)
  const begun = usdPerMTok.map(() => 0)
  let spentUsd = 0
  for (let i = 0; i < requests; i++) {
    const { id, model } = router.route(random.vector(D))
    const m = Number(model.slice(1))
    const nth = m === 0 ? begun[0] : Number.POSITIVE_INFINITY
    begun[m]++
    const costUsd = costs[m] * (bills[nth] ?? 1)
    router.settle(id, { costUsd })
    if (i >= requests / 2) {
      counts[m]++
      spentUsd += costUsd
    }
    const reward = firstRewards[nth] ?? (random.next() < rewards[m] ? 1 : 0)
    late.push(() => void router.reward(id, reward))
    if (i >= delay) late.shift()?.()
  }
  const half = requests / 2
  return { shares: counts.map((count) => count / half), utilisation: spentUsd / half / budgetUsd }
}

describe('the cheapest model, that has too few bills to be known as such', () => {
  const close = { usdPerMTok: [0.38, 1.15, 0.95, 0.79, 0.97, 0.91, 0.64, 0.89], delay: 50, budget: 1.01 }
  const rewards = [0.19, 0.72, 0.7, 0.76, 0.55, 0.68, 0.64, 0.86]

  it('is found where requests have a hundredth of the tokens that were assumed of them', async () => {
    for (let seed = 0; seed < 12; seed++) {
      const { utilisation } = await play({ ...close, rewards, tokens: 0.01 }, 2000, seed)
      expect(utilisation, `seed ${seed}`).toBeLessThan(1.01)
    }
  })

  it('is found after a few dear bills and bad answers, and pays for the best one again', async () => {
    for (let seed = 0; seed < 3; seed++) {
      const world = {
        usdPerMTok: [1, 1.6, 2.2],
        rewards: [0.4, 0.4, 0.9],
        tokens: 1,
        budget: 1.5,
        bills: [4, 5, 4],
        firstRewards: [0, 0, 0],
      }
      const { utilisation, shares } = await play(world, 16_000, seed)
      expect(utilisation, `seed ${seed}`).toBeLessThan(1.01)
      expect(shares[2], `seed ${seed}`).toBeGreaterThan(0.25)
    }
  })
})
