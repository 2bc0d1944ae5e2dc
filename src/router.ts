import { checkEach, checkKeys, checkRecord } from './check.js'
import { checkEvent } from './check-event.js'
import { readClock } from './clock.js'
import { type ContextInput, ContextReader } from './context-reader.js'
import type { Decision, Explanation } from './decision.js'
import { Dispatcher } from './dispatch.js'
import { ParetoBanditError } from './errors.js'
import { type Failure, failedEvent, rewardedEvent, type Settlement, settledEvent } from './feedback.js'
import { findModel } from './find-model.js'
import { EventEmitter, type Listener, type SubscribedEvent, type Subscription } from './journal/emitter.js'
import type { RewardedEvent, RouterEvent, SettledEvent } from './journal/events.js'
import type { Kernel } from './kernel/kernel.js'
import { modelAddedEvent } from './onboarding.js'
import type { ResolvedOptions } from './options.js'
import type { ArmInspection } from './policy/arms.js'
import type { Policy } from './policy-state.js'
import { checkModelPrice, logNormalisedCost, type ModelPrice, type ModelSpec } from './registry/model.js'
import { checkBudget, refuseFixed } from './resolve-options.js'
import { checkRouteOptions, type RouteOptions } from './route-options.js'
import { readStats } from './router-stats.js'
import { decodeSnapshot, encodeSnapshot } from './snapshot.js'
import { RoutingState } from './state.js'
import type { RouterStats } from './stats.js'

/**
 * The loop: `route` decides, `settle` and `reward` teach, in any order and hours apart. Every change of state is an
 * event that goes through `apply`; any call that throws has changed nothing. Make one with `createRouter`.
 */
export class Router {
  private readonly options: ResolvedOptions
  private readonly emitter: EventEmitter
  private readonly reader: ContextReader
  private readonly dispatcher: Dispatcher
  private readonly policy: Policy
  private readonly encoderName: string | null
  private state: RoutingState

  constructor(options: ResolvedOptions, kernel: Kernel, policy: Policy) {
    this.options = options
    this.policy = policy
    this.encoderName = options.encoder?.name ?? null
    this.emitter = new EventEmitter(options.onListenerError)
    this.reader = new ContextReader(options.encoder, options.dimension)
    this.dispatcher = new Dispatcher(options, this.reader.context, policy.chooser(options))
    this.state = new RoutingState(kernel, options, policy.startState)
  }

  /**
   * Decides which model gets a request.
   * @param input a text, or a context of `dimension` numbers (bias included) within +-10,000
   * @throws NO_ELIGIBLE_MODEL when the options leave no model; NO_ENCODER, ASYNC_ENCODER, ENCODER_FAILED for texts;
   *   DIMENSION_MISMATCH, INVALID_ARGUMENT, UNKNOWN_OPTION, UNKNOWN_MODEL for bad input
   */
  route(input: ContextInput, options?: RouteOptions): Decision {
    const request = options === undefined ? null : checkRouteOptions(options)
    this.reader.read(input, 'input')
    const at = this.now()
    this.dispatcher.beginOne(this.state)
    const decision = this.dispatch(request, at)
    this.emitter.deliver()
    return decision
  }

  /** `route` for any encoder, also one that has to wait. */
  async routeAsync(input: ContextInput, options?: RouteOptions): Promise<Decision> {
    if (options !== undefined) checkRouteOptions(options)
    return this.route(await this.reader.resolve(input), options)
  }

  /** As many `route`s with the same options, in less time. All inputs are checked first. */
  routeMany(inputs: readonly ContextInput[], options?: RouteOptions): Decision[] {
    const request = options === undefined ? null : checkRouteOptions(options)
    const contexts = this.reader.readMany(inputs, 'inputs')
    this.state.pending.makeRoom(inputs.length)
    const at = this.now()
    try {
      return inputs.map((_, i) => {
        this.dispatcher.beginOneOf(this.state, contexts, i, request)
        return this.dispatch(request, at)
      })
    } finally {
      this.emitter.deliver()
    }
  }

