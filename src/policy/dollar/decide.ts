import { PRUNED_COUNT_MIN, ScanChoice } from '../../bandit/scan.js'
import { tieBreak } from '../../bandit/tie-break.js'
import { ParetoBanditError } from '../../base/errors.js'
import type { RouterEvent } from '../../events/events.js'
import { COST, LATENCY, QUADRATIC } from '../../kernel/kernel.js'
import { CELL_STRIDE } from '../../kernel/layout.js'
import type { Model } from '../../models/registry.js'
import { doubtLimitMs, doubtLimitUsd } from '../../models/tries.js'
import type { StateView } from '../../state/policy-state.js'
import { blankChoice, type Choice, type Chooser, type Judgement } from '../chooser.js'
import { BUDGET_MISSED, CAP_MISSED, LATENCY_MISSED, QUALITY_MISSED } from '../constraint.js'
import type { DecisionNote } from '../decision-note.js'
import type { RequestSize } from '../eligibility.js'
import { EpsilonExploration } from '../epsilon-exploration.js'
import type { Lease } from '../lease.js'
import {
  ageOf,
  allowsTries,
  type CostEstimates,
  doublingsBeyond,
  dueTries,
  judgedUsd,
  noteTry,
  openModels,
} from '../open-models.js'
import type { ResolvedOptions } from '../options.js'
import type { RouteOptions } from '../route-options.js'
import { findTenant } from './accounts/find-tenant.js'
import { SpendingLimits } from './accounts/spending-limits.js'
import { neededUsd } from './accounts/tail.js'
import { CandidateCosts } from './candidate-costs.js'
import { CurvePoints } from './demand/curve-points.js'
import { Equals } from './equals.js'
import { Probes } from './exploration/probes.js'
import { PredictedUses } from './latency/predicted-uses.js'
import { correctedCostUsd } from './predicted-cost.js'
import type { DollarOptions } from './settings.js'
import type { DollarState } from './state.js'
import { checkSizes, worstCaseCostUsd } from './worst-case.js'

/** `maxCostUsd` is compared with what the prompt is expected to cost, once that is known. */
const ANY_COST = { known: () => 0, tried: () => 0 }

/** Penalty of a model that the account does not afford: larger than any value, and finite. */
const UNAFFORDABLE = 1e300

/**
 * Policy `dollar`: argmax of theta.x + bonus - mu c(x) over the models that the account affords, mu the shadow price of
 * the budget in reward per dollar and c(x) the predicted dollars of this prompt; with a latency objective less what its
 * latency costs. docs/PACING.md derives it.
 */
export class DollarChooser implements Chooser<DollarState> {
  lease: Lease | null = null
  private readonly options: ResolvedOptions<DollarOptions>
  private readonly costs = new CandidateCosts()
  private readonly scan = new ScanChoice()
  private readonly choice: Choice = blankChoice()
  private readonly contenders = new CurvePoints()
  private readonly limits = new SpendingLimits()
  private readonly exploration: EpsilonExploration
  private readonly uses = new PredictedUses()
  private readonly probes: Probes
  private readonly equals: Equals
  private contexts = 1
  private index = 0
  private projected = 0
  private prunes = false
  /** Whose account was short when the latest choice was refused: a tenant, or null for the router; undefined: nobody's. */
  private shortAccount: string | null | undefined

  constructor(options: ResolvedOptions<DollarOptions>) {
    this.options = options
    this.exploration = new EpsilonExploration(options)
    this.probes = new Probes(this.costs, this.limits, this.uses)
    this.equals = new Equals(options.policyOptions.indifference, this.costs)
  }

  checkRequest(state: StateView<DollarState>, request: RouteOptions | null): void {
    if (this.reservesWorstCase) checkSizes(request ?? {})
    if (request?.tenant !== undefined) findTenant(state.policy.accounts, request.tenant, 'tenant')
  }

  due(state: StateView<DollarState>, request: RouteOptions | null, at: number): readonly RouterEvent[] {
    return state.policy.accounts.periodsDue(request?.tenant ?? null, at)
  }

  /** A refused request counts as one, where an account was short. */
  refused(_request: RouteOptions | null, at: number): readonly RouterEvent[] {
    const { shortAccount } = this
    return shortAccount === undefined ? [] : [{ type: 'refused', at, tenant: shortAccount }]
  }

  begin(contexts: number): void {
    this.contexts = contexts
    this.index = 0
    this.projected = 0
  }

