import type { Model } from '../models/registry.js'
import type { RoutingState } from '../state/routing-state.js'
import type { RequestSize } from './eligibility.js'
import type { DecisionNote } from './explain.js'
import type { Lease } from './lease.js'
import type { RouteOptions } from './route-options.js'

const NONE = new Float64Array(0)
/** Of decisions that were not left to chance. */
export const NO_MODELS: readonly string[] = Object.freeze([])

/** A model for a request, and what the request's event carries of how it was found. One record, filled in anew. */
export interface Choice {
  model: Model | null
  /** 0 when nothing was scored. */
  score: number
  /** Dollars at list price for the tokens assumed; what the prompt says; that corrected by what costs have been. */
  listCostUsd: number
  predictedUsd: number
  expectedUsd: number
  /** As in RoutedEvent. */
  savedUsd: number
  contenders: Float64Array
  latencyPrice: number
  latencyUse: number
  uses: Float64Array
  /** Dollars to set aside. */
  reservedUsd: number
  /** Constraints that no eligible model could meet, as bits. */
  infeasible: number
  /** As in RoutedEvent. */
  propensity: number
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
    propensity: 1,
    eligible: NO_MODELS,
  }
}

/** A policy: picks models for the contexts in the arena. Reads state, changes none of it. */
export interface Chooser {
  /** What this process may spend of money that it shares with others; null where there are none. */
  lease?: Lease | null
  /** The next `contexts` choices are for the contexts in the arena, in order: what they share is computed once. */
  begin(contexts: number): void
  /**
   * Chooses for the next of the contexts: fills in the note, and a record that the next call overwrites.
   * @throws NO_ELIGIBLE_MODEL, UNKNOWN_MODEL (a candidate), BUDGET_EXHAUSTED; then the note's `refusedBy` says whose
   *   account was short
   */
  choose(state: RoutingState, request: RouteOptions | null, size: RequestSize, note: DecisionNote): Choice
  /** Fills in what any choice of now stands on. */
  describe(state: RoutingState, request: RouteOptions | null, note: DecisionNote): void
}