  /**
   * The call was made and its cost is known: the reservation gives way to it. At most once a request; after an expiry
   * it corrects what the expiry charged.
   * @throws UNKNOWN_REQUEST, REQUEST_CLOSED, MODEL_REMOVED, REQUEST_FAILED, ALREADY_SETTLED; INVALID_ARGUMENT
   */
  settle(id: string, settlement: Settlement): void {
    this.commit(settledEvent(this.state, id, settlement, this.now(), 'id', 'settlement'))
  }

  /** `settle` for each item; all are checked before the first is applied. */
  settleMany(items: readonly (Settlement & { readonly id: string })[]): void {
    const at = this.now()
    this.commitAll(items, 'ALREADY_SETTLED', ({ id, ...settlement }, field) =>
      settledEvent(this.state, id, settlement, at, `${field}.id`, field),
    )
  }

  /**
   * The quality of the answer is known: the model's arm learns from it. At most once, before or after `settle`.
   * @param reward in the router's reward range, [0, 1] by default; higher is better
   * @throws as `settle`, and ALREADY_REWARDED, REQUEST_EXPIRED
   */
  reward(id: string, reward: number): void {
    this.commit(rewardedEvent(this.state, id, reward, this.now(), this.options, 'id', 'reward'))
  }

  /** `reward` for each item; all are checked before the first is applied. */
  rewardMany(items: readonly { readonly id: string; readonly reward: number }[]): void {
    const at = this.now()
    this.commitAll(items, 'ALREADY_REWARDED', (item, field) => {
      checkKeys(item, ['id', 'reward'], field)
      const { id, reward } = item
      return rewardedEvent(this.state, id, reward, at, this.options, `${field}.id`, `${field}.reward`)
    })
  }

  /**
   * The upstream call failed: the reservation is released, what it cost all the same is charged, no reward will come.
   * Then route again with `exclude: [decision.model]`.
   * @throws as `settle`, and ALREADY_REWARDED
   */
  fail(id: string, failure?: Failure): void {
    this.commit(failedEvent(this.state, id, failure, this.now()))
  }

  /** Turns reservations older than the time to live into spend; `route` does it too. @returns how many */
  expire(): number {
    const count = this.expireDue(this.now())
    this.emitter.deliver()
    return count
  }

  /**
   * Registers a model. It takes part at once: a newcomer starts cold (or from the router's priors, if they know it)
   * and gets `forcedExploration` requests for certain.
   * @throws DUPLICATE_MODEL, INVALID_ARGUMENT, UNKNOWN_OPTION, OUT_OF_MEMORY
   */
  addModel(model: ModelSpec, options: { readonly forcedExploration?: number } = {}): void {
    this.commit(modelAddedEvent(this.state, this.options, this.policy, model, options, this.now()))
  }

  /**
   * Forgets a model. What is reserved for its requests in flight counts as spent, and feedback for them is refused: to
   * hear of true costs, `disable` it first.
   * @throws UNKNOWN_MODEL
   */
  removeModel(id: string): void {
    this.commit({ type: 'model-removed', at: this.now(), model: findModel(this.state, id, 'id').id })
  }

  /** Takes a model out of the choice and keeps what was learned of it. Its feedback still counts. */
  disable(id: string): void {
    const { enabled } = findModel(this.state, id, 'id')
    if (enabled) this.commit({ type: 'model-disabled', at: this.now(), model: id })
  }

  /** Puts a disabled model back with what it had learned. */
  enable(id: string): void {
    const { enabled } = findModel(this.state, id, 'id')
    if (!enabled) this.commit({ type: 'model-enabled', at: this.now(), model: id })
  }

  /** New list prices, in force from the next request on. */
  reprice(id: string, price: ModelPrice): void {
    const model = findModel(this.state, id, 'id')
    const checked = checkModelPrice(price, 'price')
    const logCost = logNormalisedCost(checked)
    this.commit({ type: 'model-repriced', at: this.now(), model: model.id, price: checked, logCost })
  }

  /** A new ceiling of the mean spend per request, or null for none. The pacer's mode stays. */
  setBudget(budget: { readonly usdPerRequest: number } | null): void {
    const checked = checkBudget(budget, 'budget')
    refuseFixed(checked)
    this.commit({ type: 'budget-set', at: this.now(), usdPerRequest: checked?.usdPerRequest ?? null })
  }

