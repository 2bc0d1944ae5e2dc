import { AMOUNT_MAX } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import type { ModelPrice } from '../../models/model.js'
import { untoldSides } from '../../models/usage/usage.js'
import type { Bill } from '../../router/bill.js'
import { type Quote, quoteBill } from '../../router/quote.js'
import type { LoggedCall } from './call.js'

/** A cost of the log and one by price that differ by more than this part of the larger are told. */
export const DIFFERENCE_MAX = 0.05
/** A cost of the log that is this many times the cost by price is likely in another unit: of cents, rounded and at another price, too. */
export const FAR = 50

const FREE: ModelPrice = { inputUsdPerMTok: 0, outputUsdPerMTok: 0 }

/** What a call cost, or why that is not known. */
export interface KnownCost {
  readonly costUsd: number
  readonly from: 'log' | 'prices'
  /** Whether the log and the prices differ by more than `DIFFERENCE_MAX`. */
  readonly differs: boolean
  /** Whether the log has `FAR` times the cost by price, or more. */
  readonly isFar: boolean
  /** Whether the log has tokens that cannot be priced, so that its cost was held against nothing. */
  readonly isUnchecked: boolean
}

type BillLack = 'bad-tokens' | 'half-tokens'
export type CostLack = BillLack | 'bad-cost' | 'no-usage' | 'stream-without-usage' | 'no-price'

/**
 * The log's cost, or that of its tokens at the model's prices where it has none. A cost of 0 beside tokens that have a
 * price is what logs write for models they have no price of, so the price counts. Tokens of one side alone have no price: the
 * other would be free.
 * @param prices null where none are known
 */
export function costOf(
  { costUsd, bill, isStream }: LoggedCall,
  prices: ModelPrice | null,
): KnownCost | CostLack {
  if (costUsd !== null && !(costUsd >= 0 && costUsd <= AMOUNT_MAX)) return 'bad-cost'
  const lack = bill === null ? null : lackOf(bill)
  if (lack !== null && !(costUsd !== null && costUsd > 0)) return lack
  const quoted = bill === null || lack !== null || prices === null ? null : quoteOf(prices, bill)
  const priced = quoted === null ? null : quoted.costUsd
  if (costUsd !== null && (costUsd > 0 || !(priced !== null && priced > 0))) {
    const differs = priced !== null && Math.abs(priced - costUsd) > DIFFERENCE_MAX * Math.max(priced, costUsd)
    const isFar = priced !== null && priced > 0 && costUsd >= FAR * priced
    return { costUsd, from: 'log', differs, isFar, isUnchecked: lack !== null }
  }
  if (priced !== null) {
    return { costUsd: priced, from: 'prices', differs: false, isFar: false, isUnchecked: false }
  }
  if (bill !== null) return 'no-price'
  return isStream ? 'stream-without-usage' : 'no-usage'
}

/** Why tokens cannot be priced. A live router books what is certain of them; a log tells of calls whose cost must be right. */
function lackOf(bill: Bill): BillLack | null {
  const quoted = quoteOf(FREE, bill)
  if (quoted === null || quoted.flags.includes('not-an-amount')) return 'bad-tokens'
  // `1.234` is how a spreadsheet may write 1234.
  if (!Object.values(quoted.tokens ?? {}).every(Number.isInteger)) return 'bad-tokens'
  const { usage, inputTokens, cachedInputTokens, outputTokens } = bill
  if (usage === undefined || usage === null) {
    if ([inputTokens, cachedInputTokens, outputTokens].some((count) => Number.isNaN(count)))
      return 'bad-tokens'
    return typeof inputTokens === 'number' && typeof outputTokens === 'number' ? null : 'half-tokens'
  }
  return untoldSides(usage).length > 0 ? 'half-tokens' : null
}

/** Null for a usage that cannot be read. */
function quoteOf(prices: ModelPrice, bill: Bill): Quote | null {
  try {
    return quoteBill(prices, bill)
  } catch (error) {
    if (error instanceof ParetoBanditError) return null
    throw error
  }
}
