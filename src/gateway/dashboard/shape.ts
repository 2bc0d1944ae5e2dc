import type { AccountStats, Explanation, ModelExplanation, RouterStats } from '../../index.js'

/** What one model did in a bucket of time. */
export interface ModelBucket {
  readonly model: string
  readonly requests: number
  /** Rewards that came in it: how many, their sum. */
  readonly rewards: number
  readonly rewardSum: number
  readonly latencies: number
  readonly latencySumMs: number
  readonly latencyMaxMs: number
}

/** What happened in [at, at + widthMs). */
export interface Bucket {
  /** Milliseconds since 1970 UTC. */
  readonly at: number
  readonly requests: number
  readonly failed: number
  readonly refused: number
  /** At its end, since the beginning, USD: what was spent, and the sum of the ceilings of the requests so far. */
  readonly spendUsd: number
  readonly allowanceUsd: number
  /** Mean shadow price of its decisions, in the unit of `stats.pacer.shadowPrice`; null: none was made under a budget. */
  readonly shadowPrice: number | null
  readonly models: readonly ModelBucket[]
}

/** Buckets of one width, oldest first; those in which nothing happened are left out. */
export interface HistoryRing {
  readonly name: string
  readonly widthMs: number
  /** It goes back to this time: what began before is no part of it any more. */
  readonly from: number
  readonly buckets: readonly Bucket[]
}

/** Something on the time line: an alarm, or what an operator changed. */
export interface Mark {
  /** Counts up. */
  readonly number: number
  readonly at: number
  readonly kind: 'alarm' | 'recovery' | 'change'
  /** Type of the event of the log, or of the notice. */
  readonly type: string
  readonly model: string | null
  readonly tenant: string | null
  /** In words. */
  readonly text: string
}

export type DecisionOutcome = 'waiting' | 'settled' | 'failed' | 'cancelled' | 'expired'

/** One of the latest decisions, and what has become of it. */
export interface DecisionRow {
  readonly id: string
  readonly at: number
  readonly model: string
  readonly tenant: string | null
  readonly predictedUsd: number
  readonly costUsd: number | null
  readonly latencyMs: number | null
  readonly reward: number | null
  readonly outcome: DecisionOutcome
  /** In the unit of `stats.pacer.shadowPrice`; null without a budget. */
  readonly shadowPrice: number | null
  readonly forced: boolean
  readonly canary: boolean
  readonly infeasible: readonly string[]
}

/** A mean with its interval. */
export interface Estimate {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** The decisions that estimates are made of: the latest that are explained. */
export interface EstimateSpan {
  readonly decisions: number
  /** Times of the first and of the last of them, ms since 1970 UTC. */
  readonly from: number
  readonly to: number
}

/** What one model would have done with the latest decisions. */
export interface SavingsRow {
  readonly model: string
  /** Decisions that it is estimated from. */
  readonly decisions: number
  readonly usdPerRequest: Estimate
  readonly reward: Estimate
}

export interface Savings {
  /** What was chosen, by the same expectations. */
  readonly chosen: SavingsRow
  readonly models: readonly SavingsRow[]
  /** What the chosen ones cost, over what was expected of them; null: no bill has come. */
  readonly billedOverExpected: number | null
}

export interface WhatIfMix {
  readonly usdPerRequest: number
  readonly reward: number
  readonly shares: readonly { readonly model: string; readonly share: number }[]
}

/** The latest decisions at another budget. */
export interface WhatIf {
  readonly budgetUsdPerRequest: number
  /** Reward that this budget's worth of dollars must buy for that. */
  readonly shadowPrice: number
  /** False: even the cheapest models cost more. */
  readonly isFeasible: boolean
  /** Decisions, and those of them that had one model to go to: the request named it, or nothing else could serve it. */
  readonly decisions: number
  readonly withOneModel: number
  /** What was chosen, and what would be, by the same expectations. */
  readonly before: WhatIfMix
  readonly after: WhatIfMix
}

/** Rewards that one source gave. */
export interface FeedbackRow {
  readonly source: string
  readonly rewards: number
  readonly meanReward: number
}

/** What only a gateway sees: requests of clients, conversations, caches, sources of rewards. Since it was started. */
export interface Traffic {
  readonly since: number
  readonly requests: number
  readonly answered: number
  readonly refused: number
  readonly failed: number
  readonly cancelled: number
  /** Requests that went on to another model, and all calls beyond the first. */
  readonly movedOn: number
  readonly retries: number
  readonly inputTokens: number
  readonly cachedInputTokens: number
  readonly outputTokens: number
  /** Requests with a named conversation, and how many conversations of the latest they were. */
  readonly inConversations: number
  readonly conversations: number
  readonly firstTokens: number
  readonly meanFirstTokenMs: number | null
  readonly feedback: readonly FeedbackRow[]
}

/** How far spend may go, as docs/PACING.md promises it. */
export interface Promised {
  /** Whether requests are refused for it; null: the log does not say. */
  readonly strict: boolean | null
  /** How many requests' worth of the budget may be saved up; null: the policy keeps no account. */
  readonly burst: number | null
  /** What operators have credited to the account of all since `historySince`, USD. */
  readonly creditedUsd: number
  /** Sum of the ceilings so far, what may be saved up and what was credited, USD; null without a budget. */
  readonly boundUsd: number | null
}

export interface ModelFigures {
  readonly model: string
  /** Of all rewards that were seen since `historySince`, their mean with its interval of 95 %; null: too few. */
  readonly reward: Estimate | null
  readonly rewards: number
  /** Of the latest decisions. */
  readonly latencyP50Ms: number | null
  readonly latencyP95Ms: number | null
  readonly latencies: number
}

/** All that the page shows, or what has changed since `cursor`. */
export interface DashboardData {
  readonly kind: 'gateway' | 'log'
  /** Which gateway or log. */
  readonly name: string
  readonly at: number
  /** Whether the page may change something. */
  readonly canChange: boolean
  /** Whether `history`, `marks` and `decisions` have only what is newer than the cursor that was asked with. */
  readonly isUpdate: boolean
  readonly cursor: Cursor
  readonly historySince: number | null
  /** What the history leaves out, in words; null: nothing. */
  readonly historyNote: string | null
  /** What keeps the figures from being those of the store, in words; null: nothing. */
  readonly problem: string | null
  readonly stats: RouterStats
  /** The first of them, by id. */
  readonly tenants: readonly (AccountStats & { readonly id: string })[]
  readonly promised: Promised
  readonly figures: readonly ModelFigures[]
  readonly history: readonly HistoryRing[]
  readonly marks: readonly Mark[]
  /** Newest first. */
  readonly decisions: readonly DecisionRow[]
  /** Of `savings`, and of what-if answers; null: too few decisions are explained. */
  readonly estimatedFrom: EstimateSpan | null
  readonly savings: Savings | null
  /** Null: of a log nothing is known of it. */
  readonly traffic: Traffic | null
}

/** What a page has seen. */
export interface Cursor {
  /** Another value: the history was read from the start again. */
  readonly epoch: number
  readonly changes: number
  readonly marks: number
  /** Counts how often the decisions of estimates were others. */
  readonly estimates: number
}

export type ExplainedModel = Omit<ModelExplanation, 'topFeatures' | 'inflation'>

/** Why one request went where it did. */
export interface ExplainedDecision extends Omit<Explanation, 'models'> {
  readonly row: DecisionRow | null
  readonly models: readonly ExplainedModel[]
  /** Models that are not shown, the worst ones. */
  readonly left: number
}
