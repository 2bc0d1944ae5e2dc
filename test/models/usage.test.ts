import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TOKEN_KINDS } from '../../src/models/token-kinds.js'
import { normaliseUsage } from '../../src/models/usage/usage.js'
import { expectCode } from '../support/errors.js'
import '../support/seed.js'

const read = (usage: unknown) => normaliseUsage(usage, 'usage')

describe('a usage of OpenAI chat completions', () => {
  it('counts cached, written and audio tokens in the prompt, and reasoning and audio in the completion', () => {
    const usage = {
      prompt_tokens: 2006,
      completion_tokens: 300,
      total_tokens: 2306,
      prompt_tokens_details: {
        cached_tokens: 1500,
        cache_write_tokens: 200,
        audio_tokens: 100,
        text_tokens: 1906,
      },
      completion_tokens_details: {
        reasoning_tokens: 120,
        audio_tokens: 30,
        accepted_prediction_tokens: 5,
        rejected_prediction_tokens: 7,
      },
    }
    expect(read(usage)).toEqual({
      provider: 'openai-chat',
      tokens: {
        input: 2006,
        cachedInput: 1500,
        cacheWrite5m: 200,
        audioInput: 100,
        output: 300,
        reasoning: 120,
        audioOutput: 30,
      },
      flags: [],
      serviceTier: null,
    })
  })

  it('may lack details, or have them null', () => {
    const tokens = { input: 9, output: 5 }
    expect(read({ prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 }).tokens).toEqual(tokens)
    const nulls = { prompt_tokens_details: null, completion_tokens_details: null, total_tokens: null }
    expect(read({ prompt_tokens: 9, completion_tokens: 5, ...nulls })).toMatchObject({ tokens, flags: [] })
    const undefineds = { prompt_tokens_details: { cached_tokens: undefined, audio_tokens: null } }
    expect(read({ prompt_tokens: 9, completion_tokens: 5, ...undefineds }).tokens).toEqual(tokens)
    expect(read({ prompt_tokens: 9, total_tokens: 9 }).tokens).toEqual({ input: 9, output: 0 })
  })

  it('of xAI has reasoning beside the completion, which the total tells', () => {
    const usage = {
      prompt_tokens: 10120,
      completion_tokens: 1499,
      total_tokens: 14428,
      prompt_tokens_details: { cached_tokens: 128 },
      completion_tokens_details: { reasoning_tokens: 2809 },
    }
    const tokens = { input: 10120, cachedInput: 128, output: 1499 + 2809, reasoning: 2809 }
    expect(read(usage)).toMatchObject({ tokens, flags: [] })
    const short = { ...usage, completion_tokens: 4000, total_tokens: 10120 + 4000 + 2809 }
    expect(read(short)).toMatchObject({ tokens: { output: 6809, reasoning: 2809 }, flags: [] })
  })

  it('of Gemini has thoughts in the total alone, which are output', () => {
    const usage = { completion_tokens: 102, prompt_tokens: 758, total_tokens: 1725 }
    expect(read(usage)).toMatchObject({ tokens: { input: 758, output: 967 }, flags: ['total-above-sides'] })
  })

  it('of DeepSeek tells what its cache had', () => {
    const cache = { prompt_cache_hit_tokens: 768, prompt_cache_miss_tokens: 232 }
    const tokens = { input: 1000, cachedInput: 768, output: 5 }
    expect(read({ prompt_tokens: 1000, completion_tokens: 5, total_tokens: 1005, ...cache }).tokens).toEqual(
      tokens,
    )
    expect(read({ completion_tokens: 5, ...cache })).toMatchObject({ tokens, flags: [] })
  })

  it('of Portkey has what a cache had and was given beside the prompt of a Claude, in its total alone', () => {
    const usage = {
      prompt_tokens: 3564,
      completion_tokens: 23,
      total_tokens: 7087,
      prompt_tokens_details: { cached_tokens: 500 },
      cache_read_input_tokens: 500,
      cache_creation_input_tokens: 3000,
    }
    const tokens = { input: 7064, cachedInput: 500, cacheWrite5m: 3000, output: 23 }
    expect(read(usage)).toMatchObject({ tokens, flags: [] })
    // Of others they are in the prompt.
    const within = { ...usage, total_tokens: 3587 }
    expect(read(within)).toMatchObject({ tokens: { ...tokens, input: 3564 }, flags: [] })
  })

  it('of gateways has cached tokens under other names', () => {
    expect(read({ prompt_tokens: 9, completion_tokens: 1, cached_tokens: 4 }).tokens.cachedInput).toBe(4)
    const anthropic = { cache_read_input_tokens: 4, cache_creation_input_tokens: 3 }
    expect(read({ prompt_tokens: 9, completion_tokens: 1, ...anthropic }).tokens).toEqual({
      input: 9,
      cachedInput: 4,
      cacheWrite5m: 3,
      output: 1,
    })
    // OpenRouter says what it charged. The router charges list prices unless it is given costUsd.
    expect(read({ prompt_tokens: 9, completion_tokens: 1, cost: 0.95, cost_details: {} }).flags).toEqual([])
  })
})

