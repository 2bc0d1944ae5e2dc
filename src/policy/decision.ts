import type { Constraint } from '../events/constraint.js'

/** Where a request goes, and what it is expected to cost. @typeParam Id ids of the router's models */
export interface Decision<Id extends string = string> {
  /** Names the request in `settle`, `reward`, `fail` and `explain`. */
  readonly id: string
  /** Id of the chosen model. */
  readonly model: Id
  /** Expected cost of the request on that model, USD. */
  readonly expectedCostUsd: number
  /** Set aside until it settles, USD: the expected cost, or with `reserve: 'worst-case'` the most it can cost. */
  readonly reservedUsd: number
  /** theta.x + exploration bonus - penalty of the chosen model, for one that chance chose among 16 or more an upper bound; 0 when it was forced. */
  readonly score: number
  /** True when a newcomer got the request as one of its forced explorations. */
  readonly forced: boolean
  /** True when the request tried a model that nobody had chosen for long, in case it has changed. */
  readonly canary: boolean
  /** True when the price ceiling or the account left nobody and the cheapest eligible model got the request, or policy `dollar`'s best of those within a 32nd of it. */
  readonly cheapestFallback: boolean
  /** Shadow price lambda at the decision, as `PacerStats` has it. */
  readonly shadowPrice: number
  /** Reward that a limit's worth of latency had to buy; 0 without a latency objective, and while it is no constraint. */
  readonly latencyPrice: number
  /**
   * Constraints that no eligible model could meet: `budget` when even the cheapest is expected to cost more than the
   * ceiling, `cap` when the money left under a cap will not last at the cheapest's cost; `latency` when even the fastest
   * that can be paid for is expected to use more than the limit, or when the limit has been missed for long; `quality`
   * when even the best answers are worth less than the floor, or when the budget's price is above the floor's.
   */
  readonly infeasible: readonly Constraint[]
  /** Probability of this choice, given all that happened before: 1 unless it was left to chance (`epsilon`, `thompson`). */
  readonly propensity: number
  /** Present when the request asked for it with `explain: true`. */
  readonly explanation?: Explanation
}

export type ExclusionReason =
  | 'disabled'
  | 'not-a-candidate'
  | 'excluded'
  | 'over-max-cost'
  | 'over-max-latency'
  | 'unavailable'
  | 'over-price-ceiling'
  | 'unaffordable'
  | 'forced-exploration-of-another'
  | 'canary-of-another'
  | 'no-better-than-a-cheaper'

/** How one model stood in a decision: score = expectedReward + explorationBonus - penalty. */
export interface ModelExplanation {
  /** Id of the model. */
  readonly model: string
  /** theta.x */
  readonly expectedReward: number
  /** alpha sqrt(v), v inflated by staleness; policy `thompson`: times the model's standard normal number. */
  readonly explorationBonus: number
  /** penaltyWeight expectedCostUsd + latencyPrice latencyUse; policy `paper`: penaltyWeight log-normalised cost. */
  readonly penalty: number
  /** The model with the greatest gets the request. */
  readonly score: number
  /** What the request would cost on it, USD. */
  readonly expectedCostUsd: number
  /** Expected use of the latency limit, over the limit; null without a latency objective. */
  readonly latencyUse: number | null
  /** Factor by which staleness multiplied the variance, 1 to 200. */
  readonly inflation: number
  /** Why the model could not be chosen, or null. */
  readonly excluded: ExclusionReason | null
  /** The largest terms theta_i x_i of the expected reward, largest magnitude first; the last index is the bias. */
  readonly topFeatures: readonly FeatureContribution[]
}

export interface FeatureContribution {
  /** Of the feature, from 0. */
  readonly index: number
  /** x_i. */
  readonly value: number
  /** theta_i. */
  readonly weight: number
  /** theta_i x_i. */
  readonly contribution: number
}

/** Where a request would go at this moment, and why. @typeParam Id ids of the router's models */
export interface Preview<Id extends string = string>
  extends Pick<Decision, 'expectedCostUsd' | 'reservedUsd' | 'infeasible'> {
  /** Id of the model that it would get. */
  readonly model: Id
  /** How each model stands. */
  readonly explanation: Omit<Explanation, 'id'>
}

export interface ExplainOptions {
  /** Of the request's prompt, as its `routed` event has them; null or left out: they are not known. */
  readonly inputTokens?: number | null | undefined
}

export interface Explanation {
  /** Id of the request. */
  readonly id: string
  /** Id of the model that got it. */
  readonly chosen: string
  /** Probability of the choice (`Decision.propensity`); null when it is no longer known. */
  readonly propensity: number | null
  /** Whether it was the forced exploration of a newcomer. */
  readonly forced: boolean
  /** Whether it was to find out how a model does that had fallen behind. */
  readonly canary: boolean
  /** Whether it went to the cheapest, or to one that costs about as much, because nothing could be paid for. */
  readonly cheapestFallback: boolean
  /** Reward that a budget's worth of dollars had to buy, as `PacerStats` has it. */
  readonly shadowPrice: number
  /** Reward that a limit's worth of latency had to buy. */
  readonly latencyPrice: number
  /** Weight of what a model is charged: of dollars; policy `paper`: of log-normalised cost, static weight plus shadow price. */
  readonly penaltyWeight: number
  /** Blended price ceiling in USD per 1,000 tokens, or null when none was in force. */
  readonly priceCeilingUsdPerKTok: number | null
  /**
   * False when the explanation is exact. True when feedback or other requests have changed statistics since the
   * decision: then the figures are what today's statistics say of that request.
   */
  readonly statisticsChanged: boolean
  /** Every registered model, best score first, excluded ones last. */
  readonly models: readonly ModelExplanation[]
}
