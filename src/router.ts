import { checkArray, checkRecord, checkString, checkVector, copyContext, isVector } from './check.js'
import { checkEvent } from './check-event.js'
import { Chooser, unknownModel } from './choose.js'
import type { Decision, Explanation } from './decision.js'
import { expectedModelCostUsd, requestSize } from './eligibility.js'
import { expected, ParetoBanditError } from './errors.js'
import { blankNote, type DecisionNote, DecisionNotes, explainDecision } from './explain.js'
import { isSyncEncoder } from './features/encoder.js'
import {
  type Failure,
  locate,
  locateForFail,
  locateForReward,
  locateForSettle,
  readFailure,
  readReward,
  readSettlement,
  type Settlement,
} from './feedback.js'
import { EventEmitter, type Listener, type SubscribedEvent, type Subscription } from './journal/emitter.js'
import type { RoutedEvent, RouterEvent } from './journal/events.js'
import type { Kernel } from './kernel/kernel.js'
import { checkBudget, checkForcedExploration, type ResolvedOptions } from './options.js'
import type { ArmInspection } from './policy/arms.js'
import { scalePrior } from './policy/priors.js'
import {
  checkModelPrice,
  checkModelSpec,
  listCostUsd,
  logNormalisedCost,
  type ModelPrice,
  type ModelSpec,
} from './registry/model.js'
import type { Model } from './registry/registry.js'
import { checkRouteOptions, type RouteOptions } from './route-options.js'
import { readStats } from './router-stats.js'
import { decodeSnapshot, encodeSnapshot } from './snapshot.js'
import { RoutingState } from './state.js'
import type { RouterStats } from './stats.js'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * The loop: `route` decides, `settle` and `reward` teach, in any order and hours apart. Every change of state is an
 * event that goes through `apply`; any call that throws has changed nothing. Make one with `createRouter`.
 */
export class Router {
  private readonly options: ResolvedOptions
  private state: RoutingState
  private readonly emitter: EventEmitter
  private readonly chooser: Chooser
  private readonly notes = new DecisionNotes()
  private readonly context: Float64Array
  private readonly routed: Mutable<RoutedEvent>

