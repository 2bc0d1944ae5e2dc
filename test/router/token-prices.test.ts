import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blendedUsdPerKTok, checkModelPrice, logNormalisedCost } from '../../src/models/model.js'
import { priceListOf, tokensCostUsd } from '../../src/models/price-list.js'
import { amountsOf } from '../../src/models/token-kinds.js'
import { digest, MODELS, makeBench, X } from '../support/router.js'
import '../support/seed.js'

const FOUR = { inputUsdPerMTok: 4, outputUsdPerMTok: 16, cachedInputUsdPerMTok: 1, reasoningUsdPerMTok: 20 }
const SPEC = { id: 'm', ...FOUR }

const price = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e3, noNaN: true }), fc.constant(1e12))
const amount = fc.oneof(fc.nat(1e6), fc.double({ min: 0, max: 1e6, noNaN: true }))
const share = fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }))
const tokens = fc
  .record({ input: amount, output: amount, cachedShare: share, reasoningShare: share })
  .map(({ input, output, cachedShare, reasoningShare }) => ({
    input,
    output,
    cached: input * cachedShare,
    reasoning: output * reasoningShare,
  }))
const twoPrices = fc.record({ inputUsdPerMTok: price, outputUsdPerMTok: price })
const fourPrices = fc.record({
  inputUsdPerMTok: price,
  outputUsdPerMTok: price,
  cachedInputUsdPerMTok: price,
  reasoningUsdPerMTok: price,
})

type Tokens = typeof tokens extends fc.Arbitrary<infer T> ? T : never

function cost(prices: object, { input, output, cached, reasoning }: Tokens): number {
  const list = priceListOf(checkModelPrice(prices, 'price'))
  return tokensCostUsd(list, amountsOf({ input, output, cachedInput: cached, reasoning }))
}

describe('the cost of tokens', () => {
  it('is never negative and no more than all tokens at the dearer price of each side', () => {
    fc.assert(
      fc.property(fourPrices, tokens, (prices, counts) => {
        const usd = cost(prices, counts)
        const dearIn = Math.max(prices.inputUsdPerMTok, prices.cachedInputUsdPerMTok)
        const dearOut = Math.max(prices.outputUsdPerMTok, prices.reasoningUsdPerMTok)
        expect(usd).toBeGreaterThanOrEqual(0)
        expect(usd).toBeLessThanOrEqual(
          ((counts.input * dearIn + counts.output * dearOut) / 1e6) * (1 + 1e-14),
        )
      }),
    )
  })

  it('by default is that of two prices to the bit, whatever share is cached or reasoning', () => {
    fc.assert(
      fc.property(twoPrices, tokens, (prices, counts) => {
        const { inputUsdPerMTok, outputUsdPerMTok } = prices
        expect(cost(prices, counts)).toBe(
          (counts.input * inputUsdPerMTok + counts.output * outputUsdPerMTok) / 1e6,
        )
      }),
    )
  })

  it('without cached and reasoning tokens does not look at their prices', () => {
    fc.assert(
      fc.property(fourPrices, tokens, (prices, counts) => {
        const none = { ...counts, cached: 0, reasoning: 0 }
        const { inputUsdPerMTok, outputUsdPerMTok } = prices
        expect(cost(prices, none)).toBe(cost({ inputUsdPerMTok, outputUsdPerMTok }, none))
      }),
    )
  })

  it('does not fall as tokens are added, nor as a price rises', () => {
    fc.assert(
      fc.property(
        fourPrices,
        tokens.map(({ input, output, cached, reasoning }) => ({
          input: Math.ceil(input),
          output: Math.ceil(output),
          cached: Math.floor(cached),
          reasoning: Math.floor(reasoning),
        })),
        fc.nat(1e6),
        fc.constantFrom('input', 'output', 'reasoning', 'cached'),
        price,
        (prices, counts, more, which, rise) => {
          const added = { ...counts, [which]: counts[which] + more }
          // More of a part is more of the whole: the other tokens stay as they are.
          if (which === 'cached') added.input += more
          if (which === 'reasoning') added.output += more
          const slack = 1 - 1e-14
          expect(cost(prices, added)).toBeGreaterThanOrEqual(cost(prices, counts) * slack)
          for (const name of Object.keys(FOUR) as (keyof typeof FOUR)[]) {
            const risen = { ...prices, [name]: Math.min(prices[name] + rise, 1e12) }
            expect(cost(risen, counts)).toBeGreaterThanOrEqual(cost(prices, counts) * slack)
          }
        },
      ),
    )
  })

  it('falls with each token that is cached, where that is cheaper', () => {
    expect(cost(FOUR, { input: 1e6, output: 1e6, cached: 0, reasoning: 0 })).toBe(20)
    expect(cost(FOUR, { input: 1e6, output: 1e6, cached: 5e5, reasoning: 0 })).toBe(18.5)
    expect(cost(FOUR, { input: 1e6, output: 1e6, cached: 1e6, reasoning: 1e6 })).toBe(21)
  })
})

