import { type ClientAnswer, jsonAnswer } from '../doors/client-answer.js'
import type { ClientRequest } from '../doors/client-request.js'
import type { Admission } from '../keys/rate-limits.js'
import { type ErrorProtocol, type Refusal, refusalBody, refusalHeaders } from '../keys/refusal.js'
import type { Outcome, RequestRecord, Surface } from '../logs/request-record.js'
import type { Booked, Try } from './ledger.js'

const REQUEST_ID = /^[\w.-]{1,128}$/
const TRACE_PARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/
/** Kinds of tokens that stand on the side of the answer. */
const OUTPUT_KINDS = new Set(['output', 'reasoning', 'audioOutput', 'imageOutput'])

type Told = { -readonly [F in keyof RequestRecord]: RequestRecord[F] }

/** One request of a client from its coming to its end, which is told once. */
export class Exchange {
  readonly request: ClientRequest
  readonly record: Told
  admission: Admission | null = null
  /** The client went away, or the gateway closes: nobody reads an answer. */
  isGone = false
  private readonly now: () => number
  private readonly observe: (record: RequestRecord) => void
  private readonly onEnd: (exchange: Exchange) => void
  private readonly goneListeners = new Set<() => void>()
  /** It has to end at once, whatever the operator wants of streams without a client. */
  isBrokenOff = false
  /** Something may have been reserved for it. */
  mayCost = false
  private readonly breakListeners = new Set<() => void>()
  private readonly beganAt = performance.now()
  /** Of the time so far, what upstreams took. */
  private upstreamMs = 0
  private isOver = false
  private settleEnded: () => void = () => {}
  readonly ended = new Promise<void>((resolve) => {
    this.settleEnded = resolve
  })

  constructor(
    request: ClientRequest,
    surface: Surface,
    now: () => number,
    observe: (record: RequestRecord) => void,
    onEnd: (exchange: Exchange) => void,
  ) {
    this.request = request
    this.now = now
    this.observe = observe
    this.onEnd = onEnd
    const given = request.headers.get('x-request-id')
    const traceparent = request.headers.get('traceparent')
    const tracestate = request.headers.get('tracestate')
    this.record = {
      id: given !== null && REQUEST_ID.test(given) ? given : crypto.randomUUID(),
      at: now(),
      surface,
      status: 0,
      outcome: 'refused',
      code: null,
      error: null,
      isStreamed: false,
      key: null,
      tenant: null,
      session: null,
      requestedModel: null,
      model: null,
      upstream: null,
      protocol: null,
      decision: null,
      tries: 0,
      tokens: null,
      costUsd: null,
      latencyMs: 0,
      firstTokenMs: null,
      overheadMs: null,
      trace:
        traceparent === null || !TRACE_PARENT.test(traceparent)
          ? null
          : { traceparent, ...(tracestate === null ? {} : { tracestate }) },
    }
    request.onGone(() => this.goneAway())
    if (request.isGone) this.isGone = true
  }

  get elapsedMs(): number {
    return this.now() - this.record.at
  }

  /** Calls back when nobody waits any more, at once if that is so. @returns takes it back */
  onGone(listener: () => void): () => void {
    if (this.isGone) listener()
    else this.goneListeners.add(listener)
    return () => void this.goneListeners.delete(listener)
  }

  goneAway(): void {
    if (this.isGone || this.isOver) return
    this.isGone = true
    for (const listener of [...this.goneListeners]) listener()
  }

  onBrokenOff(listener: () => void): () => void {
    if (this.isBrokenOff) listener()
    else this.breakListeners.add(listener)
    return () => void this.breakListeners.delete(listener)
  }

  breakOff(): void {
    if (this.isBrokenOff || this.isOver) return
    this.isBrokenOff = true
    this.goneAway()
    for (const listener of [...this.breakListeners]) listener()
  }

  began({ decision, model, upstream }: Pick<Try, 'decision' | 'model' | 'upstream'>): void {
    const { record } = this
    record.tries++
    record.decision = decision.id
    record.model = model.id
    record.upstream = upstream.id
    record.protocol = upstream.protocol
  }

  /** A wait for an upstream is over. */
  waited(ms: number): void {
    this.upstreamMs += ms
  }

  firstToken(): void {
    this.record.firstTokenMs ??= this.elapsedMs
  }

  booked({ costUsd, tokens }: Booked, isMeasured: boolean): void {
    const { record } = this
    record.costUsd = (record.costUsd ?? 0) + costUsd
    if (!isMeasured && costUsd > 0) record.isMeasured = false
    else record.isMeasured ??= true
    if (tokens === null) return
    let input = record.tokens?.input ?? 0
    let output = record.tokens?.output ?? 0
    for (const [kind, count] of Object.entries(tokens)) {
      if (OUTPUT_KINDS.has(kind)) output += count
      else input += count
    }
    const { cachedInput, reasoning } = tokens
    record.tokens = {
      input,
      output,
      ...(cachedInput === undefined ? {} : { cachedInput }),
      ...(reasoning === undefined ? {} : { reasoning }),
    }
  }

  /** Headers of every answer. */
  headers(): Record<string, string> {
    const { id, decision, model } = this.record
    return {
      'x-request-id': id,
      'cache-control': 'no-store',
      ...(decision === null ? {} : { 'x-paretobandit-decision': headerText(decision) }),
      ...(model === null ? {} : { 'x-paretobandit-model': headerText(model) }),
    }
  }

  /** Ends with an error in the client's protocol. */
  refuse(
    refusal: Refusal,
    protocol: ErrorProtocol,
    outcome: Outcome = 'refused',
    body?: object,
  ): ClientAnswer {
    this.record.error = refusal.message
    this.end(refusal.status, this.isGone ? 'cancelled' : outcome, refusal.code)
    const headers = { ...this.headers(), ...this.costHeader(), ...refusalHeaders(refusal) }
    return jsonAnswer(refusal.status, body ?? refusalBody(refusal, protocol), headers)
  }

  costHeader(): Record<string, string> {
    const { costUsd } = this.record
    return costUsd === null ? {} : { 'x-paretobandit-cost-usd': String(costUsd) }
  }

  /** Null: nobody knows, and what was expected counts. What cost nothing and brought nothing has used none. */
  private usedTokens(outcome: Outcome): number | null {
    const { tokens, costUsd, tries } = this.record
    if (tokens !== null) return tokens.input + tokens.output
    const isUsed = (costUsd ?? 0) > 0 || (outcome === 'answered' && tries > 0)
    return isUsed ? null : 0
  }

  /** It is over. Only the first call counts. */
  end(status: number, outcome: Outcome, code: string | null): void {
    if (this.isOver) return
    this.isOver = true
    const { record } = this
    record.status = status
    record.outcome = outcome
    record.code = code
    record.latencyMs = this.elapsedMs
    // Of a stream the client's own pace is in the time, so it tells nothing of ours.
    if (!record.isStreamed)
      record.overheadMs = Math.max(0, performance.now() - this.beganAt - this.upstreamMs)
    this.admission?.end(this.usedTokens(outcome))
    this.goneListeners.clear()
    this.breakListeners.clear()
    this.observe(record)
    this.onEnd(this)
    this.settleEnded()
  }
}

/** A half of a character, which no encoding has: JSON of a client may. */
const LONE_SURROGATE = /\p{Cs}/gu

/** Ids may have any characters; headers may not. */
export function headerText(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : encodeURIComponent(text.replace(LONE_SURROGATE, '\ufffd'))
}
