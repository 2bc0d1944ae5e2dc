import type { StateView } from '../../../state/policy-state.js'
import type { SpendingLimits } from '../accounts/spending-limits.js'
import type { CandidateCosts } from '../candidate-costs.js'
import type { PredictedUses } from '../latency/predicted-uses.js'
import type { DollarState } from '../state.js'
import { KNOWN_OBSERVATIONS, PROSPECT_BEST_SIGMAS, PROSPECT_MARGIN, PROSPECT_SIGMAS } from '../tuning.js'
import { Levels } from './levels.js'

/** The logistic curve comes closest to the normal one with this slope; Camilli, J. Educational and Behavioral Statistics 1994. */
const LOGISTIC_PER_SIGMA = 1.702

/**
 * Which models of a request may still turn out to be worth their price. The price of the demand curve is no judge of
 * a model that was never tried: what it costs and earns is a guess there, and a guess must not forbid finding out. So
 * the price is that of the known models alone,
 *
 *     mu = slope at B of the upper concave envelope of their (cost, value) points
 *
 * what another dollar a request would earn among them: 0 where they leave money over. A model is a prospect when, at
 * that price, the most that it may plausibly be worth is more than the best of them: its value and `PROSPECT_SIGMAS`
 * standard errors of it, at most the best reward there is. Bad luck in a few tries leaves the error large; tens of
 * poor outcomes end it. Newcomers of a router's beginning (newcomers.ts) are judged by what models earn over all
 * prompts (levels.ts), and beside the most that the best one may be worth: else that is asked.
 */
export class Prospects {
  private readonly costs: CandidateCosts
  private price = 0
  private best = Number.NEGATIVE_INFINITY
  /** What the best of the known models costs, USD; 0: none is known. */
  private bestUsd = 0
  /** Standard error of what that one is worth. */
  private bestError = 0
  private bestSigmas = 0
  /** Whether newcomers are judged by what models earn over all prompts. */
  byLevels = false
  private values = new Float64Array(64)
  private errors = new Float64Array(64)
  /** Corners of the envelope that were found so far, from the cheapest up: their positions, and the slope that leads to each. */
  private readonly corners: number[] = []
  private readonly slopes: number[] = []
  private cornerCount = 0
  /** Whether no corner is above the last of them. */
  private isEnvelopeWhole = false
  private readonly uses: PredictedUses
  private readonly levels: Pick<Levels, 'read' | 'expected' | 'errors'>

  constructor(costs: CandidateCosts, uses: PredictedUses, levels: Prospects['levels'] = new Levels(costs)) {
    this.costs = costs
    this.uses = uses
    this.levels = levels
  }

  /**
   * For newcomers, by levels where rewards are all that counts and a budget, or nothing, paces them. Under an
   * objective a model is worth more than its rewards, and what it does for that is found by trying it; caps alone
   * pace by what was spent. O(models (d + corners of the envelope))
   * @param ceilingUsd B, or infinity
   */
  readNewcomers(state: StateView<DollarState>, limits: SpendingLimits, ceilingUsd: number): void {
    this.byLevels = this.isPaced(state, limits)
    if (!this.byLevels) {
      this.readPrompt(state, ceilingUsd)
      return
    }
    const { levels, uses } = this
    levels.read(state)
    this.fill(
      (position) => levels.expected[position] - uses.penaltyAt(position),
      (position) => levels.errors[position],
    )
    this.bestSigmas = PROSPECT_BEST_SIGMAS
    this.climb(state, ceilingUsd)
  }

  /** For the prompt at hand, of models that have been tried. By levels as unsure as these are: what is known of a few tries is drawn to them. */
  readTried(state: StateView<DollarState>, limits: SpendingLimits): void {
    const ceilingUsd = Math.min(limits.ceilingUsd, limits.paceUsd)
    if (!this.isPaced(state, limits)) {
      this.readPrompt(state, ceilingUsd)
      return
    }
    const { levels } = this
    levels.read(state)
    this.readWith(state, ceilingUsd, (position) => levels.errors[position])
  }

  /** For the prompt at hand, by what is predicted for it alone. */
  readPrompt(state: StateView<DollarState>, ceilingUsd: number): void {
    const { slots } = this.costs
    const { policy } = state
    this.readWith(state, ceilingUsd, (position) => {
      const slot = slots[position]
      return Math.sqrt(policy.rewardVariance(slot) / policy.rewardEvidence(slot))
    })
  }

  private readWith(
    state: StateView<DollarState>,
    ceilingUsd: number,
    errorAt: (position: number) => number,
  ): void {
    const { values } = this.costs
    this.fill((position) => values[position], errorAt)
    this.bestSigmas = 0
    this.climb(state, ceilingUsd)
  }

  private fill(valueAt: (position: number) => number, errorAt: (position: number) => number): void {
    const { count } = this.costs.list
    this.cornerCount = 0
    this.isEnvelopeWhole = false
    if (this.values.length < count) {
      const length = 2 ** Math.ceil(Math.log2(count))
      this.values = new Float64Array(length)
      this.errors = new Float64Array(length)
    }
    const { values, errors } = this
    for (let position = 0; position < count; position++) {
      values[position] = valueAt(position)
      errors[position] = errorAt(position)
    }
  }

