/// <reference lib="esnext.disposable" preserve="true" />

import type { ArmInspection } from '../bandit/arm-inspection.js'
import { checkString } from '../base/check.js'
import { readOnce } from '../base/read-once.js'
import type { Listener, SubscribedEvent, Subscription } from '../events/emitter.js'
import type { RouterEvent } from '../events/events.js'
import type { ContextInput } from '../features/context-reader.js'
import type { ModelPrice, ModelSpec } from '../models/model.js'
import type { CommandName, PolicyCommands, PolicyQueries, QueryName } from '../policy/commands.js'
import type { Decision, ExplainOptions, Explanation, Preview } from '../policy/decision.js'
import type { CapOptions } from '../policy/dollar/accounts/cap-period.js'
import type { ForTenant, TenantOptions } from '../policy/dollar/accounts/tenant-options.js'
import type { Estimator } from '../policy/dollar/estimate/estimators.js'
import type { LatencyOptions } from '../policy/dollar/latency/latency-limit.js'
import type { QualityOptions } from '../policy/dollar/quality/quality-options.js'
import type { AccountStats } from '../policy/dollar/stats.js'
import type { RouterOptions } from '../policy/options.js'
import type { RouteOptions } from '../policy/route-options.js'
import { checkEvent, isNotice } from '../state/check-event.js'
import { findModel } from '../state/find-model.js'
import type { RoutingState } from '../state/routing-state.js'
import type { SwitchOptions } from './admin.js'
import type { BatchOptions, BatchReceipt } from './feedback.js'
import type { Cancellation, Failure, Settlement } from './given-feedback.js'
import type { JournalStats, Receipt, Recovery } from './journal.js'
import type { RouterParts } from './parts.js'
import type { Run, RunCall, RunOptions } from './run/run-options.js'
import type { RouterStats } from './stats.js'

/**
 * The public face: `route` decides, `settle` and `reward` teach, in any order and hours apart. Every change of state is
 * an event that goes through `apply`; any call that throws has changed nothing, but for what the clock brings about
 * (expiry, new periods of caps) and the count of requests refused for their budget. Make one with `createRouter`.
 *
 * Any call that changes something also throws INVALID_ARGUMENT for a clock that gives no finite time, STORE_CLOSED after
 * `close`, and of a router with a store JOURNAL_FULL (too many events wait to be durable) or what has broken the store for
 * good.
 *
 * @typeParam Id ids of the models, as `createRouter` saw them. Of one that gets others later, by `addModel` or from a log,
 *   say `createRouter<string>`
 */
export class Router<Id extends string = string> implements AsyncDisposable {
  private readonly parts: RouterParts

  constructor(parts: RouterParts) {
    this.parts = parts
  }

  /**
   * Decides which model gets a request.
   * @param input a text, the messages of a chat, or a context of `dimension` numbers (bias included) within +-10,000
   * @throws NO_ELIGIBLE_MODEL when the options leave no model; BUDGET_EXHAUSTED when a cap, or with `strict` an account,
   *   leaves too little for any; UNKNOWN_TENANT; NO_ENCODER, ASYNC_ENCODER, ENCODER_FAILED for texts;
   *   DIMENSION_MISMATCH, INVALID_ARGUMENT, UNKNOWN_OPTION, UNKNOWN_MODEL for bad input
   */
  route(input: ContextInput, options?: RouteOptions): Decision<Id> {
    return this.open.decisions.route(input, options) as Decision<Id>
  }

  /**
   * `route` for any encoder, also one that has to wait. Options are checked at once, and again when the text is encoded:
   * models, prices and budgets are those in force at that moment. Where replicas share a cap and the next slice of it is on its way, it is waited for.
   * @returns a promise that is rejected with what `route` throws, ASYNC_ENCODER apart
   */
  async routeAsync(input: ContextInput, options?: RouteOptions): Promise<Decision<Id>> {
    return (await this.open.decisions.routeAsync(input, options)) as Decision<Id>
  }

