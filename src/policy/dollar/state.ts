import type { Arms } from '../../bandit/arms.js'
import { Evidence } from '../../bandit/evidence.js'
import { startLatency } from '../../bandit/latency-start.js'
import { foldedLog } from '../../base/logarithm.js'
import type { EventOf, RouterEvent } from '../../events/events.js'
import { RIDGE_FLOOR, sectionOffset } from '../../kernel/layout.js'
import { dot } from '../../kernel/packed.js'
import { expectedCostUsd } from '../../models/cost-estimate.js'
import type { Model } from '../../models/registry.js'
import type { RepriceScale } from '../../models/reprice-scale.js'
import { isWithinTry } from '../../models/tries.js'
import { isCostTold } from '../../models/usage/flags.js'
import type { BilledRequest } from '../../state/pending/billed-request.js'
import { ALONE, TRIES_COST } from '../../state/pending/request-state.js'
import type { FoldInSnapshot, FoldView, PolicySnapshot, PolicyState } from '../../state/policy-state.js'
import type { RewardUnits } from '../../state/reward-units.js'
import type { StateOptions } from '../../state/state-options.js'
import { assumedCostUsd, type RequestSize } from '../eligibility.js'
import type { AccountLimits } from './accounts/account-limits.js'
import { accountStats } from './accounts/account-stats.js'
import { Accounts } from './accounts/accounts.js'
import { SpendingLimits } from './accounts/spending-limits.js'
import { tailFactor } from './accounts/tail.js'
import { DemandCurve } from './demand/demand-curve.js'
import { CostLevels } from './drift/cost-levels.js'
import { RewardWatch } from './drift/reward-watch.js'
import { Shrinkage } from './estimate/shrinkage.js'
import { markMissingRewards } from './exploration/missing-rewards.js'
import { Objectives, qualityStats } from './objectives.js'
import { NO_VALUE, USE, VALUE } from './pending-columns.js'
import { correctedCostUsd, predictedCostUsd, triedPredictedUsd } from './predicted-cost.js'
import { loadState, saveState } from './state-numbers.js'
import type { AccountStats, LatencyStats, QualityStats } from './stats.js'
import { COST_PRIOR_REQUESTS, WINDOW_KEPT_REQUESTS, WINDOW_REQUESTS } from './tuning.js'

const NO_ALARMS: readonly RouterEvent[] = []

/** What policy `dollar` keeps besides the common state: the accounts, the demand curve, the watch over drift. */
export class DollarState implements PolicyState {
  readonly accounts: Accounts
  readonly demand = new DemandCurve(WINDOW_REQUESTS)
  readonly objectives: Objectives
  readonly shrinkage: Shrinkage
  readonly costLevels: CostLevels
  readonly rewards: RewardWatch
  private readonly view: FoldView
  private readonly arms: Arms
  private readonly evidence: Evidence
  private alarms: EventOf<'drift'>[] = []

  constructor(view: FoldView, options: StateOptions, burst: number) {
    this.view = view
    this.arms = view.arms
    this.evidence = new Evidence(view.arms)
    this.shrinkage = new Shrinkage(view.arms)
    this.costLevels = new CostLevels(view, this.evidence, (slot) => this.shrinkage.learns(slot))
    this.rewards = new RewardWatch(view.registry, this.evidence, this.shrinkage)
    this.accounts = new Accounts(burst, view.ledger)
    this.objectives = new Objectives()
    this.accounts.router.setBudget(options.budgetUsdPerRequest)
  }

  /** How the router's account, or a registered tenant's, stands. */
  readAccount(tenant: string | null, at: number): AccountStats {
    const account = (tenant === null ? undefined : this.accounts.of(tenant)) ?? this.accounts.router
    return accountStats(account, this.demand, at)
  }

  /** What limits the dollars of the router's account (null) or a tenant's; undefined without that tenant. */
  limits(tenant: string | null): AccountLimits | undefined {
    return tenant === null ? this.accounts.router : this.accounts.of(tenant)
  }

  /** Variance of an arm's rewards about what it predicts, and how many observations the prediction stands on. */
  rewardVariance(slot: number): number {
    return this.rewards.variance(slot)
  }

