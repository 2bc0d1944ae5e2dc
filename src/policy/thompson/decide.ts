import { standardNormal } from '../../bandit/randomise.js'
import { tieBreak } from '../../bandit/tie-break.js'
import { QUADRATIC } from '../../kernel/kernel.js'
import { CELL_STRIDE, cellOffset } from '../../kernel/layout.js'
import type { Model } from '../../models/registry.js'
import { costPause, doubtLimitUsd, doubtOfCosts, isTryDue, paceOf } from '../../models/tries.js'
import type { StateView } from '../../state/policy-state.js'
import { Candidates, newcomer } from '../candidates.js'
import { blankChoice, type Choice, type Chooser, type Judgement } from '../chooser.js'
import type { DecisionNote } from '../decision-note.js'
import { assumedCostUsd, expectedModelCostUsd, isFree, type RequestSize } from '../eligibility.js'
import { EpsilonExploration } from '../epsilon-exploration.js'
import { chosenUsd, judgedUsd, MEAN_COSTS, noteTry, openModels, triedAtUsd } from '../open-models.js'
import type { ResolvedOptions } from '../options.js'
import type { RouteOptions } from '../route-options.js'
import { probabilityOfBest } from './posterior.js'
import type { ThompsonState } from './state.js'

/**
 * Policy `thompson`: argmax of a draw from each arm's posterior less what its dollars must buy,
 *     theta_a.x + alpha sqrt(v_a) z_a - lambda c_a / B,        z_a standard normal,
 * which for one request is the same as drawing theta_a from N(theta_a, alpha^2 A_a^-1) (Agrawal and Goyal 2013), v
 * inflated by staleness as everywhere. The propensity of a choice is the probability that its draw is the largest.
 */
export class ThompsonChooser implements Chooser<ThompsonState> {
  private readonly options: ResolvedOptions<null>
  private readonly candidates = new Candidates()
  private readonly choice: Choice = blankChoice()
  private readonly exploration: EpsilonExploration
  /** By list position: the mean of the draw, cost deducted, and its standard deviation. */
  private means = new Float64Array(0)
  private deviations = new Float64Array(0)

  constructor(options: ResolvedOptions<null>) {
    this.options = options
    this.exploration = new EpsilonExploration(options)
  }

  begin(contexts: number): void {
    this.candidates.begin(contexts)
  }

  choose(
    state: StateView<ThompsonState>,
    request: RouteOptions | null,
    size: RequestSize,
    note: DecisionNote,
  ): Choice {
    const { choice, candidates } = this
    const { list } = candidates
    const { arms, requests } = state
    const eligible = openModels(state, request, size, note, MEAN_COSTS)
    const exploit = request?.exploit === true
    this.describe(state, request, note)
    this.exploration.certain(choice)
    const fresh = newcomer(state, eligible, exploit, note.at)
    note.forced = fresh?.isForced === true
    note.canary = fresh?.isForced === false
    let chosen = fresh?.model
    if (chosen === undefined) {
      candidates.take(state, eligible, Number.POSITIVE_INFINITY)
      this.draw(state, size, note, exploit ? 0 : this.options.alpha)
      const best =
        list.count === 1 ? 0 : arms.kernel.argmax(list.count, tieBreak(this.options.seed, requests))
      const position = exploit ? best : this.explore(best, requests)
      chosen = list.models[position]
      choice.score = arms.scoreAt(position)
    } else choice.score = 0
    candidates.index++
    note.chosen = chosen
    note.chosenIdleAge = arms.idleAge(chosen.slot, requests)
    choice.model = chosen
    choice.listCostUsd = choice.predictedUsd = assumedCostUsd(chosen, size)
    const knownUsd = expectedModelCostUsd(chosen, size)
    const countedUsd = this.costUsd(state, chosen, size, note)
    noteTry(note, chosen, request, knownUsd, countedUsd)
    if (countedUsd < knownUsd && !note.forced) {
      note.canary = note.triesCost = true
      note.triedUsd = countedUsd
      if (!note.tried.includes(chosen)) note.triedLimitUsd = doubtLimitUsd(countedUsd)
    }
    choice.expectedUsd = choice.reservedUsd = chosenUsd(note, knownUsd)
    return choice
  }

