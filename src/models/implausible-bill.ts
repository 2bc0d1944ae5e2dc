import { isImplausible } from './cost-estimate.js'
import type { PriceList } from './price-list.js'
import { listCostOf, type TokensByKind } from './token-counts.js'
import type { UsageFlag } from './usage/flags.js'

/** Up to this many times its list cost no bill is looked into. */
const USUAL_RATIO = 10
/** A bill of more than this many times the list cost of its tokens is told: cents for dollars are 50 to 100. */
const TOLD_RATIO = 40
/** First bills of a model that are held against its list price alone: they say themselves what the model costs. */
const FIRST_BILLS = 8

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
  if (costUsd <= USUAL_RATIO * usualUsd) return false
  if (isImplausible(costUsd, usualUsd, model)) return true
  // Searches and the like are charged by the request.
  if (usageFlags?.includes('other-charges') === true) return false
  const tokensUsd = tokens === null ? 0 : listCostOf(prices, tokens)
  if (tokensUsd > 0) return costUsd >= TOLD_RATIO * tokensUsd
  return model.settled < FIRST_BILLS && costUsd > TOLD_RATIO * usualUsd
}
