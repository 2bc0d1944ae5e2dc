import { checkAmount, checkEach, checkKeys, checkPositive, checkRecord, checkString } from '../base/check.js'
import { expected, expectedGot, ParetoBanditError } from '../base/errors.js'
import { isPerToken, perTokenText, USD_PER_MTOK_MIN } from '../base/price-unit.js'
import { DISCOUNT_NAMES, type DiscountName } from './service-tier.js'
import {
  type DefaultedPriceName,
  type OpenPriceName,
  type RequiredPriceName,
  TOKEN_KINDS,
  type TokenKinds,
  type TokenPriceName,
} from './token-kinds.js'

/**
 * A price for each kind of tokens, USD per million; 0 is allowed. Input and output are required. Cached input costs what
 * input costs and reasoning what output costs if they are left out; any other kind that is left out is charged at the
 * dearest price given on its side, and reported. docs/TOKENS.md lists the kinds.
 */
export type TokenPrices = { readonly [P in RequiredPriceName]: number } & {
  readonly [P in Exclude<TokenPriceName, RequiredPriceName>]?: number | undefined
}

/** Prices with those filled in that have a default. */
export type ResolvedTokenPrices = { readonly [P in RequiredPriceName | DefaultedPriceName]: number } & {
  readonly [P in OpenPriceName]?: number
}

/** What is charged instead, for all its tokens, of a request with more input tokens than `aboveInputTokens`. */
export type TierSpec = TokenPrices & { readonly aboveInputTokens: number }
type ResolvedTierSpec = ResolvedTokenPrices & { readonly aboveInputTokens: number }

/** The prices of a model. One that is left out takes its default, also where prices are replaced. */
export type ModelPrice = TokenPrices & {
  /**
   * Price lists of long requests, in rising order of `aboveInputTokens`. The last one whose bound lies below the input
   * tokens of a request, cached ones included, prices the whole of it. A tier is complete: what it leaves out takes its
   * default from the tier.
   */
  readonly tiers?: readonly TierSpec[] | undefined
} & {
  /** Share of the cost that is taken off a request served that way, in [0, 1). Default 0. */
  readonly [D in DiscountName]?: number | undefined
}

/** A model as its operator describes it. The one unit of price is USD per million tokens. */
export type ModelSpec = ModelPrice & {
  /** Any non-empty text, unique in a router. */
  readonly id: string
}

/** A model's prices with defaults filled in: what state and events keep. */
export type ResolvedModelPrice = ResolvedTokenPrices & {
  readonly tiers?: readonly ResolvedTierSpec[]
} & { readonly [D in DiscountName]?: number }

/** A model with its prices, defaults filled in. */
export type ResolvedModelSpec = ResolvedModelPrice & { readonly id: string }

/** Ends of the logarithmic price scale, USD per 1,000 tokens (the paper's market bounds). */
const LOG_COST_LOW = 1e-4
const LOG_COST_HIGH = 0.1

const TIERS = 'tiers'
const ABOVE = 'aboveInputTokens'

/** The fields of a model's price, in the order that events and snapshots keep them. */
function priceKeys({ priceNames }: TokenKinds): string[] {
  return [...priceNames, TIERS, ...DISCOUNT_NAMES]
}

/** Fields of a model's price that this release knows. */
export const PRICE_KEYS: readonly string[] = priceKeys(TOKEN_KINDS)

function tierKeys({ priceNames }: TokenKinds): string[] {
  return [ABOVE, ...priceNames]
}

/** The same of a tier. */
export const TIER_KEYS: readonly string[] = tierKeys(TOKEN_KINDS)

/**
 * A model's description, defaults filled in. The prices of input and output are both required.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION naming the field
 */
export function checkModelSpec(value: unknown, field: string, kinds = TOKEN_KINDS): ResolvedModelSpec {
  const record = checkRecord(value, field)
  checkKeys(record, ['id', ...priceKeys(kinds)], field)
  const id = checkString(record.id, `${field}.id`)
  return Object.freeze({ id, ...readPrice(record, field, kinds) })
}

/** Prices, those of input and output both present, the others filled in. @throws as `checkModelSpec` */
export function checkModelPrice(value: unknown, field: string, kinds = TOKEN_KINDS): ResolvedModelPrice {
  const record = checkRecord(value, field)
  checkKeys(record, priceKeys(kinds), field)
  return Object.freeze(readPrice(record, field, kinds))
}

/** The price alone of something that has more fields, in the order that events keep it: equal prices make equal JSON. */
export function priceOf(model: ResolvedModelPrice, kinds = TOKEN_KINDS): ResolvedModelPrice {
  const record = model as Readonly<Record<string, unknown>>
  const fields = priceKeys(kinds).filter((key) => record[key] !== undefined)
  return Object.fromEntries(fields.map((key) => [key, record[key]])) as ResolvedModelPrice
}

/** Prices that somebody gives now: none is that of one token. @throws as `checkModelPrice` and `refusePerToken` */
export function checkGivenPrice(value: unknown, field: string): ResolvedModelPrice {
  const price = checkModelPrice(value, field)
  refusePerToken(price, field)
  return price
}

/** The same of a model. @throws as `checkModelSpec` and `refusePerToken` */
export function checkGivenSpec(value: unknown, field: string): ResolvedModelSpec {
  const spec = checkModelSpec(value, field)
  refusePerToken(spec, field)
  return spec
}

