import type { Priors } from '../../bandit/priors.js'
import type { AnyEncoder } from '../../features/encoder.js'
import type { KernelName } from '../../kernel/kernel.js'
import type { JournalSettings } from '../../log/journal-settings.js'
import type { Store } from '../../log/store.js'
import type { ModelSpec } from '../../models/model.js'
import type { CapOptions } from '../../policy/dollar/accounts/cap-period.js'
import type { LatencyOptions } from '../../policy/dollar/latency/latency-limit.js'
import type { PacerMode } from '../../policy/paper/dual-ascent.js'
import type { RewardRange } from '../reward-range.js'

export const POLICY_NAMES = ['dollar', 'paper'] as const
export type PolicyName = (typeof POLICY_NAMES)[number]
export const DEFAULT_POLICY: PolicyName = 'dollar'

/** Forgetting factor: the paper's forgets always; `dollar` watches for drift and forgets when something changed. */
export const DEFAULT_GAMMA = 0.997
export const DEFAULT_GAMMA_DOLLAR = 0.9997
/** Requests' worth of budget that policy `dollar` saves up at most. */
export const DEFAULT_BURST = 50
/** Exploration weight with and without warm-up priors (paper). */
export const DEFAULT_ALPHA_WARM = 0.01
export const DEFAULT_ALPHA_COLD = 0.05

/** Share of requests left to chance at most: beyond it chance would decide more than the policy. */
export const EPSILON_MAX = 0.5

export interface BudgetOptions {
  /** Ceiling of the mean spend per request, USD, > 0. */
  readonly usdPerRequest: number
  /** Policy `paper`: soft: a shadow price; hard: only models under a price ceiling; adaptive (default): both. */
  readonly mode?: PacerMode
  /** Policy `dollar`: how many requests' worth of the ceiling may be saved up, >= 1. Default 50. */
  readonly burst?: number
}

export const RESERVE_MODES = ['expected', 'worst-case'] as const
export type ReserveMode = (typeof RESERVE_MODES)[number]

/** A payer of its own: a team, a customer, a key. What is learned of models is shared by all. */
export interface TenantOptions {
  /** 1 to 200 characters. */
  readonly id: string
  /** Ceiling of the mean spend of its requests; default none. */
  readonly budget?: { readonly usdPerRequest: number } | null
  readonly caps?: readonly CapOptions[]
}

/** Of all ways to give answers that are good enough on average, the cheapest. */
export interface QualityOptions {
  /** Floor of the mean reward, within the range of rewards. */
  readonly meanReward: number
}

