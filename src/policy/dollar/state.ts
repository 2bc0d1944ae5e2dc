import type { Arms } from '../../bandit/arms.js'
import { DRIFT_NUMBERS, DriftWatch } from '../../bandit/drift.js'
import { startLatency } from '../../bandit/latency-start.js'
import type { EventOf } from '../../events/events.js'
import { sectionOffset } from '../../kernel/layout.js'
import { dot } from '../../kernel/packed.js'
import { costCorrection, restartCost } from '../../models/cost-estimate.js'
import type { Model } from '../../models/registry.js'
import type { Ledger } from '../../state/ledger.js'
import type { RoutingState, StateOptions } from '../../state/routing-state.js'
import { invalidSnapshot } from '../../state/snapshot/check-snapshot.js'
import { assumedCostUsd, type RequestSize } from '../eligibility.js'
import type { PolicySnapshot, PolicyState } from '../policy.js'
import type { AccountStats, LatencyStats, QualityStats } from '../stats.js'
import type { AccountLimits } from './accounts/account-limits.js'
import { accountStats } from './accounts/account-stats.js'
import { Accounts } from './accounts/accounts.js'
import { loadAccounts, saveAccounts } from './accounts/accounts-snapshot.js'
import { SpendingLimits } from './accounts/spending-limits.js'
import { DemandCurve } from './demand/demand-curve.js'
import type { AccountEvent, ObjectiveEvent } from './events.js'
import { markMissingRewards } from './exploration/missing-rewards.js'
import { Recoveries } from './exploration/recoveries.js'
import { Objectives, qualityStats } from './objectives.js'
import { predictedCostUsd } from './predicted-cost.js'

/** Latest requests whose contenders the shadow price is found from. */
export const WINDOW_REQUESTS = 256
/** Observations that are left of an arm's evidence after an alarm. */
const KEPT_BIAS = 10
/** Before so many an arm is learning: its predictions stray without anything having changed. */
const LEARNING_OBSERVATIONS = 20
const KEPT_REQUESTS = 8
const KEPT_OBSERVATIONS = 200
/** Variances of residuals before any is known: of rewards in [0, 1], of logarithms of costs. */
const REWARD_VARIANCE = 0.02
const LOG_COST_VARIANCE = 0.25
/** How many settled requests a prior's correction of its costs counts for. */
const CORRECTION_REQUESTS = 20
/** Of a model, in a snapshot: two watches. */
const WATCH_NUMBERS = 2 * DRIFT_NUMBERS

/** What policy `dollar` keeps besides the common state: the accounts, the demand curve, the watch over drift. */
export class DollarState implements PolicyState {
  readonly accounts: Accounts
  readonly demand = new DemandCurve(WINDOW_REQUESTS)
  readonly recoveries = new Recoveries()
  readonly objectives: Objectives
  readonly alarms: EventOf<'drift'>[] = []
  private readonly arms: Arms
  private readonly rewardLow: number
  private readonly rewardDrift = new DriftWatch(REWARD_VARIANCE)
  private readonly costDrift = new DriftWatch(LOG_COST_VARIANCE)

  constructor(arms: Arms, options: StateOptions, ledger: Ledger) {
    this.arms = arms
    this.rewardLow = options.rewardLow
    this.accounts = new Accounts(options.burst, ledger)
    this.objectives = new Objectives(options.rewardHigh - options.rewardLow)
    this.accounts.router.setBudget(options.budgetUsdPerRequest)
  }

  get tenantCount(): number {
    return this.accounts.tenants.size
  }

  readAccount(tenant: string | null, at: number): AccountStats {
    const account = (tenant === null ? undefined : this.accounts.of(tenant)) ?? this.accounts.router
    return accountStats(account, this.demand, at)
  }

  limits(tenant: string | null): AccountLimits | undefined {
    return tenant === null ? this.accounts.router : this.accounts.of(tenant)
  }

  tenantIds(): Iterable<string> {
    return this.accounts.tenants.keys()
  }

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

  predictedUse(model: Model): number {
    const { latency } = this.objectives
    const use = latency.predict(model.slot, this.logLatency(model.slot))
    return use < 0 ? use : Math.min(use * latency.correction(model.slot), latency.useMax)
  }

  periodsDue(tenant: string | null, at: number): readonly EventOf<'period-started'>[] {
    return this.accounts.periodsDue(tenant, at)
  }

