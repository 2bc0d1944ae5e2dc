import type { RewardUnits } from './reward-units.js'

/** Options that the fold depends on. @typeParam O the policy's own */
export interface StateOptions<O = unknown> {
  readonly name: string
  readonly lambda0: number
  readonly budgetUsdPerRequest: number | null
  readonly pendingCapacity: number
  /** Ends of the rewards. */
  readonly rewardLow: number
  readonly rewardHigh: number
  /** Null for rewards in [0, 1]. */
  readonly rewards: RewardUnits | null
  /** Those of the policy, as it resolved them. */
  readonly policyOptions: O
}
