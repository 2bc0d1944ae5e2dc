import { addedUsage } from '../../base/added-usage.js'
import { checkKeys, checkRecord } from '../../base/check.js'
import { expected, ParetoBanditError } from '../../base/errors.js'
import { memberOf } from '../../base/json.js'
import { mergedUsage } from '../../base/merged-usage.js'
import { isResponse, isSignal } from '../../base/of-the-web.js'
import { reading, readRecordOnce } from '../../base/read-once.js'
import { hearRejection } from '../../base/rejection.js'
import { isStream, readsItself } from '../../base/stream.js'
import type { ContextInput } from '../../features/context-reader.js'
import type { ServiceTier } from '../../models/service-tier.js'
import { untoldSides } from '../../models/usage/usage.js'
import type { Decision } from '../../policy/decision.js'
import { checkRouteOptions, ROUTE_OPTION_KEYS, type RouteOptions } from '../../policy/route-options.js'
import type { Decisions } from '../decisions.js'
import type { Feedback } from '../feedback.js'
import { attempt, type Settlement } from '../given-feedback.js'
import type { Receipt } from '../journal.js'
import { endsLaterWithError, endsWithError } from './answer-end.js'
import { isPartialUsage, laterServiceTierOf, pieceUsageOf, serviceTierOf, usageOf } from './answer-usage.js'
import { failureOf, isAbort } from './call-error.js'
import { ChatChoices } from './chat-choices.js'
import { followedStream } from './followed-stream.js'
import type { Run, RunCall, RunOptions } from './run-options.js'
import { RunSessions } from './run-sessions.js'
import { untilAborted } from './until-aborted.js'
import { leave, watchedStream } from './watched-stream.js'

const TRIES_MAX = 2
const TRIES_LIMIT = 16

/** Options as they are used. */
interface Asked {
  /** Of its tenant: two that call conversations alike share none. */
  readonly session: string | null
  readonly signal: AbortSignal | undefined
  readonly triesMax: number
  readonly usage: (answer: unknown) => object | PromiseLike<object> | null
  readonly route: RouteOptions
}

/** A call that was made. */
interface Made {
  readonly decision: Decision
  readonly asked: Asked
  readonly beganAt: number
}

/** What is known of an answer's bill. */
interface Heard {
  readonly usage: object | null
  readonly serviceTier: ServiceTier | null
  /** Whether the usage is of all of the answer, as far as its provider says. */
  readonly isWhole: boolean
}
const NOTHING: Heard = { usage: null, serviceTier: null, isWhole: false }
/** Of a call that is certain to cost nothing. Said, it is booked too where newer requests pushed its request out, or its model is gone. */
const FREE = { costUsd: 0 } as const

/**
 * Routes, calls and books, model after model, until one answers. An answer is booked by its usage; where it has none, and for a call
 * that broke off after it was sent, by its reservation, as the provider may bill it.
 */
export class Runner {
  private readonly decisions: Pick<Decisions, 'routeAsync' | 'preview'>
  private readonly feedback: Pick<Feedback, 'settle' | 'fail' | 'cancel' | 'costOf' | 'reward' | 'rewardMany'>
  private readonly sessions = new RunSessions()
  private readonly now: () => number

  /** @param now milliseconds since 1970 UTC */
  constructor(
    decisions: Pick<Decisions, 'routeAsync' | 'preview'>,
    feedback: Pick<Feedback, 'settle' | 'fail' | 'cancel' | 'costOf' | 'reward' | 'rewardMany'>,
    now: () => number,
  ) {
    this.decisions = decisions
    this.feedback = feedback
    this.now = now
  }

  async run<Answer>(
    input: ContextInput,
    options: RunOptions | undefined,
    call: RunCall<Answer>,
  ): Promise<Run<Answer>> {
    const asked = readOptions(options)
    if (typeof call !== 'function') throw expected('INVALID_ARGUMENT', 'call', 'a function', call)
    const decisions: Decision[] = []
    let failure: unknown
    let refused: Run<Answer> | null = null
    for (;;) {
      const route = () => this.route(input, asked, decisions, failure)
      // No call was made for a decision that comes too late.
      const unasked = ({ id }: Decision) => book(() => this.feedback.cancel(id, FREE))
      let decision: Decision
      try {
        decision = await untilAborted(route, asked.signal, unasked)
      } catch (error) {
        if (refused !== null && error === failure) return refused
        throw error
      }
      decisions.push(decision)
      if (refused !== null) drop(refused.answer)
      refused = null
      const made = { decision, asked, beganAt: this.now() }
      try {
        const context = { signal: asked.signal, attempt: decisions.length }
        const given = await untilAborted<Answer>(() => call(decision, context), asked.signal, drop)
        if (!isRefusedResponse(given)) return this.runOf(await this.answered(given, made), made, decisions)
        refused = this.runOf(given, made, decisions)
        failure = given
      } catch (error) {
        failure = error
      }
      const mayRetry = this.failed(failure, made, heardIn(failure), false)
      if (mayRetry && decisions.length < asked.triesMax) continue
      if (refused !== null) return refused
      throw failure
    }
  }