  /** For another B: what was read stays. O(corners of the envelope), once all were found */
  climb(state: StateView<DollarState>, ceilingUsd: number): void {
    const { corners, slopes, values } = this
    const { expectedUsd } = this.costs
    this.bestError = this.bestUsd = this.price = 0
    this.best = Number.NEGATIVE_INFINITY
    if (!this.hasCorner(0, state)) return
    let at = 0
    for (; this.hasCorner(at + 1, state); at++)
      if (expectedUsd[corners[at + 1]] > ceilingUsd) {
        this.price = slopes[at + 1]
        break
      }
    const corner = corners[at]
    this.best = values[corner] - this.price * expectedUsd[corner]
    this.bestUsd = expectedUsd[corner]
    this.bestError = this.errors[corner]
  }

  /** Whether the envelope of the known models has that many corners: one more than was asked before is looked for. O(models) */
  private hasCorner(index: number, state: StateView<DollarState>): boolean {
    if (index < this.cornerCount) return true
    if (this.isEnvelopeWhole) return false
    const next = index === 0 ? this.cheapestKnown(state) : this.cornerAbove(this.corners[index - 1], state)
    if (next < 0) this.isEnvelopeWhole = true
    else this.corners[this.cornerCount++] = next
    return next >= 0
  }

  private cheapestKnown(state: StateView<DollarState>): number {
    const { costs, values } = this
    const { expectedUsd, list } = costs
    let corner = -1
    for (let position = 0; position < list.count; position++) {
      if (!this.isKnown(state, position)) continue
      const isCheaper = corner < 0 || expectedUsd[position] < expectedUsd[corner]
      if (isCheaper || (expectedUsd[position] === expectedUsd[corner] && values[position] > values[corner]))
        corner = position
    }
    return corner
  }

  private cornerAbove(corner: number, state: StateView<DollarState>): number {
    const { costs, values } = this
    const { expectedUsd, list } = costs
    let next = -1
    let slope = 0
    for (let position = 0; position < list.count; position++) {
      const dearer = expectedUsd[position] - expectedUsd[corner]
      const better = values[position] - values[corner]
      // Written so that what is no number is no corner: the ladder must end.
      if (!(dearer > 0 && better > slope * dearer) || !this.isKnown(state, position)) continue
      slope = better / dearer
      next = position
    }
    this.slopes[this.cornerCount] = slope
    return next
  }

  /** Whether the model at a position may be worth more than what is known. */
  mayWin(position: number): boolean {
    const bar = this.best + this.bestSigmas * this.bestError + PROSPECT_MARGIN
    // Nothing is better than the best reward there is: where money is not short a cheaper one need only be as good.
    const ceiling =
      this.price === 0 && this.isCheaper(position) ? this.mostAt(position) : Number.POSITIVE_INFINITY
    const most = this.mostWorth(position)
    return most > bar || most >= ceiling
  }

  /** The most that it may plausibly be worth, at most the best reward there is, less its cost at the price. */
  private mostWorth(position: number): number {
    const most = this.values[position] + PROSPECT_SIGMAS * this.errors[position]
    return Math.min(most, this.mostAt(position)) - this.price * this.costs.expectedUsd[position]
  }

  /** The same without that bound, which would make equals of all that may reach it: the greatest is tried first. */
  promise(position: number): number {
    return this.worth(position) + PROSPECT_SIGMAS * this.errors[position]
  }

  /** How likely it is worth more than what is known: 1/2 where it seems as good. The logistic curve stands for the normal one. */
  chance(position: number): number {
    const ahead = this.worth(position) - this.best - PROSPECT_MARGIN
    return 1 / (1 + Math.exp((-LOGISTIC_PER_SIGMA * ahead) / this.errors[position]))
  }

  /** Whether it costs less than the best of the known models. */
  isCheaper(position: number): boolean {
    return this.costs.expectedUsd[position] < this.bestUsd
  }

  /** Whether it is one of those that the best mix of the known models is of. */
  isInMix(position: number): boolean {
    return this.worth(position) >= this.best - PROSPECT_MARGIN
  }

  /** Whether the best reward there is would make it one. */
  couldBe(position: number): boolean {
    return this.mostAt(position) - this.price * this.costs.expectedUsd[position] > this.best + PROSPECT_MARGIN
  }

  private worth(position: number): number {
    return this.values[position] - this.price * this.costs.expectedUsd[position]
  }

  /** The best reward there is, less what its latency costs. */
  private mostAt(position: number): number {
    return 1 - this.uses.penaltyAt(position)
  }

  private isKnown({ policy, arms }: StateView<DollarState>, position: number): boolean {
    return policy.rewardEvidence(this.costs.slots[position]) >= arms.lambda0 + KNOWN_OBSERVATIONS
  }

  /** Whether rewards are all that counts, and a budget or nothing paces tries. */
  private isPaced({ policy }: StateView<DollarState>, { ceilingUsd, capUsd }: SpendingLimits): boolean {
    if (this.uses.price > 0 || policy.objectives.quality.meanReward !== null) return false
    return ceilingUsd < Number.POSITIVE_INFINITY || capUsd === Number.POSITIVE_INFINITY
  }
}