  constructor(options: ResolvedOptions, kernel: Kernel) {
    this.options = options
    this.state = new RoutingState(kernel, options)
    this.emitter = new EventEmitter(options.onListenerError)
    this.chooser = new Chooser(options)
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
    }
  }

  /**
   * Decides which model gets a request.
   * @param input a text, or a context of `dimension` numbers (bias included) within +-10,000
   * @throws NO_ELIGIBLE_MODEL when the options leave no model; NO_ENCODER, ASYNC_ENCODER, ENCODER_FAILED for texts;
   *   DIMENSION_MISMATCH, INVALID_ARGUMENT, UNKNOWN_OPTION, UNKNOWN_MODEL for bad input
   */
  route(input: string | ArrayLike<number>, options?: RouteOptions): Decision {
    const request = options === undefined ? null : checkRouteOptions(options)
    this.readContext(input, 'input')
    return this.decide(request)
  }

  /** `route` for any encoder, also one that has to wait. */
  async routeAsync(input: string | ArrayLike<number>, options?: RouteOptions): Promise<Decision> {
    const { encoder } = this.options
    if (typeof input !== 'string' || encoder === null || isSyncEncoder(encoder)) return this.route(input, options)
    const request = options === undefined ? null : checkRouteOptions(options)
    const vector = await encoder.encode(input).catch((cause: unknown) => {
      throw encoderFailed(encoder.name, cause)
    })
    copyContext(checkVector(vector, `encoder '${encoder.name}'`, 'ENCODER_FAILED'), this.options.dimension, this.context, 0, `encoder '${encoder.name}'`)
    return this.decide(request)
  }

  /** One decision for each input, in order, with the same options. All inputs are checked before the first decision. */
  routeMany(inputs: readonly (string | ArrayLike<number>)[], options?: RouteOptions): Decision[] {
    const request = options === undefined ? null : checkRouteOptions(options)
    checkArray(inputs, 'inputs')
    const { dimension } = this.options
    const contexts = new Float64Array(inputs.length * dimension)
    for (const [i, input] of inputs.entries()) {
      this.readContext(input, `inputs[${i}]`)
      contexts.set(this.context, i * dimension)
    }
    return inputs.map((_, i) => {
      this.context.set(contexts.subarray(i * dimension, (i + 1) * dimension))
      return this.decide(request)
    })
  }

  /**
   * The call was made and its cost is known: the reservation gives way to it. At most once a request; after an expiry
   * it corrects what the expiry charged.
   * @throws UNKNOWN_REQUEST, REQUEST_CLOSED, MODEL_REMOVED, REQUEST_FAILED, ALREADY_SETTLED; INVALID_ARGUMENT
   */
  settle(id: string, settlement: Settlement): void {
    const { model } = locateForSettle(this.state, id, 'id')
    const { costUsd, latencyMs } = readSettlement(settlement, model, 'settlement')
    this.commit({ type: 'settled', at: this.now(), id, model: model.id, costUsd, latencyMs })
  }

  /** `settle` for each item; all are checked before the first is applied. */
  settleMany(items: readonly (Settlement & { readonly id: string })[]): void {
    const at = this.now()
    const seen = new Set<string>()
    const events = checkArray(items, 'items').map((item, i): RouterEvent => {
      const { id, ...settlement } = checkRecord(item, `items[${i}]`)
      const { model } = locateForSettle(this.state, id, `items[${i}].id`)
      const fresh = once(seen, id, 'ALREADY_SETTLED', `items[${i}].id`)
      return { type: 'settled', at, id: fresh, model: model.id, ...readSettlement(settlement, model, `items[${i}]`) }
    })
    for (const event of events) this.commit(event)
  }

  /**
   * The quality of the answer is known: the model's arm learns from it. At most once a request, before or after
   * `settle`.
   * @param reward in the router's reward range, [0, 1] by default; higher is better
   * @throws as `settle`, and ALREADY_REWARDED, REQUEST_EXPIRED
   */
  reward(id: string, reward: number): void {
    const at = this.now()
    const { model } = locateForReward(this.state, id, at - this.options.pendingTtlMs, 'id')
    const value = readReward(reward, this.options.rewardLow, this.options.rewardHigh, 'reward')
    this.commit({ type: 'rewarded', at, id, model: model.id, reward: value })
  }

  /** `reward` for each item; all are checked before the first is applied. */
  rewardMany(items: readonly { readonly id: string; readonly reward: number }[]): void {
    const at = this.now()
    const { rewardLow, rewardHigh, pendingTtlMs } = this.options
    const seen = new Set<string>()
    const events = checkArray(items, 'items').map((item, i): RouterEvent => {
      const { id, reward, ...rest } = checkRecord(item, `items[${i}]`)
      refuseRest(rest, `items[${i}]`)
      const { model } = locateForReward(this.state, id, at - pendingTtlMs, `items[${i}].id`)
      const fresh = once(seen, id, 'ALREADY_REWARDED', `items[${i}].id`)
      const value = readReward(reward, rewardLow, rewardHigh, `items[${i}].reward`)
      return { type: 'rewarded', at, id: fresh, model: model.id, reward: value }
    })
    for (const event of events) this.commit(event)
  }

  /**
   * The upstream call failed: the reservation is released, what it cost all the same is charged, no reward will come.
   * Then route again with `exclude: [decision.model]`.
   * @throws as `settle`, and ALREADY_REWARDED
   */
  fail(id: string, failure?: Failure): void {
    const { model } = locateForFail(this.state, id, 'id')
    const costUsd = readFailure(failure, 'failure')
    this.commit({ type: 'failed', at: this.now(), id, model: model.id, costUsd })
  }

  /** Turns reservations older than the time to live into spend; `route` does it too. @returns how many */
  expire(): number {
    return this.expireDue(this.now())
  }

  /**
   * Registers a model. It takes part at once: a newcomer starts cold (or from the router's priors, if they know it)
   * and gets `forcedExploration` requests for certain.
   * @throws DUPLICATE_MODEL, INVALID_ARGUMENT, UNKNOWN_OPTION, OUT_OF_MEMORY
   */
  addModel(model: ModelSpec, options: { readonly forcedExploration?: number } = {}): void {
    const spec = checkModelSpec(model, 'model')
    const { forcedExploration, ...rest } = checkRecord(options, 'options')
    refuseRest(rest, 'options')
    const forced =
      forcedExploration === undefined
        ? this.options.forcedExploration
        : checkForcedExploration(forcedExploration, 'forcedExploration')
    if (this.state.registry.get(spec.id) !== undefined) {
      throw new ParetoBanditError('DUPLICATE_MODEL', 'model.id', `'${spec.id}' is registered already`)
    }
    const { priors, dimension, nEffective, lambda0 } = this.options
    const prior = priors !== null && Object.hasOwn(priors.models, spec.id) ? priors.models[spec.id] : null
    this.commit({
      type: 'model-added',
      at: this.now(),
      model: spec,
      logCost: logNormalisedCost(spec),
      forcedExploration: forced,
      prior: prior === null ? null : scalePrior(prior, dimension, nEffective, lambda0),
    })
  }

  /**
   * Forgets a model. What is reserved for its requests in flight counts as spent, and feedback for them is refused:
   * to hear of their true costs, `disable` it first and remove it when they have settled.
   * @throws UNKNOWN_MODEL
   */
  removeModel(id: string): void {
    this.commit({ type: 'model-removed', at: this.now(), model: this.model(id).id })
  }

  /** Takes a model out of the choice and keeps what was learned of it. Its feedback still counts. */
  disable(id: string): void {
    if (this.model(id).enabled) this.commit({ type: 'model-disabled', at: this.now(), model: id })
  }

  /** Puts a disabled model back with what it had learned. */
  enable(id: string): void {
    if (!this.model(id).enabled) this.commit({ type: 'model-enabled', at: this.now(), model: id })
  }

  /** New list prices, in force from the next request on. */
  reprice(id: string, price: ModelPrice): void {
    const model = this.model(id)
    const checked = checkModelPrice(price, 'price')
    const logCost = logNormalisedCost(checked)
    this.commit({ type: 'model-repriced', at: this.now(), model: model.id, price: checked, logCost })
  }

  /** A new ceiling of the mean spend per request, or null for none. The pacer's mode stays. */
  setBudget(budget: { readonly usdPerRequest: number } | null): void {
    const checked = checkBudget(budget, 'budget')
    if (checked?.mode !== undefined) {
      throw new ParetoBanditError('INVALID_ARGUMENT', 'budget.mode', 'is set when the router is made')
    }
    this.commit({ type: 'budget-set', at: this.now(), usdPerRequest: checked?.usdPerRequest ?? null })
  }

  stats(): RouterStats {
    return readStats(this.state)
  }

  /**
   * Why a request went where it went, for as long as it takes feedback or is among the latest 1,024. Exact while
   * nothing else has happened since (`statisticsChanged` is false); `route` with `explain: true` is always exact.
   * @throws UNKNOWN_REQUEST, REQUEST_CLOSED, MODEL_REMOVED
   */
  explain(id: string): Explanation {
    const { sequence, model } = locate(this.state, id, 'id')
    const { kernel } = this.state.arms
    this.state.pending.copyContextTo(sequence, kernel.f64, kernel.layout.context)
    const note = this.notes.get(sequence)
    if (note === undefined) return this.explainFrom({ ...this.noteOfNow(model), sequence }, true)
    return this.explainFrom(note, note.events !== this.state.events)
  }

  /** The learned statistics of a model, copied. @throws UNKNOWN_MODEL */
  inspectArm(id: string): ArmInspection {
    return this.state.arms.inspect(this.model(id).slot)
  }

  /** @returns a function that ends the subscription. Listeners are called after the change, in order. */
  on<S extends Subscription>(type: S, listener: Listener<SubscribedEvent<S>>): () => void {
    return this.emitter.on(type, listener)
  }

  /**
   * Folds an event that another router made (or this one, earlier) into this router's state: replaying all events of
   * a router into a fresh one of the same options and name gives the same state, bit for bit.
   * @throws EVENT_OUT_OF_ORDER when it does not follow from this state, INVALID_ARGUMENT naming the field, and what
   *   the call that made the event throws
   */
  apply(event: RouterEvent): void {
    this.commit(checkEvent(this.state, event))
  }

  /** The whole state in one versioned binary: models, statistics, budget, spend, and requests waiting for feedback. */
  snapshot(): Uint8Array {
    return encodeSnapshot(this.state, this.encoderName)
  }

  /**
   * Replaces the whole state by a snapshot's. Settings (alpha, gamma, time to live, ...) stay this router's.
   * @throws SNAPSHOT_INVALID, SNAPSHOT_MISMATCH, OUT_OF_MEMORY, INVALID_ARGUMENT; nothing has changed then
   */
  restore(snapshot: Uint8Array): void {
    if (!(snapshot instanceof Uint8Array)) throw expected('INVALID_ARGUMENT', 'snapshot', 'a Uint8Array', snapshot)
    const fresh = new RoutingState(this.state.arms.kernel, this.options)
    decodeSnapshot(snapshot, fresh, { dimension: this.options.dimension, encoder: this.encoderName })
    this.state = fresh
    this.notes.clear()
  }

  private get encoderName(): string | null {
    return this.options.encoder?.name ?? null
  }

  private decide(request: RouteOptions | null): Decision {
    const at = this.now()
    this.expireDue(at)
    const { state, routed, options } = this
    const { kernel } = state.arms
    kernel.f64.set(this.context, kernel.layout.context)
    const size = requestSize(request, options.expectedInputTokens, options.expectedOutputTokens)
    const sequence = state.pending.next
    const note = this.notes.take(sequence)
    const model = this.chooser.choose(state, request === null ? null : { ...request }, size, note)
    const explanation = request?.explain === true ? this.explainFrom(note, false) : undefined

    const pushedOut = state.pending.pushedOut()
    if (pushedOut !== 0) this.commitExpiry(pushedOut, at)
    routed.at = at
    routed.id = state.requestId(sequence)
    routed.model = model.id
    routed.listCostUsd = listCostUsd(model, size.inputTokens, size.outputTokens)
    routed.reservedUsd = expectedModelCostUsd(model, size)
    routed.score = this.chooser.score
    routed.penaltyWeight = note.penaltyWeight
    routed.forced = note.forced
    state.apply(routed)
    note.events = state.events

    const decision: Decision = {
      id: routed.id,
      model: model.id,
      expectedCostUsd: routed.reservedUsd,
      score: routed.score,
      forced: note.forced,
      cheapestFallback: note.cheapestFallback,
      shadowPrice: note.shadowPrice,
      ...(explanation === undefined ? {} : { explanation }),
    }
    // The record is reused; a listener gets its own copy.
    if (this.emitter.hears('routed')) this.emitter.emit(Object.freeze({ ...routed, context: routed.context.slice() }))
    return decision
  }

  /** Encodes or copies the input into `context`, checked. */
  private readContext(input: string | ArrayLike<number>, field: string): void {
    const { encoder, dimension } = this.options
    if (typeof input !== 'string') {
      if (!isVector(input)) throw expected('INVALID_ARGUMENT', field, 'a text or a vector of numbers', input)
      return copyContext(input, dimension, this.context, 0, field)
    }
    if (encoder === null) {
      throw new ParetoBanditError('NO_ENCODER', field, 'this router was made without an encoder: route vectors')
    }
    if (!isSyncEncoder(encoder)) {
      throw new ParetoBanditError('ASYNC_ENCODER', field, `encoder '${encoder.name}' has to wait: use routeAsync`)
    }
    try {
      encoder.encodeInto(input, this.context, 0)
    } catch (cause) {
      throw encoderFailed(encoder.name, cause)
    }
    copyContext(this.context, dimension, this.context, 0, `encoder '${encoder.name}'`)
  }

  private expireDue(now: number): number {
    let count = 0
    for (;;) {
      const sequence = this.state.pending.due(now - this.options.pendingTtlMs)
      if (sequence === 0) return count
      this.commitExpiry(sequence, now)
      count++
    }
  }

  private commitExpiry(sequence: number, at: number): void {
    const model = this.state.modelOf(sequence)
    if (model === undefined) throw new ParetoBanditError('MODEL_REMOVED', '', 'an unsettled request has no model')
    this.commit({ type: 'expired', at, id: this.state.requestId(sequence), model: model.id })
  }

  private commit(event: RouterEvent): void {
    this.state.apply(event)
    if (this.emitter.hears(event.type)) this.emitter.emit(Object.freeze(event))
  }

  private model(id: unknown): Model {
    const model = this.state.registry.get(checkString(id, 'id'))
    if (model === undefined) throw unknownModel(this.state, String(id), 'id')
    return model
  }

  private explainFrom(note: DecisionNote, statisticsChanged: boolean): Explanation {
    return explainDecision(this.state, this.options, note, statisticsChanged)
  }

  /** What a decision would stand on now: for one whose own note is gone. */
  private noteOfNow(chosen: Model): DecisionNote {
    const note = blankNote()
    this.chooser.describe(this.state, null, note)
    note.chosen = chosen
    note.chosenIdleAge = this.state.arms.idleAge(chosen.slot, this.state.requests)
    return note
  }

  private now(): number {
    const now = this.options.clock()
    if (typeof now !== 'number' || !Number.isFinite(now)) throw expected('INVALID_ARGUMENT', 'clock', 'a finite time', now)
    return now
  }
}

function encoderFailed(name: string, cause: unknown): ParetoBanditError {
  if (cause instanceof ParetoBanditError) return cause
  return new ParetoBanditError('ENCODER_FAILED', `encoder '${name}'`, 'threw while encoding a text', { cause })
}

function once(seen: Set<string>, id: unknown, code: 'ALREADY_SETTLED' | 'ALREADY_REWARDED', field: string): string {
  const text = String(id)
  if (seen.has(text)) throw new ParetoBanditError(code, field, `'${text}' is listed twice`)
  seen.add(text)
  return text
}

function refuseRest(rest: Record<string, unknown>, field: string): void {
  const [key] = Object.keys(rest)
  if (key !== undefined) throw new ParetoBanditError('UNKNOWN_OPTION', `${field}.${key}`, 'unknown option')
}
