import { PRUNED_COUNT_MIN } from '../../bandit/scan.js'
import { CELL_STRIDE, listOffset, sectionOffset } from '../../kernel/layout.js'
import type { StateView } from '../../state/policy-state.js'
import type { CandidateCosts } from './candidate-costs.js'
import type { PredictedUses } from './latency/predicted-uses.js'
import type { RequestLimits } from './request-limits.js'
import type { DollarState } from './state.js'
import {
  DRIFT_VARIANCE_FLOOR_SHARE,
  EMPTY_LEVEL_SIGMAS,
  EMPTY_OBSERVATIONS,
  EMPTY_PROMPT_SIGMAS,
  EXPLORED_OBSERVATIONS,
  REWARD_VARIANCE,
} from './tuning.js'

/** Rewards that are the same are predicted the same but for this. */
const ROUNDING = 1e-9
/** Rewards that vary no more are the same every time: no variance is taken to be less. */
const STEADY_VARIANCE = REWARD_VARIANCE * DRIFT_VARIANCE_FLOOR_SHARE

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
   * price is 0, and only then is it asked for; or where rewards are the same, and the price next to 0.
   */
  cheapest(
    state: StateView<DollarState>,
    index: number,
    best: number,
    { spending, uses }: Pick<RequestLimits, 'spending' | 'uses'>,
  ): number {
    const { expectedUsd, neededUsd, list } = this.costs
    const { price } = spending
    let chosen = best
    for (let position = 0; position < list.count; position++) {
      if (expectedUsd[position] >= expectedUsd[chosen] || neededUsd[position] > spending.limitUsd) continue
      const isAsGood =
        price === 0
          ? this.areEqual(state, index, position, best, price, uses)
          : this.areSame(state, index, position, best, uses)
      if (isAsGood) chosen = position
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
    if (this.ahead(state, index, cheaper, dearer, uses) <= ROUNDING) return true
    if (this.earned(state, index, cheaper, dearer, uses) <= this.indifference) return true
    return costs.list.count < PRUNED_COUNT_MIN && this.isEmpty(state, index, cheaper, dearer, lead)
  }

  /**
   * Whether rewards tell nothing of two models apart, whatever a dollar is worth: rewards that hardly vary, a hundred of each model
   * and more. All that the dearer one is ahead by is its bonus, for noise that is not there, and a budget that is left would be spent on it.
   */
  private areSame(
    state: StateView<DollarState>,
    index: number,
    cheaper: number,
    dearer: number,
    uses: PredictedUses,
  ): boolean {
    const { policy } = state
    const { slots, list } = this.costs
    if (this.indifference === 0 || list.count >= PRUNED_COUNT_MIN) return false
    if (policy.rewardVariance(slots[cheaper]) > STEADY_VARIANCE) return false
    if (policy.rewardVariance(slots[dearer]) > STEADY_VARIANCE) return false
    return this.earned(state, index, cheaper, dearer, uses) <= this.indifference
  }

  /** By how much the dearer of two models is expected to be better for the context, bonuses left out. */
  private ahead(
    { arms }: StateView<DollarState>,
    index: number,
    cheaper: number,
    dearer: number,
    uses: PredictedUses,
  ): number {
    const { cells } = this.costs
    const { f64, layout } = arms.kernel
    const mean = layout.mean + index * CELL_STRIDE
    const faster = uses.penaltyAt(cheaper) - uses.penaltyAt(dearer)
    return f64[cells[dearer] + mean] - f64[cells[cheaper] + mean] + faster
  }

  /** The same by rewards alone, without what is left of its start; infinite until both have a hundred. */
  private earned(
    state: StateView<DollarState>,
    index: number,
    cheaper: number,
    dearer: number,
    uses: PredictedUses,
  ): number {
    const { slots } = this.costs
    const { policy } = state
    const a = slots[cheaper]
    const b = slots[dearer]
    if (Math.min(policy.rewardEvidence(a), policy.rewardEvidence(b)) < EXPLORED_OBSERVATIONS)
      return Number.POSITIVE_INFINITY
    const begun = startShare(state, b, index) - startShare(state, a, index)
    return this.ahead(state, index, cheaper, dearer, uses) - Math.max(begun, 0)
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
