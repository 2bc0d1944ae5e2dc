import { describe, expect, it } from 'vitest'
import {
  chatUsage,
  messagesUsage,
  readTokens,
  responsesUsage,
} from '../../../src/gateway/upstreams/ai-sdk/tokens.js'
import { normaliseUsage } from '../../../src/models/usage/usage.js'

describe('a usage of the AI SDK as a surface has it', () => {
  it.each([
    ['chat', chatUsage],
    ['responses', responsesUsage],
    ['messages', messagesUsage],
  ] as const)('keeps how long what was written to a cache is kept: %s', (_, usageOf) => {
    const usage = {
      inputTokens: { total: 1000, noCache: 100, cacheRead: 400, cacheWrite: 500 },
      outputTokens: { total: 40, text: 30, reasoning: 10 },
      raw: { cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 300 } },
    }
    const tokens = readTokens(usage, null, false)
    if (tokens === null) throw new Error('no tokens')
    expect(normaliseUsage(usageOf(tokens), 'usage')).toMatchObject({
      tokens: {
        input: 1000,
        cachedInput: 400,
        cacheWrite5m: 200,
        cacheWrite1h: 300,
        output: 40,
        reasoning: 10,
      },
      flags: [],
    })
  })
})
