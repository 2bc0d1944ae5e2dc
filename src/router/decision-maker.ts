import { AMOUNT_MAX, copyNumbers } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import type { RoutedEvent, RouterEvent, RouterEventType } from '../events/events.js'
import { BATCH_MAX } from '../kernel/layout.js'
import { type Chooser, NO_MODELS } from '../policy/chooser.js'
import { constraintsOf } from '../policy/constraint.js'
import type { Decision, Explanation, Preview } from '../policy/decision.js'
import { blankNote, type DecisionNote, DecisionNotes } from '../policy/decision-note.js'
import { type RequestSize, requestSize } from '../policy/eligibility.js'
import { eligibleModels } from '../policy/eligible-models.js'
import { explainDecision } from '../policy/explain.js'
import type { Lease } from '../policy/lease.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { RouteOptions } from '../policy/route-options.js'
import { toldSize } from '../policy/told-size.js'
import { locate } from '../state/find-request.js'
import type { RoutingState } from '../state/routing-state.js'

const NOTHING: readonly RouterEvent[] = []

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Makes decisions and explains them. The event of a decision is one record that every decision reuses. */
export class DecisionMaker {
  private readonly options: ResolvedOptions
  private readonly chooser: Chooser
  private readonly notes = new DecisionNotes()
  private readonly routed: Mutable<RoutedEvent>
  private readonly usualSize: RequestSize
  /** Of the batch's request that is decided. */
  private readonly context: Float64Array

  constructor(options: ResolvedOptions, chooser: Chooser) {
    this.options = options
    this.chooser = chooser
    this.usualSize = requestSize(null, null, options.expectedInputTokens, options.expectedOutputTokens)
    this.context = new Float64Array(options.dimension)
    this.routed = {
      type: 'routed',
      at: 0,
      id: '',
      model: '',
      context: this.context,
      reservedUsd: 0,
      listCostUsd: 0,
      score: 0,
      penaltyWeight: 0,
      forced: false,
      canary: false,
      inputTokens: null,
      triesCost: false,
      triesLatency: false,
      alone: false,
      triedLimitUsd: null,
      triedLimitMs: null,
      predictedUsd: 0,
      savedUsd: 0,
      contenders: new Float64Array(0),
      latencyPrice: 0,
      latencyUse: -1,
      uses: new Float64Array(0),
      tenant: null,
      infeasible: constraintsOf(0),
      propensity: 1,
      eligible: NO_MODELS,
    }
  }

  /** Refuses what a request asks for, before anything else is looked at. @throws as `Chooser.checkRequest` */
  checkRequest(state: RoutingState, request: RouteOptions | null): void {
    if (this.chooser.checkRequest !== undefined) this.chooser.checkRequest(state, request)
    else if (request?.tenant !== undefined)
      throw new ParetoBanditError(
        'INVALID_ARGUMENT',
        'tenant',
        `policy '${state.policyName}' knows no tenants`,
      )
  }

  /** What time alone brings about for such a request: to be recorded before it is decided. */
  due(state: RoutingState, request: RouteOptions | null, at: number): readonly RouterEvent[] {
    return this.chooser.due?.(state, request, at) ?? NOTHING
  }

  /** What a decision that threw BUDGET_EXHAUSTED leaves to record. */
  refused(request: RouteOptions | null, at: number): readonly RouterEvent[] {
    return this.chooser.refused?.(request, at) ?? NOTHING
  }

  /** What is counted and was to be recorded later. */
  waiting(state: RoutingState, at: number): readonly RouterEvent[] {
    return this.chooser.waiting?.(state, at) ?? NOTHING
  }

  /** Refused requests of an account that are counted and not recorded yet. */
  unwritten(state: RoutingState, account: string | null): number {
    return this.chooser.unwritten?.(state, account) ?? 0
  }

  /** What has shown of models, for subscribers. Between batches. */
  notices(
    state: RoutingState,
    at: number,
    listeners: { hears(type: RouterEventType): boolean },
  ): readonly RouterEvent[] {
    return this.chooser.notices?.(state, at, listeners) ?? NOTHING
  }

  /** @throws what `decide` would throw */
  checkEligible(
    state: RoutingState,
    request: RouteOptions | null,
    at: number,
    inputTokens: number | null,
  ): void {
    const size = this.sizeOf(request, inputTokens)
    const note: DecisionNote = { ...blankNote(), at }
    if (this.chooser.checkEligible !== undefined) this.chooser.checkEligible(state, request, size, note)
    else eligibleModels(state, request, size, at)
  }

