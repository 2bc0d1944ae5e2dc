import type { StateView } from '../../../state/policy-state.js'
import type { CandidateCosts } from '../candidate-costs.js'
import type { PredictedUses } from '../latency/predicted-uses.js'
import type { DollarState } from '../state.js'
import { KNOWN_OBSERVATIONS, PROSPECT_MARGIN, PROSPECT_SIGMAS } from '../tuning.js'

/** The logistic curve comes closest to the normal one with this slope; Camilli, J. Educational and Behavioral Statistics 1994. */
const LOGISTIC_PER_SIGMA = 1.702

/**
 * Which models of a request may still turn out to be worth their price. The price of the demand curve is no judge of a model
 * that was never tried: what it costs and earns is a guess there, and a guess must not forbid finding out. So the price is
 * that of the known models alone,
 *
 *     mu = slope at B of the upper concave envelope of their (cost, value) points
 *
 * what another dollar a request would earn among them: 0 where they leave money over. A model is a prospect when, at that
 * price, the most that it may plausibly be worth is more than the best of them: its value and `PROSPECT_SIGMAS` standard errors of
 * it, at most the best reward there is. Bad luck in a few tries leaves the error large; tens of poor outcomes end it.
 */
export class Prospects {
  private readonly costs: CandidateCosts
  private price = 0
  private best = Number.NEGATIVE_INFINITY
  /** What the best of the known models costs, USD. */
  private bestUsd = 0
  private readonly uses: PredictedUses

  constructor(costs: CandidateCosts, uses: PredictedUses) {
    this.costs = costs
    this.uses = uses
  }

  /** For the request at hand. O(models x corners of the envelope). @param ceilingUsd B, or infinity */
  read(state: StateView<DollarState>, ceilingUsd: number): void {
    const { costs } = this
    const { values, expectedUsd, list } = costs
    this.price = 0
    this.best = Number.NEGATIVE_INFINITY
    let corner = -1
    for (let position = 0; position < list.count; position++) {
      if (!this.isKnown(state, position)) continue
      const isCheaper = corner < 0 || expectedUsd[position] < expectedUsd[corner]
      if (isCheaper || (expectedUsd[position] === expectedUsd[corner] && values[position] > values[corner]))
        corner = position
    }
    if (corner < 0) return
    // From the cheapest up the envelope, until the next corner costs more than B.
    for (;;) {
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
      if (next < 0) break
      if (expectedUsd[next] > ceilingUsd) {
        this.price = slope
        break
      }
      corner = next
    }
    this.best = values[corner] - this.price * expectedUsd[corner]
    this.bestUsd = expectedUsd[corner]
  }

  /** Whether the model at a position may be worth more than what is known. */
  mayWin(state: StateView<DollarState>, position: number): boolean {
    const { costs } = this
    const error = this.errorAt(state, position)
    const most = Math.min(costs.values[position] + PROSPECT_SIGMAS * error, this.mostAt(position))
    return most - this.price * costs.expectedUsd[position] > this.best + PROSPECT_MARGIN
  }

  /** How likely it is worth more than what is known: 1/2 where it seems as good. The logistic curve stands for the normal one. */
  chance(state: StateView<DollarState>, position: number): number {
    const ahead = this.costs.worth(position, this.price) - this.best - PROSPECT_MARGIN
    return 1 / (1 + Math.exp((-LOGISTIC_PER_SIGMA * ahead) / this.errorAt(state, position)))
  }

  /** Whether it costs less than the best of the known models. */
  isCheaper(position: number): boolean {
    return this.costs.expectedUsd[position] < this.bestUsd
  }

  /** Whether it is one of those that the best mix of the known models is of. */
  isInMix(position: number): boolean {
    return this.costs.worth(position, this.price) >= this.best - PROSPECT_MARGIN
  }

  /** Whether the best reward there is would make it one. */
  couldBe(position: number): boolean {
    return this.mostAt(position) - this.price * this.costs.expectedUsd[position] > this.best + PROSPECT_MARGIN
  }

  /** Standard error of what a model is worth. */
  private errorAt({ policy }: StateView<DollarState>, position: number): number {
    const slot = this.costs.slots[position]
    return Math.sqrt(policy.rewardVariance(slot) / policy.rewardEvidence(slot))
  }

  /** The best reward there is, less what its latency costs. */
  private mostAt(position: number): number {
    return 1 - this.uses.penaltyAt(position)
  }

  private isKnown({ policy, arms }: StateView<DollarState>, position: number): boolean {
    return policy.rewardEvidence(this.costs.slots[position]) >= arms.lambda0 + KNOWN_OBSERVATIONS
  }
}