  /**
   * The whole way of a call: routes, makes the call, reads the usage of its answer and settles; where the model fails the next one is
   * asked, and a call that `signal` breaks off is cancelled. A stream is booked when it has ended; until its first event another
   * model may be asked. An answer without a usage is booked at what was reserved.
   * @param options those of `route`, and `session`, `signal`, `triesMax`, `usage`
   * @param call calls the model of the decision; its own retries should be off
   * @returns a promise of the answer, with its decisions; it is rejected with what `routeAsync` is rejected with, or with the error
   *   of the latest call
   */
  async run<Answer>(
    input: ContextInput,
    options: RunOptions | undefined,
    call: RunCall<Answer, Id>,
  ): Promise<Run<Answer, Id>> {
    const runner = await this.open.runner()
    const made = runner.run(input, options, call as RunCall<Answer>)
    return (await made) as Run<Answer, Id>
  }

  /**
   * As many `route`s with the same options, in less time. All inputs are checked first. The list ends before the first
   * request that is refused for its budget, or that the journal has no room for: it is then shorter than `inputs`, and
   * the call throws where it is the first.
   * @returns a decision for each of the first inputs, in their order
   * @throws as `route`
   */
  routeMany(inputs: readonly ContextInput[], options?: RouteOptions): Decision<Id>[] {
    return this.open.decisions.routeMany(inputs, options) as Decision<Id>[]
  }

  /**
   * Where a request would go at this moment, and why: nothing is reserved, learned, counted or paid in, and no try of a model is
   * used up. What the clock brings about (expiry, new periods of caps) is recorded, as `route` does.
   * @returns a promise that is rejected with what `routeAsync` is rejected with
   */
  async preview(input: ContextInput, options?: RouteOptions): Promise<Preview<Id>> {
    return (await this.open.decisions.preview(input, options)) as Preview<Id>
  }

  /** Turns reservations older than `pendingTtlMs` into spend; `route` does it too. @returns how many */
  expire(): number {
    return this.open.decisions.expire()
  }

  /**
   * Why a request went where it went, while its entry is held: at least until newer requests push it out. Exact while
   * nothing else has happened since (`statisticsChanged` is false); `route` with `explain: true` is always exact.
   * Costs are those of the request's own size. Of the latest 1,024 decisions of this router that is known; of others it is what comes to the
   * list cost that the log has, if there are options, and else a usual size.
   * @param options `inputTokens`: of its prompt, as its `routed` event has them; `{}`: they are not known
   * @returns scores, weights and penalties in units of the router's reward range, dollars in USD
   * @throws UNKNOWN_REQUEST, REQUEST_CLOSED, MODEL_REMOVED; INVALID_ARGUMENT for what is no id
   */
  explain(id: string, options?: ExplainOptions): Explanation {
    return this.parts.decisions.explain(id, options)
  }

  /**
   * The call was made and its cost is known: the reservation gives way to it. At most once a request; after an expiry
   * it corrects what the expiry charged. The money was spent, so a bill that comes late is booked too, for a request that
   * has failed, whose model was removed, or that newer requests pushed out: nothing is learned from it then. Counts that
   * are null, missing or contradict each other are no error: what is certain is booked, and `stats` counts it as flagged.
   * @returns at once; the receipt tells when it is durable. In a log shared by several routers a request that is not known
   *   here, but may be elsewhere, is waited for
   * @throws UNKNOWN_REQUEST, REQUEST_CLOSED, MODEL_REMOVED, ALREADY_SETTLED; INVALID_ARGUMENT
   */
  settle(id: string, settlement: Settlement): Receipt {
    return this.open.feedback.settle(id, settlement)
  }

  /**
   * `settle` for each item; all are checked before the first is applied. With `each: true` an item that is refused keeps
   * none from being applied, and the receipt has a result for every one: for deliveries that may come twice.
   * @throws as `settle`, naming the item as `items[i]`
   */
  settleMany(
    items: readonly (Settlement & { readonly id: string })[],
    options?: BatchOptions & { readonly each?: false | undefined },
  ): Receipt
  settleMany(
    items: readonly (Settlement & { readonly id: string })[],
    options: BatchOptions & { readonly each: true },
  ): BatchReceipt
  settleMany(
    items: readonly (Settlement & { readonly id: string })[],
    options?: BatchOptions,
  ): Receipt | BatchReceipt
  settleMany(
    items: readonly (Settlement & { readonly id: string })[],
    options?: BatchOptions,
  ): Receipt | BatchReceipt {
    return this.open.feedback.settleMany(items, options)
  }

