import { viewName } from './view-name.js'
import { visible } from './visible.js'

/**
 * Every failure that a caller can cause has one of these codes. They are part of the public contract:
 * a code never changes its meaning, new ones may be added in a minor version.
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'UNKNOWN_OPTION'
  | 'DIMENSION_MISMATCH'
  | 'UNKNOWN_MODEL'
  | 'DUPLICATE_MODEL'
  | 'MODEL_REMOVED'
  | 'NO_ELIGIBLE_MODEL'
  | 'BUDGET_EXHAUSTED'
  | 'UNKNOWN_TENANT'
  | 'DUPLICATE_TENANT'
  | 'UNKNOWN_REQUEST'
  | 'REQUEST_CLOSED'
  | 'REQUEST_EXPIRED'
  | 'REQUEST_FAILED'
  | 'ALREADY_SETTLED'
  | 'ALREADY_REWARDED'
  | 'TOO_MANY_REWARDS'
  | 'SOURCE_FAILED'
  | 'POLL_RUNNING'
  | 'NO_ENCODER'
  | 'ASYNC_ENCODER'
  | 'MISSING_DEPENDENCY'
  | 'ENCODER_FAILED'
  | 'KERNEL_UNAVAILABLE'
  | 'OUT_OF_MEMORY'
  | 'SNAPSHOT_INVALID'
  | 'SNAPSHOT_MISMATCH'
  | 'EVENT_OUT_OF_ORDER'
  | 'DATA_INVALID'
  | 'LOG_UNSUPPORTED'
  | 'LOG_CORRUPT'
  | 'LOG_VERSION'
  | 'LOG_TRIMMED'
  | 'STORE_UNREACHABLE'
  | 'STORE_LOCKED'
  | 'STORE_FULL'
  | 'STORE_READ_ONLY'
  | 'STORE_CORRUPT'
  | 'STORE_MISMATCH'
  | 'STORE_CLOSED'
  | 'JOURNAL_FULL'
  | 'PRICES_UNREADABLE'
  | 'PRICES_INVALID'
  | 'PRICES_MISSING'
  | 'PRICES_IMPLAUSIBLE'

interface FailureOptions extends ErrorOptions {
  readonly neededUsd?: number
  readonly missing?: Readonly<Record<string, readonly string[]>>
}

/** By which errors of other copies of this package are known: bundlers put one in each layer of an application. */
const MARK = Symbol.for('paretobandit.error')

/** What went wrong, where, what was expected and what came. State is untouched when one is thrown. */
export class ParetoBanditError extends Error {
  override readonly name = 'ParetoBanditError'
  /** What kind of failure it is: for programs, where the message is for people. */
  readonly code: ErrorCode
  /** Path of the offending field, for example `models[2].inputUsdPerMTok`; empty when no field is at fault. */
  readonly field: string
  /** Of BUDGET_EXHAUSTED: what the cheapest model would have set aside, USD. */
  readonly neededUsd: number | undefined
  /** Of NO_ELIGIBLE_MODEL: what each model lacks of what the request needs, where that is why. */
  readonly missing: Readonly<Record<string, readonly string[]>> | undefined

  constructor(code: ErrorCode, field: string, message: string, options?: FailureOptions) {
    // Messages quote ids of others, and end in terminals and logs.
    super(visible(field === '' ? message : `${field}: ${message}`), options)
    this.code = code
    this.field = field
    this.neededUsd = options?.neededUsd
    this.missing = options?.missing
  }
}

// Not in the class: bundlers rename one that names itself, and its name is what a stack begins with.
Object.defineProperty(ParetoBanditError.prototype, MARK, { value: true })
Object.defineProperty(ParetoBanditError, Symbol.hasInstance, { value: hasInstance })

/** Also those that another copy of the package made; a class that extends this one has its own alone. */
function hasInstance(this: unknown, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
  return this === ParetoBanditError && isMarked(value)
}

/** Never throws. */
function isMarked(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && MARK in value
  } catch {
    return false
  }
}

/** What went wrong, in words, whatever was thrown. Never throws. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'an error that cannot be read'
  }
}

/** Whether it is one of these, whatever was thrown. */
function isOurs(error: unknown): error is ParetoBanditError {
  try {
    return error instanceof ParetoBanditError
  } catch {
    return false
  }
}

/** Whether it is a failure of a store or a log, and nothing that the caller did: the same may be tried again later. */
export function isStoreError(error: unknown): boolean {
  return isOurs(error) && /^(JOURNAL_FULL$|STORE_|LOG_)/.test(error.code)
}

/** Builds the standard sentence `field: expected X, got Y`. */
export function expected(
  code: ErrorCode,
  field: string,
  what: string,
  got: unknown,
  options?: ErrorOptions,
): ParetoBanditError {
  return expectedGot(code, field, what, show(got), options)
}

/** The same where `got` is said in our words (`3 numbers`), which are not quoted as a text of the caller's is. */
export function expectedGot(
  code: ErrorCode,
  field: string,
  what: string,
  got: string,
  options?: ErrorOptions,
): ParetoBanditError {
  return new ParetoBanditError(code, field, `expected ${what}, got ${got}`, options)
}

/** `Array.isArray`, which throws where a proxy has been revoked: that is no list. */
export function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

function lengthOf(list: readonly unknown[]): string {
  try {
    return ` of ${list.length}`
  } catch {
    return ''
  }
}

/** A value as it reads in an error message: short, quoted if text, never throwing. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (value === null || typeof value !== 'object') return String(value)
  if (isList(value)) return `an array${lengthOf(value)}`
  if (ArrayBuffer.isView(value)) return `${viewName(value)} of ${value.byteLength} bytes`
  return isPromise(value) ? 'a promise that nobody awaited' : 'an object'
}

/** Never throws. */
function isPromise(value: object): boolean {
  try {
    return value instanceof Promise
  } catch {
    return false
  }
}
