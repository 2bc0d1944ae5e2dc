import type { TokensByKind } from '../../index.js'
import { type ClientAnswer, jsonAnswer } from '../doors/client-answer.js'
import type { ClientRequest, TakeBytes } from '../doors/client-request.js'
import type { Admission } from '../keys/rate-limits.js'
import { type ErrorProtocol, type Refusal, refusalBody, refusalHeaders } from '../keys/refusal.js'
import type { Outcome, RecordTokens, RequestRecord, Surface } from '../logs/request-record.js'
import type { Booked, Try } from './ledger.js'

const REQUEST_ID = /^[\w.-]{1,128}$/
const TRACE_PARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/
/** Kinds of tokens that stand on the side of the answer. */
const OUTPUT_KINDS = new Set(['output', 'reasoning', 'audioOutput', 'imageOutput'])

/** Records are logged, and 100,000 of them kept: of what an upstream says, so much. */
const ERROR_CHARS_MAX = 2000
const REASON_CHARS_MAX = 200

type Writable<T> = { -readonly [F in keyof T]: T[F] }

/** What a client hears whose request was cut by the end of the gateway. It may send it again: another process, or the next one, answers. */
export const GATEWAY_CLOSED: Refusal = {
  status: 503,
  code: 'gateway_closed',
  message: 'the gateway ended before this request did',
  retryAfterMs: 1000,
}

/** One request of a client from its coming to its end, which is told once. */
export class Exchange {
  readonly request: ClientRequest
  readonly record: Writable<RequestRecord>
  admission: Admission | null = null
  /** The client went away, or the gateway closes: nobody reads an answer. */
  isGone = false
  /** The gateway closes, and its client has waited till then. */
  isCut = false
  private readonly observe: (record: RequestRecord) => void
  private readonly onEnd: (exchange: Exchange) => void
  private goneListeners: (() => void)[] = []
  /** It has to end at once, whatever the operator wants of streams without a client. */
  isBrokenOff = false
  /** Something may have been reserved for it. */
  mayCost = false
  private breakListeners: (() => void)[] = []
  private readonly beganAt = performance.now()
  /** Of the time so far, what upstreams took. */
  private upstreamMs = 0
  private isOver = false
  /** Among those under way. */
  place = 0
  private settleEnded: () => void = () => {}