  /**
   * Of a session its own model first.
   * @param failure of the try before this one: it is told where no model is left
   */
  private async route(
    input: ContextInput,
    { session, route }: Asked,
    before: readonly Decision[],
    failure: unknown,
  ): Promise<Decision> {
    const model = session === null || before.length > 0 ? null : this.sessions.modelOf(session, this.now())
    const isAllowed =
      model !== null && route.candidates?.includes(model) !== false && route.exclude?.includes(model) !== true
    if (isAllowed) {
      const asked = { ...route, candidates: [model] }
      try {
        // A refusal would count as a request of its own, and pay in: so it is looked for first.
        await this.decisions.preview(input, asked)
        return await this.decisions.routeAsync(input, asked)
      } catch (error) {
        // It may be gone, down, or too dear by now: then the conversation goes on with another.
        if (!isRefusal(error)) throw error
      }
    }
    try {
      const tried = before.map((each) => each.model)
      const exclude = [...(route.exclude ?? []), ...tried]
      return await this.decisions.routeAsync(input, before.length === 0 ? route : { ...route, exclude })
    } catch (error) {
      throw before.length > 0 && isRefusal(error) ? failure : error
    }
  }

  /** Books an answer, or sees to it that its stream is. @returns what the caller gets */
  private async answered<Answer>(answer: Answer, made: Made): Promise<Answer> {
    const usage = usageIn(answer, made)
    if (usage === null && isStream(answer)) return this.stream(answer, made)
    const serviceTier = quietly(() => serviceTierOf(answer))
    if (usage !== null && isPromise(usage)) {
      const laterTier = quietly(() => laterServiceTierOf(answer))
      untilAborted(() => usage, made.asked.signal).then(
        async (later) => {
          const tier = serviceTier ?? (laterTier === null ? null : await laterTier)
          const laterEnd = quietly(() => endsLaterWithError(answer))
          const isBroken = laterEnd === null ? isBrokenOff(answer) : await laterEnd
          // What was counted of it before an error may be its beginning.
          this.end(made, { usage: later, serviceTier: tier, isWhole: !isBroken }, isBroken)
        },
        (error: unknown) => this.failed(error, made, NOTHING, true),
      )
    } else this.end(made, { usage, serviceTier, isWhole: true }, isBrokenOff(answer))
    this.note(made)
    return answer
  }

  /** Until its first event another model may be asked. */
  private async stream<Stream extends AsyncIterable<unknown> & object>(
    stream: Stream,
    made: Made,
  ): Promise<Stream> {
    const source = stream[Symbol.asyncIterator]()
    const { signal } = made.asked
    const first = await untilAborted(() => source.next(), signal).catch((error: unknown) => {
      if (signal?.aborted === true) leave(source)
      throw error
    })
    this.note(made)
    let heard = NOTHING
    let isBroken = false
    const choices = new ChatChoices()
    const seen = (event: unknown): void => {
      const serviceTier = quietly(() => serviceTierOf(event)) ?? heard.serviceTier
      const piece = made.asked.usage === usageOf ? quietly(() => pieceUsageOf(event)) : null
      const found = piece ?? usageIn(event, made)
      // What is counted after an error may be the answer's beginning.
      const isWhole = !isBroken && quietly(() => isPartialUsage(event, choices.goOn(event))) === false
      isBroken ||= isBrokenOff(event)
      if (piece !== null)
        heard = { usage: addedUsage(heard.usage, piece), serviceTier, isWhole: heard.isWhole || isWhole }
      else if (found === null || isPromise(found)) heard = { ...heard, serviceTier }
      else heard = { ...withUsage(heard, found, isWhole), serviceTier }
    }
    const end = {
      ended: () => this.end(made, heard, isBroken),
      failed: (error: unknown) => void this.failed(error, made, heard, true),
      left: () => (isBroken ? this.end(made, heard, true) : this.cancel(made, heard)),
      aborted: () => (heard.isWhole ? this.settle(made, heard) : this.cancel(made, heard)),
    }
    if (readsItself(stream)) return followedStream(stream, source, first, seen, end, signal)
    return watchedStream(stream, source, first, seen, end, signal)
  }

