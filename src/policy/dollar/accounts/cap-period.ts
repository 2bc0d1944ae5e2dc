import {
  checkAmount,
  checkArray,
  checkEach,
  checkFinite,
  checkKeys,
  checkOneOf,
  checkRecord,
  checkString,
} from '../../../base/check.js'
import { expected, ParetoBanditError, show } from '../../../base/errors.js'
import { nearest } from '../../../base/nearest.js'
import { type CalendarPeriod, calendarPeriod, isTimeZone } from './calendar.js'

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

/** The period of a calendar that an event tells. */
export interface ToldPeriod extends CalendarPeriod {
  readonly per: CapLength
  readonly timeZone: string
}

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
  if (/^[a-z]/i.test(name) && isTimeZone(name)) return name
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : []
  const near = nearest(name, known)
  const hint = near === undefined ? '' : `; did you mean '${near}'?`
  const message = `expected an IANA time zone such as Europe/Berlin, got ${show(name)}${hint}`
  throw new ParetoBanditError('INVALID_ARGUMENT', field, message)
}