  stats(): RouterStats {
    return readStats(this.state)
  }

  /**
   * Why a request went where it went, while its entry is held: at least until newer requests push it out. Exact while
   * nothing else has happened since (`statisticsChanged` is false); `route` with `explain: true` is always exact.
   * @throws UNKNOWN_REQUEST, REQUEST_CLOSED, MODEL_REMOVED
   */
  explain(id: string): Explanation {
    return this.dispatcher.explain(this.state, id)
  }

  /** The learned statistics of a model, copied. @throws UNKNOWN_MODEL */
  inspectArm(id: string): ArmInspection {
    return this.state.arms.inspect(findModel(this.state, id, 'id').slot)
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
    this.commit(checkEvent(this.state, this.options, event))
  }

  /** The whole state in one versioned binary: models, statistics, budget, spend, and requests waiting for feedback. */
  snapshot(): Uint8Array {
    return encodeSnapshot(this.state, this.encoderName)
  }

  /**
   * Replaces the whole state by a snapshot's. Settings stay this router's: give it those of the old one. Requests that
   * had all their feedback, and those of removed models, are not kept: feedback for them throws REQUEST_CLOSED.
   * @throws SNAPSHOT_INVALID, SNAPSHOT_MISMATCH, OUT_OF_MEMORY, INVALID_ARGUMENT; nothing has changed then
   */
  restore(snapshot: Uint8Array): void {
    const fresh = new RoutingState(this.state.arms.kernel, this.options, this.policy.startState)
    decodeSnapshot(snapshot, fresh, {
      dimension: this.options.dimension,
      encoder: this.encoderName,
    })
    this.state = fresh
    this.dispatcher.forget()
  }

  private dispatch(request: RouteOptions | null, at: number): Decision {
    this.state.pending.makeRoom()
    if (this.state.pending.due(at - this.options.pendingTtlMs) !== 0) {
      // Before anything expires: a call that throws has changed nothing.
      this.dispatcher.checkEligible(this.state, request)
      this.expireDue(at)
    }
    const decision = this.dispatcher.decide(this.state, request, at)
    const pushedOut = this.state.pending.pushedOut()
    if (pushedOut !== 0) this.recordExpiry(pushedOut, at)
    this.dispatcher.commit(this.state)
    if (this.emitter.hears('routed')) this.emitter.add(this.dispatcher.event())
    return decision
  }

  private expireDue(now: number): number {
    let count = 0
    for (;;) {
      const sequence = this.state.pending.due(now - this.options.pendingTtlMs)
      if (sequence === 0) return count
      this.recordExpiry(sequence, now)
      count++
    }
  }

  private recordExpiry(sequence: number, at: number): void {
    const model = this.state.modelOf(sequence)
    if (model === undefined)
      throw new ParetoBanditError('MODEL_REMOVED', '', 'an unsettled request has no model')
    this.record({ type: 'expired', at, id: this.state.requestId(sequence), model: model.id })
  }

  private commit(event: RouterEvent): void {
    this.record(event)
    this.emitter.deliver()
  }

  private record(event: RouterEvent): void {
    this.state.apply(event)
    if (this.emitter.hears(event.type)) this.emitter.add(Object.freeze(event))
    this.state.takeAlarms(this.emitter)
  }

  /** Checks every item, then applies every event: all or nothing. */
  private commitAll(
    items: unknown,
    twice: 'ALREADY_SETTLED' | 'ALREADY_REWARDED',
    toEvent: (item: Record<string, unknown>, field: string) => SettledEvent | RewardedEvent,
  ): void {
    const seen = new Set<string>()
    const events = checkEach(items, 'items', (item, i) => {
      const event = toEvent(checkRecord(item, `items[${i}]`), `items[${i}]`)
      if (seen.has(event.id))
        throw new ParetoBanditError(twice, `items[${i}].id`, `'${event.id}' is listed twice`)
      seen.add(event.id)
      return event
    })
    for (const event of events) this.record(event)
    this.emitter.deliver()
  }

  private now(): number {
    return readClock(this.options.clock)
  }
}
