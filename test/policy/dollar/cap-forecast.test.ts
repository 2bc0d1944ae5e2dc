import { describe, expect, it } from 'vitest'
import { isRecord } from '../../../src/base/check.js'
import { ParetoBanditError } from '../../../src/base/errors.js'
import { createRouter } from '../../../src/create-router.js'
import type { CapOptions } from '../../../src/index.js'
import { ArrivalProfile } from '../../../src/policy/dollar/accounts/arrival-profile.js'
import type { Router } from '../../../src/router/router.js'
import { expectCode } from '../../support/errors.js'
import { Random } from '../../support/random.js'
import { digest } from '../../support/router.js'
import { withText } from '../../support/snapshot-bytes.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A Monday. */
const START = Date.UTC(2026, 5, 1)
const MODELS = [
  { id: 'cheap', inputUsdPerMTok: 1.3, outputUsdPerMTok: 3.9 },
  { id: 'middle', inputUsdPerMTok: 13, outputUsdPerMTok: 39 },
  { id: 'dear', inputUsdPerMTok: 120, outputUsdPerMTok: 360 },
]
const REWARDS = new Map([
  ['cheap', 0.6],
  ['middle', 0.75],
  ['dear', 0.85],
])

interface Day {
  refused: number
  usd: number
  requests: number
}

/** Days of traffic at a number of requests an hour, on the cheapest model $0.00156 each. */
async function days(
  caps: readonly CapOptions[],
  perHour: (day: number, hour: number) => number,
  count: number,
  tenant?: string,
  seed = 3,
  /** How far prompts differ: 0, not at all. */
  spread = 1,
): Promise<{
  readonly rows: readonly Day[]
  /** USD of each hour. */
  readonly hours: readonly number[]
  readonly router: Router
  readonly clock: { now: number }
}> {
  const random = new Random(seed)
  const clock = { now: START }
  const tenants = tenant === undefined ? [] : [{ id: tenant, caps }]
  const own = tenant === undefined ? { caps } : { tenants }
  const router = await createRouter({
    models: MODELS,
    dimension: 3,
    kernel: 'js',
    clock: () => clock.now,
    ...own,
  })
  const rows: Day[] = []
  const hours: number[] = []
  for (let day = 0; day < count; day++) {
    const row = { refused: 0, usd: 0, requests: 0 }
    rows.push(row)
    for (let hour = 0; hour < 24; hour++) {
      const requests = perHour(day, hour)
      const usdBefore = row.usd
      for (let i = 0; i < requests; i++) {
        clock.now = START + day * DAY + Math.floor((hour + (i + random.next()) / requests) * HOUR)
        row.requests++
        try {
          const x = [spread * (random.next() - 0.5), spread * (random.next() - 0.5), 1]
          const { id, model } = router.route(x, tenant === undefined ? {} : { tenant })
          const spec = MODELS.find((each) => each.id === model) ?? MODELS[0]
          const costUsd = (spec.inputUsdPerMTok * 300 * 4 * (0.5 + random.next())) / 1e6
          router.settle(id, { costUsd })
          router.reward(id, (REWARDS.get(model) ?? 0) + 0.1 * (random.next() - 0.5))
          row.usd += costUsd
        } catch (error) {
          if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
          row.refused++
        }
      }
      hours.push(row.usd - usdBefore)
    }
  }
  return { rows, hours, router, clock }
}

const burst = (_: number, hour: number): number => (hour === 23 ? 800 : 10)
const office = (_: number, hour: number): number => (hour >= 9 && hour < 17 ? 40 : 1)

