import type { OwnOrigin } from './pending/own-origin.js'
import type { RewardUnits } from './reward-units.js'

/** Options that the fold depends on. @typeParam O the policy's own */
export interface StateOptions<O = unknown> {
  /** Of the router: its snapshots carry it. */
  readonly name: string
  /** First part of the ids of its own requests. */
  readonly origin: OwnOrigin
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