  /** The next decision is for this context, which must stay as it is until that is applied. */
  beginOne(state: RoutingState, given: Float64Array): void {
    this.routed.context = given
    this.beginAlone(state)
  }

  /** The next decision is for context `i` of those that stand one after the other; the one before was for i - 1. */
  beginOneOf(state: RoutingState, contexts: Float64Array, i: number, request: RouteOptions | null): void {
    const { context } = this
    this.routed.context = context
    const d = context.length
    copyNumbers(contexts, i * d, context, 0, d)
    // An explanation looks at the arena's first context, so a decision that is explained goes alone.
    if (request?.explain === true) this.beginAlone(state)
    else if (i % BATCH_MAX === 0) {
      const { f64, layout } = state.arms.kernel
      const together = Math.min(BATCH_MAX, contexts.length / d - i)
      for (let j = 0; j < together; j++) {
        copyNumbers(contexts, (i + j) * d, f64, layout.context + j * layout.paddedDimension, d)
      }
      this.chooser.begin(together)
    }
  }

  /**
   * Decides for the next context of those that were begun with; changes nothing yet.
   * @returns the decision; `event` is what makes it so, once it is applied
   * @throws NO_ELIGIBLE_MODEL, UNKNOWN_MODEL, BUDGET_EXHAUSTED
   */
  decide(
    state: RoutingState,
    request: RouteOptions | null,
    at: number,
    inputTokens: number | null,
  ): Decision {
    const { routed } = this
    const size = this.sizeOf(request, inputTokens)
    const sequence = state.pending.next
    const note = this.notes.take(sequence)
    note.at = at
    note.inputTokens = inputTokens
    const choice = this.chooser.choose(state, request, size, note)
    const { model } = choice
    if (model === null) throw new ParetoBanditError('NO_ELIGIBLE_MODEL', '', 'the policy chose no model')
    routed.at = at
    routed.id = state.ids.next()
    routed.model = model.id
    routed.inputTokens = inputTokens
    routed.listCostUsd = choice.listCostUsd
    routed.reservedUsd = choice.reservedUsd
    routed.tenant = request?.tenant ?? null
    routed.infeasible = constraintsOf(choice.infeasible)
    routed.predictedUsd = choice.predictedUsd
    routed.savedUsd = choice.savedUsd
    routed.contenders = choice.contenders
    routed.latencyPrice = choice.latencyPrice
    routed.latencyUse = choice.latencyUse
    routed.uses = choice.uses
    routed.score = choice.score
    routed.penaltyWeight = note.penaltyWeight
    routed.forced = note.forced
    routed.canary = note.canary
    routed.triesCost = note.triesCost
    routed.triesLatency = note.triesLatency
    routed.triedLimitUsd = note.triesCost ? Math.min(note.triedLimitUsd, AMOUNT_MAX) : null
    routed.triedLimitMs = note.triesLatency ? Math.min(note.triedLimitMs, AMOUNT_MAX) : null
    routed.alone = choice.alone
    routed.propensity = note.propensity = choice.propensity
    routed.eligible = choice.eligible
    const decision: Mutable<Decision> = {
      id: routed.id,
      model: model.id,
      expectedCostUsd: choice.expectedUsd,
      reservedUsd: routed.reservedUsd,
      score: routed.score,
      forced: note.forced,
      canary: note.canary,
      cheapestFallback: note.cheapestFallback,
      shadowPrice: note.shadowPrice,
      latencyPrice: note.latencyPrice,
      infeasible: routed.infeasible,
      propensity: choice.propensity,
    }
    this.options.rewards?.decided(decision, routed)
    if (request?.explain !== true) return decision
    return {
      ...decision,
      explanation: explainDecision(routed.id, state, this.options, this.chooser, note, false),
    }
  }

