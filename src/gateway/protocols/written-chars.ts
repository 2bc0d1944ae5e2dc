import { isRecord } from '../../base/check.js'

/** So many digits a number may have whose size JavaScript does not know: Python reads no more. */
const DIGITS_MAX = 4300

/** Characters of a value as JSON has it. */
export function charsOfText(value: unknown): number {
  if (value === undefined || value === null) return 0
  let chars = 0
  // Not by recursion: a client chooses how deep it goes.
  const left: unknown[] = [value]
  while (left.length > 0) {
    const each = left.pop()
    if (typeof each === 'string') chars += each.length + 2
    else if (Array.isArray(each)) {
      chars += 2 + each.length
      for (const item of each) left.push(item)
    } else if (isRecord(each)) {
      chars += 2
      for (const [name, item] of Object.entries(each)) {
        chars += name.length + 4
        left.push(item)
      }
    } else chars += charsOfNumber(each)
  }
  return chars
}

/** Of a number, or of a word of JSON. */
export function charsOfNumber(value: unknown): number {
  if (typeof value !== 'number') return 4
  if (!Number.isFinite(value)) return DIGITS_MAX
  // Written out, as others do it: 1e300 has 301 digits.
  return Math.abs(value) < 1e21
    ? Math.max(4, String(value).length)
    : Math.ceil(Math.log10(Math.abs(value))) + 1
}