describe('a usage of OpenAI responses', () => {
  it('counts cached tokens in the input and reasoning in the output', () => {
    const usage = {
      input_tokens: 2600,
      input_tokens_details: { cached_tokens: 2000, cache_write_tokens: 400 },
      output_tokens: 700,
      output_tokens_details: { reasoning_tokens: 512 },
      total_tokens: 3300,
    }
    const tokens = { input: 2600, cachedInput: 2000, cacheWrite5m: 400, output: 700, reasoning: 512 }
    expect(read(usage)).toEqual({ provider: 'openai-responses', tokens, flags: [], serviceTier: null })
  })

  it('of a realtime session takes cached sound for cached', () => {
    const usage = {
      total_tokens: 253,
      input_tokens: 132,
      output_tokens: 121,
      input_token_details: {
        text_tokens: 72,
        audio_tokens: 60,
        cached_tokens: 64,
        cached_tokens_details: { text_tokens: 24, audio_tokens: 40 },
      },
      output_token_details: { text_tokens: 30, audio_tokens: 91 },
    }
    const tokens = { input: 132, cachedInput: 64, audioInput: 20, output: 121, audioOutput: 91 }
    expect(read(usage)).toMatchObject({ tokens, flags: [] })
  })

  it('of an image has image tokens on both sides', () => {
    const usage = {
      total_tokens: 4468,
      input_tokens: 308,
      input_tokens_details: { text_tokens: 8, image_tokens: 300 },
      output_tokens: 4160,
      output_tokens_details: { image_tokens: 4160 },
    }
    expect(read(usage).tokens).toEqual({ input: 308, imageInput: 300, output: 4160, imageOutput: 4160 })
  })
})

describe('an object that could be of OpenAI responses or of Anthropic', () => {
  const counts = { input_tokens: 2000, output_tokens: 50 }

  it("is OpenAI's where it details its tokens, whatever its service tier, and keeps its cached tokens", () => {
    const input_tokens_details = { cached_tokens: 1500 }
    expect(read({ ...counts, input_tokens_details, service_tier: 'default' })).toMatchObject({
      provider: 'openai-responses',
      tokens: { input: 2000, cachedInput: 1500, output: 50 },
    })
    const output_tokens_details = { reasoning_tokens: 30 }
    expect(read({ ...counts, output_tokens_details, service_tier: 'flex' })).toMatchObject({
      provider: 'openai-responses',
      tokens: { input: 2000, output: 50, reasoning: 30 },
    })
  })

  it("is Anthropic's where it counts thinking tokens, and where it has a tier and no details", () => {
    const output_tokens_details = { thinking_tokens: 30 }
    expect(read({ ...counts, output_tokens_details }).provider).toBe('anthropic')
    expect(read({ ...counts, service_tier: 'standard', input_tokens_details: null }).provider).toBe(
      'anthropic',
    )
    expect(read(counts).provider).toBe('openai-responses')
  })
})

