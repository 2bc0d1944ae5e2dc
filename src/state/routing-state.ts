import { Arms } from '../bandit/arms.js'
import { ParetoBanditError } from '../base/errors.js'
import type { EventOf, RouterEvent } from '../events/events.js'
import type { Kernel } from '../kernel/kernel.js'
import { tried } from '../models/availability.js'
import { wasTaughtAsMistake } from '../models/cost-estimate.js'
import { type Model, Registry, type Switch } from '../models/registry.js'
import { type RepriceScale, repriceScale, rescaleCosts } from '../models/reprice-scale.js'
import { recordTokens } from '../models/token-mix.js'
import { countTries, recordLatency } from '../models/tries.js'
import { isCostTold } from '../models/usage/flags.js'
import { Bills } from './bills.js'
import { drainedModels } from './draining.js'
import { Ledger } from './ledger.js'
import { Outages } from './outages.js'
import { BilledRequest } from './pending/billed-request.js'
import type { ClosedRequest } from './pending/closed-requests.js'
import { PendingRequests } from './pending/pending.js'
import { RequestIds } from './pending/request-ids.js'
import {
  ALONE,
  BILLED,
  CANCELLED,
  DROPPED,
  EXPIRED,
  FAILED,
  isUnsettled,
  isWaiting,
  MISTAKEN,
  REWARDED,
  SETTLED,
  TRIES_COST,
  TRIES_LATENCY,
  UNTOLD,
} from './pending/request-state.js'
import type { FoldedPolicy, PolicyState, StateView } from './policy-state.js'
import type { RewardUnits } from './reward-units.js'
import { RunningCost } from './running-cost.js'
import type { StateOptions } from './state-options.js'

const NOTHING_MORE: readonly RouterEvent[] = []

/**
 * Routing state: a deterministic fold over events, changed by `apply` and by nothing else. No clock and no randomness
 * in here, and no arithmetic but + - * / and sqrt: folding the same events gives the same bits on every machine.
 *
 * `apply` trusts its event: the router makes valid ones, and `checkEvent` guards those that come from outside.
 */
export class RoutingState<S extends PolicyState = PolicyState> implements StateView<S> {
  readonly arms: Arms
  readonly registry = new Registry()
  readonly cost: RunningCost
  readonly ledger = new Ledger()
  readonly pending: PendingRequests
  readonly ids: RequestIds
  readonly rewards: RewardUnits | null
  readonly policyName: string
  /** Of the router. */
  readonly name: string
  /** What the policy keeps besides. */
  readonly policy: S
  requests = 0
  events = 0
  /** What the event under way has shown. */
  private readonly notices: RouterEvent[] = []
  private readonly bills: Bills
  private readonly outages: Outages

  constructor(kernel: Kernel, options: StateOptions, policy: FoldedPolicy<S>) {
    this.arms = new Arms(kernel, options.lambda0)
    this.rewards = options.rewards
    this.cost = new RunningCost(options.budgetUsdPerRequest)
    this.bills = new Bills(this.cost, this.registry, this.notices)
    this.outages = new Outages(this.registry, this.notices)
    const { dimension } = kernel.layout
    this.pending = new PendingRequests(options.pendingCapacity, dimension, policy.pendingColumns)
    this.name = options.name
    this.ids = new RequestIds(options.origin, this.pending)
    this.policyName = policy.name
    this.policy = policy.start(this, options)
  }

  /** @returns what the event has shown besides (alarms), for subscribers: no part of the state */
  apply(given: RouterEvent): readonly RouterEvent[] {
    const event = this.rewards?.eventToUnit(given) ?? given
    switch (event.type) {
      case 'routed':
        this.routed(event)
        break
      case 'settled':
        this.settled(event)
        break
      case 'rewarded':
        this.rewarded(event)
        break
      case 'failed':
        this.failed(event)
        break
      case 'cancelled':
        this.cancelled(event)
        break
      case 'billed':
        this.billed(event)
        break
      case 'expired':
        this.expire(this.sequenceOf(event.id), event.at)
        break
      case 'model-added':
        this.modelAdded(event)
        break
      case 'model-removed':
        if (event.drain) this.drain(this.model(event.model))
        else this.modelRemoved(this.model(event.model), event.at)
        break
      case 'model-enabled':
        this.registry.enable(this.model(event.model), event.by)
        break
      case 'model-disabled':
        this.disable(this.model(event.model), event.by)
        break
      case 'model-repriced':
        this.modelRepriced(this.model(event.model), event)
        break
      case 'drift':
      case 'drained':
      case 'implausible-bill':
      case 'availability':
        return NOTHING_MORE
      case 'budget-set':
        if (event.tenant === null) this.cost.setBudget(event.usdPerRequest)
        this.policy.apply?.(event)
        break
      default:
        this.policy.apply?.(event)
    }
    if (this.registry.draining.size > 0) this.removeDrained(event.at)
    this.events++
    const notices = this.policy.takeNotices?.() ?? NOTHING_MORE
    if (this.notices.length === 0) return notices
    return [...this.notices.splice(0), ...notices]
  }

