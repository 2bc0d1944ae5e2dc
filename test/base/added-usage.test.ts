import { describe, expect, it } from 'vitest'
import { addedUsage } from '../../src/base/added-usage.js'

const sumOf = (pieces: readonly object[]) =>
  pieces.reduce<object | null>((sum, piece) => addedUsage(sum, piece), null)

describe('usages of pieces of a stream of LangChain', () => {
  it('add up', () => {
    const first = {
      input_tokens: 10,
      output_tokens: 0,
      total_tokens: 10,
      input_token_details: { cache_read: 4 },
    }
    const last = {
      input_tokens: 0,
      output_tokens: 7,
      total_tokens: 7,
      output_token_details: { reasoning: 2 },
    }
    expect(sumOf([first, last, last])).toEqual({
      input_tokens: 10,
      output_tokens: 14,
      total_tokens: 24,
      input_token_details: { cache_read: 4 },
      output_token_details: { reasoning: 4 },
    })
  })

  it('have a part once that each piece repeats, as of Gemini’s cache', () => {
    const details = { input_token_details: { cache_read: 800 } }
    const first = { input_tokens: 1000, output_tokens: 3, total_tokens: 1003, ...details }
    const later = { input_tokens: 0, output_tokens: 5, total_tokens: 5, ...details }
    expect(sumOf([first, later, later])).toEqual({
      input_tokens: 1000,
      output_tokens: 13,
      total_tokens: 1013,
      ...details,
    })
  })

  it('keep of the provider’s own the latest counts that say something', () => {
    const raw = { cache_creation: { ephemeral_1h_input_tokens: 5 }, service_tier: 'standard' }
    const pieces = [
      { input_tokens: 10, raw },
      { output_tokens: 7, raw: { cache_creation: null, service_tier: 'batch' } },
    ]
    expect(sumOf(pieces)).toEqual({
      input_tokens: 10,
      output_tokens: 7,
      raw: { ...raw, service_tier: 'batch' },
    })
  })
})
