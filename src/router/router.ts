import type { ArmInspection } from '../bandit/arm-inspection.js'
import { ParetoBanditError } from '../base/errors.js'
import { EventEmitter, type Listener, type SubscribedEvent, type Subscription } from '../events/emitter.js'
import type { RouterEvent } from '../events/events.js'
import { type ContextInput, ContextReader } from '../features/context-reader.js'
import type { Kernel } from '../kernel/kernel.js'
import type { Decision, Explanation } from '../policy/decision.js'
import { EVENT_TYPES } from '../policy/event-types.js'
import type { Lease } from '../policy/lease.js'
import type { Policy } from '../policy/policy.js'
import { checkRouteOptions, checkSizes, type RouteOptions } from '../policy/route-options.js'
import { administrationOf, checkEvent } from '../state/check-event.js'
import { findModel } from '../state/find-model.js'
import { RoutingState } from '../state/routing-state.js'
import { decodeSnapshot, encodeSnapshot } from '../state/snapshot/snapshot.js'
import { Committer } from './committer.js'
import { Dispatcher } from './decisions.js'
import { Teaching } from './feedback.js'
import type { Journal, Recovery } from './journal.js'
import type { ResolvedOptions } from './options/options.js'
import type { ReplicaHost } from './replica-host.js'

/**
 * The loop: `route` decides, `settle` and `reward` teach, in any order and hours apart. Every change of state is an
 * event that goes through `apply`; any call that throws has changed nothing, but for what the clock brings about (expiry,
 * new periods of caps) and the count of requests refused for their budget. Make one with `createRouter`.
 */
export class Router extends Teaching {
  private readonly reader: ContextReader
  private readonly dispatcher: Dispatcher
  private readonly encoderName: string | null

  constructor(options: ResolvedOptions, kernel: Kernel, policy: Policy) {
    const emitter = new EventEmitter(options.onListenerError, EVENT_TYPES)
    const state = new RoutingState(kernel, options, policy.startState)
    super(options, policy, emitter, new Committer(state, emitter, options.pendingTtlMs))
    this.encoderName = options.encoder?.name ?? null
    this.reader = new ContextReader(options.encoder, options.dimension)
    this.dispatcher = new Dispatcher(options, this.reader.context, policy.chooser(options))
  }

  /**
   * Decides which model gets a request.
   * @param input a text, or a context of `dimension` numbers (bias included) within +-10,000
   * @throws NO_ELIGIBLE_MODEL when the options leave no model; BUDGET_EXHAUSTED when a cap, or with `strict` an account,
   *   leaves too little for any; UNKNOWN_TENANT; NO_ENCODER, ASYNC_ENCODER, ENCODER_FAILED for texts;
   *   DIMENSION_MISMATCH, INVALID_ARGUMENT, UNKNOWN_OPTION, UNKNOWN_MODEL for bad input
   */
  route(input: ContextInput, options?: RouteOptions): Decision {
    const request = this.checkOptions(options)
    this.reader.read(input, 'input')
    const at = this.now()
    this.dispatcher.beginOne(this.state)
    try {
      return this.dispatch(request, at)
    } finally {
      this.emitter.deliver()
    }
  }

  /** `route` for any encoder, also one that has to wait. */
  async routeAsync(input: ContextInput, options?: RouteOptions): Promise<Decision> {
    this.checkOptions(options)
    return this.route(await this.reader.resolve(input), options)
  }

  /**
   * As many `route`s with the same options, in less time. All inputs are checked first. The list ends before the first
   * request that is refused for its budget, or that the journal has no room for: it is then shorter than `inputs`, and
   * the call throws where it is the first.
   */
  routeMany(inputs: readonly ContextInput[], options?: RouteOptions): Decision[] {
    const request = this.checkOptions(options)
    const contexts = this.reader.readMany(inputs, 'inputs')
    this.state.pending.makeRoom(inputs.length)
    const at = this.now()
    const decisions: Decision[] = []
    try {
      for (let i = 0; i < inputs.length; i++) {
        this.dispatcher.beginOneOf(this.state, contexts, i, request)
        decisions.push(this.dispatch(request, at))
      }
    } catch (error) {
      if (decisions.length === 0 || !endsBatch(error)) throw error
    } finally {
      this.emitter.deliver()
    }
    return decisions
  }

