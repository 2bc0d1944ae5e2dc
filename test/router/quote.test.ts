import { describe, expect, it } from 'vitest'
import { createRouter, quoteBill } from '../../src/index.js'

const PRICES = {
  inputUsdPerMTok: 3,
  outputUsdPerMTok: 15,
  cachedInputUsdPerMTok: 0.3,
  tiers: [{ aboveInputTokens: 1000, inputUsdPerMTok: 6, outputUsdPerMTok: 20 }],
}
const BILLS = [
  { inputTokens: 10, outputTokens: 20 },
  { inputTokens: 2000, outputTokens: 20 },
  { usage: { prompt_tokens: 100, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 60 } } },
  { costUsd: 0.5 },
]

describe('quoteBill', () => {
  it('is what settle books, and books nothing', async () => {
    for (const bill of BILLS) {
      const router = await createRouter({ models: [{ id: 'm', ...PRICES }], dimension: 2 })
      const { id } = router.route([0, 1])
      const { costUsd } = quoteBill(router.stats().models[0], bill)
      expect(router.stats().pacer.spendUsd).toBe(0)
      router.settle(id, bill)
      expect(router.stats().pacer.spendUsd).toBe(costUsd)
    }
  })

  it('tells no cost of a bill that has none', () => {
    expect(quoteBill(PRICES, {})).toMatchObject({ costUsd: null, tokens: null })
    expect(quoteBill(PRICES, { usage: { prompt_tokens: 1, completion_tokens: null } })).toMatchObject({
      tokens: { input: 1 },
      flags: ['count-missing'],
    })
  })

  it('refuses prices of one token, of a tier too, as all calls do', () => {
    const tiers = [{ aboveInputTokens: 1000, inputUsdPerMTok: 6e-6, outputUsdPerMTok: 20 }]
    for (const [prices, field] of [
      [{ inputUsdPerMTok: 0.00000015, outputUsdPerMTok: 0.6 }, 'model.inputUsdPerMTok'],
      [{ ...PRICES, tiers }, 'model.tiers[0].inputUsdPerMTok'],
    ] as const)
      expect(() => quoteBill(prices, BILLS[0])).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringMatching(
            `^${field.replace(/[[\]]/g, '\\$&')}: .* if that is the price of one token, write`,
          ),
        }),
      )
  })
})
