import { costPause, doubtOfCosts, isTryDue, isTryDueAt, paceOf } from '../../../models/tries.js'
import type { FoldView } from '../../../state/policy-state.js'
import { isFree } from '../../eligibility.js'
import type { SpendingLimits } from '../accounts/spending-limits.js'
import type { CandidateCosts } from '../candidate-costs.js'

/**
 * Models that nobody chooses, or that no account affords, for a few bills far above all others, or for a guess from those of other
 * models: at what most bills say, or their list price, they are tried now and then. A model that really costs as much says so in its tries, and then most bills do.
 */
export class CostDoubts {
  private readonly costs: CandidateCosts
  private readonly limits: SpendingLimits

  constructor(costs: CandidateCosts, limits: SpendingLimits) {
    this.costs = costs
    this.limits = limits
  }

  /** Whether a model is due to be tried that would be chosen if it cost what it usually does. */
  isDue(position: number, idle: number, { registry, requests }: FoldView): boolean {
    const { costs, limits } = this
    const { list, values, neededUsd } = costs
    const model = list.models[position]
    if (doubtOfCosts(model, isFree(model)) === 1) return false
    if (!isTryDue(costPause(model), idle, paceOf(registry.models), requests)) return false
    if (this.drawnUsd(position) > limits.limitUsd) return false
    const worth = values[position] - limits.price * this.usualUsd(position)
    for (let other = 0; other < list.count; other++) {
      const isAffordable = other !== position && neededUsd[other] <= limits.limitUsd
      if (isAffordable && costs.worth(other, limits.price) > worth) return false
    }
    return true
  }

  /**
   * Where no model is affordable: the list position of one that would be the cheapest at what it usually costs, or -1.
   * Requests that are refused are not counted, so it is due by time.
   * @param limitUsd the most it may draw
   */
  lastResort({ arms, requests, registry }: FoldView, at: number, limitUsd: number): number {
    const { costs } = this
    const { list, drawnUsd } = costs
    const pace = paceOf(registry.models)
    let found = -1
    let leastUsd = Math.min(limitUsd, drawnUsd[costs.leastDrawn()])
    for (let position = 0; position < list.count; position++) {
      const model = list.models[position]
      if (this.doubtAt(position) === 1) continue
      const isDue =
        isTryDue(costPause(model), arms.idleAge(model.slot, requests), pace, requests) ||
        isTryDueAt(costPause(model), model.routedAt, at, pace)
      const usd = this.drawnUsd(position)
      if (!isDue || usd > leastUsd) continue
      found = position
      leastUsd = usd
    }
    return found
  }

  /** The model is tried: it is expected to cost what it usually does. */
  take(position: number): void {
    this.costs.expectedUsd[position] = this.usualUsd(position)
  }

  /**
   * What the prompt usually costs on the model, USD: what is expected, brought down by the doubt, but not below what most bills say.
   * Where that is expected already, nothing is brought down.
   */
  private usualUsd(position: number): number {
    const { list, expectedUsd, listUsd } = this.costs
    const model = list.models[position]
    const mostSayUsd = isFree(model) ? model.usualFreeUsd : model.usualCostRatio * listUsd[position]
    return Math.max(
      expectedUsd[position] * this.doubtAt(position),
      Math.min(expectedUsd[position], mostSayUsd),
    )
  }

  private doubtAt(position: number): number {
    const { list, expectedUsd, listUsd } = this.costs
    const model = list.models[position]
    // Without a bill its level is a guess, which must keep nobody from finding out.
    if (model.settled === 0 && listUsd[position] > 0)
      return Math.min(1, listUsd[position] / expectedUsd[position])
    return doubtOfCosts(model, isFree(model))
  }

  /** The worst case is what it is, whatever bills say. */
  private drawnUsd(position: number): number {
    const { drawnUsd, expectedUsd } = this.costs
    return drawnUsd === expectedUsd ? this.usualUsd(position) : drawnUsd[position]
  }
}