describe('a usage of Anthropic', () => {
  it('counts beside the answer what it took to sum the conversation up, and flags the work of other models', () => {
    const summary = { type: 'compaction', input_tokens: 180_000, output_tokens: 3500 }
    const usage = { input_tokens: 23_000, output_tokens: 1000 }
    const message = { type: 'message', ...usage }
    const tokens = { input: 203_000, output: 4500 }
    expect(read({ ...usage, iterations: [summary, message] })).toMatchObject({ tokens, flags: [] })
    const cached = { ...summary, cache_read_input_tokens: 7, cache_creation_input_tokens: 5 }
    expect(
      read({ ...usage, cache_read_input_tokens: 1, iterations: [message, cached, cached] }).tokens,
    ).toEqual({
      input: 23_001 + 2 * 180_012,
      cachedInput: 15,
      cacheWrite5m: 10,
      output: 8000,
    })
    const zeros = { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0 }
    expect(read({ ...zeros, iterations: [summary] })).toMatchObject({
      tokens: { input: 180_000, output: 3500 },
      flags: [],
    })
    const advice = { type: 'advisor_message', model: 'm', input_tokens: 5, output_tokens: 5 }
    expect(read({ ...usage, iterations: [message, advice] })).toMatchObject({
      tokens: { input: 23_000, output: 1000 },
      flags: ['other-charges'],
    })
  })

  it('is read however odd its iterations are', () => {
    const usage = { input_tokens: 3, output_tokens: 4 }
    const within: Record<string, unknown> = { type: 'compaction', ...usage }
    within.iterations = [within]
    expect(read({ ...usage, iterations: [within] }).tokens).toEqual({ input: 6, output: 8 })
    for (const iterations of [null, 7, {}, [], [null, 'x', [], { type: 'compaction' }, { type: 'message' }]])
      expect(read({ ...usage, iterations })).toMatchObject({ tokens: { input: 3, output: 4 }, flags: [] })
  })

  it('has cached tokens beside the input, and cache writes of two lifetimes', () => {
    const usage = {
      input_tokens: 520,
      cache_creation_input_tokens: 1000,
      cache_read_input_tokens: 1800,
      cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 900 },
      output_tokens: 180,
      output_tokens_details: { thinking_tokens: 60 },
      server_tool_use: { web_search_requests: 0 },
      service_tier: 'standard',
    }
    expect(read(usage)).toEqual({
      provider: 'anthropic',
      tokens: {
        input: 520 + 1000 + 1800,
        cachedInput: 1800,
        cacheWrite5m: 100,
        cacheWrite1h: 900,
        output: 180,
        reasoning: 60,
      },
      flags: [],
      serviceTier: null,
    })
  })

  it('without lifetimes has writes of five minutes, the default', () => {
    const nulls = { cache_read_input_tokens: null, cache_creation: null, server_tool_use: null }
    const usage = { input_tokens: 3, cache_creation_input_tokens: 12304, output_tokens: 550, ...nulls }
    expect(read(usage)).toMatchObject({
      tokens: { input: 12307, cacheWrite5m: 12304, output: 550 },
      flags: [],
    })
  })

  it('may have the lifetimes without their sum, and is flagged where they do not make it', () => {
    const cache_creation = { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 }
    const tokens = { input: 31, cacheWrite5m: 10, cacheWrite1h: 20, output: 1 }
    expect(read({ input_tokens: 1, output_tokens: 1, cache_creation })).toMatchObject({ tokens, flags: [] })
    const more = { input_tokens: 1, output_tokens: 1, cache_creation, cache_creation_input_tokens: 37 }
    expect(read(more)).toMatchObject({
      tokens: { input: 38, cacheWrite5m: 17, cacheWrite1h: 20 },
      flags: ['sum-differs'],
    })
    expect(read({ ...more, cache_creation_input_tokens: 3 })).toMatchObject({
      tokens,
      flags: ['sum-differs'],
    })
  })

  it('says how it was served, and that tools cost something besides', () => {
    const usage = { input_tokens: 1, output_tokens: 1 }
    expect(read({ ...usage, service_tier: 'batch' }).serviceTier).toBe('batch')
    expect(read({ ...usage, service_tier: 'priority' }).serviceTier).toBe(null)
    expect(read({ ...usage, server_tool_use: { web_search_requests: 2 } }).flags).toEqual(['other-charges'])
  })

  it.each([
    ['queries of Perplexity', { num_search_queries: 3 }, { num_search_queries: 0 }],
    ['citations of Perplexity', { citation_tokens: 300 }, { citation_tokens: null }],
    ['sources of xAI', { num_sources_used: 5 }, { num_sources_used: 0 }],
    [
      'tools of xAI',
      { server_side_tool_usage_details: { web_search_calls: 2 } },
      { server_side_tool_usage_details: { web_search_calls: 0 } },
    ],
  ])('says so of %s, and nothing where nothing was used', (_, used, unused) => {
    const usage = { prompt_tokens: 14, completion_tokens: 100, total_tokens: 114 }
    expect(read({ ...usage, ...used }).flags).toEqual(['other-charges'])
    expect(read({ ...usage, ...unused }).flags).toEqual([])
  })
})

