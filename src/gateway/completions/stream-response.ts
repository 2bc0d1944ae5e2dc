import type { After } from '../../base/after.js'
import type { Json } from '../../base/json.js'
import type { GatewayConfig } from '../config/config.js'
import type { AnswerSink, AnswerStream, ClientAnswer } from '../doors/client-answer.js'
import type { Refusal } from '../keys/refusal.js'
import type { UpstreamFailure } from '../upstreams/failure.js'
import type { WatchedBody } from '../upstreams/watched-body.js'
import type { Booking } from './booking.js'
import { type Exchange, GATEWAY_CLOSED } from './exchange.js'
import type { StreamedAnswer } from './streamed.js'

/** The call of an upstream whose stream is sent on. */
export interface StreamedCall {
  readonly exchange: Exchange
  readonly config: GatewayConfig
  readonly after: After
  answered(status: number): void
  readonly booking: Pick<Booking, 'gone' | 'failure'>
  breakOff(): void
  errorEvent(message: string, code: string, latest: Json | null): string
  /** What a client may see of a failure. */
  told(error: unknown): UpstreamFailure
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Proxies that hold a stream back would take the first token from its client.
  'x-accel-buffering': 'no',
}
/** After the last event of a stream its connection may be used again, if its end comes so soon. */
const LINGER_MS = 250
const LINGER_READS_MAX = 8

/**
 * A stream on its way to the client, as fast as that reads: what waits for it is bounded, and then the upstream is not read
 * either. However it ends, it is booked: also where nobody begins it.
 */
export class StreamResponse implements AnswerStream {
  readonly waitingBytesMax: number
  private readonly call: StreamedCall
  private readonly streamed: StreamedAnswer
  private readonly body: WatchedBody
  private readonly forget: (() => void)[] = []
  private sink: AnswerSink | null = null
  private reading: Promise<void> | null = null
  private isOver = false
  /** It is to end, as soon as the read that is under way is over: that may bring something all the same. */
  private isEnding = false

  constructor(call: StreamedCall, streamed: StreamedAnswer, body: WatchedBody) {
    this.call = call
    this.streamed = streamed
    this.body = body
    this.waitingBytesMax = call.config.limits.streamBufferBytesMax
    const { exchange, config, after } = call
    const leftMs = Math.max(0, config.timeouts.totalMs - exchange.elapsedMs)
    // A read that is under way has this limit itself; a client that does not read has it here.
    const unread = () => this.reading === null && exchange.breakOff()
    this.forget.push(
      after(leftMs, () => {
        if (this.reading === null) exchange.breakOff()
        else this.forget.push(after(LINGER_MS, unread))
      }),
    )
    this.forget.push(exchange.onBrokenOff(() => this.brokenOff()))
    this.forget.push(exchange.onGone(() => this.gone()))
  }

  /** The head of the answer, and the rest of it. */
  get answer(): ClientAnswer {
    return { status: 200, headers: { ...HEADERS, ...this.call.exchange.headers() }, body: this }
  }

  begin(sink: AnswerSink): void {
    this.sink = sink
    // Its client may have left before.
    if (this.isOver) sink.end()
  }

  cancel(): void {
    this.call.exchange.goneAway()
  }

  pull(): Promise<void> | undefined {
    // Of a client that is gone the rest is read by `drain`, or nobody.
    if (this.call.exchange.isGone || this.isOver) return undefined
    this.reading = this.give().finally(() => {
      this.reading = null
      // It was to end the answer, and had given its last piece before it was told so.
      if (this.isEnding && !this.isOver) this.broken(null)
    })
    return this.reading
  }

  private async give(): Promise<void> {
    try {
      const text = await this.streamed.next()
      if (text !== null) this.sink?.send(text)
      if (text === null || this.streamed.isOver) this.finish()
      else if (this.isEnding) this.broken(null)
    } catch (error) {
      this.broken(error)
    }
  }

  private finish(): void {
    if (!this.over()) return
    this.call.answered(200)
    this.sink?.end()
    void this.linger()
  }

  private broken(error: unknown): void {
    this.body.stop()
    if (!this.over()) return
    const { call } = this
    const { exchange } = call
    call.breakOff()
    if (exchange.hasLeft) {
      call.booking.gone()
      exchange.end(200, 'cancelled', 'client_gone')
    } else if (exchange.isCut) {
      call.booking.gone()
      this.failed(GATEWAY_CLOSED)
    } else {
      const failure = call.told(error)
      call.booking.failure(failure)
      this.failed(failure)
    }
    this.sink?.end()
  }

  private failed({ message, code }: Pick<Refusal, 'message' | 'code'>): void {
    const { exchange } = this.call
    exchange.failedBy(message)
    exchange.end(200, 'failed', code)
    this.sink?.send(this.call.errorEvent(message, code, this.streamed.latest))
  }

  /** Nobody reads on: to the end without a client, or not at all. */
  private gone(): void {
    const { exchange, config } = this.call
    if (config.sessions.onClientGone === 'drain' && !exchange.isBrokenOff) void this.drain()
    else this.brokenOff()
  }

  private brokenOff(): void {
    this.call.breakOff()
    // A read that is under way ends by that, and books it.
    this.isEnding = true
    if (this.reading === null) this.broken(null)
  }

  private async drain(): Promise<void> {
    await this.reading
    if (this.isOver) return
    this.reading = this.readToEnd().finally(() => {
      this.reading = null
    })
  }

  private async readToEnd(): Promise<void> {
    try {
      while (!this.streamed.isOver && !this.isEnding) await this.streamed.next()
      if (this.streamed.isOver) this.finish()
      else this.broken(null)
    } catch (error) {
      this.broken(error)
    }
  }

  /** @returns false: it was over before */
  private over(): boolean {
    if (this.isOver) return false
    this.isOver = true
    for (const forget of this.forget.splice(0)) forget()
    return true
  }

  /** Reads the end of the bytes, so that the connection can be kept. */
  private async linger(): Promise<void> {
    this.body.wait = () => ({ ms: LINGER_MS, what: 'no end' })
    try {
      for (let reads = 0; reads < LINGER_READS_MAX; reads++) if ((await this.body.next()) === null) break
    } catch {
      // It does not end: it is broken off.
    }
    if (this.body.isAtEnd) return
    this.body.stop()
    this.call.breakOff()
  }
}
