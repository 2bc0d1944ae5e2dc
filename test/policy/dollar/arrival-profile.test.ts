import { describe, expect, it } from 'vitest'
import { ArrivalProfile } from '../../../src/policy/dollar/accounts/arrival-profile.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A Monday. */
const START = Date.UTC(2026, 5, 1)

/** Plays days, each hour's requests evenly. */
function taught(days: number, perHour: (day: number, hour: number) => number): ArrivalProfile {
  const profile = new ArrivalProfile()
  for (let day = 0; day < days; day++) play(profile, day, (hour) => perHour(day, hour))
  return profile
}

function play(profile: ArrivalProfile, day: number, perHour: (hour: number) => number): void {
  for (let hour = 0; hour < 24; hour++) {
    const count = perHour(hour)
    for (let i = 0; i < count; i++) profile.arrive(START + day * DAY + (hour + i / count) * HOUR)
  }
}

const office = (hour: number): number => (hour >= 9 && hour < 17 ? 40 : 2)

describe('when requests come', () => {
  it('is not known before a day is over: an hour that no day has shown goes by the rate', () => {
    const profile = taught(1, (_, hour) => (hour < 12 ? 10 : 0))
    expect(profile.isKnown).toBe(false)
    const noon = START + 12 * HOUR
    expect(profile.expected(noon, noon + 12 * HOUR, 10 / HOUR)).toBeCloseTo(120, 6)
    expect(new ArrivalProfile().expected(START, START + DAY, 1 / HOUR)).toBeCloseTo(24, 6)
  })

  it('is known by the hour after a day', () => {
    const profile = taught(2, (_, hour) => office(hour))
    play(profile, 2, (hour) => (hour < 17 ? office(hour) : 0))
    const evening = START + 2 * DAY + 17 * HOUR
    profile.arrive(evening)
    expect(profile.isKnown).toBe(true)
    expect(profile.expected(evening, START + 3 * DAY, 1)).toBeCloseTo(14, 1)
    expect(profile.expected(evening, evening + DAY, 1)).toBeCloseTo(8 * 40 + 16 * 2, -1)
  })

  it('is known by the day of the week after a week', () => {
    const profile = taught(14, (day, hour) => (day % 7 >= 5 ? 0 : office(hour)))
    const saturday = START + 19 * DAY
    play(profile, 14, office)
    const weekend = profile.expected(saturday, saturday + 2 * DAY, 1)
    const weekdays = profile.expected(saturday + 2 * DAY, saturday + 4 * DAY, 1)
    expect(weekdays).toBeGreaterThan(600)
    expect(weekend).toBeLessThan(weekdays / 4)
  })

  it('follows traffic that has doubled within a day', () => {
    const profile = taught(6, (day) => (day < 5 ? 20 : 40))
    const at = START + 6 * DAY
    profile.arrive(at)
    const expected = profile.expected(at, at + DAY, 1)
    expect(expected).toBeGreaterThan(1.6 * 480)
    expect(expected).toBeLessThan(3 * 480)
  })

  it('sees a burst within tens of requests, and none in an hour like others', () => {
    const profile = taught(3, () => 100)
    play(profile, 3, (hour) => (hour < 5 ? 100 : 0))
    const at = START + 3 * DAY + 5 * HOUR
    for (let i = 0; i < 100; i++) profile.arrive(at + i * 36_000)
    expect(profile.burst(at + HOUR - 1, at + 20 * HOUR, 1)).toBe(0)
    const next = at + HOUR
    for (let i = 0; i < 160; i++) profile.arrive(next + i * 450)
    const seen = profile.burst(next + 72_000, next + 20 * HOUR, 1)
    expect(seen).toBeGreaterThan(200)
    for (let i = 160; i < 1500; i++) profile.arrive(next + i * 450)
    expect(profile.burst(next + 1500 * 450, next + 20 * HOUR, 1)).toBeGreaterThan(6000)
    expect(profile.burst(next + HOUR, next + 20 * HOUR, 1)).toBe(0)
  })

  it('expects a burst to last: three more hours, and up to any time if it goes on', () => {
    const profile = taught(3, () => 100)
    const at = START + 3 * DAY
    for (let i = 0; i < 4000; i++) profile.arrive(at + i * 900)
    const now = at + HOUR - 1
    // 4,000 in an hour, where 100 were forecast.
    expect(profile.burst(now, now + 20 * HOUR, 1) / 12_000).toBeCloseTo(1, 1)
    expect(profile.burst(now, now + HOUR, 1) / 4000).toBeCloseTo(1, 1)
    expect(profile.burstUntil(now, now + 20 * HOUR, 1) / 80_000).toBeCloseTo(1, 1)
    expect(taught(3, () => 100).burstUntil(at, at + 20 * HOUR, 1)).toBe(0)
  })

  it('knows at the beginning of an hour that a burst goes on', () => {
    const profile = taught(3, () => 20)
    const at = START + 3 * DAY
    for (let i = 0; i < 200; i++) profile.arrive(at + i * 18_000)
    const next = at + HOUR
    profile.arrive(next)
    expect(profile.burstUntil(next, next + HOUR, 1)).toBeGreaterThan(150)
  })

  it('goes by the latest twelve requests where the rate has only just risen', () => {
    const profile = taught(3, () => 20)
    const at = START + 3 * DAY
    const minute = HOUR / 60
    for (let i = 0; i < 30; i++) profile.arrive(at + 1.4 * i * minute)
    for (let i = 0; i < 12; i++) profile.arrive(at + (45 + i) * minute)
    const now = at + 56 * minute
    // Twelve in eleven minutes.
    expect(profile.burstUntil(now, now + HOUR, 1)).toBeCloseTo((12 * 60) / 11, 3)
  })

  it('takes requests that come at once for requests of some minutes, and for no burst in an hour like others', () => {
    const profile = new ArrivalProfile()
    const hourly = (day: number, hour: number): number => START + day * DAY + hour * HOUR
    for (let day = 0; day < 3; day++)
      for (let hour = 0; hour < 24; hour++) for (let i = 0; i < 100; i++) profile.arrive(hourly(day, hour))
    const at = hourly(3, 0)
    for (let i = 0; i < 100; i++) profile.arrive(at)
    expect(profile.burstUntil(at, at + DAY, 1)).toBe(0)
    for (let i = 0; i < 50; i++) profile.arrive(at)
    // 150 in five minutes.
    expect(profile.burstUntil(at, at + HOUR, 1)).toBeCloseTo(1800, 6)
  })

  it('stays finite for wild times, and comes back from JSON with the same bits', () => {
    const profile = taught(9, (day, hour) => (day * hour) % 7)
    for (const at of [1e15, -1e15, START, 1e15 + 1]) {
      profile.arrive(at)
      expect(Number.isFinite(profile.expected(at, at + 30 * DAY, 1))).toBe(true)
    }
    const saved = JSON.parse(JSON.stringify(profile.save()))
    const other = new ArrivalProfile()
    expect(other.load(saved)).toBe(true)
    expect(other.save()).toEqual(profile.save())
    expect(other.expected(START, START + 9 * DAY, 1)).toBe(profile.expected(START, START + 9 * DAY, 1))
    const wrong = [
      { hour: 0.5 },
      { count: -1 },
      { level: 0 },
      { level: 1e9 },
      { means: [1] },
      { means: saved.means.map(() => -1) },
      { seen: saved.seen.map(() => 9) },
      { times: [Number.NaN] },
      { times: null },
    ]
    for (const each of wrong) expect(new ArrivalProfile().load({ ...saved, ...each })).toBe(false)
  })
})
