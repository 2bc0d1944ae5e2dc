import { USD_PER_MTOK_MIN } from '../base/price-unit.js'
import type { ResolvedModelPrice } from '../models/model.js'
import { TOKEN_KIND_ROWS, type TokenKindName } from '../models/token-kinds.js'
import { type KindPrices, kindsOf, type ListedModel, type Listing, wholeOf } from './listed.js'

/** A price that may be in the wrong unit: is it meant? */
export interface PriceQuestion {
  /** `outputUsdPerMTok`. */
  readonly price: string
  /** Of requests with more input tokens than this; null: of all. */
  readonly aboveInputTokens: number | null
  readonly usdPerMTok: number
  readonly message: string
}

/** No token costs less, or more, USD per million: a price beyond is in another unit. */
const PLAUSIBLE = [USD_PER_MTOK_MIN, 1e4] as const
/**
 * Prices of one model, here or at other providers, and of its kinds of tokens differ by less than this factor, and those of other models
 * from their median; but for one in 200, as models.dev's list of 2026-07-02 had them.
 */
const FAR = 100
/** Fewer neighbours tell nothing. */
const NAMESAKES_MIN = 2
const NEIGHBOURS_MIN = 3
/** What a kind costs, as a part of what its side costs, and output as a part of input, where a list tells of too few models. */
const USUAL: Readonly<Record<TokenKindName, number>> = {
  input: 1,
  output: 4,
  cachedInput: 0.2,
  reasoning: 1,
  cacheWrite5m: 1.25,
  cacheWrite1h: 2,
  audioInput: 4,
  audioOutput: 4,
  imageInput: 2,
  imageOutput: 4,
}

/** What the prices of a list are held against. */
export class Neighbours {
  private readonly listing: Listing
  /** Sorted prices of a kind, of models that have an output or none. */
  private readonly byKind = new Map<string, number[]>()
  /** Models by the last part of their names. */
  private readonly byLast = new Map<string, [name: string, prices: KindPrices][]>()

  constructor(listing: Listing) {
    this.listing = listing
    for (const [name, { hasOutput, columns }] of listing) {
      const { prices } = columns.standard
      added(this.byLast, lastOf(name), [name, prices])
      for (const [kind, value] of Object.entries(prices))
        if (value > 0) added(this.byKind, `${hasOutput} ${kind}`, value)
    }
    for (const values of this.byKind.values()) values.sort((a, b) => a - b)
  }

  /**
   * What must be asked about a model's prices before they are charged.
   * @param inForce null: it has none yet
   */
  questions(name: string, price: ResolvedModelPrice, inForce: ResolvedModelPrice | null): PriceQuestion[] {
    const found: PriceQuestion[] = []
    const ask = (kind: TokenKindName, above: number | null, usdPerMTok: number, why: string) => {
      const priceName = `${kind}UsdPerMTok`
      found.push({
        price: priceName,
        aboveInputTokens: above,
        usdPerMTok,
        message: `${priceName}${above === null ? '' : ` above ${above} input tokens`} is ${usdPerMTok}, ${why}`,
      })
    }
    const listed = this.listing.get(name)
    const prices = kindsOf(price)
    const before = inForce === null ? {} : kindsOf(inForce)
    for (const { name: kind } of TOKEN_KIND_ROWS) {
      const value = prices[kind]
      if (value === undefined || isAsItsWhole(kind, prices)) continue
      const why = this.doubt(kind, value, prices, before[kind], name, listed)
      if (why !== null) ask(kind, null, value, why)
    }
    for (const tier of price.tiers ?? []) {
      const long = kindsOf(tier)
      for (const { name: kind } of TOKEN_KIND_ROWS) {
        const [value, short] = [long[kind], prices[kind]]
        if (value === undefined || short === undefined || isAsItsWhole(kind, long)) continue
        const why = value === 0 && short > 0 ? 'and that is free' : farOff(value, short, 'in short requests')
        if (why !== null) ask(kind, tier.aboveInputTokens, value, why)
      }
    }
    return found
  }

  private doubt(
    kind: TokenKindName,
    value: number,
    prices: KindPrices,
    before: number | undefined,
    name: string,
    listed: ListedModel | undefined,
  ): string | null {
    const isWhole = kind === wholeOf(kind)
    if (value === 0) {
      const isMeant = before === 0 || !isWhole || (kind === 'output' && listed?.hasOutput === false)
      return isMeant ? null : 'and that is free'
    }
    if (before !== undefined && before > 0) {
      const why = farOff(value, before, 'in force')
      if (why !== null) return why
    }
    if (value < PLAUSIBLE[0] || value > PLAUSIBLE[1])
      return `and prices of tokens are from ${PLAUSIBLE[0]} to ${PLAUSIBLE[1]} USD per million`
    if (kind !== 'input') {
      const whole = prices[isWhole ? 'input' : wholeOf(kind)] ?? 0
      const usual = whole * USUAL[kind]
      const side = isWhole ? 'input' : wholeOf(kind)
      const why =
        whole === 0 ? null : farOff(value, usual, `that is usual beside ${side} at ${rounded(whole)}`)
      if (why !== null) return why
    }
    // A price of the same model that is in force, or is listed elsewhere, says more than prices of other models. A part has been held
    // against its whole: some providers take nothing off for cached input.
    if (!isWhole || (before !== undefined && before > 0)) return null
    const namesakes = this.namesakes(name, kind)
    if (namesakes.length >= NAMESAKES_MIN)
      return farOff(value, median(namesakes), `of ${namesakes.length} others of its name in the list`)
    const neighbours = this.others(kind, listed)
    if (neighbours.length < NEIGHBOURS_MIN) return null
    return farOff(value, median(neighbours), `of ${neighbours.length} other models in the list`)
  }

  /** Prices of the same model elsewhere: `gpt-5` of `openai/gpt-5` and `azure/gpt-5`. */
  private namesakes(name: string, kind: TokenKindName): number[] {
    const values = (this.byLast.get(lastOf(name)) ?? []).flatMap(([other, { [kind]: value = 0 }]) =>
      other !== name && value > 0 ? [value] : [],
    )
    return values.sort((a, b) => a - b)
  }

  private others(kind: TokenKindName, listed: ListedModel | undefined): readonly number[] {
    const all = this.byKind.get(`${listed?.hasOutput ?? true} ${kind}`) ?? []
    const own = listed?.columns.standard.prices[kind]
    const at = own === undefined ? -1 : all.indexOf(own)
    return at < 0 ? all : all.toSpliced(at, 1)
  }
}

/** What costs what its whole costs needs no question of its own: it often has no price of its own. */
function isAsItsWhole(kind: TokenKindName, prices: KindPrices): boolean {
  const whole = wholeOf(kind)
  return kind !== whole && prices[kind] === prices[whole]
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).split(':', 1)[0]
}

function added<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)]
}

/** @returns null where it is not far off, either way */
function farOff(value: number, usual: number, whose: string): string | null {
  const times = value / usual
  if (times < FAR && times > 1 / FAR) return null
  const share = times >= 1 ? `${rounded(times)} times` : `a hundredth or less of`
  return `${share} the ${rounded(usual)} ${whose}`
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)))
}
