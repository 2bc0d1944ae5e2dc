import type { LoggedEvent } from '../../src/events/events.js'

/** A routed event with every field in use. */
export function routedEvent(
  id: string,
  changes: Partial<LoggedEvent & { type: 'routed' }> = {},
): LoggedEvent {
  return {
    type: 'routed',
    at: 1_700_000_000_000,
    id,
    model: 'meta-llama/llama-3.1-8b-instruct',
    context: Float64Array.from({ length: 26 }, (_, i) => Math.sin(i)),
    reservedUsd: 1e-4,
    listCostUsd: 2e-4,
    score: 0.8,
    penaltyWeight: 12.5,
    forced: false,
    canary: false,
    triesCost: false,
    inputTokens: null,
    triesLatency: false,
    alone: false,
    triedLimitUsd: null,
    triedLimitMs: null,
    predictedUsd: 9e-5,
    savedUsd: 0,
    contenders: Float64Array.of(0, 0.8, 1e-4, 1, 0.9, 5e-4, 2, 0.92, 0.015),
    latencyPrice: 0,
    latencyUse: -1,
    uses: new Float64Array(0),
    tenant: null,
    infeasible: [],
    propensity: 1,
    eligible: [],
    ...changes,
  }
}

/** Small events of two kinds, numbered, that a store need not understand. */
export function rewardedEvent(id: string, reward: number): LoggedEvent {
  return { type: 'rewarded', at: 1_700_000_000_000 + reward, id, model: 'large', reward }
}