  /**
   * The quality of the answer is known: the model's arm learns from it. At most once, before or after `settle`.
   * @param reward in the router's reward range, [0, 1] by default; higher is better
   * @throws as `settle`, and ALREADY_REWARDED, REQUEST_EXPIRED
   */
  reward(id: string, reward: number): Receipt {
    return this.open.feedback.reward(id, reward)
  }

  /** Whether `reward` would take one of this request now: who collects rewards can tell at once. @throws as `reward`, for the id */
  checkReward(id: string): void {
    this.open.feedback.checkReward(id)
  }

  /** `reward` for each item; `each: true` as in `settleMany`. @throws as `reward`, naming the item as `items[i]` */
  rewardMany(
    items: readonly { readonly id: string; readonly reward: number }[],
    options?: BatchOptions & { readonly each?: false | undefined },
  ): Receipt
  rewardMany(
    items: readonly { readonly id: string; readonly reward: number }[],
    options: BatchOptions & { readonly each: true },
  ): BatchReceipt
  rewardMany(
    items: readonly { readonly id: string; readonly reward: number }[],
    options?: BatchOptions,
  ): Receipt | BatchReceipt
  rewardMany(
    items: readonly { readonly id: string; readonly reward: number }[],
    options?: BatchOptions,
  ): Receipt | BatchReceipt {
    return this.open.feedback.rewardMany(items, options)
  }

  /**
   * The upstream call failed: the reservation is released, what it cost all the same is charged, no reward will come.
   * Then route again with `exclude: [decision.model]`.
   * @param failure its cost in USD or its tokens, if any; `latencyMs` and `retryAfterMs` in ms
   * @throws as `settle`, and ALREADY_REWARDED
   */
  fail(id: string, failure?: Failure): Receipt {
    return this.open.feedback.fail(id, failure)
  }

  /**
   * The caller broke the call off: a stream that was aborted. What it cost until then is charged; the request is neither
   * the model's failure nor a settled answer, and no reward will come.
   * @param cancellation its cost in USD or its tokens, if any; `latencyMs` in ms
   * @throws as `fail`
   */
  cancel(id: string, cancellation?: Cancellation): Receipt {
    return this.open.feedback.cancel(id, cancellation)
  }

  /**
   * The bill of a request was wrong: this one takes its place on every account, and in what was learned of the model's
   * costs. It may be called again; of a request that is not settled it is the settlement.
   * @throws UNKNOWN_REQUEST, REQUEST_CLOSED (its bill is no longer remembered), INVALID_ARGUMENT
   */
  correct(id: string, bill: Settlement): Receipt {
    return this.open.feedback.correct(id, bill)
  }

  /**
   * The most that a bill of this request may be without being taken for a mistake, USD: what its list price, the bills of its model, its
   * reservation and what is booked allow. `correct` takes any bill: who corrects bills for others can tell at once.
   * @throws as `correct`, for the id
   */
  plausibleUsd(id: string): number {
    return this.open.feedback.plausibleUsd(id)
  }

  /**
   * Registers a model. It takes part at once: a newcomer starts cold (or from the router's priors, if they know it)
   * and gets `forcedExploration` requests; of policy `dollar` at most, as long as it may be worth its price.
   * @param model its prices in USD per million tokens
   * @param options `forcedExploration`: requests, in place of the router's own option
   * @throws DUPLICATE_MODEL, INVALID_ARGUMENT, UNKNOWN_OPTION, OUT_OF_MEMORY
   */
  addModel(model: ModelSpec, options: { readonly forcedExploration?: number | undefined } = {}): void {
    this.open.admin.addModel(model, options)
  }

  /**
   * Forgets a model. What is reserved for its requests in flight counts as spent until their bills come, which are booked;
   * nothing is learned of them, and their rewards are refused. To learn of them, `drain` it: it gets no more requests, those in flight settle and are learned from, and with the last
   * one's settlement it is removed by itself, in this process or a later one, which a `drained` notice tells; rewards are refused from then on. `enable` takes that back.
   * @throws UNKNOWN_MODEL, INVALID_ARGUMENT, UNKNOWN_OPTION
   */
  removeModel(id: string, options?: { readonly drain?: boolean | undefined }): void {
    this.open.admin.removeModel(id, options)
  }