describe('a usage of Gemini', () => {
  it('has thoughts beside the candidates and tool prompts beside the prompt, cached tokens in it', () => {
    const usage = {
      promptTokenCount: 12,
      cachedContentTokenCount: 4,
      candidatesTokenCount: 71,
      toolUsePromptTokenCount: 65,
      thoughtsTokenCount: 89,
      totalTokenCount: 237,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: 12 }],
      trafficType: 'ON_DEMAND',
    }
    const tokens = { input: 77, cachedInput: 4, output: 160, reasoning: 89 }
    expect(read(usage)).toEqual({ provider: 'gemini', tokens, flags: [], serviceTier: null })
  })

  it('lists tokens by what they encode, cached ones once more', () => {
    const usage = {
      promptTokenCount: 1000,
      cachedContentTokenCount: 300,
      candidatesTokenCount: 1300,
      totalTokenCount: 2300,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 200 },
        { modality: 'AUDIO', tokenCount: 500 },
        { modality: 'IMAGE', tokenCount: 300 },
      ],
      cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 300 }],
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1290 }],
    }
    expect(read(usage)).toMatchObject({
      tokens: {
        input: 1000,
        cachedInput: 300,
        audioInput: 200,
        imageInput: 300,
        output: 1300,
        imageOutput: 1290,
      },
      flags: [],
    })
  })

  it('of a live session counts responses; without an answer it may lack them', () => {
    const live = { promptTokenCount: 5, responseTokenCount: 7, totalTokenCount: 12 }
    const spoken = [{ modality: 'AUDIO', tokenCount: 6 }]
    expect(read({ ...live, responseTokensDetails: spoken }).tokens).toEqual({
      input: 5,
      output: 7,
      audioOutput: 6,
    })
    expect(read({ promptTokenCount: 5, totalTokenCount: 5 }).tokens).toEqual({ input: 5, output: 0 })
  })
})

