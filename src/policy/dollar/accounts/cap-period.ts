/**
 * What a cap says, checked, and where its calendar periods begin and end. Time zones change with the law, so this stays
 * outside the fold: the router asks here and writes the bounds into an event.
 */
import {
  checkAmount,
  checkArray,
  checkEach,
  checkFinite,
  checkInRange,
  checkKeys,
  checkOneOf,
  checkRecord,
  checkString,
  nearest,
} from '../../../base/check.js'
import { expected, ParetoBanditError, show } from '../../../base/errors.js'

export const CAPS_MAX = 8
export const CAP_LENGTHS = ['hour', 'day', 'week', 'month'] as const
export const CAP_WINDOWS = ['calendar', 'rolling'] as const
export const CAP_PACINGS = ['forecast', 'even'] as const

export type CapLength = (typeof CAP_LENGTHS)[number]
export type CapWindow = (typeof CAP_WINDOWS)[number]
export type CapPacing = (typeof CAP_PACINGS)[number]

/** Nominal lengths, ms: what estimates go by, and the length of a rolling window. A calendar's own lengths come with its events. */
export const LENGTH_MS: Readonly<Record<CapLength, number>> = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  month: 2_592_000_000,
}

/** A limit on the dollars spent in a stretch of time, as a caller writes it. */
export interface CapOptions {
  /** USD, >= 0. */
  readonly usd: number
  /** How long the stretch is. */
  readonly per: CapLength
  /**
   * `calendar` (default): from the start of an hour, day, week (Monday, as ISO 8601 has it) or month to the next;
   * `rolling`: any 1 h, 24 h, 7 or 30 days.
   */
  readonly window?: CapWindow | undefined
  /** IANA name of the zone whose calendar counts, default UTC; for `calendar` alone. */
  readonly timeZone?: string | undefined
  /**
   * How its money is spread over the time that is left. `forecast` (default): by the hours of the week in which requests
   * came so far, after what the cheapest model needs for all of them. `even`: by how often requests came recently.
   */
  readonly pacing?: CapPacing | undefined
}

/** A checked cap, nothing left out. */
export interface CapSpec {
  /** USD. */
  readonly usd: number
  /** How long the stretch is. */
  readonly per: CapLength
  /** By a calendar, or any such stretch. */
  readonly window: CapWindow
  /** Null for a rolling cap. */
  readonly timeZone: string | null
  /** Absent of caps that were set before there was a choice: they are paced as then, `even`. */
  readonly pacing?: CapPacing
}

/** [startsAt, endsAt), milliseconds since 1970 UTC. */
interface CalendarPeriod {
  readonly startsAt: number
  readonly endsAt: number
}