  constructor(
    request: ClientRequest,
    surface: Surface,
    now: () => number,
    observe: (record: RequestRecord) => void,
    onEnd: (exchange: Exchange) => void,
  ) {
    this.request = request
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

  /** Resolves when it is over. */
  get ended(): Promise<void> {
    if (this.isOver) return Promise.resolve()
    return new Promise((resolve) => {
      const { settleEnded } = this
      this.settleEnded = () => {
        settleEnded()
        resolve()
      }
    })
  }

  /** Whether its client went away, and the gateway goes on. */
  get hasLeft(): boolean {
    return this.isGone && !this.isCut
  }

  /** Whatever becomes of the clock meanwhile. */
  get elapsedMs(): number {
    return Math.round(performance.now() - this.beganAt)
  }

  /** Calls back when nobody waits any more, at once if that is so. @returns takes it back */
  onGone(listener: () => void): () => void {
    if (this.isGone) listener()
    else this.goneListeners.push(listener)
    return () => {
      this.goneListeners = this.goneListeners.filter((each) => each !== listener)
    }
  }

  goneAway(): void {
    if (this.isGone || this.isOver) return
    this.isGone = true
    for (const listener of this.goneListeners) listener()
  }

  onBrokenOff(listener: () => void): () => void {
    if (this.isBrokenOff) listener()
    else this.breakListeners.push(listener)
    return () => {
      this.breakListeners = this.breakListeners.filter((each) => each !== listener)
    }
  }

  breakOff(): void {
    if (this.isBrokenOff || this.isOver) return
    this.isBrokenOff = true
    this.goneAway()
    for (const listener of this.breakListeners) listener()
  }

  /** The gateway closes. */
  cut(): void {
    this.isCut ||= !this.isGone
    this.breakOff()
  }

  /**
   * The body, in one piece. It is not waited for any more when the gateway closes: it may never come.
   * @throws (the promise is rejected with) as `ClientRequest.body`
   */
  body(bytesMax: number, take?: TakeBytes): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const forget = this.onBrokenOff(() => reject(new Error(GATEWAY_CLOSED.message)))
      this.request.body(bytesMax, take).then(
        (bytes) => {
          forget()
          resolve(bytes)
        },
        (error) => {
          forget()
          reject(error)
        },
      )
    })
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
    for (const kind of Object.keys(tokens) as (keyof TokensByKind)[]) {
      const count = tokens[kind] ?? 0
      if (OUTPUT_KINDS.has(kind)) output += count
      else input += count
    }
    const cachedInput = sumOf(record.tokens?.cachedInput, tokens.cachedInput)
    const reasoning = sumOf(record.tokens?.reasoning, tokens.reasoning)
    const all: Writable<RecordTokens> = { input, output }
    if (cachedInput !== undefined) all.cachedInput = cachedInput
    if (reasoning !== undefined) all.reasoning = reasoning
    record.tokens = all
  }

  /** Headers of every answer. */
  headers(): Record<string, string> {
    const { id, surface, decision, model } = this.record
    const headers: Record<string, string> = { 'x-request-id': id, 'cache-control': 'no-store' }
    // As Anthropic's clients read it, for errors too.
    if (surface === 'messages' || surface === 'count_tokens') headers['request-id'] = id
    if (decision !== null) headers['x-paretobandit-decision'] = headerText(decision)
    if (model !== null) headers['x-paretobandit-model'] = headerText(model)
    return headers
  }

  /** @param message in the words of whoever said it, at whatever length */
  failedBy(message: string): void {
    this.record.error = cutText(message, ERROR_CHARS_MAX)
  }

  /** @param reason as the upstream says it; null: it does not */
  finishedBy(reason: string | null): void {
    this.record.finishReason = reason === null ? null : cutText(reason, REASON_CHARS_MAX)
  }

  /** Ends with an error in the client's protocol. */
  refuse(
    refusal: Refusal,
    protocol: ErrorProtocol,
    outcome: Outcome = 'refused',
    body?: object,
  ): ClientAnswer {
    if (this.isCut && refusal !== GATEWAY_CLOSED) return this.refuse(GATEWAY_CLOSED, protocol, 'failed')
    this.failedBy(refusal.message)
    this.end(refusal.status, this.hasLeft ? 'cancelled' : outcome, refusal.code)
    const headers = { ...this.headersWithCost(), ...refusalHeaders(refusal) }
    return jsonAnswer(refusal.status, body ?? refusalBody(refusal, protocol), headers)
  }

  /** And of one whose cost is known when it begins. */
  headersWithCost(): Record<string, string> {
    const headers = this.headers()
    const { costUsd } = this.record
    if (costUsd !== null) headers['x-paretobandit-cost-usd'] = String(costUsd)
    return headers
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
    this.goneListeners = []
    this.breakListeners = []
    this.observe(record)
    this.onEnd(this)
    this.settleEnded()
  }
}

/** Of two tries; undefined: neither has any. */
function sumOf(before: number | undefined, next: number | undefined): number | undefined {
  return before === undefined || next === undefined ? (before ?? next) : before + next
}

/** A half of a character, which no encoding has: JSON of a client may. */
const LONE_SURROGATE = /\p{Cs}/gu

/** Ids may have any characters; headers may not. */
export function headerText(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : encodeURIComponent(text.replace(LONE_SURROGATE, '\ufffd'))
}

function cutText(text: string, charsMax: number): string {
  return text.length > charsMax ? `${text.slice(0, charsMax)}…` : text
}