  /** Turns reservations older than the time to live into spend; `route` does it too. @returns how many */
  expire(): number {
    const count = this.committer.expireDue(this.now())
    this.emitter.deliver()
    return count
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
    this.committer.commit(checkEvent(this.state, this.policy, this.options, event))
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
    if (this.committer.journal !== null) {
      const message =
        'this router has its state from its store; `paretobandit restore` makes a store of a snapshot'
      throw new ParetoBanditError('INVALID_ARGUMENT', 'snapshot', message)
    }
    const fresh = new RoutingState(this.state.arms.kernel, this.options, this.policy.startState)
    decodeSnapshot(snapshot, fresh, {
      dimension: this.options.dimension,
      encoder: this.encoderName,
      name: this.options.name,
    })
    this.adopt(fresh)
  }

  /**
   * Resolves when all that has happened so far is durable: at once without a store.
   * @throws what has broken the store for good
   */
  flush(): Promise<void> {
    return this.committer.journal?.flush() ?? Promise.resolve()
  }

  /** `flush`, then gives the store free; calls that change something throw STORE_CLOSED from then on. */
  close(): Promise<void> {
    return this.committer.journal?.close() ?? Promise.resolve()
  }

  /**
   * SHA-256 of the state that a log's fold has at `position`, as hexadecimal: equal on all routers of a log at the same
   * position. Of a router without a store it is that of its state, and `position` is empty.
   */
  async digest(): Promise<{ readonly position: string; readonly sha256: string }> {
    const position = this.committer.journal?.position ?? ''
    const bytes = encodeSnapshot(this.confirmedState, this.encoderName)
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource))
    return { position, sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') }
  }

  /** How the state was found in the store; null without one. */
  get recovery(): Recovery | null {
    return this.committer.recovery
  }

  /** What the log's fold has at its position. @internal */
  get confirmedState(): RoutingState {
    return this.committer.journal?.confirmed ?? this.state
  }

  /** Takes over a state, of a snapshot or a log. @internal */
  adopt(state: RoutingState): void {
    this.committer.state = state
    this.dispatcher.forget()
  }

  /** From now on events go to a journal. @internal */
  attach(journal: Journal, recovery: Recovery, lease: Lease | null): void {
    this.committer.journal = journal
    this.committer.recovery = recovery
    if (lease !== null) this.dispatcher.lease = lease
  }

  /** What a replica does with its router. @internal */
  replicaHost(name: string): ReplicaHost {
    const router = this
    return {
      get state() {
        return router.state
      },
      fresh: () => {
        const options = { ...this.options, name }
        return new RoutingState(this.state.arms.kernel, options, this.policy.startState)
      },
      adopt: (state) => this.adopt(state),
      commit: (event) => this.committer.commit(event),
      follow: (event) => this.committer.follow(event),
      check: (event) => checkEvent(this.state, this.policy, this.options, event),
      now: () => this.now(),
      encoder: this.encoderName,
      dimension: this.options.dimension,
    }
  }

  private dispatch(request: RouteOptions | null, at: number): Decision {
    const { committer, dispatcher } = this
    committer.journal?.checkRoom()
    this.state.pending.makeRoom()
    if (committer.isDue(at)) {
      // Before anything expires: a call that throws has changed nothing.
      dispatcher.checkEligible(this.state, request)
      committer.expireDue(at)
    }
    committer.startPeriods(request?.tenant ?? null, at)
    const decision = this.decide(request, at)
    committer.expirePushedOut(at)
    dispatcher.commit(this.state)
    committer.journal?.append(dispatcher.record)
    if (this.emitter.hears('routed')) this.emitter.add(dispatcher.event())
    return decision
  }

  private decide(request: RouteOptions | null, at: number): Decision {
    try {
      return this.dispatcher.decide(this.state, request, at)
    } catch (error) {
      const tenant = this.dispatcher.refusedBy
      if (isRefusal(error) && tenant !== undefined) this.committer.record({ type: 'refused', at, tenant })
      throw error
    }
  }

  private checkOptions(options: RouteOptions | undefined): RouteOptions | null {
    if (options === undefined) {
      if (this.options.reserve === 'worst-case') checkSizes({})
      return null
    }
    const request = checkRouteOptions(options)
    if (this.options.reserve === 'worst-case') checkSizes(request)
    if (request.tenant !== undefined)
      administrationOf(this.policy, 'tenant').findTenant(this.state, request.tenant, 'tenant')
    return request
  }
}

/** No money for the rest, or no room in the journal: what was decided before stands. */
function endsBatch(error: unknown): boolean {
  return isRefusal(error) || (error instanceof ParetoBanditError && error.code === 'JOURNAL_FULL')
}

function isRefusal(error: unknown): boolean {
  return error instanceof ParetoBanditError && error.code === 'BUDGET_EXHAUSTED'
}
