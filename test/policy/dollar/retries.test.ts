import { describe, expect, it } from 'vitest'
import { Random } from '../../support/random.js'
import { MODELS, makeBench } from '../../support/router.js'

const BUDGET = 0.002
const BURST = 50
const COSTS: Readonly<Record<string, number>> = { small: 0.00012, middle: 0.0015, large: 0.009 }
const REWARDS: Readonly<Record<string, number>> = { small: 0.5, middle: 0.75, large: 0.95 }
/** Draws a cost about the usual one. */
const costOf = (model: string, random: Random): number => COSTS[model] * (0.5 + random.next())

/** Each call fails with that probability, and is tried again up to three times, elsewhere or wherever the router says. */
async function play(share: number, elsewhere: boolean, strict: boolean, seed: number, count: number) {
  const { router, clock } = await makeBench({ budget: { usdPerRequest: BUDGET, burst: BURST }, strict })
  const random = new Random(seed)
  // A request that is refused pays in like one that is answered.
  let counted = 0
  let spentUsd = 0
  let fallbackUsd = 0
  for (let i = 0; i < count; i++) {
    const x = [random.next() - 0.5, random.next() - 0.5, 1]
    const failed: string[] = []
    for (let tries = 0; tries < 4; tries++) {
      clock.advance(1000)
      const options = elsewhere && failed.length < MODELS.length ? { exclude: failed } : {}
      try {
        const { id, model, cheapestFallback } = router.route(x, options)
        if (random.next() < share) {
          router.fail(id)
          failed.push(model)
          continue
        }
        const costUsd = costOf(model, random)
        spentUsd += costUsd
        if (cheapestFallback) fallbackUsd += costUsd
        counted++
        router.settle(id, { costUsd })
        router.reward(id, Math.min(1, REWARDS[model] + 0.1 * (random.next() - 0.5)))
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'BUDGET_EXHAUSTED')) throw error
        counted++
      }
      break
    }
  }
  return { counted, spentUsd, fallbackUsd, utilisation: router.stats().pacer.utilisation ?? 0 }
}

describe('calls that fail and are tried again', () => {
  it.each([0.3, 0.6])(
    'with %f of them failing, spend nothing beyond the budget but where no model left is affordable',
    async (share) => {
      for (const elsewhere of [false, true])
        for (const seed of [1, 2]) {
          const { counted, spentUsd, fallbackUsd } = await play(share, elsewhere, false, seed, 1500)
          expect(spentUsd - fallbackUsd).toBeLessThanOrEqual(BUDGET * (counted + BURST))
        }
    },
  )

  it.each([0.3, 0.6])(
    'with %f of them failing, spend no more than the budget where it is strict',
    async (share) => {
      for (const elsewhere of [false, true])
        for (const seed of [1, 2]) {
          const { utilisation, counted, spentUsd } = await play(share, elsewhere, true, seed, 1500)
          expect(spentUsd).toBeLessThanOrEqual(BUDGET * (counted + BURST))
          expect(utilisation).toBeLessThan(1.05)
        }
    },
  )
})
