import { checkAmount, checkKeys, checkRecord } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { reading } from '../base/read-once.js'
import { type ContextInput, ContextReader } from '../features/context-reader.js'
import type { Decision, ExplainOptions, Explanation, Preview } from '../policy/decision.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { Policy } from '../policy/policy.js'
import { checkRouteOptions, type RouteOptions } from '../policy/route-options.js'
import type { Committer } from './committer.js'
import { DecisionMaker } from './decision-maker.js'

/** A request waits that often for more of the money that processes share: of many that wait for the same the next slice may pay for a few. */
const WAITS_MAX = 16

/** Called with a refusal. @returns whether more of the money that processes share is on its way, so that it is tried again */
type Wait = (refusal: ParetoBanditError) => boolean

/** Requests in, decisions out: contexts read, what time brings about recorded, the decision's event committed. */
export class Decisions {
  readonly maker: DecisionMaker
  private readonly reader: ContextReader
  private readonly committer: Committer
  private readonly options: ResolvedOptions
  /** Of the request that is decided, as its text says; null where the request says it, or nothing does. */
  private inputTokens: number | null = null

  constructor(options: ResolvedOptions, policy: Policy, committer: Committer) {
    this.committer = committer
    this.options = options
    this.reader = new ContextReader(options.encoder, options.dimension, options.bias)
    this.maker = new DecisionMaker(options, policy.chooser(options))
  }

  route(input: ContextInput, options: RouteOptions | undefined): Decision {
    const request = this.checkOptions(options)
    const at = this.begin(input, null, request)
    try {
      return this.dispatch(request, at, this.inputTokens)
    } finally {
      this.committer.emitter.deliver()
    }
  }

  routeAsync(input: ContextInput, options: RouteOptions | undefined): Promise<Decision> {
    return this.tryPatiently(input, options, (request, at, wait) =>
      this.dispatch(request, at, this.inputTokens, wait),
    )
  }

  preview(input: ContextInput, options: RouteOptions | undefined): Promise<Preview> {
    return this.tryPatiently(input, options, (request, at, wait) => {
      const { committer, inputTokens, maker } = this
      committer.isActing = true
      try {
        // A new period of a cap, a request that has expired: what time has brought about is no part of the request.
        committer.checkRoom()
        committer.expireDue(at)
        for (const event of maker.due(committer.state, request, at)) committer.record(event)
        return maker.preview(committer.state, request, at, inputTokens)
      } catch (error) {
        if (isRefusal(error)) wait(error)
        throw error
      } finally {
        committer.isActing = false
      }
    })
  }

  /** Waits for an encoder, and tries; again where it was refused while more of the money that processes share was on its way. */
  private async tryPatiently<T>(
    input: ContextInput,
    options: RouteOptions | undefined,
    attempt: (request: RouteOptions | null, at: number, wait: Wait) => T,
  ): Promise<T> {
    const request = this.checkOptions(options)
    const { input: resolved, text } = await this.reader.resolve(input)
    for (let waits = 0; ; waits++) {
      const at = this.begin(resolved, text, request)
      let comes: Promise<void> | null = null
      try {
        return attempt(request, at, ({ neededUsd = 0 }) => {
          if (waits < WAITS_MAX) comes = this.maker.lease?.more(request?.tenant ?? null, neededUsd) ?? null
          return comes !== null
        })
      } catch (error) {
        if (comes === null) throw error
      } finally {
        this.committer.emitter.deliver()
      }
      await comes
    }
  }

  /**
   * All that may run the caller's code comes first: reading the input, and the clock. Then it is decided.
   * @param encoded the text that a vector was made from; null where the input itself is to be read
   * @returns when it is decided, ms; how long it is stands in `inputTokens`
   */
  private begin(input: ContextInput, encoded: string | null, request: RouteOptions | null): number {
    const { committer, maker, reader } = this
    const context = reader.take(input, 'input')
    const inputTokens = this.tokensOf(encoded ?? reader.text, request)
    let at: number
    try {
      at = committer.now()
    } finally {
      reader.release()
    }
    this.inputTokens = inputTokens
    // The state is looked up only now: what ran may have changed it.
    maker.checkRequest(committer.state, request)
    this.tellNotices(at)
    maker.beginOne(committer.state, context)
    return at
  }

