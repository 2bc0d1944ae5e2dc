import { AMOUNT_MAX } from '../base/check.js'
import type { CostRecord } from './cost-estimate.js'
import { estimatedCostUsd, type PriceList } from './price-list.js'
import { listCostOf } from './token-counts.js'
import { type AssumedTokens, meanAssumed, meanTokens, type TokenMix } from './token-mix.js'
import { COST_MEMORY_REQUESTS, REPRICE_RATIO_MAX } from './tuning.js'

/** No price is a larger multiple of another: keeps products finite. */
const LISTED_MAX = 1e15

/** What is known of a model's costs, at its prices now. */
export interface PricedRecord extends CostRecord {
  readonly prices: PriceList
  readonly tokenMix: TokenMix
  readonly settled: number
}

/** What a change of prices makes of what was learned of a model's costs. */
export interface RepriceScale {
  /** Factors of what its requests cost, and of that over their list cost; 1 where it has or had no price. */
  readonly cost: number
  readonly ratio: number
  readonly isFree: boolean
  readonly wasFree: boolean
  /** A request as its requests were is now this much at list price, USD. */
  readonly listUsd: number
  /** What they cost over that by the tokens that they had; null where no bill has told any. */
  readonly knownRatio: number | null
}

/**
 * By the tokens that requests had, and those that were assumed of them: a price that changes on one side alone changes both, each
 * by another factor.
 * @param from prices before
 * @param usual what is assumed of a request that tells nothing of itself
 */
export function repriceScale(
  { prices, tokenMix }: PricedRecord,
  from: PriceList,
  usual: AssumedTokens,
): RepriceScale {
  const { inputTokens, outputTokens } = meanAssumed(tokenMix, from, usual)
  const listUsd = estimatedCostUsd(prices, inputTokens, outputTokens)
  const listBeforeUsd = estimatedCostUsd(from, inputTokens, outputTokens)
  const tokens = meanTokens(tokenMix)
  const costUsd = tokens === null ? 0 : listCostOf(prices, tokens)
  const costBeforeUsd = tokens === null ? 0 : listCostOf(from, tokens)
  const knownRatio = costUsd > 0 && listUsd > 0 ? bounded(costUsd / listUsd) : null
  const isFree = listUsd === 0
  const wasFree = listBeforeUsd === 0
  if (isFree || wasFree) return { cost: 1, ratio: 1, isFree, wasFree, listUsd, knownRatio }
  const listed = Math.min(Math.max(listUsd / listBeforeUsd, 1 / LISTED_MAX), LISTED_MAX)
  const ratio = knownRatio === null || costBeforeUsd === 0 ? 1 : bounded(costUsd / costBeforeUsd / listed)
  return { cost: listed * ratio, ratio, isFree, wasFree, listUsd, knownRatio }
}

/** The sums of a model's costs as they would be if its requests had cost what they do now. */
export function rescaleCosts(
  model: PricedRecord & { usualCostRatio: number },
  { cost, ratio, isFree, wasFree, listUsd, knownRatio }: RepriceScale,
): void {
  // Of a model without a price nothing is asked but what it has cost without one.
  if (isFree) return
  if (wasFree && knownRatio !== null) {
    model.assumedUsd = Math.min(model.tokenMix.bills * listUsd, AMOUNT_MAX)
    model.realisedUsd = model.predictedUsd = Math.min(model.assumedUsd * knownRatio, AMOUNT_MAX)
    model.usualCostRatio = knownRatio
    return
  }
  // Without a price their dollars were those of a price before it: as many requests at the one now.
  const requests = Math.min(model.settled, COST_MEMORY_REQUESTS)
  const factor = wasFree && model.assumedUsd > 0 ? (requests * listUsd) / model.assumedUsd : cost
  model.realisedUsd = Math.min(model.realisedUsd * factor, AMOUNT_MAX)
  model.predictedUsd = Math.min(model.predictedUsd * factor, AMOUNT_MAX)
  model.assumedUsd = Math.min(model.assumedUsd * (factor / ratio), AMOUNT_MAX)
  model.usualCostRatio = Math.min(model.usualCostRatio * ratio, REPRICE_RATIO_MAX)
}

/** How many times what it cost at those prices a request of the model costs now; 0 where it cost nothing. */
export function costAgainst({ prices, tokenMix }: PricedRecord, then: PriceList): number {
  const tokens = meanTokens(tokenMix) ?? { input: 1, output: 1 }
  const thenUsd = listCostOf(then, tokens)
  return thenUsd === 0 ? 0 : listCostOf(prices, tokens) / thenUsd
}

function bounded(ratio: number): number {
  return Math.min(Math.max(ratio, 1 / REPRICE_RATIO_MAX), REPRICE_RATIO_MAX)
}
