import type { ArmStatistics } from '../kernel/kernel.js'
import type { ResolvedModelPrice, ResolvedModelSpec } from '../models/model.js'
import type { Constraint } from '../policy/constraint.js'
import type { CapSpec } from '../policy/dollar/accounts/cap-period.js'
import type { LatencyLimit } from '../policy/dollar/latency/latency-limit.js'

/**
 * Routing state is a fold over these events, and nothing else changes it. An event carries all that the fold needs:
 * times, random outcomes, predicted costs and anything made with exp or log are computed before and carried, so that
 * folding the same events gives the same bits on every machine.
 */
export interface EventBase {
  /** When, in milliseconds since the epoch (the router's clock). */
  readonly at: number
}

/** A request was given to a model. */
export interface RoutedEvent extends EventBase {
  readonly type: 'routed'
  readonly id: string
  readonly model: string
  /** The context vector the decision was made on. */
  readonly context: Float64Array
  /** Dollars set aside until the request settles or expires. */
  readonly reservedUsd: number
  /** Dollars of the request at list price for the tokens that were assumed. */
  readonly listCostUsd: number
  /** Score of the chosen model; NaN-free; 0 for a forced exploration. */
  readonly score: number
  /** What one unit of log-normalised cost weighed in this decision. */
  readonly penaltyWeight: number
  /** True for a newcomer's forced exploration. */
  readonly forced: boolean
  /** True for a try of a model that nobody had chosen for long. */
  readonly canary: boolean
  /** Dollars of the request as its prompt says, before they are corrected by what costs have been; list cost in policy `paper`. */
  readonly predictedUsd: number
  /** Dollars moved into the fund of forced explorations; -1: the fund goes back. Policy `dollar`; else 0. */
  readonly savedUsd: number
  /**
   * What the shadow price is found from: slot, value and expected cost in USD of the few models that could win at some
   * price, one after the other. Policy `dollar`; else empty.
   */
  readonly contenders: Float64Array
  /** What a limit's worth of latency cost in this decision, in reward; 0 without a latency objective. */
  readonly latencyPrice: number
  /** Use of the latency limit that is predicted of the chosen model, over the limit; -1 without an objective. */
  readonly latencyUse: number
  /** The same of each contender, corrected by what came of such predictions; empty without an objective. */
  readonly uses: Float64Array
  /** Whose request it is; null for the router's own. */
  readonly tenant: string | null
  /** Constraints that no eligible model could meet. */
  readonly infeasible: readonly Constraint[]
  /** Probability of this choice, given all that happened before: 1 unless it was left to chance (`epsilon`). */
  readonly propensity: number
  /** The models it was drawn from, the chosen one among them; empty where nothing was left to chance. */
  readonly eligible: readonly string[]
}

/** The realised cost of a request is known. */
export interface SettledEvent extends EventBase {
  readonly type: 'settled'
  readonly id: string
  readonly model: string
  readonly costUsd: number
  readonly latencyMs: number | null
  /** ln(costUsd / listCostUsd) within [-5, 4], what the cost head learns; 0 where the list price is 0. */
  readonly logCostRatio: number
  /** ln(latencyMs), what the latency head learns, or null. */
  readonly logLatency: number | null
}

/** The quality of a request's answer is known. */
export interface RewardedEvent extends EventBase {
  readonly type: 'rewarded'
  readonly id: string
  readonly model: string
  readonly reward: number
}

/** The upstream call failed: the reservation is released, `costUsd` is what it cost all the same. */
export interface FailedEvent extends EventBase {
  readonly type: 'failed'
  readonly id: string
  readonly model: string
  readonly costUsd: number
}

/** A request waited too long for its settlement (or was pushed out): its reservation becomes spend. */
export interface ExpiredEvent extends EventBase {
  readonly type: 'expired'
  readonly id: string
  readonly model: string
}

export interface ModelAddedEvent extends EventBase {
  readonly type: 'model-added'
  readonly model: ResolvedModelSpec
  /** Log-normalised cost of the list price. */
  readonly logCost: number
  readonly forcedExploration: number
  /** Statistics to start from, already scaled, or null for a cold start. */
  readonly prior: ArmStatistics | null
  /** The same of settled requests: what costs of prompts are predicted from. Policy `dollar`; else null. */
  readonly settledPrior: ArmStatistics | null
  /** How many times the predicted cost is expected, before any is known: 1 without a prior. */
  readonly costCorrection: number
}

