import { show } from '../base/errors.js'
import type { DiscountName } from '../models/service-tier.js'
import { TOKEN_KINDS, type TokenKindName } from '../models/token-kinds.js'
import { isDecimal, perMillion } from './per-million.js'

/** USD per million tokens by kind, as far as a list says so. */
export type KindPrices = Partial<Record<TokenKindName, number>>

/** Ways to be served that lists price apart. */
export const PRICE_SERVICES = ['standard', 'batch', 'flex', 'priority'] as const
export type PriceService = (typeof PRICE_SERVICES)[number]

/** The prices of one way to be served: of short requests, and above bounds of input tokens, as far as they differ there. */
export interface PriceColumn {
  readonly prices: KindPrices
  readonly tiers: Map<number, KindPrices>
}

/** A model as a list has it. */
export class ListedModel {
  readonly columns: Readonly<Record<PriceService, PriceColumn>> = {
    standard: column(),
    batch: column(),
    flex: column(),
    priority: column(),
  }
  /** Prices of kinds of tokens that are counted here as another kind, `as`: that kind must not cost less. */
  readonly counted: { readonly field: string; readonly as: TokenKindName; readonly usdPerMTok: number }[] = []
  /** What is charged beside tokens: by request, image, search. Nothing here can charge it. */
  readonly beside: { readonly field: string; readonly price: string }[] = []
  /** What is charged by tokens, and for which nobody here knows. */
  readonly unknown: { readonly field: string; readonly price: string }[] = []
  /** Fields with something that is no price. */
  readonly bad: { readonly field: string; readonly message: string }[] = []
  /** Kinds of tokens that the model takes or gives, as the list says. */
  readonly has = new Set<TokenKindName>()
  /** Words about it, for people. */
  readonly notes: string[] = []
  /** Shares that are taken off, where the list says so itself. */
  readonly discounts: { [D in DiscountName]?: number } = {}
  /** An embeddings model has no output to pay for. */
  hasOutput = true
  /** Whether what a tier does not state costs in it what it costs in short requests: the list says so. */
  tiersInherit = false
  /** From a models file: all of it is meant as it stands, a price of 0 too. */
  isOurs = false

  /** What a list says that the model takes and gives: lists of words such as `audio` and `image`. */
  setModalities(input: unknown, output: unknown): void {
    if (Array.isArray(input) && input.includes('audio')) this.has.add('audioInput')
    if (!Array.isArray(output)) return
    if (output.includes('audio')) this.has.add('audioOutput')
    if (output.includes('image')) this.has.add('imageOutput')
  }

  /** Sets a price; of two for the same kind the dearer counts. */
  put(kind: TokenKindName, usdPerMTok: number | null, service: PriceService = 'standard', above = 0): void {
    if (usdPerMTok === null) return
    const prices = this.pricesOf(service, above)
    prices[kind] = Math.max(usdPerMTok, prices[kind] ?? 0)
  }

  /**
   * A price in USD a token, which is no number >= 0: noted as bad.
   * @param mayBeText whether the list writes its prices as texts
   */
  perToken(value: unknown, field: string, mayBeText = false): number | null {
    return this.amount(value, field, mayBeText, perMillion)
  }

  /** A price in USD per million tokens. */
  perMillion(value: unknown, field: string): number | null {
    return this.amount(value, field, false, Number)
  }

  /** Prices in other money are no dollars: what says so of itself is not taken for them. */
  moneyOf(currency: unknown, field: string): void {
    if (currency === undefined || currency === null) return
    if (typeof currency === 'string' && currency.toUpperCase() === 'USD') return
    this.bad.push({ field, message: `expected prices in USD, got ${show(currency)}` })
  }

  /** Something that costs, and not by token. Nothing and 0 cost nothing. */
  besideTokens(field: string, value: unknown): void {
    if (!isFree(value)) this.beside.push({ field, price: shown(value) })
  }

  /** Something that costs by token, and is no kind of tokens here. Nothing and 0 cost nothing. */
  unknownTokens(field: string, value: unknown): void {
    if (!isFree(value)) this.unknown.push({ field, price: shown(value) })
  }

  private amount(
    value: unknown,
    field: string,
    mayBeText: boolean,
    read: (decimal: string) => number,
  ): number | null {
    if (value === undefined || value === null) return null
    const text =
      mayBeText && typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
    const usd = isDecimal(text) ? read(text) : Number.NaN
    if (Number.isFinite(usd)) return usd
    const isVariable = numberIn(value) === -1
    const message = isVariable
      ? `the price varies (${show(value)}): there is nothing to charge`
      : `expected a price, ${mayBeText ? 'a decimal number' : 'a number'} >= 0, got ${show(value)}`
    this.bad.push({ field, message })
    return null
  }

  private pricesOf(service: PriceService, above: number): KindPrices {
    const { prices, tiers } = this.columns[service]
    if (above <= 0) return prices
    const tier = tiers.get(above) ?? {}
    tiers.set(above, tier)
    return tier
  }
}

function column(): PriceColumn {
  return { prices: {}, tiers: new Map() }
}

/** Of a number or a text: an object may be such that it cannot be made into one. */
function numberIn(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN
}

function isFree(value: unknown): boolean {
  return value === undefined || value === null || numberIn(value) === 0 || typeof value === 'boolean'
}

function shown(value: unknown): string {
  return typeof value === 'object' ? 'prices of its own' : show(value)
}

/** The kind that is the whole of a kind's side: `input` of `cachedInput`. */
export function wholeOf(kind: TokenKindName): 'input' | 'output' {
  return TOKEN_KINDS.byName.get(kind)?.side ?? 'input'
}

/** The prices of a model here, by kind. */
export function kindsOf(price: object): KindPrices {
  const values: Readonly<Record<string, unknown>> = { ...price }
  const entries = TOKEN_KINDS.kinds.flatMap(({ name, priceName }) => {
    const value = values[priceName]
    return typeof value === 'number' ? [[name, value]] : []
  })
  return Object.fromEntries(entries)
}

/** A price list as it was read: what it says of each name. */
export type Listing = ReadonlyMap<string, ListedModel>

/**
 * A list of entries that say their names themselves, so that two may say the same: where they say it at different prices, it has none.
 * @param entries by name: what is said of its prices, and that as it was read
 */
export function listingOf(
  entries: Iterable<readonly [name: string, prices: unknown, model: ListedModel]>,
): Listing {
  const listing = new Map<string, ListedModel>()
  const said = new Map<string, string>()
  for (const [name, prices, model] of entries) {
    const text = JSON.stringify(prices) ?? ''
    const before = listing.get(name)
    if (before === undefined) {
      listing.set(name, model)
      said.set(name, text)
    } else if (said.get(name) !== text && before.bad.every(({ field }) => field !== 'id'))
      before.bad.push({ field: 'id', message: 'the list has it twice, at different prices' })
  }
  return listing
}

/** One of the shapes in which lists come. */
export interface ListFormat {
  /** What it is, for people. */
  readonly what: string
  /** Whether a value is such a list. */
  is(value: unknown): boolean
  /** All of a list. What is wrong in an entry is noted there. */
  read(value: unknown): Listing
  /** What the list calls a model whose name there has not been found; undefined: it has no such model. */
  nameOf?(value: unknown, given: string): string | undefined
}
