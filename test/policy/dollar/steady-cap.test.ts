import { describe, expect, it } from 'vitest'
import { createRouter, ParetoBanditError } from '../../../src/index.js'
import { Random } from '../../support/random.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const START = Date.UTC(2026, 5, 1)
/** The dear one costs fifteen times as much: no single hour could spend what is left of a day. */
const COSTS_USD: Readonly<Record<string, number>> = { cheap: 0.0002, dear: 0.003 }
const MODELS = [
  { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.6 },
  { id: 'dear', inputUsdPerMTok: 2.5, outputUsdPerMTok: 10 },
]

/** What a bill is beside the mean of its model. */
type Spread = (random: Random) => number

const even: Spread = () => 1
const within =
  (share: number): Spread =>
  (random) =>
    1 + share * (2 * random.next() - 1)
/** Of mean 1, sigma 1: one bill in a hundred is more than six times the mean. */
const lognormal: Spread = (random) => {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  return Math.exp(normal - 0.5)
}

/** @returns of each day what was spent of the cap, and how many requests were refused */
async function days(usd: number, perHour: (hour: number) => number, count: number, spread = even, seed = 7) {
  let now = START
  const random = new Random(seed)
  const router = await createRouter({
    models: MODELS,
    dimension: 3,
    kernel: 'js',
    caps: [{ usd, per: 'day' }],
    clock: () => now,
  })
  const spent: number[] = []
  let refused = 0
  for (let day = 0; day < count; day++) {
    let dayUsd = 0
    for (let hour = 0; hour < 24; hour++)
      for (let i = 0; i < perHour(hour); i++) {
        now = START + day * DAY + Math.floor((hour + i / perHour(hour)) * HOUR)
        try {
          const { id, model } = router.route([(i % 5) / 5, (i % 7) / 7, 1])
          const costUsd = COSTS_USD[model] * spread(random)
          dayUsd += costUsd
          router.settle(id, { costUsd })
          router.reward(id, model === 'dear' ? 0.9 : 0.5)
        } catch (error) {
          if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
          refused++
        }
      }
    spent.push(dayUsd / usd)
  }
  return { spent, refused }
}

describe('a cap of a day under traffic that no hour of it can make up for', () => {
  it.each([
    [4, 130],
    [6, 130],
    [0.6, 20],
    [1, 130],
  ])('$%f at %i requests an hour is spent from the second day on', async (usd, perHour) => {
    const { spent, refused } = await days(usd, () => perHour, 4)
    expect(refused).toBe(0)
    for (const share of spent.slice(1)) expect(share).toBeGreaterThan(0.95)
    for (const share of spent) expect(share).toBeLessThanOrEqual(1 + 1e-9)
  })

  it.each([
    [4, 0.05, 0.95],
    [4, 0.1, 0.94],
    [4, 0.3, 0.93],
    [1, 0.05, 0.95],
    [1, 0.3, 0.93],
    [8, 0.3, 0.93],
  ])('$%f whose bills vary by %f either way is spent to %f', async (usd, spread, least) => {
    const { spent, refused } = await days(usd, () => 130, 4, within(spread))
    expect(refused).toBe(0)
    for (const share of spent.slice(1)) expect(share).toBeGreaterThan(least)
    for (const share of spent) expect(share).toBeLessThanOrEqual(1 + 1e-9)
  })

  it.each([7, 8, 9])('is spent but for a tenth where bills have long tails, seed %i', async (seed) => {
    const { spent, refused } = await days(4, () => 130, 6, lognormal, seed)
    expect(refused).toBe(0)
    const later = spent.slice(1)
    expect(later.reduce((sum, share) => sum + share, 0) / later.length).toBeGreaterThan(0.9)
  })

  it('is spent but for a tenth in office hours', async () => {
    const { spent, refused } = await days(4, (hour) => (hour >= 8 && hour < 18 ? 300 : 10), 4)
    expect(refused).toBe(0)
    for (const share of spent.slice(1)) expect(share).toBeGreaterThan(0.9)
  })
})
