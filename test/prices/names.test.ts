import { describe, expect, it } from 'vitest'
import { importPrices, PricesError } from '../../src/prices/index.js'
import { Names } from '../../src/prices/nearest-names.js'

const long = Array.from({ length: 120_000 }, (_, i) => `provider-${i % 97}/some-model-${i}-preview`)

describe("names of LiteLLM's configs", () => {
  const of = (litellm_provider: string, input: number) => ({
    ...{ litellm_provider, input_cost_per_token: input / 1e6, output_cost_per_token: 9e-6 },
  })
  const list = {
    'gpt-5': of('openai', 1),
    'azure/gpt-5': of('azure', 2),
    'claude-sonnet-4-5': of('anthropic', 3),
    'us.anthropic.claude-v1:0': of('bedrock_converse', 4),
    'gemini-2.5-pro': of('vertex_ai-language-models', 5),
    'gemini/gemini-2.5-pro': of('gemini', 6),
    'command-r': of('cohere_chat', 7),
    'groq/llama-3': of('groq', 8),
  }

  it.each([
    ['openai/gpt-5', 1],
    ['openai/responses/gpt-5', 1],
    ['azure/responses/gpt-5', 2],
    ['azure/gpt-5', 2],
    ['anthropic/claude-sonnet-4-5', 3],
    ['bedrock/us.anthropic.claude-v1:0', 4],
    ['bedrock/converse/us.anthropic.claude-v1:0', 4],
    ['vertex_ai/gemini-2.5-pro', 5],
    ['gemini/gemini-2.5-pro', 6],
    ['cohere/command-r', 7],
    ['groq/llama-3', 8],
  ])('%s is found as that proxy finds it', async (name, inputUsdPerMTok) => {
    const { models } = await importPrices(list, { models: { m: name } })
    expect(models).toMatchObject([{ id: 'm', inputUsdPerMTok }])
  })

  it.each([
    'openai/claude-sonnet-4-5',
    'azure/gemini-2.5-pro',
    'azure_ai/gpt-5',
    'x/gpt-5',
    'openai/',
    '/gpt-5',
  ])('%s has no price of another provider', async (name) => {
    const { problems } = await importPrices(list, { models: { m: name }, partial: true })
    expect(problems).toMatchObject([{ code: 'PRICES_MISSING', name }])
  })

  it('are so in no other list', async () => {
    const ours = { models: [{ id: 'gpt-5', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }] }
    const { problems } = await importPrices(ours, { models: { m: 'openai/gpt-5' }, partial: true })
    expect(problems).toMatchObject([{ code: 'PRICES_MISSING' }])
  })
})

describe('names like one that a list has not', () => {
  it('are found in a list of 120,000', () => {
    const names = new Names([...long, 'openai/gpt-5-nano', 'azure/gpt-5-nano'])
    expect(names.nearest('gpt-5-nono')).toEqual(['openai/gpt-5-nano', 'azure/gpt-5-nano'])
    expect(names.nearest('openai/gtp-5-nano')[0]).toBe('openai/gpt-5-nano')
    expect(names.nearest('aws/gpt-5-nano').slice(0, 2).sort()).toEqual([
      'azure/gpt-5-nano',
      'openai/gpt-5-nano',
    ])
    expect(names.endingIn('gpt-5-nano')).toHaveLength(2)
    expect(names.endingIn('openai/gpt-5-nano')).toEqual([])
  })

  it('are compared with few, whatever is in the list, and looked for ten times at most', () => {
    let reads = 0
    const counted = {
      *[Symbol.iterator]() {
        for (const name of long) {
          reads++
          yield name
        }
      },
    }
    const names = new Names(counted)
    expect(reads).toBe(long.length)
    const hinted = Array.from({ length: 300 }, (_, i) => names.nearest(`provider-1/some-model-x${i}-previw`))
    expect(hinted.filter((near) => near.length > 0)).toHaveLength(10)
    expect(new Names(long).nearest('x'.repeat(100_000))).toEqual([])
  })

  it('do not keep an import of thousands of wrong names from ending', async () => {
    const entry = { litellm_provider: 'p', input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }
    const list = Object.fromEntries(long.map((name) => [name, entry]))
    const models = Array.from({ length: 3000 }, (_, i) => `some-model-${i}-previw`)
    const error = await importPrices(list, { models }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PricesError)
    if (!(error instanceof PricesError)) return
    expect(error.problems).toHaveLength(3000)
    expect(error.problems.filter(({ message }) => message.includes('near are'))).toHaveLength(10)
  })
})