/** The period of a calendar that an event tells. */
export interface ToldPeriod extends CalendarPeriod {
  readonly per: CapLength
  readonly timeZone: string
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Years 1000 to 9999: `Date.UTC` reads smaller years as 19xx, and a larger one is a unit mistake. */
const AT_MIN = Date.UTC(1000, 0, 3)
const AT_MAX = Date.UTC(9999, 10, 1)

/**
 * @param value an array of caps; no two with the same `per` and `window`
 * @param field path that errors name
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION with the nearest spelling
 */
export function checkCaps(value: unknown, field: string): readonly CapSpec[] {
  const caps = checkArray(value, field)
  if (caps.length > CAPS_MAX)
    throw expected('INVALID_ARGUMENT', field, `at most ${CAPS_MAX} caps`, caps.length)
  const specs: CapSpec[] = []
  for (let i = 0; i < caps.length; i++) {
    const spec = checkCap(caps[i], `${field}[${i}]`)
    const same = specs.findIndex(({ per, window }) => per === spec.per && window === spec.window)
    if (same >= 0) {
      const message = `expected one cap of each kind, got a second ${spec.window} cap per ${spec.per} (the first is ${field}[${same}])`
      throw new ParetoBanditError('INVALID_ARGUMENT', `${field}[${i}]`, message)
    }
    specs.push(spec)
  }
  return specs
}

/** Whether a cap is of the kind that is asked for: one that is set goes on with what it has counted. */
export function isSameKind(cap: CapSpec, spec: CapSpec): boolean {
  return isAsLong(cap, spec) && cap.timeZone === spec.timeZone
}

/** Whatever their time zones. */
export function isAsLong(cap: CapSpec, spec: CapSpec): boolean {
  return cap.per === spec.per && cap.window === spec.window
}

/** Caps as a caller gives them, null for none: what is left out is the default of today, not that of old logs. */
export function checkNewCaps(value: unknown, field: string): readonly CapSpec[] {
  if (value === null) return []
  return checkCaps(value, field).map((cap) => ({ ...cap, pacing: cap.pacing ?? 'forecast' }))
}

export const PERIOD_KEYS = ['per', 'timeZone', 'startsAt', 'endsAt'] as const

/**
 * Periods of calendars, as an event tells them. Time zones are not looked at: their names may be newer than this process knows.
 * @throws INVALID_ARGUMENT for what is no list of them
 */
export function checkPeriods(value: unknown, field: string): readonly ToldPeriod[] {
  return checkEach(value, field, (each, i) => {
    const path = `${field}[${i}]`
    const record = checkRecord(each, path)
    checkKeys(record, PERIOD_KEYS, path)
    const startsAt = checkFinite(record.startsAt, `${path}.startsAt`)
    const endsAt = checkFinite(record.endsAt, `${path}.endsAt`)
    if (endsAt <= startsAt) throw expected('INVALID_ARGUMENT', `${path}.endsAt`, `after ${startsAt}`, endsAt)
    const per = checkOneOf(record.per, CAP_LENGTHS, `${path}.per`)
    return { per, timeZone: checkString(record.timeZone, `${path}.timeZone`), startsAt, endsAt }
  })
}

/** The periods that calendar caps are in at `at`, ms since 1970; one for each length and time zone. */
export function periodsOf(caps: readonly CapSpec[], at: number): readonly ToldPeriod[] {
  const periods: ToldPeriod[] = []
  for (const { per, window, timeZone } of caps) {
    if (window === 'rolling' || timeZone === null) continue
    if (!periods.some((each) => each.per === per && each.timeZone === timeZone))
      periods.push({ per, timeZone, ...calendarPeriod({ per, timeZone }, at) })
  }
  return periods
}

/** The period of a cap, where it is among them. */
export function periodOf(
  { per, timeZone }: Pick<CapSpec, 'per' | 'timeZone'>,
  periods: readonly ToldPeriod[],
): ToldPeriod | undefined {
  return periods.find((each) => each.per === per && each.timeZone === timeZone)
}

function checkCap(value: unknown, field: string): CapSpec {
  const record = checkRecord(value, field)
  checkKeys(record, ['usd', 'per', 'window', 'timeZone', 'pacing'], field)
  const spec = checkPeriod(record, field)
  if (record.pacing === undefined) return spec
  return { ...spec, pacing: checkOneOf(record.pacing, CAP_PACINGS, `${field}.pacing`) }
}

function checkPeriod(record: Readonly<Record<string, unknown>>, field: string): CapSpec {
  const usd = checkAmount(record.usd, `${field}.usd`)
  const per = checkOneOf(record.per, CAP_LENGTHS, `${field}.per`)
  const window =
    record.window === undefined ? 'calendar' : checkOneOf(record.window, CAP_WINDOWS, `${field}.window`)
  if (window === 'calendar') {
    const timeZone =
      record.timeZone === undefined ? 'UTC' : checkTimeZone(record.timeZone, `${field}.timeZone`)
    return { usd, per, window, timeZone }
  }
  if (record.timeZone !== undefined && record.timeZone !== null) {
    throw expected('INVALID_ARGUMENT', `${field}.timeZone`, 'no time zone for a rolling cap', record.timeZone)
  }
  return { usd, per, window, timeZone: null }
}

function checkTimeZone(value: unknown, field: string): string {
  const name = checkString(value, field)
  // Newer engines also take offsets such as +05:30, older ones do not: a log must read the same on both.
  if (/^[a-z]/i.test(name)) {
    try {
      formatterOf(name)
      return name
    } catch {
      // Not a zone of this engine; the error below says so.
    }
  }
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : []
  const near = nearest(name, known)
  const hint = near === undefined ? '' : `; did you mean '${near}'?`
  const message = `expected an IANA time zone such as Europe/Berlin, got ${show(name)}${hint}`
  throw new ParetoBanditError('INVALID_ARGUMENT', field, message)
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
export function calendarPeriod(spec: Pick<CapSpec, 'per' | 'timeZone'>, at: number): CalendarPeriod {
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

function datesAround(timeZone: string, per: Exclude<CapLength, 'hour'>, at: number): CalendarPeriod {
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
