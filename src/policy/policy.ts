import type { Arms } from '../bandit/arms.js'
import type { EventOf, RouterEvent, RouterEventType } from '../events/events.js'
import type { ArmStatistics } from '../kernel/kernel.js'
import type { ModelSpec } from '../models/model.js'
import type { Model } from '../models/registry.js'
import type { ResolvedOptions } from '../router/options/options.js'
import type { Ledger } from '../state/ledger.js'
import type { RoutingState, StateOptions } from '../state/routing-state.js'
import type { Chooser } from './chooser.js'
import type { AccountLimits } from './dollar/accounts/account-limits.js'
import type { AccountEvent, ObjectiveEvent } from './dollar/events.js'
import type { RequestSize } from './eligibility.js'
import type { AccountStats, LatencyStats, QualityStats } from './stats.js'

/** What a new model's arm starts from. */
export interface ArmStart {
  readonly prior: ArmStatistics | null
  readonly settledPrior: ArmStatistics | null
  readonly costCorrection: number
}

/** A policy, loaded when a router is made with it. */
export interface Policy {
  /** Null: nothing besides the common state. */
  readonly startState: StartPolicy | null
  chooser(options: ResolvedOptions): Chooser
  /** @param meanReward of all requests so far, or null before the first reward */
  armStart(options: ResolvedOptions, spec: ModelSpec, meanReward: number | null): ArmStart
  /** Null for a policy without tenants and caps. */
  readonly administration: Administration | null
}

/** Makes what a policy keeps besides the common state; `ledger` is the router's. */
export type StartPolicy = (arms: Arms, options: StateOptions, ledger: Ledger) => PolicyState

/** What of an operator's doing only a policy that paces dollars knows of. */
export interface Administration {
  /** @throws UNKNOWN_TENANT with the nearest id; INVALID_ARGUMENT */
  findTenant(state: RoutingState, id: unknown, field: string): string
  /** @throws DUPLICATE_TENANT, INVALID_ARGUMENT, UNKNOWN_OPTION */
  tenantAdded(state: RoutingState, tenant: unknown, at: number, field: string): readonly RouterEvent[]
  /** @throws UNKNOWN_TENANT, INVALID_ARGUMENT, UNKNOWN_OPTION */
  capsSet(state: RoutingState, caps: unknown, tenant: string | null, at: number): EventOf<'caps-set'>
  /** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
  latencySet(latency: unknown, at: number): EventOf<'latency-set'>
  qualitySet(quality: unknown, limits: RewardLimits, at: number): EventOf<'quality-set'>
  /** Checks an event from outside, of a type that is its own. @throws as `checkEvent` */
  checkEvent(
    state: RoutingState,
    event: Record<string, unknown>,
    type: RouterEventType,
    limits: RewardLimits,
  ): void
}

export type RewardLimits = Pick<ResolvedOptions, 'rewardLow' | 'rewardHigh'>

export interface PolicySnapshot {
  /** For JSON; checked by `load`. */
  readonly text: unknown
  readonly numbers: Float64Array
}

/**
 * What a policy keeps besides the common state: part of the fold, changed by these alone, each called by `apply` for the
 * event it is named after. As there: no clock, no randomness, only + - * / and sqrt.
 */
export interface PolicyState {
  /** Models that have strayed since this was last emptied: told to subscribers, no part of the state. */
  readonly alarms: EventOf<'drift'>[]
  /** Expected dollars on a model of a request of that size whose context is the arena's first. */
  expectedUsd(model: Model, size: RequestSize): number
  /** Tenants registered. */
  readonly tenantCount: number
  /** How the router's account, or a registered tenant's, stands. */
  readAccount(tenant: string | null, at: number): AccountStats
  /** What limits the dollars of the router's account (null) or a tenant's; undefined without that tenant. */
  limits(tenant: string | null): AccountLimits | undefined
  /** Ids of the tenants. */
  tenantIds(): Iterable<string>
  /** How the latency objective and the quality floor stand; null without. */
  readLatency(): LatencyStats | null
  readQuality(at: number): QualityStats | null
  /** Use of the latency limit that is predicted of a request whose context is the arena's first; -1: not known. */
  predictedUse(model: Model): number
  /** What time alone brings about for requests of that tenant: to be recorded before the next is routed. Reads only. */
  periodsDue(tenant: string | null, at: number): readonly EventOf<'period-started'>[]
  /** After the request has its place among the pending ones. */
  routed(event: EventOf<'routed'>, state: RoutingState, sequence: number): void
  /** Before the reservation gives way and the cost record learns. */
  settled(event: EventOf<'settled'>, model: Model, state: RoutingState, sequence: number): void
  /** Before the arm learns; the request's context is in the arena. */
  rewarded(event: EventOf<'rewarded'>, model: Model, state: RoutingState): void
  failed(event: EventOf<'failed'>, state: RoutingState, sequence: number): void
  /** The reservation became spend. */
  charged(at: number, state: RoutingState, sequence: number): void
  added(model: Model, event: EventOf<'model-added'>): void
  /** Removed or disabled. */
  left(model: Model): void
  repriced(model: Model, blendedBeforeUsdPerKTok: number): void
  administer(event: AccountEvent | ObjectiveEvent, state: RoutingState): void
  /** All of it as plain data and numbers, for a snapshot, and back. `load` throws SNAPSHOT_INVALID. */
  save(slots: readonly number[]): PolicySnapshot
  load(saved: PolicySnapshot, slots: readonly number[]): void
}