describe('a usage of Bedrock', () => {
  it('has cached tokens beside the input, and cache writes of two lifetimes', () => {
    const usage = {
      inputTokens: 20,
      outputTokens: 50,
      totalTokens: 1370,
      cacheReadInputTokens: 1000,
      cacheWriteInputTokens: 300,
      cacheDetails: [
        { ttl: '1h', inputTokens: 100 },
        { ttl: '5m', inputTokens: 200 },
      ],
    }
    const tokens = { input: 1320, cachedInput: 1000, cacheWrite5m: 200, cacheWrite1h: 100, output: 50 }
    expect(read(usage)).toEqual({ provider: 'bedrock', tokens, flags: [], serviceTier: null })
    const { cacheDetails: _, ...before } = usage
    expect(read(before).tokens).toEqual({ input: 1320, cachedInput: 1000, cacheWrite5m: 300, output: 50 })
  })
})

describe('a usage of LangChain', () => {
  it('counts what is cached, thought and not text', () => {
    const usage = {
      input_tokens: 500,
      input_token_details: { audio: 300, cache_read: 50, cache_creation: 20, image: 10 },
      output_tokens: 200,
      output_token_details: { audio: 50, reasoning: 30 },
      total_tokens: 700,
    }
    expect(read(usage)).toEqual({
      provider: 'langchain',
      tokens: {
        input: 500,
        cachedInput: 50,
        cacheWrite5m: 20,
        audioInput: 300,
        imageInput: 10,
        output: 200,
        reasoning: 30,
        audioOutput: 50,
      },
      flags: [],
      serviceTier: null,
    })
  })
})

describe('a usage of the AI SDK', () => {
  it('of version 6 counts cached tokens in the input and reasoning in the output', () => {
    const usage = {
      inputTokens: 1000,
      inputTokenDetails: { noCacheTokens: 100, cacheReadTokens: 700, cacheWriteTokens: 200 },
      outputTokens: 90,
      outputTokenDetails: { textTokens: 30, reasoningTokens: 60 },
      totalTokens: 1090,
      reasoningTokens: 60,
      cachedInputTokens: 700,
    }
    const tokens = { input: 1000, cachedInput: 700, cacheWrite5m: 200, output: 90, reasoning: 60 }
    expect(read(usage)).toEqual({ provider: 'ai-sdk', tokens, flags: [], serviceTier: null })
    const raw = {
      input_tokens: 100,
      cache_read_input_tokens: 700,
      cache_creation: { ephemeral_5m_input_tokens: 150, ephemeral_1h_input_tokens: 50 },
      output_tokens: 90,
    }
    const hour = { input: 1000, cachedInput: 700, cacheWrite5m: 150, cacheWrite1h: 50, output: 90 }
    expect(read({ ...usage, raw })).toEqual({
      provider: 'ai-sdk',
      tokens: hour,
      flags: [],
      serviceTier: null,
    })
  })

  it('with less beside it than it tells itself is booked as it is, with a flag', () => {
    const usage = { inputTokens: 1000, cachedInputTokens: 700, outputTokens: 90 }
    const tokens = { input: 1000, cachedInput: 700, output: 90 }
    expect(read({ ...usage, raw: { input_tokens: 100 } })).toMatchObject({ tokens, flags: ['raw-below'] })
    for (const raw of [{}, { words: 5 }, null, 7, usage, { ...usage, raw: {} }])
      expect(read({ ...usage, raw })).toMatchObject({ tokens, flags: [] })
    const itself: Record<string, unknown> = { ...usage }
    itself.raw = itself
    expect(read(itself)).toMatchObject({ tokens, flags: [] })
  })

  it('of its providers is the same with nested counts, and may lack what the provider does not tell', () => {
    const usage = {
      inputTokens: { total: 1000, noCache: 100, cacheRead: 700, cacheWrite: 200 },
      outputTokens: { total: 90, text: 30, reasoning: 60 },
    }
    const tokens = { input: 1000, cachedInput: 700, cacheWrite5m: 200, output: 90, reasoning: 60 }
    expect(read(usage)).toMatchObject({ provider: 'ai-sdk', tokens, flags: [] })
    const without = {
      inputTokens: { ...usage.inputTokens, total: undefined },
      outputTokens: { ...usage.outputTokens, total: undefined },
    }
    expect(read(without)).toMatchObject({ tokens, flags: [] })
    const sparse = {
      inputTokens: { total: 9, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 4, text: undefined, reasoning: undefined },
    }
    expect(read(sparse).tokens).toEqual({ input: 9, output: 4 })
  })

  it('of version 5 has flat counts, of some providers without reasoning or cached tokens in their sides', () => {
    const usage = {
      inputTokens: 1815,
      outputTokens: 4,
      totalTokens: 1819,
      reasoningTokens: 0,
      cachedInputTokens: 15,
    }
    expect(read(usage).tokens).toEqual({ input: 1815, cachedInput: 15, output: 4 })
    const xai = {
      inputTokens: 555,
      outputTokens: 190,
      totalTokens: 1802,
      reasoningTokens: 1057,
      cachedInputTokens: 316,
    }
    expect(read(xai)).toMatchObject({ tokens: { output: 1247, reasoning: 1057 }, flags: [] })
    const anthropic = { inputTokens: 12, outputTokens: 5, totalTokens: 17, cachedInputTokens: 6209 }
    expect(read(anthropic)).toMatchObject({
      tokens: { input: 6221, cachedInput: 6209, output: 5 },
      flags: ['part-above-whole'],
    })
  })

  it('of version 4 has two counts', () => {
    const usage = { promptTokens: 787, completionTokens: 60, totalTokens: 847 }
    expect(read(usage)).toMatchObject({ provider: 'ai-sdk-4', tokens: { input: 787, output: 60 } })
    // What it gives for providers that tell no count.
    const half = { ...usage, promptTokens: Number.NaN, totalTokens: Number.NaN }
    expect(read(half)).toMatchObject({ tokens: { input: 0, output: 60 }, flags: ['count-missing'] })
    const nothing = { promptTokens: Number.NaN, completionTokens: Number.NaN, totalTokens: Number.NaN }
    expectCode(() => read(nothing), 'INVALID_ARGUMENT', 'usage')
  })
})