  checkEligible(
    state: StateView<ThompsonState>,
    request: RouteOptions | null,
    size: RequestSize,
    note: DecisionNote,
  ): void {
    openModels(state, request, size, note, MEAN_COSTS)
  }

  describe(state: StateView<ThompsonState>, request: RouteOptions | null, note: DecisionNote): void {
    const { usdPerRequest } = state.cost
    const { price } = state.policy
    note.now = state.requests
    note.options = request
    note.shadowPrice = usdPerRequest === null ? 0 : price
    note.penaltyWeight = usdPerRequest === null ? 0 : price / usdPerRequest
    note.priceCeiling = Number.POSITIVE_INFINITY
    note.forced = false
    note.canary = false
    note.cheapestFallback = false
  }

  judge(
    _state: StateView<ThompsonState>,
    model: Model,
    size: RequestSize,
    note: DecisionNote,
    deviation: number,
  ): Judgement {
    const expectedCostUsd = judgedUsd(note, model, expectedModelCostUsd(model, size), () =>
      triedAtUsd(model, size, note.options),
    )
    const normal = standardNormal(this.options.drawSeed, note.now, model.slot)
    return {
      explorationBonus: note.options?.exploit === true ? 0 : this.options.alpha * deviation * normal,
      expectedCostUsd,
      penalty: note.penaltyWeight * expectedCostUsd,
      latencyUse: null,
      excluded: null,
    }
  }

  /** Draws a score for each of the list: the kernel gives theta.x and theta.x + sqrt(v), which tell both moments. */
  private draw(state: StateView<ThompsonState>, size: RequestSize, note: DecisionNote, alpha: number): void {
    const { candidates } = this
    const { list, index } = candidates
    const { kernel } = state.arms
    const { count } = list
    if (this.means.length < count) {
      this.means = new Float64Array(2 * count)
      this.deviations = new Float64Array(2 * count)
    }
    const { means, deviations } = this
    if (!candidates.areProjected) candidates.project(kernel, QUADRATIC)
    kernel.combine(index, count, 1, 0, state.requests)
    const { f64, layout } = kernel
    for (let position = 0; position < count; position++) {
      const cell = cellOffset(layout, 0, position)
      const model = list.models[position]
      const costUsd = this.costUsd(state, model, size, note)
      const mean = f64[cell + layout.mean + index * CELL_STRIDE]
      deviations[position] = alpha * (f64[cell + layout.score] - mean)
      means[position] = mean - note.penaltyWeight * costUsd
      const normal = alpha === 0 ? 0 : standardNormal(this.options.drawSeed, state.requests, model.slot)
      f64[cell + layout.score] = means[position] + deviations[position] * normal
    }
  }

  /** What counts of a model's cost: less where a try of it is due, because a few bills were far above all others. */
  private costUsd(
    state: StateView<ThompsonState>,
    model: Model,
    size: RequestSize,
    note: DecisionNote,
  ): number {
    const knownUsd = expectedModelCostUsd(model, size)
    if (note.tried.includes(model)) {
      if (knownUsd <= (note.options?.maxCostUsd ?? Number.POSITIVE_INFINITY)) return knownUsd
      return triedAtUsd(model, size, note.options)
    }
    const doubt = doubtOfCosts(model, isFree(model))
    if (doubt === 1 || note.options?.exploit === true) return knownUsd
    const { arms, requests, registry } = state
    const idle = arms.idleAge(model.slot, requests)
    return isTryDue(costPause(model), idle, paceOf(registry.models), requests) ? doubt * knownUsd : knownUsd
  }

  /** Epsilon exploration on top of the draw: the propensity is that of both. @returns a list position */
  private explore(best: number, requests: number): number {
    const { choice, means, deviations } = this
    const { list } = this.candidates
    const { count, models } = list
    const { epsilon } = this.options
    const position = this.exploration.draw(choice, list, best, requests)
    if (count === 1) return position
    const drawn = probabilityOfBest(means, deviations, count, position)
    choice.propensity = Math.min(1, epsilon / count + (1 - epsilon) * drawn)
    choice.eligible = Object.freeze(models.slice(0, count).map(({ id }) => id))
    return position
  }
}
