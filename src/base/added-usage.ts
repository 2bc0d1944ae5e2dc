import { isRecord } from './check.js'
import type { Json } from './json.js'

/** The sum of two usages, of two pieces of a stream: each says what came with it. Of the provider's own the latest counts of a name do. */
export function addedUsage(before: object | null, piece: object): object {
  const { raw, ...more }: Json = { ...piece }
  const sum = sumOf(before, more)
  if (!isRecord(raw)) return sum
  const told = Object.entries(raw).filter(([, value]) => value !== null && value !== undefined)
  const earlier: unknown = before === null ? null : Reflect.get(before, 'raw')
  return { ...sum, raw: { ...(isRecord(earlier) ? earlier : {}), ...Object.fromEntries(told) } }
}

function sumOf(a: object | null, b: object): object {
  const sum: Record<string, unknown> = { ...a }
  for (const [name, value] of Object.entries(b)) {
    const before = sum[name]
    if (typeof value === 'number') sum[name] = value + (typeof before === 'number' ? before : 0)
    else if (typeof value === 'object' && value !== null)
      sum[name] = sumOf(typeof before === 'object' ? before : null, value)
  }
  return sum
}