describe('a usage that contradicts itself', () => {
  it('has a part that is larger than its whole counted beside it', () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5 }
    const cached = { ...usage, prompt_tokens_details: { cached_tokens: 12 } }
    expect(read(cached)).toMatchObject({
      tokens: { input: 22, cachedInput: 12 },
      flags: ['part-above-whole'],
    })
    const thinking = { ...usage, completion_tokens_details: { reasoning_tokens: 9 } }
    expect(read(thinking)).toMatchObject({
      tokens: { output: 14, reasoning: 9 },
      flags: ['part-above-whole'],
    })
  })

  it('has cached tokens give way to dearer kinds that they overlap, then the whole is raised', () => {
    const details = { cached_tokens: 80, audio_tokens: 50 }
    expect(read({ prompt_tokens: 100, completion_tokens: 5, prompt_tokens_details: details })).toMatchObject({
      tokens: { input: 100, cachedInput: 50, audioInput: 50 },
      flags: ['parts-above-whole'],
    })
    const spoken = { reasoning_tokens: 60, audio_tokens: 50 }
    expect(
      read({ prompt_tokens: 1, completion_tokens: 100, completion_tokens_details: spoken }),
    ).toMatchObject({
      tokens: { output: 110, reasoning: 60, audioOutput: 50 },
      flags: ['parts-above-whole'],
    })
  })
})