  /** A step of its session is answered. */
  private note({ decision, asked: { session } }: Made): void {
    if (session !== null) this.sessions.answered(session, decision, this.now())
  }

  /** @param isBroken whether the answer says that an error ended it: then its model has failed, and bills it all the same */
  private end(made: Made, heard: Heard, isBroken: boolean): void {
    if (isBroken) this.failed(null, made, heard, true)
    else this.settle(made, heard)
  }

  /** Of an answer that tells no cost the settlement says so, and what was reserved is booked. */
  private settle(made: Made, heard: Heard): void {
    if (heard.usage === null) book(() => this.feedback.settle(made.decision.id, this.latency(made)))
    else this.bill(made, heard, (id, bill) => this.feedback.settle(id, bill))
  }

  private cancel(made: Made, heard: Heard): void {
    this.bill(made, this.ofBroken(made, heard), (id, bill) => this.feedback.cancel(id, bill))
  }

  /**
   * What breaks off was billed more than the usage of a part says, or one that counts a side alone: no less than was reserved. A usage that
   * counts nothing says nothing.
   */
  private ofBroken({ decision }: Made, heard: Heard): Heard {
    const { usage, serviceTier, isWhole } = heard
    if (usage === null) return heard
    const bill = { ...billOf(usage), serviceTier }
    const costUsd = attempt(() => this.feedback.costOf(decision.id, bill))
    if (typeof costUsd !== 'number') return { ...heard, usage: null }
    if (isWhole && ('costUsd' in bill || untoldSides(usage).length === 0)) return heard
    return { ...heard, usage: costUsd > decision.reservedUsd ? { costUsd } : null }
  }

  /**
   * Books a call that failed.
   * @param heard as far as its stream said
   * @param hasBegun whether something of an answer came: then whoever gave it may bill it, whatever went wrong later
   * @returns whether another model may do better
   */
  private failed(error: unknown, made: Made, heard: Heard, hasBegun: boolean): boolean {
    if (made.asked.signal?.aborted === true || isAbort(error)) {
      this.cancel(made, heard)
      return false
    }
    const { blames, retryAfterMs, mayBeBilled } = failureOf(error, this.now())
    const act = (id: string, bill: Settlement): unknown =>
      blames === 'model' ? this.feedback.fail(id, { ...bill, retryAfterMs }) : this.feedback.cancel(id, bill)
    if (hasBegun || mayBeBilled) this.bill(made, this.ofBroken(made, heard), act)
    else book(() => act(made.decision.id, { ...FREE, ...this.latency(made) }))
    return blames !== 'caller'
  }

  /** By the usage; without one, or by one that cannot be read, what was set aside. */
  private bill(
    made: Made,
    { usage, serviceTier }: Heard,
    act: (id: string, bill: Settlement) => unknown,
  ): void {
    const { id, reservedUsd } = made.decision
    const latency = this.latency(made)
    const isBooked = usage !== null && book(() => act(id, { ...billOf(usage), serviceTier, ...latency }))
    if (!isBooked) book(() => act(id, { costUsd: reservedUsd, ...latency }))
  }

  private latency({ beganAt }: Made): { latencyMs: number } {
    return { latencyMs: Math.max(0, this.now() - beganAt) }
  }

  /** Apart from what was called: rewards come hours later, and a `reward` that is kept for them keeps neither prompt nor answer. */
  private runOf<Answer>(answer: Answer, { decision, asked }: Made, decisions: Decision[]): Run<Answer> {
    const { session } = asked
    const { id } = decision
    return { answer, decision, decisions, reward: (value) => this.reward(id, session, value) }
  }

  private reward(decision: string, session: string | null, reward: number): Receipt {
    const own = this.feedback.reward(decision, reward)
    if (session === null) return own
    const others = this.sessions.takeUnrewarded(session).filter((id) => id !== decision)
    if (others.length === 0) return own
    const items = others.map((id) => ({ id, reward }))
    // Steps that are too old, or have had a reward, take none.
    const { durable } = this.feedback.rewardMany(items, { each: true })
    return { durable: Promise.all([own.durable, durable]).then(() => {}) }
  }
}

/** What an error says of the answer that it was made of, as that of the AI SDK for an object that does not fit. */
function heardIn(error: unknown): Heard {
  const usage = error instanceof Error ? quietly(() => usageOf(error)) : null
  return usage === null || isPromise(usage) ? NOTHING : { ...NOTHING, usage, isWhole: true }
}

