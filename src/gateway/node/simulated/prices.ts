import { plainInput, plainOutput, type TokenUse } from './tokens.js'

/** Prices of every kind of tokens, USD per million. The names are those of the library: tests configure it from these. */
export interface KindPrices {
  readonly inputUsdPerMTok: number
  readonly cachedInputUsdPerMTok: number
  readonly cacheWrite5mUsdPerMTok: number
  readonly cacheWrite1hUsdPerMTok: number
  readonly audioInputUsdPerMTok: number
  readonly imageInputUsdPerMTok: number
  readonly outputUsdPerMTok: number
  readonly reasoningUsdPerMTok: number
  readonly audioOutputUsdPerMTok: number
}

export interface UpstreamPrices extends KindPrices {
  /** Price lists of requests with more input tokens than this, in rising order. */
  readonly tiers?: readonly (KindPrices & { readonly aboveInputTokens: number })[]
  /** Share that is taken off a request that was served as flex. */
  readonly flexDiscount?: number
  readonly batchDiscount?: number
}

export type ServiceTier = 'default' | 'flex' | 'batch'

/** All kinds differ by no common factor, so that no mix-up of two of them cancels out. */
export function pricesOf(inputUsdPerMTok: number, outputUsdPerMTok: number): KindPrices {
  return {
    inputUsdPerMTok,
    cachedInputUsdPerMTok: inputUsdPerMTok * 0.1,
    cacheWrite5mUsdPerMTok: inputUsdPerMTok * 1.25,
    cacheWrite1hUsdPerMTok: inputUsdPerMTok * 2,
    audioInputUsdPerMTok: inputUsdPerMTok * 7,
    imageInputUsdPerMTok: inputUsdPerMTok * 1.7,
    outputUsdPerMTok,
    reasoningUsdPerMTok: outputUsdPerMTok * 1.3,
    audioOutputUsdPerMTok: outputUsdPerMTok * 5.3,
  }
}

/** What the simulated upstream serves, and what it asks for it. Tests take the gateway's prices from here. */
export const PRICES: Readonly<Record<string, UpstreamPrices>> = {
  'sim-small': { ...pricesOf(0.15, 0.6), flexDiscount: 0.5 },
  'sim-middle': { ...pricesOf(1.1, 4.4), flexDiscount: 0.5, batchDiscount: 0.5 },
  'sim-large': {
    ...pricesOf(5, 15),
    tiers: [{ aboveInputTokens: 200_000, ...pricesOf(10, 22.5) }],
  },
  'sim-claude': pricesOf(3, 15),
  'sim-embed': pricesOf(0.02, 0),
}

/**
 * What a request costs, USD: every token at the price of its kind, in the tier of its input, less the discount. Written
 * apart from the library's own arithmetic, which it checks.
 */
export function costUsd(use: TokenUse, prices: UpstreamPrices, serviceTier: ServiceTier = 'default'): number {
  let list: KindPrices = prices
  for (const tier of prices.tiers ?? []) if (use.input > tier.aboveInputTokens) list = tier
  const usdTimesMillion =
    plainInput(use) * list.inputUsdPerMTok +
    use.cachedInput * list.cachedInputUsdPerMTok +
    use.cacheWrite5m * list.cacheWrite5mUsdPerMTok +
    use.cacheWrite1h * list.cacheWrite1hUsdPerMTok +
    use.audioInput * list.audioInputUsdPerMTok +
    use.imageInput * list.imageInputUsdPerMTok +
    plainOutput(use) * list.outputUsdPerMTok +
    use.reasoning * list.reasoningUsdPerMTok +
    use.audioOutput * list.audioOutputUsdPerMTok
  const discount = { default: 0, flex: prices.flexDiscount ?? 0, batch: prices.batchDiscount ?? 0 }
  return (usdTimesMillion / 1e6) * (1 - discount[serviceTier])
}
