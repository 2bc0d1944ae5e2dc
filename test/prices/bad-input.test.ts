import { describe, expect, it } from 'vitest'
import { type ImportPricesOptions, importPrices } from '../../src/prices/index.js'
import { LITELLM, MODELS_DEV, OPENROUTER } from './lists.js'

const of = (list: unknown, options: object) =>
  importPrices(list as object, options as unknown as ImportPricesOptions)

const LITELLM_PRICES = { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }
const OPENROUTER_PRICES = { prompt: '0.000001', completion: '0.000002' }

describe('an invalid price', () => {
  it.each([
    [{ m: { litellm_provider: 'p', currency: 'CNY', ...LITELLM_PRICES } }, 'currency'],
    [{ m: { models: { m: { cost: { input: 1, output: 2, currency: 'CNY' } } } } }, 'cost.currency'],
    [{ m: { models: { m: { currency: 'EUR', cost: { input: 1, output: 2 } } } } }, 'currency'],
    [{ data: [{ id: 'm/m', pricing: { ...OPENROUTER_PRICES, currency: 7 } }] }, 'pricing.currency'],
    [{ data: [{ id: 'm/m', currency: 'EUR', pricing: OPENROUTER_PRICES }] }, 'currency'],
  ])('in other money than dollars is refused: %j', async (list, field) => {
    await expect(of(list, { models: ['m'] })).rejects.toMatchObject({
      code: 'PRICES_INVALID',
      message: expect.stringMatching(new RegExp(`${field}: expected prices in USD, got `)),
    })
    const text = JSON.stringify(list).replace(/"currency":("\w+"|7)/, '"currency":"usd"')
    expect((await of(JSON.parse(text), { models: ['m'] })).notes.length).toBeLessThanOrEqual(1)
  })

  it.each([
    [-1e-6, /expected a price, a number >= 0, got -0\.000001/],
    [Number.NaN, /got NaN/],
    [Number.POSITIVE_INFINITY, /got Infinity/],
    ['0.000003', /got "0\.000003"/],
    [-1, /the price varies \(-1\)/],
    [{}, /got an object/],
    [true, /got true/],
  ])('%s in a list of numbers is refused by name', async (value, message) => {
    const entry = { litellm_provider: 'p', input_cost_per_token: 1e-6, output_cost_per_token: value }
    await expect(of({ m: entry }, { models: ['m'] })).rejects.toMatchObject({
      code: 'PRICES_INVALID',
      message: expect.stringMatching(/m: output_cost_per_token: /),
    })
    await expect(of({ m: entry }, { models: ['m'] })).rejects.toThrow(message)
    const cost = { input: 1, output: 2, cache_read: value }
    await expect(of({ p: { models: { m: { cost } } } }, { models: { m: 'p/m' } })).rejects.toThrow(
      /m \(p\/m\): cost\.cache_read: /,
    )
  })

  it.each([
    ['-1', /the price varies/],
    ['', /got ""/],
    ['free', /got "free"/],
    ['1e999', /got "1e999"/],
    ['0x10', /got "0x10"/],
    ['-0.1', /got "-0\.1"/],
    [' 1', /got " 1"/],
    ['NaN', /got "NaN"/],
    [[], /got an array/],
  ])('%s in a list of texts is refused by name', async (value, message) => {
    const list = { data: [{ id: 'm', pricing: { prompt: '0.000001', completion: value } }] }
    await expect(of(list, { models: ['m'] })).rejects.toMatchObject({ code: 'PRICES_INVALID' })
    await expect(of(list, { models: ['m'] })).rejects.toThrow(message)
  })

  it.each([
    ['an object that is no text', { toString: 1, valueOf: 1 }],
    ['an object without a prototype', Object.create(null)],
    ['a list of such', [Object.create(null)]],
  ])('where a price is %s, keeps no other model from its price', async (_, price) => {
    const bad = { litellm_provider: 'p', input_cost_per_token: 1e-6, output_cost_per_token: price }
    const beside = {
      litellm_provider: 'p',
      input_cost_per_token: 1e-6,
      output_cost_per_token: 1e-6,
      odd_cost: price,
    }
    const models = { bad: 'bad', good: 'amazon.nova-lite-v1:0', beside: 'beside' }
    const result = await of({ ...LITELLM, bad, beside }, { models, partial: true })
    expect(result.models.map(({ id }) => id)).toEqual(['good', 'beside'])
    expect(result.problems.map(({ model, code }) => [model, code])).toContainEqual(['bad', 'PRICES_INVALID'])
  })

  it('keeps no other model from its price where that is asked for', async () => {
    const list = {
      ...LITELLM,
      bad: { litellm_provider: 'p', input_cost_per_token: -1, output_cost_per_token: 1 },
    }
    const models = { bad: 'bad', good: 'amazon.nova-lite-v1:0', gone: 'amazon.nova-liet-v1:0' }
    const result = await of(list, { models, partial: true })
    expect(result.models.map(({ id }) => id)).toEqual(['good'])
    expect(result.problems.map(({ model, code }) => [model, code])).toEqual([
      ['bad', 'PRICES_INVALID'],
      ['bad', 'PRICES_MISSING'],
      ['gone', 'PRICES_MISSING'],
    ])
    // Without that nothing is taken, and the error has all that is wrong.
    await expect(of(list, { models })).rejects.toMatchObject({ problems: result.problems })
  })
})