  /** What `decide` would find for the next context, without an event. @throws as `decide` */
  preview(
    state: RoutingState,
    request: RouteOptions | null,
    at: number,
    inputTokens: number | null,
  ): Preview {
    const note: DecisionNote = { ...blankNote(), sequence: state.pending.next, at, inputTokens }
    const choice = this.chooser.choose(state, request, this.sizeOf(request, inputTokens), note)
    const { model, expectedUsd, reservedUsd, infeasible } = choice
    if (model === null) throw new ParetoBanditError('NO_ELIGIBLE_MODEL', '', 'the policy chose no model')
    note.propensity = choice.propensity
    const preview = {
      model: model.id,
      expectedCostUsd: expectedUsd,
      reservedUsd,
      infeasible: constraintsOf(infeasible),
    }
    const { id: _, ...explanation } = explainDecision('', state, this.options, this.chooser, note, false)
    return { ...preview, explanation }
  }

  /** Applies the event of the decision just made. */
  applyTo(state: RoutingState): void {
    const sequence = state.pending.next
    state.apply(this.routed)
    this.notes.complete(sequence, state.events)
  }

  /** The event of the decision just made: one record, overwritten by the next decision. */
  get event(): RoutedEvent {
    return this.routed
  }

  /**
   * A copy of it, for listeners to keep.
   * Member by member: what is copied by a spread has a hidden class of its own once it is frozen, which takes longer to make than all the rest.
   */
  copyOfEvent(): RoutedEvent {
    const { routed } = this
    return Object.freeze({
      type: routed.type,
      at: routed.at,
      id: routed.id,
      model: routed.model,
      context: routed.context.slice(),
      reservedUsd: routed.reservedUsd,
      listCostUsd: routed.listCostUsd,
      score: routed.score,
      penaltyWeight: routed.penaltyWeight,
      forced: routed.forced,
      inputTokens: routed.inputTokens,
      canary: routed.canary,
      triesCost: routed.triesCost,
      triesLatency: routed.triesLatency,
      alone: routed.alone,
      triedLimitUsd: routed.triedLimitUsd,
      triedLimitMs: routed.triedLimitMs,
      predictedUsd: routed.predictedUsd,
      savedUsd: routed.savedUsd,
      contenders: routed.contenders.slice(),
      latencyPrice: routed.latencyPrice,
      latencyUse: routed.latencyUse,
      uses: routed.uses.slice(),
      tenant: routed.tenant,
      infeasible: routed.infeasible,
      propensity: routed.propensity,
      eligible: routed.eligible,
    })
  }

  /**
   * @param inputTokens of its prompt, as its event has them; null: they are not known; left out: of one that is not among the latest, costs
   *   are those of a usual request
   * @throws UNKNOWN_REQUEST, REQUEST_CLOSED, MODEL_REMOVED
   */
  explain(state: RoutingState, id: string, inputTokens?: number | null): Explanation {
    const { sequence, model } = locate(state, id, 'id')
    const { kernel } = state.arms
    state.pending.copyContextTo(sequence, kernel.f64, kernel.layout.context)
    const note = this.notes.get(sequence)
    if (note !== undefined)
      return explainDecision(id, state, this.options, this.chooser, note, note.events !== state.events)
    // Its own note is gone: explain what such a decision would depend on now.
    const today: DecisionNote = { ...blankNote(), sequence }
    this.chooser.describe(state, null, today)
    if (inputTokens !== undefined) {
      const { pending } = state
      const listUsd = pending.listCostUsd(sequence)
      const size = toldSize(listUsd, pending.prices(sequence), this.usualSize, inputTokens)
      today.options = { inputTokens: size.inputTokens, expectedOutputTokens: size.outputTokens }
    }
    today.chosen = model
    today.chosenIdleAge = state.arms.idleAge(model.slot, state.requests)
    return explainDecision(id, state, this.options, this.chooser, today, true)
  }

  private sizeOf(request: RouteOptions | null, inputTokens: number | null): RequestSize {
    if (request === null && inputTokens === null) return this.usualSize
    return requestSize(
      request,
      inputTokens,
      this.options.expectedInputTokens,
      this.options.expectedOutputTokens,
    )
  }

  private beginAlone(state: RoutingState): void {
    const { f64, layout } = state.arms.kernel
    const { context } = this.routed
    copyNumbers(context, 0, f64, layout.context, context.length)
    this.chooser.begin(1)
  }

  /** What this process may spend of money that it shares with others; null: it shares none. */
  get lease(): Lease | null {
    return this.chooser.lease ?? null
  }

  set lease(lease: Lease) {
    this.chooser.lease = lease
  }

  /** Forgets what older decisions stood on: the state was replaced. */
  forget(): void {
    this.notes.clear()
  }
}
