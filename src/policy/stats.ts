import type { JournalStats } from '../router/journal.js'
import type { PolicyName } from '../router/options/options.js'
import type { CapStatus } from './dollar/accounts/cap-status.js'
import type { PacerMode } from './paper/dual-ascent.js'

export interface ModelStats {
  readonly id: string
  readonly enabled: boolean
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
  readonly cachedInputUsdPerMTok: number
  readonly reasoningUsdPerMTok: number
  /** Decisions for this model, failed ones included. */
  readonly requests: number
  /** Its share of all decisions for models that are registered now. */
  readonly share: number
  readonly settled: number
  readonly failed: number
  readonly expired: number
  /** Realised cost, USD, partial costs of failures and expired reservations included. */
  readonly spendUsd: number
  /** Mean realised cost of a settled request, USD, or null before the first. */
  readonly meanCostUsd: number | null
  readonly rewarded: number
  readonly meanReward: number | null
  readonly meanLatencyMs: number | null
  /** Forced explorations still to come, and those done. */
  readonly forcedRemaining: number
  readonly forcedDone: number
  /** Alarms of drift so far: its rewards, its costs, its latencies. Policy `dollar`. */
  readonly rewardAlarms: number
  readonly costAlarms: number
  readonly latencyAlarms: number
}

export interface PacerStats {
  /** Ceiling B, USD per request, or null. */
  readonly usdPerRequest: number | null
  /** How the budget acts under policy `paper`; null under policy `dollar`. */
  readonly mode: PacerMode | null
  /** That of policy `paper`. */
  readonly shadowPrice: number
  /** Running mean of what requests cost, USD; it drives the shadow price of policy `paper`. */
  readonly costEmaUsd: number
  /** Spend since the start, removed models included, USD. */
  readonly spendUsd: number
  /** Set aside for requests that are not settled, USD. */
  readonly reservedUsd: number
  /** Sum of the ceilings in force at each request that did not fail, USD; 0 without a budget. */
  readonly allowanceUsd: number
  /**
   * (spend + reserved) / allowance, both of requests routed under a budget; null without one or before the first
   * request.
   */
  readonly utilisation: number | null
}

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
  readonly spendUsd: number
  readonly reservedUsd: number
  /** Sum of the ceilings in force at each of its requests, refused ones included, failed ones not. */
  readonly allowanceUsd: number
  readonly utilisation: number | null
  /** Requests refused because this account could not pay for them. */
  readonly refused: number
  /** Requests routed although even the cheapest model was over the ceiling. */
  readonly infeasible: number
  readonly caps: readonly CapStatus[]
}

/** How the latency objective stands under policy `dollar`. */
export interface LatencyStats {
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
  readonly meanReward: number
  /** Mean of the latest 256 rewards; null before the first. */
  readonly recentMeanReward: number | null
  /** Reward that a dollar must buy for the floor to be met at the least cost; 0: the best answers there are. */
  readonly rewardPerUsd: number
  /** Even the best answers are worth less, or the budget does not pay for such answers. */
  readonly infeasible: boolean
}

export interface RouterStats {
  /** Requests routed since the start: the t of the mathematics. */
  readonly requests: number
  readonly models: readonly ModelStats[]
  readonly policy: PolicyName
  readonly pacer: PacerStats
  /** The router's account; null for policy `paper`. */
  readonly account: AccountStats | null
  /** Null without a latency objective, without a quality floor. */
  readonly latency: LatencyStats | null
  readonly quality: QualityStats | null
  /** Registered tenants; `tenantStats` tells of each. */
  readonly tenants: number
  /** Requests waiting for a settlement, and how many of the latest requests feedback can still reach. */
  readonly pending: { readonly unsettled: number; readonly capacity: number }
  /** Null without a store. */
  readonly journal: JournalStats | null
  readonly kernel: string
  readonly dimension: number
}
