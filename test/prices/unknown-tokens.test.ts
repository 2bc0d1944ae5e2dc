import { describe, expect, it } from 'vitest'
import { importPrices } from '../../src/prices/index.js'

const entry = { litellm_provider: 'p', input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }
const of = (more: object, unpriced?: 'dearest') =>
  importPrices({ m: { ...entry, ...more } }, { models: ['m'], ...(unpriced ? { unpriced } : {}) })

describe('a price by tokens that is not known', () => {
  it.each([
    'citation_cost_per_token',
    'input_cost_per_smell_token',
    'output_cost_per_token_on_sundays',
    'cache_read_input_video_token_cost',
    'cache_read_input_token_cost_above_1hr',
  ])('is refused by name, and told where the model is taken all the same (%s)', async (field) => {
    await expect(of({ [field]: 4e-6 })).rejects.toMatchObject({
      code: 'PRICES_MISSING',
      message: expect.stringContaining(`prices of tokens that are not known here, ${field} (0.000004)`),
    })
    const { notes } = await of({ [field]: 4e-6 }, 'dearest')
    expect(notes.map(({ message }) => message)).toEqual([
      `not charged, as such tokens are not known here, which may be too little: ${field} (0.000004)`,
    ])
    expect((await of({ [field]: 0 })).notes).toEqual([])
  })

  it('is refused in a range of lengths as well', async () => {
    const tiered_pricing = [{ range: [0, 1000], citation_cost_per_token: 1e-6 }]
    await expect(of({ tiered_pricing })).rejects.toThrow(/tiered_pricing\[0\]\.citation_cost_per_token/)
  })
})

it.each([
  ['512', 512],
  ['200k', 200_000],
  ['1m', 1_000_000],
  ['1000k', 1_000_000],
])('requests of more than %s tokens are a tier', async (bound, aboveInputTokens) => {
  const { models } = await of({
    [`input_cost_per_token_above_${bound}_tokens`]: 2e-6,
    [`output_cost_per_token_above_${bound}_tokens`]: 4e-6,
  })
  expect(models[0].tiers).toEqual([{ aboveInputTokens, inputUsdPerMTok: 2, outputUsdPerMTok: 4 }])
})

describe('a list that has a name twice', () => {
  const router = (prompt: string) => ({ id: 'm', pricing: { prompt, completion: '0.000002' } })
  const ours = (inputUsdPerMTok: number) => ({ id: 'm', inputUsdPerMTok, outputUsdPerMTok: 2 })

  it.each([
    ['OpenRouter', { data: [router('0.000001'), router('0.000003')] }],
    ['ours', { models: [ours(1), ours(3)] }],
  ])('at different prices has no price of it (%s)', async (_, list) => {
    await expect(importPrices(list, { models: ['m'] })).rejects.toMatchObject({
      code: 'PRICES_INVALID',
      message: expect.stringContaining('id: the list has it twice, at different prices'),
    })
  })

  it('at the same prices has one', async () => {
    const { models } = await importPrices(
      { data: [router('0.000001'), router('0.000001')] },
      { models: ['m'] },
    )
    expect(models[0].inputUsdPerMTok).toBe(1)
  })
})

it('a models file is looked up by ids where it has no such name', async () => {
  const list = { models: [{ id: 'large', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }] }
  const { models } = await importPrices(list, { models: { large: 'gpt-5' } })
  expect(models).toMatchObject([{ id: 'large', inputUsdPerMTok: 1 }])
})
