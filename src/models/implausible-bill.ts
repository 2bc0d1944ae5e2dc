import { isImplausible } from './cost-estimate.js'
import type { PriceList } from './price-list.js'
import { listCostOf, type TokensByKind } from './token-counts.js'
import { BILL_FIRST_COUNT, BILL_TOLD_RATIO, BILL_USUAL_RATIO } from './tuning.js'
import type { UsageFlag } from './usage/flags.js'

interface TellableBill {
  readonly costUsd: number
  readonly tokens: TokensByKind | null
  readonly usageFlags: readonly UsageFlag[] | null
}

/**
 * Whether a bill is more likely a mistake than a cost, so that somebody should look into it: far beyond what its own tokens
 * cost at list price; where it tells none, beyond what the tokens that were assumed cost; and beyond anything at all.
 * @param usualUsd the list cost of the tokens that were assumed
 * @param model what its bills before came to
 */
export function isWorthTelling(
  { costUsd, tokens, usageFlags }: TellableBill,
  usualUsd: number,
  prices: PriceList,
  model: { readonly settled: number; readonly settledCostUsd: number },
): boolean {
  if (costUsd <= BILL_USUAL_RATIO * usualUsd) return false
  if (isImplausible(costUsd, usualUsd, model)) return true
  // Searches and the like are charged by the request.
  if (usageFlags?.includes('other-charges') === true) return false
  const tokensUsd = tokens === null ? 0 : listCostOf(prices, tokens)
  if (tokensUsd > 0) return costUsd >= BILL_TOLD_RATIO * tokensUsd
  return model.settled < BILL_FIRST_COUNT && costUsd > BILL_TOLD_RATIO * usualUsd
}
