import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../src/base/errors.js'
import { calendarPeriod } from '../../../src/policy/dollar/accounts/calendar.js'
import {
  CAP_LENGTHS,
  type CapLength,
  type CapOptions,
  checkCaps,
} from '../../../src/policy/dollar/accounts/cap-period.js'
import { expectCode } from '../../support/errors.js'
import '../../support/seed.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ZONES = [
  'UTC',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Europe/Berlin',
  'Europe/London',
  'Africa/Casablanca',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
  'Pacific/Apia',
  'Pacific/Chatham',
]

function periodAt(timeZone: string, per: CapLength, at: string): string[] {
  const { startsAt, endsAt } = calendarPeriod({ per, timeZone }, Date.parse(at))
  return [startsAt, endsAt].map((each) => new Date(each).toISOString())
}

function iso(...times: string[]): string[] {
  return times.map((time) => new Date(time).toISOString())
}

/** The Monday of the local date's week, as days since 1970. */
function localMonday(timeZone: string, at: number): number {
  const [month, day, year] = new Intl.DateTimeFormat('en-US', { timeZone }).format(at).split('/').map(Number)
  const date = Date.UTC(year, month - 1, day) / DAY_MS
  // 1970 began on a Thursday.
  return date - ((((date + 3) % 7) + 7) % 7)
}

/** Year, month, day of the local calendar as one number that grows with the date. */
function localDate(timeZone: string, at: number): number {
  const [month, day, year] = new Intl.DateTimeFormat('en-US', { timeZone }).format(at).split('/').map(Number)
  return (year * 12 + month) * 31 + day
}

