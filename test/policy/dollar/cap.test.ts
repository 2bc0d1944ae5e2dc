import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calendarPeriod } from '../../../src/policy/dollar/accounts/calendar.js'
import { Cap } from '../../../src/policy/dollar/accounts/cap.js'
import {
  CAP_PACINGS,
  CAP_WINDOWS,
  type CapLength,
  type CapPacing,
  type CapWindow,
} from '../../../src/policy/dollar/accounts/cap-period.js'
import { capStatus } from '../../../src/policy/dollar/accounts/cap-status.js'
import { expectCode } from '../../support/errors.js'
import '../../support/seed.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NOON = Date.UTC(2026, 9, 24, 12)

function newCap(
  usd: number,
  per: CapLength,
  window: CapWindow,
  timeZone = 'UTC',
  pacing: CapPacing = 'even',
): Cap {
  return new Cap({ usd, per, window, timeZone: window === 'rolling' ? null : timeZone, pacing })
}

/** What a router does before it asks a cap anything. */
function turn(cap: Cap, at: number): void {
  if (!cap.isOver(at)) return
  const { startsAt, endsAt } = calendarPeriod(cap, at)
  cap.begin(startsAt, endsAt)
}

/** A request as the tests remember it. */
interface Request {
  readonly routedAt: number
  /** The latest time seen when it was routed, and when its cost became known: for rolling windows. */
  readonly routedBy: number
  chargedBy: number
  readonly period: number
  readonly reservedUsd: number
  costUsd: number
  chargedAt: number
  /** Start of the period in which its cost, or what expiry charged for it, became known. */
  chargedIn: number
  /** Dearer than the reservation and not yet corrected: what was added, when, and in which period. */
  added?: { readonly usd: number; readonly by: number; readonly period: number }
}

type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'route'; readonly share: number }
  | { readonly do: 'settle' | 'correct'; readonly which: number; readonly times: number }
  | { readonly do: 'expire' | 'fail'; readonly which: number }
  | { readonly do: 'limit'; readonly usd: number }
  | { readonly do: 'reload' }

function steps(lengthMs: number, backwards: boolean): fc.Arbitrary<Step[]> {
  const which = fc.nat()
  const share = fc.constantFrom(0, 0.1, 0.3, 0.5, 0.9, 1)
  const times = fc.constantFrom(0, 0.1, 0.5, 1, 1, 1.5, 4)
  const ms = fc.oneof(
    fc.constantFrom(
      0,
      1,
      lengthMs / 60,
      lengthMs / 60 - 1,
      lengthMs,
      lengthMs - 1,
      lengthMs + 1,
      2.5 * lengthMs,
    ),
    fc.double({ min: 0, max: lengthMs / 3, noNaN: true }),
    ...(backwards ? [fc.double({ min: -2 * lengthMs, max: 0, noNaN: true })] : []),
  )
  return fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('route' as const), share }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constantFrom('settle' as const, 'correct' as const), which, times }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('expire' as const, 'fail' as const), which }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('limit' as const), usd: fc.constantFrom(0, 0.5, 1, 2) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const) }) },
    ),
    { minLength: 20, maxLength: 120 },
  )
}

/** Plays steps on a cap; keeps what the promise speaks of, and calls `check` after each. */
class Play {
  cap: Cap
  at = NOON
  latest = Number.NEGATIVE_INFINITY
  readonly done: Request[] = []
  open: Request[] = []
  expired: Request[] = []
  /** Requests that were in flight, or might be corrected, at the last reservation of more than nothing, or came later. */
  exposed = new Set<Request>()
  limitUsd: number

  constructor(cap: Cap) {
    this.cap = cap
    this.limitUsd = cap.usd
  }

