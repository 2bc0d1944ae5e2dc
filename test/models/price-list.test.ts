import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkModelPrice, checkModelSpec, listCostUsd, priceOf } from '../../src/models/model.js'
import {
  tokensCostUsd as costOfAmountsUsd,
  dearestCostUsd,
  estimatedCostUsd,
  type PriceList,
  priceListOf,
} from '../../src/models/price-list.js'
import type { ServiceTier } from '../../src/models/service-tier.js'
import { tokensByKind, unpricedTokens } from '../../src/models/token-counts.js'
import { amountsOf, TOKEN_KIND_ROWS, TOKEN_KINDS, type TokenCounts } from '../../src/models/token-kinds.js'
import { expectCode } from '../support/errors.js'
import '../support/seed.js'

const TWO = { inputUsdPerMTok: 2, outputUsdPerMTok: 10 }
/** Rounding of some ten sums. */
const SLACK = 1e-12

const tokensCostUsd = (prices: PriceList, counts: TokenCounts, tier: ServiceTier | null = null) =>
  costOfAmountsUsd(prices, amountsOf(counts), tier)
const list = (price: object) => priceListOf(checkModelPrice(price, 'price'))

const price = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 100 }),
  fc.double({ min: 0, max: 1e3, noNaN: true }),
)
const optional = Object.fromEntries(
  TOKEN_KIND_ROWS.filter(({ chargedAs }) => chargedAs !== null).map(({ name }) => [
    `${name}UsdPerMTok`,
    price,
  ]),
)
const prices = fc
  .tuple(
    fc.record({ inputUsdPerMTok: price, outputUsdPerMTok: price }),
    fc.record(optional, { requiredKeys: [] }),
  )
  .map(([required, others]) => ({ ...required, ...others }))
/** Whole tokens of each kind, parts summed into their sides. */
const counts = fc
  .record(Object.fromEntries(TOKEN_KIND_ROWS.map(({ name }) => [name, fc.nat(1e6)])))
  .map((each): TokenCounts => {
    const sum = (side: 'input' | 'output'): number =>
      TOKEN_KINDS.kinds.filter((kind) => kind.side === side).reduce((all, { name }) => all + each[name], 0)
    return { ...each, input: sum('input'), output: sum('output') }
  })

/** Prices that a model gives on a side. */
function pricesOn(side: 'input' | 'output', given: Readonly<Record<string, number | undefined>>): number[] {
  return TOKEN_KINDS.kinds.flatMap((kind) => (kind.side === side ? [given[kind.priceName] ?? []].flat() : []))
}

describe('the cost of tokens of all kinds', () => {
  it('is no more than the dearest of as many tokens, or fewer, also where longer prompts are cheaper', () => {
    const tiers = [{ aboveInputTokens: 1000, inputUsdPerMTok: 1, outputUsdPerMTok: 1 }]
    const falling = list({ inputUsdPerMTok: 5, outputUsdPerMTok: 7, tiers })
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), fc.nat(1000), (input, less, output) => {
        const usd = tokensCostUsd(falling, { input: Math.max(0, input - less), output })
        expect(usd).toBeLessThanOrEqual(dearestCostUsd(falling, input, output) * (1 + SLACK))
      }),
    )
  })

  it('is no less than all at the cheapest price of each side, and no more than all at the dearest', () => {
    fc.assert(
      fc.property(prices, counts, (given, tokens) => {
        const usd = tokensCostUsd(list(given), tokens)
        const at = (pick: (...values: number[]) => number): number =>
          (tokens.input * pick(...pricesOn('input', given)) +
            tokens.output * pick(...pricesOn('output', given))) /
          1e6
        expect(usd).toBeGreaterThanOrEqual(at(Math.min) * (1 - SLACK))
        expect(usd).toBeLessThanOrEqual(at(Math.max) * (1 + SLACK))
        expect(usd).toBeLessThanOrEqual(
          dearestCostUsd(list(given), tokens.input, tokens.output) * (1 + SLACK),
        )
      }),
    )
  })

  it('is the sum over kinds of their tokens at their prices', () => {
    const given = Object.fromEntries(TOKEN_KIND_ROWS.map(({ name }, i) => [`${name}UsdPerMTok`, i + 1]))
    fc.assert(
      fc.property(counts, (tokens) => {
        const byKind = tokensByKind(amountsOf(tokens))
        const sum = TOKEN_KINDS.kinds.reduce(
          (all, { name, index }) => all + (byKind[name] ?? 0) * (index + 1),
          0,
        )
        expect(tokensCostUsd(list(given), tokens)).toBeCloseTo(sum / 1e6, 9)
      }),
    )
  })

  it('does not fall as tokens of any kind are added', () => {
    fc.assert(
      fc.property(
        prices,
        counts,
        fc.constantFrom(...TOKEN_KINDS.kinds),
        fc.nat(1e6),
        (given, tokens, kind, more) => {
          const before: Readonly<Record<string, number | undefined>> = tokens
          const added = { ...tokens, [kind.side]: tokens[kind.side] + more }
          if (kind.name !== kind.side) Object.assign(added, { [kind.name]: (before[kind.name] ?? 0) + more })
          expect(tokensCostUsd(list(given), added)).toBeGreaterThanOrEqual(
            tokensCostUsd(list(given), tokens) * (1 - SLACK),
          )
        },
      ),
    )
  })

  it('is that of two prices to the bit where all prices of a side are equal, however tokens are split', () => {
    fc.assert(
      fc.property(price, price, counts, fc.boolean(), (input, output, tokens, given) => {
        const side = (kind: { side: string }): number => (kind.side === 'input' ? input : output)
        const all = Object.fromEntries(TOKEN_KINDS.kinds.map((kind) => [kind.priceName, side(kind)]))
        const two = { inputUsdPerMTok: input, outputUsdPerMTok: output }
        const usd = (tokens.input * input + tokens.output * output) / 1e6
        expect(tokensCostUsd(list(given ? all : two), tokens)).toBe(usd)
        expect(estimatedCostUsd(list(two), tokens.input, tokens.output)).toBe(usd)
        expect(listCostUsd(two, tokens.input, tokens.output)).toBe(usd)
      }),
    )
  })
})

