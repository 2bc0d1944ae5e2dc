/** What a request of another process became that its own process may not have heard of. */
export interface Landed {
  readonly origin: string
  readonly tenant: string | null
  readonly routedAt: number
  readonly at: number
  readonly usd: number
}

/**
 * A list of them that is too long, shorter: of one process and tenant two become one, which stands in every period and window in which
 * one of them does. Where that is not enough, of too many tenants, the smallest half goes. The order stays.
 */
export function merged<T extends Landed>(list: readonly T[], sizeMax: number): T[] {
  const slots: (T | null)[] = []
  const singles = new Map<string, number>()
  for (const each of list) {
    const key = JSON.stringify([each.origin, each.tenant])
    const single = singles.get(key)
    const other = single === undefined ? null : slots[single]
    if (single === undefined || other === null) {
      singles.set(key, slots.push(each) - 1)
      continue
    }
    singles.delete(key)
    slots[single] = null
    slots.push({
      ...each,
      routedAt: Math.min(other.routedAt, each.routedAt),
      at: Math.max(other.at, each.at),
      usd: other.usd + each.usd,
    })
  }
  const pairs = slots.filter((each) => each !== null)
  if (pairs.length <= sizeMax) return pairs
  const largest = new Set([...pairs].sort((a, b) => b.usd - a.usd).slice(0, Math.ceil(sizeMax / 2)))
  return pairs.filter((each) => largest.has(each))
}
