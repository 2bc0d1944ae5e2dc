import { CandidateList } from '../candidate-list.js'
import { blankChoice, type Choice, type Chooser } from '../chooser.js'
import { assumedCostUsd, type RequestSize, worstCaseCostUsd } from '../eligibility.js'
import { eligibleModels } from '../eligible-models.js'
import { ParetoBanditError } from '../errors.js'
import type { DecisionNote } from '../explain.js'
import { COST, LATENCY, QUADRATIC } from '../kernel/kernel.js'
import { listOffset } from '../kernel/layout.js'
import type { ResolvedOptions } from '../options.js'
import { BUDGET_MISSED, CAP_MISSED, LATENCY_MISSED, QUALITY_MISSED } from '../pacing/constraint.js'
import { costCorrection } from '../pacing/cost-estimate.js'
import { PRUNED_COUNT_MIN, ScanChoice } from '../policy/scan.js'
import { tieBreak } from '../policy/tie-break.js'
import type { RouteOptions } from '../route-options.js'
import type { RoutingState } from '../state.js'
import { Contenders } from './contenders.js'
import type { DollarState } from './dollar-state.js'
import { predictedCostUsd } from './predicted-cost.js'
import { PredictedUses } from './predicted-uses.js'
import { Terms } from './terms.js'

/** What puts a model out of the running: far beyond any value, and finite. */
const UNAFFORDABLE = 1e300
/** A model that nobody chooses is tried once in so many requests, and no oftener than once in so many times their number. */
const IDLE_REQUESTS = 2000
const IDLE_REQUESTS_PER_MODEL = 200
/** Less is not idle. */
const IDLE_MIN = 25
const NO_SAVING = 0
const FUND_BACK = -1

/**
 * Policy `dollar`: argmax of theta.x + bonus - mu c(x) over the models that the account affords, mu the shadow price of
 * the budget in reward per dollar and c(x) the predicted dollars of this prompt; with a latency objective less what its
 * latency costs. docs/PACING.md derives it.
 */
