import type { CandidateList } from '../../../bandit/candidate-list.js'
import type { Kernel } from '../../../kernel/kernel.js'
import { listOffset } from '../../../kernel/layout.js'
import type { Model } from '../../../models/registry.js'
import { isTryDue, latencyPause, paceOf } from '../../../models/tries.js'
import type { FoldView } from '../../../state/policy-state.js'
import { NO_USE } from '../pending-columns.js'
import { FIRST_LATENCIES } from '../tuning.js'
import type { LatencyObjective } from './latency-objective.js'

/**
 * What each model of the list would use of the latency limit, over the limit: as predicted, and corrected by what has come
 * of such predictions. A model whose latency was never told counts as the mean of the others: at none it would take all
 * requests in whose place slower ones pay for their latency, at the worst it would never be tried.
 */
export class PredictedUses {
  /** Whether there is a latency objective, and what a limit's worth of latency costs. Read for each request. */
  isOn = false
  price = 0
  /** By list position. */
  corrected = new Float64Array(64)
  private predicted = new Float64Array(64)
  /** What the latency head says. */
  private logs = new Float64Array(64)
  /** What a model without latencies counts as; the fastest position; the least use of any that can be paid for. */
  neutral = 0
  fastest = 0
  least = 0
  /** Models whose latencies were told. */
  private known = 0
  private isMissedForLong = false

  read(latency: LatencyObjective): void {
    this.isOn = latency.limit !== null
    this.price = latency.price()
    this.isMissedForLong = latency.isMissed
  }

  /** Whether no model that can be paid for is within the limit, or no price has met it for long. */
  get isMissed(): boolean {
    return this.isOn && (this.least > 1 || this.isMissedForLong)
  }

  /**
   * @param kernel with the latency head's predictions for the context at `index`
   * @param drawnUsd by list position; `least` is of those up to `limitUsd`
   */
  predict(
    latency: LatencyObjective,
    list: CandidateList,
    { f64, layout }: Kernel,
    index: number,
    drawnUsd: Float64Array,
    limitUsd: number,
  ): void {
    if (this.corrected.length < list.count) this.grow(list.count)
    const { corrected, predicted, logs } = this
    this.known = 0
    let sum = 0
    for (let position = 0; position < list.count; position++) {
      const { slot } = list.models[position]
      logs[position] = f64[listOffset(layout, layout.latency, index, position)]
      const use = latency.predict(slot, logs[position])
      predicted[position] = use
      if (use === NO_USE) continue
      corrected[position] = Math.min(use * latency.correction(slot), latency.useMax)
      this.known++
      sum += corrected[position]
    }
    this.neutral = this.known === 0 ? 0 : sum / this.known
    this.fastest = 0
    this.least = Number.POSITIVE_INFINITY
    for (let position = 0; position < list.count; position++) {
      if (predicted[position] === NO_USE) corrected[position] = this.neutral
      if (corrected[position] < corrected[this.fastest]) this.fastest = position
      if (drawnUsd[position] <= limitUsd) this.least = Math.min(this.least, corrected[position])
    }
    if (this.least === Number.POSITIVE_INFINITY) this.least = corrected[this.fastest]
  }

  /** What a position's latency takes off its score. */
  penaltyAt(position: number): number {
    return this.isOn ? this.price * this.corrected[position] : 0
  }

  /**
   * What a model that got slow would gain in score if it were as fast as before, or one that has been slow from its first
   * few requests on if it were as fast as the others are on average, when a try of it is due; else -Infinity.
   * @param idle requests since it was last heard of
   */
  regained(
    latency: LatencyObjective,
    model: Model,
    position: number,
    idle: number,
    { requests, registry }: FoldView,
  ): number {
    if (!this.isOn) return Number.NEGATIVE_INFINITY
    const { profiles } = latency
    const level = profiles.promise(model.slot, idle, requests)
    if (!Number.isNaN(level))
      return this.price * (this.corrected[position] - latency.predict(model.slot, this.logs[position], level))
    const count = profiles.count(model.slot)
    const isNew = count > 0 && count <= FIRST_LATENCIES && !profiles.isSlowed(model.slot)
    if (!isNew || this.known < 2) return Number.NEGATIVE_INFINITY
    if (!isTryDue(latencyPause(model), idle, paceOf(registry.models), requests))
      return Number.NEGATIVE_INFINITY
    const others = (this.neutral * this.known - this.corrected[position]) / (this.known - 1)
    return this.price * Math.max(0, this.corrected[position] - others)
  }

  /** As the event of a choice carries it: uncorrected. */
  predictedAt(position: number): number {
    if (!this.isOn) return NO_USE
    const { predicted, neutral } = this
    return predicted[position] === NO_USE ? neutral : predicted[position]
  }

  private grow(count: number): void {
    const length = 2 ** Math.ceil(Math.log2(count))
    this.corrected = new Float64Array(length)
    this.predicted = new Float64Array(length)
    this.logs = new Float64Array(length)
  }
}
