import type { Model } from '../models/registry.js'
import type { PolicyName } from '../policy/policies.js'
import { type ModelStanding, notChosen, plainStanding } from '../policy/standing.js'
import type { PolicyReport } from '../policy/stats.js'
import type { RoutingState } from '../state/routing-state.js'
import type { JournalStats } from './journal.js'
import type { ModelStats, RouterStats } from './stats.js'

/** What the router has done so far, as plain data. @param report what the policy says of itself */
export function readStats(
  state: RoutingState,
  report: PolicyReport,
  journal: JournalStats | null,
  pendingTtlMs: number,
): RouterStats {
  const models = [...state.registry.models]
  const total = models.reduce((sum, model) => sum + model.requests, 0)
  const {
    shadowPrice,
    mode = null,
    penaltyUnit = 'usd',
    account = null,
    latency = null,
    quality = null,
    tenants = 0,
    standings,
    ...more
  } = report
  const { cost, ledger } = state
  return {
    ...more,
    requests: state.requests,
    models: models.map((model) => modelStats(model, total, state, standings?.get(model.id))),
    policy: state.policyName as PolicyName,
    pacer: {
      usdPerRequest: cost.usdPerRequest,
      mode,
      shadowPrice,
      penaltyUnit,
      costEmaUsd: cost.meanUsd,
      spendUsd: ledger.spendUsd,
      reservedUsd: ledger.reservedUsd,
      allowanceUsd: ledger.allowanceUsd,
      utilisation: ledger.utilisation,
    },
    account,
    latency,
    quality,
    tenants,
    pending: { unsettled: state.ledger.unsettled, capacity: state.pending.capacity },
    pendingTtlMs,
    journal,
    kernel: state.arms.kernel.name,
    dimension: state.arms.kernel.layout.dimension,
  }
}

function modelStats(
  model: Model,
  total: number,
  state: RoutingState,
  standing: ModelStanding | undefined,
): ModelStats {
  const { rewards, registry } = state
  const meanReward = model.rewarded === 0 ? null : model.rewardSum / model.rewarded
  return {
    id: model.id,
    enabled: model.enabled,
    disabledBy: model.disabledBy,
    draining: registry.draining.has(model),
    ...model.prices.price,
    requests: model.requests,
    share: total === 0 ? 0 : model.requests / total,
    settled: model.settled,
    failed: model.failed,
    expired: model.expired,
    spendUsd: model.spendUsd,
    meanCostUsd: model.settled === 0 ? null : model.settledCostUsd / model.settled,
    rewarded: model.rewarded,
    meanReward: meanReward === null ? null : (rewards?.toUser(meanReward) ?? meanReward),
    meanLatencyMs: model.latencyCount === 0 ? null : model.latencySumMs / model.latencyCount,
    forcedRemaining: model.forcedRemaining,
    forcedDone: model.forcedDone,
    rewardAlarms: model.rewardAlarms,
    costAlarms: model.costAlarms,
    latencyAlarms: model.latencyAlarms,
    unpricedTokens: model.unpricedTokens,
    flaggedUsages: model.flaggedUsages,
    cancelled: model.cancelled,
    lateBills: model.lateBills,
    implausibleBills: model.implausibleBills,
    correctedBills: model.correctedBills,
    isAvailable: model.trips === 0,
    standing: standing ?? plainStanding(model, state) ?? notChosen(model, state),
    failureShare: model.failureShare,
    outages: model.outages,
    meanFailureLatencyMs:
      model.failureLatencyCount === 0 ? null : model.failureLatencySumMs / model.failureLatencyCount,
  }
}
