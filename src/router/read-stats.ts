import type { Model } from '../models/registry.js'
import type { AccountStats, ModelStats, PacerStats, RouterStats } from '../policy/stats.js'
import type { RoutingState } from '../state/routing-state.js'
import type { JournalStats } from './journal.js'

/** What the router has done so far, as plain data. */
export function readStats(state: RoutingState, at: number, journal: JournalStats | null): RouterStats {
  const models = [...state.registry.models]
  const account = state.dollar?.readAccount(null, at) ?? null
  const total = models.reduce((sum, model) => sum + model.requests, 0)
  return {
    requests: state.requests,
    models: models.map((model) => modelStats(model, total)),
    policy: state.dollar === null ? 'paper' : 'dollar',
    pacer: pacerStats(state, account),
    account,
    latency: state.dollar?.readLatency() ?? null,
    quality: state.dollar?.readQuality(at) ?? null,
    tenants: state.dollar?.tenantCount ?? 0,
    pending: { unsettled: state.ledger.unsettled, capacity: state.pending.capacity },
    journal,
    kernel: state.arms.kernel.name,
    dimension: state.arms.kernel.layout.dimension,
  }
}

function modelStats(model: Model, total: number): ModelStats {
  return {
    id: model.id,
    enabled: model.enabled,
    inputUsdPerMTok: model.inputUsdPerMTok,
    outputUsdPerMTok: model.outputUsdPerMTok,
    cachedInputUsdPerMTok: model.cachedInputUsdPerMTok,
    reasoningUsdPerMTok: model.reasoningUsdPerMTok,
    requests: model.requests,
    share: total === 0 ? 0 : model.requests / total,
    settled: model.settled,
    failed: model.failed,
    expired: model.expired,
    spendUsd: model.spendUsd,
    meanCostUsd: model.settled === 0 ? null : model.settledCostUsd / model.settled,
    rewarded: model.rewarded,
    meanReward: model.rewarded === 0 ? null : model.rewardSum / model.rewarded,
    meanLatencyMs: model.latencyCount === 0 ? null : model.latencySumMs / model.latencyCount,
    forcedRemaining: model.forcedRemaining,
    forcedDone: model.forcedDone,
    rewardAlarms: model.rewardAlarms,
    costAlarms: model.costAlarms,
    latencyAlarms: model.latencyAlarms,
  }
}

function pacerStats(state: RoutingState, account: AccountStats | null): PacerStats {
  const { pacer, ledger, dollar } = state
  return {
    usdPerRequest: pacer.usdPerRequest,
    mode: dollar === null ? pacer.mode : null,
    shadowPrice: account?.shadowPrice ?? pacer.shadowPrice,
    costEmaUsd: pacer.costEmaUsd,
    spendUsd: ledger.spendUsd,
    reservedUsd: ledger.reservedUsd,
    allowanceUsd: ledger.allowanceUsd,
    utilisation: ledger.utilisation,
  }
}