export class DollarChooser implements Chooser {
  private readonly options: ResolvedOptions
  private readonly stateOf: (state: RoutingState) => DollarState
  private readonly list = new CandidateList()
  private readonly scan = new ScanChoice()
  private readonly choice: Choice = blankChoice()
  private readonly contenders = new Contenders()
  private readonly terms = new Terms()
  private readonly uses = new PredictedUses()
  private contexts = 1
  private index = 0
  private projected = 0
  private prunes = false
  /** By list position: slot, list cost, prediction, expected cost, value. */
  private slots = new Float64Array(64)
  private listUsd = new Float64Array(64)
  private predictedUsd = new Float64Array(64)
  private expectedUsd = new Float64Array(64)
  private worstUsd = new Float64Array(64)
  /** What each would draw from the accounts: one of the two above. */
  private drawnUsd = this.expectedUsd
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
    const { arms, registry, requests } = state
    const { list, choice, terms, uses } = this
    const eligible = eligibleModels(state, request, size)
    this.describe(state, request, note)
    if (request === null) list.takeEnabled(arms, registry, Number.POSITIVE_INFINITY)
    else list.take(arms, eligible, Number.POSITIVE_INFINITY)
    const exploit = request?.exploit === true
    this.project(state)
    this.predict(state, request, size)
    if (uses.isOn) this.predictUses(state, note)
    const affordable = this.score(state, exploit ? 0 : this.options.alpha)
    choice.savedUsd = (terms.payer?.credit.fundUsd ?? 0) === 0 ? NO_SAVING : FUND_BACK
    let position = exploit || registry.exploring === 0 ? -1 : this.probe(state)
    note.forced = position >= 0
    if (!exploit && position < 0) position = this.canary(state)
    note.canary = !note.forced && position >= 0
    note.cheapestFallback = position < 0 && !affordable
    if (note.cheapestFallback) position = this.cheapestAllowed(request, note)
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
        ? this.values[position] - terms.price * this.expectedUsd[position]
        : arms.scoreAt(position)
    choice.listCostUsd = this.listUsd[position]
    choice.predictedUsd = this.predictedUsd[position]
    choice.expectedUsd = this.expectedUsd[position]
    choice.reservedUsd = this.drawnUsd[position]
    choice.latencyUse = uses.predictedAt(position)
    choice.infeasible = this.missed()
    return choice
  }

  /** Constraints that no model of the list meets, as bits. */
  private missed(): number {
    const { terms, uses } = this
    const leastUsd = this.expectedUsd[this.cheapest]
    return (
      (leastUsd > terms.ceilingUsd ? BUDGET_MISSED : 0) |
      (leastUsd > terms.paceUsd ? CAP_MISSED : 0) |
      (uses.isMissed ? LATENCY_MISSED : 0) |
      (terms.isFloorMissed ? QUALITY_MISSED : 0)
    )
  }

  describe(state: RoutingState, request: RouteOptions | null, note: DecisionNote): void {
    const { terms, uses } = this
    const { accounts, demand, objectives } = this.stateOf(state)
    terms.read(accounts.router, accounts.of(request?.tenant), demand, note.at)
    const { price } = terms
    note.shadowPrice = price === 0 ? 0 : price * (terms.payer?.usdPerRequest ?? terms.targetUsd)
    terms.raise(objectives.quality, demand)
    uses.read(objectives.latency, objectives.quality.span)
    note.now = state.requests
    note.options = request
    note.penaltyWeight = terms.price
    note.latencyPrice = uses.price
    note.neutralUse = uses.isOn ? 0 : -1
    note.limitUsd = terms.limitUsd
    note.priceCeiling = Number.POSITIVE_INFINITY
    note.forced = false
    note.canary = false
    note.cheapestFallback = false
  }

  /** What the waiting contexts share, unless it is there already. */
  private project(state: RoutingState): void {
    const { list } = this
    if (this.projected === list.serial) return
    this.projected = list.serial
    this.prunes = this.scan.prunes(list.count)
    const forms = (this.prunes ? COST : COST | QUADRATIC) | (this.uses.isOn ? LATENCY : 0)
    state.arms.kernel.project(this.contexts, list.count, forms)
    if (this.slots.length < list.count) this.grow(list.count)
  }

  /** Dollars of the request on every model of the list. */
  private predict(state: RoutingState, request: RouteOptions | null, size: RequestSize): void {
    const { list, listUsd, predictedUsd, expectedUsd, worstUsd, slots } = this
    const { f64, layout } = state.arms.kernel
    const worstCase = this.options.reserve === 'worst-case'
    this.drawnUsd = worstCase ? worstUsd : expectedUsd
    this.cheapest = 0
    for (let position = 0; position < list.count; position++) {
      const model = list.models[position]
      slots[position] = model.slot
      listUsd[position] = assumedCostUsd(model, size)
      const logRatio = f64[listOffset(layout, layout.cost, this.index, position)]
      predictedUsd[position] = predictedCostUsd(model, listUsd[position], logRatio)
      expectedUsd[position] = predictedUsd[position] * costCorrection(model)
      if (worstCase) worstUsd[position] = worstCaseCostUsd(model, request)
      if (expectedUsd[position] < expectedUsd[this.cheapest]) this.cheapest = position
    }
  }

  private predictUses(state: RoutingState, note: DecisionNote): void {
    const { list, uses, drawnUsd, terms } = this
    const { latency } = this.stateOf(state).objectives
    uses.predict(latency, list, state.arms.kernel, this.index, drawnUsd, terms.limitUsd)
    note.neutralUse = uses.neutral
  }

  /**
   * Scores the list, those that are not affordable far below all others, and finds the contenders: by theta.x and bonus
   * where all are scored, by theta.x where the scan may prune. Whether it does is about time alone: a restored router,
   * or a batch, would otherwise come to other prices.
   * @returns whether any model is affordable
   */
  private score(state: RoutingState, alpha: number): boolean {
    const { list, values, expectedUsd, drawnUsd, uses, choice } = this
    const { arms, requests } = state
    const { kernel } = arms
    const { f64, layout } = kernel
    const { count } = list
    const { price, limitUsd } = this.terms
    let affordable = 0
    for (let position = 0; position < count; position++) {
      const isAffordable = drawnUsd[position] <= limitUsd
      if (isAffordable) affordable++
      const penalty = price * expectedUsd[position] + uses.penaltyAt(position)
      arms.setPenalty(position, isAffordable || !this.prunes ? penalty : UNAFFORDABLE)
    }
    if (this.prunes) this.scan.record(kernel.prune(this.index, count, alpha, 1, requests), count)
    else kernel.combine(this.index, count, alpha, 1, requests)
    const withBonus = count < PRUNED_COUNT_MIN
    for (let position = 0; position < count; position++) {
      values[position] = withBonus
        ? arms.scoreAt(position) + price * expectedUsd[position]
        : f64[listOffset(layout, layout.mean, this.index, position)] - uses.penaltyAt(position)
      if (drawnUsd[position] > limitUsd && !this.prunes) arms.setScore(position, -UNAFFORDABLE)
    }
    const { slots, cheapest, contenders } = this
    choice.contenders = contenders.pick(count, slots, values, expectedUsd, cheapest, price, uses)
    choice.latencyPrice = uses.price
    choice.uses = contenders.usesOf(uses)
    return affordable > 0
  }

  /**
   * The list position of the cheapest model, where nothing is affordable.
   * @throws BUDGET_EXHAUSTED with `strict`, and where a cap leaves too little
   */
  private cheapestAllowed(request: RouteOptions | null, note: DecisionNote): number {
    const { terms, list, drawnUsd } = this
    let cheapest = 0
    for (let position = 1; position < list.count; position++)
      if (drawnUsd[position] < drawnUsd[cheapest]) cheapest = position
    const costUsd = drawnUsd[cheapest]
    if (costUsd > terms.capUsd) {
      const message = `the cheapest model may cost ${costUsd} USD, a cap leaves ${terms.capUsd}`
      throw new ParetoBanditError('BUDGET_EXHAUSTED', 'caps', message)
    }
    if (!this.options.strict) return cheapest
    note.refusedBy = terms.routerIsTightest ? null : request?.tenant
    const message = `the cheapest model may cost ${costUsd} USD, the account has ${terms.limitUsd} for it`
    throw new ParetoBanditError('BUDGET_EXHAUSTED', 'budget', message)
  }

  /**
   * The list position of a newcomer whose turn it is, or -1. What it costs above B is paid from the fund; and one that
   * could not win at this price even with the best reward there is waits until it is cheaper.
   */
  private probe(state: RoutingState): number {
    const { list, choice, expectedUsd, drawnUsd, terms } = this
    const { price, payer, othersUsd, availableUsd } = terms
    const usdPerRequest = payer?.usdPerRequest ?? null
    const savingUsd = usdPerRequest === null ? 0 : (payer?.credit.savingUsd(availableUsd, usdPerRequest) ?? 0)
    const rival = this.values[this.cheapest] - price * expectedUsd[this.cheapest]
    let wanted = false
    let chosen = -1
    for (let i = 0; i < list.count && chosen < 0; i++) {
      const position = (state.requests + i) % list.count
      if (list.models[position].forcedRemaining === 0) continue
      if (price > 0 && this.options.rewardHigh - price * expectedUsd[position] < rival) continue
      wanted = true
      const costUsd = drawnUsd[position]
      if (costUsd > othersUsd) continue
      if (usdPerRequest === null || payer === null) chosen = position
      else if (payer.credit.affordsProbe(costUsd, savingUsd, availableUsd, usdPerRequest)) chosen = position
    }
    if (wanted && payer !== null) choice.savedUsd = savingUsd
    return chosen
  }

  /**
   * The list position of a model that is tried again, or -1: one that nobody has chosen for long, or one that has fallen
   * and would be chosen if it were what it was. The accounts must afford it.
   */
  private canary(state: RoutingState): number {
    const { list, terms, values, expectedUsd, uses } = this
    const { arms, requests } = state
    // One of the list a request: all take turns.
    const position = requests % list.count
    const { slot } = list.models[position]
    const idle = arms.idleAge(slot, requests)
    if (idle < IDLE_MIN || this.drawnUsd[position] > terms.limitUsd) return -1
    const costUsd = expectedUsd[position]
    const rival = values[this.cheapest] - terms.price * expectedUsd[this.cheapest]
    if (idle >= Math.max(IDLE_REQUESTS, IDLE_REQUESTS_PER_MODEL * list.count))
      return this.options.rewardHigh - terms.price * costUsd >= rival ? position : -1
    const { recoveries, objectives } = this.stateOf(state)
    const promise = recoveries.promise(slot, idle, requests, arms, this.index) - uses.penaltyAt(position)
    const regained = uses.regained(objectives.latency, slot, position, idle, requests)
    const worth = Math.max(promise, values[position] + regained) - terms.price * costUsd
    if (worth === Number.NEGATIVE_INFINITY) return -1
    for (let other = 0; other < list.count; other++) {
      const isAffordable = this.drawnUsd[other] <= terms.limitUsd
      if (isAffordable && values[other] - terms.price * expectedUsd[other] > worth) return -1
    }
    return position
  }

  private grow(count: number): void {
    const length = 2 ** Math.ceil(Math.log2(count))
    this.slots = new Float64Array(length)
    this.listUsd = new Float64Array(length)
    this.predictedUsd = new Float64Array(length)
    this.expectedUsd = new Float64Array(length)
    this.worstUsd = new Float64Array(length)
    this.values = new Float64Array(length)
  }
}
