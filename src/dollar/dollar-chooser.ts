import { CandidateList } from '../candidate-list.js'
import { blankChoice, type Choice, type Chooser } from '../chooser.js'
import { assumedCostUsd, type RequestSize } from '../eligibility.js'
import { eligibleModels } from '../eligible-models.js'
import type { DecisionNote } from '../explain.js'
import { COST, QUADRATIC } from '../kernel/kernel.js'
import { listOffset } from '../kernel/layout.js'
import type { ResolvedOptions } from '../options.js'
import { costCorrection } from '../pacing/cost-estimate.js'
import { PRUNED_COUNT_MIN, ScanChoice } from '../policy/scan.js'
import { tieBreak } from '../policy/tie-break.js'
import type { RouteOptions } from '../route-options.js'
import type { RoutingState } from '../state.js'
import { Contenders } from './contenders.js'
import type { DollarState } from './dollar-state.js'
import { predictedCostUsd } from './predicted-cost.js'

/** What puts a model out of the running: far beyond any value, and finite. */
const UNAFFORDABLE = 1e300
const NO_SAVING = 0
const FUND_BACK = -1

/**
 * Policy `dollar`: argmax of theta.x + bonus - mu c(x) over the models that the account affords, mu the shadow price of
 * the budget in reward per dollar and c(x) the predicted dollars of this prompt. docs/PACING.md derives it.
 */
export class DollarChooser implements Chooser {
  private readonly options: ResolvedOptions
  private readonly stateOf: (state: RoutingState) => DollarState
  private readonly list = new CandidateList()
  private readonly scan = new ScanChoice()
  private readonly choice: Choice = blankChoice()
  private readonly contenders = new Contenders()
  private contexts = 1
  private index = 0
  private projected = 0
  private prunes = false
  /** By list position: slot, list cost, prediction, expected cost, value. */
  private slots = new Float64Array(64)
  private listUsd = new Float64Array(64)
  private predictedUsd = new Float64Array(64)
  private expectedUsd = new Float64Array(64)
  private values = new Float64Array(64)
  private cheapest = 0

  constructor(options: ResolvedOptions, stateOf: (state: RoutingState) => DollarState) {
    this.options = options
    this.stateOf = stateOf
  }

  begin(contexts: number): void {
    this.contexts = contexts
    this.index = 0
    this.projected = 0
  }

  choose(state: RoutingState, request: RouteOptions | null, size: RequestSize, note: DecisionNote): Choice {
    const { arms, registry, pacer, requests } = state
    const { list, choice } = this
    const eligible = eligibleModels(state, request, size)
    this.describe(state, request, note)
    const price = note.penaltyWeight
    if (request === null) list.takeEnabled(arms, registry, Number.POSITIVE_INFINITY)
    else list.take(arms, eligible, Number.POSITIVE_INFINITY)
    const exploit = request?.exploit === true
    this.project(state)
    this.predict(state, size)
    const { usdPerRequest } = pacer
    const { credit } = this.stateOf(state)
    const availableUsd =
      usdPerRequest === null ? Number.POSITIVE_INFINITY : credit.availableUsd(usdPerRequest)
    note.availableUsd = availableUsd
    const affordable = this.score(state, price, exploit ? 0 : this.options.alpha, usdPerRequest, availableUsd)
    choice.savedUsd = credit.fundUsd === 0 ? NO_SAVING : FUND_BACK
    let position = exploit ? -1 : this.probe(state, price, usdPerRequest, availableUsd)
    note.forced = position >= 0
    note.cheapestFallback = position < 0 && !affordable
    if (note.cheapestFallback) position = this.cheapest
    else if (position < 0)
      position = list.count === 1 ? 0 : arms.kernel.argmax(list.count, tieBreak(this.options.seed, requests))
    this.index++
    const model = list.models[position]
    note.chosen = model
    note.chosenIdleAge = arms.idleAge(model.slot, requests)
    choice.model = model
    choice.score = note.forced
      ? 0
      : note.cheapestFallback
        ? this.values[position] - price * this.expectedUsd[position]
        : arms.scoreAt(position)
    choice.listCostUsd = this.listUsd[position]
    choice.predictedUsd = this.predictedUsd[position]
    choice.expectedUsd = this.expectedUsd[position]
    return choice
  }

  describe(state: RoutingState, request: RouteOptions | null, note: DecisionNote): void {
    const { usdPerRequest } = state.pacer
    const { credit, demand } = this.stateOf(state)
    let price = 0
    if (usdPerRequest !== null) {
      const generous = credit.sparedUsd(usdPerRequest) > 0
      price = demand.priceOfSpend(credit.targetUsd(usdPerRequest), generous)
    }
    note.now = state.requests
    note.options = request
    note.penaltyWeight = price
    note.shadowPrice = price * (usdPerRequest ?? 0)
    note.priceCeiling = Number.POSITIVE_INFINITY
    note.forced = false
    note.cheapestFallback = false
  }

