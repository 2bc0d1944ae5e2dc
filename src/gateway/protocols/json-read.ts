import { type Json, objectOf } from '../../base/json.js'
import { RequestError } from './adapter.js'

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

/**
 * The greatest of several limits: which of them an upstream keeps is its own to choose. Null without a limit, and for 0,
 * which some take for none. @throws RequestError
 */
export function greatestLimit(body: Json, names: readonly string[]): number | null {
  const most = Math.max(0, ...names.map((name) => wantedCount(body, name) ?? 0))
  return most === 0 ? null : most
}

/**
 * What may be thought beside an answer: some providers count that within its limit, some do not, and Anthropic's may be more than the
 * limit where tools are called in between.
 */
export function reasoningBudget(body: Json): number {
  const given = [
    body.thinking_budget,
    objectOf(body.thinking)?.budget_tokens,
    objectOf(body.reasoning)?.max_tokens,
  ]
  return given.reduce<number>(
    (most, each) => (typeof each === 'number' && each > most && Number.isSafeInteger(each) ? each : most),
    0,
  )
}

/** A whole number >= 0; null where it is not given. @throws RequestError */
export function wantedCount(body: Json, name: string): number | null {
  const value = body[name]
  if (value === undefined || value === null) return null
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new RequestError(`${name}: expected a whole number >= 0`)
  return value
}