  /** How far above its expected cost a bill of the model may lie. */
  tailOf(model: Model): number {
    return tailFactor(model.settled, this.costLevels.variance(model.slot))
  }

  /** Of ln(cost) of its bills about what is predicted. */
  costVariance({ slot }: Model): number {
    return this.costLevels.variance(slot)
  }

  rewardEvidence(slot: number): number {
    return this.evidence.ofReward(slot)
  }

  /** How the latency objective and the quality floor stand; null without. */
  readLatency(): LatencyStats | null {
    return this.objectives.latencyStats()
  }

  readQuality(at: number): QualityStats | null {
    const { quality } = this.objectives
    const limits = new SpendingLimits()
    limits.read(this.accounts.router, undefined, this.demand, at)
    limits.raise(quality, this.demand)
    return qualityStats(quality, limits.isFloorMissed, quality.price(this.demand))
  }

  /** Use of the latency limit that is predicted of a request whose context is the arena's first; -1: not known. */
  predictedUse(model: Model): number {
    const { latency } = this.objectives
    const use = latency.predict(model.slot, this.logLatency(model.slot))
    return use < 0 ? use : Math.min(use * latency.correction(model.slot), latency.useMax)
  }

  /** Expected dollars on a model of a request of that size whose context is the arena's at `index`. */
  expectedUsd(model: Model, size: RequestSize, index = 0): number {
    const listUsd = assumedCostUsd(model, size)
    return correctedCostUsd(model, listUsd, predictedCostUsd(model, listUsd, this.logCostRatio(model, index)))
  }

  /** The same of a usual request, whatever its context: by the level of the cost head. */
  usualUsd(model: Model, size: RequestSize): number {
    const { arms } = this
    const listUsd = assumedCostUsd(model, size)
    const level = arms.level(arms.settlements, model.slot)
    return correctedCostUsd(model, listUsd, predictedCostUsd(model, listUsd, level))
  }

  /** The same of a try. */
  triedUsd(model: Model, size: RequestSize, age: number, index: number): number {
    const listUsd = assumedCostUsd(model, size)
    const predictedUsd = predictedCostUsd(model, listUsd, this.logCostRatio(model, index))
    return triedPredictedUsd(model, listUsd, predictedUsd, age)
  }

  routed(event: EventOf<'routed'>, sequence: number): void {
    const { pending } = this.view
    this.accounts.routed(event, pending, sequence, this.demand)
    this.demand.add(event.contenders)
    this.objectives.routed(event, pending, sequence)
  }

  settled(event: EventOf<'settled'>, model: Model, sequence: number): void {
    const { pending, registry, requests } = this.view
    this.accounts.settled(event.at, event.costUsd, false, pending, sequence)
    if ((pending.state(sequence) & ALONE) === 0) markMissingRewards(model, registry, this.evidence, requests)
    this.costLevels.billed(model)
    const { logLatency } = event
    const isFree = pending.listCostUsd(sequence) === 0
    if (isFree && logLatency === null) return
    const { kernel } = this.arms
    const { layout, f64 } = kernel
    pending.copyContextTo(sequence, f64, layout.context)
    const theta = sectionOffset(layout, layout.headTheta, layout.heads * layout.paddedDimension, model.slot)
    const predicted = dot(f64, theta, layout.context, layout.paddedDimension)
    // What a request cost at other prices, or at none, says nothing of the level at these; nor does what was set aside for it.
    const learns =
      isCostTold(event) && model.learnsAt(pending.prices(sequence)) && !(isFree && model.isRescaled)
    const logCostRatio = learns ? event.logCostRatio : predicted
    const residual = logCostRatio - predicted
    const isTry = (pending.state(sequence) & TRIES_COST) !== 0
    if (isTry && learns && !isFree && isWithinTry(model, event.costUsd))
      this.costLevels.triedWithin(model.slot)
    if (!isFree && learns) this.costKnown(event, model, residual, pending.listCostUsd(sequence))
    if (logLatency !== null) this.latencyKnown(event, model, logLatency, sequence)
    kernel.settle(model.slot, logCostRatio, logLatency ?? Number.NaN, requests)
  }