describe('a usage is refused that', () => {
  it.each([
    ['is null', null, 'usage', 'an object'],
    ['is a number', 7, 'usage', 'an object'],
    ['is of nobody', { tokens: 7 }, 'usage', 'a usage object of OpenAI'],
    ['is the whole answer', { id: 'x', usage: { input_tokens: 1 } }, 'usage', 'a usage object of OpenAI'],
    ['counts nothing', { inputTokens: undefined, outputTokens: undefined }, 'usage', 'a count of tokens'],
    ['counts null', { prompt_tokens: null, completion_tokens: null }, 'usage', 'a count of tokens'],
    ['is negative', { prompt_tokens: -1, completion_tokens: 1 }, 'usage.prompt_tokens', '>= 0'],
    ['is text', { input_tokens: '5', output_tokens: 1 }, 'usage.input_tokens', 'got "5"'],
    ['is not finite', { inputTokens: 5, outputTokens: 1 / 0 }, 'usage.outputTokens', 'finite'],
    [
      'has details that are no object',
      { prompt_tokens: 1, prompt_tokens_details: 'x' },
      'usage.prompt_tokens_details',
      '',
    ],
    [
      'is wrong in depth',
      { promptTokenCount: 1, promptTokensDetails: [{ modality: 'AUDIO', tokenCount: -1 }] },
      'usage.promptTokensDetails[0].tokenCount',
      '>= 0',
    ],
    [
      'lists no entries',
      { promptTokenCount: 1, promptTokensDetails: [null] },
      'usage.promptTokensDetails[0]',
      '',
    ],
    ['is wrong under another name', { prompt_tokens: 1, cached_tokens: -2 }, 'usage.cached_tokens', '>= 0'],
  ])('%s', (_, usage, field, says) => {
    expect(expectCode(() => read(usage), 'INVALID_ARGUMENT', field).message).toContain(says)
  })
})

describe('whatever a usage says', () => {
  const count = fc.option(fc.nat(1000), { nil: null })
  const record = (keys: readonly string[]) =>
    fc.record(Object.fromEntries(keys.map((key) => [key, count])), { requiredKeys: [] })
  const chat = fc
    .tuple(
      record(['prompt_tokens', 'completion_tokens', 'total_tokens', 'cached_tokens', 'reasoning_tokens']),
      record(['cached_tokens', 'audio_tokens', 'image_tokens', 'cache_write_tokens']),
      record(['reasoning_tokens', 'audio_tokens', 'image_tokens']),
    )
    .map(([usage, prompt_tokens_details, completion_tokens_details]) => ({
      prompt_tokens: null,
      ...usage,
      prompt_tokens_details,
      completion_tokens_details,
    }))
  const anthropic = record([
    'input_tokens',
    'output_tokens',
    'cache_read_input_tokens',
    'cache_creation_input_tokens',
  ]).map((usage) => ({ input_tokens: null, ...usage }))
  const gemini = record([
    'promptTokenCount',
    'candidatesTokenCount',
    'thoughtsTokenCount',
    'cachedContentTokenCount',
    'toolUsePromptTokenCount',
    'totalTokenCount',
  ]).map((usage) => ({ promptTokenCount: null, ...usage }))

  it('parts are no more than their sides, and the sides no less than what it states', () => {
    fc.assert(
      fc.property(fc.oneof(chat, anthropic, gemini), (usage: Readonly<Record<string, unknown>>) => {
        const counts = Object.values(usage).filter((value) => typeof value === 'number')
        fc.pre(counts.length > 0)
        const { tokens } = read(usage)
        const known: Readonly<Record<string, number | undefined>> = tokens
        for (const side of ['input', 'output'] as const) {
          const parts = TOKEN_KINDS.parts.filter((kind) => kind.side === side)
          expect(parts.reduce((sum, { name }) => sum + (known[name] ?? 0), 0)).toBeLessThanOrEqual(
            tokens[side],
          )
        }
        const number = (...names: string[]): number =>
          Number(names.map((name) => usage[name]).find(Boolean) ?? 0)
        expect(tokens.input).toBeGreaterThanOrEqual(
          number('prompt_tokens', 'input_tokens', 'promptTokenCount'),
        )
        expect(tokens.output).toBeGreaterThanOrEqual(
          number('completion_tokens', 'output_tokens', 'candidatesTokenCount'),
        )
        expect(tokens.input + tokens.output).toBeGreaterThanOrEqual(number('total_tokens', 'totalTokenCount'))
      }),
    )
  })
})
