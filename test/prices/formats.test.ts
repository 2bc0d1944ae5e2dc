import { describe, expect, it } from 'vitest'
import { createRouter, quoteBill } from '../../src/index.js'
import { type ImportPricesOptions, importPrices } from '../../src/prices/index.js'
import { LITELLM, MODELS_DEV, OPENROUTER } from './lists.js'

async function take(list: object, name: string, options: Partial<ImportPricesOptions> = {}) {
  const { models, notes, format } = await importPrices(list, { models: { m: name }, ...options })
  const [{ id, ...price }] = models
  return { id, price, notes: notes.map(({ message }) => message), format }
}

describe("LiteLLM's list", () => {
  it('is read by kinds of tokens', async () => {
    expect(await take(LITELLM, 'eu.anthropic.claude-haiku-4-5-20251001-v1:0')).toEqual({
      id: 'm',
      format: 'litellm',
      notes: [],
      price: {
        inputUsdPerMTok: 1.1,
        outputUsdPerMTok: 5.5,
        cachedInputUsdPerMTok: 0.11,
        cacheWrite5mUsdPerMTok: 1.375,
        cacheWrite1hUsdPerMTok: 2.2,
      },
    })
    expect((await take(LITELLM, 'amazon.nova-2-pro-preview-20251202-v1:0')).price).toEqual({
      inputUsdPerMTok: 2.1875,
      outputUsdPerMTok: 17.5,
      cachedInputUsdPerMTok: 0.546875,
      audioInputUsdPerMTok: 2.1875,
      imageInputUsdPerMTok: 2.1875,
    })
  })

  it('has tiers by the size of requests, in both of its ways', async () => {
    const { price } = await take(LITELLM, 'eu.anthropic.claude-sonnet-4-20250514-v1:0', {
      unpriced: 'dearest',
    })
    expect(price.tiers).toEqual([
      {
        aboveInputTokens: 200_000,
        inputUsdPerMTok: 6,
        outputUsdPerMTok: 22.5,
        cachedInputUsdPerMTok: 0.6,
        cacheWrite5mUsdPerMTok: 7.5,
      },
    ])
    expect((await take(LITELLM, 'made-ranges')).price).toEqual({
      inputUsdPerMTok: 1.2,
      outputUsdPerMTok: 6,
      tiers: [{ aboveInputTokens: 32_000, inputUsdPerMTok: 2.4, outputUsdPerMTok: 12 }],
    })
  })

  it('names what is charged beside tokens', async () => {
    const opus = await take(LITELLM, 'eu.anthropic.claude-opus-4-1-20250805-v1:0', { unpriced: 'dearest' })
    expect(opus.notes).toContain(
      'not charged, as it is not by tokens: search_context_cost_per_query (prices of its own)',
    )
    const { notes, price } = await take(LITELLM, 'embed-english-v3.0')
    expect(notes).toEqual(['not charged, as it is not by tokens: input_cost_per_image (0.0001)'])
    expect(price).toEqual({ inputUsdPerMTok: 0.1, outputUsdPerMTok: 0 })
  })

  it('has no discount where the list takes nothing off of output', async () => {
    const entry = { input_cost_per_token: 1e-6, input_cost_per_token_batches: 5e-7 }
    const list = {
      chat: { litellm_provider: 'p', output_cost_per_token: 4e-6, ...entry },
      embeddings: { litellm_provider: 'p', mode: 'embedding', ...entry },
    }
    const { models } = await importPrices(list, { models: ['chat', 'embeddings'], discounts: true })
    expect(models.map(({ batchDiscount }) => batchDiscount)).toEqual([undefined, 0.5])
  })

  it('is taken at the prices of the service that was asked for', async () => {
    const of = async (options: Partial<ImportPricesOptions>) => take(LITELLM, 'made-services', options)
    const plain = await of({})
    expect(plain.price).toEqual({ inputUsdPerMTok: 1.25, outputUsdPerMTok: 10, cachedInputUsdPerMTok: 0.125 })
    expect(plain.notes).toEqual([
      expect.stringContaining('batchDiscount 0.5 is not taken'),
      expect.stringContaining('flexDiscount 0.4 is not taken'),
    ])
    // The least of what is taken off of any kind: 50 % of input and 40 % of output.
    expect((await of({ discounts: true })).price).toMatchObject({ batchDiscount: 0.5, flexDiscount: 0.4 })
    const batch = await of({ service: 'batch' })
    expect(batch.price).toEqual({ inputUsdPerMTok: 0.625, outputUsdPerMTok: 5, cachedInputUsdPerMTok: 0.125 })
    expect(batch.notes).toEqual(['no batch price is listed of cachedInput: charged in full'])
    // Cached input of priority requests has no price there: it costs what their input costs, and not what plain ones do.
    expect((await of({ service: 'priority' })).price).toEqual({ inputUsdPerMTok: 2.5, outputUsdPerMTok: 20 })
    await expect(take(LITELLM, 'amazon.nova-lite-v1:0', { service: 'batch' })).rejects.toMatchObject({
      code: 'PRICES_MISSING',
      message: expect.stringContaining('the list has no batch prices'),
    })
  })
})