  step(step: Step): void {
    const { cap } = this
    if (step.do === 'wait') this.at += step.ms
    else if (step.do === 'route') this.route(step.share)
    else if (step.do === 'limit') cap.usd = step.usd
    else if (step.do === 'reload') {
      const { usd, per, window, timeZone, pacing } = cap
      this.cap = new Cap({ usd, per, window, timeZone, pacing })
      this.cap.load(JSON.parse(JSON.stringify(cap.save())))
      expect(this.cap.carry(cap.carriedUsd)).toBe(true)
      expect(this.cap).toEqual(cap)
    } else if (step.do === 'correct') this.correct(step.which, step.times)
    else this.close(step)
  }

  private route(share: number): void {
    const { cap, at } = this
    turn(cap, at)
    this.latest = Math.max(this.latest, at)
    const usd = share * cap.availableUsd(at)
    cap.reserve(at, usd)
    const request = {
      routedAt: at,
      routedBy: this.latest,
      chargedBy: at,
      period: cap.startsAt,
      reservedUsd: usd,
      costUsd: 0,
      chargedAt: at,
      chargedIn: Number.NaN,
    }
    if (usd > 0) {
      this.limitUsd = cap.usd
      this.exposed = new Set([...this.open, ...this.expired])
    }
    this.open.push(request)
    this.exposed.add(request)
  }

  private close(step: Extract<Step, { readonly which: number }>): void {
    if (this.open.length === 0) return
    const [request] = this.open.splice(step.which % this.open.length, 1)
    if (step.do === 'fail') {
      this.cap.release(request.reservedUsd)
      return
    }
    const free = request.reservedUsd === 0 && step.do === 'settle' ? 0.1 : 0
    request.costUsd =
      step.do === 'settle' ? request.reservedUsd * (step.times ?? 1) + free : request.reservedUsd
    this.cap.settle(this.at, request.reservedUsd, request.costUsd)
    request.chargedAt = this.at
    this.latest = Math.max(this.latest, this.at)
    request.chargedBy = this.latest
    request.chargedIn = this.periodNow()
    this.done.push(request)
    if (step.do === 'expire') this.expired.push(request)
  }

  private correct(which: number, times: number): void {
    if (this.expired.length === 0) return
    const [request] = this.expired.splice(which % this.expired.length, 1)
    const usd = request.costUsd * (times - 1)
    // A router keeps one of the two times.
    this.cap.correct(this.at, which % 2 === 0 ? request.chargedAt : request.routedAt, usd)
    if (usd < 0) {
      request.costUsd += usd
      return
    }
    this.latest = Math.max(this.latest, this.at)
    request.added = { usd, by: this.latest, period: this.periodNow() }
  }

  /** Start of the period that something belongs to now: the one in force, or a later one by the calendar. */
  private periodNow(): number {
    if (this.cap.window === 'rolling') return 0
    if (!this.cap.isOver(this.at)) return this.cap.startsAt
    return calendarPeriod(this.cap, this.at).startsAt
  }

  /** What requests in flight together cost above their reservations. */
  excessUsd(): number {
    let usd = 0
    for (const each of this.exposed)
      usd += Math.max(0, each.costUsd + (each.added?.usd ?? 0) - each.reservedUsd)
    return usd
  }
}

function totalUsd(play: Play, known: (by: number, period: number, routed: Request) => boolean): number {
  let usd = 0
  for (const each of play.done) {
    if (known(each.chargedBy, each.chargedIn, each)) usd += each.costUsd
    if (each.added !== undefined && known(each.added.by, each.added.period, each)) usd += each.added.usd
  }
  return usd
}

