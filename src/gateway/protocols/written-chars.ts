import { isRecord } from '../../base/check.js'

/** Digits of a number whose size JavaScript does not know, at most: Python reads no more. */
const DIGITS_MAX = 4300

/** From here on: Chinese, Japanese, Korean, emoji. */
const WIDE = /[\u2e80-\uffff]/
const WIDE_FROM = 0x2e80
/** A character of these is a token or more, four times that of others in JSON. */
const WIDE_CHARS = 4

/** Characters of a text, those of wide scripts counted by what they are worth in tokens. */
export function charsOf(text: string): number {
  const { length } = text
  if (!WIDE.test(text)) return length
  let wide = 0
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) >= WIDE_FROM) wide++
  return length + (WIDE_CHARS - 1) * wide
}

/** Characters of a value as JSON has it. */
export function charsOfText(value: unknown): number {
  if (value === undefined || value === null) return 0
  let chars = 0
  // Not by recursion: a client chooses how deep it goes.
  const left: unknown[] = [value]
  while (left.length > 0) {
    const each = left.pop()
    if (typeof each === 'string') chars += charsOf(each) + 2
    else if (Array.isArray(each)) {
      chars += 2 + each.length
      for (const item of each) left.push(item)
    } else if (isRecord(each)) {
      chars += 2
      for (const [name, item] of Object.entries(each)) {
        chars += charsOf(name) + 4
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