  choose(
    state: StateView<DollarState>,
    request: RouteOptions | null,
    size: RequestSize,
    note: DecisionNote,
  ): Choice {
    const { arms, requests } = state
    const { costs, choice, limits, uses, probes } = this
    const { list } = costs
    const open = openModels(state, request, size, note, ANY_COST)
    this.shortAccount = undefined
    this.describe(state, request, note)
    this.exploration.certain(choice)
    this.take(state, request, size, open, note)
    const exploit = request?.exploit === true
    costs.need(limits, (model) => state.policy.tailOf(model))
    if (uses.isOn) this.predictUses(state, note)
    const affordable = this.score(state, exploit ? 0 : this.options.alpha)
    choice.savedUsd = 0
    let position = exploit ? -1 : probes.probe(state, choice)
    note.forced = position >= 0
    if (!exploit && position < 0) position = probes.canary(state, state.policy, uses, this.index)
    note.canary = !note.forced && position >= 0
    if (!affordable && !exploit && position < 0) {
      const { strict } = this.options.policyOptions
      position = probes.lastResort(state, note.at, strict ? limits.limitUsd : limits.capUsd)
      note.canary = position >= 0
    }
    note.cheapestFallback = position < 0 && !affordable
    if (note.cheapestFallback) position = this.cheapestAllowed(request)
    else if (position < 0) {
      position = list.count === 1 ? 0 : arms.kernel.argmax(list.count, tieBreak(this.options.seed, requests))
      if (limits.price === 0) {
        const best = position
        position = this.cheapestEqual(state, best)
        note.gaveWay = position !== best
      }
      if (!exploit)
        position = this.exploration.draw(choice, list, position, requests, costs.neededUsd, limits.limitUsd)
    }
    this.index++
    const model = list.models[position]
    noteTry(note, model, request, this.knownUsd(position), costs.expectedUsd[position])
    if (note.canary && probes.triesCost) {
      note.triesCost = true
      note.triedUsd = costs.expectedUsd[position]
      note.triedLimitUsd = doubtLimitUsd(note.triedUsd)
    }
    if (note.canary && probes.triesLatency && !note.triesLatency) {
      note.triesLatency = true
      note.triedLimitMs = doubtLimitMs(model)
    }
    note.chosen = model
    note.chosenIdleAge = arms.idleAge(model.slot, requests)
    choice.model = model
    choice.score = note.forced
      ? 0
      : note.cheapestFallback || note.triesCost
        ? costs.worth(position, limits.price)
        : arms.scoreAt(position)
    choice.listCostUsd = costs.listUsd[position]
    choice.predictedUsd = costs.predictedUsd[position]
    choice.expectedUsd = costs.expectedUsd[position]
    choice.reservedUsd = costs.drawnUsd[position]
    choice.latencyUse = uses.predictedAt(position)
    choice.infeasible = this.missed()
    return choice
  }

  /** The cheapest of the models that are as good as the best one: a dollar has a value even when its price is 0. */
  private cheapestEqual(state: StateView<DollarState>, best: number): number {
    const { costs, limits, equals, uses } = this
    const { expectedUsd, neededUsd, list } = costs
    let chosen = best
    for (let position = 0; position < list.count; position++) {
      if (expectedUsd[position] >= expectedUsd[chosen] || neededUsd[position] > limits.limitUsd) continue
      if (equals.areEqual(state, this.index, position, best, limits.price, uses)) chosen = position
    }
    return chosen
  }

  /** As `choose` would find it, for the next of the contexts. */
  checkEligible(
    state: StateView<DollarState>,
    request: RouteOptions | null,
    size: RequestSize,
    note: DecisionNote,
  ): void {
    openModels(state, request, size, note, this.estimates(state))
  }

  /** What prompts are expected to cost, for the next of the contexts and without a list. */
  private estimates({ policy }: StateView<DollarState>): CostEstimates {
    return {
      known: (model, size) => policy.expectedUsd(model, size, this.index),
      tried: (model, size, age) => policy.triedUsd(model, size, age, this.index),
    }
  }

  /**
   * The list of those of the models that `maxCostUsd` leaves, and what each costs. Costs are those of the prompt, so they
   * are known once the list has been projected; where some are too much, a shorter list takes its place.
   * @throws NO_ELIGIBLE_MODEL
   */
  private take(
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
    costs.predict(arms.kernel, this.index, request, size, this.reservesWorstCase)
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
    costs.predict(arms.kernel, this.index, request, size, this.reservesWorstCase, maxUsd, note.tried)
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
    return dueTries(state, shut, (model) => doublingsBeyond(model, request, true), null)
  }

  /** Constraints that no model of the list meets, as bits. */
  private missed(): number {
    const { limits, uses, costs } = this
    const leastUsd = costs.expectedUsd[costs.cheapest]
    return (
      (leastUsd > limits.ceilingUsd ? BUDGET_MISSED : 0) |
      (leastUsd > limits.paceUsd ? CAP_MISSED : 0) |
      (uses.isMissed ? LATENCY_MISSED : 0) |
      (limits.isFloorMissed ? QUALITY_MISSED : 0)
    )
  }

