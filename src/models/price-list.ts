import type { ResolvedModelPrice, ResolvedTokenPrices } from './model.js'
import { discountName, type ServiceTier } from './service-tier.js'
import { TOKEN_KINDS, type TokenAmounts, type TokenKinds } from './token-kinds.js'

/** The prices of one tier, by the places of kinds in the table. */
interface PriceTier {
  /** A request with more input tokens than this is priced by it, if no later tier does. -1 for the first. */
  readonly aboveInputTokens: number
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
  /** What each kind is charged, USD per million tokens. */
  readonly usdPerMTok: readonly number[]
  /** Whether a kind has no price and is charged the dearest of its side. */
  readonly isUnpriced: readonly boolean[]
  readonly dearestInputUsdPerMTok: number
  readonly dearestOutputUsdPerMTok: number
}

/** A model's price, worked out for pricing: it never changes, and many requests share one. */
export interface PriceList {
  /** As events and snapshots keep it. */
  readonly price: ResolvedModelPrice
  /** The same as JSON: equal for equal prices. */
  readonly text: string
  /** That of short requests, then those above rising bounds. */
  readonly tiers: readonly PriceTier[]
  readonly kinds: TokenKinds
}

/** @param price as `checkModelPrice` gives it */
export function priceListOf(price: ResolvedModelPrice, kinds = TOKEN_KINDS): PriceList {
  const tiers = [
    tierOf(price, -1, kinds),
    ...(price.tiers ?? []).map((tier) => tierOf(tier, tier.aboveInputTokens, kinds)),
  ]
  return Object.freeze({ price, text: JSON.stringify(price), tiers: Object.freeze(tiers), kinds })
}

function tierOf(prices: ResolvedTokenPrices, aboveInputTokens: number, kinds: TokenKinds): PriceTier {
  const given = prices as Readonly<Record<string, number | undefined>>
  const dearest = { input: 0, output: 0 }
  for (const { side, priceName } of kinds.kinds) {
    dearest[side] = Math.max(dearest[side], given[priceName] ?? 0)
  }
  return Object.freeze({
    aboveInputTokens,
    inputUsdPerMTok: prices.inputUsdPerMTok,
    outputUsdPerMTok: prices.outputUsdPerMTok,
    usdPerMTok: Object.freeze(kinds.kinds.map(({ side, priceName }) => given[priceName] ?? dearest[side])),
    isUnpriced: Object.freeze(kinds.kinds.map(({ priceName }) => given[priceName] === undefined)),
    dearestInputUsdPerMTok: dearest.input,
    dearestOutputUsdPerMTok: dearest.output,
  })
}

/** The tier that prices a request of `inputTokens`: all of it, its output included. */
export function tierAt({ tiers }: PriceList, inputTokens: number): PriceTier {
  let i = tiers.length - 1
  while (i > 0 && !(inputTokens > tiers[i].aboveInputTokens)) i--
  return tiers[i]
}

/**
 * Dollars of a request's tokens: each part of a side at its own price, the rest at the side's, less the discount of how
 * it was served. At equal prices a split changes no bit of the cost.
 * @param amounts parts are disjoint and together no more than their side
 */
export function tokensCostUsd(
  list: PriceList,
  amounts: TokenAmounts,
  serviceTier: ServiceTier | null = null,
): number {
  const { kinds, input, output } = list.kinds
  const { usdPerMTok } = tierAt(list, amounts[input.index])
  let restInput = amounts[input.index]
  let restOutput = amounts[output.index]
  let apartInput = 0
  let apartOutput = 0
  for (let i = 0; i < kinds.length; i++) {
    const tokens = amounts[i]
    if (tokens === 0 || i === input.index || i === output.index) continue
    const { whole } = kinds[i]
    const price = usdPerMTok[i]
    if (price === usdPerMTok[whole]) continue
    if (whole === input.index) {
      restInput -= tokens
      apartInput += tokens * price
    } else {
      restOutput -= tokens
      apartOutput += tokens * price
    }
  }
  // Fractions of tokens may add up to a hair more than their whole.
  const inputCost = Math.max(restInput, 0) * usdPerMTok[input.index] + apartInput
  const outputCost = Math.max(restOutput, 0) * usdPerMTok[output.index] + apartOutput
  const usd = (inputCost + outputCost) / 1e6
  const discount = serviceTier === null ? 0 : (list.price[discountName(serviceTier)] ?? 0)
  return discount === 0 ? usd : usd * (1 - discount)
}

/** Dollars of a request as it is estimated: nothing is known of kinds of tokens yet. */
export function estimatedCostUsd(list: PriceList, inputTokens: number, outputTokens: number): number {
  const { inputUsdPerMTok, outputUsdPerMTok } = tierAt(list, inputTokens)
  return (inputTokens * inputUsdPerMTok + outputTokens * outputUsdPerMTok) / 1e6
}

/** The most that this many tokens, or fewer, can cost at list price, whatever kinds they turn out to be, USD. No discount. */
export function dearestCostUsd({ tiers }: PriceList, inputTokens: number, outputTokens: number): number {
  let usd = 0
  for (const [i, { dearestInputUsdPerMTok, dearestOutputUsdPerMTok, aboveInputTokens }] of tiers.entries()) {
    if (i > 0 && !(inputTokens > aboveInputTokens)) break
    // A shorter prompt may be in a tier that is dearer, as long as it has as many tokens as that goes up to.
    const most = Math.min(inputTokens, tiers[i + 1]?.aboveInputTokens ?? inputTokens)
    usd = Math.max(usd, (most * dearestInputUsdPerMTok + outputTokens * dearestOutputUsdPerMTok) / 1e6)
  }
  return usd
}