describe("models.dev's list", () => {
  it('is read by kinds of tokens, in dollars per million', async () => {
    const { price, format } = await take(MODELS_DEV, 'google/gemini-2.5-flash')
    expect(format).toBe('models.dev')
    expect(price).toEqual({
      inputUsdPerMTok: 0.3,
      outputUsdPerMTok: 2.5,
      cachedInputUsdPerMTok: 0.03,
      audioInputUsdPerMTok: 1,
    })
  })

  it('has tiers with their bounds, and in the older way above 200,000 tokens', async () => {
    expect((await take(MODELS_DEV, 'google/gemini-2.5-pro')).price.tiers).toEqual([
      { aboveInputTokens: 200_000, inputUsdPerMTok: 2.5, outputUsdPerMTok: 15, cachedInputUsdPerMTok: 0.25 },
    ])
    const { price, notes } = await take(MODELS_DEV, 'openai/made-old-tier')
    // The tier says nothing of cached input: it costs what input costs there.
    expect(price.tiers).toEqual([
      { aboveInputTokens: 200_000, inputUsdPerMTok: 4, outputUsdPerMTok: 12, cachedInputUsdPerMTok: 4 },
    ])
    expect(notes).toEqual([
      expect.stringContaining('above 200000 input tokens the list has no price of cachedInput'),
    ])
  })

  it('is found by the name of a model alone where one provider has it', async () => {
    expect((await take(MODELS_DEV, 'gpt-5-nano')).notes).toEqual(['it is openai/gpt-5-nano in the list'])
    await expect(take(MODELS_DEV, 'gpt-5')).rejects.toMatchObject({
      message: expect.stringContaining('the list has several: openai/gpt-5, azure/gpt-5: say which'),
    })
  })

  it('has models without a price, which get none', async () => {
    for (const name of ['made/unpriced', 'made/video'])
      await expect(take(MODELS_DEV, name)).rejects.toMatchObject({
        code: 'PRICES_MISSING',
        message: expect.stringContaining('the list has no price of input tokens'),
      })
  })
})