  /** The id of a request that the ring holds. */
  requestId(sequence: number): string {
    return this.ids.idOf(sequence)
  }

  /** The sequence number of a request that the ring holds, or 0. */
  sequenceOf(id: string): number {
    return this.ids.sequenceOf(id)
  }

  /** Whether feedback of some kind can still come for a request of the ring. */
  isOpen(sequence: number): boolean {
    return sequence !== 0 && this.pending.holds(sequence) && isWaiting(this.pending.state(sequence))
  }

  /** A request that takes no feedback but a bill; undefined where it is open, or was forgotten. */
  closedRequest(id: string): ClosedRequest | undefined {
    if (this.isOpen(this.sequenceOf(id))) return undefined
    const place = this.ids.placeOf(id)
    return place === null ? undefined : this.pending.closed.find(place.origin, place.number)
  }

  /** What a bill for a request is held against; undefined where it was forgotten. */
  billedRequest(id: string): BilledRequest | undefined {
    const sequence = this.sequenceOf(id)
    if (this.isOpen(sequence))
      return new BilledRequest(this.pending.rowToChange(sequence), this.pending.prices(sequence))
    const closed = this.closedRequest(id)
    return closed === undefined ? undefined : new BilledRequest(closed.row, closed.prices)
  }

  /** The model a held request went to, if it is still registered as it was then. */
  modelOf(sequence: number): Model | undefined {
    return this.registry.at(this.pending.slot(sequence), this.pending.incarnation(sequence))
  }

  private routed(event: EventOf<'routed'>): void {
    const { pending } = this
    const model = this.model(event.model)
    const allowanceUsd = this.cost.usdPerRequest ?? 0
    pending.makeRoom()
    // A router has let it expire before; in a shared log the request that pushes it out may be another's.
    const pushedOut = pending.pushedOut()
    if (pushedOut !== 0) this.expire(pushedOut, event.at)
    this.requests++
    this.arms.markPlayed(model.slot, this.requests)
    model.requests++
    tried(model, event.at, this.requests)
    // Another process may have decided it before it heard of the model's first reward.
    const isAlone = event.alone && model.rewarded === 0
    if (event.forced) {
      this.registry.countForced(model)
      if (isAlone) model.forcedAlone++
    }
    countTries(model, event.at, this.requests, {
      costUsd: event.triesCost ? (event.triedLimitUsd ?? 0) : null,
      latencyMs: event.triesLatency ? (event.triedLimitMs ?? 0) : null,
    })
    this.ledger.reserve(event.reservedUsd, allowanceUsd)
    const origin = this.ids.add(event.id, pending.next)
    pending.add(event, model, allowanceUsd, origin.index, origin.nextRequest - 1)
    const flags =
      (event.triesCost ? TRIES_COST : 0) | (event.triesLatency ? TRIES_LATENCY : 0) | (isAlone ? ALONE : 0)
    if (flags !== 0) pending.setFlags(pending.next - 1, flags)
    this.policy.routed?.(event, pending.next - 1)
  }

  private settled(event: EventOf<'settled'>): void {
    const { pending, cost } = this
    const sequence = this.sequenceOf(event.id)
    const model = this.modelOf(sequence) ?? this.model(event.model)
    this.policy.settled?.(event, model, sequence)
    const differenceUsd = this.book(sequence, event.costUsd)
    if (this.isExpired(sequence)) {
      // In this order: the bits of what older logs fold to depend on it.
      model.spendUsd = Math.max(0, model.spendUsd + event.costUsd - pending.reservedUsd(sequence))
      cost.correct(differenceUsd)
    } else {
      model.spendUsd += event.costUsd
      cost.observe(event.costUsd)
    }
    this.answered(model, event.at, sequence)
    pending.book(sequence, event.costUsd, event.at)
    const listCostUsd = pending.listCostUsd(sequence)
    const isTold = isCostTold(event)
    const isMistake = isTold && wasTaughtAsMistake(event.costUsd, listCostUsd, event.logCostRatio)
    const told = isTold ? this.bills.judge(model, event, listCostUsd, pending.prices(sequence)) : UNTOLD
    pending.setFlags(sequence, told | (isMistake ? SETTLED | MISTAKEN : SETTLED))
    model.settled++
    if ((pending.state(sequence) & ALONE) !== 0) model.settledAlone++
    model.settledCostUsd += event.costUsd
    if (event.latencyMs !== null) {
      model.latencyCount++
      model.latencySumMs += event.latencyMs
      recordLatency(model, event.latencyMs, (pending.state(sequence) & TRIES_LATENCY) !== 0)
    }
    const prices = pending.prices(sequence)
    this.bills.countUsage(model, event, prices)
    if (event.tokens !== null) recordTokens(model.tokenMix, event.tokens, prices, listCostUsd)
    // What was set aside is what was expected: to learn from it would be to believe oneself.
    if (!isTold || !model.learnsAt(prices)) return
    this.bills.learn(model, event.costUsd, listCostUsd, {
      predictedUsd: pending.predictedUsd(sequence),
      isMistake,
      isTry: (pending.state(sequence) & TRIES_COST) !== 0,
    })
  }

