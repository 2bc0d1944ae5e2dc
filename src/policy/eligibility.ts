import { AMOUNT_MAX } from '../base/check.js'
import { expectedCostUsd, freeCostUsd } from '../models/cost-estimate.js'
import { estimatedCostUsd } from '../models/price-list.js'
import type { Model } from '../models/registry.js'
import { triedCostUsd, triedFreeUsd } from '../models/tries.js'
import type { ExclusionReason } from './decision.js'
import type { RouteOptions } from './route-options.js'

/** Tokens that a request is expected to use. */
export interface RequestSize {
  inputTokens: number
  outputTokens: number
}

/** The size a request tells of itself, or its text does, and the router's assumption for the rest. */
export function requestSize(
  options: RouteOptions | null,
  estimatedInput: number | null,
  expectedInput: number,
  expectedOutput: number,
): RequestSize {
  const inputTokens = options?.inputTokens ?? estimatedInput ?? expectedInput
  if (options === null) return { inputTokens, outputTokens: expectedOutput }
  const outputTokens = options.expectedOutputTokens ?? expectedOutput
  return { inputTokens, outputTokens: Math.min(outputTokens, options.maxOutputTokens ?? outputTokens) }
}

/** Dollars of a request of that size at list price. */
export function assumedCostUsd(model: Model, size: RequestSize): number {
  return Math.min(estimatedCostUsd(model.prices, size.inputTokens, size.outputTokens), AMOUNT_MAX)
}

/** Expected dollars of a request of that size on a model. */
export function expectedModelCostUsd(model: Model, size: RequestSize): number {
  const listUsd = assumedCostUsd(model, size)
  if (listUsd === 0) return unlistedCostUsd(model)
  return Math.min(expectedCostUsd(model, listUsd), AMOUNT_MAX)
}

/** Expected dollars of a request whose list cost is 0: nothing, unless its model has no price and costs all the same. */
export function unlistedCostUsd(model: Model): number {
  return isFree(model) ? freeCostUsd(model) : 0
}

/** What a try of a model is expected to cost, of that size. @param age of what is known, as in `ageInPauses` */
export function triedModelCostUsd(model: Model, size: RequestSize, age: number): number {
  const listUsd = assumedCostUsd(model, size)
  return listUsd === 0 ? triedUnlistedUsd(model, age) : triedCostUsd(model, listUsd, age)
}

/** The same where the list cost is 0. */
export function triedUnlistedUsd(model: Model, age: number): number {
  return isFree(model) ? triedFreeUsd(model, age) : 0
}

/** Whether a model has no price. */
export function isFree(model: Model): boolean {
  return model.blendedUsdPerKTok === 0
}

/** What a policy expects a request of that size to cost on a model, USD. */
export type CostEstimate = (model: Model, size: RequestSize) => number

/** The same of a try. @param age of what is known, as in `ageInPauses` */
export type TryEstimate = (model: Model, size: RequestSize, age: number) => number

/** Why a request's own options rule a model out, or null when they do not. */
export function exclusionReason(
  model: Model,
  options: RouteOptions | null,
  size: RequestSize,
  estimate: CostEstimate = expectedModelCostUsd,
): ExclusionReason | null {
  if (!model.enabled) return 'disabled'
  if (options === null) return null
  const { candidates, exclude, maxCostUsd } = options
  if (candidates !== undefined && !candidates.includes(model.id)) return 'not-a-candidate'
  if (exclude?.includes(model.id)) return 'excluded'
  if (maxCostUsd !== undefined && estimate(model, size) > maxCostUsd) return 'over-max-cost'
  return isTooSlow(model, options) ? 'over-max-latency' : null
}

/** Whether its recent latencies are over what the request allows. */
export function isTooSlow(model: Model, { maxLatencyMs }: RouteOptions): boolean {
  return maxLatencyMs !== undefined && model.recentLatencies > 0 && model.recentLatencyMs > maxLatencyMs
}
