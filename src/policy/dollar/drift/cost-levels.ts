import type { Arms } from '../../../bandit/arms.js'
import { DriftWatch } from '../../../bandit/drift.js'
import type { Evidence } from '../../../bandit/evidence.js'
import type { Model } from '../../../models/registry.js'
import type { FoldView } from '../../../state/policy-state.js'
import { restartCost } from '../cost-correction.js'
import { CostRises } from '../exploration/cost-rises.js'
import {
  COST_KEPT_REQUESTS,
  COST_LEVEL_REQUESTS,
  COST_UNKNOWN_REQUESTS,
  DRIFT_KEPT_BIAS_OBSERVATIONS,
  DRIFT_KEPT_OBSERVATIONS,
  DRIFT_VARIANCE_RATE,
  LEARNING_OBSERVATIONS,
  LOG_COST_VARIANCE,
  TRY_KEPT_OBSERVATIONS,
  VARIANCE_REWARDS,
} from '../tuning.js'
import { DRIFT_LIMITS } from './drift-limits.js'

/**
 * What is known of the level of a model's costs beside its list price: it is found in the first few bills, guessed from
 * those of the others before, and watched for drift. The cost head has the level itself.
 */
export class CostLevels {
  /** What models whose bills rose cost before. */
  readonly rises = new CostRises()
  private readonly view: FoldView
  private readonly arms: Arms
  private readonly evidence: Evidence
  /** Whether a model's level is learned so: those of logs before it was keep the estimator that they began with. */
  private readonly learns: (slot: number) => boolean
  private readonly drift = new DriftWatch(LOG_COST_VARIANCE, DRIFT_LIMITS)

  constructor(view: FoldView, evidence: Evidence, learns: (slot: number) => boolean) {
    this.view = view
    this.arms = evidence.arms
    this.evidence = evidence
    this.learns = learns
  }

  /** A slot has a new model. */
  start(slot: number): void {
    this.drift.start(slot)
    this.rises.forget(slot)
  }

  /** Of ln(cost) about what the cost head predicts. */
  variance(slot: number): number {
    return this.drift.variance(slot)
  }

  /** What a snapshot keeps of a slot, a view. */
  row(slot: number): Float64Array {
    return this.drift.row(slot)
  }

  /** Before the cost head learns a bill: while it finds the level of a new model, what it predicted before needs no correction. */
  billed(model: Model): void {
    if (!this.learns(model.slot)) return
    const { settled } = model
    if (settled > 0 && settled <= COST_LEVEL_REQUESTS && (settled & (settled - 1)) === 0)
      model.predictedUsd = model.realisedUsd
    if ((settled & (settled - 1)) === 0) this.guess()
  }

  /** A try was within its limit: one observation of now outweighs what was. */
  triedWithin(slot: number): void {
    this.evidence.loosenSettled(slot, TRY_KEPT_OBSERVATIONS)
  }

  /**
   * A bill of a model with a price, before the cost head learns it.
   * @param residual of ln(cost) from what the head predicts
   * @returns 1 or -1 when it costs more or less than it did: then little is left of what was known
   */
  observe(model: Model, residual: number, costUsd: number, listUsd: number): -1 | 0 | 1 {
    const { rises, arms } = this
    const { slot } = model
    const level = arms.level(arms.settlements, slot)
    const change = rises.observe(slot, residual, this.variance(slot), level)
    const strayed = this.strayed(model, residual)
    if (change === 0) {
      if (strayed > 0 && this.learns(slot)) rises.rose(slot, level, this.view.requests)
      return strayed
    }
    if (strayed === 0) this.loosen(model)
    this.returned(model, change, costUsd, listUsd)
    return -1
  }

  private strayed(model: Model, residual: number): -1 | 0 | 1 {
    const { drift, evidence } = this
    const { slot, settled } = model
    const rate = this.learns(slot) ? varianceRate(settled) : 0
    if (settled < LEARNING_OBSERVATIONS && evidence.ofSettled(slot) < LEARNING_OBSERVATIONS) {
      if (rate > 0) drift.learn(slot, residual, rate)
      return 0
    }
    const direction = drift.observe(slot, residual, Math.max(rate, DRIFT_VARIANCE_RATE))
    if (direction !== 0) this.loosen(model)
    return direction
  }

  /** After a time of dearer bills a model costs what it did before, as the latest of them says. @param change of its level */
  private returned(model: Model, change: number, costUsd: number, listUsd: number): void {
    const { slot } = model
    this.drift.start(slot, this.drift.variance(slot))
    this.arms.shiftCost(slot, change)
    model.assumedUsd = COST_KEPT_REQUESTS * listUsd
    model.realisedUsd = model.predictedUsd = COST_KEPT_REQUESTS * costUsd
    // What its requests on their way were predicted to cost was of another level.
    const { pending } = this.view
    for (const sequence of pending.waiting())
      if (pending.slot(sequence) === slot) pending.forgetPrediction(sequence)
  }

  /** Little is left of what was known of a level that has moved. */
  private loosen(model: Model): void {
    const { evidence } = this
    const { slot } = model
    const known = evidence.ofSettled(slot)
    if (known > DRIFT_KEPT_OBSERVATIONS) evidence.shrinkSettled(slot, DRIFT_KEPT_OBSERVATIONS / known)
    evidence.loosenSettled(slot, DRIFT_KEPT_BIAS_OBSERVATIONS)
    restartCost(model)
  }

  /**
   * What a model without a bill costs beside its list price is guessed to be what the others cost beside theirs: answers of
   * five tokens where 300 are assumed are as short on all of them. Models whose answers are free (embeddings) say nothing of
   * those that answer. O(models), at doublings of a model's bills.
   */
  private guess(): void {
    const { arms } = this
    const { registry } = this.view
    const { settlements } = arms
    const answering = new MeanLevel()
    const other = new MeanLevel()
    for (const model of registry.models)
      if (model.settled > 0 && this.learns(model.slot))
        (answers(model) ? answering : other).add(arms.level(settlements, model.slot))
    for (const model of registry.models) {
      const { known, mean } = answers(model) ? answering : other
      if (known === 0 || model.settled > 0 || !this.learns(model.slot)) continue
      // A prior's sums are not diagonal: it knows its costs.
      if (arms.observations(settlements, model.slot) > arms.lambda0) continue
      arms.startLevel(settlements, model.slot, mean)
    }
  }
}

/** What models cost beside their list prices, on average. */
class MeanLevel {
  known = 0
  private sum = 0

  add(level: number): void {
    this.known++
    this.sum += level
  }

  get mean(): number {
    return this.sum / this.known
  }
}

function answers({ prices }: Model): boolean {
  return prices.price.outputUsdPerMTok > 0
}

/** What a residual counts in the variance of a new model's costs: a mean at first, once their level is about found. */
function varianceRate(settled: number): number {
  const known = settled - COST_UNKNOWN_REQUESTS
  return known < 0 ? 0 : 1 / (Math.min(known, VARIANCE_REWARDS) + 2)
}
