import { isAmount, isRecord } from './check.js'
import { type Json, memberOf } from './json.js'

/** Sides of a usage of LangChain, and their parts. */
const PARTS = { input_token_details: 'input_tokens', output_token_details: 'output_tokens' } as const

/**
 * The sum of two usages of LangChain, of two pieces of a stream: each says what came with it. A part of which a piece counts more than of
 * its side is that of all pieces so far, and the greater holds. Of the provider's own usage the latest counts of a name do.
 */
export function addedUsage(before: object | null, piece: object): object {
  const { raw, ...more }: Json = { ...piece }
  const sum: Record<string, unknown> = { ...before, ...added(before, more) }
  for (const [name, side] of Object.entries(PARTS)) {
    const parts = more[name]
    if (isRecord(parts)) sum[name] = addedParts(memberRecord(before, name), parts, more[side])
  }
  if (!isRecord(raw)) return sum
  const told = Object.entries(raw).filter(([, value]) => value !== null && value !== undefined)
  return { ...sum, raw: { ...memberRecord(before, 'raw'), ...Object.fromEntries(told) } }
}

function added(before: object | null, piece: Json): Json {
  const counts = Object.entries(piece).filter(([, value]) => typeof value === 'number')
  return Object.fromEntries(counts.map(([name, value]) => [name, plus(memberOf(before, name), value)]))
}

function addedParts(before: Json, parts: Json, side: unknown): Json {
  const sum: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(parts)) {
    if (typeof value !== 'number') continue
    const isOfAll = isAmount(side) && value > side
    const known = before[name]
    sum[name] = isOfAll && isAmount(known) ? Math.max(known, value) : plus(known, value)
  }
  return sum
}

function plus(known: unknown, value: unknown): unknown {
  return typeof known === 'number' && typeof value === 'number' ? known + value : value
}

function memberRecord(value: object | null, name: string): Json {
  const member = memberOf(value, name)
  return isRecord(member) ? member : {}
}
