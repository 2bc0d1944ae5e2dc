import { type Json, objectOf, parseObject } from '../../base/json.js'
import { retryAfterOf } from '../../index.js'
import type { ClientAnswer } from '../doors/client-answer.js'
import { JUDGE_KEY } from '../judge/judge-model.js'
import { NO_FACTS, type ProtocolAdapter } from '../protocols/adapter.js'
import { withMembers, withNumberAt } from '../protocols/json-text.js'
import { ownParameters, parametersIn } from '../protocols/model-parameters.js'
import { isTooDeep, TOO_DEEP } from '../protocols/too-deep.js'
import { Break } from '../upstreams/break.js'
import type { UpstreamAnswer } from '../upstreams/call.js'
import {
  failureOfConnection,
  failureOfError,
  listedError,
  malformed,
  UpstreamFailure,
  unanswered,
} from '../upstreams/failure.js'
import { upstreamHeaders } from '../upstreams/request-headers.js'
import { type Wait, WatchedBody, within } from '../upstreams/watched-body.js'
import { AnswerWorth } from './answer-worth.js'
import { Booking } from './booking.js'
import { BreakableCall } from './breakable-call.js'
import { type Exchange, GATEWAY_CLOSED } from './exchange.js'
import { failureOfAnswer } from './failure-of-answer.js'
import type { House } from './house.js'
import type { Try } from './ledger.js'
import { Meter } from './meter.js'
import type { Order } from './order.js'
import { longestAnswer } from './route-options.js'
import { maySendAgain } from './sent-again.js'
import { type StreamedCall, StreamResponse } from './stream-response.js'
import { StreamedAnswer } from './streamed.js'
import { inWording, refusedWording, type Wording, WordingRefused } from './wordings.js'

