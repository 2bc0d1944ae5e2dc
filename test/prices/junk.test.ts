import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/index.js'
import { importPrices } from '../../src/prices/index.js'
import { LITELLM, MODELS_DEV, OPENROUTER } from './lists.js'

const LISTS = [
  [LITELLM, 'eu.anthropic.claude-sonnet-4-20250514-v1:0'],
  [LITELLM, 'made-services'],
  [LITELLM, 'made-ranges'],
  [MODELS_DEV, 'google/gemini-2.5-pro'],
  [MODELS_DEV, 'google/gemini-2.5-flash'],
  [OPENROUTER, 'anthropic/claude-sonnet-4.5'],
  [OPENROUTER, 'made/by-the-hour'],
] as const

/** Where there is a value in a list. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, part]) => placesIn(part, [...path, key]))]
}

function withValue(list: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value
  const copy: unknown = Array.isArray(list) ? [...list] : { ...(list as object) }
  const parts = copy as Record<string, unknown>
  parts[key] = withValue(parts[key], rest, value)
  return copy
}

/** All numbers in a price. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

describe('a list with anything anywhere in it', () => {
  it('gives prices that a router can charge, or a typed error', async () => {
    const wrong: string[] = []
    const junk = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom<unknown>(
        -1,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        '-1',
        '1e999',
        1e300,
        undefined,
        [[]],
        5e-324,
      ),
    )
    const changes = fc.array(fc.tuple(fc.nat(), junk), { minLength: 1, maxLength: 3 })
    const options = fc.record({
      unpriced: fc.constantFrom('refuse', 'dearest'),
      service: fc.constantFrom('standard', 'batch', 'flex', 'priority'),
      discounts: fc.boolean(),
      accept: fc.constantFrom([], ['m']),
    })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...LISTS), changes, options, async ([whole, name], each, more) => {
        let list: unknown = whole
        for (const [at, value] of each) {
          const places = placesIn(list)
          list = withValue(list, places[at % places.length], value)
        }
        try {
          const { models } = await importPrices(list as object, { models: { m: name }, ...more })
          const bad = numbersIn(models).filter((value) => !(value >= 0 && value <= 1e12))
          if (bad.length > 0) wrong.push(`${bad}: ${JSON.stringify(list)}`)
        } catch (error) {
          if (!(error instanceof ParetoBanditError)) wrong.push(`${String(error)}: ${JSON.stringify(list)}`)
        }
      }),
      { numRuns: 400 },
    )
    expect(wrong).toEqual([])
  })
})

describe('texts of a list that are made to take long', () => {
  const MANY = 300_000

  it('are refused as any that is no price', async () => {
    for (const price of [`${'0'.repeat(MANY)}+`, `1${'0'.repeat(MANY)}.x`, `.${'0'.repeat(MANY)}e`]) {
      const data = [{ id: 'm', pricing: { prompt: price, completion: '0.000002' } }]
      await expect(importPrices({ data }, { models: ['m'] })).rejects.toMatchObject({
        code: 'PRICES_INVALID',
      })
    }
  })

  it('are names like any others', async () => {
    const entry = { litellm_provider: 'p', input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }
    const list = {
      m: { ...entry, [`_${'cost_per_t'.repeat(MANY)}o`]: 1 },
      [`${':'.repeat(MANY)}\n`]: entry,
    }
    const { models } = await importPrices(list, { models: ['m'], accept: ['m'] })
    expect(models.map(({ id }) => id)).toEqual(['m'])
  })
})
