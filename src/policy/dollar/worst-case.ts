import { AMOUNT_MAX } from '../../base/check.js'
import { expected } from '../../base/errors.js'
import { dearestCostUsd } from '../../models/price-list.js'
import type { Model } from '../../models/registry.js'
import type { RouteOptions } from '../route-options.js'

/**
 * The most that a request can cost on a model, USD: its prompt and as many answer tokens as it may get, each at the
 * dearest price of its side in the tier that the prompt reaches.
 */
export function worstCaseCostUsd(model: Model, options: RouteOptions | null): number {
  const { inputTokens = 0, maxInputTokens = inputTokens, maxOutputTokens = 0 } = options ?? {}
  return Math.min(dearestCostUsd(model.prices, maxInputTokens, maxOutputTokens), AMOUNT_MAX)
}

/** What `reserve: 'worst-case'` must know of every request. @throws INVALID_ARGUMENT */
export function checkSizes(request: RouteOptions): void {
  for (const key of ['inputTokens', 'maxOutputTokens'] as const) {
    if (request[key] === undefined)
      throw expected('INVALID_ARGUMENT', key, "a number of tokens, for reserve 'worst-case'", undefined)
  }
}
