import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/index.js'
import { Random } from '../../support/random.js'

const MODELS = [
  { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
  { id: 'dear', inputUsdPerMTok: 5, outputUsdPerMTok: 5 },
]
const COSTS_USD: Readonly<Record<string, number>> = { cheap: 0.00006, dear: 0.003 }
const SEEDS = 60
const REQUESTS = 3000

type Chances = Readonly<Record<string, (x: Float64Array) => number>>

/** From nothing and without a budget: right or wrong, by the chance that a model has with a prompt. */
async function play(chances: Chances, seed: number): Promise<{ worth: number; dear: number }> {
  const random = new Random(seed)
  let now = Date.UTC(2026, 0, 5, 9)
  const clock = () => (now += 200)
  const router = await createRouter({ dimension: 4, kernel: 'wasm', models: MODELS, seed, clock })
  let [worth, dear] = [0, 0]
  for (let i = 0; i < REQUESTS; i++) {
    const x = random.vector(4, 0.5)
    const { id, model } = router.route(x)
    const chance = chances[model](x)
    worth += chance
    if (model === 'dear') dear++
    router.settle(id, { costUsd: COSTS_USD[model] })
    router.reward(id, random.next() < chance ? 1 : 0)
  }
  return { worth: worth / REQUESTS, dear: dear / REQUESTS }
}

async function means(chances: Chances) {
  let [worth, dear] = [0, 0]
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = await play(chances, seed)
    worth += run.worth / SEEDS
    dear += run.dear / SEEDS
  }
  return { worth, dear }
}

describe('a model that was unlucky when it was tried first, where money is not short', () => {
  it('is found to be better: the router does not stay with the other for ever', async () => {
    const { worth, dear } = await means({ cheap: () => 0.7, dear: () => 0.8 })
    expect(worth).toBeGreaterThan(0.7915)
    expect(dear).toBeGreaterThan(0.915)
  })

  it('is found to be better for some prompts', async () => {
    const { worth } = await means({ cheap: (x) => 0.7 + 0.4 * x[0], dear: (x) => 0.7 - 0.4 * x[0] })
    // By chance it is .7, and the best choice for each prompt earns .8.
    expect(worth).toBeGreaterThan(0.777)
  })

  it('is not asked on and on where it is much worse', async () => {
    const { worth } = await means({ cheap: () => 0.6, dear: () => 0.9 })
    expect(worth).toBeGreaterThan(0.896)
  })
})
