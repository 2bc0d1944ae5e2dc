import { AMOUNT_MAX } from '../base/check.js'
import { expectedCostUsd } from '../models/cost-estimate.js'
import { estimatedCostUsd } from '../models/price-list.js'
import type { Model } from '../models/registry.js'
import type { ExclusionReason } from './decision.js'
import type { RouteOptions } from './route-options.js'

/** Tokens that a request is expected to use. */
export interface RequestSize {
  inputTokens: number
  outputTokens: number
}

/** The size a request tells of itself, and the router's assumption for the rest. */
export function requestSize(
  options: RouteOptions | null,
  expectedInput: number,
  expectedOutput: number,
): RequestSize {
  if (options === null) return { inputTokens: expectedInput, outputTokens: expectedOutput }
  return {
    inputTokens: options.inputTokens ?? expectedInput,
    outputTokens: Math.min(expectedOutput, options.maxOutputTokens ?? expectedOutput),
  }
}

/** Dollars of a request of that size at list price. */
export function assumedCostUsd(model: Model, size: RequestSize): number {
  return Math.min(estimatedCostUsd(model.prices, size.inputTokens, size.outputTokens), AMOUNT_MAX)
}

/** Expected dollars of a request of that size on a model. */
export function expectedModelCostUsd(model: Model, size: RequestSize): number {
  // A list price of 0 can be scaled by nothing: then what it has cost so far speaks alone.
  if (model.blendedUsdPerKTok === 0 && model.settled > 0) return model.settledCostUsd / model.settled
  return Math.min(expectedCostUsd(model, assumedCostUsd(model, size)), AMOUNT_MAX)
}

/** What a policy expects a request of that size to cost on a model, USD. */
export type CostEstimate = (model: Model, size: RequestSize) => number

/** Why a request's own options rule a model out, or null when they do not. */
export function exclusionReason(
  model: Model,
  options: RouteOptions | null,
  size: RequestSize,
  estimate: CostEstimate = expectedModelCostUsd,
): ExclusionReason | null {
  if (!model.enabled) return 'disabled'
  if (options === null) return null
  const { candidates, exclude, maxCostUsd, maxLatencyMs } = options
  if (candidates !== undefined && !candidates.includes(model.id)) return 'not-a-candidate'
  if (exclude?.includes(model.id)) return 'excluded'
  if (maxCostUsd !== undefined && estimate(model, size) > maxCostUsd) return 'over-max-cost'
  if (maxLatencyMs !== undefined && model.latencyCount > 0) {
    if (model.latencySumMs / model.latencyCount > maxLatencyMs) return 'over-max-latency'
  }
  return null
}