  expectedUsd(model: Model, size: RequestSize): number {
    const { layout, f64 } = this.arms.kernel
    const theta = sectionOffset(layout, layout.headTheta, layout.heads * layout.paddedDimension, model.slot)
    const logRatio = dot(f64, theta, layout.context, layout.paddedDimension)
    return predictedCostUsd(model, assumedCostUsd(model, size), logRatio) * costCorrection(model)
  }

  routed(event: EventOf<'routed'>, { pending }: RoutingState, sequence: number): void {
    this.accounts.routed(event, pending, sequence, this.demand)
    this.demand.add(event.contenders)
    this.objectives.routed(event, pending, sequence)
  }

  settled(event: EventOf<'settled'>, model: Model, state: RoutingState, sequence: number): void {
    const { pending } = state
    this.accounts.settled(event.at, event.costUsd, false, pending, sequence)
    markMissingRewards(model, state.registry, this.arms, this.rewardLow, state.requests)
    const { logLatency } = event
    const isFree = pending.listCostUsd(sequence) === 0
    if (isFree && logLatency === null) return
    const { kernel } = this.arms
    const { layout, f64 } = kernel
    pending.copyContextTo(sequence, f64, layout.context)
    const theta = sectionOffset(layout, layout.headTheta, layout.heads * layout.paddedDimension, model.slot)
    const residual = event.logCostRatio - dot(f64, theta, layout.context, layout.paddedDimension)
    const learning =
      model.settled < LEARNING_OBSERVATIONS && this.arms.settledEvidence(model.slot) < LEARNING_OBSERVATIONS
    const direction = learning || isFree ? 0 : this.costDrift.observe(model.slot, residual)
    if (direction !== 0) {
      const evidence = this.arms.settledEvidence(model.slot)
      if (evidence > KEPT_OBSERVATIONS) this.arms.shrinkSettled(model.slot, KEPT_OBSERVATIONS / evidence)
      this.arms.loosenSettled(model.slot, KEPT_BIAS)
      restartCost(model)
      this.demand.keepLatest(KEPT_REQUESTS)
      model.costAlarms++
      this.alarm(event.at, model, 'cost', direction)
    }
    if (logLatency !== null) this.latencyKnown(event, model, logLatency, state, sequence)
    kernel.settle(model.slot, event.logCostRatio, logLatency ?? Number.NaN, state.requests)
  }

  /** Before the latency head learns. */
  private latencyKnown(
    event: EventOf<'settled'>,
    model: Model,
    logLatency: number,
    { pending, requests }: RoutingState,
    sequence: number,
  ): void {
    const { slot } = model
    const { objectives } = this
    if (objectives.latency.profiles.count(slot) === 0) startLatency(this.arms.kernel, slot, logLatency)
    const use = pending.predictedUse(sequence)
    const direction = objectives.settled(slot, event, this.logLatency(slot), use, requests)
    if (direction === 0) return
    model.latencyAlarms++
    this.alarm(event.at, model, 'latency', direction)
  }

  /** What the latency head predicts of ln(ms) for the arena's first context. */
  private logLatency(slot: number): number {
    const { layout, f64 } = this.arms.kernel
    const heads = sectionOffset(layout, layout.headTheta, layout.heads * layout.paddedDimension, slot)
    return dot(f64, heads + layout.paddedDimension, layout.context, layout.paddedDimension)
  }

  rewarded(event: EventOf<'rewarded'>, model: Model, state: RoutingState): void {
    const { requests, pending } = state
    this.objectives.rewarded(event.reward, pending, state.sequenceOf(event.id))
    const { kernel } = this.arms
    const { layout, f64 } = kernel
    const theta = sectionOffset(layout, layout.theta, layout.paddedDimension, model.slot)
    const residual = event.reward - dot(f64, theta, layout.context, layout.paddedDimension)
    if (model.rewarded < LEARNING_OBSERVATIONS && this.arms.evidence(model.slot) < LEARNING_OBSERVATIONS)
      return
    const { slot } = model
    const variance = this.rewardDrift.variance(slot)
    const strayed = this.rewardDrift.observe(slot, residual)
    const recovered = this.recoveries.observe(slot, event.reward, residual, variance, this.arms, requests)
    const direction = recovered ? 1 : strayed
    if (direction === 0) return
    if (!recovered && direction < 0) this.recoveries.fell(model.slot, this.arms, requests)
    const evidence = this.arms.evidence(model.slot)
    if (evidence > KEPT_OBSERVATIONS) this.arms.shrinkReward(model.slot, KEPT_OBSERVATIONS / evidence)
    this.arms.loosenReward(model.slot, KEPT_BIAS)
    // The window's values are those of before the change: a price found from them would be wrong for as long.
    this.demand.keepLatest(KEPT_REQUESTS)
    model.rewardAlarms++
    this.alarm(event.at, model, 'reward', direction)
  }