describe('a cap that is paced by a forecast', () => {
  it.each([
    ['the router', undefined],
    ['a tenant', 'team'],
  ])(
    'of %s refuses nobody in a burst that the cheapest model can serve, not even on the first day',
    async (_, tenant) => {
      const { rows } = await days([{ usd: 10, per: 'day' }], burst, 4, tenant)
      expect(rows.map(({ refused }) => refused)).toEqual([0, 0, 0, 0])
      for (const { usd } of rows) expect(usd).toBeLessThanOrEqual(10 * 1.005)
      // The money is spent all the same.
      for (const { usd } of rows.slice(1)) expect(usd).toBeGreaterThan(9)
    },
  )

  it('is spent on an office day once a day has shown when requests come', async () => {
    const { rows } = await days([{ usd: 10, per: 'day' }], office, 4)
    for (const { usd, refused } of rows.slice(1)) {
      expect(refused).toBe(0)
      expect(usd).toBeGreaterThan(9)
      expect(usd).toBeLessThanOrEqual(10 * 1.005)
    }
  })

  it('serves a burst that came on no day before, by the calendar and rolling', async () => {
    for (const window of ['calendar', 'rolling'] as const) {
      const { rows } = await days(
        [{ usd: 10, per: 'day', window }],
        (day, hour) => (day === 3 && hour === 14 ? 500 : 10),
        5,
      )
      expect(rows[3].refused).toBeLessThan(window === 'calendar' ? 1 : 60)
    }
  })

  it.each([11, 12, 13])(
    'serves what docs/OPERATIONS.md promises of such bursts at every hour, seed %i',
    async (seed) => {
      for (let late = 0; late < 24; late++) {
        // 12 % of the cap on the cheapest model, whenever it comes.
        const steady = (day: number, hour: number): number => (day === 3 && hour === late ? 770 : 10)
        const { rows } = await days([{ usd: 10, per: 'day' }], steady, 4, undefined, seed)
        expect([late, rows[3].refused]).toEqual([late, 0])
        // Where nights are quiet 6 %, which is as many requests as a day brings, and 3 % in the last hours.
        const quiet = (day: number, hour: number): number =>
          day === 3 && hour === late ? (late < 21 ? 400 : 190) : office(day, hour)
        const { rows: ofOffice } = await days([{ usd: 10, per: 'day' }], quiet, 4, undefined, seed)
        expect([late, ofOffice[3].refused]).toEqual([late, 0])
      }
    },
    60_000,
  )

  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    // Prompts that are all alike change their minds at one price.
    [1, 0],
    [2, 0],
    [3, 0],
    [4, 0],
    [5, 0],
    [8, 0],
  ])(
    'serves days as no day before was, seed %i, prompts that differ by %i',
    async (seed, spread) => {
      const night = 5
      const byDay = {
        // Of the cap the cheapest model needs 29 %, 57 %, 56 % and 66 %.
        'a first Saturday': (day: number, hour: number) =>
          day === 5 && hour >= 9 && hour < 18 ? 200 : night,
        'one that is twice as busy': (day: number, hour: number) =>
          day === 5 && hour >= 9 && hour < 18 ? 400 : night,
        'ten times the traffic from midnight on': (day: number) => (day === 5 ? 150 : 15),
        'a burst in the night': (day: number, hour: number) => (day === 5 && hour === 2 ? 4000 : 10),
      }
      for (const [name, perHour] of Object.entries(byDay)) {
        const { rows } = await days([{ usd: 10, per: 'day' }], perHour, 6, undefined, seed, spread)
        expect([name, rows[5].refused]).toEqual([name, 0])
        // And not by keeping all of it back.
        expect(rows[5].usd).toBeGreaterThan(8.5)
      }
    },
    60_000,
  )

  it('spends no less of a cap because clients send many requests at once', async () => {
    let now = START
    const router = await createRouter({
      models: MODELS,
      dimension: 3,
      kernel: 'js',
      clock: () => now,
      caps: [{ usd: 10, per: 'day' }],
    })
    const random = new Random(5)
    for (let day = 0; day < 4; day++) {
      let usd = 0
      // Twenty at once, every six minutes.
      for (let i = 0; i < 4800; i++) {
        now = START + day * DAY + Math.floor(i / 20) * 360_000
        const { id, model } = router.route([random.next() - 0.5, random.next() - 0.5, 1])
        const spec = MODELS.find((each) => each.id === model) ?? MODELS[0]
        const costUsd = (spec.inputUsdPerMTok * 300 * 4 * (0.5 + random.next())) / 1e6
        usd += costUsd
        router.settle(id, { costUsd })
        router.reward(id, REWARDS.get(model) ?? 0)
      }
      if (day > 0) expect(usd).toBeGreaterThan(9.3)
    }
  })

  it.each([1, 0])(
    'is spent over the whole day where all requests change their minds at one price, prompts that differ by %i',
    async (spread) => {
      const { rows, hours } = await days([{ usd: 10, per: 'day' }], () => 60, 4, undefined, 3, spread)
      expect(rows[3].refused).toBe(0)
      const spentBy = (hour: number): number =>
        hours.slice(3 * 24, 3 * 24 + hour).reduce((sum, usd) => sum + usd, 0)
      expect(spentBy(8)).toBeGreaterThan(2)
      expect(spentBy(16)).toBeGreaterThan(4.5)
      expect(spentBy(16)).toBeLessThan(7.5)
    },
  )

  it('of a week is not kept for a weekend that cannot spend it, and serves a Saturday that is ten times as busy', async () => {
    const week = (day: number, hour: number): number => (day % 7 < 5 ? office(day, hour) : 2)
    const usual = await days([{ usd: 30, per: 'week' }], week, 14)
    const spentUsd = usual.rows.slice(7).reduce((sum, { usd }) => sum + usd, 0)
    expect(spentUsd).toBeGreaterThan(0.965 * 30)
    const launch = await days(
      [{ usd: 20, per: 'week' }],
      (day, hour) => (day === 12 ? 60 : week(day, hour)),
      14,
    )
    expect(launch.rows.map(({ refused }) => refused)).toEqual(launch.rows.map(() => 0))
  })

  it('paced evenly is what it was: the burst finds nothing left', async () => {
    const { rows } = await days([{ usd: 10, per: 'day', pacing: 'even' }], burst, 2)
    expect(rows[0].refused).toBeGreaterThan(400)
  })

  it('refuses a snapshot with means that no hour has, and learns on after a clock that was years ahead', async () => {
    const { router } = await days([{ usd: 10, per: 'day' }], office, 1)
    const target = await createRouter({
      models: MODELS,
      dimension: 3,
      kernel: 'js',
      clock: () => START + 2 * DAY,
    })
    const bytes = router.snapshot()
    const forged = (arrivals: Readonly<Record<string, unknown>>) =>
      withText(bytes, (text) => {
        const own = isRecord(text.own) ? text.own : {}
        const before = isRecord(own.arrivals) ? own.arrivals : {}
        return { ...text, own: { ...own, arrivals: { ...before, ...arrivals } } }
      })
    expectCode(() => target.restore(forged({ means: Array(168).fill(1e308) })), 'SNAPSHOT_INVALID')
    const profile = new ArrivalProfile()
    profile.arrive(START + 10_000 * DAY)
    for (let hour = 0; hour < 48; hour++) profile.arrive(START + hour * HOUR)
    expect(profile.isKnown).toBe(true)
    expect(profile.save().hour).toBe(Math.floor(START / HOUR) + 47)
  })

  it('knows after a restart what it knew', async () => {
    const { router, clock } = await days([{ usd: 10, per: 'day' }], office, 2)
    const restored = await createRouter({
      models: MODELS,
      dimension: 3,
      kernel: 'js',
      clock: () => clock.now,
    })
    restored.restore(router.snapshot())
    expect(digest(restored)).toBe(digest(router))
    clock.now = START + 2 * DAY + 9 * HOUR
    expect(restored.stats().account).toEqual(router.stats().account)
    expect(restored.route([0, 0, 1]).model).toBe(router.route([0, 0, 1]).model)
    expect(restored.stats().account).toEqual(router.stats().account)
  })

  it('forgets when its requests came once no cap is paced so', async () => {
    const { router } = await days([{ usd: 10, per: 'day' }], office, 1)
    const before = router.snapshot().length
    router.setCaps([{ usd: 10, per: 'day', pacing: 'even' }])
    expect(router.snapshot().length).toBeLessThan(before - 300)
  })
})