  describe(state: StateView<DollarState>, request: RouteOptions | null, note: DecisionNote): void {
    const { limits, uses } = this
    const { accounts, demand, objectives } = state.policy
    limits.read(accounts.router, accounts.of(request?.tenant), demand, note.at)
    if (this.lease !== null) limits.keepTo(this.lease, request?.tenant ?? null)
    const { price } = limits
    note.shadowPrice = price === 0 ? 0 : price * (limits.payer?.usdPerRequest ?? limits.targetUsd)
    limits.raise(objectives.quality, demand)
    uses.read(objectives.latency)
    note.now = state.requests
    note.options = request
    note.penaltyWeight = limits.price
    note.latencyPrice = uses.price
    note.neutralUse = uses.isOn ? 0 : -1
    note.limitUsd = limits.limitUsd
    note.ceilingMaxUsd = limits.ceilingMaxUsd
    note.sparedUsd = limits.sparedUsd
    note.hardUsd = limits.hardUsd
    note.priceCeiling = Number.POSITIVE_INFINITY
    note.forced = false
    note.canary = false
    note.cheapestFallback = false
  }

  judge(
    { policy }: StateView<DollarState>,
    model: Model,
    size: RequestSize,
    note: DecisionNote,
    deviation: number,
  ): Judgement {
    const expectedCostUsd = judgedUsd(note, model, policy.expectedUsd(model, size))
    const drawnUsd = this.reservesWorstCase ? worstCaseCostUsd(model, note.options) : expectedCostUsd
    const known = note.neutralUse === -1 ? -1 : policy.predictedUse(model)
    const latencyUse = known === -1 ? note.neutralUse : known
    // Where no model was affordable, the cheapest could be chosen all the same.
    const ceiling = note.cheapestFallback ? (note.chosen?.blendedUsdPerKTok ?? 0) : Number.POSITIVE_INFINITY
    const isTooDear =
      drawnUsd > note.sparedUsd ||
      neededUsd(drawnUsd, policy.tailOf(model), note.ceilingMaxUsd, note.hardUsd) > note.limitUsd
    return {
      explorationBonus: note.options?.exploit === true ? 0 : this.options.alpha * deviation,
      expectedCostUsd,
      penalty: note.penaltyWeight * expectedCostUsd + note.latencyPrice * latencyUse,
      latencyUse: note.neutralUse === -1 ? null : latencyUse,
      excluded:
        model === note.chosen
          ? null
          : isTooDear
            ? 'unaffordable'
            : model.blendedUsdPerKTok > ceiling
              ? 'over-price-ceiling'
              : null,
    }
  }

  /** What is known of a position's cost, were it not tried. */
  private knownUsd(position: number): number {
    const { list, listUsd, predictedUsd } = this.costs
    return correctedCostUsd(list.models[position], listUsd[position], predictedUsd[position])
  }

  private get reservesWorstCase(): boolean {
    return this.options.policyOptions.reserve === 'worst-case'
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

  private predictUses(state: StateView<DollarState>, note: DecisionNote): void {
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
   * @returns whether any model is affordable
   */
  private score(state: StateView<DollarState>, alpha: number): boolean {
    const { uses, choice, contenders } = this
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

  /**
   * The list position of the cheapest model, where nothing is affordable.
   * @throws BUDGET_EXHAUSTED with `strict`, and where a cap leaves too little
   */
  private cheapestAllowed(request: RouteOptions | null): number {
    const { limits, costs } = this
    const cheapest = costs.leastDrawn()
    const costUsd = costs.drawnUsd[cheapest]
    if (costUsd > limits.capUsd) {
      this.lease?.miss(request?.tenant ?? null, costUsd)
      const leaves = limits.isLeaseTightest
        ? `this process holds ${limits.capUsd} of a cap that it shares, and asks for more while there is any`
        : `a cap leaves ${limits.capUsd}`
      const message = `the cheapest model may cost ${costUsd} USD, ${leaves}`
      throw new ParetoBanditError('BUDGET_EXHAUSTED', 'caps', message)
    }
    if (!this.options.policyOptions.strict) return cheapest
    this.lease?.miss(request?.tenant ?? null, costUsd)
    this.shortAccount = limits.routerIsTightest ? null : request?.tenant
    const message = `the cheapest model may cost ${costUsd} USD, the account has ${limits.limitUsd} for it`
    throw new ParetoBanditError('BUDGET_EXHAUSTED', 'budget', message)
  }
}
