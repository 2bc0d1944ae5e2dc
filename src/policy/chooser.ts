import type { RouterEvent, RouterEventType } from '../events/events.js'
import type { Model } from '../models/registry.js'
import type { PolicyState, StateView } from '../state/policy-state.js'
import type { ExclusionReason } from './decision.js'
import type { DecisionNote } from './decision-note.js'
import type { RequestSize } from './eligibility.js'
import type { Lease } from './lease.js'
import type { RouteOptions } from './route-options.js'

const NONE = new Float64Array(0)
/** Of decisions that were not left to chance. */
export const NO_MODELS: readonly string[] = Object.freeze([])

/**
 * A model for a request, and what the request's event carries of how it was found. One record, reused by every decision.
 * A policy fills in what it knows; the rest stays as `blankChoice` has it.
 */
export interface Choice {
  model: Model | null
  /** 0 when nothing was scored. */
  score: number
  /** Dollars at list price for the tokens assumed; what the prompt says; that corrected by what costs have been. */
  listCostUsd: number
  predictedUsd: number
  expectedUsd: number
  /** Dollars moved into the fund of forced explorations; -1: the fund goes back. */
  savedUsd: number
  /** Slot, value and expected cost in USD of the few models that could win at some shadow price, one after the other. */
  contenders: Float64Array
  /** Reward that a limit's worth of latency must buy. */
  latencyPrice: number
  /** Predicted use of the latency limit, over the limit, of the model; -1 without a latency objective. */
  latencyUse: number
  /** The same of each contender, corrected by what came of such predictions. */
  uses: Float64Array
  /** Dollars to set aside. */
  reservedUsd: number
  /** Constraints that no eligible model could meet, as bits. */
  infeasible: number
  /** The model has no rewards, others have, and none of these could take the request. */
  alone: boolean
  /** Probability of this choice. */
  propensity: number
  /** Ids of the models that chance drew from; empty where nothing was left to chance. */
  eligible: readonly string[]
}

export function blankChoice(): Choice {
  return {
    model: null,
    score: 0,
    listCostUsd: 0,
    predictedUsd: 0,
    expectedUsd: 0,
    savedUsd: 0,
    contenders: NONE,
    latencyPrice: 0,
    latencyUse: -1,
    uses: NONE,
    reservedUsd: 0,
    infeasible: 0,
    alone: false,
    propensity: 1,
    eligible: NO_MODELS,
  }
}

/** What a decision holds against a model, for explanations: score = theta.x + bonus - penalty. */
export interface Judgement {
  readonly explorationBonus: number
  readonly expectedCostUsd: number
  readonly penalty: number
  /** Use of the latency limit, over the limit, that counts in the penalty; null without a latency objective. */
  readonly latencyUse: number | null
  /** Why the model could not be chosen, or null. */
  readonly excluded: ExclusionReason | null
}

/** How a policy decides: picks models for the contexts in the arena. Reads state, changes none of it. */
export interface Chooser<S extends PolicyState = PolicyState> {
  /** What this process may spend of money that it shares with others; left out where a policy shares none. */
  lease?: Lease | null
  /** Refuses what a request asks for, before anything else is looked at. @throws INVALID_ARGUMENT, UNKNOWN_TENANT */
  checkRequest?(state: StateView<S>, request: RouteOptions | null): void
  /** What the passing of time brings about for such a request, such as a new period of a cap: recorded before it is routed. */
  due?(state: StateView<S>, request: RouteOptions | null, at: number): readonly RouterEvent[]
  /** The next `contexts` choices are for the contexts in the arena, in order: what they share is computed once. */
  begin(contexts: number): void
  /**
   * Chooses for the next of the contexts: fills in the note, and a record that the next call overwrites.
   * @throws NO_ELIGIBLE_MODEL, UNKNOWN_MODEL (a candidate), BUDGET_EXHAUSTED
   */
  choose(state: StateView<S>, request: RouteOptions | null, size: RequestSize, note: DecisionNote): Choice
  /**
   * That the choice to come finds a model, with a note of its time; left out where `eligibleModels` says it.
   * @throws NO_ELIGIBLE_MODEL, UNKNOWN_MODEL (a candidate)
   */
  checkEligible?(
    state: StateView<S>,
    request: RouteOptions | null,
    size: RequestSize,
    note: DecisionNote,
  ): void
  /** What the choice that threw BUDGET_EXHAUSTED leaves to record. */
  refused?(request: RouteOptions | null, at: number): readonly RouterEvent[]
  /** What is counted and is to be recorded later: recorded now, as nothing more may come. */
  waiting?(state: StateView<S>, at: number): readonly RouterEvent[]
  /** Refused requests of the router's account (null) or a tenant's that are among what waits. */
  unwritten?(state: StateView<S>, account: string | null): number
  /**
   * What has shown of models since it was last asked, for subscribers: no part of the state, so each process tells its own.
   * It takes the arena's scratch space: never between the choices of a batch.
   */
  notices?(
    state: StateView<S>,
    at: number,
    listeners: { hears(type: RouterEventType): boolean },
  ): readonly RouterEvent[]
  /** Fills in what any choice at this moment depends on: the shadow price, the weight of cost, the limits. */
  describe(state: StateView<S>, request: RouteOptions | null, note: DecisionNote): void
  /**
   * How a model stands in the decision of that note; the request's context is the arena's first.
   * @param deviation sqrt(v), v inflated by staleness
   */
  judge(
    state: StateView<S>,
    model: Model,
    size: RequestSize,
    note: DecisionNote,
    deviation: number,
  ): Judgement
}
