import { describe, expect, it } from 'vitest'
import type { RouterEvent } from '../../../src/events/events.js'
import { Random } from '../../support/random.js'
import { digest, makeBench } from '../../support/router.js'

const B = 0.002
const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.2, outputUsdPerMTok: 0.4 },
  { id: 'middle', inputUsdPerMTok: 1, outputUsdPerMTok: 2 },
  { id: 'large', inputUsdPerMTok: 6, outputUsdPerMTok: 12 },
] as const
const COSTS: Record<string, number> = { small: 0.0004, middle: 0.003, large: 0.012 }
/** Mean reward of a prompt of middling hardness, and what a hard one takes off. */
const REWARDS: Record<string, readonly [mean: number, slope: number]> = {
  small: [0.5, 0.3],
  middle: [0.8, 0.1],
  large: [0.9, 0.02],
}

interface World {
  readonly requests: number
  readonly seed: number
  readonly silent?: readonly string[]
  readonly costFactor?: (model: string, request: number) => number
}

const mean = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.reduce((sum, value) => sum + of(value), 0) / values.length

/** A cold router in a world of its own. */
async function play({ requests, seed, silent = [], costFactor = () => 1 }: World) {
  const bench = await makeBench({ policy: 'dollar', models: [], budget: { usdPerRequest: B } })
  const { router } = bench
  for (const model of MODELS) router.addModel(model)
  const alarms: RouterEvent[] = []
  router.on('drift', (event) => alarms.push(event))
  const random = new Random(seed)
  const outcomes = Array.from({ length: requests }, (_, i) => {
    const hardness = 2 * random.next() - 1
    const { id, model } = router.route([hardness, random.next() - 0.5, 1])
    const costUsd = COSTS[model] * costFactor(model, i) * (0.4 + 1.2 * random.next())
    router.settle(id, { costUsd })
    const [level, slope] = REWARDS[model]
    const reward = level - slope * hardness + 0.3 * (random.next() - 0.5)
    if (!silent.includes(model)) router.reward(id, Math.min(1, Math.max(0, reward)))
    return { model, costUsd, reward: level - slope * hardness }
  })
  const over = (from: number, to: number) => {
    const part = outcomes.slice(from, to)
    return {
      utilisation: mean(part, ({ costUsd }) => costUsd) / B,
      reward: mean(part, ({ reward }) => reward),
      share: (id: string) => mean(part, ({ model }) => Number(model === id)),
    }
  }
  return { ...bench, alarms, over }
}

describe('rewards that never come', () => {
  it('for no model leave the pace to the bills', async () => {
    const { over } = await play({ requests: 4000, seed: 5, silent: ['small', 'middle', 'large'] })
    expect(over(1000, 4000).utilisation).toBeGreaterThan(0.95)
    expect(over(1000, 4000).utilisation).toBeLessThan(1.01)
  })

  it.each(['small', 'middle', 'large'])(
    'for %s do not give it the traffic of models known to be good',
    async (id) => {
      const { over } = await play({ requests: 4000, seed: 5, silent: [id] })
      const { utilisation, reward, share } = over(1000, 4000)
      expect(utilisation).toBeGreaterThan(0.95)
      expect(utilisation).toBeLessThan(1.01)
      // All of it to the cheapest is worth 0.5. The least is that of a seventh to the dearest, where the middle one is silent.
      expect(reward).toBeGreaterThan({ small: 0.62, middle: 0.57, large: 0.72 }[id] ?? 1)
      if (id !== 'small') expect(share(id)).toBeLessThan(0.02)
    },
  )

  it('outweigh nothing once they come after all', async () => {
    const { router } = await play({ requests: 1000, seed: 5, silent: ['small'] })
    for (let i = 0; i < 400; i++) {
      const { id, model } = router.route([0, 0, 1])
      router.settle(id, { costUsd: COSTS[model] })
      router.reward(id, model === 'small' ? 0.85 : REWARDS[model][0])
    }
    // As good as the middle one and a seventh of its price.
    const last = Array.from({ length: 100 }, () => router.route([0, 0, 1]).model)
    expect(last.filter((model) => model === 'middle').length).toBeLessThan(10)
  })

  it('are folded to the same state on every kernel', async () => {
    const { router, log } = await play({ requests: 300, seed: 5, silent: ['small'] })
    for (const kernel of ['js', 'wasm'] as const) {
      const other = await makeBench({ policy: 'dollar', models: [], budget: { usdPerRequest: B }, kernel })
      for (const event of log) other.router.apply(event)
      expect(digest(other.router)).toBe(digest(router))
    }
  })
})

describe('a cost that drifts and is not announced', () => {
  it.each([3, 1 / 3])(
    'by a factor of %f at once is an alarm, and spent as before within 200 requests',
    async (factor) => {
      for (const seed of [5, 6, 7]) {
        const costFactor = (model: string, request: number) =>
          model === 'middle' && request >= 2000 ? factor : 1
        const { alarms, over } = await play({ requests: 4000, seed, costFactor })
        expect(alarms).toContainEqual(
          expect.objectContaining({ model: 'middle', signal: 'cost', direction: factor > 1 ? 'up' : 'down' }),
        )
        expect(alarms.length).toBeLessThan(5)
        expect(over(2200, 4000).utilisation).toBeGreaterThan(0.95)
        expect(over(2200, 4000).utilisation).toBeLessThan(1.02)
        // At three times its cost the middle one buys no more for a dollar than the large one.
        expect(over(2200, 4000).share('small')).toBeLessThan(factor > 1 ? 0.9 : 0.1)
      }
    },
  )

  it('little by little is followed', async () => {
    const costFactor = (model: string, request: number) =>
      model === 'middle' ? Math.min(3, 1 + Math.max(0, request - 2000) / 500) : 1
    const { over } = await play({ requests: 4000, seed: 5, costFactor })
    expect(over(2000, 3000).utilisation).toBeGreaterThan(0.93)
    expect(over(2000, 3000).utilisation).toBeLessThan(1.03)
    expect(over(3000, 4000).share('small')).toBeLessThan(0.9)
  })
})