describe("OpenRouter's list", () => {
  it('is read from texts; 0 is no price of a kind, and an override is a tier from its bound on', async () => {
    const { price, notes, format } = await take(OPENROUTER, 'anthropic/claude-sonnet-4.5')
    expect(format).toBe('openrouter')
    expect(price).toEqual({
      inputUsdPerMTok: 3,
      outputUsdPerMTok: 15,
      cachedInputUsdPerMTok: 0.3,
      cacheWrite5mUsdPerMTok: 3.75,
      cacheWrite1hUsdPerMTok: 6,
      tiers: [
        {
          aboveInputTokens: 199_999,
          inputUsdPerMTok: 6,
          outputUsdPerMTok: 22.5,
          cachedInputUsdPerMTok: 0.3,
          cacheWrite5mUsdPerMTok: 3.75,
          cacheWrite1hUsdPerMTok: 6,
        },
      ],
    })
    expect(notes).toEqual([
      expect.stringContaining('a price of 0 counts as none: reasoning'),
      'not charged, as it is not by tokens: pricing.image ("0.0048"), pricing.web_search ("0.01")',
    ])
  })

  it('charges the dearer price where it depends on the hour, and takes no discount off', async () => {
    const hourly = await take(OPENROUTER, 'made/by-the-hour')
    expect(hourly.price).toEqual({ inputUsdPerMTok: 1, outputUsdPerMTok: 3 })
    expect(hourly.notes).toEqual([
      'pricing.overrides[0] depends on utc_start, utc_end: the dearer price is charged always',
      'not charged, as it is not by tokens: pricing.request ("0.0005")',
    ])
    expect((await take(OPENROUTER, 'openai/gpt-5')).notes).toEqual([
      expect.stringContaining('pricing.discount 0.1 is not taken off'),
    ])
  })

  it('has prices that vary, and free ones: neither is charged without a word', async () => {
    await expect(take(OPENROUTER, 'openrouter/auto')).rejects.toMatchObject({
      code: 'PRICES_INVALID',
      message: expect.stringContaining('pricing.prompt: the price varies ("-1")'),
    })
    const free = 'meta-llama/llama-3.1-8b-instruct:free'
    await expect(take(OPENROUTER, free)).rejects.toMatchObject({ code: 'PRICES_IMPLAUSIBLE' })
    const { price } = await take(OPENROUTER, free, { accept: ['m'] })
    expect(price).toEqual({ inputUsdPerMTok: 0, outputUsdPerMTok: 0 })
  })
})

describe('kinds of tokens without a price that would do', () => {
  it('are refused, or charged as the dearest', async () => {
    const refused = (list: object, name: string, what: RegExp) =>
      expect(take(list, name)).rejects.toMatchObject({
        code: 'PRICES_MISSING',
        message: expect.stringMatching(what),
      })
    await refused(LITELLM, 'made-hears', /no price of audioInput, which the model has/)
    await refused(MODELS_DEV, 'anthropic/claude-sonnet-4-5', /no price of cacheWrite1h/)
    await refused(LITELLM, 'made-audio', /cache_read_input_audio_token_cost .* counted as cachedInput/)
    const dearest = { unpriced: 'dearest' } as const
    const sonnet = await take(MODELS_DEV, 'anthropic/claude-sonnet-4-5', dearest)
    expect(sonnet.price).not.toHaveProperty('cacheWrite1hUsdPerMTok')
    expect(sonnet.notes).toEqual([
      expect.stringContaining('cacheWrite1h: charged as the dearest of its side'),
    ])
    const audio = await take(LITELLM, 'made-audio', dearest)
    expect(audio.price).toMatchObject({ cachedInputUsdPerMTok: 0.3, audioInputUsdPerMTok: 10 })
    expect(audio.notes).toEqual([expect.stringContaining('cachedInput is charged at 0.3 USD per million')])
    const long = {
      input_cost_per_token_above_200k_tokens: 1.2e-6,
      cache_read_input_token_cost_above_200k_tokens: 1.2e-7,
    }
    const tiered = { ...LITELLM, 'made-audio': { ...LITELLM['made-audio'], ...long } }
    const { price } = await take(tiered, 'made-audio', dearest)
    expect(price.tiers).toMatchObject([{ inputUsdPerMTok: 1.2, cachedInputUsdPerMTok: 0.3 }])
  })
})

describe('a price in force that the list does not have', () => {
  it('stays, where somebody has stated it and it is not below its side now; so do discounts', async () => {
    const price = { inputUsdPerMTok: 3, outputUsdPerMTok: 15, cacheWrite1hUsdPerMTok: 6, batchDiscount: 0.5 }
    const of = (more: object) =>
      take(MODELS_DEV, 'anthropic/claude-sonnet-4-5', { current: [{ id: 'm', ...price, ...more }] })
    const { price: kept, notes } = await of({})
    expect(kept).toMatchObject({
      cacheWrite5mUsdPerMTok: 3.75,
      cacheWrite1hUsdPerMTok: 6,
      batchDiscount: 0.5,
    })
    expect(notes).toEqual(['kept as in force, as the list has no price of it: cacheWrite1h (6)'])
    await expect(of({ cacheWrite1hUsdPerMTok: 2 })).rejects.toMatchObject({ code: 'PRICES_MISSING' })
    const again = {
      models: { m: 'made-services' },
      current: [{ id: 'm', ...price }],
      service: 'batch',
    } as const
    expect((await importPrices(LITELLM, again)).models[0]).not.toHaveProperty('batchDiscount')
  })
})