  /**
   * Takes a model out of the choice and keeps what was learned of it. Its feedback still counts. Of a disabled model it
   * changes nothing.
   * @throws UNKNOWN_MODEL, INVALID_ARGUMENT
   */
  disable(id: string, options?: SwitchOptions): void {
    this.open.admin.disable(id, options)
  }

  /**
   * Puts a disabled model back with what it had learned. Of an enabled model it changes nothing. What an operator disabled
   * `by: 'options'` does not put back.
   * @throws UNKNOWN_MODEL, INVALID_ARGUMENT
   */
  enable(id: string, options?: SwitchOptions): void {
    this.open.admin.enable(id, options)
  }

  /**
   * New list prices, in force from the next request on. They replace all prices, tiers and discounts of the model: what is
   * left out takes its default. Requests on their way are billed at the old ones.
   * @param price USD per million tokens, by kind, finite and >= 0; those of input and output are required
   * @throws UNKNOWN_MODEL, INVALID_ARGUMENT, UNKNOWN_OPTION
   */
  reprice(id: string, price: ModelPrice): void {
    this.open.admin.reprice(id, price)
  }

  /**
   * A new ceiling of the mean spend per request, or null for none, of the router or of a tenant. Its mode stays.
   * @param budget `usdPerRequest` in USD, > 0; null for none
   * @throws UNKNOWN_TENANT; INVALID_ARGUMENT, also for what is set when the router is made; UNKNOWN_OPTION
   */
  setBudget(budget: { readonly usdPerRequest: number | null } | null, options?: ForTenant): void {
    this.open.admin.setBudget(budget, options)
  }

  /**
   * All caps from now on, of the router or of a tenant. One of a kind that was there keeps what it has counted, in another time zone too.
   * @param caps each of `usd` dollars per period
   * @throws UNKNOWN_TENANT; INVALID_ARGUMENT, also under a policy that takes no caps; UNKNOWN_OPTION
   */
  setCaps(caps: readonly CapOptions[] | null, options?: ForTenant): void {
    this.open.admin.run('setCaps', 'caps', caps, options)
  }

  /**
   * An operator's credit to the router's account or a tenant's, or a debit where it is negative, USD: the balance of the
   * budget and what the caps in force leave. The balance never exceeds the burst.
   * @throws INVALID_ARGUMENT, also under a policy that keeps no accounts; UNKNOWN_TENANT, UNKNOWN_OPTION
   */
  adjustAccount(usd: number, options?: ForTenant): void {
    this.open.admin.run('adjustAccount', 'usd', usd, options)
  }

  /**
   * A limit on the latency of all requests from now on, or null for none. The same limit again changes nothing.
   * @param latency in ms: of the mean, or that a share of requests (`percentile`) must keep
   * @throws INVALID_ARGUMENT, also under a policy that takes none; UNKNOWN_OPTION
   */
  setLatency(latency: LatencyOptions | null): void {
    this.open.admin.run('setLatency', 'latency', latency)
  }

  /**
   * A floor under the mean reward of all requests from now on, or null for none.
   * @param quality `meanReward` in units of the router's reward range
   * @throws INVALID_ARGUMENT, also under a policy that takes none; UNKNOWN_OPTION
   */
  setQuality(quality: QualityOptions | null): void {
    this.open.admin.run('setQuality', 'quality', quality)
  }

  /**
   * A model of a log that was begun before release 0.2.0 learns from now on how far to trust features, as all others do; it
   * keeps what it has learned. Of one that does so already it changes nothing.
   * @throws UNKNOWN_MODEL; INVALID_ARGUMENT, also under a policy that takes none
   */
  setEstimator(id: string, estimator: Estimator): void {
    this.open.admin.run('setEstimator', 'id', id, estimator)
  }

  /**
   * Registers a tenant, with an account of its own beside the router's: every dollar is booked on both.
   * @param tenant its budget in USD per request, its caps in USD per period
   * @throws DUPLICATE_TENANT; INVALID_ARGUMENT, also under a policy without tenants; UNKNOWN_OPTION
   */
  addTenant(tenant: TenantOptions): void {
    this.open.admin.run('addTenant', 'tenant', tenant)
  }

  /** `addTenant` for each; all are checked before the first is registered. @throws as `addTenant` */
  addTenants(tenants: readonly TenantOptions[]): void {
    this.open.admin.run('addTenants', 'tenants', tenants)
  }

