import { isRecord, isText } from '../../base/check.js'
import type { Json } from '../../base/json.js'

/** Times below this are seconds: in milliseconds they would be of the year 1973. */
const SECONDS_MAX = 1e11
/** What is less is no time: a year, days of a spreadsheet, a duration. */
const SECONDS_MIN = 1e8

/** JSON that stands in a text, as in a cell of CSV; other texts and values as they are. */
export function unfolded(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** An object, or one that stands in a text; an empty one without it. */
export function recordIn(value: unknown): Json {
  const found = unfolded(value)
  return isRecord(found) ? found : {}
}

/** The field of that name, or along the dots of the name; undefined if it is missing. */
export function fieldAt(record: Json, name: string): unknown {
  if (Object.hasOwn(record, name)) return record[name]
  const dot = name.indexOf('.')
  if (dot <= 0) return undefined
  const head = name.slice(0, dot)
  return Object.hasOwn(record, head) ? fieldAt(recordIn(record[head]), name.slice(dot + 1)) : undefined
}

/** What databases and data frames write where there is no value. */
const NOTHING = /^(|nan|none|null|nil|n\/a|#n\/a|na|<na>|nat|\\n)$/i

export function isNothing(text: string): boolean {
  return NOTHING.test(text.trim())
}

/** An amount of dollars, which a spreadsheet may write with their sign. */
export function dollarsIn(value: unknown): number | null {
  if (typeof value !== 'string') return numberIn(value)
  return numberIn(value.trim().replace(/^(?:us)?\$\s*(?=[\d.])|(?<=\d)\s*(?:usd|\$)$/gi, ''))
}

/** A number, or a text of one. Null if it is missing; NaN for what is no number. */
export function numberIn(value: unknown): number | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return Number.NaN
  const text = value.trim()
  if (isNothing(text)) return null
  return /^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
}

/** Whether it is a count of something. */
export function isAbove0(value: unknown): boolean {
  return (numberIn(value) ?? 0) > 0
}

/** A text that says something; a number is taken for one. Half of a surrogate pair alone says nothing: no router keeps such a name. */
export function textIn(value: unknown): string | null {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  return isText(value) && value.trim() !== '' ? value : null
}

/** As long as `Wednesday, 25 November 2026 10:00:00 GMT+0100 (Central European Standard Time)`, and more: a longer text is no time, and takes its time to read. */
const TIME_CHARS_MAX = 128
const DATE = /^(?<year>\d{4})[-/](?<month>\d{1,2})[-/](?<day>\d{1,2})/
const CLOCK = /(?:[T ]\s*(?<hour>\d{1,2}):(?<minute>\d\d)(?::(?<second>\d\d(?:[.,]\d+)?))?)?/
const ZONE = /\s*(?<half>AM|PM)?\s*(?<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?(?:\s*(?:UTC|GMT))?$/
/** A year first, so that nobody has to guess which number is the month. */
const NUMERIC = new RegExp(DATE.source + CLOCK.source + ZONE.source, 'i')
const WITH_MONTH =
  /^[a-z]{0,9},?\s*(\d{1,2}\s)?\s*(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b.*\d{4}/i

/**
 * Milliseconds since 1970, of seconds, milliseconds, microseconds, nanoseconds or a date; dates without a zone are of UTC. Null if it is
 * missing; NaN for what is no time, or in doubt: `03/04/2026` is of March or of April.
 */
export function timeIn(value: unknown): number | null {
  const number = numberIn(value)
  if (number === null) return null
  if (Number.isFinite(number)) return sinceEpoch(number)
  if (typeof value !== 'string') return Number.NaN
  const text = value.trim()
  if (text.length > TIME_CHARS_MAX) return Number.NaN
  const found = NUMERIC.exec(text)?.groups
  if (found !== undefined) return timeOf(found)
  if (!WITH_MONTH.test(text)) return Number.NaN
  return Date.parse(/(Z|UTC|GMT|[+-]\d\d:?\d\d)(\s*\(.*\))?$/.test(text) ? text : `${text} UTC`)
}

/** The unit by the size: each is right for the years 1973 to 5138. */
function sinceEpoch(number: number): number {
  if (number < SECONDS_MIN) return Number.NaN
  if (number < SECONDS_MAX) return number * 1e3
  if (number < SECONDS_MAX * 1e3) return number
  return number < SECONDS_MAX * 1e6 ? number / 1e3 : number / 1e6
}

function timeOf(found: Readonly<Record<string, string | undefined>>): number {
  const [year, month, day, hour, minute] = ['year', 'month', 'day', 'hour', 'minute'].map((part) =>
    Number(found[part] ?? 0),
  )
  const second = Number((found.second ?? '0').replace(',', '.'))
  const half = found.half?.toUpperCase()
  if (half !== undefined && !(hour >= 1 && hour <= 12)) return Number.NaN
  const hours = half === undefined ? hour : (hour % 12) + (half === 'PM' ? 12 : 0)
  const date = new Date(Date.UTC(year, month - 1, day))
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN
  if (hours > 23 || minute > 59 || second >= 61) return Number.NaN
  const [, sign, zoneHours, zoneMinutes] = /^([+-])(\d\d):?(\d\d)?$/.exec(found.zone ?? '') ?? []
  const offset = (Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0)) * (sign === '-' ? -1 : 1)
  return date.getTime() + ((hours * 60 + minute - offset) * 60 + Math.floor(second * 1000) / 1000) * 1000
}

/** A status of HTTP that says that a call failed. */
export function isFailedStatus(status: number | null): boolean {
  return status !== null && status >= 400 && status < 600
}

/** The first of several that is there. */
export function firstOf(...values: readonly unknown[]): unknown {
  return values.find((value) => value !== undefined && value !== null && value !== '')
}

export function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true')
}

/** Counts of both sides, as far as a log has them; null where it has none, or writes zeros for none. */
export function billOfCounts(
  inputTokens: number | null,
  outputTokens: number | null,
  total: unknown = null,
): { readonly inputTokens: number | null; readonly outputTokens: number | null } | null {
  const isNone = (count: number | null) => count === null || count === 0
  if (!isNone(inputTokens) || !isNone(outputTokens)) return { inputTokens, outputTokens }
  return isNone(numberIn(total)) ? null : { inputTokens: null, outputTokens: null }
}

/** A cost from an export that writes 0 where it knows nothing: without tokens, 0 counts as unknown. */
export function costBeside(bill: object | null, value: unknown): number | null {
  const costUsd = numberIn(value)
  return costUsd === 0 && bill === null ? null : costUsd
}
