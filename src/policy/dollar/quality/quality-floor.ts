import type { RewardUnits } from '../../../state/reward-units.js'
import type { DemandCurve } from '../demand/demand-curve.js'
import { NO_VALUE } from '../pending-columns.js'
import {
  QUALITY_BIAS_MIN,
  QUALITY_BIAS_PRIOR_REWARDS,
  QUALITY_BIAS_REWARDS,
  QUALITY_CORRECTION_MAX,
  QUALITY_CORRECTION_MIN,
  QUALITY_DRAG_REQUESTS,
  QUALITY_HORIZON_REWARDS,
  QUALITY_KNOWN_REWARDS,
  QUALITY_MISSED_SHARE,
  QUALITY_PRICE_MAX,
  QUALITY_SLACK,
  RECENT_OBSERVATIONS,
} from '../tuning.js'

const OWN_NUMBERS = [
  'debt',
  'bias',
  'rewards',
  'missedRewards',
  'recentReward',
  'recentCount',
  'drag',
] as const

/**
 * A floor under the mean reward: of all ways to be as good the cheapest. The price of a dollar is then the highest at
 * which the latest requests would still be worth the floor (DemandCurve.priceOfValue), plus two corrections. The values on
 * the curve hold exploration bonuses and are those of the best of several estimates, so they promise too much: their
 * bias is the mean of what the chosen ones' values were above the rewards that came. And what rewards were missed by so
 * far is made up over 400 rewards.
 *
 * All but `price` and `isOutOfReach` is part of the fold.
 */
export class QualityFloor {
  meanReward: number | null = null
  /** Rewards missed so far: floor less reward, summed. */
  debt = 0
  /** Predicted value of the chosen less its reward, on average. */
  bias = 0
  rewards = 0
  /** Rewards in a row that the debt has been high for. */
  missedRewards = 0
  /** Mean of the latest rewards; how many, 256 at most. */
  recentReward = 0
  recentCount = 0
  /** What the latency objective takes off the values of the chosen, on average. */
  drag = 0

  /** Another floor, or none. The same one again changes nothing. */
  set(meanReward: number | null): void {
    if (meanReward === this.meanReward) return
    this.meanReward = meanReward
    this.debt = this.missedRewards = 0
  }

  /** Shadow price of a dollar, reward per dollar: 0 without a floor, and where it takes the best answers there are. */
  price(demand: DemandCurve): number {
    if (this.meanReward === null || demand.count === 0) return 0
    const target = this.needed(this.meanReward) + this.debt / QUALITY_HORIZON_REWARDS
    const slack = this.debt < 0 ? QUALITY_SLACK : Number.POSITIVE_INFINITY
    return Math.min(demand.priceOfValue(target, slack), QUALITY_PRICE_MAX)
  }

  /** Whether enough rewards have come to judge. */
  get isKnown(): boolean {
    return this.rewards >= QUALITY_KNOWN_REWARDS
  }

  /** Whether it is missed: the best answers to the latest requests are worth less, or it has been missed for long. */
  isOutOfReach(demand: DemandCurve): boolean {
    const { meanReward } = this
    if (meanReward === null || !this.isKnown) return false
    if (this.missedRewards >= QUALITY_HORIZON_REWARDS) return true
    return demand.count > 0 && demand.freeValueMean < this.needed(meanReward)
  }

  /** Price at which the floor is met with nothing to make up, reward per dollar: what a budget's is to be compared with. */
  steadyPrice(demand: DemandCurve): number {
    if (this.meanReward === null || demand.count === 0) return Number.POSITIVE_INFINITY
    return demand.priceOfValue(this.needed(this.meanReward))
  }

  /** @param dragged what the latency objective takes off the chosen one's value */
  routed(dragged: number): void {
    if (this.meanReward !== null) this.drag += (dragged - this.drag) / QUALITY_DRAG_REQUESTS
  }

  /** @param value predicted of the chosen, latency apart; NO_VALUE where the choice was not by values */
  rewarded(reward: number, value: number): void {
    if (this.meanReward === null) return
    const most = QUALITY_CORRECTION_MAX * QUALITY_HORIZON_REWARDS
    const debt = this.debt + this.meanReward - reward
    this.debt = Math.min(Math.max(debt, QUALITY_CORRECTION_MIN * QUALITY_HORIZON_REWARDS), most)
    this.missedRewards = this.debt >= QUALITY_MISSED_SHARE * most ? this.missedRewards + 1 : 0
    this.recentCount = Math.min(this.recentCount + 1, RECENT_OBSERVATIONS)
    this.recentReward += (reward - this.recentReward) / this.recentCount
    if (value === NO_VALUE) return
    this.rewards++
    const error = value - reward - this.bias
    this.bias += error / Math.min(QUALITY_BIAS_PRIOR_REWARDS + this.rewards, QUALITY_BIAS_REWARDS)
    this.bias = Math.min(Math.max(this.bias, QUALITY_BIAS_MIN), 1)
  }

  /** All that it knows was of rewards as they were given. */
  takeRawRewards(rewards: RewardUnits): void {
    if (this.meanReward !== null) this.meanReward = rewards.toUnit(this.meanReward)
    if (this.recentCount > 0) this.recentReward = rewards.toUnit(this.recentReward)
    this.debt = rewards.differenceToUnit(this.debt)
    this.bias = rewards.differenceToUnit(this.bias)
    this.drag = rewards.differenceToUnit(this.drag)
  }

  /** As numbers, for a snapshot. */
  save(): number[] {
    const { meanReward } = this
    return [meanReward === null ? 0 : 1, meanReward ?? 0, ...OWN_NUMBERS.map((name) => this[name])]
  }

  /**
   * Takes over what `save` gave, and whatever follows it.
   * @returns how many numbers were its own, or -1 when no floor saved them
   */
  load(numbers: Float64Array): number {
    const [isSet, meanReward, ...rest] = numbers.subarray(0, 2 + OWN_NUMBERS.length)
    if ((isSet !== 0 && isSet !== 1) || rest.length !== OWN_NUMBERS.length) return -1
    const [, , rewards, missedRewards, , recentCount] = rest
    if (![meanReward, ...rest].every(Number.isFinite)) return -1
    if (![rewards, missedRewards, recentCount].every((count) => Number.isSafeInteger(count) && count >= 0))
      return -1
    this.meanReward = isSet === 1 ? meanReward : null
    OWN_NUMBERS.forEach((name, i) => {
      this[name] = rest[i]
    })
    return 2 + OWN_NUMBERS.length
  }

  /** What the curve's values must be on average for the rewards to be at the floor. */
  private needed(meanReward: number): number {
    return meanReward + this.bias - this.drag
  }
}