/** Everything is optional: a router may start empty and get its models by `addModel` or `restore`. */
export interface RouterOptions {
  readonly models?: readonly ModelSpec[]
  readonly budget?: BudgetOptions | null
  /**
   * dollar (default): what this prompt is predicted to cost on each model, at a shadow price per dollar, out of an account
   * (docs/PACING.md). paper: the published method, list prices at a logarithmic penalty (docs/MATH.md).
   */
  readonly policy?: PolicyName
  /** Dollars that may be spent in an hour, a day or a month, whatever the budget allows. Policy `dollar`. */
  readonly caps?: readonly CapOptions[]
  /** Payers of their own, with budgets and caps of theirs. Policy `dollar`. */
  readonly tenants?: readonly TenantOptions[]
  /** Limit on the mean latency, or on the share of requests that take longer. Policy `dollar`. */
  readonly latency?: LatencyOptions | null
  /** Floor under the mean reward: the least is spent that meets it. A budget comes first. Policy `dollar`. */
  readonly quality?: QualityOptions | null
  /** Refuse a request that no account can pay for (BUDGET_EXHAUSTED) instead of giving it to the cheapest model. */
  readonly strict?: boolean
  /**
   * What is set aside for a request: its expected cost (default), or the most that it can cost. The latter wants
   * `inputTokens` and `maxOutputTokens` of every request. Policy `dollar`.
   */
  readonly reserve?: ReserveMode
  /** Encoder of texts; omit it to route vectors, or to get the default hashing encoder when `dimension` is omitted. */
  readonly encoder?: AnyEncoder
  /** Length of a context, bias included; defaults to the encoder's. Only vectors are routed when given alone. */
  readonly dimension?: number
  /** Warm-up priors from `fitPriors`; models without one start cold. */
  readonly priors?: Priors
  /** How many observations the priors are worth. Default: from `adaptationHorizon`. */
  readonly nEffective?: number
  /** Requests after which fresh evidence outweighs the prior; gives nEffective = (gamma^-T - 1)/(1 - gamma). */
  readonly adaptationHorizon?: number
  /**
   * Weight of the exploration bonus, >= 0, in parts of the range of rewards: the same number explores as much whatever
   * the range. Default 0.01 with priors, 0.05 without.
   */
  readonly alpha?: number
  /** Forgetting factor in [0.5, 1]; 1 never forgets. Default 0.9997, of policy `paper` 0.997. */
  readonly gamma?: number
  /** Regularization of the ridge estimate, in [1e-6, 1e6]. Default 1. */
  readonly lambda0?: number
  /**
   * Policy `paper`: static weight of log-normalised cost, >= 0, in parts of the range of rewards. Default 0 with a
   * budget, 0.3 without.
   */
  readonly costWeight?: number
  /**
   * Rewards outside are refused. Default [0, 1]. Give the range that rewards really have: they are learned as parts of it,
   * so that rewards in [0, 10] are decided on as the same in [0, 1]. What is told of rewards and prices is in its units.
   */
  readonly rewardRange?: readonly [number, number]
  /** Requests that a newcomer gets for certain, failed ones included: one that is down must not hold up all. Default 20. */
  readonly forcedExploration?: number
  /** Tokens assumed for a request of unknown size. Default 300 in, 300 out. */
  readonly expectedTokens?: { readonly input: number; readonly output: number }
  /** How many of the latest requests may still get feedback. Default 65,536. */
  readonly pendingCapacity?: number
  /** After this long without a settlement a reservation becomes spend, and a reward comes too late. Default 24 h. */
  readonly pendingTtlMs?: number
  /** Default 'auto': native where it has been built, else wasm, else js. One that cannot run: KERNEL_UNAVAILABLE. */
  readonly kernel?: KernelName | 'auto'
  /**
   * Share of requests, in [0, 0.5], that go to any eligible and affordable model by chance, so that
   * `paretobandit evaluate` can tell from the log what other policies would have earned. Default 0.
   */
  readonly epsilon?: number
  /** Seeds the tie-break and the draws of `epsilon`. Default 0. */
  readonly seed?: number
  /** Milliseconds since the epoch. Default Date.now. */
  readonly clock?: () => number
  /** First part of request ids, to tell routers apart: letters, digits, - and _. Default 'r'. */
  readonly name?: string
  /** Told of an exception in an event listener. Default: console.error. */
  readonly onListenerError?: (error: unknown) => void
  /**
   * Where all that happens is kept: `memoryStore`, `sqliteStore`, `redisStore`. What is there holds, and the options above
   * only begin an empty log. Default: nothing is kept but by `snapshot`.
   */
  readonly store?: Store
  /** How it is kept there. */
  readonly journal?: JournalSettings
}

/** RouterOptions with every default in place, checked and frozen. */
export interface ResolvedOptions {
  readonly models: readonly ModelSpec[]
  readonly budgetUsdPerRequest: number | null
  readonly pacerMode: PacerMode
  readonly burst: number
  readonly policy: PolicyName
  readonly strict: boolean
  readonly reserve: ReserveMode
  readonly encoder: AnyEncoder | null
  readonly dimension: number
  readonly priors: Priors | null
  readonly nEffective: number
  readonly alpha: number
  readonly gamma: number
  readonly lambda0: number
  readonly costWeight: number | null
  readonly rewardLow: number
  readonly rewardHigh: number
  /** Null for rewards in [0, 1]. Of others, `priors` are in parts of the range. */
  readonly rewards: RewardRange | null
  readonly forcedExploration: number
  readonly expectedInputTokens: number
  readonly expectedOutputTokens: number
  readonly pendingCapacity: number
  readonly pendingTtlMs: number
  readonly kernel: KernelName | 'auto'
  readonly epsilon: number
  readonly seed: number
  readonly clock: () => number
  readonly name: string
  readonly onListenerError: (error: unknown) => void
}