/** What an answer, or an event of its stream, says of its usage. */
function usageIn(value: unknown, { asked }: Made): object | PromiseLike<object> | null {
  const usage: unknown = quietly(() => asked.usage(value))
  return typeof usage === 'object' ? usage : null
}

function isBrokenOff(answer: unknown): boolean {
  return quietly(() => endsWithError(answer)) === true
}

/** The answer is there: what of it cannot be looked at, and a function of the caller's that throws, says nothing. */
function quietly<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** What is known once this usage has come too. What the caller says that the answer cost is no count: the latest holds. */
function withUsage(heard: Heard, found: object, isWhole: boolean): Heard {
  if (heard.usage === null) return { ...heard, usage: found, isWhole }
  const usage = mergedUsage(heard.usage, found, isWhole && !heard.isWhole)
  const costUsd = memberOf(found, 'costUsd') ?? null
  return {
    ...heard,
    usage: costUsd === null ? usage : { ...usage, costUsd },
    isWhole: isWhole || heard.isWhole,
  }
}

/** A usage, or what the caller says that an answer cost, with a usage or without. */
function billOf(usage: object): Settlement {
  if (!('costUsd' in usage)) return { usage }
  const { costUsd, ...rest } = usage
  return { costUsd: costUsd as number, ...(Object.keys(rest).length === 0 ? {} : { usage: rest }) }
}

/** An answer that nobody waits for any more: its stream need not go on. */
function drop(answer: unknown): void {
  quietly(() => isStream(answer) && leave(answer[Symbol.asyncIterator]()))
  if (isResponse(answer)) quietly(() => stopBody(answer.body))
}

/** Of the web, or of Node, as that of node-fetch. */
function stopBody(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  if ('cancel' in body && typeof body.cancel === 'function') hearRejection(body.cancel(), () => {})
  else if ('destroy' in body && typeof body.destroy === 'function') body.destroy()
}

/** What `fetch` gives where a client throws. */
function isRefusedResponse(answer: unknown): boolean {
  return isResponse(answer) && !answer.ok
}

function isPromise(value: object): value is PromiseLike<object> {
  return 'then' in value && typeof value.then === 'function'
}

/**
 * What the router does not take stays reserved, and becomes spend: nobody loses an answer for that.
 * @returns whether it took it, or will not take anything else either
 */
function book(act: () => unknown): boolean {
  try {
    act()
    return true
  } catch (error) {
    if (!(error instanceof ParetoBanditError)) throw error
    return error.code !== 'INVALID_ARGUMENT'
  }
}

/** No model may take the request, or can be paid for. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof ParetoBanditError &&
    ['NO_ELIGIBLE_MODEL', 'BUDGET_EXHAUSTED', 'UNKNOWN_MODEL'].includes(error.code)
  )
}

const OPTIONS = [
  ...ROUTE_OPTION_KEYS,
  'session',
  'signal',
  'triesMax',
  'usage',
] as const satisfies readonly (keyof RunOptions)[]

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION; what the state refuses (a model or tenant that is not there) is told by `route` */
function readOptions(options: RunOptions | undefined): Asked {
  const given: RunOptions =
    options === undefined ? {} : readRecordOnce(checkRecord(options, 'options'), 'options')
  checkKeys(given, OPTIONS, '')
  const { session, signal, triesMax = TRIES_MAX, usage = usageOf } = given
  // By their names: what a class has as a getter is no part of a rest.
  const route = reading('options', () =>
    checkRouteOptions(
      Object.fromEntries(
        ROUTE_OPTION_KEYS.flatMap((key) => (given[key] === undefined ? [] : [[key, given[key]]])),
      ),
    ),
  )
  if (session !== undefined && (typeof session !== 'string' || session === ''))
    throw expected('INVALID_ARGUMENT', 'session', 'a text that is not empty', session)
  if (signal !== undefined && !isSignal(signal))
    throw expected('INVALID_ARGUMENT', 'signal', 'an AbortSignal', signal)
  if (!Number.isInteger(triesMax) || triesMax < 1 || triesMax > TRIES_LIMIT)
    throw expected('INVALID_ARGUMENT', 'triesMax', `an integer from 1 to ${TRIES_LIMIT}`, triesMax)
  if (typeof usage !== 'function') throw expected('INVALID_ARGUMENT', 'usage', 'a function', usage)
  const own = session === undefined ? null : JSON.stringify([route.tenant, session])
  return { session: own, signal, triesMax, usage, route }
}
