import { checkRecord } from '../base/check.js'
import { readOnce } from '../base/read-once.js'
import {
  checkGivenPrice,
  type ModelPrice,
  priceOf as pricesIn,
  type ResolvedModelPrice,
} from '../models/model.js'
import { priceListOf } from '../models/price-list.js'
import type { TokensByKind } from '../models/token-counts.js'
import { BillRemarks, type UsageFlag } from '../models/usage/flags.js'
import { type Bill, priceOf, readBill, tellsCost } from './bill.js'

/** What a bill would be booked as. */
export interface Quote {
  /** USD; null where the bill tells no cost. */
  readonly costUsd: number | null
  /** Each token in one kind alone; null where the bill tells none. */
  readonly tokens: TokensByKind | null
  /** What is wrong with its usage. */
  readonly flags: readonly UsageFlag[]
}

/**
 * What a bill comes to at a model's prices, as `settle` would read it. Nothing is booked.
 * @param model its prices, USD per million tokens; other fields are not read, so `stats().models[i]` will do
 * @throws INVALID_ARGUMENT for prices, those of one token too, and for a usage that cannot be read
 */
export function quoteBill(model: ModelPrice, bill: Bill): Quote {
  const prices = checkGivenPrice(
    pricesIn(checkRecord(readOnce(model, 'model'), 'model') as unknown as ResolvedModelPrice),
    'model',
  )
  const own = checkRecord(readOnce<unknown>(bill, 'bill'), 'bill')
  const given = readBill(own, 'bill', new BillRemarks(false))
  const priced = priceOf(given, priceListOf(prices), 0)
  return {
    costUsd: tellsCost(given) ? priced.costUsd : null,
    tokens: given.tokens,
    flags: priced.usageFlags ?? [],
  }
}