export interface ModelRemovedEvent extends EventBase {
  readonly type: 'model-removed'
  readonly model: string
}

export interface ModelEnabledEvent extends EventBase {
  readonly type: 'model-enabled'
  readonly model: string
}

export interface ModelDisabledEvent extends EventBase {
  readonly type: 'model-disabled'
  readonly model: string
}

export interface ModelRepricedEvent extends EventBase {
  readonly type: 'model-repriced'
  readonly model: string
  readonly price: ResolvedModelPrice
  readonly logCost: number
}

/** A new ceiling, or none, of the router or of a tenant. */
export interface BudgetSetEvent extends EventBase {
  readonly type: 'budget-set'
  readonly tenant: string | null
  readonly usdPerRequest: number | null
}

/** All caps of the router or of a tenant from now on. */
export interface CapsSetEvent extends EventBase {
  readonly type: 'caps-set'
  readonly tenant: string | null
  readonly caps: readonly CapSpec[]
}

/** A new calendar period of a cap has begun: [startsAt, endsAt), as the cap's time zone had it. */
export interface PeriodStartedEvent extends EventBase {
  readonly type: 'period-started'
  readonly tenant: string | null
  /** Which of the caps, from 0. */
  readonly cap: number
  readonly startsAt: number
  readonly endsAt: number
}

/** A request was refused because an account could not pay for any model. It counts as one: its B is paid in. */
export interface RefusedEvent extends EventBase {
  readonly type: 'refused'
  /** Whose account was short; null for the router's. */
  readonly tenant: string | null
}

export interface TenantAddedEvent extends EventBase {
  readonly type: 'tenant-added'
  readonly tenant: string
  readonly usdPerRequest: number | null
}

export interface TenantRemovedEvent extends EventBase {
  readonly type: 'tenant-removed'
  readonly tenant: string
}

/** A new latency objective, or none. */
export interface LatencySetEvent extends EventBase {
  readonly type: 'latency-set'
  readonly limit: LatencyLimit | null
}

/** A new floor of the mean reward, or none. */
export interface QualitySetEvent extends EventBase {
  readonly type: 'quality-set'
  readonly meanReward: number | null
}

/**
 * A model is no longer what it was: its rewards, costs or latencies have strayed from the predictions for too long. It follows
 * from the event before it and changes nothing itself; the model's evidence has been cut down already.
 */
export interface DriftEvent extends EventBase {
  readonly type: 'drift'
  readonly model: string
  readonly signal: 'reward' | 'cost' | 'latency'
  readonly direction: 'up' | 'down'
}

/** What changes accounts besides requests and their feedback. */
export type AccountEvent =
  | BudgetSetEvent
  | CapsSetEvent
  | PeriodStartedEvent
  | RefusedEvent
  | TenantAddedEvent
  | TenantRemovedEvent

/** What an operator asks for besides a price. */
export type ObjectiveEvent = LatencySetEvent | QualitySetEvent

export type RouterEvent =
  | RoutedEvent
  | SettledEvent
  | RewardedEvent
  | FailedEvent
  | ExpiredEvent
  | ModelAddedEvent
  | ModelRemovedEvent
  | ModelEnabledEvent
  | ModelDisabledEvent
  | ModelRepricedEvent
  | AccountEvent
  | ObjectiveEvent
  | DriftEvent

export type RouterEventType = RouterEvent['type']

export const EVENT_TYPES: readonly RouterEventType[] = [
  'routed',
  'settled',
  'rewarded',
  'failed',
  'expired',
  'model-added',
  'model-removed',
  'model-enabled',
  'model-disabled',
  'model-repriced',
  'budget-set',
  'caps-set',
  'period-started',
  'refused',
  'tenant-added',
  'tenant-removed',
  'latency-set',
  'quality-set',
  'drift',
]

export type EventOf<T extends RouterEventType> = Extract<RouterEvent, { type: T }>
