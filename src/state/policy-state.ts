import type { Arms } from '../bandit/arms.js'
import type { EventDefinition } from '../events/definition.js'
import type { EventOf, RouterEvent } from '../events/events.js'
import type { Model, Registry } from '../models/registry.js'
import type { RepriceScale } from '../models/reprice-scale.js'
import type { Ledger } from './ledger.js'
import type { BilledRequest } from './pending/billed-request.js'
import type { PendingRequests } from './pending/pending.js'
import type { RewardUnits } from './reward-units.js'
import type { RunningCost } from './running-cost.js'
import type { StateOptions } from './state-options.js'

/** Of requests waiting for feedback, what a policy reads of each, and the columns that are its own. */
export type PendingView = Pick<
  PendingRequests,
  | 'next'
  | 'oldest'
  | 'dimension'
  | 'slot'
  | 'state'
  | 'at'
  | 'reservedUsd'
  | 'listCostUsd'
  | 'predictedUsd'
  | 'forgetPrediction'
  | 'allowanceUsd'
  | 'bookedAt'
  | 'forced'
  | 'copyContextTo'
  | 'policyColumn'
  | 'setPolicyColumn'
  | 'fillPolicyColumn'
  | 'waiting'
  | 'row'
  | 'prices'
  | 'closed'
>

/** The registered models, to read. */
export type RegistryView = Pick<
  Registry,
  | 'models'
  | 'enabled'
  | 'draining'
  | 'down'
  | 'exploring'
  | 'dearestUsdPerKTok'
  | 'version'
  | 'get'
  | 'at'
  | 'atSlot'
>

/**
 * What a policy sees of the fold. It reads all of it. It changes no more than its own state, what arms have learned, its
 * own columns of pending requests, whether what was predicted of them counts, and, where its accounts are books of the
 * router's, the ledger.
 */
export interface FoldView {
  /** Requests routed so far: the t of the mathematics. */
  readonly requests: number
  /** Events applied so far. */
  readonly events: number
  readonly arms: Arms
  /** Null for rewards in [0, 1]. Of others the fold knows parts of the range; events, and all that is told, have them as given. */
  readonly rewards: RewardUnits | null
  readonly registry: RegistryView
  readonly pending: PendingView
  readonly ledger: Ledger
  /** The router's ceiling, and the running mean of what requests cost. */
  readonly cost: Readonly<Pick<RunningCost, 'usdPerRequest' | 'meanUsd'>>
}

/** The fold as a policy's decisions see it: with what that policy keeps. */
export interface StateView<S extends PolicyState = PolicyState> extends FoldView {
  readonly policy: S
}

/** What a policy keeps, as plain data and numbers. */
export interface PolicySnapshot {
  /** For JSON; checked by `load`. */
  readonly text: unknown
  readonly numbers: Float64Array
}

/**
 * What a policy keeps in the fold: changed by these hooks alone, each called by `RoutingState.apply` for the event it is
 * named after. A policy has those that it needs. As in the fold: no clock, no randomness, only + - * / and sqrt.
 */
export interface PolicyState {
  /** After the request has its place among the pending ones. */
  routed?(event: EventOf<'routed'>, sequence: number): void
  /** Before the reservation gives way and the cost record learns. */
  settled?(event: EventOf<'settled'>, model: Model, sequence: number): void
  /** Before the arm learns; the request's context is in the arena. */
  rewarded?(event: EventOf<'rewarded'>, model: Model, sequence: number): void
  /** Before the request is marked as failed. */
  failed?(event: EventOf<'failed'>, sequence: number): void
  /** Before the request is marked as cancelled. */
  cancelled?(event: EventOf<'cancelled'>, sequence: number): void
  /** Before the bill takes the place of what was booked. @param model undefined where it is no longer registered */
  billed?(event: EventOf<'billed'>, model: Model | undefined, request: BilledRequest): void
  /** The reservation became spend: the request expired, or its model was removed. */
  charged?(at: number, sequence: number): void
  added?(model: Model, event: EventOf<'model-added'>): void
  /** Removed or disabled. */
  unavailable?(model: Model): void
  /** After its sums were scaled. @param scale null where what was learned keeps the dollars of the old price */
  repriced?(model: Model, blendedBeforeUsdPerKTok: number, scale: RepriceScale | null): void
  /** Budgets, and events that only this policy knows. */
  apply?(event: RouterEvent): void
  /** What the latest event has shown, for subscribers; emptied by the call. */
  takeNotices?(): readonly RouterEvent[]
  /** All of it for a snapshot, and back. @param slots those of the registered models, in order */
  save(slots: readonly number[]): PolicySnapshot
  /** Before the arms are loaded. @throws SNAPSHOT_INVALID */
  load(saved: PolicySnapshot, slots: readonly number[], fold: FoldInSnapshot): void
  /** What was loaded was learned of rewards as they were given: from now on they are parts of their range. */
  takeRawRewards?(rewards: RewardUnits): void
}

/** What a snapshot says that a policy is read from: its own numbers must agree with it. */
export interface FoldInSnapshot {
  /** Routed so far. */
  readonly requests: number
  /** A of an arm's rewards: packed upper triangle, a view. */
  precisionOf(slot: number): Float64Array
}

/** Ends of the rewards. */
export interface RewardLimits {
  readonly rewardLow: number
  readonly rewardHigh: number
}

/** What an event from outside is checked against. */
export interface EventContext<S extends PolicyState = PolicyState> {
  readonly state: StateView<S>
  readonly limits: RewardLimits
}

/** What the fold must know of a policy to begin with it. */
export interface FoldedPolicy<S extends PolicyState = PolicyState, O = unknown> {
  /** What snapshots, stats and logs call it. */
  readonly name: string
  /** What its own columns of a pending request begin as; as many columns as numbers. */
  readonly pendingColumns: readonly number[]
  start(view: FoldView, options: StateOptions<O>): S
  /** The events, and the notices, that it defines besides those of all policies. */
  readonly events: readonly EventDefinition[]
  /**
   * Checks an event of its own in place, by its definition and against the state it is about to change. Left out:
   * its definition says all there is to check.
   * @throws EVENT_OUT_OF_ORDER, INVALID_ARGUMENT, and what the call that made the event throws
   */
  checkEvent?(definition: EventDefinition, event: Record<string, unknown>, context: EventContext<S>): void
  /** Left out by a policy where the router is the only payer. @throws UNKNOWN_TENANT */
  checkTenant?(state: StateView<S>, tenant: string, field: string): void
}
