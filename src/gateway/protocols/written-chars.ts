import { isRecord } from '../../base/check.js'
import { unitTokens } from '../../features/index.js'

/** Digits of a number whose size JavaScript does not know, at most: Python reads no more. */
const DIGITS_MAX = 4300

/** What a character of a schema or of JSON is taken for, where it is one of ASCII. */
export const TOKENS_PER_JSON_CHAR = 0.3

const BEYOND_ASCII = /[\u0080-\uffff]/
/** From here on: Chinese, Japanese, Korean, emoji. Each is a token or more. */
const WIDE_FROM = 0x2e80
/** This many times `TOKENS_PER_JSON_CHAR` are a token. */
const WIDE_CHARS = Math.ceil(1 / TOKENS_PER_JSON_CHAR)
const PAIRS_BEGIN = 0xd800
const PAIRS_SECOND = 0xdc00
const PAIRS_END = 0xe000

/** What each code unit counts as: whole ones, as sums of them are the same in any order. */
const CHARS = Uint8Array.from({ length: 0x10000 }, (_, unit) =>
  unit < 0x80
    ? 1
    : Math.max(unit < WIDE_FROM ? 1 : WIDE_CHARS, Math.ceil(unitTokens(unit) / TOKENS_PER_JSON_CHAR)),
)

/** Characters of a text; one beyond ASCII counts as the number that its tokens are worth in JSON. */
export function charsOfText(text: string): number {
  const { length } = text
  if (!BEYOND_ASCII.test(text)) return length
  let chars = 0
  let half = CHARS[PAIRS_BEGIN]
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < PAIRS_BEGIN || unit >= PAIRS_END) chars += CHARS[unit]
    else {
      if (unit < PAIRS_SECOND) half = CHARS[unit]
      chars += half
    }
  }
  return chars
}

/** Characters of a value as JSON has it. */
export function charsOfJson(value: unknown): number {
  return lengthOfJson(value, charsOfText)
}

/** Of a number, or of a word of JSON. */
export function charsOfNumber(value: unknown): number {
  if (typeof value !== 'number') return String(value).length
  if (!Number.isFinite(value)) return DIGITS_MAX
  // Written out, as others do it: 1e300 has 301 digits.
  return Math.abs(value) < 1e21
    ? Math.max(4, String(value).length)
    : Math.ceil(Math.log10(Math.abs(value))) + 1
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** What JSON writes as it is: no quote, no backslash, nothing before the space or beyond ASCII. */
const PLAIN = /^[ !#-[\]-\u007f]*$/

/** Bytes of a text in UTF-8. */
export function bytesOfText(text: string): number {
  let bytes = text.length
  if (!BEYOND_ASCII.test(text)) return bytes
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Half a pair counts as three: one that is alone is written as U+FFFD.
    if (unit >= 0x80) bytes += unit < 0x800 ? 1 : 2
  }
  return bytes
}

/** Bytes of a value as JSON. */
export function bytesOfJson(value: unknown): number {
  return lengthOfJson(value, bytesInJson)
}

function bytesInJson(text: string): number {
  if (PLAIN.test(text)) return text.length
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20) bytes += 6
    else if (unit < 0x80) bytes += unit === QUOTE || unit === BACKSLASH ? 2 : 1
    else bytes += unit < 0x800 ? 2 : 3
  }
  return bytes
}

function lengthOfJson(value: unknown, ofText: (text: string) => number): number {
  if (value === undefined || value === null) return 0
  let length = 0
  // Not by recursion: a client chooses how deep it goes.
  const left: unknown[] = [value]
  while (left.length > 0) {
    const each = left.pop()
    if (typeof each === 'string') length += ofText(each) + 2
    else if (Array.isArray(each)) {
      length += 2 + each.length
      for (const item of each) left.push(item)
    } else if (isRecord(each)) {
      length += 2
      for (const [name, item] of Object.entries(each)) {
        length += ofText(name) + 4
        left.push(item)
      }
    } else length += charsOfNumber(each)
  }
  return length
}
