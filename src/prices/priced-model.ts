import type { ModelPrice, ResolvedModelPrice, TierSpec } from '../models/model.js'
import { DISCOUNT_NAMES, type DiscountName } from '../models/service-tier.js'
import { TOKEN_KIND_ROWS, TOKEN_KINDS, type TokenKindName } from '../models/token-kinds.js'
import {
  type KindPrices,
  kindsOf,
  type ListedModel,
  type PriceColumn,
  type PriceService,
  wholeOf,
} from './listed.js'
import type { PriceProblem } from './problem.js'

/** What becomes of a kind of tokens whose price is not known well enough to charge it. */
export const UNPRICED_TOKENS = ['refuse', 'dearest'] as const
export type UnpricedTokens = (typeof UNPRICED_TOKENS)[number]

export interface PricingRules {
  readonly service: PriceService
  readonly unpriced: UnpricedTokens
  readonly discounts: boolean
}

/** A model's price made of what a list says. */
export interface PricedModel {
  /** Null where something is wrong. */
  readonly price: ModelPrice | null
  readonly problems: readonly Pick<PriceProblem, 'code' | 'message'>[]
  readonly notes: readonly string[]
}

/** Prices that lists have nowhere else: what a request costs that is served so, as a share of what it costs otherwise. */
const DISCOUNTED: Readonly<Record<DiscountName, PriceService>> = {
  batchDiscount: 'batch',
  flexDiscount: 'flex',
}
/** Ends what is said of a model that is refused for its kinds of tokens; the command line says it as a flag. */
export const UNPRICED_WAY_OUT = 'unpriced: dearest takes the model all the same'
/** Discounts are rounded down to this many parts. */
const DISCOUNT_PARTS = 1e9

/**
 * The price of a model, complete: what the list leaves out is charged so that it is never too little, or is refused.
 * @param inForce null: it has none yet
 */
export function pricedModel(
  listed: ListedModel,
  inForce: ResolvedModelPrice | null,
  rules: PricingRules,
): PricedModel {
  const making = new Making(listed, inForce, rules)
  return { price: making.price(), problems: making.problems, notes: making.notes }
}

class Making {
  readonly problems: Pick<PriceProblem, 'code' | 'message'>[] = []
  readonly notes: string[]
  private readonly listed: ListedModel
  private readonly inForce: ResolvedModelPrice | null
  private readonly rules: PricingRules

  constructor(listed: ListedModel, inForce: ResolvedModelPrice | null, rules: PricingRules) {
    this.listed = listed
    this.inForce = inForce
    this.rules = rules
    this.notes = [...listed.notes]
  }

  price(): ModelPrice | null {
    const { listed } = this
    for (const { field, message } of listed.bad)
      this.problems.push({ code: 'PRICES_INVALID', message: `${field}: ${message}` })
    const { prices, tiers } = this.column()
    const base = this.stated(prices)
    if (!listed.hasOutput) base.output ??= 0
    for (const side of ['input', 'output'] as const)
      if (base[side] === undefined) this.missing(`the list has no price of ${side} tokens`)
    this.raise(base)
    this.keep(base)
    this.unpriced(base)
    const bounds = [...tiers.keys()].sort((a, b) => a - b)
    const long = bounds.map((bound) => this.tier(bound, base, tiers, bounds))
    this.unknown()
    if (listed.beside.length > 0) {
      const names = listed.beside.map(({ field, price }) => `${field} (${price})`).join(', ')
      this.notes.push(`not charged, as it is not by tokens: ${names}`)
    }
    const { input, output } = base
    if (this.problems.length > 0 || input === undefined || output === undefined) return null
    return {
      inputUsdPerMTok: input,
      outputUsdPerMTok: output,
      ...named(base),
      ...(long.length === 0 ? {} : { tiers: long }),
      ...this.discounts(),
    }
  }

