import { Arms } from '../bandit/arms.js'
import { ParetoBanditError } from '../base/errors.js'
import type { EventOf, RouterEvent } from '../events/events.js'
import type { Kernel } from '../kernel/kernel.js'
import { recordCost, recordFreeCost } from '../models/cost-estimate.js'
import { type Model, Registry } from '../models/registry.js'
import { unpricedTokens } from '../models/token-counts.js'
import { countTries, recordLatency, recordTry } from '../models/tries.js'
import { Ledger } from './ledger.js'
import { PendingRequests } from './pending/pending.js'
import { RequestIds } from './pending/request-ids.js'
import { DROPPED, EXPIRED, FAILED, isUnsettled, REWARDED, SETTLED } from './pending/request-state.js'
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

  constructor(kernel: Kernel, options: StateOptions, policy: FoldedPolicy<S>) {
    this.arms = new Arms(kernel, options.lambda0)
    this.rewards = options.rewards
    this.cost = new RunningCost(options.budgetUsdPerRequest)
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
      case 'expired':
        this.expire(this.sequenceOf(event.id), event.at)
        break
      case 'model-added':
        this.modelAdded(event)
        break
      case 'model-removed':
        this.modelRemoved(this.model(event.model), event.at)
        break
      case 'model-enabled':
        this.registry.setEnabled(this.model(event.model), true)
        break
      case 'model-disabled':
        this.registry.setEnabled(this.model(event.model), false)
        this.policy.unavailable?.(this.model(event.model))
        break
      case 'model-repriced':
        this.modelRepriced(this.model(event.model), event)
        break
      case 'drift':
        return NOTHING_MORE
      case 'budget-set':
        if (event.tenant === null) this.cost.setBudget(event.usdPerRequest)
        this.policy.apply?.(event)
        break
      default:
        this.policy.apply?.(event)
    }
    this.events++
    return this.policy.takeNotices?.() ?? NOTHING_MORE
  }

  /** The id of a request that the ring holds. */
  requestId(sequence: number): string {
    return this.ids.idOf(sequence)
  }

  /** The sequence number of a request that the ring holds, or 0. */
  sequenceOf(id: string): number {
    return this.ids.sequenceOf(id)
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
    if (event.forced) this.registry.countForced(model)
    countTries(model, event.at, event.triesCost, event.triesLatency)
    this.ledger.reserve(event.reservedUsd, allowanceUsd)
    const origin = this.ids.add(event.id, pending.next)
    pending.add(event, model, allowanceUsd, origin.index, origin.nextRequest - 1)
    this.policy.routed?.(event, pending.next - 1)
  }

  private settled(event: EventOf<'settled'>): void {
    const { pending, ledger, cost } = this
    const sequence = this.sequenceOf(event.id)
    const model = this.modelOf(sequence) ?? this.model(event.model)
    const reservedUsd = pending.reservedUsd(sequence)
    this.policy.settled?.(event, model, sequence)
    if ((pending.state(sequence) & EXPIRED) === 0) {
      ledger.settle(reservedUsd, event.costUsd, pending.allowanceUsd(sequence))
      model.spendUsd += event.costUsd
      cost.observe(event.costUsd)
    } else {
      ledger.correct(event.costUsd - reservedUsd, pending.allowanceUsd(sequence))
      model.spendUsd = Math.max(0, model.spendUsd + event.costUsd - reservedUsd)
      cost.correct(event.costUsd - reservedUsd)
    }
    pending.mark(sequence, SETTLED)
    model.settled++
    model.settledCostUsd += event.costUsd
    if (event.latencyMs !== null) {
      model.latencyCount++
      model.latencySumMs += event.latencyMs
      recordLatency(model, event.latencyMs)
    }
    this.countUsage(model, event, sequence)
    this.recordCost(model, event.costUsd, sequence)
  }

  /** A request of no tokens on a model that has a price tells nothing of it. */
  private recordCost(model: Model, costUsd: number, sequence: number): void {
    const listUsd = this.pending.listCostUsd(sequence)
    if (listUsd > 0) {
      recordTry(model, costUsd, listUsd)
      recordCost(model, costUsd, listUsd, this.pending.predictedUsd(sequence))
    } else if (model.blendedUsdPerKTok === 0) recordFreeCost(model, costUsd)
  }

  private rewarded(event: EventOf<'rewarded'>): void {
    const sequence = this.sequenceOf(event.id)
    const model = this.modelOf(sequence) ?? this.model(event.model)
    const { kernel } = this.arms
    this.pending.copyContextTo(sequence, kernel.f64, kernel.layout.context)
    this.policy.rewarded?.(event, model, sequence)
    kernel.update(model.slot, event.reward, this.requests)
    this.pending.mark(sequence, REWARDED)
    model.rewarded++
    model.rewardSum += event.reward
  }

  private failed(event: EventOf<'failed'>): void {
    const { pending, ledger } = this
    const sequence = this.sequenceOf(event.id)
    const model = this.modelOf(sequence) ?? this.model(event.model)
    const reservedUsd = pending.reservedUsd(sequence)
    const allowanceUsd = pending.allowanceUsd(sequence)
    const late = (pending.state(sequence) & EXPIRED) !== 0
    const differenceUsd = late ? event.costUsd - reservedUsd : event.costUsd
    if (late) ledger.correct(differenceUsd, allowanceUsd)
    else ledger.settle(reservedUsd, event.costUsd, allowanceUsd)
    ledger.takeBack(allowanceUsd)
    this.policy.failed?.(event, sequence)
    this.cost.correct(differenceUsd)
    model.spendUsd = Math.max(0, model.spendUsd + differenceUsd)
    model.failed++
    this.countUsage(model, event, sequence)
    pending.mark(sequence, FAILED)
  }

  private expire(sequence: number, at: number): void {
    const model = this.modelOf(sequence)
    // A removed model's requests are closed; their reservations were spent when it went.
    if (model !== undefined) this.chargeReservation(model, sequence, at)
    this.pending.mark(sequence, EXPIRED)
  }

  /** What the operator should look into: tokens without a price, and what was wrong with a usage. */
  private countUsage(model: Model, event: EventOf<'settled' | 'failed'>, sequence: number): void {
    const { tokens, usageFlags } = event
    const unpriced = tokens === null ? 0 : unpricedTokens(this.pending.prices(sequence), tokens)
    model.unpricedTokens += unpriced
    if (unpriced > 0 || usageFlags !== null) model.flaggedUsages++
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
      pending.mark(sequence, DROPPED)
    }
    this.registry.remove(model)
    this.policy.unavailable?.(model)
  }

  private modelRepriced(model: Model, event: EventOf<'model-repriced'>): void {
    const before = model.blendedUsdPerKTok
    this.registry.reprice(model, event.price)
    this.policy.repriced?.(model, before)
    this.arms.setPrice(model.slot, event.logCost)
  }

  private chargeReservation(model: Model, sequence: number, at: number): void {
    this.policy.charged?.(at, sequence)
    const reservedUsd = this.pending.reservedUsd(sequence)
    this.ledger.settle(reservedUsd, reservedUsd, this.pending.allowanceUsd(sequence))
    this.cost.observe(reservedUsd)
    model.spendUsd += reservedUsd
    model.expired++
  }

  private model(id: string): Model {
    const model = this.registry.get(id)
    if (model === undefined) throw new ParetoBanditError('UNKNOWN_MODEL', 'event.model', `no model '${id}'`)
    return model
  }
}