  private rewarded(event: EventOf<'rewarded'>): void {
    const sequence = this.sequenceOf(event.id)
    const model = this.modelOf(sequence) ?? this.model(event.model)
    const { kernel } = this.arms
    this.pending.copyContextTo(sequence, kernel.f64, kernel.layout.context)
    this.policy.rewarded?.(event, model, sequence)
    kernel.update(model.slot, event.reward, this.requests)
    this.answered(model, event.at, sequence)
    this.ratedTry(model, this.pending.forced(sequence) && (this.pending.state(sequence) & ALONE) !== 0)
    this.pending.setFlags(sequence, REWARDED)
    model.rewarded++
    model.rewardSum += event.reward
  }

  /**
   * Before a reward counts. Tries for which there was no other model showed nothing where nobody rates them: they come again with the model's
   * first reward, or one wrong answer would decide. Those that are rated after all count.
   * @param isTryAlone whether the reward is of one of them
   */
  private ratedTry(model: Model, isTryAlone: boolean): void {
    const { registry } = this
    if (model.rewarded > 0) {
      if (isTryAlone && model.forcedRemaining > 0) registry.countForced(model)
      return
    }
    if (isTryAlone && model.forcedAlone > 0) model.forcedAlone--
    registry.repeatForcedAlone(model)
  }

  private failed(event: EventOf<'failed'>): void {
    const sequence = this.sequenceOf(event.id)
    const model = this.modelOf(sequence) ?? this.model(event.model)
    const differenceUsd = this.book(sequence, event.costUsd)
    this.ledger.takeBack(this.pending.allowanceUsd(sequence))
    this.policy.failed?.(event, sequence)
    this.cost.correct(differenceUsd)
    model.spendUsd = Math.max(0, model.spendUsd + differenceUsd)
    model.failed++
    this.outages.failed(model, event, sequence, this.requests)
    if (event.latencyMs !== null) {
      model.failureLatencyCount++
      model.failureLatencySumMs += event.latencyMs
    }
    this.closeUnlearned(model, event, sequence, FAILED)
  }

  /** A request like any other in the books; nothing is learned of its cost, which is that of a part. */
  private cancelled(event: EventOf<'cancelled'>): void {
    const sequence = this.sequenceOf(event.id)
    const model = this.modelOf(sequence) ?? this.model(event.model)
    this.policy.cancelled?.(event, sequence)
    const differenceUsd = this.book(sequence, event.costUsd)
    if (this.isExpired(sequence)) this.cost.correct(differenceUsd)
    else this.cost.observe(event.costUsd)
    model.spendUsd = Math.max(0, model.spendUsd + differenceUsd)
    model.cancelled++
    this.closeUnlearned(model, event, sequence, CANCELLED)
  }

  private isExpired(sequence: number): boolean {
    return (this.pending.state(sequence) & EXPIRED) !== 0
  }

  /**
   * On the ledger a bill takes the place of what was set aside, or of what the expiry has charged.
   * @returns what it adds to the spend, USD
   */
  private book(sequence: number, costUsd: number): number {
    const { pending, ledger } = this
    const reservedUsd = pending.reservedUsd(sequence)
    const allowanceUsd = pending.allowanceUsd(sequence)
    if (!this.isExpired(sequence)) {
      ledger.settle(reservedUsd, costUsd, allowanceUsd)
      return costUsd
    }
    ledger.correct(costUsd - reservedUsd, allowanceUsd)
    return costUsd - reservedUsd
  }

