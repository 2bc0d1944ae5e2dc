import { retryAfterOf } from './retry-after.js'

/** Who is to blame for a call that failed: whoever asked, so that no other model would do better; or the model or its provider. */
export interface CallFailure {
  readonly isCallers: boolean
  /** How long the provider asks to be left alone, ms. */
  readonly retryAfterMs: number | null
  /** Whether it may have done the work, and send a bill for it. */
  readonly mayBeBilled: boolean
}

/** Statuses of requests that are wrong whoever gets them. */
const CALLERS = new Set([400, 413, 415, 422])
/** What codes of connections begin with that were never there. */
const UNREACHED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/

/** What an error of an SDK, of `fetch` or of anything else says. Errors that say nothing are the provider's. */
export function failureOf(error: unknown, now: number): CallFailure {
  const status = statusOf(error)
  if (status === null)
    return { isCallers: false, retryAfterMs: null, mayBeBilled: !UNREACHED.test(codeOf(error)) }
  const headers = headersOf(error)
  const retryAfterMs = retryAfterOf((name) => headerOf(headers, name), now)
  return { isCallers: CALLERS.has(status), retryAfterMs, mayBeBilled: false }
}

/** An error that a signal brought about. */
export function isAbort(error: unknown): boolean {
  const name = memberOf(error, 'name')
  return name === 'AbortError' || name === 'APIUserAbortError'
}

function statusOf(error: unknown): number | null {
  for (const name of ['status', 'statusCode'] as const) {
    const value = memberOf(error, name) ?? memberOf(memberOf(error, 'response'), name)
    if (typeof value === 'number' && value >= 100 && value < 600) return value
  }
  const last = memberOf(error, 'lastError')
  return last === undefined || last === error ? null : statusOf(last)
}

function codeOf(error: unknown, depth = 0): string {
  const code = memberOf(error, 'code')
  if (typeof code === 'string') return code
  const cause = memberOf(error, 'cause')
  return cause === undefined || depth > 8 ? '' : codeOf(cause, depth + 1)
}

function headersOf(error: unknown): unknown {
  return (
    memberOf(error, 'headers') ??
    memberOf(error, 'responseHeaders') ??
    memberOf(memberOf(error, 'response'), 'headers') ??
    memberOf(memberOf(error, 'lastError'), 'responseHeaders')
  )
}

function headerOf(headers: unknown, name: string): string | null {
  const get = memberOf(headers, 'get')
  const value = typeof get === 'function' ? quietly(() => get.call(headers, name)) : memberOf(headers, name)
  return typeof value === 'string' ? value : null
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? quietly(() => Reflect.get(value, name)) : undefined
}

/** What cannot be read says nothing: a call that failed is booked, whatever its error is. */
function quietly(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return undefined
  }
}
