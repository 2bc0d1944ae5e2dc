import type { ServerResponse } from 'node:http'
import { type Frame, type Job, type Protocol, TOO_BUSY } from './frame.js'
import type { JsonRecord } from './json.js'
import type { Ended, WritableEntry } from './ledger.js'
import type { After, Fault, RetryAfter } from './plan.js'
import { addTokens, type TokenUse } from './tokens.js'

/** What a reply asks of its upstream. */
export interface Waiting {
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Resolves when it is released. */
  stall(): Promise<void>
  /** Something of an entry changed. */
  changed(): void
}

/** A page of a proxy that stands before a provider. */
const PAGE = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>'
const HTML = 'text/html; charset=utf-8'

export function sendJson(response: ServerResponse, status: number, body: JsonRecord): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** The answer to one request, as its plan has it. */
export class Reply {
  private readonly closed: Promise<void>
  private isClosed = false

  constructor(
    private readonly upstream: Waiting,
    private readonly entry: WritableEntry,
    private readonly response: ServerResponse,
    private readonly job: Job,
    private readonly protocol: Protocol,
  ) {
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        this.isClosed = true
        resolve()
      })
    })
  }

  async run(): Promise<void> {
    const ended = await this.answer()
    await this.closed
    const isLeft = ended === 'answered' && !this.response.writableFinished
    this.entry.ended = isLeft ? 'left' : ended
    this.upstream.changed()
  }

  private async answer(): Promise<Ended> {
    const { job, response } = this
    const { fault, delays } = job.plan
    response.socket?.setNoDelay(true)
    await this.pause(delays.headersMs)
    if (this.isClosed) return 'left'
    if ((fault?.kind === 'reset-before-headers' || fault?.kind === 'status') && fault.isGenerated === true)
      for (const tokens of [job.answer.input, ...job.answer.pieces.map((piece) => piece.tokens)])
        this.generate(tokens)
    if (fault?.kind === 'reset-before-headers') return this.reset()
    if (fault?.kind === 'status') return this.refuse(fault)
    if (fault?.kind === 'content-type') return this.page(200, fault.contentType)
    // A provider that says that it failed, before it said anything else, charges nothing.
    const isFree = fault?.kind === 'error-event' && (!job.request.isStreamed || fault.afterPieces === 0)
    if (!isFree) this.generate(job.answer.input)
    if (fault?.kind === 'stall-before-headers') await this.stall()
    if (this.isClosed) return 'left'
    return job.request.isStreamed ? this.sendFrames(fault) : this.sendBody(fault)
  }

  private async sendFrames(fault: Fault | null): Promise<Ended> {
    const { delays, framing } = this.job.plan
    this.head(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
    this.response.flushHeaders()
    if (framing.hasComments) await this.comment('SIMULATED PROCESSING')
    await this.pause(delays.firstTokenMs)
    let pending = fault
    for (const frame of this.protocol.frames(this.job)) {
      if (frame.isContent && this.entry.piecesSent > 0) await this.pause(delays.betweenTokensMs)
      if (pending !== null && isDue(pending, this.entry.piecesSent, frame)) {
        const ended = await this.fail(pending, frame)
        if (ended !== null) return ended
        pending = null
      }
      if (this.isClosed) return 'left'
      await this.sendFrame(frame)
      if (framing.hasComments && frame.isContent) await this.comment('still here')
    }
    this.response.end()
    return 'answered'
  }

  /** An answer that is not streamed is generated, and billed, whole before its first byte. */
  private async sendBody(fault: Fault | null): Promise<Ended> {
    const { job } = this
    await this.pause(job.plan.delays.firstTokenMs)
    if (this.isClosed) return 'left'
    if (fault?.kind === 'error-event') {
      sendJson(this.response, 200, this.protocol.error(500, 'server_error', fault.message ?? TOO_BUSY))
      this.entry.status = 200
      return 'failed'
    }
    for (const { tokens } of job.answer.pieces) this.generate(tokens)
    const body = this.protocol.body(job)
    const { paddingBytes } = job.plan.framing
    const text = JSON.stringify(paddingBytes > 0 ? { ...body, padding: 'x'.repeat(paddingBytes) } : body)
    const half = text.slice(0, text.length / 2)
    const isCut = fault !== null && 'afterPieces' in fault
    const isPromised = fault?.kind === 'reset' || fault?.kind === 'stall'
    const length = isPromised ? { 'content-length': String(Buffer.byteLength(text)) } : {}
    this.head(200, { 'content-type': 'application/json', ...length })
    if (!isCut) {
      this.entry.isUsageSent = job.plan.usage.place !== 'missing'
      this.entry.piecesSent = job.answer.pieces.length
      await this.write(text)
      this.response.end()
      return 'answered'
    }
    await this.write(half)
    if (fault.kind === 'stall') {
      await this.stall()
      if (this.isClosed) return 'left'
      this.entry.isUsageSent = job.plan.usage.place !== 'missing'
      await this.write(text.slice(half.length))
      this.response.end()
      return 'answered'
    }
    if (fault.kind === 'reset') return this.reset()
    this.response.end()
    return 'failed'
  }

  /** @return null: it goes on */
  private async fail(fault: Fault, next: Frame): Promise<Ended | null> {
    switch (fault.kind) {
      case 'stall':
        await this.stall()
        return this.isClosed ? 'left' : null
      case 'reset':
        return this.reset()
      case 'error-event':
        await this.sendError(fault, next)
        break
      case 'malformed': {
        const text = this.textOf(next)
        await this.write(`${text.trimEnd().slice(0, -7)}${this.job.plan.framing.lineEnd.repeat(2)}`)
        break
      }
    }
    this.response.end()
    return 'failed'
  }

  private sendError(fault: Extract<Fault, { kind: 'error-event' }>, next: Frame): Promise<void> {
    const { message = TOO_BUSY, form = 'error' } = fault
    return this.sendFrame(this.protocol.errorFrame(this.job, message, form, next))
  }

  private refuse(fault: Extract<Fault, { kind: 'status' }>): Ended {
    const { status, retryAfter, body = 'error', message = TOO_BUSY, code } = fault
    const headers = retryAfter === undefined ? {} : retryHeaders(retryAfter, this.upstream.now())
    if (body === 'html') return this.page(status, HTML, headers)
    this.head(status, { ...headers, ...(body === 'error' ? { 'content-type': 'application/json' } : {}) })
    const error = this.protocol.error(status, code ?? codeOf(status), message)
    this.response.end(body === 'error' ? JSON.stringify(error) : undefined)
    return 'failed'
  }

  private page(status: number, contentType: string, headers: Readonly<Record<string, string>> = {}): Ended {
    this.head(status, { 'content-type': contentType, ...headers })
    this.response.end(PAGE)
    return 'failed'
  }

  private reset(): Ended {
    const { socket } = this.response
    // What was written must be on its way: a reset throws away what is not.
    setImmediate(() => socket?.resetAndDestroy())
    return 'failed'
  }

  private head(status: number, headers: Readonly<Record<string, string>>): void {
    this.entry.status = status
    this.response.writeHead(status, {
      'x-request-id': `req_${this.job.id}`,
      ...headers,
      ...this.job.plan.headers,
    })
    this.upstream.changed()
  }

  private async sendFrame(frame: Frame): Promise<void> {
    const { entry } = this
    this.generate(frame.tokens)
    const { paddingBytes, isEachPadded } = this.job.plan.framing
    const isPadded = frame.isContent && (isEachPadded || entry.piecesSent === 0)
    if (frame.isContent) entry.piecesSent++
    if (frame.hasUsage) entry.isUsageSent = true
    await this.write(this.textOf(frame, isPadded ? paddingBytes : 0))
    if (frame.isContent) this.upstream.changed()
  }

  private textOf({ event, data }: Frame, paddingBytes = 0): string {
    const { lineEnd } = this.job.plan.framing
    const padded =
      data !== '[DONE]' && paddingBytes > 0 ? { ...data, padding: 'x'.repeat(paddingBytes) } : data
    const text = padded === '[DONE]' ? padded : JSON.stringify(padded)
    return `${event === null ? '' : `event: ${event}${lineEnd}`}data: ${text}${lineEnd}${lineEnd}`
  }

  private comment(text: string): Promise<void> {
    return this.write(`: ${text}${this.job.plan.framing.lineEnd.repeat(2)}`)
  }

  private generate(tokens: Partial<TokenUse>): void {
    this.entry.tokens = addTokens(this.entry.tokens, tokens)
    this.entry.costUsd = this.job.costUsd(this.entry.tokens)
  }

  /** Waits where the caller does not read. */
  private async write(text: string): Promise<void> {
    const bytes = Buffer.from(text)
    const size = this.job.plan.framing.bytesPerWrite ?? bytes.length
    for (let i = 0; i < bytes.length && !this.isClosed; i += size) {
      const isRoom = this.response.write(bytes.subarray(i, i + size))
      this.entry.bytesSent += Math.min(size, bytes.length - i)
      if (!isRoom) await this.drained()
      // A write of its own is a chunk of its own for whoever reads.
      if (size < bytes.length) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  private async drained(): Promise<void> {
    this.entry.isBlocked = true
    this.upstream.changed()
    await Promise.race([new Promise<void>((resolve) => this.response.once('drain', resolve)), this.closed])
    this.entry.isBlocked = false
  }

  private async pause(ms: number): Promise<void> {
    if (ms > 0) await Promise.race([this.upstream.sleep(ms), this.closed])
  }

  private async stall(): Promise<void> {
    this.entry.isStalled = true
    this.upstream.changed()
    await Promise.race([this.upstream.stall(), this.closed])
    this.entry.isStalled = false
  }
}

function isDue(fault: Fault, piecesSent: number, frame: Frame): boolean {
  const after: After | null = 'afterPieces' in fault ? fault.afterPieces : null
  if (after === null) return false
  if (after === 'all') return frame.isLast
  return frame.isLast || (piecesSent >= after && (frame.isContent || piecesSent > 0))
}

function retryHeaders(retryAfter: RetryAfter, now: number): Record<string, string> {
  switch (retryAfter.form) {
    case 'seconds':
      return { 'retry-after': String(retryAfter.seconds) }
    case 'date':
      return { 'retry-after': new Date(now + retryAfter.seconds * 1000).toUTCString() }
    case 'ms':
      return { 'retry-after-ms': String(retryAfter.ms) }
  }
}

function codeOf(status: number): string {
  const codes: Readonly<Record<number, string>> = {
    400: 'invalid_request',
    401: 'invalid_api_key',
    402: 'insufficient_quota',
    404: 'model_not_found',
    429: 'rate_limit_exceeded',
  }
  return codes[status] ?? 'server_error'
}