describe('a name that is not in the list', () => {
  it.each([
    [LITELLM, 'amazon.nova-lite-v1', 'amazon.nova-lite-v1:0'],
    [LITELLM, 'made-servces', 'made-services'],
    [MODELS_DEV, 'openai/gemini-2.5-pro', 'google/gemini-2.5-pro'],
    [MODELS_DEV, 'claude-sonnet', 'anthropic/claude-sonnet-4-5'],
    [OPENROUTER, 'openai/gpt-5-nona', 'openai/gpt-5-nano'],
  ])('gets the nearest spellings: %#', async (list, name, near) => {
    await expect(of(list, { models: { m: name } })).rejects.toMatchObject({
      code: 'PRICES_MISSING',
      message: expect.stringMatching(/no such name; near are /),
    })
    await expect(of(list, { models: { m: name } })).rejects.toThrow(near)
  })

  it.each(['sample_spec', 'fallback_generalizations', '__proto__', 'constructor', 'x'.repeat(100_000)])(
    'is not found in what every object inherits: %#',
    async (name) => {
      await expect(of(LITELLM, { models: { m: name } })).rejects.toMatchObject({ code: 'PRICES_MISSING' })
    },
  )
})

describe('a list', () => {
  it.each([[null], [undefined], [3], [() => ({})]])('that is %s is refused', async (value) => {
    await expect(of(value, { models: ['m'] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: 'source',
    })
  })

  it.each([[{}], [[]], [{ data: [] }], [{ models: [] }], [{ data: [{ id: 'm' }] }], [{ error: 'gone' }]])(
    'in no known format is refused: %j',
    async (value) => {
      await expect(of(value, { models: ['m'] })).rejects.toMatchObject({
        code: 'PRICES_INVALID',
        message: expect.stringMatching(
          /^the given list: expected LiteLLM's .*, or models\.dev's .*, got an /,
        ),
      })
    },
  )

  it('in another format than was said is refused, and says in which it is', async () => {
    await expect(of(MODELS_DEV, { models: ['m'], format: 'litellm' })).rejects.toThrow(
      "expected LiteLLM's model_prices_and_context_window.json, got models.dev's api.json",
    )
  })

  it('with entries of any kind is read as far as it can be', async () => {
    const list = {
      ...LITELLM,
      a: null,
      b: 3,
      c: {
        tiered_pricing: [null, 3, { range: 'x' }, { range: [-1, 2] }],
        search_context_cost_per_query: null,
      },
      d: { litellm_provider: 'p', supported_output_modalities: 3 },
    }
    await expect(of(list, { models: ['c'] })).rejects.toMatchObject({ code: 'PRICES_MISSING' })
    await expect(of(list, { models: ['d'] })).rejects.toMatchObject({ code: 'PRICES_MISSING' })
    const dev = {
      ...MODELS_DEV,
      x: null,
      y: { models: { a: null, b: { cost: 3, modalities: 4, experimental: 5 } } },
    }
    await expect(of(dev, { models: ['y/b'] })).rejects.toMatchObject({ code: 'PRICES_MISSING' })
    const router = {
      data: [...OPENROUTER.data, null, 3, { id: 4 }, { id: 'x', pricing: { overrides: [3, null] } }],
    }
    await expect(of(router, { models: ['x'] })).rejects.toMatchObject({ code: 'PRICES_MISSING' })
  })
})

describe('options', () => {
  it.each([
    [undefined, 'options'],
    [{}, 'models'],
    [{ models: [] }, 'models'],
    [{ models: {} }, 'models'],
    [{ models: [3] }, 'models[0]'],
    [{ models: { a: '' } }, 'models.a'],
    [{ models: ['m'], format: 'litelm' }, 'format'],
    [{ models: ['m'], service: 'cheap' }, 'service'],
    [{ models: ['m'], unpriced: 'free' }, 'unpriced'],
    [{ models: ['m'], discounts: 1 }, 'discounts'],
    [{ models: ['m'], partial: 'yes' }, 'partial'],
    [{ models: ['m'], accept: ['other'] }, 'accept'],
    [{ models: ['m'], current: [{ id: 'm', inputUsdPerMTok: 1 }] }, 'current[0].outputUsdPerMTok'],
    [{ models: ['m'], fetch: 3 }, 'fetch'],
    [{ models: ['m'], readFile: 3 }, 'readFile'],
    [{ models: ['m'], now: 3 }, 'now'],
    [{ models: ['m'], name: '' }, 'name'],
    [{ models: ['m'], timeoutMs: 0 }, 'timeoutMs'],
    [{ models: ['m'], bytesMax: 1e12 }, 'bytesMax'],
    [{ models: ['m'], signal: {} }, 'signal'],
  ])('%j is refused by name', async (options, field) => {
    await expect(of(LITELLM, options as object)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', field })
  })

  it('that there are not are refused with the nearest', async () => {
    await expect(of(LITELLM, { models: ['m'], formta: 'litellm' })).rejects.toMatchObject({
      code: 'UNKNOWN_OPTION',
      message: expect.stringContaining("did you mean 'format'"),
    })
  })
})
