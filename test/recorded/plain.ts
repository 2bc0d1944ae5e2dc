import type { Json } from './format.js'

/** A value as JSON that loses no bit: numbers are written so that they read back the same, -0 and the like as text. */
export function plain(value: unknown): Json {
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0) ? value : numberText(value)
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (value instanceof Float64Array) return Array.from(value, plain)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object') throw new Error(`a ${typeof value} is not JSON`)
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(entries.map(([name, each]) => [name, plain(each)]))
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