describe('a calendar period', () => {
  const zone = fc.constantFrom(...ZONES)
  const per = fc.constantFrom(...CAP_LENGTHS)
  const time = fc.integer({ min: Date.UTC(1850, 0), max: Date.UTC(2100, 0) })

  it('holds its instant, and periods follow one another without a gap', () => {
    fc.assert(
      fc.property(
        zone,
        per,
        time,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (timeZone, per, at, part) => {
          const period = calendarPeriod({ per, timeZone }, at + part)
          expect(period.startsAt).toBeLessThanOrEqual(at + part)
          expect(period.endsAt).toBeGreaterThan(at + part)
          for (const inside of [period.startsAt, period.endsAt - 1, period.endsAt - 0.5]) {
            expect(calendarPeriod({ per, timeZone }, inside)).toEqual(period)
          }
          expect(calendarPeriod({ per, timeZone }, period.endsAt).startsAt).toBe(period.endsAt)
          expect(calendarPeriod({ per, timeZone }, period.startsAt - 1).endsAt).toBe(period.startsAt)
        },
      ),
    )
  })

  it.each(['day', 'week', 'month'] as const)(
    'of a %s begins with the first instant that shows its date',
    (length) => {
      fc.assert(
        fc.property(zone, time, (timeZone, at) => {
          const { startsAt, endsAt } = calendarPeriod({ per: length, timeZone }, at)
          const named = (instant: number) => {
            if (length === 'week') return localMonday(timeZone, instant)
            const date = localDate(timeZone, instant)
            return length === 'day' ? date : Math.floor((date - 1) / 31)
          }
          const first = named(startsAt)
          for (let before = 1; before < 3 * HOUR_MS; before += HOUR_MS / 4) {
            expect(named(startsAt - before)).toBeLessThan(first)
            expect(named(endsAt - before)).toBe(first)
          }
          expect(named(endsAt)).toBeGreaterThan(first)
        }),
        { numRuns: 50 },
      )
    },
  )

  it('of an hour lasts 60 minutes, or 90 where clocks change by half an hour', () => {
    const modern = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2030, 0) })
    fc.assert(
      fc.property(zone, modern, (timeZone, at) => {
        const { startsAt, endsAt } = calendarPeriod({ per: 'hour', timeZone }, at)
        const lord = timeZone === 'Australia/Lord_Howe' && endsAt - startsAt === 1.5 * HOUR_MS
        expect(endsAt - startsAt === HOUR_MS || lord).toBe(true)
      }),
    )
  })

  it('is a day of 23, 25, 23.5 or 24.5 hours when clocks change', () => {
    const days: [string, string, string, number][] = [
      ['America/New_York', '2026-03-08T12:00-04:00', '2026-03-08T00:00-05:00', 23],
      ['America/New_York', '2026-11-01T12:00-05:00', '2026-11-01T00:00-04:00', 25],
      ['Europe/Berlin', '2026-03-29T00:30+01:00', '2026-03-29T00:00+01:00', 23],
      ['Europe/Berlin', '2026-10-25T23:59+01:00', '2026-10-25T00:00+02:00', 25],
      ['Asia/Kolkata', '2026-03-29T00:00+05:30', '2026-03-29T00:00+05:30', 24],
      ['Pacific/Auckland', '2026-04-05T04:00+12:00', '2026-04-05T00:00+13:00', 25],
      ['Pacific/Auckland', '2026-09-27T04:00+13:00', '2026-09-27T00:00+12:00', 23],
      ['Australia/Lord_Howe', '2026-04-05T12:00+10:30', '2026-04-05T00:00+11:00', 24.5],
      ['Australia/Lord_Howe', '2026-10-04T12:00+11:00', '2026-10-04T00:00+10:30', 23.5],
    ]
    for (const [timeZone, at, startsAt, hours] of days) {
      const start = Date.parse(startsAt)
      const day = { startsAt: start, endsAt: start + hours * HOUR_MS }
      expect(calendarPeriod({ per: 'day', timeZone }, Date.parse(at))).toEqual(day)
    }
  })

  it('is a week from Monday to Monday, an hour more or less when clocks change', () => {
    expect(periodAt('UTC', 'week', '2026-11-26T12:00Z')).toEqual(iso('2026-11-23', '2026-11-30'))
    expect(periodAt('UTC', 'week', '2026-11-29T23:59:59.999Z')).toEqual(iso('2026-11-23', '2026-11-30'))
    expect(periodAt('UTC', 'week', '2026-11-30T00:00Z')).toEqual(iso('2026-11-30', '2026-12-07'))
    // Week 1 of 2027 begins in it, and week 53 of 2026 reaches over the end of the year.
    expect(periodAt('UTC', 'week', '2027-01-01T00:00Z')).toEqual(iso('2026-12-28', '2027-01-04'))
    expect(periodAt('Europe/Berlin', 'week', '2026-03-29T12:00+02:00')).toEqual(
      iso('2026-03-23T00:00+01:00', '2026-03-30T00:00+02:00'),
    )
    expect(periodAt('America/New_York', 'week', '2026-11-01T03:00-05:00')).toEqual(
      iso('2026-10-26T00:00-04:00', '2026-11-02T00:00-05:00'),
    )
    // Samoa left a Friday out: its week had six days.
    expect(periodAt('Pacific/Apia', 'week', '2011-12-31T12:00+14:00')).toEqual(
      iso('2011-12-26T00:00-10:00', '2012-01-02T00:00+14:00'),
    )
  })

  it('is a month with an hour more or less', () => {
    expect(periodAt('Europe/Berlin', 'month', '2026-03-15T12:00Z')).toEqual(
      iso('2026-03-01T00:00+01:00', '2026-04-01T00:00+02:00'),
    )
    expect(periodAt('America/New_York', 'month', '2026-12-01T04:59Z')).toEqual(
      iso('2026-11-01T00:00-04:00', '2026-12-01T00:00-05:00'),
    )
    expect(periodAt('Pacific/Auckland', 'month', '2024-02-29T11:00Z')).toEqual(
      iso('2024-03-01T00:00+13:00', '2024-04-01T00:00+13:00'),
    )
    expect(periodAt('UTC', 'month', '2024-02-29T11:00Z')).toEqual(iso('2024-02-01', '2024-03-01'))
  })

  it('is an hour of the local clock', () => {
    expect(periodAt('Asia/Kolkata', 'hour', '2026-01-01T10:29:59.999Z')).toEqual(
      iso('2026-01-01T09:30Z', '2026-01-01T10:30Z'),
    )
    // Both hours between 1:00 and 2:00 are periods.
    expect(periodAt('America/New_York', 'hour', '2026-11-01T01:59:59-04:00')).toEqual(
      iso('2026-11-01T01:00-04:00', '2026-11-01T01:00-05:00'),
    )
    expect(periodAt('America/New_York', 'hour', '2026-11-01T01:00-05:00')).toEqual(
      iso('2026-11-01T01:00-05:00', '2026-11-01T02:00-05:00'),
    )
    for (const at of ['2026-04-05T01:59+11:00', '2026-04-05T01:31+10:30']) {
      expect(periodAt('Australia/Lord_Howe', 'hour', at)).toEqual(
        iso('2026-04-05T01:00+11:00', '2026-04-05T02:00+10:30'),
      )
    }
    for (const at of ['2026-10-04T01:30+10:30', '2026-10-04T02:31+11:00']) {
      expect(periodAt('Australia/Lord_Howe', 'hour', at)).toEqual(
        iso('2026-10-04T01:00+10:30', '2026-10-04T03:00+11:00'),
      )
    }
  })

  it('is right where history was odd', () => {
    // Standard time, 1883: clocks went back by 3 min 58 s at noon.
    expect(periodAt('America/New_York', 'day', '1883-11-18T20:00Z')).toEqual(
      iso('1883-11-18T04:56:02Z', '1883-11-19T05:00:00Z'),
    )
    // 30 December 2011 did not take place in Samoa.
    expect(periodAt('Pacific/Apia', 'day', '2011-12-30T09:59Z')).toEqual(
      iso('2011-12-29T10:00Z', '2011-12-30T10:00Z'),
    )
    expect(periodAt('Pacific/Apia', 'day', '2011-12-30T10:00Z')).toEqual(
      iso('2011-12-30T10:00Z', '2011-12-31T10:00Z'),
    )
    // Newfoundland put clocks back at 00:01, to 23:01 of the day before: that day is over all the same.
    for (const at of ['2006-10-29T00:00:30-02:30', '2006-10-28T23:30-03:30', '2006-10-29T12:00-03:30']) {
      expect(periodAt('America/St_Johns', 'day', at)).toEqual(
        iso('2006-10-29T00:00-02:30', '2006-10-30T00:00-03:30'),
      )
    }
    // Midnight itself was skipped in Brazil.
    expect(periodAt('America/Sao_Paulo', 'day', '2018-11-04T12:00Z')).toEqual(
      iso('2018-11-04T01:00-02:00', '2018-11-05T00:00-02:00'),
    )
  })

  it('refuses times that no calendar has', () => {
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 1e15, -1e15]) {
      expectCode(() => calendarPeriod({ per: 'day', timeZone: 'UTC' }, at), 'INVALID_ARGUMENT', 'clock')
    }
    expect(calendarPeriod({ per: 'day', timeZone: null }, 0)).toEqual({ startsAt: 0, endsAt: DAY_MS })
  })
})