  /** What the waiting contexts share, unless it is there already. */
  private project(state: RoutingState): void {
    const { list } = this
    if (this.projected === list.serial) return
    this.projected = list.serial
    this.prunes = this.scan.prunes(list.count)
    state.arms.kernel.project(this.contexts, list.count, this.prunes ? COST : COST | QUADRATIC)
    if (this.slots.length < list.count) this.grow(list.count)
  }

  /** Dollars of the request on every model of the list. */
  private predict(state: RoutingState, size: RequestSize): void {
    const { list, listUsd, predictedUsd, expectedUsd, slots } = this
    const { f64, layout } = state.arms.kernel
    this.cheapest = 0
    for (let position = 0; position < list.count; position++) {
      const model = list.models[position]
      slots[position] = model.slot
      listUsd[position] = assumedCostUsd(model, size)
      const logRatio = f64[listOffset(layout, layout.cost, this.index, position)]
      predictedUsd[position] = predictedCostUsd(model, listUsd[position], logRatio)
      expectedUsd[position] = predictedUsd[position] * costCorrection(model)
      if (expectedUsd[position] < expectedUsd[this.cheapest]) this.cheapest = position
    }
  }

  /**
   * Scores the list, those that are not affordable far below all others, and finds the contenders: by theta.x and bonus
   * where all are scored, by theta.x where the scan may prune. Whether it does is about time alone: a restored router,
   * or a batch, would otherwise come to other prices.
   * @returns whether any model is affordable
   */
  private score(
    state: RoutingState,
    price: number,
    alpha: number,
    usdPerRequest: number | null,
    availableUsd: number,
  ): boolean {
    const { list, values, expectedUsd } = this
    const { arms, requests } = state
    const { kernel } = arms
    const { f64, layout } = kernel
    const { count } = list
    const { credit } = this.stateOf(state)
    let affordable = 0
    for (let position = 0; position < count; position++) {
      const costUsd = expectedUsd[position]
      const isAffordable = usdPerRequest === null || credit.affords(costUsd, availableUsd, usdPerRequest)
      if (isAffordable) affordable++
      values[position] = isAffordable ? 1 : 0
      arms.setPenalty(position, isAffordable || !this.prunes ? price * costUsd : UNAFFORDABLE)
    }
    if (this.prunes) this.scan.record(kernel.prune(this.index, count, alpha, 1, requests), count)
    else kernel.combine(this.index, count, alpha, 1, requests)
    const withBonus = count < PRUNED_COUNT_MIN
    for (let position = 0; position < count; position++) {
      const isAffordable = values[position] === 1
      values[position] = withBonus
        ? arms.scoreAt(position) + price * expectedUsd[position]
        : f64[listOffset(layout, layout.mean, this.index, position)]
      if (!isAffordable && !this.prunes) arms.setScore(position, -UNAFFORDABLE)
    }
    this.choice.contenders = this.contenders.pick(
      count,
      this.slots,
      values,
      expectedUsd,
      this.cheapest,
      price,
    )
    return affordable > 0
  }

  /**
   * The list position of a newcomer whose turn it is, or -1. What it costs above B is paid from the fund; and one that
   * could not win at this price even with the best reward there is waits until it is cheaper.
   */
  private probe(
    state: RoutingState,
    price: number,
    usdPerRequest: number | null,
    availableUsd: number,
  ): number {
    const { list, choice, expectedUsd } = this
    const { credit } = this.stateOf(state)
    if (state.registry.exploring === 0) return -1
    const rival = this.values[this.cheapest] - price * expectedUsd[this.cheapest]
    let wanted = false
    let chosen = -1
    for (let i = 0; i < list.count; i++) {
      const position = (state.requests + i) % list.count
      const costUsd = expectedUsd[position]
      if (list.models[position].forcedRemaining === 0) continue
      if (usdPerRequest === null) return position
      if (this.options.rewardHigh - price * costUsd < rival) continue
      wanted = true
      const savingUsd = credit.savingUsd(availableUsd, usdPerRequest)
      if (chosen < 0 && credit.affordsProbe(costUsd, savingUsd, availableUsd, usdPerRequest))
        chosen = position
    }
    if (wanted && usdPerRequest !== null) choice.savedUsd = credit.savingUsd(availableUsd, usdPerRequest)
    return chosen
  }

  private grow(count: number): void {
    const length = 2 ** Math.ceil(Math.log2(count))
    this.slots = new Float64Array(length)
    this.listUsd = new Float64Array(length)
    this.predictedUsd = new Float64Array(length)
    this.expectedUsd = new Float64Array(length)
    this.values = new Float64Array(length)
  }
}
