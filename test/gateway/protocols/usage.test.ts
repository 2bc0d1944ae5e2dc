import { describe, expect, it } from 'vitest'
import { countsInput, outputIn, unknownTokensOf, usageOf } from '../../../src/gateway/protocols/usage.js'
import { USAGE_SHAPES } from '../../../src/models/usage/providers.js'

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

describe('what the table of usages reads', () => {
  it('is known here, and charged once', () => {
    for (const provider of ['openai-chat', 'openai-responses', 'anthropic'] as const)
      for (const { paths } of USAGE_SHAPES[provider].fields)
        for (const path of paths) {
          const usage = path
            .split('.')
            .reduceRight<unknown>((value, name) => ({ [name.replace(/\[.*/, '')]: value }), 5)
          expect(unknownTokensOf(usage as Record<string, unknown>), path).toEqual([])
        }
  })
})
