import { type After, nextTurn } from '../../base/after.js'
import type { UpstreamBody } from './call.js'
import { failureOfConnection, UpstreamFailure } from './failure.js'

/**
 * What comes before `ms` are over.
 * @throws (the promise is rejected with) UpstreamFailure `upstream_timeout`; the caller breaks off what it waits for
 */
export function within<T>(promise: Promise<T>, ms: number, after: After, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    // Where this process itself stood still it may be there: it is read within a turn.
    const cancel = after(Math.max(0, ms), () => void nextTurn().then(() => reject(tooLate(what))))
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

function tooLate(what: string): UpstreamFailure {
  return new UpstreamFailure('upstream', 'upstream_timeout', 504, what, { mayBeBilled: true })
}

/** As much of an answer is read when its time is over, as it may have come before: an upstream that sends without end always has more. */
const LATE_PIECES_MAX = 4096
const LATE_BYTES_MAX = 4 * 1024 * 1024

/** How long more is waited for, and for what, as the client is told. */
export interface Wait {
  readonly ms: number
  readonly what: string
}

/** The bytes of an answer, each wait for more of them bounded. */
export class WatchedBody {
  private readonly chunks: UpstreamBody
  private readonly after: After
  private ended = false
  /** Its end has come: nothing failed, and nobody stopped it. */
  isAtEnd = false
  /** What `text` has read. */
  private readonly read: Uint8Array[] = []
  private latePieces = 0
  private lateBytes = 0
  /** While a wait is under way. */
  wait: () => Wait

  constructor(chunks: UpstreamBody, after: After, wait: () => Wait) {
    this.chunks = chunks
    this.after = after
    this.wait = wait
  }

  /** What is there already; undefined: nothing; null: that was all. */
  take(): Uint8Array | null | undefined {
    if (this.ended) return null
    const chunk = this.chunks.take?.()
    if (chunk === null) this.atEnd()
    return chunk
  }

  /** @returns null at the end. @throws (the promise is rejected with) UpstreamFailure */
  async next(): Promise<Uint8Array | null> {
    const there = this.take()
    if (there !== undefined) return there
    try {
      const { ms, what } = this.wait()
      if (this.latePieces >= LATE_PIECES_MAX || this.lateBytes >= LATE_BYTES_MAX) throw tooLate(what)
      const { done, value } = await within(this.chunks.next(), ms, this.after, what)
      if (done !== true) {
        if (ms <= 0) this.countLate(value)
        return value
      }
      this.atEnd()
      return null
    } catch (error) {
      this.ended = true
      throw error instanceof UpstreamFailure ? error : failureOfConnection(error)
    }
  }

  private countLate({ byteLength }: Uint8Array): void {
    this.latePieces++
    this.lateBytes += byteLength
  }

  private atEnd(): void {
    this.ended = true
    this.isAtEnd = true
  }

  /** Nothing more is wanted of it. */
  stop(): void {
    this.ended = true
    // Of a generator that waits this is done when it has got something: whoever called has broken that off.
    void Promise.resolve(this.chunks.return?.()).catch(() => {})
  }

  /** As much of it as `text` has read, where that came to no end. */
  get textSoFar(): string {
    return textOf(this.read)
  }

  /** All of it, as text. @throws (the promise is rejected with) UpstreamFailure, for more than `bytesMax` too */
  async text(bytesMax: number): Promise<string> {
    const { read } = this
    let bytes = 0
    for (;;) {
      const there = this.take()
      const chunk = there === undefined ? await this.next() : there
      if (chunk === null) return textOf(read)
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
      read.push(chunk)
    }
  }
}

const UTF8 = new TextDecoder()

function textOf(chunks: readonly Uint8Array[]): string {
  const [first] = chunks
  if (chunks.length === 1 && first !== undefined) return UTF8.decode(first)
  const decoder = new TextDecoder()
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode()
}