describe('a models file', () => {
  it('is a list too, of what was imported before', async () => {
    const options = { models: { a: 'google/gemini-2.5-pro', b: 'openai/gpt-5-nano' } }
    const { models } = await importPrices(MODELS_DEV, options)
    const again = await importPrices({ models }, { models: ['a', 'b'], current: models })
    expect(again.format).toBe('paretobandit')
    expect(again.models).toEqual(models)
    expect(again.differences).toEqual([])
  })

  it('is taken as it stands: what a tier leaves out has the default of routers', async () => {
    const tiers = [{ aboveInputTokens: 1000, inputUsdPerMTok: 2, outputUsdPerMTok: 4 }]
    const model = {
      inputUsdPerMTok: 1,
      outputUsdPerMTok: 2,
      cacheWrite5mUsdPerMTok: 1.25,
      tiers,
      flexDiscount: 0.5,
    }
    const { price, notes } = await take([{ id: 'x', ...model }], 'x')
    expect({ price, notes }).toEqual({ price: model, notes: [] })
  })

  it('refuses a price that is misspelt, and an invalid bound or share', async () => {
    const model = { id: 'm', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
    for (const [more, message] of [
      [{ cachedInputUsdPerMtok: 0.1 }, /unknown; did you mean 'cachedInputUsdPerMTok'/],
      [{ batchDiscount: 1 }, /batchDiscount: expected a share/],
      [{ tiers: [{ ...model, aboveInputTokens: 0 }] }, /aboveInputTokens: expected a number above 0/],
    ] as const)
      await expect(take([{ ...model, ...more }], 'm')).rejects.toMatchObject({
        code: 'PRICES_INVALID',
        message: expect.stringMatching(message),
      })
  })
})

describe('imported prices', () => {
  it('are what a router takes, and reprices to', async () => {
    const options = { models: { large: 'google/gemini-2.5-pro', small: 'gpt-5-nano' } }
    const { models } = await importPrices(MODELS_DEV, options)
    const router = await createRouter<string>({ models })
    for (const { id, ...price } of models) router.reprice(id, price)
    expect(router.stats().models.map(({ inputUsdPerMTok }) => inputUsdPerMTok)).toEqual([1.25, 0.05])
    await router.close()
    const [{ id: _, ...large }] = models
    const { costUsd } = quoteBill(large, {
      inputTokens: 250_000,
      cachedInputTokens: 50_000,
      outputTokens: 1000,
    })
    expect(costUsd).toBeCloseTo(0.2 * 2.5 + 0.05 * 0.25 + 0.001 * 15, 12)
  })

  it('come with the source, the time, and what differs from the prices in force', async () => {
    const current = [
      { id: 'large', inputUsdPerMTok: 2.5, outputUsdPerMTok: 10, cachedInputUsdPerMTok: 0.125 },
    ]
    const { differences, readAt, source } = await importPrices(MODELS_DEV, {
      models: { large: 'openai/gpt-5', small: 'openai/gpt-5-nano' },
      current,
      now: () => 1_795_000_000_000,
      name: 'api.json',
    })
    expect({ readAt, source }).toEqual({ readAt: 1_795_000_000_000, source: 'api.json' })
    expect(differences).toEqual([
      {
        model: 'large',
        price: 'inputUsdPerMTok',
        aboveInputTokens: null,
        before: 2.5,
        after: 1.25,
        times: 0.5,
      },
      ...[
        ['inputUsdPerMTok', 0.05],
        ['outputUsdPerMTok', 0.4],
        ['cachedInputUsdPerMTok', 0.005],
        ['reasoningUsdPerMTok', 0.4],
      ].map(([price, after]) => ({
        model: 'small',
        price,
        aboveInputTokens: null,
        before: null,
        after,
        times: null,
      })),
    ])
  })
})
