export type { ArmInspection } from './bandit/arm-inspection.js'
export { checkPriors } from './bandit/check-priors.js'
export { nEffectiveOf } from './bandit/horizon.js'
export type { ModelPrior, Priors, SettledPrior } from './bandit/priors.js'
export { type ErrorCode, isStoreError, ParetoBanditError } from './base/errors.js'
export type { PlatformSignal } from './base/platform.js'
export { createRouter } from './create-router.js'
export type { Listener, SubscribedEvent, Subscription } from './events/emitter.js'
export type * from './events/events.js'
export type { Chat, ChatMessage, ChatPart } from './features/chat.js'
export type { ContextInput } from './features/context-reader.js'
export type { AnyEncoder, AsyncEncoder, Encoder } from './features/encoder.js'
export type { ArmStatistics, KernelName } from './kernel/kernel.js'
export type { JournalSettings, OthersChange } from './log/journal-settings.js'
export type { DifferingOption, OnDifference, OnDifferences } from './log/on-difference.js'
export type {
  Batch,
  LeaseBroker,
  LeasePool,
  LogHeader,
  OpenedLog,
  PlacedBatch,
  Position,
  Store,
  StoredSnapshot,
} from './log/store.js'
export { CAPABILITIES, type Capability, LACKS, missingCapabilities } from './models/capabilities.js'
export type {
  ModelPrice,
  ModelSpec,
  ResolvedModelPrice,
  ResolvedModelSpec,
  ResolvedTokenPrices,
  TierSpec,
  TokenPrices,
} from './models/model.js'
export type { Switch } from './models/registry.js'
export { chatNeeds, partTypes, responsesNeeds } from './models/request-needs.js'
export type { ServiceTier } from './models/service-tier.js'
export type { GivenTokens, TokensByKind } from './models/token-counts.js'
export type {
  DefaultedPriceName,
  RequiredPriceName,
  TokenCountName,
  TokenKindName,
  TokenSide,
} from './models/token-kinds.js'
export type { UsageFlag } from './models/usage/usage.js'
export type { CommandName, PolicyCommands, PolicyQueries, QueryName } from './policy/commands.js'
export type { Constraint } from './policy/constraint.js'
export type {
  Decision,
  ExclusionReason,
  ExplainOptions,
  Explanation,
  FeatureContribution,
  ModelExplanation,
  Preview,
} from './policy/decision.js'
export type {
  CapLength,
  CapOptions,
  CapPacing,
  CapSpec,
  CapWindow,
} from './policy/dollar/accounts/cap-period.js'
export type { CapStatus } from './policy/dollar/accounts/cap-status.js'
export type { ForTenant, TenantOptions } from './policy/dollar/accounts/tenant-options.js'
export type { Estimator } from './policy/dollar/estimate/estimators.js'
export type {
  AccountAdjustedEvent,
  AccountEvent,
  CappedEvent,
  CapsSetEvent,
  DriftEvent,
  EstimatorSetEvent,
  LatencySetEvent,
  ObjectiveEvent,
  PeriodStartedEvent,
  QualitySetEvent,
  ReachEvent,
  RefusedEvent,
  TenantAddedEvent,
  TenantRemovedEvent,
} from './policy/dollar/events.js'
export type { LatencyLimit, LatencyOptions } from './policy/dollar/latency/latency-limit.js'
export type { QualityOptions } from './policy/dollar/quality/quality-options.js'
export type { ReserveMode } from './policy/dollar/settings.js'
export type { AccountStats, LatencyStats, QualityStats } from './policy/dollar/stats.js'
export type { BudgetOptions, RouterOptions } from './policy/options.js'
export type { PacerMode } from './policy/paper/settings.js'
export { DEFAULT_POLICY, POLICY_NAMES, type PolicyName } from './policy/policies.js'
export type { RouteOptions } from './policy/route-options.js'
export type { ModelStanding, Remedies, StandingKind } from './policy/standing.js'
export type { PolicyReport } from './policy/stats.js'
export type { SwitchOptions } from './router/admin.js'
export type { Bill } from './router/bill.js'
export type { BatchOptions, BatchReceipt, BatchResult } from './router/feedback.js'
export { type FitPriorsOptions, fitPriors, type PriorRow } from './router/fit-priors.js'
export type { Cancellation, Failure, Settlement } from './router/given-feedback.js'
export type { JournalStats, Receipt, Recovery } from './router/journal.js'
export { type Quote, quoteBill } from './router/quote.js'
export type { Router } from './router/router.js'
export { usageOf } from './router/run/answer-usage.js'
export { retryAfterOf } from './router/run/retry-after.js'
export type { Run, RunCall, RunCallContext, RunOptions } from './router/run/run-options.js'
export type { ModelStats, PacerStats, RouterStats } from './router/stats.js'
