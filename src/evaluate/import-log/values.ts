import { isRecord, isText } from '../../base/check.js'
import type { Json } from '../../base/json.js'

/** Times below this are seconds: in milliseconds they would be of the year 1973. */
const SECONDS_MAX = 1e11

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

/** A number, or a text of one. Null if it is missing; NaN for what is no number. */
export function numberIn(value: unknown): number | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return Number.NaN
  const text = value.trim()
  if (text === '') return null
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
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

/** Milliseconds since 1970, of seconds, milliseconds or a date; dates without a zone are of UTC. */
export function timeIn(value: unknown): number | null {
  const number = numberIn(value)
  if (number !== null && Number.isFinite(number)) return number < SECONDS_MAX ? number * 1000 : number
  if (typeof value !== 'string') return null
  const text = value.trim().replace(/^(\d{4}-\d\d-\d\d) /, '$1T')
  const time = Date.parse(/^\d{4}-\d\d-\d\dT[\d:.]+$/.test(text) ? `${text}Z` : text)
  return Number.isFinite(time) ? time : null
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