  /**
   * Forgets a tenant and its account. Its requests in flight still settle on the router's account.
   * @throws UNKNOWN_TENANT; INVALID_ARGUMENT, also under a policy without tenants
   */
  removeTenant(id: string): void {
    this.open.admin.run('removeTenant', 'id', id)
  }

  /**
   * The account of a tenant, or of all (null), dollars in USD: without what `stats` says of models.
   * @throws UNKNOWN_TENANT; INVALID_ARGUMENT under a policy without tenants
   */
  tenantStats(id: string | null): AccountStats {
    return this.parts.admin.answer('tenantStats', 'id', id)
  }

  /**
   * Counts since the state began, dollars (USD), latencies (ms) and rewards (in units of the router's reward range), as
   * they are now.
   * @throws INVALID_ARGUMENT for a clock that gives no finite time
   */
  stats(): RouterStats {
    return this.parts.admin.stats()
  }

  /**
   * The learned statistics of a model, copied; weights in units of the router's reward range.
   * @throws UNKNOWN_MODEL, INVALID_ARGUMENT
   */
  inspectArm(id: string): ArmInspection {
    const { state } = this.parts.committer
    const arm = state.arms.inspect(findModel(state, id, 'id').slot)
    return state.rewards === null ? arm : { ...arm, theta: state.rewards.weightsToUser(arm.theta) }
  }

  /**
   * Subscribes to a type of event, or with '*' to all. Listeners are called after the change, in the order of the
   * events; one that throws, or whose promise is rejected, is reported to `onListenerError` and stops nothing. Nobody waits for a promise.
   * @returns a function that ends the subscription
   * @throws INVALID_ARGUMENT for an unknown type, or a listener that is no function
   */
  on<S extends Subscription>(type: S, listener: Listener<SubscribedEvent<S>>): () => void {
    return this.parts.committer.emitter.on(type, listener)
  }

  /**
   * Folds an event that another router made (or this one, earlier) into this router's state: replaying all events of
   * a router into a fresh one of the same options and name gives the same state, bit for bit.
   * @throws EVENT_OUT_OF_ORDER when it does not follow from this state, INVALID_ARGUMENT naming the field, and what
   *   the call that made the event throws
   */
  apply(event: RouterEvent): void {
    const { committer, policy, options } = this.open
    const checked = checkEvent(committer.state, policy, options, readOnce(event, 'event'))
    // What the event before it has shown was told with that one.
    if (!isNotice(policy, checked.type)) committer.commit(checked)
  }

  /** The whole state in one versioned binary: models, statistics, budget, spend, and requests waiting for feedback. */
  snapshot(): Uint8Array {
    return this.parts.persistence.snapshot()
  }

  /**
   * Replaces the whole state by a snapshot's. What events change is the snapshot's from then on: models with their prices,
   * budget, caps, tenants, latency, quality. Policy, encoder, `strict`, reward range and other settings stay this router's:
   * give it those of the old one. Of requests that had all their feedback, failed, or went to a removed model, only what bills
   * need is kept: `correct` works, and `settle` where no bill had come; a reward throws REQUEST_CLOSED.
   * @throws SNAPSHOT_INVALID, SNAPSHOT_MISMATCH, OUT_OF_MEMORY; INVALID_ARGUMENT, also of a router with a store, whose state
   *   comes from there; nothing has changed then
   */
  restore(snapshot: Uint8Array): void {
    this.open.persistence.restore(snapshot)
  }

  /**
   * Which of these options say what no start of a router on this log has said, nor `noteOptions`, of this process or another:
   * paths like `caps`, `budget.usdPerRequest`, `models["large"]`, `tenants["acme"].caps`. Null where nobody knows: without a
   * store, or on one without notes.
   * @param options what may differ from a log (`onDifference`); others say nothing here
   * @throws (the promise is rejected with) INVALID_ARGUMENT, UNKNOWN_OPTION, and what the store throws
   */
  async editedOptions(options: RouterOptions): Promise<ReadonlySet<string> | null> {
    return (await this.open.persistence.optionNotes?.edited(options)) ?? null
  }