/** Of an answer that is an error so much is read. */
const ERROR_BYTES_MAX = 64 * 1024
/** Of JSON or of a stream, with what keeps its connection awake before it: a page of a proxy was written by no model. */
const ANSWER_BEGINS = /^\s*(\{|(data|event|id|retry)?:)/
/** A client that is gone gets a response that nobody reads. */
const GONE_STATUS = 499
/** An answer that is all there, with its usage, may be followed by its end so late: some upstreams leave that out and keep the stream open. */
const END_MS = 2000
const TOO_LATE = 'the time of the request was over (timeouts.totalMs)'
/** So much more of an answer is kept than is logged: a secret is found by the whole of it, also where the line is cut in its middle. */
const SECRET_CHARS_MAX = 16 * 1024
/** No answer waits longer for what is noted of it. */
const NOTE_MS = 100

/** One call of an upstream, from its reservation to its bill. */
export class Attempt implements StreamedCall {
  readonly house: House
  readonly adapter: ProtocolAdapter
  readonly exchange: Exchange
  readonly order: Order
  readonly call: Try
  readonly meter: Meter
  readonly booking: Booking
  private readonly isAgain: boolean
  /** Whether one answer was asked for. */
  private readonly isSingle: boolean
  private readonly worth: AnswerWorth
  private readonly break = new Break()
  /** What is waited for would have had more time, but for what the request has taken before. */
  private isLate = false
  /** What the provider keeps the answer as; null: nothing. */
  private keptAs: string | null = null
  /** What the provider has refused to take in other words. */
  private readonly wordings: Wording[] = []
  /** What is sent otherwise than the client said it, by name. */
  private changes: Json = {}
  private readonly cleanUps: (() => void)[] = []

  /** @param isAgain whether this request was sent to the model before, on a connection that was closed by no fault of it */
  constructor(
    house: House,
    adapter: ProtocolAdapter,
    exchange: Exchange,
    order: Order,
    call: Try,
    isAgain: boolean,
  ) {
    this.isAgain = isAgain
    this.house = house
    this.adapter = adapter
    this.exchange = exchange
    this.order = order
    this.call = call
    const { logging } = order.config
    this.worth = new AnswerWorth(house, adapter, order, call.decision.id)
    this.isSingle = order.size.most.answers === 1
    this.meter = new Meter(logging.content ? logging.contentBytesMax + SECRET_CHARS_MAX : 0, this.isSingle)
    this.booking = new Booking(house, exchange, order, call, this.meter, () => {
      for (const cleanUp of this.cleanUps.splice(0)) cleanUp()
    })
  }

  /** The client's answer; or a failure, booked, before the client has seen anything. */
  async run(): Promise<ClientAnswer | UpstreamFailure> {
    this.cleanUps.push(this.exchange.onBrokenOff(() => this.breakOff()))
    this.cleanUps.push(this.exchange.onGone(() => this.clientIsGone()))
    for (;;) {
      try {
        const answer = await this.once()
        const { model, upstream } = this.call
        for (const wording of this.wordings) this.house.wordings.add(wording, model, upstream)
        return answer
      } catch (error) {
        if (!(error instanceof WordingRefused)) return this.failedBeforeContent(error)
        // Each is said once.
        this.wordings.push(error.wording)
      }
    }
  }

  private async once(): Promise<ClientAnswer> {
    const answer = await this.send()
    if (this.order.asked.isStreamed) return await this.stream(answer)
    return await this.whole(answer)
  }

  private failedBeforeContent(error: unknown): ClientAnswer | UpstreamFailure {
    this.breakOff()
    if (this.exchange.isGone) {
      this.booking.gone()
      return this.goneAnswer()
    }
    const failure = this.told(error)
    this.booking.failure(failure)
    return failure
  }

  told(error: unknown): UpstreamFailure {
    const { house } = this
    if (error instanceof UpstreamFailure) {
      const { code, status, retryAfterMs, body, mayBeBilled, usage, isUnanswered } = error
      const isOfConnection = error.isOfConnection && !this.isAgain
      house.tellOperator(error, this.call, `${this.call.upstream.baseUrl}${this.adapter.path}`)
      // The time of the request was over, not the model's.
      const kind = code === 'upstream_timeout' && this.isLate ? 'operator' : error.kind
      const message = house.scrub(error.message)
      const more = { retryAfterMs, body, mayBeBilled, usage, isUnanswered, isOfConnection }
      return new UpstreamFailure(kind, code, status, message, more)
    }
    if (isTooDeep(error)) {
      if (this.booking.isSent) return malformed('the answer of the upstream has too many levels')
      return new UpstreamFailure('caller', 'invalid_json', 400, TOO_DEEP)
    }
    house.deps.onError(error, 'the call of an upstream')
    const more = { mayBeBilled: true }
    return new UpstreamFailure('operator', 'internal_error', 500, 'the gateway failed', more)
  }

  /** Whether its model may get the request once more. */
  get maySendAgain(): boolean {
    const { order, adapter, call } = this
    const own = ownParameters(adapter.surface, call.model, order.body.json)
    return maySendAgain(adapter.surface, order, own)
  }

  get config() {
    return this.order.config
  }

  get after() {
    return this.house.after
  }

  errorEvent(message: string, code: string, latest: Json | null): string {
    return this.adapter.errorEvent(message, code, latest)
  }

  private goneAnswer(): ClientAnswer {
    if (this.exchange.isCut) return this.exchange.refuse(GATEWAY_CLOSED, this.adapter.errors, 'failed')
    this.exchange.end(GONE_STATUS, 'cancelled', 'client_gone')
    return { status: GONE_STATUS, headers: {}, body: null }
  }

  private async send(): Promise<UpstreamAnswer> {
    const { house, adapter, order, call } = this
    const { timeouts } = order.config
    const { model } = call
    const { json } = order.body
    const own = ownParameters(adapter.surface, model, json)
    const changes = {
      ...adapter.changes(json, order.asked),
      ...parametersIn(adapter.surface, own, json),
      model: model.upstreamModel,
    }
    const isSaidSo = (wording: Wording) =>
      this.wordings.includes(wording) || house.wordings.has(wording, model, call.upstream)
    // Hardly any provider wants it: nothing is copied for the others.
    const mayBeSaidSo = adapter.surface === 'chat' && (this.wordings.length > 0 || house.wordings.isAny)
    this.changes = mayBeSaidSo ? inWording(isSaidSo, json, changes) : changes
    const body = withMembers(order.body.text, this.changes)
    if (this.break.isBroken) throw failureOfConnection(null, false)
    this.booking.isSent = true
    const beganAt = performance.now()
    try {
      const { ms, what } = this.waitOf(timeouts.firstTokenMs, 'the upstream was silent: no answer began')
      return await within(this.begun(body), ms, house.after, what)
    } catch (error) {
      throw error instanceof UpstreamFailure || isTooDeep(error)
        ? error
        : failureOfConnection(error, this.booking.isSent)
    } finally {
      this.exchange.waited(performance.now() - beganAt)
    }
  }

  private begun(body: string): Promise<UpstreamAnswer> {
    const { house, adapter, order, exchange } = this
    const { model, upstream } = this.call
    const { parameters, defaultParameters } = model
    const { break: broken, booking } = this
    if (upstream.protocol !== 'ai-sdk') {
      const headers = upstreamHeaders(upstream, adapter, exchange.request.headers)
      return house.call(new BreakableCall(upstream.baseUrl + adapter.path, headers, body, broken, booking))
    }
    return house.callAiSdk(upstream, {
      surface: adapter.surface,
      modelId: model.upstreamModel,
      body,
      isStreamed: order.asked.isStreamed,
      // Of a client's own `providerOptions` nothing is read, so they stand before no default.
      providerOptions: objectOf(parameters.providerOptions),
      defaultOptions:
        parameters.providerOptions === null ? null : objectOf(defaultParameters.providerOptions),
      package: upstream.package,
      signal: broken.signal,
      now: house.deps.now,
    })
  }

  /** What is left of the time that a request may take. */
  private get leftMs(): number {
    return Math.max(0, this.order.config.timeouts.totalMs - this.exchange.elapsedMs)
  }

  private watched(answer: UpstreamAnswer): WatchedBody {
    const { firstTokenMs, betweenTokensMs } = this.order.config.timeouts
    const until = this.call.beganAt + firstTokenMs
    const { meter, isSingle } = this
    return new WatchedBody(answer.body, this.house.after, () => {
      if (!meter.hasContent)
        return this.waitOf(Math.max(0, until - performance.now()), 'the upstream was silent: no first token')
      const isAllThere = isSingle && meter.isComplete && meter.isCounted && !meter.wentOn
      const ms = isAllThere ? Math.min(END_MS, betweenTokensMs) : betweenTokensMs
      return this.waitOf(ms, 'the upstream was silent: no more came of its answer')
    })
  }

  private waitOf(ms: number, what: string): Wait {
    const most = this.noLater(ms)
    return { ms: most, what: this.isLate ? TOO_LATE : what }
  }

  /** What an upstream may take, within what is left of the request. */
  private noLater(ms: number): number {
    const { leftMs } = this
    this.isLate = leftMs < ms
    return Math.min(ms, leftMs)
  }

  /** @throws (the promise is rejected with) UpstreamFailure for a status that is no success */
  private async mustBeOk(answer: UpstreamAnswer, body: WatchedBody): Promise<void> {
    if (answer.status >= 200 && answer.status < 300) return
    const text = await body.text(ERROR_BYTES_MAX).catch(() => '')
    const { body: asked } = this.order
    const wording =
      this.adapter.surface === 'chat' ? refusedWording(answer.status, text, asked.json, this.changes) : null
    if (wording !== null && !this.wordings.includes(wording)) throw new WordingRefused(wording)
    const retryAfterMs = retryAfterOf((name) => answer.header(name), this.house.deps.now())
    throw failureOfAnswer(this.house, this.adapter, this.order, this.call, answer.status, text, retryAfterMs)
  }

  private async whole(answer: UpstreamAnswer): Promise<ClientAnswer> {
    const { exchange, adapter, meter } = this
    const body = this.watched(answer)
    await this.mustBeOk(answer, body)
    const { text, json } = await this.read(body)
    if (json === null) throw malformed('the answer of the upstream is no JSON')
    const facts = adapter.readAnswer(json)
    meter.add(facts)
    this.came(json)
    const error = facts.error ?? meter.failedAtOnce
    if (error !== null) throw failureOfError(error, json, this.house.deps.now())
    if (meter.isOfPromptAlone) throw unanswered()
    if (facts.finish === null && !facts.hasContent) throw malformed('the upstream answered something else')
    const costUsd = this.booking.answer()
    await this.noteModel()
    const { status } = answer
    const path = adapter.usagePath(json)
    const headers = exchange.headersWithCost()
    headers['content-type'] = 'application/json'
    return {
      status,
      headers,
      body: path.length === 0 ? text : withNumberAt(text, path, 'cost', costUsd),
      sent: () => this.sent(status),
    }
  }

  /**
   * All of an answer that is not streamed. What comes of it is counted where it cannot be read, as it may be billed: `json` is null then.
   * @throws (the promise is rejected with) UpstreamFailure where it does not end, or is too long
   */
  private async read(body: WatchedBody): Promise<{ readonly text: string; readonly json: Json | null }> {
    const { exchange, order, meter } = this
    const count = (part: string) => {
      if (ANSWER_BEGINS.test(part))
        meter.addPart(part, longestAnswer(order, order.size.most) ?? Number.POSITIVE_INFINITY)
    }
    const beganAt = performance.now()
    const text = await body
      .text(order.config.limits.answerBytesMax)
      .catch((error: unknown) => {
        count(body.textSoFar)
        throw error
      })
      .finally(() => exchange.waited(performance.now() - beganAt))
    const json = parseObject(text) ?? listedError(text)
    if (json === null) count(text)
    return { text, json }
  }

  /** @param value a whole answer, or an event of its stream */
  private came(value: Json): void {
    this.worth.add(value)
    if (this.order.body.json.store !== false) this.keptAs ??= this.adapter.keptAs(value)
  }

  /** Whose model goes on with the conversation: known to all processes before the client can. */
  private async noteModel(): Promise<void> {
    const { house, order, call } = this
    // Nobody goes on with what a judge was asked.
    if (order.key.id === JUDGE_KEY.id) return
    const { id: model, upstream } = call.model
    const known = house.sessions.answered(order.session, { model, upstream }, this.keptAs)
    if (!house.deps.notes.isShared) return
    await new Promise<void>((resolve) => {
      const cancel = house.after(NOTE_MS, resolve)
      void known.then(cancel).then(resolve)
    })
  }

  private async stream(answer: UpstreamAnswer): Promise<ClientAnswer> {
    const { adapter, order, meter, exchange } = this
    const body = this.watched(answer)
    await this.mustBeOk(answer, body)
    const type = answer.header('content-type') ?? 'text/event-stream'
    if (!type.toLowerCase().startsWith('text/event-stream')) {
      const { json } = await this.read(body).catch(() => ({ json: null }))
      const facts = json === null ? NO_FACTS : adapter.readAnswer(json)
      meter.add(facts)
      throw facts.error === null
        ? malformed(`the upstream answered ${type.slice(0, 60)} in place of a stream`)
        : failureOfError(facts.error, json, this.house.deps.now())
    }
    const streamed = new StreamedAnswer({
      adapter,
      asked: order.asked,
      body,
      meter,
      bytesMax: Math.max(order.config.limits.answerBytesMax, ERROR_BYTES_MAX),
      onData: (data) => this.came(data),
      book: () => this.booking.answer(),
      now: this.house.deps.now,
    })
    try {
      await streamed.start()
    } catch (error) {
      body.stop()
      throw error
    }
    exchange.firstToken()
    // The rest of the answer takes longer.
    void this.noteModel()
    return new StreamResponse(this, streamed, body).answer
  }

  /** The client went away: the call is broken off at once, or when the operator's time for it is over. */
  private clientIsGone(): void {
    const { onClientGone, drainMs } = this.order.config.sessions
    if (onClientGone === 'cancel' || !this.booking.isSent) this.breakOff()
    else this.cleanUps.push(this.house.after(drainMs, () => this.breakOff()))
  }

  breakOff(): void {
    this.break.breakOff()
  }

  private sent(status: number): void {
    try {
      this.answered(status)
    } catch (error) {
      this.house.deps.onError(error, 'the answer of an upstream')
    }
  }

  /** The end of a whole answer, as the record has it. */
  answered(status: number): void {
    const { meter, exchange } = this
    const { record } = exchange
    // Scrubbed before it is cut: half a secret would not be found.
    exchange.finishedBy(meter.finish === null ? null : this.house.scrub(meter.finish))
    if (record.content !== undefined && record.content !== null)
      record.content = { ...record.content, answer: meter.text }
    const check = this.worth.check(meter.verdict)
    if (exchange.hasLeft) exchange.end(status, 'cancelled', 'client_gone')
    else {
      exchange.end(status, 'answered', check.flaw)
      this.worth.tell(check)
    }
  }
}
