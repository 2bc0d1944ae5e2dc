export { createRouter } from './create-router.js'
export type {
  Decision,
  ExclusionReason,
  Explanation,
  FeatureContribution,
  ModelExplanation,
} from './decision.js'
export type { JournalStats, Receipt, Recovery } from './durability.js'
export { type ErrorCode, ParetoBanditError } from './errors.js'
export type { AnyEncoder, AsyncEncoder, Encoder } from './features/encoder.js'
export type { Failure, Settlement } from './feedback.js'
export { type FitPriorsOptions, fitPriors, type PriorRow } from './fit-priors.js'
export type { Listener, SubscribedEvent, Subscription } from './journal/emitter.js'
export type * from './journal/events.js'
export type { JournalSettings } from './journal-settings.js'
export type { ArmStatistics, KernelName } from './kernel/kernel.js'
export type {
  BudgetOptions,
  PolicyName,
  QualityOptions,
  ReserveMode,
  RouterOptions,
  TenantOptions,
} from './options.js'
export type { CapLength, CapOptions, CapSpec, CapWindow } from './pacing/cap-period.js'
export type { CapStatus } from './pacing/cap-status.js'
export type { Constraint } from './pacing/constraint.js'
export type { PacerMode } from './pacing/dual-ascent.js'
export type { LatencyLimit, LatencyOptions } from './pacing/latency-limit.js'
export type { ArmInspection } from './policy/arm-inspection.js'
export { nEffectiveOf } from './policy/horizon.js'
export { checkPriors, type ModelPrior, type Priors } from './policy/priors.js'
export type { ModelPrice, ModelSpec, ResolvedModelPrice, ResolvedModelSpec } from './registry/model.js'
export type { RouteOptions } from './route-options.js'
export type { Router } from './router.js'
export type {
  AccountStats,
  LatencyStats,
  ModelStats,
  PacerStats,
  QualityStats,
  RouterStats,
} from './stats.js'
export type { Store } from './store/store.js'