  /** A request of which no answer is learned: its bill is judged and remembered all the same. */
  private closeUnlearned(
    model: Model,
    event: EventOf<'failed'> | EventOf<'cancelled'>,
    sequence: number,
    flag: number,
  ): void {
    const { pending, bills } = this
    const prices = pending.prices(sequence)
    bills.countUsage(model, event, prices)
    const told = bills.judge(model, event, pending.listCostUsd(sequence), prices)
    pending.book(sequence, event.costUsd, event.at)
    pending.setFlags(sequence, told | flag)
  }

  /** The bill takes the place of what has been booked, on every account that paid. */
  private billed(event: EventOf<'billed'>): void {
    const request = this.billedRequest(event.id)
    if (request === undefined)
      throw new ParetoBanditError('REQUEST_CLOSED', 'event.id', `nothing is known of request '${event.id}'`)
    const model = this.registry.at(request.slot, request.incarnation)
    const differenceUsd = event.costUsd - request.bookedUsd
    this.ledger.correct(differenceUsd, request.allowanceUsd)
    this.policy.billed?.(event, model, request)
    this.cost.correct(differenceUsd)
    let bits = BILLED
    if (model !== undefined) {
      model.spendUsd = Math.max(0, model.spendUsd + differenceUsd)
      model.lateBills++
      bits |= this.bills.revise(model, event, request, differenceUsd)
    }
    // What is left of a bill that was higher was charged when that was.
    request.book(event.costUsd, differenceUsd < 0 ? request.bookedAt : event.at, bits)
  }

  private expire(sequence: number, at: number): void {
    const model = this.modelOf(sequence)
    // A removed model's requests are closed; their reservations were spent when it went.
    if (model !== undefined) this.chargeReservation(model, sequence, at)
    this.pending.setFlags(sequence, EXPIRED)
  }

  /** Before the request is marked: what it has had says whether its answer was counted. */
  private answered(model: Model, at: number, sequence: number): void {
    if ((this.pending.state(sequence) & (SETTLED | REWARDED)) !== 0) return
    this.outages.answered(model, at, sequence, this.requests)
  }

  private modelAdded(event: EventOf<'model-added'>): void {
    const slot = this.registry.nextSlot()
    this.arms.start(slot, event.prior, event.logCost, this.requests, event.settledPrior)
    const model = this.registry.add(event.model, event.forcedExploration)
    this.policy.added?.(model, event)
  }

  /** Requests in flight can no longer report: what was set aside for them counts as spent. */
  private modelRemoved(model: Model, at: number): void {
    const { pending } = this
    for (const sequence of pending.waiting()) {
      if (this.modelOf(sequence) !== model) continue
      if (isUnsettled(pending.state(sequence))) this.chargeReservation(model, sequence, at)
      pending.setFlags(sequence, DROPPED)
    }
    this.registry.remove(model)
    this.policy.unavailable?.(model)
  }

  private disable(model: Model, by: Switch): void {
    this.registry.disable(model, by)
    this.policy.unavailable?.(model)
  }

  private drain(model: Model): void {
    this.disable(model, 'operator')
    this.registry.draining.set(model, 0)
  }

  private removeDrained(at: number): void {
    const { pending, registry } = this
    for (const model of drainedModels(registry, pending, (sequence) => this.modelOf(sequence))) {
      this.modelRemoved(model, at)
      this.notices.push({ type: 'drained', at, model: model.id })
    }
  }

  private modelRepriced(model: Model, event: EventOf<'model-repriced'>): void {
    const { blendedUsdPerKTok, prices } = model
    this.registry.reprice(model, event.price)
    const [inputTokens, outputTokens] = event.usualTokens
    let scale: RepriceScale | null = null
    if (event.usualTokens.length > 0) {
      scale = repriceScale(model, prices, { inputTokens, outputTokens })
      rescaleCosts(model, scale)
      model.isRescaled = true
    }
    this.policy.repriced?.(model, blendedUsdPerKTok, scale)
    this.arms.setPrice(model.slot, event.logCost)
  }

  private chargeReservation(model: Model, sequence: number, at: number): void {
    this.policy.charged?.(at, sequence)
    const reservedUsd = this.pending.reservedUsd(sequence)
    this.ledger.settle(reservedUsd, reservedUsd, this.pending.allowanceUsd(sequence))
    this.cost.observe(reservedUsd)
    this.pending.book(sequence, reservedUsd, at)
    model.spendUsd += reservedUsd
    model.expired++
  }

  private model(id: string): Model {
    const model = this.registry.get(id)
    if (model === undefined) throw new ParetoBanditError('UNKNOWN_MODEL', 'event.model', `no model '${id}'`)
    return model
  }
}
