import { describe, expect, it } from 'vitest'
import { importPrices, PricesError } from '../../src/prices/index.js'
import { Names } from '../../src/prices/nearest-names.js'

const long = Array.from({ length: 120_000 }, (_, i) => `provider-${i % 97}/some-model-${i}-preview`)

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
