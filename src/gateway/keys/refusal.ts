import type { PlatformResponse } from '../../base/platform.js'

/** Why a request goes no further. Codes are stable: they are part of the public contract. */
export interface Refusal {
  readonly status: number
  /** `invalid_api_key`. */
  readonly code: string
  /** For people; never holds a key. */
  readonly message: string
  /** After so long it may go through; null: not by waiting. */
  readonly retryAfterMs: number | null
}

export function refused(
  status: number,
  code: string,
  message: string,
  retryAfterMs: number | null = null,
): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { status, code, message, retryAfterMs } }
}

/** What a client's library reads errors of. */
export type ErrorProtocol = 'openai' | 'anthropic'

const ANTHROPICS = /^\/v1\/messages(\/|$)|\/messages(\/+(count_tokens\/*|batches.*)?)?$/
/** Of its assistants, and of a chat that it keeps. */
const OPENAIS = /\/(threads|completions)\/[^/]+\/messages/

/** Of whom a path is, there or not, and wherever a base URL has put it. */
export function errorsOf(path: string): ErrorProtocol {
  return ANTHROPICS.test(path) && !OPENAIS.test(path) ? 'anthropic' : 'openai'
}

/**
 * Asked again they are refused again, or paid for again. Clients of both protocols would ask again by themselves, as their statuses (409, 429, 502) mostly
 * are of what is over soon.
 */
const NOT_AGAIN = new Set(['already_rewarded', 'decision_closed', 'too_many_rewards', 'upstream_too_long'])

const OPENAI_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
}

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  529: 'overloaded_error',
}

/** The body of an error as the protocol's own servers write it, with our code in it. */
export function refusalBody({ status, code, message }: Refusal, protocol: ErrorProtocol): object {
  if (protocol === 'anthropic') {
    const type = ANTHROPIC_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
    return { type: 'error', error: { type, message, code } }
  }
  const type = OPENAI_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error')
  return { error: { message, type, param: null, code } }
}

/**
 * With `retry-after` in whole seconds, as HTTP has it, and in ms, as the clients of both protocols read it too; and with `x-should-retry`, which they
 * obey, where they would ask in vain.
 */
export function refusalHeaders({ status, code, retryAfterMs }: Refusal): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (NOT_AGAIN.has(code)) headers['x-should-retry'] = 'false'
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  if (retryAfterMs !== null) {
    const ms = Math.max(1, Math.ceil(retryAfterMs))
    headers['retry-after'] = String(Math.ceil(ms / 1000))
    headers['retry-after-ms'] = String(ms)
  }
  return headers
}

export function refusalResponse(refusal: Refusal, protocol: ErrorProtocol): PlatformResponse {
  return new Response(JSON.stringify(refusalBody(refusal, protocol)), {
    status: refusal.status,
    headers: refusalHeaders(refusal),
  })
}
