import type { Arms } from '../bandit/arms.js'
import type { RouterEvent } from '../events/events.js'
import type { Model } from '../models/registry.js'

/** What of a state is learned of rewards. */
export interface LearnedState {
  readonly arms: Arms
  readonly registry: { readonly models: Iterable<Model> }
  readonly policy: { takeRawRewards?(rewards: RewardUnits): void }
}

/**
 * The range of a router's rewards where that is not [0, 1]. Whatever the range, the fold learns rewards as parts of it:
 * every constant and every option that is a weight then means the same. Events, and all that is told, have the rewards as
 * they were given.
 */
export interface RewardUnits {
  readonly low: number
  readonly high: number
  /** A reward, or a value on the same scale, as a part of the range. */
  toUnit(reward: number): number
  /** The other way. */
  toUser(value: number): number
  /** A difference of rewards, or a price in rewards, in parts of the range. */
  differenceToUnit(difference: number): number
  /** The other way. */
  differenceToUser(difference: number): number
  /** Weights that predict parts of the range as those that predict rewards. A copy. */
  weightsToUser(theta: Float64Array): Float64Array
  /** An event with its rewards in parts of the range; contenders of a decision are overwritten by the next. */
  eventToUnit(event: RouterEvent): RouterEvent
  /** The values of contenders in parts of the range. A copy. */
  contendersToUnit(contenders: Float64Array): Float64Array
  /** A state that was learned of rewards as they were given, before ranges were taken in, as one of parts of the range. */
  takeRaw(state: LearnedState): void
}
