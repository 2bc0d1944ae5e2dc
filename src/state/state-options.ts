import type { OwnOrigin } from './pending/own-origin.js'
import type { RewardUnits } from './reward-units.js'

/** Options that the fold depends on. @typeParam O the policy's own */
export interface StateOptions<O = unknown> {
  /** Of the router: its snapshots carry it. */
  readonly name: string
  /** First part of the ids of its own requests. */
  readonly origin: OwnOrigin
  /** Regularization of the ridge estimate, in [1e-6, 1e6]. */
  readonly lambda0: number
  /** Ceiling of the mean spend that the fold begins with, USD per request, > 0; null for none. */
  readonly budgetUsdPerRequest: number | null
  /** How many of the latest requests may still get feedback. */
  readonly pendingCapacity: number
  /** Lowest and highest reward, in the units that rewards are given in. */
  readonly rewardLow: number
  readonly rewardHigh: number
  /** Null for rewards in [0, 1]. */
  readonly rewards: RewardUnits | null
  /** Those of the policy, as it resolved them. */
  readonly policyOptions: O
}