/** The same of a list of models. @throws as `checkModelSpecs` and `refusePerToken` */
export function checkGivenSpecs(value: unknown, field: string): ResolvedModelSpec[] {
  const specs = checkModelSpecs(value, field)
  for (const [i, spec] of specs.entries()) refusePerToken(spec, `${field}[${i}]`)
  return specs
}

/**
 * Refuses prices of one token in place of a million, of a tier too. Prices that logs and snapshots have are taken as they are.
 * @throws INVALID_ARGUMENT naming the first
 */
export function refusePerToken(price: ResolvedModelPrice, field: string): void {
  price.tiers?.forEach((tier, i) => {
    refuseLow(tier, `${field}.${TIERS}[${i}]`)
  })
  refuseLow(price, field)
}

function refuseLow(prices: object, field: string): void {
  for (const [name, usd] of Object.entries(prices)) {
    if (!name.endsWith('UsdPerMTok') || !isPerToken(usd)) continue
    const what = `USD per million tokens, 0 or at least ${USD_PER_MTOK_MIN}`
    throw expectedGot('INVALID_ARGUMENT', `${field}.${name}`, what, perTokenText(usd))
  }
}

function readPrice(record: Record<string, unknown>, field: string, kinds: TokenKinds): ResolvedModelPrice {
  const price: Record<string, unknown> = readTokenPrices(record, field, kinds)
  const tiers = record[TIERS] === undefined ? [] : readTiers(record[TIERS], `${field}.${TIERS}`, kinds)
  if (tiers.length > 0) price[TIERS] = Object.freeze(tiers)
  for (const name of DISCOUNT_NAMES) {
    const value = record[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || !(value >= 0 && value < 1)) {
      throw expected('INVALID_ARGUMENT', `${field}.${name}`, 'a number in [0, 1)', value)
    }
    if (value > 0) price[name] = value
  }
  return price as unknown as ResolvedModelPrice
}

/** The price of each kind that has one. The whole of a side stands in the table before its parts. */
function readTokenPrices(
  record: Record<string, unknown>,
  field: string,
  kinds: TokenKinds,
): Record<string, number> {
  const prices: Record<string, number> = {}
  for (const { priceName, chargedAs } of kinds.kinds) {
    const value = record[priceName]
    if (value !== undefined || chargedAs === null) {
      prices[priceName] = checkAmount(value, `${field}.${priceName}`)
    } else if (chargedAs !== 'dearest') prices[priceName] = prices[kinds[chargedAs].priceName]
  }
  return prices
}

function readTiers(value: unknown, field: string, kinds: TokenKinds): ResolvedTierSpec[] {
  const keys = tierKeys(kinds)
  let before = 0
  return checkEach(value, field, (entry, i) => {
    const path = `${field}[${i}]`
    const record = checkRecord(entry, path)
    checkKeys(record, keys, path)
    const aboveInputTokens = checkPositive(record[ABOVE], `${path}.${ABOVE}`)
    if (aboveInputTokens <= before) {
      const what = `more than the tier before, ${before}`
      throw expected('INVALID_ARGUMENT', `${path}.${ABOVE}`, what, aboveInputTokens)
    }
    before = aboveInputTokens
    const tier: unknown = { [ABOVE]: aboveInputTokens, ...readTokenPrices(record, path, kinds) }
    return Object.freeze(tier as ResolvedTierSpec)
  })
}

/** A list of models with distinct ids. */
export function checkModelSpecs(value: unknown, field: string): ResolvedModelSpec[] {
  const seen = new Set<string>()
  return checkEach(value, field, (entry, i) => {
    const spec = checkModelSpec(entry, `${field}[${i}]`)
    if (seen.has(spec.id)) {
      throw new ParetoBanditError('DUPLICATE_MODEL', `${field}[${i}].id`, `'${spec.id}' is listed twice`)
    }
    seen.add(spec.id)
    return spec
  })
}

/** Blended list price c = (input + output) / 2, in USD per 1,000 tokens, of a request below all tiers. */
export function blendedUsdPerKTok(price: ModelPrice): number {
  return (price.inputUsdPerMTok + price.outputUsdPerMTok) / 2 / 1000
}

/** Log-normalised cost in [0, 1]: clamp((ln c - ln 1e-4) / (ln 0.1 - ln 1e-4), 0, 1), c the blended price. */
export function logNormalisedCost(price: ModelPrice): number {
  const c = Math.max(blendedUsdPerKTok(price), LOG_COST_LOW)
  const share = (Math.log(c) - Math.log(LOG_COST_LOW)) / (Math.log(LOG_COST_HIGH) - Math.log(LOG_COST_LOW))
  return Math.min(Math.max(share, 0), 1)
}

/** Dollars of these tokens at list price, tiers included, none of them of a kind with a price of its own. */
export function listCostUsd(price: ModelPrice, inputTokens: number, outputTokens: number): number {
  const { inputUsdPerMTok, outputUsdPerMTok } =
    price.tiers?.findLast(({ aboveInputTokens }) => inputTokens > aboveInputTokens) ?? price
  return (inputTokens * inputUsdPerMTok + outputTokens * outputUsdPerMTok) / 1e6
}