  /** Before the cost head learns a bill. */
  private costKnown(
    { at, costUsd }: EventOf<'settled'>,
    model: Model,
    residual: number,
    listUsd: number,
  ): void {
    const direction = this.costLevels.observe(model, residual, costUsd, listUsd)
    if (direction === 0) return
    this.demand.keepLatest(WINDOW_KEPT_REQUESTS)
    model.costAlarms++
    this.alarm(at, model, 'cost', direction)
  }

  /** Before the latency head learns. */
  private latencyKnown(event: EventOf<'settled'>, model: Model, logLatency: number, sequence: number): void {
    const { slot } = model
    const { pending, requests } = this.view
    const { objectives } = this
    if (objectives.latency.profiles.count(slot) === 0) startLatency(this.arms.kernel, slot, logLatency)
    const use = pending.policyColumn(sequence, USE)
    const direction = objectives.settled(slot, event, this.logLatency(slot), use, requests)
    if (direction === 0) return
    model.latencyAlarms++
    this.alarm(event.at, model, 'latency', direction)
  }

  /** What the cost head predicts of ln(cost / list cost) for that context of the arena. */
  private logCostRatio({ slot }: Model, index: number): number {
    const { layout, f64 } = this.arms.kernel
    const theta = sectionOffset(layout, layout.headTheta, layout.heads * layout.paddedDimension, slot)
    return dot(f64, theta, layout.context + index * layout.paddedDimension, layout.paddedDimension)
  }

  /** What the latency head predicts of ln(ms) for the arena's first context. */
  private logLatency(slot: number): number {
    const { layout, f64 } = this.arms.kernel
    const heads = sectionOffset(layout, layout.headTheta, layout.heads * layout.paddedDimension, slot)
    return dot(f64, heads + layout.paddedDimension, layout.context, layout.paddedDimension)
  }

  rewarded(event: EventOf<'rewarded'>, model: Model, sequence: number): void {
    const { requests, pending } = this.view
    this.objectives.rewarded(event.reward, pending, sequence)
    const direction = this.rewards.observe(event.reward, model, requests)
    if (direction === 0) return
    // The window's values are older than the change: a price found from them would be wrong for as long.
    this.demand.keepLatest(WINDOW_KEPT_REQUESTS)
    model.rewardAlarms++
    this.alarm(event.at, model, 'reward', direction)
  }

  failed(event: EventOf<'failed'>, sequence: number): void {
    const { pending } = this.view
    this.accounts.settled(event.at, event.costUsd, true, pending, sequence)
    this.objectives.failed(pending, sequence)
  }

  cancelled(event: EventOf<'cancelled'>, sequence: number): void {
    const { pending } = this.view
    this.accounts.settled(event.at, event.costUsd, false, pending, sequence)
    this.objectives.failed(pending, sequence)
  }

  billed(event: EventOf<'billed'>, model: Model | undefined, request: BilledRequest): void {
    this.accounts.billed(event.at, event.costUsd, request)
    if (model === undefined || event.logCostRatioChange === 0) return
    this.arms.reteachCost(
      model.slot,
      request.context(this.arms.kernel.layout.dimension),
      event.logCostRatioChange,
    )
  }

  charged(at: number, sequence: number): void {
    this.accounts.charged(at, this.view.pending, sequence)
  }

  added(model: Model, event: EventOf<'model-added'>): void {
    const { shrinkage } = event
    this.rewards.start(model.slot, shrinkage.length === 0 ? undefined : shrinkage[0])
    this.shrinkage.started(model.slot, shrinkage)
    this.costLevels.start(model.slot)
    this.objectives.added(model.slot)
    if (event.costCorrection === 1) return
    // As if that number of requests of a dollar each had been predicted: only the ratio matters, and how soon it moves.
    model.assumedUsd = COST_PRIOR_REQUESTS
    model.predictedUsd = COST_PRIOR_REQUESTS
    model.realisedUsd = COST_PRIOR_REQUESTS * event.costCorrection
  }

  unavailable(model: Model): void {
    this.demand.forget(model.slot)
    this.objectives.left(model.slot)
    if (this.view.registry.get(model.id) === model) return
    this.shrinkage.forget(model.slot)
    this.rewards.forget(model.slot)
    this.costLevels.rises.forget(model.slot)
  }

