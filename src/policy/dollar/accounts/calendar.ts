/**
 * Where hours, days, weeks and months of a time zone begin and end. Time zones change with the law, so this stays outside
 * the fold: the router asks here and writes the bounds into an event.
 */
import { checkInRange } from '../../../base/check.js'

type CalendarUnit = 'hour' | 'day' | 'week' | 'month'

/** [startsAt, endsAt), milliseconds since 1970 UTC. */
export interface CalendarPeriod {
  readonly startsAt: number
  readonly endsAt: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Years 1000 to 9999: `Date.UTC` reads smaller years as 19xx, and a larger one is a unit mistake. */
const AT_MIN = Date.UTC(1000, 0, 3)
const AT_MAX = Date.UTC(9999, 10, 1)

/** Whether this engine knows a zone of that name. */
export function isTimeZone(name: string): boolean {
  try {
    formatterOf(name)
    return true
  } catch {
    return false
  }
}

/** One for each time zone in use: making one takes 50 times as long as using it. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formatters.set(timeZone, made)
  return made
}

/** What the zone's clocks show beyond UTC at an instant of whole milliseconds; whole seconds, as old zones need. */
function offsetMs(timeZone: string, at: number): number {
  if (timeZone === 'UTC') return 0
  const shown: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {}
  const wholeSeconds = Math.floor(at / 1000) * 1000
  for (const { type, value } of formatterOf(timeZone).formatToParts(wholeSeconds)) shown[type] = value
  const { year, month, day, hour, minute, second } = shown
  return (
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) -
    wholeSeconds
  )
}

/** The last period found for a zone and length: thousands of tenants cross the same midnight. */
const latest = new Map<string, CalendarPeriod>()

/**
 * The hour, day, week or month of the zone's calendar that an instant lies in. Weeks begin on Monday (ISO 8601).
 *
 * Days, weeks and months begin at the first instant whose local date is theirs or later, so a day may have 23 or 25 hours, and
 * a clock put back over midnight reopens no day. Hours begin whenever local clocks show a full one: the hour that is
 * repeated in autumn is two periods, and a change by half an hour makes one period of 90 minutes; none is shorter than
 * 60 minutes of real time, but where clocks once moved by less (by seconds, before standard time).
 * @param at milliseconds since 1970 UTC
 * @throws INVALID_ARGUMENT for a time before the year 1000 or after 9999
 */
export function calendarPeriod(
  spec: { readonly per: CalendarUnit; readonly timeZone: string | null },
  at: number,
): CalendarPeriod {
  const timeZone = spec.timeZone ?? 'UTC'
  const key = `${spec.per} ${timeZone}`
  const last = latest.get(key)
  if (last !== undefined && at >= last.startsAt && at < last.endsAt) return last
  const instant = Math.floor(checkInRange(at, AT_MIN, AT_MAX, 'clock'))
  const period =
    spec.per === 'hour' ? hourAround(timeZone, instant) : datesAround(timeZone, spec.per, instant)
  latest.set(key, period)
  return period
}

function hourAround(timeZone: string, at: number): CalendarPeriod {
  let startsAt = Number.NEGATIVE_INFINITY
  let endsAt = Number.POSITIVE_INFINITY
  for (const around of [at, at - HOUR_MS, at - 2 * HOUR_MS, at + HOUR_MS, at + 2 * HOUR_MS]) {
    const offset = offsetMs(timeZone, around)
    const full = at - ((((at + offset) % HOUR_MS) + HOUR_MS) % HOUR_MS)
    // A full hour by an offset counts where that offset is in force; a change of clocks may put it an hour further.
    for (const start of [full, full - HOUR_MS]) {
      if (start > startsAt && offsetMs(timeZone, start) === offset) startsAt = start
    }
    for (const end of [full + HOUR_MS, full + 2 * HOUR_MS]) {
      if (end < endsAt && offsetMs(timeZone, end) === offset) endsAt = end
    }
  }
  return { startsAt, endsAt }
}

function datesAround(timeZone: string, per: Exclude<CalendarUnit, 'hour'>, at: number): CalendarPeriod {
  const shown = new Date(at + offsetMs(timeZone, at))
  const [year, month, date] = [shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate()]
  const monday = date - ((shown.getUTCDay() + 6) % 7)
  const midnight = (ahead: number) => {
    if (per === 'month') return Date.UTC(year, month + ahead, 1)
    return Date.UTC(year, month, per === 'day' ? date + ahead : monday + 7 * ahead)
  }
  const next = firstInstant(timeZone, midnight(1))
  if (at < next) return { startsAt: firstInstant(timeZone, midnight(0)), endsAt: next }
  // Clocks were put back over midnight: the date shown is the old one again, but the new one has begun.
  return { startsAt: next, endsAt: firstInstant(timeZone, midnight(2)) }
}

/** The first instant at which the zone's clocks show `local` (as if it were UTC) or later. */
function firstInstant(timeZone: string, local: number): number {
  // No zone was ever further than 16 h from UTC, and none changes twice within two days.
  let before = local - DAY_MS
  let after = local + DAY_MS
  const old = offsetMs(timeZone, before)
  const now = offsetMs(timeZone, after)
  if (old === now) return local - old
  // Bisection for the change: to the second, in 18 steps.
  while (after - before > 1000) {
    const middle = before + Math.floor((after - before) / 2000) * 1000
    if (offsetMs(timeZone, middle) === old) before = middle
    else after = middle
  }
  return local - old < after ? local - old : Math.max(after, local - now)
}
