import type { Arms } from '../../../bandit/arms.js'
import { DriftWatch } from '../../../bandit/drift.js'
import type { Evidence } from '../../../bandit/evidence.js'
import { sectionOffset } from '../../../kernel/layout.js'
import { dot } from '../../../kernel/packed.js'
import type { Model } from '../../../models/registry.js'
import type { RegistryView } from '../../../state/policy-state.js'
import type { RewardUnits } from '../../../state/reward-units.js'
import type { Shrinkage } from '../estimate/shrinkage.js'
import { Recoveries } from '../exploration/recoveries.js'
import { Rises } from '../exploration/rises.js'
import {
  DRIFT_KEPT_BIAS_OBSERVATIONS,
  DRIFT_KEPT_OBSERVATIONS,
  DRIFT_VARIANCE_RATE,
  LEARNING_OBSERVATIONS,
  REWARD_VARIANCE,
} from '../tuning.js'
import { DRIFT_LIMITS } from './drift-limits.js'

/** Watches how models' rewards stray from what is predicted: one that got worse or better forgets most of what it earned before. */
export class RewardWatch {
  readonly drift = new DriftWatch(REWARD_VARIANCE, DRIFT_LIMITS)
  /** What models that got worse were before. */
  readonly recoveries = new Recoveries()
  /** Models that may be better than they are known to be, as another has become. */
  readonly rises = new Rises()
  private readonly arms: Arms
  private readonly registry: RegistryView
  private readonly evidence: Evidence
  private readonly shrinkage: Shrinkage

  constructor(registry: RegistryView, evidence: Evidence, shrinkage: Shrinkage) {
    this.arms = evidence.arms
    this.registry = registry
    this.evidence = evidence
    this.shrinkage = shrinkage
  }

  /** Variance of a model's rewards about what it predicts. */
  readonly variance = (slot: number): number => this.drift.variance(slot)

  /**
   * Before an arm learns a reward, of the context that is the arena's first.
   * @returns which way the model's rewards have changed, if this one tells that; else 0
   */
  observe(reward: number, { slot, rewarded }: Model, requests: number): -1 | 0 | 1 {
    const { shrinkage, recoveries, evidence, drift } = this
    const { layout, f64 } = this.arms.kernel
    shrinkage.fit(slot, this.variance)
    const theta = sectionOffset(layout, layout.theta, layout.paddedDimension, slot)
    const residual = reward - dot(f64, theta, layout.context, layout.paddedDimension)
    const rate = shrinkage.varianceRate(slot)
    shrinkage.rewarded(slot, requests)
    const risen = this.rises.observe(slot, residual, drift.variance(slot), evidence, requests)
    if (!risen && rewarded < LEARNING_OBSERVATIONS && evidence.ofReward(slot) < LEARNING_OBSERVATIONS) {
      if (rate > 0) drift.learn(slot, residual, rate)
      return 0
    }
    const variance = drift.variance(slot)
    const strayed = drift.observe(slot, residual, Math.max(rate, DRIFT_VARIANCE_RATE))
    const recovered = recoveries.observe(slot, reward, residual, variance, evidence, requests)
    const learns = shrinkage.learns(slot)
    if (!recovered && learns && recoveries.isAsBefore(slot, reward, variance, this.arms))
      shrinkage.letGo(slot)
    const direction = recovered || risen ? 1 : strayed
    if (direction === 0) return 0
    if (recovered) shrinkage.recovered(slot)
    else if (direction < 0) {
      recoveries.fell(slot, evidence, requests, learns)
      shrinkage.fell(slot)
    } else if (!risen) this.rises.rose(this.knownSlots(), this.arms, requests)
    this.forgetMost(slot)
    return direction
  }

  private forgetMost(slot: number): void {
    const { evidence, shrinkage } = this
    const observations = evidence.ofReward(slot)
    if (observations > DRIFT_KEPT_OBSERVATIONS) {
      evidence.shrinkReward(slot, DRIFT_KEPT_OBSERVATIONS / observations)
      shrinkage.scaled(slot, DRIFT_KEPT_OBSERVATIONS / observations)
    }
    evidence.loosenReward(slot, DRIFT_KEPT_BIAS_OBSERVATIONS)
  }

  /** Of models that rewards are known of; those of logs from before 0.2 know nothing of rises. */
  private knownSlots(): readonly number[] {
    const slots: number[] = []
    for (const { slot, rewarded } of this.registry.models)
      if (rewarded > 0 && this.shrinkage.learns(slot)) slots.push(slot)
    return slots
  }

  /** A slot has a new model. @param variance of its rewards, where it is known */
  start(slot: number, variance?: number): void {
    this.drift.start(slot, variance)
    this.forget(slot)
  }

  /** What is predicted of the model is of another kind from now on: what it has strayed so far says nothing. */
  restart(slot: number): void {
    this.drift.start(slot, this.drift.variance(slot))
  }

  /** The model is gone. */
  forget(slot: number): void {
    this.recoveries.forget(slot)
    this.rises.forget(slot)
  }

  takeRawRewards(rewards: RewardUnits): void {
    for (const { slot } of this.registry.models) this.drift.start(slot)
    this.shrinkage.takeRawRewards(rewards)
    this.rises.clear()
    this.recoveries.takeRawRewards(rewards, this.arms.kernel.layout.dimension)
  }
}
