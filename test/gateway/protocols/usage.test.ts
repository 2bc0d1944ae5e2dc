import { describe, expect, it } from 'vitest'
import {
  countsInput,
  mergedUsage,
  outputIn,
  unknownTokensOf,
  usageOf,
  usageOver,
} from '../../../src/gateway/protocols/usage.js'

describe('usageOf', () => {
  it('finds a usage wherever it stands, and none that counts nothing', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4 }
    expect(usageOf({ usage })).toBe(usage)
    expect(usageOf({ response: { usage } })).toBe(usage)
    expect(usageOf({ message: { usage } })).toBe(usage)
    expect(usageOf({ usage: null, x_groq: { usage } })).toBe(usage)
    expect(usageOf({ choices: [{ usage }] })).toBe(usage)
    for (const none of [
      null,
      {},
      [],
      'x',
      { prompt_tokens: 0, completion_tokens: 0 },
      { prompt_tokens: null },
    ])
      expect(usageOf({ usage: none })).toBeNull()
  })

  it.each([1e13, 1e18, 1e30, -1e13, Number.POSITIVE_INFINITY, Number.NaN])(
    'counts %d tokens as none that were said',
    (count) => {
      expect(countsInput({ prompt_tokens: count, completion_tokens: 20 })).toBe(false)
      expect(outputIn({ prompt_tokens: 10, completion_tokens: count })).toBe(0)
      expect(countsInput({ prompt_tokens: 1e12 })).toBe(true)
    },
  )

  it('tells kinds that nobody knows, and none that somebody does', () => {
    const usage = {
      prompt_tokens: 10,
      prompt_tokens_details: { cached_tokens: 2, video_tokens: 5, audio_tokens: 1 },
      output_tokens_details: { reasoning_tokens: 3, smell_tokens: 2, taste_tokens: 0 },
      citation_tokens: 4,
      total_tokens: 10,
    }
    expect(unknownTokensOf({ ...usage, lost_tokens: 1e13 })).toEqual([
      { name: 'video_tokens', side: 'input', isWithin: true, count: 5 },
      { name: 'smell_tokens', side: 'output', isWithin: true, count: 2 },
      { name: 'citation_tokens', side: 'input', isWithin: false, count: 4 },
    ])
  })
})

describe('two usages of one answer', () => {
  const begun = {
    input_tokens: 100_000,
    cache_read_input_tokens: 1000,
    cache_creation: { ephemeral_5m_input_tokens: 20 },
    output_tokens: 3,
  }

  it.each([0, -1, '7', Number.NaN, 1e13, {}, null])(
    'keep counts of the prompt that the last repeats as %j',
    (value) => {
      const end = {
        input_tokens: value,
        cache_read_input_tokens: value,
        cache_creation: { ephemeral_5m_input_tokens: value },
        output_tokens: 50,
      }
      expect(usageOver(begun, end)).toEqual({ ...begun, output_tokens: 50 })
      expect(mergedUsage(begun, end)).toEqual({ ...begun, output_tokens: 50 })
    },
  )

  it('have the counts of the prompt that come with the last, where these are more', () => {
    const end = {
      input_tokens: 200_000,
      cache_creation: { ephemeral_5m_input_tokens: 30 },
      output_tokens: 50,
    }
    expect(usageOver({ ...begun, input_tokens: 0 }, end)).toEqual({ ...begun, ...end })
  })

  it('count once what the last says to have come from a cache', () => {
    const first = { ...begun, input_tokens: 1000, cache_read_input_tokens: 0 }
    const end = { input_tokens: 100, cache_read_input_tokens: 900, output_tokens: 50 }
    expect(usageOver(first, end)).toEqual({ ...first, ...end })
  })

  it('have what the last counts of the answer, where the first counted its beginning', () => {
    expect(usageOver(begun, { output_tokens: 2 })).toEqual({ ...begun, output_tokens: 2 })
    expect(mergedUsage({ completion_tokens: 9 }, { completion_tokens: 2 })).toEqual({ completion_tokens: 9 })
  })
})
