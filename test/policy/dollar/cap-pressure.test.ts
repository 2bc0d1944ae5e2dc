import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calendarPeriod } from '../../../src/policy/dollar/accounts/calendar.js'
import { Cap } from '../../../src/policy/dollar/accounts/cap.js'
import {
  CAP_LENGTHS,
  CAP_WINDOWS,
  type CapLength,
  type CapWindow,
} from '../../../src/policy/dollar/accounts/cap-period.js'
import { Random } from '../../support/random.js'
import '../../support/seed.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const START = Date.UTC(2026, 5, 1)

function newCap(usd: number, per: CapLength, window: CapWindow): Cap {
  return new Cap({ usd, per, window, timeZone: window === 'rolling' ? null : 'UTC' })
}

function turn(cap: Cap, at: number): void {
  if (!cap.isOver(at)) return
  const { startsAt, endsAt } = calendarPeriod(cap, at)
  cap.begin(startsAt, endsAt)
}

/** A request that would cost 1 USD and takes what the cap implies; gives what it spent. */
function follow(cap: Cap, at: number): number {
  turn(cap, at)
  const usd = Math.min(1, cap.impliedUsdPerRequest(at), cap.availableUsd(at))
  cap.reserve(at, usd)
  cap.settle(at, usd, usd)
  return usd
}

describe('what a cap implies per request', () => {
  it('is never NaN or negative, nor above what is available unless the cap is no constraint, at any times', () => {
    const time = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(
        0,
        -0,
        START,
        START + 1,
        -1e300,
        1e300,
        Number.MAX_VALUE,
        -Number.MAX_VALUE,
        2 ** 53 * 6e4,
      ),
      fc.double({ min: START, max: START + 40 * DAY_MS, noNaN: true }),
    )
    const requests = fc.array(fc.tuple(time, fc.constantFrom(0, 1e-9, 0.01, 0.5, 1, 3), fc.boolean()), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(
        requests,
        fc.constantFrom(...CAP_LENGTHS),
        fc.constantFrom(...CAP_WINDOWS),
        (all, per, window) => {
          const cap = newCap(1, per, window)
          cap.begin(START, START + 28 * DAY_MS)
          for (const [at, usd, settles] of all) {
            cap.reserve(at, usd)
            if (settles) cap.settle(at, usd, 2 * usd)
            for (const now of [at, START, START + DAY_MS, all[0][0]]) {
              const implied = cap.impliedUsdPerRequest(now)
              const available = cap.availableUsd(now)
              expect(available >= 0 && available <= 1).toBe(true)
              if (available === 0) expect(implied).toBe(0)
              else
                expect(
                  implied === Number.POSITIVE_INFINITY || (implied > 0 && implied <= available / 2),
                ).toBe(true)
            }
            expect(cap.save().every(Number.isFinite)).toBe(true)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is no constraint at a cold start, and is one as soon as one request takes an eighth', () => {
    for (const window of CAP_WINDOWS) {
      const cap = newCap(1, 'day', window)
      turn(cap, START)
      expect(cap.impliedUsdPerRequest(START)).toBe(Number.POSITIVE_INFINITY)
      cap.reserve(START, 0.01)
      expect(cap.impliedUsdPerRequest(START)).toBe(Number.POSITIVE_INFINITY)
      cap.reserve(START, 0.2)
      expect(cap.impliedUsdPerRequest(START)).toBeLessThanOrEqual(0.79 / 8)
    }
  })

  it('stays no constraint for traffic that the cap covers twice', () => {
    for (const window of CAP_WINDOWS) {
      const cap = newCap(2000, 'day', window)
      for (let i = 0; i < 3000; i++) {
        const at = START + (i * DAY_MS) / 1000
        turn(cap, at)
        if (i > 0) expect(cap.impliedUsdPerRequest(at)).toBe(Number.POSITIVE_INFINITY)
        cap.reserve(at, 1)
        cap.settle(at, 1, 1)
      }
    }
  })

  it('falls, and never to nothing, when the clock stands still', () => {
    const cap = newCap(100, 'hour', 'calendar')
    turn(cap, START)
    let before = Number.POSITIVE_INFINITY
    for (let i = 0; i < 5000; i++) {
      const implied = cap.impliedUsdPerRequest(START)
      expect(implied).toBeGreaterThan(0)
      if (implied !== Number.POSITIVE_INFINITY) {
        expect(implied).toBeLessThan(before)
        before = implied
      }
      follow(cap, START)
    }
    expect(before).toBeLessThan(0.01)
  })

  it('recovers within an hour from a burst and from a clock that ran ahead', () => {
    for (const ahead of [0, DAY_MS]) {
      const cap = newCap(1000, 'day', 'rolling')
      for (let i = 0; i < 2000; i++) cap.reserve(START + ahead, 0)
      let at = START
      for (; at < START + 4 * HOUR_MS; at += 60_000) cap.reserve(at, 1)
      // 1,200 requests are to come in a day; the burst counts for as many again at most.
      expect(cap.impliedUsdPerRequest(at)).toBeGreaterThan(0.05)
      expect(cap.impliedUsdPerRequest(at)).toBeLessThan(1)
    }
  })
})

describe('money that covers 60 % of steady traffic', () => {
  const lengths = { hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS } as const

  it.each(CAP_LENGTHS)('lasts to the end of a calendar %s, and is spent then', (per) => {
    const random = new Random(7)
    const count = 3000
    const cap = newCap(0.6 * count, per, 'calendar')
    const gapMs = lengths[per] / count
    let at = START
    for (let period = 0; period < 3; period++) {
      turn(cap, at)
      const { startsAt, endsAt } = cap
      let spentUsd = 0
      let lateUsd = 0
      let late = 0
      while (at < endsAt) {
        const usd = follow(cap, at)
        spentUsd += usd
        if (at >= startsAt + 0.95 * (endsAt - startsAt)) {
          lateUsd += usd
          late++
        }
        at += -Math.log(1 - random.next()) * gapMs
      }
      // Never refused, still at least 0.3 USD a request in the last twentieth, and nearly all of it used.
      expect(lateUsd / late).toBeGreaterThan(0.3)
      expect(spentUsd).toBeLessThanOrEqual(cap.usd + 1e-9)
      expect(spentUsd).toBeGreaterThan(0.95 * cap.usd)
    }
  })

  it('is spent evenly in a rolling hour', () => {
    const random = new Random(8)
    const cap = newCap(0.6 * 3600, 'hour', 'rolling')
    let at = START
    const hours = Array.from({ length: 8 }, () => 0)
    let low = 0
    let count = 0
    while (at < START + hours.length * HOUR_MS) {
      const usd = follow(cap, at)
      hours[Math.floor((at - START) / HOUR_MS)] += usd
      if (usd < 0.3) low++
      count++
      at += -Math.log(1 - random.next()) * 1000
    }
    expect(low / count).toBeLessThan(0.01)
    for (const usd of hours) expect(usd).toBeLessThanOrEqual(cap.usd + 1e-9)
    for (const usd of hours.slice(1)) expect(usd).toBeGreaterThan(0.9 * cap.usd)
  })

  it('lasts when ten times as many requests come as before', () => {
    const cap = newCap(600, 'day', 'calendar')
    let refused = 0
    for (let i = 0; i < 1000; i++) follow(cap, START + (i * DAY_MS) / 1000)
    for (let i = 0; i < 10_000; i++) {
      if (follow(cap, START + DAY_MS + (i * DAY_MS) / 10_000) < 0.001) refused++
    }
    expect(refused).toBeLessThan(500)
  })
})
