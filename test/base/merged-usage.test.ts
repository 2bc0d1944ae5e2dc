import { describe, expect, it } from 'vitest'
import { mergedUsage } from '../../src/base/merged-usage.js'

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
      expect(mergedUsage(begun, end, true)).toEqual({ ...begun, output_tokens: 50 })
      expect(mergedUsage(begun, end, false)).toEqual({ ...begun, output_tokens: 50 })
    },
  )

  it('have the counts of the prompt that come with the last, where these are more', () => {
    const end = {
      input_tokens: 200_000,
      cache_creation: { ephemeral_5m_input_tokens: 30 },
      output_tokens: 50,
    }
    expect(mergedUsage({ ...begun, input_tokens: 0 }, end, true)).toEqual({ ...begun, ...end })
  })

  it.each([true, false])(
    'count once what the last says to have come from a cache (the first is a beginning: %j)',
    (isOverBeginning) => {
      const first = { ...begun, input_tokens: 1000, cache_read_input_tokens: 0 }
      const end = { input_tokens: 100, cache_read_input_tokens: 900, output_tokens: 50 }
      expect(mergedUsage(first, end, isOverBeginning)).toEqual({ ...first, ...end })
    },
  )

  it('have what the last counts of the answer, where the first counted its beginning', () => {
    expect(mergedUsage(begun, { output_tokens: 2 }, true)).toEqual({ ...begun, output_tokens: 2 })
    expect(mergedUsage({ completion_tokens: 9 }, { completion_tokens: 2 }, false)).toEqual({
      completion_tokens: 9,
    })
  })

  it('have the first count of a beginning where the last says null, and nothing where it says what is no count', () => {
    expect(mergedUsage(begun, { output_tokens: null }, true)).toEqual(begun)
    for (const value of ['50', -1, Number.NaN, 1e13])
      expect(mergedUsage(begun, { output_tokens: value }, true)).toEqual({ ...begun, output_tokens: value })
  })

  it('of all of it keep a count of the answer over anything else', () => {
    for (const value of ['50', -1, Number.NaN, 1e13, {}, null])
      expect(mergedUsage(begun, { output_tokens: value }, false)).toEqual(begun)
    expect(mergedUsage({ output_tokens: Number.NaN }, { output_tokens: 5 }, false)).toEqual({
      output_tokens: 5,
    })
  })

  it('have a count in place of a record that counts nothing, and not of one that does', () => {
    for (const name of ['input_tokens', 'output_tokens'])
      expect(mergedUsage({ [name]: { of: {} } }, { [name]: 5 }, false)).toEqual({ [name]: 5 })
    const counted = { cache_creation: { ephemeral_5m_input_tokens: 20 } }
    expect(mergedUsage(counted, { cache_creation: 5 }, false)).toEqual(counted)
  })

  it('have details of the prompt and of the answer each by the rule of what they are of', () => {
    const before = {
      prompt_tokens_details: { audio_tokens: 900, cached_tokens: 0 },
      completion_tokens_details: { audio_tokens: 30 },
    }
    const after = {
      prompt_tokens_details: { audio_tokens: 0, cached_tokens: 0 },
      completion_tokens_details: { audio_tokens: 20 },
    }
    expect(mergedUsage(before, after, true)).toEqual({
      ...before,
      completion_tokens_details: { audio_tokens: 20 },
    })
    expect(mergedUsage(before, after, false)).toEqual(before)
    const cached = { prompt_tokens_details: { audio_tokens: 100, cached_tokens: 800 } }
    expect(mergedUsage(before, cached, false)).toEqual({ ...before, ...cached })
  })

  it.each([
    ['AI SDK', { inputTokens: 100, outputTokens: 3 }, { inputTokens: 0, outputTokens: 50 }],
    [
      'Gemini',
      { promptTokenCount: 100, candidatesTokenCount: 3 },
      { promptTokenCount: 0, candidatesTokenCount: 50 },
    ],
  ])('are read by the names of any provider: %s', (_, before, after) => {
    const [[prompt, tokens], [answer]] = Object.entries(before)
    expect(mergedUsage(before, after, true)).toEqual({ [prompt]: tokens, [answer]: 50 })
    expect(mergedUsage(after, before, false)).toEqual({ [prompt]: tokens, [answer]: 50 })
  })

  it('have all that only one of them says, and the later of what is no count', () => {
    const before = { service_tier: 'default', cost: 0.5, promptTokensDetails: [] }
    const after = { service_tier: 'flex', total_tokens: 7, promptTokensDetails: [{ tokenCount: 7 }] }
    expect(mergedUsage(before, after, false)).toEqual({ ...before, ...after })
  })
})