  failed(event: EventOf<'failed'>, { pending }: RoutingState, sequence: number): void {
    this.accounts.settled(event.at, event.costUsd, true, pending, sequence)
    this.objectives.failed(pending, sequence)
  }

  charged(at: number, { pending }: RoutingState, sequence: number): void {
    this.accounts.charged(at, pending, sequence)
  }

  added(model: Model, event: EventOf<'model-added'>): void {
    this.rewardDrift.start(model.slot)
    this.costDrift.start(model.slot)
    this.recoveries.forget(model.slot)
    this.objectives.added(model.slot)
    if (event.costCorrection === 1) return
    // As if so many requests of a dollar each had been predicted: what matters is the ratio alone, and how soon it moves.
    model.assumedUsd = CORRECTION_REQUESTS
    model.predictedUsd = CORRECTION_REQUESTS
    model.realisedUsd = CORRECTION_REQUESTS * event.costCorrection
  }

  left(model: Model): void {
    this.demand.forget(model.slot)
    this.objectives.left(model.slot)
  }

  repriced(model: Model, blendedBeforeUsdPerKTok: number): void {
    if (blendedBeforeUsdPerKTok > 0)
      this.demand.reprice(model.slot, model.blendedUsdPerKTok / blendedBeforeUsdPerKTok)
    else this.demand.forget(model.slot)
  }

  administer(event: AccountEvent | ObjectiveEvent, { pending }: RoutingState): void {
    if (event.type === 'latency-set' || event.type === 'quality-set')
      this.objectives.administer(event, pending)
    else this.accounts.administer(event)
  }

  save(slots: readonly number[]): PolicySnapshot {
    const window = this.demand.save()
    const accounts = saveAccounts(this.accounts)
    const drift = slots.length * WATCH_NUMBERS
    const recoveries = this.recoveries.save()
    const parts = [accounts.numbers, recoveries, this.objectives.save(slots), window]
    const numbers = new Float64Array(parts.reduce((sum, { length }) => sum + length, drift))
    slots.forEach((slot, i) => {
      const at = i * WATCH_NUMBERS
      numbers.set(this.rewardDrift.row(slot), at)
      numbers.set(this.costDrift.row(slot), at + DRIFT_NUMBERS)
    })
    let at = drift
    for (const part of parts) {
      numbers.set(part, at)
      at += part.length
    }
    return { text: accounts.text, numbers }
  }

  load({ text, numbers }: PolicySnapshot, slots: readonly number[]): void {
    const drift = slots.length * WATCH_NUMBERS
    const rows = numbers.subarray(0, drift)
    if (numbers.length < drift || !rows.every((entry) => entry >= 0 && entry <= 1e15)) {
      throw invalidSnapshot('its watch over drift is none')
    }
    const taken = drift + loadAccounts(this.accounts, text, numbers.subarray(drift))
    const { dimension } = this.arms.kernel.layout
    const fallen = this.recoveries.load(numbers.subarray(taken), dimension, slots)
    if (fallen < 0) throw invalidSnapshot('a fallen model is none')
    const asked = this.objectives.load(numbers.subarray(taken + fallen), slots)
    if (asked < 0) throw invalidSnapshot('its latency objective or quality floor is none')
    const window = numbers.subarray(taken + fallen + asked)
    if (!this.demand.accepts(window, new Set(slots))) throw invalidSnapshot('its window of requests is none')
    slots.forEach((slot, i) => {
      const at = i * WATCH_NUMBERS
      this.rewardDrift.start(slot)
      this.costDrift.start(slot)
      this.rewardDrift.row(slot).set(rows.subarray(at, at + DRIFT_NUMBERS))
      this.costDrift.row(slot).set(rows.subarray(at + DRIFT_NUMBERS, at + 2 * DRIFT_NUMBERS))
    })
    this.demand.load(window)
  }

  private alarm(at: number, model: Model, signal: EventOf<'drift'>['signal'], direction: -1 | 1): void {
    this.alarms.push({ type: 'drift', at, model: model.id, signal, direction: direction > 0 ? 'up' : 'down' })
  }
}