  routeMany(inputs: readonly ContextInput[], options: RouteOptions | undefined): Decision[] {
    const { committer, maker, reader } = this
    const request = this.checkOptions(options)
    const tokens: (number | null)[] = []
    const contexts = reader.readMany(inputs, 'inputs', (text, i) => {
      tokens[i] = this.tokensOf(text, request)
    })
    const count = contexts.length / reader.dimension
    const at = committer.now()
    maker.checkRequest(committer.state, request)
    this.tellNotices(at)
    committer.state.pending.makeRoom(count)
    const decisions: Decision[] = []
    try {
      for (let i = 0; i < count; i++) {
        maker.beginOneOf(committer.state, contexts, i, request)
        decisions.push(this.dispatch(request, at, tokens[i] ?? null))
      }
    } catch (error) {
      if (decisions.length === 0 || !endsBatch(error)) throw error
    } finally {
      committer.emitter.deliver()
    }
    return decisions
  }

  expire(): number {
    const { committer } = this
    const count = committer.expireDue(committer.now())
    committer.emitter.deliver()
    return count
  }

  /** What is counted and was to be recorded later, so that a flush has it. A closed or broken journal takes no more. */
  recordWaiting(): void {
    const { committer, maker } = this
    if (committer.isActing) return
    try {
      committer.checkRoom()
    } catch (error) {
      // Of a full journal they are few more, one for each counter: no request is counted while it is full.
      if (!(error instanceof ParetoBanditError) || error.code !== 'JOURNAL_FULL') return
    }
    committer.commitWaiting(maker.waiting(committer.state, committer.now()))
  }

  explain(id: string, options: ExplainOptions | undefined): Explanation {
    const { inputTokens } = options === undefined ? {} : reading('options', () => checkExplain(options))
    return this.maker.explain(this.committer.state, id, inputTokens)
  }

  /** Before anything of the next requests is in the arena. */
  private tellNotices(at: number): void {
    const { committer, maker } = this
    for (const notice of maker.notices(committer.state, at, committer.emitter)) committer.emitter.add(notice)
  }

  /** Input tokens of a text of unknown size. */
  private tokensOf(text: string | null, request: RouteOptions | null): number | null {
    const { estimateTokens, textTokensMin } = this.options
    if (text === null || estimateTokens === null || request?.inputTokens !== undefined) return null
    return Math.max(estimateTokens(text), textTokensMin)
  }

  /** @param wait left out: the caller cannot */
  private dispatch(
    request: RouteOptions | null,
    at: number,
    inputTokens: number | null,
    wait?: Wait,
  ): Decision {
    const { committer } = this
    committer.isActing = true
    try {
      return this.act(request, at, inputTokens, wait)
    } finally {
      committer.isActing = false
    }
  }

  private act(request: RouteOptions | null, at: number, inputTokens: number | null, wait?: Wait): Decision {
    const { committer, maker } = this
    committer.checkRoom()
    committer.state.pending.makeRoom()
    if (committer.isDue(at)) {
      // Before anything expires: a call that throws has changed nothing.
      maker.checkEligible(committer.state, request, at, inputTokens)
      committer.expireDue(at)
    }
    for (const event of maker.due(committer.state, request, at)) committer.record(event)
    const decision = this.decide(request, at, inputTokens, wait)
    committer.expirePushedOut(at)
    maker.applyTo(committer.state)
    committer.journal?.append(maker.event)
    if (committer.emitter.hears('routed')) committer.emitter.add(maker.copyOfEvent())
    return decision
  }

  private decide(
    request: RouteOptions | null,
    at: number,
    inputTokens: number | null,
    wait?: Wait,
  ): Decision {
    const { committer, maker } = this
    try {
      return maker.decide(committer.state, request, at, inputTokens)
    } catch (error) {
      if (isRefusal(error) && !wait?.(error))
        for (const event of maker.refused(request, at)) committer.record(event)
      throw error
    }
  }

  private checkOptions(options: RouteOptions | undefined): RouteOptions | null {
    const request = options === undefined ? null : reading('options', () => checkRouteOptions(options))
    this.maker.checkRequest(this.committer.state, request)
    return request
  }
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
function checkExplain(options: ExplainOptions): ExplainOptions {
  checkKeys(checkRecord(options, 'options'), ['inputTokens'], 'options')
  const { inputTokens } = options
  if (inputTokens == null) return { inputTokens: null }
  return { inputTokens: checkAmount(inputTokens, 'options.inputTokens') }
}

/** No money for the rest, no model for the next, or no room in the journal: what was decided before stands. */
function endsBatch(error: unknown): boolean {
  if (isRefusal(error)) return true
  return (
    error instanceof ParetoBanditError &&
    (error.code === 'JOURNAL_FULL' || error.code === 'NO_ELIGIBLE_MODEL')
  )
}

function isRefusal(error: unknown): error is ParetoBanditError {
  return error instanceof ParetoBanditError && error.code === 'BUDGET_EXHAUSTED'
}