describe('a kind without a price', () => {
  it('is charged no less than any kind of its side that has one, and its tokens are told', () => {
    fc.assert(
      fc.property(
        prices,
        fc.constantFrom(...TOKEN_KINDS.parts),
        fc.nat(1e6),
        (given, { name, side }, tokens) => {
          const known: Readonly<Record<string, number | undefined>> = given
          const { chargedAs, priceName } = TOKEN_KINDS.kinds.filter((kind) => kind.name === name)[0]
          const missing = known[priceName] === undefined
          const bill = { input: 0, output: 0, [side]: tokens, [name]: tokens }
          const usd = tokensCostUsd(list(given), bill)
          const isOpen = missing && chargedAs === 'dearest'
          if (isOpen) expect(usd).toBe((tokens * Math.max(...pricesOn(side, given))) / 1e6)
          expect(unpricedTokens(list(given), tokensByKind(amountsOf(bill)))).toBe(isOpen ? tokens : 0)
        },
      ),
    )
  })

  it('has a price of its own once it is given, in the tier that applies', () => {
    const tiered = { ...TWO, audioInputUsdPerMTok: 40, tiers: [{ ...TWO, aboveInputTokens: 100 }] }
    expect(unpricedTokens(list(tiered), { audioInput: 100 })).toBe(0)
    expect(unpricedTokens(list(tiered), { audioInput: 100, input: 1 })).toBe(100)
  })
})

describe('tiers', () => {
  const TIERED = {
    ...TWO,
    cachedInputUsdPerMTok: 0.5,
    tiers: [
      { aboveInputTokens: 1000, inputUsdPerMTok: 4, outputUsdPerMTok: 20, cachedInputUsdPerMTok: 1 },
      { aboveInputTokens: 5000, inputUsdPerMTok: 8, outputUsdPerMTok: 30 },
    ],
  }

  it('price all of a request whose input, cached tokens included, is above their bound', () => {
    const usd = (input: number, cachedInput = 0): number =>
      tokensCostUsd(list(TIERED), { input, output: 100, cachedInput }) * 1e6
    expect(usd(1000)).toBe(1000 * 2 + 100 * 10)
    expect(usd(1001)).toBe(1001 * 4 + 100 * 20)
    expect(usd(1001, 1001)).toBe(1001 * 1 + 100 * 20)
    expect(usd(5000)).toBe(5000 * 4 + 100 * 20)
    expect(usd(5001)).toBe(5001 * 8 + 100 * 30)
    // A tier is complete: cached input costs what the tier's input costs unless the tier says otherwise.
    expect(usd(5001, 5001)).toBe(5001 * 8 + 100 * 30)
  })

  it('price estimates and worst cases by the input that is expected', () => {
    const tiered = checkModelPrice(TIERED, 'price')
    for (const input of [0, 1, 1000, 1001, 5000, 5001, 1e6]) {
      const estimate = estimatedCostUsd(priceListOf(tiered), input, 70)
      expect(listCostUsd(tiered, input, 70)).toBe(estimate)
      expect(estimate).toBe(tokensCostUsd(priceListOf(tiered), { input, output: 70 }))
      expect(dearestCostUsd(priceListOf(tiered), input, 70)).toBeGreaterThanOrEqual(estimate)
    }
  })

  it.each([
    [
      'not in rising order',
      [
        { ...TWO, aboveInputTokens: 9 },
        { ...TWO, aboveInputTokens: 8 },
      ],
      '[1].aboveInputTokens',
    ],
    [
      'twice the same',
      [
        { ...TWO, aboveInputTokens: 9 },
        { ...TWO, aboveInputTokens: 9 },
      ],
      '[1].aboveInputTokens',
    ],
    ['above nothing', [{ ...TWO, aboveInputTokens: 0 }], '[0].aboveInputTokens'],
    ['without a bound', [TWO], '[0].aboveInputTokens'],
    ['without a price of output', [{ aboveInputTokens: 9, inputUsdPerMTok: 1 }], '[0].outputUsdPerMTok'],
    [
      'at no number',
      [{ ...TWO, aboveInputTokens: 9, audioInputUsdPerMTok: Number.NaN }],
      '[0].audioInputUsdPerMTok',
    ],
    ['that are no list', { aboveInputTokens: 9 }, ''],
  ])('%s are refused by name', (_, tiers, at) => {
    expectCode(
      () => checkModelSpec({ id: 'm', ...TWO, tiers }, 'model'),
      'INVALID_ARGUMENT',
      `model.tiers${at}`,
    )
  })

  it('of a misspelt price are told the nearest one', () => {
    const tiers = [{ ...TWO, aboveInputTokens: 9, cacheWrite5mUsdPerMtok: 1 }]
    const { message } = expectCode(
      () => checkModelSpec({ id: 'm', ...TWO, tiers }, 'model'),
      'UNKNOWN_OPTION',
      'model.tiers[0].cacheWrite5mUsdPerMtok',
    )
    expect(message).toContain("'cacheWrite5mUsdPerMTok'")
  })
})

