import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import type { Router } from '../../src/router/router.js'
import { Random } from '../support/random.js'
import { HOUR } from '../support/router.js'
import { SharedLog } from '../support/shared-store.js'

const DAY = 24 * HOUR
const LENGTHS = { hour: HOUR, day: DAY, week: 7 * DAY, month: 30 * DAY }
/** A Monday. */
const START = Date.UTC(2026, 5, 1)
const MODELS = [
  { id: 'cheap', inputUsdPerMTok: 1.3, outputUsdPerMTok: 3.9, worth: 0.6 },
  { id: 'middle', inputUsdPerMTok: 13, outputUsdPerMTok: 39, worth: 0.75 },
  { id: 'dear', inputUsdPerMTok: 120, outputUsdPerMTok: 360, worth: 0.85 },
]

interface Traffic {
  readonly replicas: number
  readonly per: keyof typeof LENGTHS
  /** Requests in a window. */
  readonly count: number
  /** Demand at a time beside the mean. */
  readonly shape: (sinceMs: number, windowMs: number) => number
  readonly models: readonly (typeof MODELS)[number][]
}

const SHAPES = {
  flat: () => 1,
  office: (sinceMs: number) => (sinceMs % DAY >= 9 * HOUR && sinceMs % DAY < 17 * HOUR ? 2.8 : 0.1),
  'burst at 23h': (sinceMs: number) => (sinceMs % DAY >= 23 * HOUR ? 18.4 : 0.24),
  'six bursts a window': (sinceMs: number, windowMs: number) =>
    (sinceMs % (windowMs / 6)) / (windowMs / 6) >= 0.8 ? 4.2 : 0.2,
}

interface Outcome {
  /** Shares of the limit: the least and the most that a window saw, of those that begin after the first, and their mean. */
  readonly least: number
  readonly most: number
  readonly mean: number
  readonly refusedShare: number
}

/** Four windows of traffic whose dearest model costs twice the cap; by the clock of the test alone. */
async function spend({ replicas, per, count, shape, models }: Traffic): Promise<Outcome> {
  const lengthMs = LENGTHS[per]
  const [dearest] = models.slice(-1)
  const usd = (count * ((dearest.inputUsdPerMTok + dearest.outputUsdPerMTok) * 300)) / 1e6 / 2
  const log = new SharedLog()
  let now = START
  log.now = () => now
  const routers: Router[] = []
  for (let i = 0; i < replicas; i++)
    routers.push(
      await createRouter({
        models: models.map(({ worth: _, ...model }) => model),
        dimension: 3,
        kernel: 'js',
        clock: () => now,
        caps: [{ usd, per, window: 'rolling' }],
        ...(replicas === 1 ? {} : { store: log.store() }),
      }),
    )
  const random = new Random(7)
  const spent: { readonly at: number; readonly usd: number }[] = []
  let due = 0
  let requests = 0
  let refused = 0
  for (let sinceMs = 0; sinceMs < 4 * lengthMs; sinceMs += lengthMs / count / 20) {
    due += shape(sinceMs, lengthMs) / 20
    if (due < 1) continue
    due--
    now = Math.floor(START + sinceMs)
    // Leases are renewed, and each hears of the other.
    if (replicas > 1) await vi.advanceTimersByTimeAsync(300)
    const router = routers[requests++ % replicas]
    const x = [random.next() - 0.5, random.next() - 0.5, 1]
    const [costFactor, luck] = [0.5 + random.next(), 0.1 * (random.next() - 0.5)]
    try {
      const { id, model } = router.route(x)
      const spec = models.find((each) => each.id === model) ?? dearest
      const costUsd = ((spec.inputUsdPerMTok + spec.outputUsdPerMTok) * 300 * costFactor) / 1e6
      router.settle(id, { costUsd })
      router.reward(id, spec.worth + luck)
      spent.push({ at: now, usd: costUsd })
    } catch (error) {
      if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
      refused++
    }
  }
  for (const router of routers) {
    const closed = router.close()
    await vi.advanceTimersByTimeAsync(1000)
    await closed
  }
  const shares: number[] = []
  for (let end = START + 2 * lengthMs; end <= START + 4 * lengthMs; end += lengthMs / 50) {
    const window = spent.filter(({ at }) => at >= end - lengthMs && at <= end)
    shares.push(window.reduce((sum, each) => sum + each.usd, 0) / usd)
  }
  return {
    least: Math.min(...shares),
    most: Math.max(...shares),
    mean: shares.reduce((sum, each) => sum + each, 0) / shares.length,
    refusedShare: refused / requests,
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A bill may be above its reservation by a half. */
const MOST = 1.005

describe('a rolling cap under demand of twice its limit', () => {
  it.each([
    ['hour', 'flat', 0.94],
    ['hour', 'six bursts a window', 0.9],
    ['day', 'flat', 0.94],
    ['day', 'office', 0.93],
    ['day', 'burst at 23h', 0.89],
    ['week', 'flat', 0.95],
    ['week', 'office', 0.95],
    ['week', 'six bursts a window', 0.94],
    ['month', 'flat', 0.95],
    ['month', 'office', 0.95],
  ] as const)('of one process is spent in every %s but the first, %s', async (per, shape, least) => {
    const outcome = await spend({ replicas: 1, per, count: 2000, shape: SHAPES[shape], models: MODELS })
    expect(outcome.least).toBeGreaterThan(least)
    expect(outcome.mean).toBeGreaterThan(0.945)
    expect(outcome.most).toBeLessThan(MOST)
    expect(outcome.refusedShare).toBe(0)
  })

  it.each([
    ['hour', 'flat', 0.93, 0.95],
    ['day', 'flat', 0.93, 0.95],
    ['day', 'office', 0.8, 0.93],
    ['day', 'six bursts a window', 0.85, 0.92],
    ['week', 'flat', 0.93, 0.95],
    ['week', 'office', 0.85, 0.92],
  ] as const)('of two replicas is spent in every %s but the first, %s', async (per, shape, least, mean) => {
    const outcome = await spend({ replicas: 2, per, count: 2000, shape: SHAPES[shape], models: MODELS })
    expect(outcome.least).toBeGreaterThan(least)
    expect(outcome.mean).toBeGreaterThan(mean)
    expect(outcome.most).toBeLessThan(MOST)
    expect(outcome.refusedShare).toBeLessThan(0.02)
  })

  it.each(['flat', 'office', 'six bursts a window'] as const)(
    'of a day with one model comes back as it was spent, %s',
    async (shape) => {
      const models = MODELS.slice(0, 1)
      const outcome = await spend({ replicas: 1, per: 'day', count: 2000, shape: SHAPES[shape], models })
      expect(outcome.least).toBeGreaterThan(0.94)
      expect(outcome.most).toBeLessThan(MOST)
    },
  )
})
