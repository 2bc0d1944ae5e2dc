import { PRUNED_COUNT_MIN, ScanChoice } from '../../bandit/scan.js'
import { COST, LATENCY, QUADRATIC } from '../../kernel/kernel.js'
import { CELL_STRIDE } from '../../kernel/layout.js'
import type { Model } from '../../models/registry.js'
import type { StateView } from '../../state/policy-state.js'
import type { Choice } from '../chooser.js'
import type { DecisionNote } from '../decision-note.js'
import type { RequestSize } from '../eligibility.js'
import { ageOf, allowsTries, type CostEstimates, dueTries, openModels, pauseBeyond } from '../open-models.js'
import type { RouteOptions } from '../route-options.js'
import type { SpendingLimits } from './accounts/spending-limits.js'
import { CandidateCosts } from './candidate-costs.js'
import { CurvePoints } from './demand/curve-points.js'
import type { PredictedUses } from './latency/predicted-uses.js'
import { correctedCostUsd } from './predicted-cost.js'
import type { DollarState } from './state.js'

/** Penalty of a model that the account does not afford: larger than any value, and finite. */
const UNAFFORDABLE = 1e300

/** The models that a request could go to, with what is estimated of each: what the prompt costs there, and its score. */
export class Candidates {
  readonly costs = new CandidateCosts()
  /** Which of the contexts in the arena it is. */
  index = 0
  private readonly limits: SpendingLimits
  private readonly uses: PredictedUses
  private readonly worstCase: boolean
  private readonly scan = new ScanChoice()
  private readonly contenders = new CurvePoints()
  private contexts = 1
  private projected = 0
  private prunes = false

  /** @param worstCase whether the most that a request can cost is what it draws */
  constructor(limits: SpendingLimits, uses: PredictedUses, worstCase: boolean) {
    this.limits = limits
    this.uses = uses
    this.worstCase = worstCase
  }

  begin(contexts: number): void {
    this.contexts = contexts
    this.index = 0
    this.projected = 0
  }

  /**
   * The list of those of the models that `maxCostUsd` leaves, and what each costs. Costs are those of the prompt, so they
   * are known once the list has been projected; where some are too much, a shorter list takes its place.
   * @throws NO_ELIGIBLE_MODEL, UNKNOWN_MODEL (a candidate)
   */
  take(
    state: StateView<DollarState>,
    request: RouteOptions | null,
    size: RequestSize,
    open: readonly Model[],
    note: DecisionNote,
  ): void {
    const { costs } = this
    const { arms, registry } = state
    if (open === registry.enabled) costs.list.takeEnabled(arms, registry, Number.POSITIVE_INFINITY)
    else costs.list.take(arms, open, Number.POSITIVE_INFINITY)
    this.project(state)
    costs.predict(arms.kernel, this.index, request, size, this.worstCase)
    const maxUsd = request?.maxCostUsd
    if (maxUsd === undefined) return
    const beyond = costs.beyond(maxUsd)
    if (beyond.length === 0) return
    const tried = this.triedBeyond(state, request, beyond)
    let within: readonly Model[] = open.filter((model) => tried.includes(model) || !beyond.includes(model))
    note.tried = [...note.tried, ...tried]
    // None is left: then a model may be due by time.
    if (within.length === 0) within = openModels(state, request, size, note, this.estimates(state))
    costs.list.take(arms, within, Number.POSITIVE_INFINITY)
    this.project(state)
    costs.predict(arms.kernel, this.index, request, size, this.worstCase, maxUsd, note.tried)
  }

  /** What prompts are expected to cost, for the next of the contexts and without a list. */
  estimates({ policy }: StateView<DollarState>): CostEstimates {
    return {
      known: (model, size) => policy.expectedUsd(model, size, this.index),
      tried: (model, size, age) => policy.triedUsd(model, size, age, this.index),
    }
  }

  /** What is known of a position's cost, were it not tried. */
  knownUsd(position: number): number {
    const { list, listUsd, predictedUsd } = this.costs
    return correctedCostUsd(list.models[position], listUsd[position], predictedUsd[position])
  }

  predictUses(state: StateView<DollarState>, note: DecisionNote): void {
    const { uses, limits } = this
    const { list, neededUsd } = this.costs
    const { latency } = state.policy.objectives
    uses.predict(latency, list, state.arms.kernel, this.index, neededUsd, limits.limitUsd)
    note.neutralUse = uses.neutral
  }

  /**
   * Scores the list, those that are not affordable far below all others, and finds the contenders: by theta.x and bonus
   * for a list that is too short to prune, by theta.x for a longer one. A pruned scan has no bonus of the models it skips;
   * whether a scan prunes depends on the scans before it, which a restored router or a batch has not made, and the
   * contenders, with the shadow prices found from them, must not.
   * @param choice gets the contenders
   * @returns whether any model is affordable
   */
  score(state: StateView<DollarState>, alpha: number, choice: Choice): boolean {
    const { uses, contenders } = this
    const { list, values, expectedUsd, neededUsd, cells } = this.costs
    const { arms, requests } = state
    const { kernel } = arms
    const { f64, layout } = kernel
    const { count } = list
    const { price, limitUsd } = this.limits
    let affordable = 0
    for (let position = 0; position < count; position++) {
      const isAffordable = neededUsd[position] <= limitUsd
      if (isAffordable) affordable++
      const penalty = price * expectedUsd[position] + uses.penaltyAt(position)
      f64[cells[position] + layout.penalty] = isAffordable || !this.prunes ? penalty : UNAFFORDABLE
    }
    if (this.prunes) this.scan.record(kernel.prune(this.index, count, alpha, 1, requests), count)
    else kernel.combine(this.index, count, alpha, 1, requests)
    const withBonus = count < PRUNED_COUNT_MIN
    const section = withBonus ? layout.score : layout.mean + this.index * CELL_STRIDE
    for (let position = 0; position < count; position++) {
      const scored = f64[cells[position] + section]
      values[position] = withBonus
        ? scored + price * expectedUsd[position]
        : scored - uses.penaltyAt(position)
      if (neededUsd[position] > limitUsd && !this.prunes) f64[cells[position] + layout.score] = -UNAFFORDABLE
    }
    choice.contenders = contenders.pick(this.costs, price, uses)
    choice.latencyPrice = uses.price
    choice.uses = contenders.usesOf(uses)
    return affordable > 0
  }

  /** Of models beyond `maxCostUsd`, those that are let in to be tried. */
  private triedBeyond(
    state: StateView<DollarState>,
    request: RouteOptions | null,
    beyond: readonly Model[],
  ): readonly Model[] {
    if (!allowsTries(request)) return []
    const { costs } = this
    const maxUsd = request.maxCostUsd ?? 0
    const { models } = costs.list
    const shut = beyond.filter(
      (model) => costs.triedUsd(models.indexOf(model), ageOf(state, model, null)) <= maxUsd,
    )
    return dueTries(state, shut, (model) => pauseBeyond(model, request, true), null)
  }

  /** What the waiting contexts share, unless it is there already. */
  private project(state: StateView<DollarState>): void {
    const { list } = this.costs
    if (this.projected === list.serial) return
    this.projected = list.serial
    this.prunes = this.scan.prunes(list.count)
    const forms = (this.prunes ? COST : COST | QUADRATIC) | (this.uses.isOn ? LATENCY : 0)
    state.arms.kernel.project(this.contexts, list.count, forms)
  }
}
