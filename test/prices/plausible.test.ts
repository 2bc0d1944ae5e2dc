import { describe, expect, it } from 'vitest'
import type { ModelSpec } from '../../src/index.js'
import { type ImportPricesOptions, importPrices, PricesError } from '../../src/prices/index.js'
import { type Entry, LITELLM, MODELS_DEV, OPENROUTER } from './lists.js'

/** What was asked about, a line a price. */
async function asked(list: object, options: ImportPricesOptions): Promise<string[]> {
  const { problems } = await importPrices(list, { ...options, partial: true })
  expect(problems.every(({ code }) => code === 'PRICES_IMPLAUSIBLE')).toBe(true)
  return problems.map(({ model, message }) => `${model}: ${message}`)
}

/** LiteLLM's list with the prices of one entry multiplied. */
function times(name: string, factor: number): Readonly<Record<string, Entry>> {
  const entry = Object.entries(LITELLM[name]).map(([field, value]) => [
    field,
    typeof value === 'number' && field.includes('cost') ? value * factor : value,
  ])
  return { ...LITELLM, [name]: Object.fromEntries(entry) }
}

const NOVA = 'amazon.nova-2-lite-v1:0'
const IN_FORCE: ModelSpec = {
  id: 'm',
  inputUsdPerMTok: 0.3,
  outputUsdPerMTok: 2.5,
  cachedInputUsdPerMTok: 0.075,
}

describe('a price far off', () => {
  it('of what is in force is refused with a typed error, and taken where the model is accepted', async () => {
    for (const factor of [1000, 1e6, 1e-3, 1e-6]) {
      const list = times(NOVA, factor)
      const options = { models: { m: NOVA }, current: [IN_FORCE] }
      const error = await importPrices(list, options).then(
        () => null,
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(PricesError)
      if (!(error instanceof PricesError)) return
      expect(error.code).toBe('PRICES_IMPLAUSIBLE')
      expect(error.problems.map(({ model, name }) => [model, name])).toEqual(
        Array.from(error.problems, () => ['m', NOVA]),
      )
      expect(error.message).toMatch(/inputUsdPerMTok is .* the 0\.3 in force/)
      const { models, notes } = await importPrices(list, { ...options, accept: ['m'] })
      expect(models[0].outputUsdPerMTok / factor).toBeCloseTo(2.5, 9)
      expect(notes[0].message).toContain('accepted: inputUsdPerMTok')
    }
  })

  it('of its neighbours in the list is refused, as in the list that there is', async () => {
    expect(await asked(LITELLM, { models: { m: 'embed-multilingual-light-v3.0' } })).toEqual([
      'm: inputUsdPerMTok is 100, 1000 times the 0.1 of 4 other models in the list',
    ])
    expect(await asked(LITELLM, { models: { m: 'embed-multilingual-v3.0' } })).toEqual([])
    expect(await asked(times(NOVA, 1000), { models: { m: NOVA } })).toEqual([
      'm: inputUsdPerMTok is 300, 250 times the 1.2 of 9 other models in the list',
      expect.stringMatching(/outputUsdPerMTok is 2500, \d+ times the [\d.]+ of 9 other models/),
    ])
  })

  it('of the same model at other providers is refused', async () => {
    const list = { ...MODELS_DEV, x: { models: { 'gpt-5': { cost: { input: 1250, output: 10_000 } } } } }
    expect(await asked(list, { models: { m: 'x/gpt-5' } })).toEqual([
      'm: inputUsdPerMTok is 1250, 1000 times the 1.25 of 2 others of its name in the list',
      'm: outputUsdPerMTok is 10000, 1000 times the 10 of 2 others of its name in the list',
    ])
  })

  it('of another kind of tokens of the same model is refused', async () => {
    for (const [kind, value, message] of [
      ['output', 2500, /outputUsdPerMTok is 2500, 2080 times the 1\.2 that is usual beside input at 0\.3/],
      ['cache_read', 30, /cachedInputUsdPerMTok is 30, 500 times the 0\.06 that is usual beside input/],
      ['input_audio', 1000, /audioInputUsdPerMTok is 1000, 833 times/],
    ] as const) {
      const { models } = MODELS_DEV.google
      const entry = {
        ...models['gemini-2.5-flash'],
        cost: { ...(models['gemini-2.5-flash'].cost as Entry), [kind]: value },
      }
      const list = { ...MODELS_DEV, google: { models: { ...models, 'gemini-2.5-flash': entry } } }
      expect(await asked(list, { models: { m: 'google/gemini-2.5-flash' } })).toEqual([
        expect.stringMatching(message),
      ])
    }
  })

  it('in a tier of long requests is refused', async () => {
    const cost = { input: 1, output: 4, tiers: [{ tier: { size: 1000 }, input: 1000, output: 0 }] }
    expect(await asked({ p: { models: { m: { cost } } } }, { models: { m: 'p/m' } })).toEqual([
      'm: inputUsdPerMTok above 1000 input tokens is 1000, 1000 times the 1 in short requests',
      'm: outputUsdPerMTok above 1000 input tokens is 0, and that is free',
    ])
  })

  it('where the whole list is in another unit is refused', async () => {
    const list = Object.fromEntries(
      Object.entries(MODELS_DEV.openai.models).map(([name, { cost }]) => {
        const { input, output } = cost as { readonly input: number; readonly output: number }
        return [
          name,
          { litellm_provider: 'openai', input_cost_per_token: input, output_cost_per_token: output },
        ]
      }),
    )
    expect(await asked(list, { models: { m: 'gpt-5' } })).toEqual([
      expect.stringContaining('inputUsdPerMTok is 1250000, and prices of tokens are from'),
      expect.stringContaining('outputUsdPerMTok is 10000000, and prices of tokens are from'),
    ])
  })

  it('that is free is refused, unless it is free already', async () => {
    const models = { m: 'meta-llama/llama-3.1-8b-instruct:free' }
    const free = { id: 'm', inputUsdPerMTok: 0, outputUsdPerMTok: 0 }
    expect(await asked(OPENROUTER, { models, current: [IN_FORCE] })).toEqual([
      'm: inputUsdPerMTok is 0, and that is free',
      'm: outputUsdPerMTok is 0, and that is free',
    ])
    expect(await asked(OPENROUTER, { models, current: [free] })).toEqual([])
  })
})

describe('a price that has changed', () => {
  it('by up to 100 times is taken without a question', async () => {
    for (const factor of [50, 1 / 50]) {
      const list = times(NOVA, factor)
      expect(await asked(list, { models: { m: NOVA }, current: [IN_FORCE] })).toEqual([])
    }
  })
})
