import type { After } from '../../base/after.js'
import { failureOfConnection, UpstreamFailure } from './failure.js'

/**
 * What comes before `ms` are over.
 * @throws (the promise is rejected with) UpstreamFailure `upstream_timeout`; the caller breaks off what it waits for
 */
export function within<T>(promise: Promise<T>, ms: number, after: After, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = after(Math.max(0, ms), () => {
      const more = { mayBeBilled: true }
      reject(new UpstreamFailure('upstream', 'upstream_timeout', 504, what, more))
    })
    promise.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error) => {
        cancel()
        reject(error)
      },
    )
  })
}

/** How long more is waited for, and for what, as the client is told. */
export interface Wait {
  readonly ms: number
  readonly what: string
}

/** The bytes of an answer, each wait for more of them bounded. */
export class WatchedBody {
  private readonly chunks: AsyncIterator<Uint8Array>
  private readonly after: After
  private ended = false
  /** While a wait is under way. */
  wait: () => Wait

  constructor(chunks: AsyncIterator<Uint8Array>, after: After, wait: () => Wait) {
    this.chunks = chunks
    this.after = after
    this.wait = wait
  }

  /** @returns null at the end. @throws (the promise is rejected with) UpstreamFailure */
  async next(): Promise<Uint8Array | null> {
    if (this.ended) return null
    try {
      const { ms, what } = this.wait()
      const { done, value } = await within(this.chunks.next(), ms, this.after, what)
      if (done !== true) return value
      this.ended = true
      return null
    } catch (error) {
      this.ended = true
      throw error instanceof UpstreamFailure ? error : failureOfConnection(error)
    }
  }

  /** Nothing more is wanted of it. */
  stop(): void {
    this.ended = true
    // Of a generator that waits this is done when it has got something: whoever called has broken that off.
    void Promise.resolve(this.chunks.return?.()).catch(() => {})
  }

  /** All of it, as text. @throws (the promise is rejected with) UpstreamFailure, for more than `bytesMax` too */
  async text(bytesMax: number): Promise<string> {
    const decoder = new TextDecoder()
    let bytes = 0
    let text = ''
    for (;;) {
      const chunk = await this.next()
      if (chunk === null) return text + decoder.decode()
      bytes += chunk.byteLength
      if (bytes > bytesMax) {
        this.stop()
        const more = { mayBeBilled: true }
        throw new UpstreamFailure(
          'upstream',
          'upstream_too_long',
          502,
          "the upstream's answer is too long",
          more,
        )
      }
      text += decoder.decode(chunk, { stream: true })
    }
  }
}
