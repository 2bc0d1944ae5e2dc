import { type Json, RequestError } from './adapter.js'

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function objectOf(value: unknown): Json | null {
  return isObject(value) ? value : null
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Objects of a list; what else is in it is passed over. */
export function objectsOf(value: unknown): readonly Json[] {
  return listOf(value).filter(isObject)
}

export function parseObject(text: string): Json | null {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return null
  }
}

/** @throws RequestError */
export function wantedText(body: Json, name: string): string {
  const value = body[name]
  if (typeof value !== 'string' || value === '') throw new RequestError(`${name}: expected a text`)
  return value
}

/** @throws RequestError */
export function wantedFlag(body: Json, name: string): boolean {
  const value = body[name]
  if (value === undefined || value === null) return false
  if (typeof value !== 'boolean') throw new RequestError(`${name}: expected true or false`)
  return value
}

/** A whole number >= 0; null where it is not given. @throws RequestError */
export function wantedCount(body: Json, name: string): number | null {
  const value = body[name]
  if (value === undefined || value === null) return null
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new RequestError(`${name}: expected a whole number >= 0`)
  return value
}