describe('discounts', () => {
  it('are taken off the whole cost of a request that was served that way, and of no other', () => {
    const discounted = list({ ...TWO, batchDiscount: 0.5, flexDiscount: 0.25 })
    fc.assert(
      fc.property(counts, (tokens) => {
        const full = tokensCostUsd(list(TWO), tokens)
        expect(tokensCostUsd(discounted, tokens)).toBe(full)
        expect(tokensCostUsd(discounted, tokens, 'batch')).toBe(full / 2)
        expect(tokensCostUsd(discounted, tokens, 'flex')).toBe(full * 0.75)
        expect(tokensCostUsd(list(TWO), tokens, 'batch')).toBe(full)
      }),
    )
    expect(estimatedCostUsd(discounted, 10, 10)).toBe(estimatedCostUsd(list(TWO), 10, 10))
  })

  it.each([1, -0.1, Number.NaN, '0.5', null])('of %s are refused', (batchDiscount) => {
    expectCode(
      () => checkModelPrice({ ...TWO, batchDiscount }, 'price'),
      'INVALID_ARGUMENT',
      'price.batchDiscount',
    )
  })
})

describe('a price with its defaults', () => {
  const FULL = {
    ...TWO,
    cacheWrite1hUsdPerMTok: 4,
    tiers: [{ aboveInputTokens: 10, ...TWO, imageOutputUsdPerMTok: 30 }],
    batchDiscount: 0.5,
  }

  it('comes back from JSON, and its defaults do not become prices of kinds that had none', () => {
    fc.assert(
      fc.property(fc.oneof(prices, fc.constant(FULL)), (given) => {
        const once = checkModelPrice(given, 'price')
        const again = checkModelPrice(JSON.parse(JSON.stringify(once)), 'price')
        expect(again).toEqual(once)
        expect(priceListOf(again).text).toBe(priceListOf(once).text)
        expect(priceListOf(again).tiers).toEqual(priceListOf(once).tiers)
      }),
    )
  })

  it('of a model with two prices has the four fields of old events, in their order', () => {
    expect(
      JSON.stringify(checkModelSpec({ outputUsdPerMTok: 2, id: 'm', inputUsdPerMTok: 1 }, 'model')),
    ).toBe(
      '{"id":"m","inputUsdPerMTok":1,"outputUsdPerMTok":2,"cachedInputUsdPerMTok":1,"reasoningUsdPerMTok":2}',
    )
    expect(checkModelPrice({ ...TWO, tiers: [], flexDiscount: 0 }, 'price')).toEqual(
      checkModelPrice(TWO, 'price'),
    )
  })

  it('is frozen in depth, as is its list', () => {
    const spec = checkModelSpec({ id: 'm', ...FULL }, 'model')
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen))
    expect(frozen(spec)).toBe(true)
    const { kinds, ...compiled } = priceListOf(checkModelPrice(FULL, 'price'))
    expect(frozen(Object.values(compiled))).toBe(false)
    expect(Object.values(compiled).every(frozen)).toBe(true)
    expect(kinds).toBe(TOKEN_KINDS)
  })

  it('is told from other fields, equal prices as equal JSON', () => {
    const price = checkModelPrice(FULL, 'price')
    const model = { spendUsd: 3, ...Object.fromEntries(Object.entries(price).reverse()), id: 'm' }
    expect(JSON.stringify(priceOf({ ...price, ...model }))).toBe(JSON.stringify(price))
  })
})