describe('the promise of a cap', () => {
  it.each([
    ['hour', false],
    ['day', false],
    ['hour', true],
  ] as const)('holds in every calendar %s, clock backwards: %s', (per, backwards) => {
    const lengthMs = per === 'hour' ? HOUR_MS : DAY_MS
    fc.assert(
      fc.property(steps(lengthMs, backwards), fc.constantFrom('UTC', 'Europe/Berlin'), (script, timeZone) => {
        const play = new Play(newCap(1, per, 'calendar', timeZone))
        for (const step of script) {
          play.step(step)
          const period = play.cap.startsAt
          const bound = play.limitUsd + play.excessUsd() + 1e-9
          expect(totalUsd(play, (_, chargedIn) => chargedIn === period)).toBeLessThanOrEqual(bound)
          expect(totalUsd(play, (_, __, { period: routedIn }) => routedIn === period)).toBeLessThanOrEqual(
            bound,
          )
        }
        const later = Math.max(play.cap.startsAt, ...play.done.map(({ chargedIn }) => chargedIn))
        const bound = play.limitUsd + play.excessUsd() + 1e-9
        expect(totalUsd(play, (_, chargedIn) => chargedIn === later)).toBeLessThanOrEqual(bound)
      }),
      { numRuns: 400 },
    )
  })

  it.each([
    ['hour', false],
    ['week', false],
    ['month', false],
    ['hour', true],
  ] as const)('holds in every rolling %s, clock backwards: %s', (per, backwards) => {
    const lengthMs = { hour: HOUR_MS, week: 7 * DAY_MS, month: 30 * DAY_MS }[per]
    fc.assert(
      fc.property(
        steps(lengthMs, backwards),
        fc.constantFrom(...CAP_PACINGS),
        fc.nat(40),
        (script, pacing, turn) => {
          const play = new Play(newCap(1, per, 'rolling', 'UTC', pacing))
          for (const [i, step] of script.entries()) {
            // Its window is kept in finer parts where it is paced by a forecast.
            if (i === turn) play.cap.pacing = pacing === 'even' ? 'forecast' : 'even'
            play.step(step)
            // A clock that was put back stands still.
            const from = Math.max(play.latest, play.at) - lengthMs
            const bound = play.limitUsd + play.excessUsd() + 1e-9
            expect(totalUsd(play, (by) => by >= from)).toBeLessThanOrEqual(bound)
            expect(totalUsd(play, (_, __, { routedBy }) => routedBy >= from)).toBeLessThanOrEqual(bound)
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})

describe('a cap', () => {
  it('counts what is known after its end against it too, when a clock is put back a hair', () => {
    const cap = newCap(1, 'hour', 'calendar')
    turn(cap, NOON)
    cap.reserve(NOON, 0.9)
    cap.reserve(NOON, 0.09)
    cap.settle(NOON, 0.9, 0.9)
    cap.settle(NOON + HOUR_MS, 0.09, 0.36)
    expect(cap.availableUsd(NOON + HOUR_MS - 2 ** -13)).toBe(0)
    turn(cap, NOON + HOUR_MS)
    expect(cap.availableUsd(NOON + HOUR_MS)).toBe(0.64)
  })

  it('counts a reservation across rollovers, and its cost where it becomes known', () => {
    const cap = newCap(10, 'day', 'calendar')
    turn(cap, NOON)
    cap.reserve(NOON, 4)
    cap.reserve(NOON, 3)
    cap.settle(NOON + 1, 3, 2)
    expect([cap.spentUsd(NOON + 1), cap.reservedUsd, cap.availableUsd(NOON + 1)]).toEqual([2, 4, 4])
    const next = NOON + DAY_MS
    expect([cap.isOver(next), cap.availableUsd(next)]).toEqual([true, 0])
    turn(cap, next)
    expect([cap.spentUsd(next), cap.reservedUsd, cap.availableUsd(next)]).toEqual([0, 4, 6])
    cap.settle(next, 4, 5)
    expect([cap.spentUsd(next), cap.reservedUsd, cap.availableUsd(next)]).toEqual([5, 0, 5])
  })

  it('counts in the next period what became known after the end of the last', () => {
    const cap = newCap(10, 'day', 'calendar')
    turn(cap, NOON)
    cap.reserve(NOON, 4)
    cap.reserve(NOON, 1)
    const next = NOON + DAY_MS
    cap.settle(next, 4, 4)
    cap.correct(next, next, -1)
    turn(cap, next + 1)
    expect([cap.spentUsd(next), cap.reservedUsd]).toEqual([3, 1])
    cap.settle(next + DAY_MS, 1, 1)
    turn(cap, next + 2 * DAY_MS)
    expect([cap.spentUsd(next + 2 * DAY_MS), cap.reservedUsd]).toEqual([0, 0])
  })

  it('gives back after a late settlement only what still counts', () => {
    for (const window of CAP_WINDOWS) {
      const cap = newCap(10, 'day', window)
      turn(cap, NOON)
      cap.reserve(NOON, 4)
      cap.settle(NOON, 4, 4)
      cap.correct(NOON, NOON, -3)
      expect(cap.spentUsd(NOON)).toBe(1)
      const later = NOON + 2 * DAY_MS
      turn(cap, later)
      cap.reserve(later, 4)
      cap.settle(later, 4, 4)
      cap.correct(later, NOON, -1)
      expect(cap.spentUsd(later)).toBe(4)
      cap.correct(later, NOON, 2)
      expect(cap.spentUsd(later)).toBe(6)
    }
  })

  it('opens no period again that it has left', () => {
    const cap = newCap(10, 'day', 'calendar')
    turn(cap, NOON + DAY_MS)
    cap.reserve(NOON + DAY_MS, 9)
    cap.settle(NOON + DAY_MS, 9, 9)
    expect(cap.isOver(NOON)).toBe(false)
    cap.begin(NOON, NOON + DAY_MS)
    expect(cap.availableUsd(NOON)).toBe(1)
  })

  it('loses nothing when a clock is put back over midnight', () => {
    const cap = newCap(10, 'day', 'calendar')
    const days = [0, 1, 2, 5].map((day) => NOON + day * DAY_MS)
    turn(cap, NOON)
    cap.reserve(NOON, 4)
    cap.reserve(NOON, 5)
    cap.settle(NOON, 5, 5)
    cap.settle(days[1], 4, 4)
    // Routed before midnight, charged after it: today's 5 USD are other requests'.
    cap.correct(NOON, NOON, -3)
    // By when they were routed, both are today's.
    expect([cap.spentUsd(NOON), cap.availableUsd(NOON)]).toEqual([5, 1])
    cap.reserve(NOON, 5)
    cap.settle(days[3], 5, 5)
    expect(cap.availableUsd(NOON)).toBe(0)
    for (const day of days.slice(1)) {
      turn(cap, day)
      expect(cap.spentUsd(day)).toBe(9)
      // What counts in several periods counts once in each.
      expect(cap.availableUsd(day)).toBe(1)
    }
    turn(cap, days[3] + DAY_MS)
    expect(cap.spentUsd(days[3] + DAY_MS)).toBe(0)
  })

  it('of the rolling kind gets money back when the whole bucket has left the window', () => {
    const cap = newCap(10, 'hour', 'rolling')
    const start = Math.floor(NOON / 60_000) * 60_000
    cap.reserve(start + 30_000, 6)
    cap.settle(start + 30_000, 6, 6)
    expect(cap.availableUsd(start + HOUR_MS + 59_999)).toBe(4)
    expect(cap.availableUsd(start + HOUR_MS + 60_000)).toBe(10)
    expect(cap.isOver(start)).toBe(false)
  })

  it('paced by a forecast gets it back within a 240th of the window, whatever its pacing was before', () => {
    for (const pacing of CAP_PACINGS) {
      const cap = newCap(10, 'hour', 'rolling', 'UTC', pacing)
      const start = Math.floor(NOON / 60_000) * 60_000
      if (pacing === 'forecast') cap.reserve(start, 0)
      cap.pacing = 'forecast'
      cap.reserve(start + 1000, 6)
      cap.settle(start + 1000, 6, 6)
      expect(cap.availableUsd(start + HOUR_MS + 14_999)).toBe(4)
      expect(cap.availableUsd(start + HOUR_MS + 15_000)).toBe(10)
      expect(cap.save()).toHaveLength(cap.savedNumbers)
      cap.pacing = 'even'
      expect(cap.availableUsd(start + HOUR_MS + 59_999)).toBe(4)
      expect(cap.availableUsd(start + HOUR_MS + 60_000)).toBe(10)
      expect(cap.save()).toHaveLength(cap.savedNumbers)
      cap.pacing = 'forecast'
      expect(cap.availableUsd(start + HOUR_MS + 59_999)).toBe(4)
      expect(cap.availableUsd(start + HOUR_MS + 60_000)).toBe(10)
    }
  })

  it('takes over what is in flight, and has nothing set aside when nothing is', () => {
    const cap = newCap(1, 'hour', 'rolling')
    cap.adopt(0.3, 2)
    expect(cap.availableUsd(NOON)).toBeCloseTo(0.7, 12)
    cap.settle(NOON, 0.1, 0.1)
    cap.settle(NOON, 0.2 - 1e-12, 0.1)
    expect([cap.reservedUsd, cap.inFlight]).toEqual([0, 0])
    cap.usd = 0.1
    expect(cap.availableUsd(NOON)).toBe(0)
  })

  it('reads back what it saved, and refuses what no cap saves', () => {
    for (const window of CAP_WINDOWS) {
      const cap = newCap(5, 'day', window)
      turn(cap, NOON)
      for (let i = 0; i < 20; i++) {
        cap.reserve(NOON + i * 1e5, 0.1)
        if (i % 2 === 0) cap.settle(NOON + i * 1e6, 0.1, 0.2)
      }
      const saved = cap.save()
      expect(saved.length).toBe(cap.savedNumbers)
      const copy = newCap(5, 'day', window)
      copy.load(saved)
      expect(copy).toEqual(cap)
      const fresh = newCap(5, 'day', window)
      expect(() => newCap(5, 'day', window).load(fresh.save())).not.toThrow()
      const empty = fresh.save()
      for (let i = 0; i < saved.length; i++) {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
          expectCode(() => fresh.load(saved.with(i, bad)), 'SNAPSHOT_INVALID')
        }
      }
      // Reserved, in flight, dearest, requests seen, arrivals, their time.
      for (const i of [0, 1, 2, 4, 6, 7]) expectCode(() => fresh.load(saved.with(i, -1)), 'SNAPSHOT_INVALID')
      expectCode(() => fresh.load(saved.with(1, 0)), 'SNAPSHOT_INVALID')
      expectCode(() => fresh.load(saved.slice(1)), 'SNAPSHOT_INVALID')
      expectCode(() => fresh.load([...saved, 0]), 'SNAPSHOT_INVALID')
      expect(fresh.save()).toEqual(empty)
    }
  })

  it('shows how it stands, in the period that the next request will begin', () => {
    const cap = newCap(10, 'day', 'calendar', 'Europe/Berlin')
    turn(cap, NOON)
    cap.reserve(NOON, 4)
    cap.reserve(NOON, 2)
    cap.settle(NOON, 4, 3)
    const kind = { per: 'day', window: 'calendar', timeZone: 'Europe/Berlin', usd: 10 }
    const start = Date.parse('2026-10-24T00:00+02:00')
    expect(capStatus(cap, NOON)).toEqual({
      ...kind,
      spentUsd: 3,
      reservedUsd: 2,
      availableUsd: 5,
      startsAt: start,
      endsAt: start + DAY_MS,
      // Two at once count as one in 45 min, so 13.3 are to come in the 10 h left.
      impliedUsdPerRequest: 0.375,
    })
    const before = cap.save()
    expect(capStatus(cap, NOON + DAY_MS)).toMatchObject({
      spentUsd: 0,
      reservedUsd: 2,
      availableUsd: 8,
      startsAt: start + DAY_MS,
      endsAt: start + 2 * DAY_MS + HOUR_MS,
    })
    expect(cap.save()).toEqual(before)
    expect(capStatus(newCap(1, 'hour', 'rolling'), NOON)).toEqual({
      per: 'hour',
      window: 'rolling',
      timeZone: null,
      usd: 1,
      spentUsd: 0,
      reservedUsd: 0,
      availableUsd: 1,
      startsAt: NOON - HOUR_MS,
      endsAt: NOON,
      impliedUsdPerRequest: Number.POSITIVE_INFINITY,
    })
  })
})
