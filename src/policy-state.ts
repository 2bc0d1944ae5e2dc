import type { Chooser } from './chooser.js'
import type { RequestSize } from './eligibility.js'
import type { EventOf } from './journal/events.js'
import type { ArmStatistics } from './kernel/kernel.js'
import type { ResolvedOptions } from './options.js'
import type { Arms } from './policy/arms.js'
import type { ModelSpec } from './registry/model.js'
import type { Model } from './registry/registry.js'
import type { RoutingState, StateOptions } from './state.js'

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
  armStart(options: ResolvedOptions, spec: ModelSpec): ArmStart
}

/** Makes what a policy keeps besides the common state. */
export type StartPolicy = (arms: Arms, options: StateOptions) => PolicyState

/**
 * What a policy keeps besides the common state: part of the fold, changed by these alone, each called by `apply` for the
 * event it is named after. As there: no clock, no randomness, only + - * / and sqrt.
 */
export interface PolicyState {
  /** Models that have strayed since this was last emptied: told to subscribers, no part of the state. */
  readonly alarms: EventOf<'drift'>[]
  /** Expected dollars on a model of a request of that size whose context is the arena's first. */
  expectedUsd(model: Model, size: RequestSize): number
  /** Whether a model of that expected cost may take a request that may draw so much. */
  affords(costUsd: number, availableUsd: number, usdPerRequest: number | null): boolean
  /** After the request has its place among the pending ones. */
  routed(event: EventOf<'routed'>, allowanceUsd: number): void
  /** Before the reservation gives way and the cost record learns. */
  settled(event: EventOf<'settled'>, model: Model, state: RoutingState, sequence: number): void
  /** Before the arm learns; the request's context is in the arena. */
  rewarded(event: EventOf<'rewarded'>, model: Model): void
  failed(event: EventOf<'failed'>, state: RoutingState, sequence: number): void
  added(model: Model, event: EventOf<'model-added'>): void
  /** Removed or disabled. */
  left(model: Model): void
  repriced(model: Model, blendedBeforeUsdPerKTok: number): void
  budgetSet(usdPerRequest: number | null): void
  /** All of it as numbers, for a snapshot, and back. `load` throws SNAPSHOT_INVALID and has then changed nothing. */
  save(slots: readonly number[]): Float64Array
  load(numbers: Float64Array, slots: readonly number[]): void
}
