import { costPause, doubtOfCosts, isTryDue, isTryDueAt, paceOf } from '../../../models/tries.js'
import type { FoldView, StateView } from '../../../state/policy-state.js'
import { isFree } from '../../eligibility.js'
import type { SpendingLimits } from '../accounts/spending-limits.js'
import type { CandidateCosts } from '../candidate-costs.js'
import type { DollarState } from '../state.js'
import {
  COST_DOUBT_IDLE_REQUESTS,
  COST_DOUBT_SIGMAS,
  COST_LEVEL_REQUESTS,
  CREDIT_SLACK_SHARE,
  IDLE_REQUESTS,
  TRIAL_SHARE,
  TRY_CAP_SHARE,
} from '../tuning.js'

/**
 * Models that nobody chooses, or that no account affords, for a few bills far above all others, or for a guess from those of other
 * models: at what most bills say, or their list price, they are tried now and then. A model that really costs as much says so in its
 * tries, and then most bills do.
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
    const { list, values } = costs
    const model = list.models[position]
    if (doubtOfCosts(model, isFree(model)) === 1) return false
    if (!isTryDue(costPause(model), idle, paceOf(registry.models), requests)) return false
    if (this.drawnUsd(position) > limits.limitUsd) return false
    const worth = values[position] - limits.price * this.usualUsd(position)
    return costs.isWorthMost(worth, limits)
  }

  /**
   * Whether a model is due that would be chosen if it cost the least that its bills leave plausible: a few dear ones, or what
   * is left of the list price in what few bills say, would keep it out for good. Where even the cheapest is expected to cost
   * more than the budget, dollars decide alone.
   */
  isUnsureDue(position: number, idle: number, state: StateView<DollarState>): boolean {
    const { costs, limits } = this
    const { values, expectedUsd } = costs
    // Caps alone leave no debt.
    if (limits.ceilingUsd === Number.POSITIVE_INFINITY || !isLongIdle(idle, state)) return false
    const leastUsd = this.leastUsd(position, state)
    if (leastUsd === expectedUsd[position]) return false
    if (this.isOverBudget) return agedUsd(leastUsd, idle) < expectedUsd[costs.cheapest]
    // Where a dollar is worth nothing, what it costs keeps it from nothing.
    if (limits.price === 0) return false
    const worth = values[position] - limits.price * leastUsd
    return costs.isWorthMost(worth, limits)
  }

  /**
   * Tries a model whose bills have risen, if that is due, and it would be chosen if it cost what it did before: it is expected to.
   * Where a dollar is worth nothing its costs keep it from nothing.
   * @returns whether it is tried
   */
  takeReturn(position: number, idle: number, state: StateView<DollarState>): boolean {
    const { costs, limits } = this
    if (limits.price === 0) return false
    const usd = this.returnedUsd(position, idle, state, limits.limitUsd)
    if (usd < 0 || !costs.isWorthMost(costs.values[position] - limits.price * usd, limits)) return false
    costs.expectedUsd[position] = usd
    return true
  }

  /** The same where no model is affordable, of one that was the cheapest before. @param limitUsd the most it may draw */
  takeReturnLastResort(position: number, limitUsd: number, state: StateView<DollarState>): boolean {
    const { list, expectedUsd, cheapest } = this.costs
    const idle = state.arms.idleAge(list.models[position].slot, state.requests)
    const usd = this.returnedUsd(position, idle, state, limitUsd)
    if (usd < 0 || usd >= expectedUsd[cheapest]) return false
    expectedUsd[position] = usd
    return true
  }

  /**
   * What the prompt would cost on a model whose bills have risen, were they as before, USD; -1 where no try of it is due. It may cost
   * what the bills since say: of caps that takes what any try may, and nothing that they keep for the cheapest.
   */
  private returnedUsd(
    position: number,
    idle: number,
    { arms, policy, requests }: StateView<DollarState>,
    limitUsd: number,
  ): number {
    const { list, drawnUsd, neededUsd, expectedUsd, predictedUsd } = this.costs
    const { ceilingUsd, paceUsd, capUsd } = this.limits
    const { slot } = list.models[position]
    const level = arms.level(arms.settlements, slot)
    const dearer = expectedUsd[position] / Math.min(ceilingUsd, paceUsd)
    const change = policy.costLevels.rises.promise(slot, idle, requests, level, dearer)
    if (change === 0 || neededUsd[position] === Number.POSITIVE_INFINITY) return -1
    if (drawnUsd[position] > TRY_CAP_SHARE * capUsd) return -1
    const usd = Math.min(expectedUsd[position], predictedUsd[position]) * Math.exp(change)
    return (drawnUsd === expectedUsd ? usd : drawnUsd[position]) <= limitUsd ? usd : -1
  }

  /**
   * The same where no model is affordable: whether it may be cheaper than the cheapest. Of caps it takes what any try may, and nothing
   * that they keep for the cheapest.
   * @param limitUsd the most it may draw
   */
  isUnsureLastResort(position: number, limitUsd: number, state: StateView<DollarState>): boolean {
    const { list, drawnUsd, neededUsd, expectedUsd, cheapest } = this.costs
    const idle = state.arms.idleAge(list.models[position].slot, state.requests)
    if (drawnUsd[position] > limitUsd || !isLongIdle(idle, state)) return false
    if (neededUsd[position] === Number.POSITIVE_INFINITY) return false
    if (drawnUsd[position] > TRY_CAP_SHARE * this.limits.capUsd) return false
    const leastUsd = this.leastUsd(position, state)
    return (this.isOverBudget ? agedUsd(leastUsd, idle) : leastUsd) < expectedUsd[cheapest]
  }

  /**
   * Where no model is affordable: the list position of the best of those that may cost the least, or a 32nd more. A model may cost
   * some standard errors less than is expected: a few dear bills do not hide the cheapest for good, and which of two that cost about
   * the same is the cheaper is no reason to give up rewards.
   * @param cheapest the position that draws the least
   * @param exploit nothing is to be found out: what is expected counts
   */
  likelyCheapest(cheapest: number, exploit: boolean, state: StateView<DollarState>): number {
    const { list, values, drawnUsd, neededUsd } = this.costs
    const { capUsd } = this.limits
    const usdAt = (position: number) => (exploit ? drawnUsd[position] : this.plausibleUsd(position, state))
    // What caps keep for the cheapest is for that alone.
    const isOpen = (position: number) =>
      drawnUsd[position] <= capUsd && neededUsd[position] !== Number.POSITIVE_INFINITY
    let leastUsd = Number.POSITIVE_INFINITY
    for (let position = 0; position < list.count; position++)
      if (isOpen(position)) leastUsd = Math.min(leastUsd, usdAt(position))
    const nearUsd = leastUsd * (1 + CREDIT_SLACK_SHARE)
    let best = cheapest
    let isFound = false
    for (let position = 0; position < list.count; position++) {
      if (!isOpen(position) || usdAt(position) > nearUsd) continue
      if (!isFound || values[position] > values[best]) best = position
      isFound = true
    }
    return best
  }

  /** What a model is expected to draw, less some standard errors; the worst case is what it is. */
  private plausibleUsd(position: number, { arms, policy }: StateView<DollarState>): number {
    const { list, drawnUsd, expectedUsd } = this.costs
    const model = list.models[position]
    const known = arms.observations(arms.settlements, model.slot)
    if (drawnUsd !== expectedUsd || known < 1 || isFree(model)) return drawnUsd[position]
    return (
      drawnUsd[position] * Math.exp(-COST_DOUBT_SIGMAS * standardError(policy.costVariance(model), known))
    )
  }

  /** Whether even the cheapest is expected to cost more than the budget. */
  private get isOverBudget(): boolean {
    const { costs, limits } = this
    return costs.expectedUsd[costs.cheapest] > Math.min(limits.ceilingUsd, limits.paceUsd)
  }

  /**
   * The least that the prompt plausibly costs on the model, USD: some standard errors of the mean of ln(cost) below what is expected, or
   * below what a few bills say without the list price.
   */
  private leastUsd(position: number, { policy }: StateView<DollarState>): number {
    const { list, expectedUsd } = this.costs
    const model = list.models[position]
    const { settled, settledCostUsd } = model
    if (settled === 0 || isFree(model)) return expectedUsd[position]
    const error = standardError(policy.costVariance(model), settled)
    const billedUsd = settled <= COST_LEVEL_REQUESTS ? settledCostUsd / settled : Number.POSITIVE_INFINITY
    return Math.min(expectedUsd[position], billedUsd) * Math.exp(-COST_DOUBT_SIGMAS * error)
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

/** Of the logarithm of a mean of lognormal costs; it has a part from their variance. @param variance of ln(cost) */
function standardError(variance: number, count: number): number {
  return Math.sqrt((variance + variance ** 2 / 2) / count)
}

/** What bills have said ages, or those that said too much would keep a model out for good. A model n times as dear is tried after n times as many requests. */
function agedUsd(usd: number, idle: number): number {
  return usd / Math.max(1, idle / IDLE_REQUESTS)
}

/** As seldom as a model that has fallen, and not while a router is young. */
function isLongIdle(idle: number, { requests }: FoldView): boolean {
  return idle >= Math.max(COST_DOUBT_IDLE_REQUESTS, TRIAL_SHARE * requests)
}