describe('caps', () => {
  it('are taken with their defaults', () => {
    const caps: CapOptions[] = [
      { usd: 5, per: 'hour', window: 'rolling' },
      { usd: 100, per: 'day' },
      { usd: 0, per: 'month', timeZone: 'Pacific/Auckland' },
    ]
    expect(checkCaps(caps, 'caps')).toEqual([
      { usd: 5, per: 'hour', window: 'rolling', timeZone: null },
      { usd: 100, per: 'day', window: 'calendar', timeZone: 'UTC' },
      { usd: 0, per: 'month', window: 'calendar', timeZone: 'Pacific/Auckland' },
    ])
    expect(checkCaps([], 'caps')).toEqual([])
  })

  it('are refused with the field and what was expected', () => {
    const day = { usd: 1, per: 'day' }
    const refused: [unknown, ErrorCode, string, RegExp][] = [
      [day, 'INVALID_ARGUMENT', 'caps', /an array/],
      [Array(9).fill(day), 'INVALID_ARGUMENT', 'caps', /at most 8 caps, got 9/],
      [[null], 'INVALID_ARGUMENT', 'caps[0]', /an object/],
      [[{ ...day, usd: -1 }], 'INVALID_ARGUMENT', 'caps[0].usd', /-1/],
      [[{ ...day, usd: Number.NaN }], 'INVALID_ARGUMENT', 'caps[0].usd', /NaN/],
      [[{ per: 'day' }], 'INVALID_ARGUMENT', 'caps[0].usd', /undefined/],
      [[day, { usd: 1, per: 'year' }], 'INVALID_ARGUMENT', 'caps[1].per', /hour, day, week, month/],
      [[{ ...day, window: 'roling' }], 'INVALID_ARGUMENT', 'caps[0].window', /did you mean 'rolling'/],
      [[{ ...day, timezone: 'UTC' }], 'UNKNOWN_OPTION', 'caps[0].timezone', /did you mean 'timeZone'/],
      [[{ ...day, timeZone: 'Europe/Berlim' }], 'INVALID_ARGUMENT', 'caps[0].timeZone', /'Europe\/Berlin'/],
      [[{ ...day, timeZone: '+05:30' }], 'INVALID_ARGUMENT', 'caps[0].timeZone', /IANA/],
      [[{ ...day, timeZone: 5 }], 'INVALID_ARGUMENT', 'caps[0].timeZone', /string/],
      [[{ ...day, window: 'rolling', timeZone: 'UTC' }], 'INVALID_ARGUMENT', 'caps[0].timeZone', /rolling/],
      [[day, { ...day, timeZone: 'Asia/Kolkata' }], 'INVALID_ARGUMENT', 'caps[1]', /caps\[0\]/],
    ]
    for (const [value, code, field, message] of refused) {
      expect(expectCode(() => checkCaps(value, 'caps'), code, field).message).toMatch(message)
    }
  })
})