describe('prices of cached and reasoning tokens', () => {
  it('make the realised cost of a settlement', async () => {
    const { router } = await makeBench({ models: [SPEC] })
    const counts = { inputTokens: 1000, cachedInputTokens: 800, outputTokens: 500, reasoningTokens: 400 }
    router.settle(router.route(X).id, counts)
    const usd = (200 * 4 + 800 * 1 + 100 * 16 + 400 * 20) / 1e6
    expect(router.stats().models[0]).toMatchObject({ ...SPEC, spendUsd: usd })
    router.settle(router.route(X).id, { ...counts, costUsd: 0.5 })
    expect(router.stats().pacer.spendUsd).toBe(usd + 0.5)
  })

  it('leave the blended price, the penalty and the expected cost alone', async () => {
    const { inputUsdPerMTok, outputUsdPerMTok } = FOUR
    const two = { inputUsdPerMTok, outputUsdPerMTok }
    expect(blendedUsdPerKTok(FOUR)).toBe(0.01)
    expect(logNormalisedCost(FOUR)).toBe(logNormalisedCost(two))
    const plain = await makeBench({ models: [{ id: 'm', ...two }] })
    const { router } = await makeBench({ models: [SPEC] })
    expect(router.route(X)).toEqual(plain.router.route(X))
  })

  it('are those in force when the request was routed, and take their defaults when others are set', async () => {
    const { router, log } = await makeBench({ models: [SPEC] })
    const { id } = router.route(X)
    router.reprice('m', { inputUsdPerMTok: 2, outputUsdPerMTok: 3 })
    const now = { inputUsdPerMTok: 2, outputUsdPerMTok: 3, cachedInputUsdPerMTok: 2, reasoningUsdPerMTok: 3 }
    expect(router.stats().models[0]).toMatchObject(now)
    expect(log.at(-1)).toMatchObject({ type: 'model-repriced', price: now })
    const counts = { inputTokens: 1e6, cachedInputTokens: 1e6, outputTokens: 1e6, reasoningTokens: 1e6 }
    router.settle(id, counts)
    expect(log.at(-1)).toMatchObject({ costUsd: 21 })
    router.settle(router.route(X).id, counts)
    expect(log.at(-1)).toMatchObject({ costUsd: 5 })
  })

  it('go with tiers and discounts when others are set', async () => {
    const tiers = [{ aboveInputTokens: 1000, inputUsdPerMTok: 40, outputUsdPerMTok: 160 }]
    const { router, log } = await makeBench({ models: [{ ...SPEC, tiers, batchDiscount: 0.5 }] })
    const bill = { inputTokens: 1e6, outputTokens: 0, serviceTier: 'batch' } as const
    router.settle(router.route(X).id, bill)
    expect(log.at(-1)).toMatchObject({ costUsd: 20 })
    router.reprice('m', { inputUsdPerMTok: 2, outputUsdPerMTok: 3 })
    router.settle(router.route(X).id, bill)
    expect(log.at(-1)).toMatchObject({ costUsd: 2 })
  })

  it('are in the event of an added model, filled in, and in a snapshot with the requests that wait', async () => {
    const { router, log } = await makeBench()
    router.addModel({ id: 'plain', inputUsdPerMTok: 1, outputUsdPerMTok: 2 })
    expect(log.at(-1)).toMatchObject({ model: { cachedInputUsdPerMTok: 1, reasoningUsdPerMTok: 2 } })
    router.addModel(SPEC, { forcedExploration: 99 })
    router.disable('plain')
    const { id, model } = router.route(X, { candidates: ['m'] })
    expect(model).toBe('m')
    const copy = await makeBench({ models: MODELS })
    copy.router.restore(router.snapshot())
    expect(copy.router.stats()).toEqual(router.stats())
    const counts = { inputTokens: 9, cachedInputTokens: 3, outputTokens: 8, reasoningTokens: 7 }
    copy.router.settle(id, counts)
    router.settle(id, counts)
    expect(digest(copy.router)).toBe(digest(router))
    const replayed = await makeBench()
    for (const event of log) replayed.router.apply(event)
    expect(digest(replayed.router)).toBe(digest(router))
  })
})
