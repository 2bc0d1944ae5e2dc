import { checkKeys, checkRecord } from './check.js'
import { expectedGot, isList, ParetoBanditError } from './errors.js'
import { viewName } from './view-name.js'

/** The arrays that anything here is read from. */
const NUMBER_TYPES = [
  Float64Array,
  Float32Array,
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
]
/** What a caller gives is no deeper than this; what goes round in a circle is. */
const DEPTH_MAX = 32

/**
 * A copy of what a caller gave, each field read once. Reading may run the caller's code (a getter, a proxy), and that may
 * call the router: all is read before anything is looked at or changed. Functions stay what they are.
 * @throws INVALID_ARGUMENT naming the field, with the exception of the caller's code as `cause`
 */
export function readOnce<T>(value: T, field: string): T {
  return reading(field, () => copyOf(value, field, 0) as T)
}

/** The same for a record of a few plain values, in less time. */
export function readRecordOnce(value: Record<string, unknown>, field: string): Record<string, unknown> {
  try {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) return { ...value }
    return copyOfRecord(value, (entry) => entry)
  } catch (cause) {
    throw unreadable(field, cause)
  }
}

/**
 * Options that a function was given, each read once, and no others than these.
 * @param path where they stand, in an error that names one; '' where the options have no name of their own
 * @throws INVALID_ARGUMENT for what is no object, or cannot be read; UNKNOWN_OPTION
 */
export function readOptions<T extends object>(options: T, known: readonly string[], path = ''): T {
  const given = readRecordOnce(checkRecord(options, 'options'), 'options')
  checkKeys(given, known, path)
  return given as T
}

/** Entries of a list, each read once; of another iterable what it gives, with its own exceptions. */
export function* entriesOf<T>(values: Iterable<T>, field: string): Generator<T> {
  if (!isList(values)) {
    yield* values
    return
  }
  const list = values as readonly T[]
  const length = reading(field, () => list.length)
  for (let i = 0; i < length; i++) yield reading(`${field}[${i}]`, () => list[i])
}

/** Runs the caller's code. @throws INVALID_ARGUMENT for an exception of it */
export function reading<T>(field: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw unreadable(field, cause)
  }
}

/** What is thrown for an exception of the caller's code; one of ours stays what it is. */
function unreadable(field: string, cause: unknown): ParetoBanditError {
  if (cause instanceof ParetoBanditError) return cause
  const path = typeof field === 'string' ? field : ''
  return expectedGot('INVALID_ARGUMENT', path, 'a value that can be read', 'an exception', { cause })
}

function copyOf(value: unknown, field: string, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > DEPTH_MAX) {
    throw expectedGot('INVALID_ARGUMENT', field, `at most ${DEPTH_MAX} levels of objects`, 'more')
  }
  if (ArrayBuffer.isView(value)) return copyOfView(value)
  if (!Array.isArray(value)) return copyOfRecord(value, (entry) => copyOf(entry, field, depth + 1))
  const { length } = value
  const copy: unknown[] = []
  for (let i = 0; i < length; i++) {
    copy.push(copyOf(value[i], field, depth + 1))
    // A hole is refused by whoever checks the array: an array may say that it is longer than memory.
    if (copy[i] === undefined) break
  }
  return copy
}

/** Its own numbers alone, in memory that is nobody else's: of a row of a matrix, or of memory that is shared, no more is copied. */
function copyOfView(view: ArrayBufferView): unknown {
  if (view instanceof DataView) return view
  const { buffer, byteOffset, byteLength } = view
  const own = new Uint8Array(byteLength)
  own.set(new Uint8Array(buffer, byteOffset, byteLength))
  const name = viewName(view)
  const type = NUMBER_TYPES.find((each) => each.name === name)
  return type === undefined ? structuredClone(view) : new type(own.buffer)
}

/** Own fields, and those of a class (getters mostly), which do not count as given but are read by name: of a copy as well. */
function copyOfRecord(value: object, copyEntry: (entry: unknown) => unknown): Record<string, unknown> {
  const record = value as Record<string, unknown>
  const copy: Record<string, unknown> = Object.create(null)
  for (const key of Object.keys(record)) copy[key] = copyEntry(record[key])
  let from: object | null = value
  for (; from !== null && from !== Object.prototype; from = Object.getPrototypeOf(from)) {
    for (const key of Object.getOwnPropertyNames(from)) {
      if (key === 'constructor' || Object.hasOwn(copy, key)) continue
      Object.defineProperty(copy, key, {
        value: copyEntry(record[key]),
        enumerable: false,
        writable: true,
        configurable: true,
      })
    }
  }
  return copy
}
