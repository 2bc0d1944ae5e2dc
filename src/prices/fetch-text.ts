import { ParetoBanditError } from '../base/errors.js'
import type { PlatformFetch, PlatformSignal, PlatformUrl } from '../base/platform.js'
import { textOfFile } from '../base/utf8.js'
import { isInside, type Lookup } from './inside.js'

export interface FetchLimits {
  readonly fetch: PlatformFetch
  /** For names that another server leads to. */
  readonly lookup: Lookup
  readonly timeoutMs: number
  readonly bytesMax: number
  readonly signal: PlatformSignal | undefined
}

/** What errors call an address: they never show where it leads on to, as that may have a secret in it. */
type Failure = (message: string) => ParetoBanditError

/** Addresses that lead on to others: more of them go round in a circle. */
const HOPS_MAX = 5
/** Of a `URL`, which writes every form of an address in one way. */
const LOCAL = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** A URL as errors may show it: no user, no password, no query. */
export function shownUrl(url: PlatformUrl): string {
  // Of addresses other than those of the web the origin is 'null'.
  const origin = url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin
  return `${origin}${url.pathname}${url.search === '' ? '' : '?…'}`
}

/** Whether a list may be read there: https, or this machine, and no password in the address. */
export function checkUrl(url: PlatformUrl, unreadable: Failure): void {
  if (url.username !== '' || url.password !== '')
    throw unreadable('expected no user and no password in the address')
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOCAL.test(url.hostname))) return
  const path = url.protocol === 'file:' ? ', or a path without file://' : ''
  throw unreadable(`expected https, or http on localhost${path}`)
}

/**
 * The text behind a URL. Redirects are followed to where a list may be read.
 * @param name what errors call it
 * @throws PRICES_UNREADABLE
 */
export async function fetchText(
  url: PlatformUrl,
  name: string,
  { fetch, lookup, timeoutMs, bytesMax, signal }: FetchLimits,
): Promise<string> {
  const unreadable = failureAt(name)
  const late = AbortSignal.timeout(timeoutMs)
  const ended = signal === undefined ? late : AbortSignal.any([late, signal])
  try {
    const response = await follow(url, { fetch, lookup, signal: ended }, unreadable)
    return await textOf(response, bytesMax, ended, unreadable)
  } catch (error) {
    if (error instanceof ParetoBanditError) throw error
    if (late.aborted) throw unreadable(`no answer within ${timeoutMs} ms`)
    if (signal?.aborted === true) throw unreadable('broken off')
    throw unreadable(`it cannot be reached${causeOf(error)}`)
  }
}

async function follow(
  first: URL,
  { fetch, lookup, signal }: Pick<FetchLimits, 'fetch' | 'lookup'> & { readonly signal: AbortSignal },
  unreadable: Failure,
): Promise<Response> {
  checkUrl(first, unreadable)
  let url = first
  for (let hop = 0; hop <= HOPS_MAX; hop++) {
    const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } })
    const { status, headers } = response
    const location = headers.get('location')
    if (status < 300 || status > 399 || location === null) {
      if (!response.ok) {
        await response.body?.cancel()
        throw unreadable(`expected 200, got ${status}`)
      }
      return response
    }
    await response.body?.cancel()
    if (!URL.canParse(location, url)) throw unreadable('it leads to no address')
    const next = new URL(location, url)
    checkUrl(next, unreadable)
    // Somebody else's server does not get to ask this machine, or its network.
    if (await unlessAborted(leadsInside(url, next, lookup), signal))
      throw unreadable('it leads to this machine or its network')
    url = next
  }
  throw unreadable(`it leads on more than ${HOPS_MAX} times`)
}

async function leadsInside(from: URL, to: URL, lookup: Lookup): Promise<boolean> {
  if (from.hostname === to.hostname) return false
  return (await isInside(to.hostname, lookup)) && !(await isInside(from.hostname, lookup))
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    promise.then(resolve, reject)
  })
}

async function textOf(
  { body, headers }: Response,
  bytesMax: number,
  signal: AbortSignal,
  unreadable: Failure,
): Promise<string> {
  const tooLong = () => unreadable(`expected at most ${bytesMax} bytes`)
  if (Number(headers.get('content-length') ?? 0) > bytesMax) {
    await body?.cancel()
    throw tooLong()
  }
  if (body === null) return ''
  const reader = body.getReader()
  const parts: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  try {
    for (;;) {
      signal.throwIfAborted()
      const { done, value } = await reader.read()
      if (done) break
      bytes += value.byteLength
      if (bytes > bytesMax) throw tooLong()
      parts.push(value)
    }
  } catch (error) {
    await reader.cancel().catch(() => {})
    throw error
  }
  return textOfFile(new Uint8Array(await new Blob(parts).arrayBuffer()), unreadable)
}

export function failureAt(name: string): Failure {
  return (message) => new ParetoBanditError('PRICES_UNREADABLE', '', `${name}: ${message}`)
}

/** `: ECONNREFUSED`, and no words of others: they may quote an address with what is secret in it. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return /^[A-Z][A-Z0-9_]{2,40}$/.test(code) ? `: ${code}` : ''
}
