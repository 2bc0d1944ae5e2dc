import type { Json, Variety } from './format.js'

/** The types among events, sorted. */
export function typesOf(events: readonly { readonly [name: string]: Json }[]): string[] {
  return [...new Set(events.map(({ type }) => String(type)))].sort()
}

/** Which kinds of values each of the fields has, by `type.field`: both ends of what is optional should be there. */
export function varietyOf(events: readonly { readonly [name: string]: Json }[]): Variety {
  const found = new Map<string, Set<string>>()
  for (const { type, at: _, ...fields } of events) {
    for (const [name, value] of Object.entries(fields)) {
      const key = `${String(type)}.${name}`
      const kinds = found.get(key) ?? new Set()
      found.set(key, kinds)
      for (const kind of kindsOf(name, value)) kinds.add(kind)
    }
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, kinds]) => [key, [...kinds].sort()]))
}

/** The union of several. */
export function together(all: readonly Variety[]): Variety {
  const keys = [...new Set(all.flatMap((each) => Object.keys(each)))].sort()
  return Object.fromEntries(keys.map((key) => [key, [...new Set(all.flatMap((each) => each[key] ?? []))].sort()]))
}

function kindsOf(name: string, value: Json): string[] {
  if (value === null) return ['null']
  if (typeof value === 'boolean') return [String(value)]
  if (typeof value === 'number') return [value === 0 ? 'zero' : value < 0 ? 'negative' : 'positive']
  if (typeof value === 'string') return [/^[\x20-\x7e]*$/.test(value) ? 'text' : 'text beyond ASCII']
  if (!Array.isArray(value)) return name === 'tokens' ? Object.keys(value) : ['object']
  if (value.length === 0) return ['empty list']
  // Words are few, and each is a case of its own.
  return name === 'infeasible' || name === 'usageFlags' ? value.map(String) : ['list']
}
