/**
 * Titled validators for the public face. Each returns the checked value or throws a `ParetoBanditError`
 * whose message starts with the path of the field. Kernels and folds take primitives and trust them.
 */
import { type ErrorCode, expected, expectedGot, isList, ParetoBanditError, show } from './errors.js'
import { nearest } from './nearest.js'
import { viewName } from './view-name.js'

/** Largest magnitude of one context entry: keeps x xᵀ sums far from the precision limit of a double. */
export const CONTEXT_ENTRY_MAX = 1e4

/** Longest context: its packed inverse takes 4 MB an arm. */
export const DIMENSION_MAX = 1024

/** Largest amount of money or tokens taken in one call; anything above is a unit mistake. */
export const AMOUNT_MAX = 1e12

/** Whether it is an object, and neither a list nor bytes. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !isList(value) && !ArrayBuffer.isView(value)
}

/** Those of other realms as well. Of a proxy of bytes it says no, and asks it nothing. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && viewName(value) === 'Uint8Array'
}

export function checkRecord(value: unknown, field: string): Record<string, unknown> {
  if (!isRecord(value)) throw expected('INVALID_ARGUMENT', field, 'an object', value)
  return value
}

/** Refuses keys that are not in `known`, naming the nearest spelling, and an object whose keys cannot be read. */
export function checkKeys(value: object, known: readonly string[], field: string): void {
  const key = unknownKey(value, known, field)
  if (key === null) return
  const near = nearest(key, known)
  const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean '${near}'?`
  const path = field === '' ? key : `${field}.${key}`
  throw new ParetoBanditError('UNKNOWN_OPTION', path, `unknown option; ${hint}`)
}

function unknownKey(value: object, known: readonly string[], field: string): string | null {
  try {
    // Walking the keys makes no list of them; inherited ones come along and do not count.
    for (const key in value) if (!isOneOf(key, known) && Object.hasOwn(value, key)) return key
    return null
  } catch (cause) {
    const path = field === '' ? 'options' : field
    throw expectedGot('INVALID_ARGUMENT', path, 'an object that can be read', 'an exception', { cause })
  }
}

/** `known.includes(key)` in half the time: names compare by their address. */
function isOneOf(key: string, known: readonly string[]): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] === key) return true
  return false
}

export function checkFinite(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw expected('INVALID_ARGUMENT', field, 'a finite number', value)
  }
  return value
}

/** A finite number in [low, high]. */
export function checkInRange(value: unknown, low: number, high: number, field: string): number {
  if (typeof value !== 'number' || !(value >= low && value <= high)) {
    throw expected('INVALID_ARGUMENT', field, `a finite number in [${low}, ${high}]`, value)
  }
  return value
}

function notAmount(value: unknown, field: string, range: string): ParetoBanditError {
  const tooLarge = typeof value === 'number' && value > AMOUNT_MAX && value !== Number.POSITIVE_INFINITY
  const what = tooLarge ? `a number of at most ${AMOUNT_MAX}` : `a finite number ${range}`
  return expected('INVALID_ARGUMENT', field, what, value)
}

/** Whether a value tells nothing. NaN is what becomes of sums with `undefined`. */
export function isMissing(value: unknown): boolean {
  return value === undefined || value === null || Number.isNaN(value)
}

/** A finite number >= 0: dollars, tokens, milliseconds. */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= AMOUNT_MAX
}

export function checkAmount(value: unknown, field: string): number {
  if (!isAmount(value)) throw notAmount(value, field, '>= 0')
  return value
}

/** A finite number > 0. */
export function checkPositive(value: unknown, field: string): number {
  if (typeof value !== 'number' || !(value > 0 && value <= AMOUNT_MAX)) {
    throw notAmount(value, field, '> 0')
  }
  return value
}

export function checkInteger(value: unknown, low: number, high: number, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) {
    throw expected('INVALID_ARGUMENT', field, `an integer in [${low}, ${high}]`, value)
  }
  return value
}

/** A text that is kept: not empty, and well-formed. */
export function checkString(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '')
    throw expected('INVALID_ARGUMENT', field, 'a non-empty string', value)
  if (!isWellFormed(value))
    throw expected('INVALID_ARGUMENT', field, 'a string without unpaired surrogates', value)
  return value
}

/** A text as states keep it. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && isWellFormed(value)
}

/**
 * Whether UTF-8 can say the text: it has no half of a surrogate pair alone. All such halves are written as the same
 * U+FFFD, so two ids with them would be one when they are read again.
 */
export function isWellFormed(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    // A whole pair is one code point above the surrogates.
    const code = text.codePointAt(i) ?? 0
    if (code > 0xffff) i++
    else if (code >= 0xd800 && code <= 0xdfff) return false
  }
  return true
}

export function checkBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw expected('INVALID_ARGUMENT', field, 'true or false', value)
  return value
}

export function checkFunction<T = (...args: never[]) => unknown>(value: unknown, field: string): T {
  if (typeof value !== 'function') throw expected('INVALID_ARGUMENT', field, 'a function', value)
  return value as T
}

export function checkArray(value: unknown, field: string): readonly unknown[] {
  if (!isList(value)) throw expected('INVALID_ARGUMENT', field, 'an array', value)
  return value
}

/** Checks every entry of an array, holes included: they come as `undefined`. */
export function checkEach<T>(value: unknown, field: string, check: (entry: unknown, i: number) => T): T[] {
  const array = checkArray(value, field)
  const checked: T[] = []
  for (let i = 0; i < array.length; i++) checked.push(check(array[i], i))
  return checked
}

export function checkStrings(value: unknown, field: string): string[] {
  return checkEach(value, field, (entry, i) => checkString(entry, `${field}[${i}]`))
}

export function checkOneOf<T extends string>(value: unknown, allowed: readonly T[], field: string): T {
  const found = allowed.find((option) => option === value)
  if (found === undefined) {
    const near = typeof value === 'string' ? nearest(value, allowed) : undefined
    const hint = near === undefined ? '' : `; did you mean '${near}'?`
    throw new ParetoBanditError(
      'INVALID_ARGUMENT',
      field,
      `expected one of ${allowed.join(', ')}, got ${show(value)}${hint}`,
    )
  }
  return found
}

/**
 * Copies a context vector into `out` at `offset`, checking it on the way.
 * @param value array-like of `dimension` numbers, each finite and at most CONTEXT_ENTRY_MAX in magnitude
 * @throws DIMENSION_MISMATCH for a wrong length, INVALID_ARGUMENT for a bad entry (then `out` may hold a part:
 *   callers pass scratch memory)
 */
export function copyContext(
  value: ArrayLike<number>,
  dimension: number,
  out: Float64Array,
  offset: number,
  field: string,
  badEntry: ErrorCode = 'INVALID_ARGUMENT',
): void {
  if (value.length !== dimension) {
    throw expectedGot(
      'DIMENSION_MISMATCH',
      field,
      `a vector of ${dimension} numbers`,
      `${value.length} numbers`,
    )
  }
  // A vector no longer than the largest entry may be, as nearly all are, has no entry that is too large or no number.
  if (
    value instanceof Float64Array &&
    copyNumbers(value, 0, out, offset, dimension) <= CONTEXT_ENTRY_MAX * CONTEXT_ENTRY_MAX
  ) {
    return
  }
  for (let i = 0; i < dimension; i++) {
    const entry = value[i]
    if (typeof entry !== 'number' || !(Math.abs(entry) <= CONTEXT_ENTRY_MAX)) {
      throw expected(badEntry, `${field}[${i}]`, `a finite number within +-${CONTEXT_ENTRY_MAX}`, entry)
    }
    out[offset + i] = entry
  }
}

/**
 * Copies `count` numbers and gives the sum of their squares. For a context's length this takes half as long as `set`
 * and the view that it would need.
 */
export function copyNumbers(
  from: Float64Array,
  at: number,
  to: Float64Array,
  offset: number,
  count: number,
): number {
  let squares = 0
  let i = 0
  for (; i < count - 3; i += 4) {
    const a = from[at + i]
    const b = from[at + i + 1]
    const c = from[at + i + 2]
    const d = from[at + i + 3]
    squares += a * a + b * b + (c * c + d * d)
    to[offset + i] = a
    to[offset + i + 1] = b
    to[offset + i + 2] = c
    to[offset + i + 3] = d
  }
  for (; i < count; i++) {
    const a = from[at + i]
    squares += a * a
    to[offset + i] = a
  }
  return squares
}

export function isVector(value: unknown): value is ArrayLike<number> {
  return isList(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

/** A vector that is meant as one: not bytes, which come from a file or an image. */
export function isFloatVector(value: unknown): value is ArrayLike<number> {
  if (isList(value)) return true
  if (!ArrayBuffer.isView(value)) return isProxyOfNumbers(value)
  if (value instanceof Float64Array) return true
  // By name: a test runner or a frame may have another `Float64Array` than ours. BigInts are refused one by one.
  return /^(Float|Big)/.test(viewName(value))
}

function isProxyOfNumbers(value: unknown): boolean {
  try {
    return value instanceof Float64Array
  } catch {
    return false
  }
}

export function checkVector(
  value: unknown,
  field: string,
  code: ErrorCode = 'INVALID_ARGUMENT',
): ArrayLike<number> {
  if (!isVector(value)) throw expected(code, field, 'a vector of numbers', value)
  return value
}
