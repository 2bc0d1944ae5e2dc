import { describe, expect, it } from 'vitest'
import { checkModelPrice } from '../../src/models/model.js'
import { priceListOf } from '../../src/models/price-list.js'
import {
  emptyMix,
  loadMix,
  meanAssumed,
  meanTokens,
  recordTokens,
  saveMix,
} from '../../src/models/token-mix.js'

const listOf = (inputUsdPerMTok: number, outputUsdPerMTok: number) =>
  priceListOf(checkModelPrice({ inputUsdPerMTok, outputUsdPerMTok }, 'price'))
const USUAL = { inputTokens: 1000, outputTokens: 300 }

describe('tokens of the settled requests of a model', () => {
  it('are means of the latest, and of what was assumed as far as the list cost says', () => {
    const mix = emptyMix()
    const prices = listOf(1, 4)
    // Assumed were 400 tokens in and 300 out.
    for (let i = 0; i < 100; i++)
      recordTokens(mix, { input: 300, cachedInput: 100, output: 60 }, prices, 0.0016)
    const tokens = meanTokens(mix)
    expect(tokens?.input).toBeCloseTo(300, 9)
    expect(tokens?.cachedInput).toBeCloseTo(100, 9)
    expect(tokens?.output).toBeCloseTo(60, 9)
    const assumed = meanAssumed(mix, prices, USUAL)
    expect(assumed.inputTokens).toBeCloseTo(400, 9)
    expect(assumed.outputTokens).toBeCloseTo(300, 9)
    expect(loadMix(saveMix(mix))).toEqual(mix)
  })

  it('of a kind that none has had for long are forgotten, whole, and so is what was assumed of answers', () => {
    const mix = emptyMix()
    recordTokens(mix, { input: 300, cachedInput: 100, output: 60 }, listOf(1, 4), 0.0016)
    for (let i = 0; i < 40_000; i++) recordTokens(mix, { input: 400, output: 60 }, listOf(1, 0), 0.0004)
    expect(Object.keys(meanTokens(mix) ?? {})).toEqual(['input', 'output'])
    const { inputTokens, outputTokens } = meanAssumed(mix, listOf(1, 0), USUAL)
    expect(inputTokens).toBeCloseTo(400, 9)
    expect(outputTokens).toBe(300)
    expect(saveMix(mix)).toMatchObject({ assumedOutput: 0, outputBills: 0 })
  })
})
