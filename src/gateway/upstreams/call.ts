import { isRecord } from '../../base/check.js'
import type { PlatformSignal } from '../../base/platform.js'
import { reading } from '../../base/read-once.js'
import { must } from '../given.js'

/** A request to an upstream. */
export interface UpstreamCall {
  /** The whole address. */
  readonly url: string
  /** Its key among them. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string
  /** Breaks it off, at any time. Made when it is read. */
  readonly signal: PlatformSignal
  /** Calls back in place of `signal`, at once where it is broken off already: it costs less. Only the latest listener is called. */
  onBroken?(listener: () => void): void
  /**
   * For an upstream that knows it: called with false before anything was sent, and with true just before the first byte is. A call of which nothing was
   * sent costs nothing, however it ends. Where this is never called, it counts as sent; what was sent once stays so.
   */
  markSent?(isSent: boolean): void
}

/** The bytes of an answer as they come. Nothing is read before it is asked for. */
export interface UpstreamBody extends AsyncIterator<Uint8Array> {
  /** What is there already; undefined: nothing, and `next` waits for more; null: that was all. */
  take?(): Uint8Array | null | undefined
}

/** The head of an answer, and its bytes. */
export interface UpstreamAnswer {
  /** Of HTTP. */
  readonly status: number
  /** By its name in lower case; null: it is missing. */
  header(name: string): string | null
  /** What comes, piece by piece. */
  readonly body: UpstreamBody
}

/**
 * Calls an upstream. Follows no redirection: addresses are those of the config alone.
 * @throws (the promise, or the body's `next`, is rejected with) what keeps it from being reached or read
 */
export type CallUpstream = (call: UpstreamCall) => Promise<UpstreamAnswer>

/** By the `fetch` that is everywhere. @throws (the promise is rejected with) INVALID_ARGUMENT */
export const fetchUpstream: CallUpstream = async (call) => {
  const { url, headers, body, signal } = reading('call', () => checkedCall(call))
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
  return {
    // A redirection that is not followed has no status on the web.
    status: response.type === 'opaqueredirect' ? 302 : response.status,
    header: (name) => response.headers.get(name),
    body: chunksOf(response.body),
  }
}

/** @throws INVALID_ARGUMENT */
function checkedCall(call: UpstreamCall): UpstreamCall {
  must(isRecord(call), 'call', 'an object')
  const { url, headers, body, signal } = call
  must(typeof url === 'string' && URL.canParse(url), 'call.url', 'a URL')
  must(isRecord(headers), 'call.headers', 'an object of texts')
  must(typeof body === 'string', 'call.body', 'a text')
  return { url, headers: { ...headers }, body, signal }
}

async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}
