import type { CapStatus } from './accounts/cap-status.js'

/** How the router's account, or a tenant's, stands under policy `dollar`. */
export interface AccountStats {
  /** Ceiling B, USD per request, or null. */
  readonly usdPerRequest: number | null
  /** Reward that B dollars must buy now; 0 while nothing is short. */
  readonly shadowPrice: number
  /** What is saved up, USD; negative: overdrawn. */
  readonly creditUsd: number
  /** Of it, laid by for trying newcomers that cost more than B. */
  readonly fundUsd: number
  /** How many requests' worth of B may be saved up. */
  readonly burst: number
  /** All that was booked on it, USD. */
  readonly spendUsd: number
  /** Set aside for requests on their way, USD. */
  readonly reservedUsd: number
  /** Sum of the ceilings in force at each of its requests, refused ones included, failed ones not. */
  readonly allowanceUsd: number
  /** Spend over allowance; null without an allowance. */
  readonly utilisation: number | null
  /** Requests refused because this account, or a cap of it, could not pay for them; of caps up to a second late. */
  readonly refused: number
  /** Requests routed although even the cheapest model was over the ceiling. */
  readonly infeasible: number
  /** Its hard limits. */
  readonly caps: readonly CapStatus[]
}

/** How the latency objective stands under policy `dollar`. */
export interface LatencyStats {
  /** Of the objective, ms. */
  readonly limitMs: number
  /** Null: the limit is one of the mean. */
  readonly percentile: number | null
  /** Mean of the latest 256 latencies, ms; null before the first, and for a percentile. */
  readonly recentMeanMs: number | null
  /** Share of the latest 256 that took longer than the limit; null before the first, and for a mean. */
  readonly recentShareOver: number | null
  /** Reward that a limit's worth of latency must buy now; 0 while latency is no constraint. */
  readonly shadowPrice: number
  /** Even the fastest models are over the limit on average, or it has been missed for long and no price meets it. */
  readonly infeasible: boolean
}

/** How the quality floor stands under policy `dollar`. */
export interface QualityStats {
  /** The floor. */
  readonly meanReward: number
  /** Mean of the latest 256 rewards; null before the first. */
  readonly recentMeanReward: number | null
  /** Reward that a dollar must buy for the floor to be met at the least cost; 0: the best answers there are. */
  readonly rewardPerUsd: number
  /** Even the best answers are worth less, or the budget does not pay for such answers. */
  readonly infeasible: boolean
}

declare module '../stats.js' {
  interface PolicyReport {
    /** The router's account. */
    readonly account?: AccountStats
    /** Null without a latency objective, without a quality floor. */
    readonly latency?: LatencyStats | null
    readonly quality?: QualityStats | null
    /** Ids of models that keep how far features were trusted in a log before release 0.2.0: `setEstimator` ends it. */
    readonly fixedEstimators?: readonly string[]
    /** Registered tenants. */
    readonly tenants?: number
  }
}
