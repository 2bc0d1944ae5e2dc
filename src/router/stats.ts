import type { ResolvedModelSpec } from '../models/model.js'
import type { Switch } from '../models/registry.js'
import type { AccountStats, LatencyStats, QualityStats } from '../policy/dollar/stats.js'
import type { PacerMode } from '../policy/paper/settings.js'
import type { PolicyName } from '../policy/policies.js'
import type { ModelStanding } from '../policy/standing.js'
import type { PolicyReport } from '../policy/stats.js'
import type { JournalStats } from './journal.js'

/** A model with its prices now, and what has become of its requests. */
export type ModelStats = ResolvedModelSpec & ModelCounts

interface ModelCounts {
  readonly enabled: boolean
  /** Who took it out: an operator, whom only `enable` undoes, the options, or both. Empty while it is enabled. */
  readonly disabledBy: readonly Switch[]
  /** It gets no more requests, and is removed once none of its own is in flight. */
  readonly draining: boolean
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
  /** Tokens of kinds without a price: where no cost was given they were charged the dearest price of their side. */
  readonly unpricedTokens: number
  /** Settlements and failures with such tokens, or with a usage that contradicted itself or left charges out. */
  readonly flaggedUsages: number
  /** Requests that their callers broke off. */
  readonly cancelled: number
  /** Bills that came when a request took no settlement any more, and corrections. */
  readonly lateBills: number
  /** Bills far beyond what their requests could cost: each was told as an `implausible-bill`. */
  readonly implausibleBills: number
  /** Those of them that another bill has taken the place of: they are no alarm any more. */
  readonly correctedBills: number
  /** Whether it answers; while it does not, it gets a request now and then. */
  readonly isAvailable: boolean
  /** Why it gets requests, or none, and what would change that. */
  readonly standing: ModelStanding
  /** Share of its recent calls that failed, and how often it went down. */
  readonly failureShare: number
  readonly outages: number
  /** How long failures took, where that was told. */
  readonly meanFailureLatencyMs: number | null
}

export interface PacerStats {
  /** Ceiling B, USD per request, or null. */
  readonly usdPerRequest: number | null
  /** How the budget acts under policy `paper`; null under others. */
  readonly mode: PacerMode | null
  /**
   * Shadow price lambda now: the reward that a budget's worth of dollars must buy; under policy `paper`, that
   * 1 on the scale of log-normalised prices must buy. 0 without a budget.
   */
  readonly shadowPrice: number
  /** What `penaltyWeight` of decisions weighs: dollars; under policy `paper`, log-normalised prices. */
  readonly penaltyUnit: 'usd' | 'log-price'
  /** Running mean of what requests cost, USD; it drives the shadow prices of policies `paper` and `thompson`. */
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

/** With what a policy reports of itself besides (`PolicyReport`). */
export interface RouterStats
  extends Omit<
    PolicyReport,
    'shadowPrice' | 'mode' | 'penaltyUnit' | 'account' | 'latency' | 'quality' | 'tenants' | 'standings'
  > {
  /** Requests routed since the start: the t of the mathematics. */
  readonly requests: number
  /** Of each registered model. */
  readonly models: readonly ModelStats[]
  /** How models are chosen. */
  readonly policy: PolicyName
  /** How the budget stands. */
  readonly pacer: PacerStats
  /** The router's account; null under policies that have none. */
  readonly account: AccountStats | null
  /** Null without a latency objective. */
  readonly latency: LatencyStats | null
  /** Null without a quality floor. */
  readonly quality: QualityStats | null
  /** Registered tenants; `tenantStats` tells of each. */
  readonly tenants: number
  /** Requests waiting for a settlement, and how many of the latest requests feedback can still reach. */
  readonly pending: { readonly unsettled: number; readonly capacity: number }
  /** How long feedback is waited for, ms. */
  readonly pendingTtlMs: number
  /** Null without a store. */
  readonly journal: JournalStats | null
  /** What computes. */
  readonly kernel: string
  /** Numbers in a context. */
  readonly dimension: number
}