  /** The prices of the way to be served that was asked for; where the list has none for a kind, those that are no cheaper. */
  private column(): PriceColumn {
    const { service } = this.rules
    const { standard, [service]: asked } = this.listed.columns
    if (service === 'standard') return standard
    const hasPrices = asked.prices.input !== undefined && asked.prices.output !== undefined
    if (!hasPrices && this.listed.hasOutput) {
      this.missing(`the list has no ${service} prices: take those of another service`)
      return asked
    }
    if (service === 'priority') {
      if (standard.tiers.size > 0 && asked.tiers.size === 0)
        this.notes.push(
          'priority prices of long requests are not listed: the dearer of the others is charged',
        )
      const tiers = new Map(
        [...standard.tiers].map(([bound, prices]) => [bound, dearer(prices, asked.prices)]),
      )
      for (const [bound, prices] of asked.tiers) tiers.set(bound, prices)
      return { prices: asked.prices, tiers }
    }
    const others = Object.keys(standard.prices).filter((kind) => !Object.hasOwn(asked.prices, kind))
    if (others.length > 0)
      this.notes.push(`no ${service} price is listed of ${others.join(', ')}: charged in full`)
    const tiers = new Map([...standard.tiers].map(([bound, prices]) => [bound, { ...prices }]))
    for (const [bound, prices] of asked.tiers) tiers.set(bound, { ...tiers.get(bound), ...prices })
    return { prices: { ...standard.prices, ...asked.prices }, tiers }
  }

  /** Without prices of 0 of a part whose whole costs something: lists write so that it has no price of its own. */
  private stated(prices: KindPrices): KindPrices {
    if (this.listed.isOurs) return { ...prices }
    const silent = TOKEN_KIND_ROWS.filter(({ name }) => {
      const whole = wholeOf(name)
      return name !== whole && prices[name] === 0 && prices[whole] !== 0
    }).map(({ name }) => name)
    if (silent.length > 0)
      this.notes.push(
        `a price of 0 counts as none: ${silent.join(', ')}; it is charged as tokens without a price`,
      )
    return Object.fromEntries(
      Object.entries(prices).filter(([name]) => !silent.some((each) => each === name)),
    )
  }

  /** Tokens that are counted as another kind must not be charged less than they cost. */
  private raise(base: KindPrices): void {
    for (const { field, as, usdPerMTok } of this.listed.counted) {
      if (usdPerMTok <= (base[as] ?? base[wholeOf(as)] ?? 0)) continue
      if (this.rules.unpriced === 'refuse') {
        this.missing(
          `${field} (${usdPerMTok} USD per million) is of tokens that are counted as ${as}, which costs less: ${UNPRICED_WAY_OUT}`,
        )
        continue
      }
      base[as] = usdPerMTok
      this.notes.push(
        `${as} is charged at ${usdPerMTok} USD per million, the price of ${field}, which counts as ${as}`,
      )
    }
  }

  /** A price that the list has not, and somebody has stated, stays; not one that is cheaper than its side is now. */
  private keep(base: KindPrices): void {
    if (this.inForce === null || this.listed.isOurs) return
    const before = kindsOf(this.inForce)
    const kept = TOKEN_KIND_ROWS.flatMap(({ name, chargedAs }) => {
      const [value, whole] = [before[name], base[wholeOf(name)]]
      if (chargedAs !== 'dearest' || base[name] !== undefined || value === undefined) return []
      if (whole === undefined || value < whole) return []
      base[name] = value
      return [`${name} (${value})`]
    })
    if (kept.length > 0)
      this.notes.push(`kept as in force, as the list has no price of it: ${kept.join(', ')}`)
  }

  /** Kinds that the model has, as the list says, and that cost more than what is charged in their place. */
  private unpriced(base: KindPrices): void {
    if (this.listed.isOurs) return
    const open: TokenKindName[] = [...this.listed.has].filter((kind) => base[kind] === undefined)
    const { cacheWrite5m, cacheWrite1h, input } = base
    if (cacheWrite1h === undefined && cacheWrite5m !== undefined && cacheWrite5m > (input ?? 0))
      open.push('cacheWrite1h')
    if (open.length === 0) return
    const names = open.join(', ')
    if (this.rules.unpriced === 'refuse')
      this.missing(`the list has no price of ${names}, which the model has: ${UNPRICED_WAY_OUT}`)
    else
      this.notes.push(
        `the list has no price of ${names}: charged as the dearest of its side, which may be too little`,
      )
  }

  /** Prices of tokens that nobody here knows: what is billed without them may be too little. */
  private unknown(): void {
    const { unknown } = this.listed
    if (unknown.length === 0) return
    const names = unknown.map(({ field, price }) => `${field} (${price})`).join(', ')
    if (this.rules.unpriced === 'refuse')
      this.missing(`the list has prices of tokens that are not known here, ${names}: ${UNPRICED_WAY_OUT}`)
    else this.notes.push(`not charged, as such tokens are not known here, which may be too little: ${names}`)
  }

