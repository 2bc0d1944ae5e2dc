import { AMOUNT_MAX } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import type { ModelPrice } from '../../models/model.js'
import { quoteBill } from '../../router/quote.js'
import type { LoggedCall } from './call.js'

/** A cost of the log and one by price that differ by more than this part of the larger are told. */
export const DIFFERENCE_MAX = 0.05

/** What a call cost, or why that is not known. */
export interface KnownCost {
  readonly costUsd: number
  readonly from: 'log' | 'prices'
  /** Whether the log and the prices differ by more than `DIFFERENCE_MAX`. */
  readonly differs: boolean
}

export type CostLack = 'bad-cost' | 'no-usage' | 'stream-without-usage' | 'no-price'

/**
 * The log's cost, or that of its tokens at the model's prices where it has none. A cost of 0 beside tokens that have a
 * price is what logs write for models they have no price of, so the price counts.
 * @param prices null where none are known
 */
export function costOf(
  { costUsd, bill, isStream }: LoggedCall,
  prices: ModelPrice | null,
): KnownCost | CostLack {
  if (costUsd !== null && !(costUsd >= 0 && costUsd <= AMOUNT_MAX)) return 'bad-cost'
  const priced = bill === null || prices === null ? null : pricedAt(prices, bill)
  if (costUsd !== null && (costUsd > 0 || !(priced !== null && priced > 0))) {
    const differs = priced !== null && Math.abs(priced - costUsd) > DIFFERENCE_MAX * Math.max(priced, costUsd)
    return { costUsd, from: 'log', differs }
  }
  if (priced !== null) return { costUsd: priced, from: 'prices', differs: false }
  if (bill !== null) return 'no-price'
  return isStream ? 'stream-without-usage' : 'no-usage'
}

/** Null for a usage that cannot be read. */
function pricedAt(prices: ModelPrice, bill: NonNullable<LoggedCall['bill']>): number | null {
  try {
    return quoteBill(prices, bill).costUsd
  } catch (error) {
    if (error instanceof ParetoBanditError) return null
    throw error
  }
}
