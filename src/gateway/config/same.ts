import { Secret } from './secret.js'

/** Whether two parts of configs say the same, secrets by their values. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (a instanceof Secret && b instanceof Secret) return a.reveal() === b.reveal()
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b) || a instanceof Secret !== b instanceof Secret) return false
  const [aEntries, bKeys] = [Object.entries(a), Object.keys(b)]
  return (
    aEntries.length === bKeys.length &&
    aEntries.every(
      ([key, value]) => Object.hasOwn(b, key) && isSame(value, (b as Record<string, unknown>)[key]),
    )
  )
}
