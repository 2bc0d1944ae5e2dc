import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ModelSpec } from '../../src/index.js'
import { importPrices } from '../../src/prices/index.js'

/** Prices in USD per million tokens with up to six digits: those of one model are within 100 times of one another. */
const kinds = fc.integer({ min: 1, max: 9999 }).chain((input) =>
  fc.record({
    input: fc.constant(input / 1000),
    output: fc.integer({ min: input, max: 50 * input }).map((each) => each / 1000),
    cached: fc.integer({ min: Math.ceil(input / 20), max: input }).map((each) => each / 1000),
    write: fc.integer({ min: input, max: 2 * input }).map((each) => each / 1000),
  }),
)

/** The same number, written with its point six places to the left, as lists of prices a token have it. */
function perToken(usdPerMTok: number): string {
  const digits = Math.round(usdPerMTok * 1000)
  return `${digits}e-9`
}

function plain(exponent: string): string {
  return `0.${exponent.replace('e-9', '').padStart(9, '0')}`
}

describe('units', () => {
  it('of a list per token and of one per million give the same prices, to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, async ({ input, output, cached, write }) => {
        const options = { models: { m: 'p/m' }, accept: ['m'], unpriced: 'dearest' } as const
        const prices = async (list: object): Promise<ModelSpec> =>
          (await importPrices(list, options)).models[0]
        const perMillion = await prices({
          p: { models: { m: { cost: { input, output, cache_read: cached, cache_write: write } } } },
        })
        const asNumbers = await prices({
          'p/m': {
            litellm_provider: 'p',
            input_cost_per_token: Number(perToken(input)),
            output_cost_per_token: Number(perToken(output)),
            cache_read_input_token_cost: Number(perToken(cached)),
            cache_creation_input_token_cost: Number(perToken(write)),
          },
        })
        const asTexts = await prices({
          data: [
            {
              id: 'p/m',
              pricing: {
                prompt: plain(perToken(input)),
                completion: perToken(output),
                input_cache_read: plain(perToken(cached)),
                input_cache_write: plain(perToken(write)),
              },
            },
          ],
        })
        expect(asNumbers).toEqual(perMillion)
        expect(asTexts).toEqual(perMillion)
        expect(perMillion).toEqual({
          id: 'm',
          inputUsdPerMTok: input,
          outputUsdPerMTok: output,
          cachedInputUsdPerMTok: cached,
          cacheWrite5mUsdPerMTok: write,
        })
      }),
      { seed: 16, numRuns: 200 },
    )
  })
})
