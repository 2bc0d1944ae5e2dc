import type { Model } from '../../../models/registry.js'
import type { StateView } from '../../../state/policy-state.js'
import type { SpendingLimits } from '../accounts/spending-limits.js'
import type { CandidateCosts } from '../candidate-costs.js'
import { COLD_EXPLORATION_REQUESTS } from '../defaults.js'
import type { PredictedUses } from '../latency/predicted-uses.js'
import type { DollarState } from '../state.js'
import { Prospects } from './prospects.js'

/**
 * Which newcomers are to be tried. Those of a router's beginning are judged by what models usually earn for their
 * price: of many of which nothing is known most are no better than what was found. A model that somebody adds later
 * was chosen to be better than those, so what they earn says little of it: it is judged by the prompt alone, and
 * hardly ever given up after one or two bad answers.
 */
export class Newcomers {
  private readonly costs: CandidateCosts
  private readonly first: Prospects
  private readonly added: Prospects
  /** Whether any model of the list is one that somebody added, and is judged by the prompt alone. */
  private hasAdded = false

  constructor(costs: CandidateCosts, uses: PredictedUses) {
    this.costs = costs
    this.first = new Prospects(costs, uses)
    this.added = new Prospects(costs, uses)
  }

  /** For the list at hand. O(models (d + corners of the envelope)) @param ceilingUsd B, or infinity */
  read(state: StateView<DollarState>, limits: SpendingLimits, ceilingUsd: number): void {
    this.first.readNewcomers(state, limits, ceilingUsd)
    this.hasAdded = this.first.byLevels && this.anyAdded()
    if (this.hasAdded) this.added.readPrompt(state, ceilingUsd)
  }

  /** For another B: what was read stays. O(corners of the envelope), once all were found */
  climb(state: StateView<DollarState>, ceilingUsd: number): void {
    this.first.climb(state, ceilingUsd)
    if (this.hasAdded) this.added.climb(state, ceilingUsd)
  }

  private anyAdded(): boolean {
    const { list } = this.costs
    for (let position = 0; position < list.count; position++) if (isAdded(list.models[position])) return true
    return false
  }

  /** Whether a try of it is judged by its level. */
  byLevel(position: number): boolean {
    return this.first.byLevels && !isAdded(this.costs.list.models[position])
  }

  /** It may win, or, by what is predicted for the prompt alone, be of the best mix. */
  mayBeTried(position: number): boolean {
    if (this.byLevel(position)) return this.first.mayWin(position)
    const prospects = this.judgeOf(position)
    return prospects.mayWin(position) || prospects.isInMix(position)
  }

  mayWin(position: number): boolean {
    return this.judgeOf(position).mayWin(position)
  }

  /** Of those that are judged by levels the most promising is tried first. */
  promise(position: number): number {
    return this.first.promise(position)
  }

  private judgeOf(position: number): Prospects {
    return this.first.byLevels && isAdded(this.costs.list.models[position]) ? this.added : this.first
  }
}

/**
 * Models of a router's beginning get at most this many tries in all; one that is added gets `forcedExploration`, 20
 * by default. Where that option gives it no more than those, all are judged by levels.
 */
function isAdded({ forcedRemaining, forcedDone }: Model): boolean {
  return forcedRemaining > 0 && forcedRemaining + forcedDone > COLD_EXPLORATION_REQUESTS
}