  repriced(model: Model, blendedBeforeUsdPerKTok: number, scale: RepriceScale | null): void {
    this.costLevels.rises.forget(model.slot)
    if (scale !== null) this.rescale(model, scale)
    else if (blendedBeforeUsdPerKTok > 0)
      this.demand.reprice(model.slot, model.blendedUsdPerKTok / blendedBeforeUsdPerKTok)
    else this.demand.forget(model.slot)
  }

  /** From the next decision on costs are expected at the new price. */
  private rescale(model: Model, scale: RepriceScale): void {
    const { slot } = model
    const { arms, demand } = this
    const { ratio, isFree, wasFree, listUsd, knownRatio } = scale
    const beforeUsd = demand.freeCostUsd
    if (wasFree) demand.setCost(slot, expectedCostUsd(model, listUsd))
    else demand.reprice(slot, isFree ? 0 : scale.cost)
    this.accounts.rescaleRatios(beforeUsd, demand.freeCostUsd)
    // The level that bills have taught is beside the list cost: it stays but for what moves them apart.
    if (wasFree && knownRatio !== null) {
      arms.shiftCost(slot, foldedLog(knownRatio) - arms.level(arms.settlements, slot))
    } else if (ratio !== 1) arms.shiftCost(slot, foldedLog(ratio))
  }

  apply(event: RouterEvent): void {
    switch (event.type) {
      case 'latency-set':
      case 'quality-set':
        this.objectives.administer(event, this.view.pending)
        break
      case 'estimator-set':
        this.takeUpEstimator(event)
        break
      case 'budget-set':
      case 'caps-set':
      case 'account-adjusted':
      case 'period-started':
      case 'refused':
      case 'capped':
      case 'tenant-added':
      case 'tenant-removed':
        this.accounts.administer(event)
    }
  }

  /** Ids of models whose shrinkage is not learned. */
  fixedEstimators(): readonly string[] {
    const ids: string[] = []
    for (const { id, slot } of this.view.registry.models) if (!this.shrinkage.learns(slot)) ids.push(id)
    return ids
  }

  takeNotices(): readonly RouterEvent[] {
    if (this.alarms.length === 0) return NO_ALARMS
    const { alarms } = this
    this.alarms = []
    return alarms
  }

  save(slots: readonly number[]): PolicySnapshot {
    return saveState(this, slots)
  }

  load(saved: PolicySnapshot, slots: readonly number[], fold: FoldInSnapshot): void {
    loadState(this, saved, this.arms.kernel.layout.dimension, slots, fold)
  }

  takeRawRewards(rewards: RewardUnits): void {
    const { pending } = this.view
    const toUnit = (value: number): number => rewards.toUnit(value)
    for (const sequence of pending.waiting()) {
      const value = pending.policyColumn(sequence, VALUE)
      if (value !== NO_VALUE) pending.setPolicyColumn(sequence, VALUE, toUnit(value))
    }
    this.rewards.takeRawRewards(rewards)
    this.objectives.quality.takeRawRewards(rewards)
    this.objectives.latency.changeValues(toUnit)
    this.demand.changeValues(toUnit)
  }

  /**
   * What drew the features when the model began has decayed as lambda0 has, as long as neither an alarm has cut the evidence
   * down nor lambda0 was restored; after that little is left of it, and it counts as rewards.
   */
  private takeUpEstimator({ model: id, began }: EventOf<'estimator-set'>): void {
    const model = this.view.registry.get(id)
    if (model === undefined || this.shrinkage.learns(model.slot)) return
    const { arms } = this
    const { slot } = model
    const { layout } = arms.kernel
    const isWhole =
      model.rewardAlarms === 0 && arms.decayOver(arms.cell(layout.lastUpdate, slot)) >= RIDGE_FLOOR
    const left = isWhole ? arms.cell(arms.rewards.ridge, slot) / arms.lambda0 : 0
    const features = layout.dimension - 1
    const now = began.map((entry, i) => (i < features ? left * entry : entry))
    this.shrinkage.takeUp(slot, now, model.rewarded, this.rewards.recoveries.has(slot), this.rewards.variance)
    this.rewards.restart(slot)
  }

  private alarm(at: number, model: Model, signal: EventOf<'drift'>['signal'], direction: -1 | 1): void {
    this.alarms.push({ type: 'drift', at, model: model.id, signal, direction: direction > 0 ? 'up' : 'down' })
  }
}