  /**
   * Before commands do what edited options say: which of these paths are this process's to change. They are those that `editedOptions`
   * would name, and those of options that are not given. Until `noteOptions` says them they are noted as unknown: a process that is
   * killed on the way leaves them to the next start. Of processes that claim the same path at once one gets it, as long as the store takes
   * the claims: each of several may get it while the store fails or hangs, and on a store without `replaceNote`. Null as of `editedOptions`.
   * @param paths of what was edited; unknown ones are as of `noteOptions`
   * @returns after two seconds at most for each process that has claimed a path and not noted it: then it counts as gone
   * @throws (the promise is rejected with) as `editedOptions`
   */
  async claimOptions(options: RouterOptions, paths: Iterable<string>): Promise<ReadonlySet<string> | null> {
    return (await this.open.persistence.optionNotes?.claim(options, paths)) ?? null
  }

  /**
   * Options were edited while the router ran, and commands have done what they say: from now on a start with these options, of
   * any process, is no edit, and what commands do later holds. `flush` waits for it.
   * @param paths of what was edited, as `editedOptions` has them. One of an option that is not given is noted as unknown: whatever options
   *   say of it next is an edit. One that names nothing in an option that is given (a tenant that is not there, a misspelling) is
   *   noted as gone, which changes nothing where nothing was said of it: no path is refused
   * @returns a promise that resolves when it is in the store; at once without one
   * @throws (the promise is rejected with) as `editedOptions`; STORE_UNREACHABLE where it takes longer than `journal.closeMs`: it is written
   *   when the store answers, or with the next note
   */
  async noteOptions(options: RouterOptions, paths: Iterable<string>): Promise<void> {
    await this.open.persistence.optionNotes?.note(options, paths)
  }

  /**
   * Resolves when all that has happened so far is durable: at once without a store, and after `close`.
   * @throws (the promise is rejected with) what has broken the store for good
   */
  flush(): Promise<void> {
    return this.parts.persistence.flush()
  }

  /**
   * `flush`, then gives the store free; calls that change something throw STORE_CLOSED from then on, of a router without a
   * store too. What only looks (`stats`, `explain`, `snapshot`) goes on.
   * @throws (the promise is rejected with) what kept events from becoming durable
   */
  close(): Promise<void> {
    return this.parts.persistence.close()
  }

  /** `close`, for `await using router = await createRouter()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * SHA-256 of the state that a log's fold has at `position`, as hexadecimal: equal on all routers of a log at the same
   * position. Of a router without a store it is that of its state, and `position` is empty. A page has to have come by https: others
   * have no `crypto.subtle`.
   */
  digest(): Promise<{ readonly position: string; readonly sha256: string }> {
    return this.parts.persistence.digest()
  }

  /** How the router stands with its store, as `stats` has it, at no cost; null without one. */
  get journal(): JournalStats | null {
    return this.parts.committer.journal?.stats() ?? null
  }

  /** How the state was found in the store; null without one. */
  get recovery(): Recovery | null {
    return this.parts.committer.recovery
  }

  /**
   * Carries out a command of the router's policy by its name (`PolicyCommands`): the verbs above that only some policies
   * take, and those of a policy of one's own.
   * @throws INVALID_ARGUMENT where the policy takes none such, and what it throws
   */
  command<N extends CommandName>(name: N, ...args: PolicyCommands[N]): void {
    checkString(name, 'name')
    this.open.admin.run(name, name, ...args)
  }

  /**
   * What the policy answers to a query (`PolicyQueries`); undefined where it has no answer to that.
   * @throws what the policy throws
   */
  ask<N extends QueryName>(
    name: N,
    ...args: PolicyQueries[N]['args']
  ): PolicyQueries[N]['answer'] | undefined {
    checkString(name, 'name')
    return this.parts.admin.ask(name, ...args)
  }

  /** Ids of the registered tenants; none under a policy without tenants. */
  tenants(): readonly string[] {
    return this.parts.admin.ask('tenants') ?? []
  }

  /** For calls that change something. @throws STORE_CLOSED */
  private get open(): RouterParts {
    const { closed } = this.parts.committer
    if (closed !== null) throw closed
    return this.parts
  }

  /** What decisions are made on. @internal */
  get state(): RoutingState {
    return this.parts.committer.state
  }

  /** What the log's fold has at its position. @internal */
  get confirmedState(): RoutingState {
    return this.parts.persistence.confirmedState
  }
}
