import { ScanChoice } from '../../bandit/scan.js'
import { tieBreak } from '../../bandit/tie-break.js'
import { QUADRATIC } from '../../kernel/kernel.js'
import type { Model } from '../../models/registry.js'
import type { StateView } from '../../state/policy-state.js'
import { Candidates, newcomer } from '../candidates.js'
import { blankChoice, type Choice, type Chooser, type Judgement } from '../chooser.js'
import type { DecisionNote } from '../decision-note.js'
import { assumedCostUsd, expectedModelCostUsd, type RequestSize } from '../eligibility.js'
import { EpsilonExploration } from '../epsilon-exploration.js'
import { chosenUsd, judgedUsd, MEAN_COSTS, noteTry, openModels, triedAtUsd } from '../open-models.js'
import type { ResolvedOptions } from '../options.js'
import type { RouteOptions } from '../route-options.js'
import type { PaperOptions } from './settings.js'
import type { PaperState } from './state.js'
import { COST_WEIGHT_WITHOUT_BUDGET } from './tuning.js'

/** Policy `paper`: picks the model for the context in the arena. Reads state, changes none of it. */
export class PaperChooser implements Chooser<PaperState> {
  private readonly options: ResolvedOptions<PaperOptions>
  private readonly candidates = new Candidates()
  private readonly scan = new ScanChoice()
  /** Whether the contexts were projected for pruning. */
  private prunes = false
  private readonly choice: Choice = blankChoice()
  private readonly exploration: EpsilonExploration

  constructor(options: ResolvedOptions<PaperOptions>) {
    this.options = options
    this.exploration = new EpsilonExploration(options)
  }

  /** The next `contexts` choices are for the contexts in the arena, in order: what they share is computed once. */
  begin(contexts: number): void {
    this.candidates.begin(contexts)
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
    const fresh = newcomer(state, eligible, exploit, note.at)
    if (fresh !== undefined) {
      note.forced = fresh.isForced
      note.canary = !fresh.isForced
      choice.score = 0
    }
    const chosen = fresh?.model ?? this.best(state, eligible, note, exploit)
    this.candidates.index++
    note.chosen = chosen
    note.chosenIdleAge = state.arms.idleAge(chosen.slot, state.requests)
    choice.model = chosen
    choice.listCostUsd = choice.predictedUsd = assumedCostUsd(chosen, size)
    const knownUsd = expectedModelCostUsd(chosen, size)
    const triedUsd = note.tried.length === 0 ? knownUsd : triedAtUsd(chosen, size, request)
    noteTry(note, chosen, request, knownUsd, triedUsd)
    choice.expectedUsd = choice.reservedUsd = chosenUsd(note, knownUsd)
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

  /** Fills in what any choice at this moment depends on: the shadow price, the weight of cost, the limits. */
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
    // Where all models were over the ceiling, the cheapest could be chosen all the same, at the price of the chosen one.
    const ceiling = note.cheapestFallback ? (note.chosen?.blendedUsdPerKTok ?? 0) : note.priceCeiling
    return {
      explorationBonus: note.options?.exploit === true ? 0 : this.options.alpha * deviation,
      expectedCostUsd: judgedUsd(note, model, expectedModelCostUsd(model, size), () =>
        triedAtUsd(model, size, note.options),
      ),
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
    eligible: readonly Model[],
    note: DecisionNote,
    exploit: boolean,
  ): Model {
    const { candidates, choice } = this
    const { list } = candidates
    const alpha = exploit ? 0 : this.options.alpha
    const { arms, requests } = state
    candidates.take(state, eligible, note.priceCeiling)
    note.cheapestFallback = list.fallback
    const { kernel } = arms
    const { count } = list
    if (!candidates.areProjected) {
      this.prunes = this.scan.prunes(count)
      candidates.project(kernel, this.prunes ? 0 : QUADRATIC)
    }
    if (this.prunes) {
      const evaluated = kernel.prune(candidates.index, count, alpha, note.penaltyWeight, requests)
      this.scan.record(evaluated, count)
    } else kernel.combine(candidates.index, count, alpha, note.penaltyWeight, requests)
    let position = count === 1 ? 0 : kernel.argmax(count, tieBreak(this.options.seed, requests))
    if (!exploit) position = this.exploration.draw(choice, list, position, requests)
    choice.score = arms.scoreAt(position)
    return list.models[position]
  }
}
