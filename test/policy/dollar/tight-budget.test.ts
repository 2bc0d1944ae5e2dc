import { describe, expect, it } from 'vitest'
import { createRouter, fitPriors } from '../../../src/index.js'
import { Random } from '../../support/random.js'

const REQUESTS = 1000
const PRIOR_ROWS = 300
const DIMENSION = 17
/** Of the models below, right answers and mean cost, USD. Lengths of answers vary, and no prompt says how. */
const MODELS = [
  { id: 'good', right: 0.92, usd: 1e-4 },
  { id: 'poor', right: 0.72, usd: 1.02e-4 },
  { id: 'poorer', right: 0.6, usd: 1.1e-4 },
  { id: 'dear', right: 0.96, usd: 5e-4 },
]
const SIGMA = 0.5

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

/** The good one's share, and spend over budget, of a router with priors. @param budget times what the cheapest model costs */
async function played(budget: number, seed: number): Promise<{ share: number; spend: number }> {
  const random = new Random(seed)
  const context = () => [...random.vector(DIMENSION - 1), 1]
  const outcomeOf = ({ right, usd }: (typeof MODELS)[number]) => ({
    reward: random.next() < right ? 1 : 0,
    costUsd: usd * Math.exp(SIGMA * gaussian(random) - SIGMA ** 2 / 2),
  })
  const rows = Array.from({ length: PRIOR_ROWS }, () => ({
    context: context(),
    outcomes: Object.fromEntries(MODELS.map((model) => [model.id, outcomeOf(model)])),
  }))
  const usdPerRequest = budget * MODELS[0].usd
  const router = await createRouter({
    models: MODELS.map(({ id, usd }) => ({ id, inputUsdPerMTok: 0, outputUsdPerMTok: (usd / 300) * 1e6 })),
    budget: { usdPerRequest },
    dimension: DIMENSION,
    priors: fitPriors(rows),
    kernel: 'js',
    seed,
    clock: () => 1.8e12,
  })
  let good = 0
  let spent = 0
  for (let i = 0; i < REQUESTS; i++) {
    const { id, model } = router.route(context())
    const { reward, costUsd } = outcomeOf(MODELS.find((one) => one.id === model) ?? MODELS[0])
    router.settle(id, { costUsd })
    router.reward(id, reward)
    spent += costUsd
    if (model === 'good') good++
  }
  return { share: good / REQUESTS, spend: spent / REQUESTS / usdPerRequest }
}

describe('a budget that hardly pays for the cheapest of models that cost about as much', () => {
  it.each([
    [0.97, 0.6, 1.07],
    [1, 0.65, 1.04],
    [1.03, 0.8, 1.02],
  ])(
    'of %d times its cost goes to the good one, not to errors of predictions',
    async (budget, least, most) => {
      const seeds = 12
      let share = 0
      let spend = 0
      for (let seed = 1; seed <= seeds; seed++) {
        const one = await played(budget, seed)
        share += one.share / seeds
        spend += one.spend / seeds
      }
      expect(share).toBeGreaterThan(least)
      expect(spend).toBeLessThan(most)
    },
  )
})
