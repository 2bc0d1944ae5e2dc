import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/index.js'
import type { Router } from '../../../src/router/router.js'
import { Random } from '../../support/random.js'
import { digest } from '../../support/router.js'

const D = 4
const MODELS = [
  { id: 'cheap', usdPerMTok: 0.25, reward: 0.6 },
  { id: 'middle', usdPerMTok: 1.3, reward: 0.8 },
  { id: 'dear', usdPerMTok: 9, reward: 0.9 },
]
const USUAL = { cheap: 1, middle: 1, dear: 1 }

/** Of mean 0 and variance 1, near enough: the sum of twelve. */
function normal(random: Random): number {
  let sum = -6
  for (let i = 0; i < 12; i++) sum += random.next()
  return sum
}

async function routerOf(seed: number, usdPerRequest: number): Promise<Router> {
  return await createRouter({
    models: MODELS.map(({ id, usdPerMTok }) => ({
      id,
      inputUsdPerMTok: usdPerMTok,
      outputUsdPerMTok: usdPerMTok,
    })),
    dimension: D,
    kernel: 'js',
    seed,
    name: 'r',
    clock: () => 1.8e12,
    budget: { usdPerRequest },
  })
}

/** Bills differ by a factor of about 1.7 from one request to the next. @param bills what they are, in parts of what is usual */
function play(router: Router, random: Random, requests: number, bills: Record<string, number>) {
  const models: string[] = []
  let spentUsd = 0
  let tries = 0
  for (let i = 0; i < requests; i++) {
    const decision = router.route(random.vector(D))
    const model = MODELS.find(({ id }) => id === decision.model) ?? MODELS[0]
    const costUsd =
      (600e-6 * model.usdPerMTok * bills[model.id] * Math.exp(0.5 * normal(random))) / Math.exp(0.125)
    router.settle(decision.id, { costUsd })
    router.reward(decision.id, Math.min(1, Math.max(0, model.reward + 0.15 * normal(random))))
    spentUsd += costUsd
    models.push(decision.model)
    if (decision.canary) tries++
  }
  const share = (id: string, from = 0): number =>
    models.slice(from).filter((model) => model === id).length / (requests - from)
  return { models, share, tries, spentUsd }
}

/** What the middle model costs, a little more, and so on: it, or the cheapest, gets most of the requests. */
const BUDGETS = { middle: 0.0009, cheap: 0.00025 }

describe('a model whose bills were too high for a while', () => {
  for (const [id, times, requests] of [
    ['middle', 3, 600],
    ['middle', 10, 600],
    ['cheap', 10, 600],
  ] as const)
    it(`has its requests again soon after ${id} cost ${times} times as much`, async () => {
      for (let seed = 0; seed < 6; seed++) {
        const router = await routerOf(seed, BUDGETS[id])
        const random = new Random(seed)
        play(router, random, 1500, USUAL)
        const before = play(router, random, 500, USUAL).share(id)
        play(router, random, requests, { ...USUAL, [id]: times })
        const after = play(router, random, 1000, USUAL)
        expect(before, `seed ${seed}`).toBeGreaterThan(0.5)
        expect(after.share(id, 400), `seed ${seed}`).toBeGreaterThan(0.8 * before)
        expect(after.spentUsd, `seed ${seed}`).toBeLessThan(1.1 * 1000 * BUDGETS[id])
      }
    })

  it('is tried seldom while it stays so dear, and the budget is held', async () => {
    for (const times of [3, 10, 30])
      for (let seed = 0; seed < 2; seed++) {
        const router = await routerOf(seed, BUDGETS.middle)
        const random = new Random(seed)
        play(router, random, 1500, USUAL)
        const dearer = play(router, random, 4000, { ...USUAL, middle: times })
        expect(dearer.tries, `x ${times}, seed ${seed}`).toBeLessThan(60)
        expect(dearer.spentUsd, `x ${times}, seed ${seed}`).toBeLessThan(1.03 * 4000 * BUDGETS.middle)
      }
  })

  it('is remembered by a snapshot', async () => {
    const router = await routerOf(1, BUDGETS.middle)
    const random = new Random(1)
    play(router, random, 2000, USUAL)
    play(router, random, 600, { ...USUAL, middle: 10 })
    const other = await routerOf(1, BUDGETS.middle)
    other.restore(router.snapshot())
    expect(digest(other)).toBe(digest(router))
    const [one, two] = [new Random(9), new Random(9)]
    for (const bills of [{ ...USUAL, middle: 10 }, USUAL])
      expect(play(other, one, 400, bills).models).toEqual(play(router, two, 400, bills).models)
    expect(digest(other)).toBe(digest(router))
  })
})
