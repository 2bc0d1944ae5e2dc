import { PRUNED_COUNT_MIN } from '../../bandit/scan.js'
import { CELL_STRIDE, listOffset, sectionOffset } from '../../kernel/layout.js'
import type { StateView } from '../../state/policy-state.js'
import type { CandidateCosts } from './candidate-costs.js'
import type { PredictedUses } from './latency/predicted-uses.js'
import type { RequestLimits } from './request-limits.js'
import type { DollarState } from './state.js'
import {
  EMPTY_LEVEL_SIGMAS,
  EMPTY_OBSERVATIONS,
  EMPTY_PROMPT_SIGMAS,
  EXPLORED_OBSERVATIONS,
} from './tuning.js'

/** Rewards that are the same are predicted the same but for this. */
const ROUNDING = 1e-9

/** Which models are equals: as good as each other, for all that is known. */
export class Equals {
  private readonly indifference: number
  private readonly costs: CandidateCosts

  /** @param indifference expected reward, in parts of its range, that no dollar is paid for */
  constructor(indifference: number, costs: CandidateCosts) {
    this.indifference = indifference
    this.costs = costs
  }

  /**
   * The list position of the cheapest of the models that are as good as the best one: a dollar has a value even when its
   * price is 0, and only then is it asked for.
   */
  cheapest(
    state: StateView<DollarState>,
    index: number,
    best: number,
    { spending, uses }: Pick<RequestLimits, 'spending' | 'uses'>,
  ): number {
    const { expectedUsd, neededUsd, list } = this.costs
    if (spending.price !== 0) return best
    let chosen = best
    for (let position = 0; position < list.count; position++) {
      if (expectedUsd[position] >= expectedUsd[chosen] || neededUsd[position] > spending.limitUsd) continue
      if (this.areEqual(state, index, position, best, spending.price, uses)) chosen = position
    }
    return chosen
  }

  /**
   * Whether the cheaper of two models is as good for the context at `index`: by no more than the indifference worse,
   * bonuses included; or as good without them but for rounding, as what nobody knows is no reason to pay more; or by a difference
   * that is empty statistically, where both have enough rewards for that to say something.
   */
  areEqual(
    state: StateView<DollarState>,
    index: number,
    cheaper: number,
    dearer: number,
    price: number,
    uses: PredictedUses,
  ): boolean {
    if (this.indifference === 0) return false
    const { costs } = this
    const lead = costs.worth(dearer, price) - costs.worth(cheaper, price)
    if (lead <= this.indifference) return true
    const { f64, layout } = state.arms.kernel
    const mean = layout.mean + index * CELL_STRIDE
    const faster = uses.penaltyAt(cheaper) - uses.penaltyAt(dearer)
    const better = f64[costs.cells[dearer] + mean] - f64[costs.cells[cheaper] + mean] + faster
    if (better <= ROUNDING) return true
    const { policy } = state
    const a = costs.slots[cheaper]
    const b = costs.slots[dearer]
    const evidence = Math.min(policy.rewardEvidence(a), policy.rewardEvidence(b))
    if (evidence >= EXPLORED_OBSERVATIONS) {
      const begun = startShare(state, b, index) - startShare(state, a, index)
      if (better - Math.max(begun, 0) <= this.indifference) return true
    }
    return costs.list.count < PRUNED_COUNT_MIN && this.isEmpty(state, index, cheaper, dearer, lead)
  }

  /** Over all prompts the dearer one leads by less than half of a standard error, and for this one by less than two. */
  private isEmpty(
    { arms, policy }: StateView<DollarState>,
    index: number,
    cheaper: number,
    dearer: number,
    lead: number,
  ): boolean {
    const { slots } = this.costs
    const a = slots[cheaper]
    const b = slots[dearer]
    const evidenceA = policy.rewardEvidence(a)
    const evidenceB = policy.rewardEvidence(b)
    if (Math.min(evidenceA, evidenceB) < EMPTY_OBSERVATIONS) return false
    const { f64, layout } = arms.kernel
    const bias = layout.dimension - 1
    const varianceA = policy.rewardVariance(a)
    const varianceB = policy.rewardVariance(b)
    const level = arms.theta(b)[bias] - arms.theta(a)[bias]
    if (level > EMPTY_LEVEL_SIGMAS * Math.sqrt(varianceA / evidenceA + varianceB / evidenceB)) return false
    const formA = f64[listOffset(layout, layout.variance, index, cheaper)]
    const formB = f64[listOffset(layout, layout.variance, index, dearer)]
    return lead <= EMPTY_PROMPT_SIGMAS * Math.sqrt(varianceA * formA + varianceB * formB)
  }
}

/**
 * How much of a model's predicted reward is left of its start at the best reward there is (lambda0 observations of it), and not
 * of rewards: lambda_left (1 - level) e . A^-1 x, e the bias. It asked for tries; it is no reason to pay once they were made, and
 * keeps a model that got few of them ahead of one that got many. O(d)
 */
function startShare({ arms }: StateView<DollarState>, slot: number, index: number): number {
  const { f64, layout } = arms.kernel
  const { dimension } = layout
  const inverse = sectionOffset(layout, layout.inverse, layout.paddedTriangle, slot)
  const context = layout.context + index * layout.paddedDimension
  let share = 0
  // The column of the bias, which comes last in each row of the packed triangle.
  for (let i = 0, end = dimension - 1; i < dimension; i++, end += dimension - i)
    share += f64[inverse + end] * f64[context + i]
  const level = arms.theta(slot)[dimension - 1]
  return arms.cell(arms.rewards.ridge, slot) * Math.max(0, 1 - level) * share
}
