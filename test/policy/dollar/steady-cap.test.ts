import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/index.js'
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

/** @param spread of bills about their mean @returns of each day what was spent of the cap, and how many requests were refused */
async function days(usd: number, perHour: (hour: number) => number, count: number, spread = 0) {
  let now = START
  const random = new Random(7)
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
          const costUsd = COSTS_USD[model] * (1 + spread * (2 * random.next() - 1))
          dayUsd += costUsd
          router.settle(id, { costUsd })
          router.reward(id, model === 'dear' ? 0.9 : 0.5)
        } catch {
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
    [0.05, 0.9],
    [0.1, 0.87],
    [0.3, 0.8],
  ])('whose bills vary by %f either way is spent to %f', async (spread, least) => {
    const { spent, refused } = await days(4, () => 130, 4, spread)
    expect(refused).toBe(0)
    for (const share of spent.slice(1)) expect(share).toBeGreaterThan(least)
    for (const share of spent) expect(share).toBeLessThanOrEqual(1 + 1e-9)
  })

  it('is spent but for a tenth in office hours', async () => {
    const { spent, refused } = await days(4, (hour) => (hour >= 8 && hour < 18 ? 300 : 10), 4)
    expect(refused).toBe(0)
    for (const share of spent.slice(1)) expect(share).toBeGreaterThan(0.9)
  })
})
