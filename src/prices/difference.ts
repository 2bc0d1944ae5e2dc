import { numberOf } from '../base/json.js'
import type { ResolvedModelPrice } from '../models/model.js'
import { DISCOUNT_NAMES } from '../models/service-tier.js'
import { TOKEN_KINDS } from '../models/token-kinds.js'

/** A price that is another than the one in force. */
export interface PriceDifference {
  /** Id of the model here. */
  readonly model: string
  /** Name of the price: `cachedInputUsdPerMTok`, `batchDiscount`. */
  readonly price: string
  /** Of requests with more input tokens than this; null: of all. */
  readonly aboveInputTokens: number | null
  /** USD per million tokens, or the share of a discount. Null: it had no price. */
  readonly before: number | null
  /** Null: it has no price now. */
  readonly after: number | null
  /** `after / before`; null where one of them is 0 or not there. */
  readonly times: number | null
}

type Prices = Readonly<Record<string, unknown>>

/** All prices that differ, in the order of the kinds of tokens. @param before null: the model has none yet */
export function differencesOf(
  model: string,
  before: ResolvedModelPrice | null,
  after: ResolvedModelPrice,
): PriceDifference[] {
  const rows: PriceDifference[] = []
  const compare = (names: readonly string[], above: number | null, was: Prices, is: Prices): void => {
    for (const price of names) {
      const [a, b] = [numberOf(was[price]), numberOf(is[price])]
      if (a === b) continue
      const times = a === null || b === null || a === 0 || b === 0 ? null : b / a
      rows.push({ model, price, aboveInputTokens: above, before: a, after: b, times })
    }
  }
  const { priceNames } = TOKEN_KINDS
  compare([...priceNames, ...DISCOUNT_NAMES], null, before ?? {}, after)
  const tiersOf = (price: ResolvedModelPrice | null) =>
    new Map((price?.tiers ?? []).map((tier) => [tier.aboveInputTokens, tier]))
  const [old, next] = [tiersOf(before), tiersOf(after)]
  for (const bound of [...new Set([...old.keys(), ...next.keys()])].sort((a, b) => a - b))
    compare(priceNames, bound, old.get(bound) ?? {}, next.get(bound) ?? {})
  return rows
}