  /**
   * A tier is complete. A kind that it does not state is charged what its side costs there, and never less than in short requests; where
   * the list says that it costs the same, it does. In a models file the engine's defaults hold, as whoever wrote it has meant.
   */
  private tier(
    bound: number,
    base: KindPrices,
    tiers: ReadonlyMap<number, KindPrices>,
    bounds: readonly number[],
  ): TierSpec {
    const stated: KindPrices = {}
    for (const each of bounds) if (each <= bound) Object.assign(stated, this.stated(tiers.get(each) ?? {}))
    for (const { as, usdPerMTok } of this.listed.counted) {
      const value = stated[as]
      if (value !== undefined) stated[as] = Math.max(value, usdPerMTok)
    }
    const { input = base.input ?? 0, output = base.output ?? 0 } = stated
    const all: KindPrices = { input, output }
    const kept: string[] = []
    for (const { name, chargedAs } of TOKEN_KIND_ROWS) {
      const [own, short] = [stated[name], base[name]]
      if (own !== undefined) all[name] = own
      if (all[name] !== undefined || short === undefined || chargedAs === null || this.listed.isOurs) continue
      const whole = wholeOf(name) === 'input' ? input : output
      all[name] = this.listed.tiersInherit ? short : Math.max(short, whole)
      if (!this.listed.tiersInherit) kept.push(name)
    }
    if (kept.length > 0)
      this.notes.push(
        `above ${bound} input tokens the list has no price of ${kept.join(', ')}: the dearer of its own and its side's is charged`,
      )
    return { aboveInputTokens: bound, inputUsdPerMTok: input, outputUsdPerMTok: output, ...named(all) }
  }

  /** Those in force stay; where they are asked for, the least that the list takes off of any kind. */
  private discounts(): { [D in DiscountName]?: number } {
    const { listed, rules } = this
    const found: { [D in DiscountName]?: number } = listed.isOurs ? { ...listed.discounts } : {}
    if (rules.service !== 'standard' || listed.isOurs) return found
    for (const name of DISCOUNT_NAMES) {
      const before = this.inForce?.[name]
      if (before !== undefined) found[name] = before
      const { prices } = listed.columns[DISCOUNTED[name]]
      // Nothing is taken off of output that is charged in full.
      const isWhole = prices.output !== undefined || !listed.hasOutput
      const share = isWhole ? shareOff(listed.columns.standard.prices, prices) : 0
      if (share <= 0) continue
      const what = `${name} ${share}`
      if (rules.discounts) {
        found[name] = share
        this.notes.push(
          `${what}: the least of what is taken off of ${Object.keys(prices).join(', ')}; it is taken off of all kinds`,
        )
      } else if (before === undefined)
        this.notes.push(`${what} is not taken: requests that are served so are charged in full`)
    }
    return found
  }

  private missing(message: string): void {
    this.problems.push({ code: 'PRICES_MISSING', message })
  }
}

function named(prices: KindPrices): Partial<ModelPrice> {
  const entries = TOKEN_KINDS.kinds.flatMap(({ name, priceName }) => {
    const value = Object.entries(prices).find(([kind]) => kind === name)?.[1]
    return value === undefined ? [] : [[priceName, value]]
  })
  return Object.fromEntries(entries)
}

function dearer(a: KindPrices, b: KindPrices): KindPrices {
  const all: KindPrices = { ...a }
  for (const { name } of TOKEN_KIND_ROWS) {
    const value = b[name]
    if (value !== undefined) all[name] = Math.max(value, all[name] ?? 0)
  }
  return all
}

function shareOff(full: KindPrices, less: KindPrices): number {
  if (less.input === undefined) return 0
  const shares = TOKEN_KIND_ROWS.flatMap(({ name }) => {
    const [whole, part] = [full[name], less[name]]
    return whole === undefined || part === undefined || whole === 0 ? [] : [1 - part / whole]
  })
  const share = Math.floor(Math.min(...shares) * DISCOUNT_PARTS) / DISCOUNT_PARTS
  return Number.isFinite(share) && share < 1 ? share : 0
}
