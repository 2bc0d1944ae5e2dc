import { CandidateList } from '../../bandit/candidate-list.js'
import { ScanChoice } from '../../bandit/scan.js'
import { tieBreak } from '../../bandit/tie-break.js'
import { QUADRATIC } from '../../kernel/kernel.js'
import type { Model } from '../../models/registry.js'
import type { StateView } from '../../state/policy-state.js'
import { blankChoice, type Choice, type Chooser, type Judgement } from '../chooser.js'
import type { DecisionNote } from '../decision-note.js'
import { assumedCostUsd, expectedModelCostUsd, type RequestSize, triedModelCostUsd } from '../eligibility.js'
import { EpsilonExploration } from '../epsilon-exploration.js'
import { judgedUsd, MEAN_COSTS, noteTry, openModels } from '../open-models.js'
import type { ResolvedOptions } from '../options.js'
import type { RouteOptions } from '../route-options.js'
import type { PaperOptions } from './settings.js'
import type { PaperState } from './state.js'
import { COST_WEIGHT_WITHOUT_BUDGET } from './tuning.js'

/** Policy `paper`: picks the model for the context in the arena. Reads state, changes none of it. */
export class PaperChooser implements Chooser<PaperState> {
  private readonly options: ResolvedOptions<PaperOptions>
  private readonly list = new CandidateList()
  private readonly scan = new ScanChoice()
  /** Contexts that wait in the arena for their decisions; the next one's index among them. */
  private contexts = 1
  private index = 0
  /** Serial number of the list that the waiting contexts were projected on, and whether that was for pruning. */
  private projected = 0
  private prunes = false
  private readonly choice: Choice = blankChoice()
  private readonly exploration: EpsilonExploration

  constructor(options: ResolvedOptions<PaperOptions>) {
    this.options = options
    this.exploration = new EpsilonExploration(options)
  }

  /** The next `contexts` choices are for the contexts in the arena, in order: what they share is computed once. */
  begin(contexts: number): void {
    this.contexts = contexts
    this.index = 0
    this.projected = 0
  }

  /**
   * Chooses for the next of the contexts: fills in the note's choice and what it stood on.
   * @throws NO_ELIGIBLE_MODEL, UNKNOWN_MODEL (a candidate)
   */
  choose(
    state: StateView<PaperState>,
    request: RouteOptions | null,
    size: RequestSize,
    note: DecisionNote,
  ): Choice {
    const { choice } = this
    const eligible = openModels(state, request, size, note, MEAN_COSTS)
    const exploit = request?.exploit === true
    this.describe(state, request, note)
    this.exploration.certain(choice)
    let chosen = exploit || state.registry.exploring === 0 ? undefined : eligible.find(isExploring)
    if (chosen !== undefined) {
      note.forced = true
      choice.score = 0
    } else chosen = this.best(state, request, eligible, note, exploit)
    this.index++
    note.chosen = chosen
    note.chosenIdleAge = state.arms.idleAge(chosen.slot, state.requests)
    choice.model = chosen
    choice.listCostUsd = choice.predictedUsd = assumedCostUsd(chosen, size)
    const knownUsd = expectedModelCostUsd(chosen, size)
    noteTry(note, chosen, request, knownUsd, triedModelCostUsd(chosen, size))
    choice.expectedUsd = choice.reservedUsd = judgedUsd(note, chosen, knownUsd)
    return choice
  }

  checkEligible(
    state: StateView<PaperState>,
    request: RouteOptions | null,
    size: RequestSize,
    note: DecisionNote,
  ): void {
    openModels(state, request, size, note, MEAN_COSTS)
  }

  /** Fills in what any choice of now stands on. */
  describe(state: StateView<PaperState>, request: RouteOptions | null, note: DecisionNote): void {
    const { registry, policy } = state
    const { pacer } = policy
    note.now = state.requests
    note.options = request
    note.shadowPrice = pacer.shadowPrice
    note.penaltyWeight = this.staticWeight(pacer.usdPerRequest) + pacer.softWeight
    note.priceCeiling = pacer.priceCeiling(registry.dearestUsdPerKTok)
    note.forced = false
    note.canary = false
    note.cheapestFallback = false
  }

  judge(
    state: StateView<PaperState>,
    model: Model,
    size: RequestSize,
    note: DecisionNote,
    deviation: number,
  ): Judgement {
    // Where the ceiling left nobody, the cheapest were let in again: the chosen one's price.
    const ceiling = note.cheapestFallback ? (note.chosen?.blendedUsdPerKTok ?? 0) : note.priceCeiling
    return {
      explorationBonus: note.options?.exploit === true ? 0 : this.options.alpha * deviation,
      expectedCostUsd: judgedUsd(note, model, expectedModelCostUsd(model, size)),
      penalty: note.penaltyWeight * state.arms.price(model.slot),
      latencyUse: null,
      excluded: model !== note.chosen && model.blendedUsdPerKTok > ceiling ? 'over-price-ceiling' : null,
    }
  }

  private staticWeight(budget: number | null): number {
    return this.options.policyOptions.costWeight ?? (budget === null ? COST_WEIGHT_WITHOUT_BUDGET : 0)
  }

  /** The eligible model of the best score under the price ceiling, or one by chance; of the cheapest when it leaves nobody. */
  private best(
    state: StateView<PaperState>,
    request: RouteOptions | null,
    eligible: readonly Model[],
    note: DecisionNote,
    exploit: boolean,
  ): Model {
    const { list, choice } = this
    const alpha = exploit ? 0 : this.options.alpha
    const { arms, registry, requests } = state
    if (request === null) list.takeEnabled(arms, registry, note.priceCeiling)
    else list.take(arms, eligible, note.priceCeiling)
    note.cheapestFallback = list.fallback
    const { kernel } = arms
    const { count } = list
    if (this.projected !== list.serial) {
      this.projected = list.serial
      this.prunes = this.scan.prunes(count)
      kernel.project(this.contexts, count, this.prunes ? 0 : QUADRATIC)
    }
    if (this.prunes) {
      const evaluated = kernel.prune(this.index, count, alpha, note.penaltyWeight, requests)
      this.scan.record(evaluated, count)
    } else kernel.combine(this.index, count, alpha, note.penaltyWeight, requests)
    let position = count === 1 ? 0 : kernel.argmax(count, tieBreak(this.options.seed, requests))
    if (!exploit)
      position = this.exploration.draw(
        choice,
        list.models,
        count,
        position,
        requests,
        null,
        Number.POSITIVE_INFINITY,
      )
    choice.score = arms.scoreAt(position)
    return list.models[position]
  }
}

function isExploring(model: Model): boolean {
  return model.forcedRemaining > 0
}
