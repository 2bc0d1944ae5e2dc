import { describe, expect, it } from 'vitest'
import { Billing, unknownTokens } from '../../../src/gateway/completions/bill.js'
import { Ledger, type Try } from '../../../src/gateway/completions/ledger.js'
import { Meter } from '../../../src/gateway/completions/meter.js'
import { MetricsRegistry } from '../../../src/gateway/metrics/registry.js'
import type { ProtocolAdapter } from '../../../src/gateway/protocols/adapter.js'
import { ANTHROPIC_MESSAGES } from '../../../src/gateway/protocols/anthropic-messages.js'
import { OPENAI_CHAT } from '../../../src/gateway/protocols/openai-chat.js'
import { OPENAI_EMBEDDINGS } from '../../../src/gateway/protocols/openai-embeddings.js'
import { OPENAI_RESPONSES } from '../../../src/gateway/protocols/openai-responses.js'
import { createRouter } from '../../../src/index.js'

/** Answers as providers and the proxies before them give them, and what each costs by hand. USD per million tokens. */

const USD = { input: 3, output: 15, cached: 0.3, write5m: 3.75, write1h: 6, reasoning: 12 }
const PRICES = {
  inputUsdPerMTok: USD.input,
  outputUsdPerMTok: USD.output,
  cachedInputUsdPerMTok: USD.cached,
  cacheWrite5mUsdPerMTok: USD.write5m,
  cacheWrite1hUsdPerMTok: USD.write1h,
  reasoningUsdPerMTok: USD.reasoning,
}
const RESERVED_USD = 1e-9

type Tokens = Partial<Record<keyof typeof USD, number>>

function usdOf(tokens: Tokens): number {
  return Object.entries(USD).reduce(
    (usd, [kind, price]) => usd + ((tokens[kind as keyof Tokens] ?? 0) * price) / 1e6,
    0,
  )
}

async function biller() {
  const router = await createRouter({ models: [{ id: 'm', ...PRICES }], budget: { usdPerRequest: 1 } })
  const ledger = new Ledger({ router, after: () => () => {}, onError: () => {} })
  const call = {
    decision: { reservedUsd: RESERVED_USD },
    model: { id: 'm', prices: PRICES },
  } as unknown as Try
  const bills = new Billing(ledger, unknownTokens(new MetricsRegistry()))
  return (meter: Meter, isDearer = false, isCutOff = false) => {
    const { bill, isMeasured } = bills.billOf(call, meter, 7, isDearer, isCutOff)
    return { isMeasured, costUsd: ledger.quote(call, bill).costUsd ?? 0 }
  }
}

function read(adapter: ProtocolAdapter, answer: Readonly<Record<string, unknown>>): Meter {
  const meter = new Meter(0)
  meter.add(adapter.readAnswer(answer))
  return meter
}

const chat = (usage: object) => ({
  choices: [{ message: { content: 'Hello there' }, finish_reason: 'stop' }],
  usage,
})
const messages = (usage: object) => ({
  content: [{ type: 'text', text: 'Hello there' }],
  stop_reason: 'end_turn',
  usage,
})
const responses = (usage: object) => ({
  status: 'completed',
  output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hello there' }] }],
  usage,
})

describe('a prompt that was written to a cache costs what its lifetime costs', () => {
  const counts = { prompt_tokens: 3564, completion_tokens: 23, total_tokens: 3587 }
  it.each([
    [
      // Its own count of what was written, and the lifetime of that in a record beside it.
      "on Alibaba's surface of OpenAI",
      OPENAI_CHAT,
      chat({
        ...counts,
        prompt_tokens_details: {
          cached_tokens: 0,
          cache_type: 'ephemeral',
          cache_creation_input_tokens: 3550,
          cache_creation: { ephemeral_5m_input_tokens: 3550 },
          text_tokens: 3564,
        },
      }),
      { input: 14, write5m: 3550, output: 23 },
    ],
    [
      // The same tokens under three names, and their lifetimes.
      'behind a proxy of LiteLLM',
      OPENAI_CHAT,
      chat({
        ...counts,
        cache_creation_input_tokens: 3000,
        cache_read_input_tokens: 500,
        prompt_tokens_details: {
          cached_tokens: 500,
          text_tokens: 64,
          cache_write_tokens: 3000,
          cache_creation_tokens: 3000,
          cache_creation_token_details: {
            ephemeral_5m_input_tokens: 1000,
            ephemeral_1h_input_tokens: 2000,
          },
        },
      }),
      { input: 64, cached: 500, write5m: 1000, write1h: 2000, output: 23 },
    ],
    [
      'behind a proxy of LiteLLM that tells no lifetimes',
      OPENAI_CHAT,
      chat({ ...counts, prompt_tokens_details: { cached_tokens: 500, cache_creation_tokens: 3000 } }),
      { input: 64, cached: 500, write5m: 3000, output: 23 },
    ],
    [
      'behind a proxy of new-api',
      OPENAI_CHAT,
      chat({
        ...counts,
        input_tokens: 0,
        output_tokens: 0,
        input_tokens_details: null,
        prompt_tokens_details: { cached_tokens: 500, cached_creation_tokens: 3000, text_tokens: 0 },
        claude_cache_creation_5_m_tokens: 1000,
        claude_cache_creation_1_h_tokens: 2000,
      }),
      { input: 64, cached: 500, write5m: 1000, write1h: 2000, output: 23 },
    ],
    [
      'behind a proxy of new-api that speaks as Anthropic does',
      ANTHROPIC_MESSAGES,
      messages({
        input_tokens: 64,
        cache_creation_input_tokens: 3000,
        cache_read_input_tokens: 500,
        output_tokens: 23,
        claude_cache_creation_5_m_tokens: 1000,
        claude_cache_creation_1_h_tokens: 2000,
      }),
      { input: 64, cached: 500, write5m: 1000, write1h: 2000, output: 23 },
    ],
    [
      // The prompt without both, and the total with them.
      'behind a proxy of Portkey',
      OPENAI_CHAT,
      chat({
        prompt_tokens: 3564,
        completion_tokens: 23,
        total_tokens: 7087,
        prompt_tokens_details: { cached_tokens: 500 },
        cache_read_input_tokens: 500,
        cache_creation_input_tokens: 3000,
      }),
      { input: 3564, cached: 500, write5m: 3000, output: 23 },
    ],
    [
      'on the surface of responses',
      OPENAI_RESPONSES,
      responses({
        input_tokens: 3564,
        output_tokens: 23,
        input_tokens_details: { cached_tokens: 500, cached_creation_tokens: 3000 },
      }),
      { input: 64, cached: 500, write5m: 3000, output: 23 },
    ],
  ] as const)('%s', async (_, adapter, answer, tokens) => {
    const billOf = await biller()
    expect(billOf(read(adapter, answer))).toEqual({
      isMeasured: true,
      costUsd: expect.closeTo(usdOf(tokens), 12),
    })
  })
})

describe('a usage with a count under several names, of which one says 0, costs what the other says', () => {
  it.each([
    [
      'of cached tokens',
      {
        prompt_tokens: 1000,
        completion_tokens: 5,
        prompt_cache_hit_tokens: 768,
        prompt_tokens_details: { cached_tokens: 0 },
      },
      { input: 232, cached: 768, output: 5 },
    ],
    [
      'of both sides',
      { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, input_tokens: 500, output_tokens: 20 },
      { input: 500, output: 20 },
    ],
  ] as const)('%s', async (_, usage, tokens) => {
    const billOf = await biller()
    expect(billOf(read(OPENAI_CHAT, chat(usage)))).toEqual({
      isMeasured: true,
      costUsd: expect.closeTo(usdOf(tokens), 12),
    })
  })
})

describe('what a provider says that a request with a dearer option cost, USD', () => {
  const counts = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 }
  const tokensUsd = usdOf({ input: 1000, output: 100 })
  it.each([
    // A ten-thousand-millionth of a dollar.
    ['of xAI', { ...counts, num_sources_used: 4, cost_in_usd_ticks: 1_250_000_000 }, 0.125],
    ['of xAI, beyond a hundred dollars', { ...counts, cost_in_usd_ticks: 2_500_000_000_000 }, 250],
    [
      'of OpenRouter',
      { ...counts, cost: 0.02, is_byok: false, cost_details: { upstream_inference_cost: 0.02 } },
      0.02,
    ],
    // With a key of one's own its cost is the fee alone; the provider bills the rest.
    [
      "of OpenRouter with one's own key",
      { ...counts, cost: 0.001, is_byok: true, cost_details: { upstream_inference_cost: 0.02 } },
      0.021,
    ],
    ['of Perplexity', { ...counts, cost: { request_cost: 0.006, total_cost: 0.03 } }, 0.03],
    [
      'is no amount',
      { ...counts, cost: -1, cost_in_usd_ticks: '5', is_byok: true, cost_details: null },
      tokensUsd,
    ],
    ['is less than its tokens', { ...counts, cost_in_usd_ticks: 7 }, tokensUsd],
  ])('%s', async (_, usage, costUsd) => {
    const billOf = await biller()
    const meter = read(OPENAI_CHAT, chat(usage))
    expect(billOf(meter, true).costUsd).toBeCloseTo(costUsd, 12)
    expect(billOf(meter, false).costUsd).toBeCloseTo(tokensUsd, 12)
    const streamed = new Meter(0)
    for (const chunk of [
      { choices: [{ index: 0, delta: { content: 'Hello' } }], usage: counts },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage },
    ])
      streamed.add(OPENAI_CHAT.readEvent({ data: '{}' }, chunk))
    expect(billOf(streamed, true).costUsd).toBeCloseTo(costUsd, 12)
  })
})

describe("a conversation that Anthropic sums up costs what that took, which stands beside the answer's own counts", () => {
  const summary = {
    type: 'compaction',
    input_tokens: 1000,
    cache_read_input_tokens: 150_000,
    cache_creation_input_tokens: 3000,
    cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 2000 },
    output_tokens: 3500,
  }
  const summaryUsd = usdOf({ input: 1000, cached: 150_000, write5m: 1000, write1h: 2000, output: 3500 })
  const cut = {
    input_tokens: 23_000,
    output_tokens: 1000,
    iterations: [summary, { type: 'message', input_tokens: 23_000, output_tokens: 1000 }],
  }
  const cutUsd = summaryUsd + usdOf({ input: 23_000, output: 1000 })
  const asked = { input_tokens: 0, output_tokens: 0, iterations: [summary] }
  const block = { type: 'compaction', content: 'They have spoken of prices.' }

  it('in the middle of a request', async () => {
    const billOf = await biller()
    const { isMeasured, costUsd } = billOf(read(ANTHROPIC_MESSAGES, messages(cut)))
    expect(isMeasured).toBe(true)
    expect(costUsd).toBeCloseTo(cutUsd, 12)
  })

  it('where that is all that was asked for, and the answer too', async () => {
    const billOf = await biller()
    const meter = read(ANTHROPIC_MESSAGES, { content: [block], stop_reason: 'compaction', usage: asked })
    expect(meter.verdict).toBeNull()
    expect(billOf(meter)).toEqual({ isMeasured: true, costUsd: expect.closeTo(summaryUsd, 12) })
  })

  it.each([
    ['in the middle of a request', cut, cutUsd],
    ['where that is all', asked, summaryUsd],
  ])('in a stream, %s', async (_, usage, costUsd) => {
    const billOf = await biller()
    const meter = new Meter(0)
    for (const event of [
      { type: 'message_start', message: { content: [], usage: { input_tokens: 0, output_tokens: 0 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'compaction', content: null } },
      { type: 'content_block_delta', index: 0, delta: { type: 'compaction_delta', content: block.content } },
      { type: 'message_delta', delta: { stop_reason: 'compaction' }, usage },
      { type: 'message_stop' },
    ])
      meter.add(ANTHROPIC_MESSAGES.readEvent({ data: '{}' }, event))
    expect(meter.verdict).toBeNull()
    expect(billOf(meter)).toEqual({ isMeasured: true, costUsd: expect.closeTo(costUsd, 12) })
  })

  it('also where its stream breaks off after its usage, at what has been counted at least', async () => {
    const billOf = await biller()
    const meter = read(ANTHROPIC_MESSAGES, messages(cut))
    meter.addPart('more', 1)
    const { isMeasured, costUsd } = billOf(meter)
    expect(isMeasured).toBe(false)
    expect(costUsd).toBeCloseTo(cutUsd + usdOf({ output: 1 }), 12)
  })
})

describe('what Anthropic has taken out of a cache', () => {
  it('costs nothing', async () => {
    const billOf = await biller()
    const usage = {
      input_tokens: 20,
      cache_read_input_tokens: 900,
      cache_creation_input_tokens: 0,
      cache_deleted_input_tokens: 50_000,
      output_tokens: 5,
    }
    const usd = usdOf({ input: 20, cached: 900, output: 5 })
    expect(billOf(read(ANTHROPIC_MESSAGES, messages(usage))).costUsd).toBeCloseTo(usd, 12)
  })
})

describe('embeddings whose usage is a total alone', () => {
  // Of Voyage: { total_tokens: 10 }.
  it('cost what that many tokens of the prompt cost', async () => {
    const billOf = await biller()
    const meter = read(OPENAI_EMBEDDINGS, { data: [{ embedding: [0.1] }], usage: { total_tokens: 1000 } })
    expect(billOf(meter)).toEqual({ isMeasured: true, costUsd: expect.closeTo(usdOf({ input: 1000 }), 12) })
  })

  it('are read as others are where it counts the prompt, or nothing', async () => {
    const billOf = await biller()
    const data = [{ embedding: [0.1] }]
    const counted = read(OPENAI_EMBEDDINGS, { data, usage: { prompt_tokens: 900, total_tokens: 900 } })
    expect(billOf(counted)).toEqual({ isMeasured: true, costUsd: expect.closeTo(usdOf({ input: 900 }), 12) })
    for (const usage of [null, { total_tokens: 0 }, { total_tokens: '9' }])
      expect(billOf(read(OPENAI_EMBEDDINGS, { data, usage })).isMeasured).toBe(false)
  })
})

const chunk = (content: string, usage?: object | null, finish: string | null = null) => ({
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  ...(usage === undefined ? {} : { usage }),
})

describe('the stream of a provider costs what its last counts say', () => {
  it.each([
    [
      // platform.openai.com/docs: each piece says null, the last has no choices. Azure has a first piece without choices too.
      'of OpenAI and Azure',
      [
        { choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
        chunk('Hello', null),
        chunk('', null, 'stop'),
        {
          choices: [],
          usage: {
            prompt_tokens: 2006,
            completion_tokens: 300,
            total_tokens: 2306,
            prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
            completion_tokens_details: {
              reasoning_tokens: 200,
              audio_tokens: 0,
              accepted_prediction_tokens: 20,
              rejected_prediction_tokens: 60,
            },
          },
        },
      ],
      { input: 86, cached: 1920, output: 100, reasoning: 200 },
    ],
    [
      // Counts in every piece; what it thinks is in the total alone.
      'of Gemini, which leaves its thoughts out of the sides',
      [
        chunk('', { prompt_tokens: 20, completion_tokens: 0, total_tokens: 320 }),
        chunk('Hello', { prompt_tokens: 20, completion_tokens: 3, total_tokens: 450 }),
        chunk(' there', { prompt_tokens: 20, completion_tokens: 9, total_tokens: 592 }, 'stop'),
      ],
      { input: 20, output: 572 },
    ],
    [
      'of Gemini, which counts its thoughts beside the answer',
      [
        chunk(
          'Hello',
          {
            prompt_tokens: 21,
            completion_tokens: 4,
            total_tokens: 85,
            completion_tokens_details: { reasoning_tokens: 60 },
          },
          'stop',
        ),
      ],
      { input: 21, output: 4, reasoning: 60 },
    ],
    [
      'of DeepSeek',
      [
        chunk('Hello', undefined),
        chunk(
          '',
          {
            prompt_tokens: 1000,
            completion_tokens: 80,
            total_tokens: 1080,
            prompt_tokens_details: { cached_tokens: 768 },
            completion_tokens_details: { reasoning_tokens: 50 },
            prompt_cache_hit_tokens: 768,
            prompt_cache_miss_tokens: 232,
          },
          'stop',
        ),
      ],
      { input: 232, cached: 768, output: 30, reasoning: 50 },
    ],
    [
      'of xAI, whose thoughts stand beside the answer',
      [
        chunk('Hello', {
          prompt_tokens: 10120,
          completion_tokens: 1499,
          total_tokens: 14428,
          prompt_tokens_details: { text_tokens: 10120, audio_tokens: 0, image_tokens: 0, cached_tokens: 128 },
          completion_tokens_details: { reasoning_tokens: 2809, audio_tokens: 0 },
          num_sources_used: 0,
          cost_in_usd_ticks: 5,
        }),
        chunk('', undefined, 'stop'),
      ],
      { input: 9992, cached: 128, output: 1499, reasoning: 2809 },
    ],
    [
      'of Groq',
      [
        { ...chunk('Hello', undefined), x_groq: { id: 'req_1' } },
        {
          ...chunk('', undefined, 'stop'),
          x_groq: {
            id: 'req_1',
            usage: {
              queue_time: 0.01,
              prompt_tokens: 18,
              prompt_time: 0.1,
              completion_tokens: 5,
              completion_time: 0.1,
              total_tokens: 23,
              total_time: 0.2,
            },
          },
        },
      ],
      { input: 18, output: 5 },
    ],
    [
      'of Moonshot, in the choice that ends',
      [
        chunk('Hello', undefined),
        {
          choices: [
            {
              index: 0,
              delta: {},
              finish_reason: 'stop',
              usage: { prompt_tokens: 19, completion_tokens: 13, total_tokens: 32, cached_tokens: 10 },
            },
          ],
        },
      ],
      { input: 9, cached: 10, output: 13 },
    ],
    [
      // Its numbers of speed grow or fall from piece to piece.
      'of SambaNova',
      [
        chunk('Hello', undefined),
        {
          choices: [],
          usage: {
            acceptance_rate: 4.1,
            completion_tokens: 24,
            completion_tokens_after_first_per_sec: 310.2,
            completion_tokens_per_sec: 200.4,
            end_time: 1_756_000_000.5,
            is_last_response: true,
            prompt_tokens: 40,
            prompt_tokens_details: { cached_tokens: 0 },
            start_time: 1_756_000_000.1,
            time_to_first_token: 0.2,
            total_latency: 0.4,
            total_tokens: 64,
            total_tokens_per_sec: 160,
          },
        },
        chunk('', undefined, 'stop'),
      ],
      { input: 40, output: 24 },
    ],
    [
      // stream_options.continuous_usage_stats
      'of vLLM, in every piece',
      [
        chunk('', { prompt_tokens: 7, completion_tokens: 0, total_tokens: 7, prompt_tokens_details: null }),
        chunk('Hello', {
          prompt_tokens: 7,
          completion_tokens: 1,
          total_tokens: 8,
          prompt_tokens_details: null,
        }),
        chunk(
          ' there',
          { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9, prompt_tokens_details: null },
          'stop',
        ),
        {
          choices: [],
          usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9, prompt_tokens_details: null },
        },
      ],
      { input: 7, output: 2 },
    ],
    [
      'of llama.cpp, with its timings',
      [
        chunk('Hello', undefined),
        chunk('', undefined, 'stop'),
        {
          choices: [],
          usage: {
            completion_tokens: 2,
            prompt_tokens: 30,
            total_tokens: 32,
            prompt_tokens_details: { cached_tokens: 20 },
          },
          timings: { cache_n: 20, prompt_n: 10, prompt_ms: 5, predicted_n: 2, predicted_ms: 9 },
        },
      ],
      { input: 10, cached: 20, output: 2 },
    ],
    [
      'of OpenRouter',
      [
        chunk('Hello', undefined),
        chunk('', undefined, 'stop'),
        {
          ...chunk('', undefined),
          usage: {
            prompt_tokens: 194,
            completion_tokens: 20,
            total_tokens: 214,
            cost: 0.95,
            is_byok: false,
            cost_details: {
              upstream_inference_cost: null,
              upstream_inference_prompt_cost: 0.8,
              upstream_inference_completions_cost: 0.15,
            },
            prompt_tokens_details: {
              cached_tokens: 100,
              cache_write_tokens: 50,
              audio_tokens: 0,
              video_tokens: 0,
            },
            completion_tokens_details: { reasoning_tokens: 8, image_tokens: 0, audio_tokens: 0 },
            server_tool_use: { web_search_requests: 0 },
          },
        },
      ],
      { input: 44, cached: 100, write5m: 50, output: 12, reasoning: 8 },
    ],
    [
      // Each piece counts all so far. Citations are input of their own, thoughts stand beside the answer.
      'of Perplexity',
      [
        chunk('Hello', {
          prompt_tokens: 33,
          completion_tokens: 1,
          total_tokens: 34,
          cost: { input_tokens_cost: 0.1, total_cost: 0.1 },
        }),
        chunk(
          ' there',
          {
            prompt_tokens: 33,
            completion_tokens: 700,
            total_tokens: 733,
            reasoning_tokens: 7000,
            num_search_queries: 18,
            search_context_size: 'low',
            cost: { input_tokens_cost: 0.1, request_cost: null, total_cost: 0.4 },
          },
          'stop',
        ),
      ],
      { input: 33, output: 700, reasoning: 7000 },
    ],
    [
      'of Volcengine, with what was bought before',
      [
        chunk(
          'Hello',
          {
            prompt_tokens: 50,
            completion_tokens: 10,
            total_tokens: 60,
            prompt_tokens_details: { cached_tokens: 0, provisioned_tokens: 50 },
            completion_tokens_details: { reasoning_tokens: 0, provisioned_tokens: 10 },
          },
          'stop',
        ),
      ],
      { input: 50, output: 10 },
    ],
    [
      // Its last piece says the whole answer once more.
      'of MiniMax',
      [
        chunk('Hello', undefined),
        {
          choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
          usage: { total_tokens: 60, total_characters: 0, prompt_tokens: 50, completion_tokens: 10 },
        },
      ],
      { input: 50, output: 10 },
    ],
    [
      // The same cached tokens under three names.
      'of Mistral, with a prompt from its cache',
      [
        chunk('Hello', undefined),
        chunk(
          '',
          {
            prompt_tokens: 1000,
            completion_tokens: 10,
            total_tokens: 1010,
            request_count: 1,
            num_cached_tokens: 900,
            prompt_tokens_details: { cached_tokens: 900 },
            prompt_token_details: { cached_tokens: 900 },
          },
          'stop',
        ),
      ],
      { input: 100, cached: 900, output: 10 },
    ],
    [
      'of Mistral, with one of the names alone',
      [chunk('Hello', { prompt_tokens: 1000, completion_tokens: 10, num_cached_tokens: 900 }, 'stop')],
      { input: 100, cached: 900, output: 10 },
    ],
    [
      'of Cohere, Together, Fireworks and whoever has two counts',
      [
        chunk('Hello', undefined),
        chunk(
          '',
          { prompt_tokens: 50, completion_tokens: 10, total_tokens: 60, prompt_audio_seconds: null },
          'stop',
        ),
      ],
      { input: 50, output: 10 },
    ],
  ] as const)('%s', async (_, chunks, tokens) => {
    const billOf = await biller()
    const meter = new Meter(0)
    for (const each of chunks) meter.add(OPENAI_CHAT.readEvent({ data: JSON.stringify(each) }, each))
    expect(billOf(meter)).toEqual({ isMeasured: true, costUsd: expect.closeTo(usdOf(tokens), 12) })
  })

  it('of Anthropic, whose last counts are of all of it', async () => {
    const billOf = await biller()
    const meter = new Meter(0)
    const cache = {
      cache_creation_input_tokens: 900,
      cache_read_input_tokens: 100,
      cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 600 },
    }
    for (const event of [
      {
        type: 'message_start',
        message: {
          content: [],
          usage: { input_tokens: 20, output_tokens: 1, service_tier: 'standard', ...cache },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'I see' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hello' } },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn' },
        usage: {
          // What a search has found is read as well.
          input_tokens: 2020,
          cache_creation_input_tokens: 900,
          cache_read_input_tokens: 100,
          output_tokens: 400,
          output_tokens_details: { thinking_tokens: 250 },
          server_tool_use: { web_search_requests: 1 },
        },
      },
      { type: 'message_stop' },
    ])
      meter.add(ANTHROPIC_MESSAGES.readEvent({ data: '{}' }, event))
    const usd = usdOf({ input: 2020, cached: 100, write5m: 300, write1h: 600, output: 150, reasoning: 250 })
    expect(billOf(meter)).toEqual({ isMeasured: true, costUsd: expect.closeTo(usd, 12) })
  })
})

describe('of an answer that was cut off', () => {
  it('kinds of tokens that nobody knows are at the dearest too', async () => {
    const usage = { prompt_tokens: 1000, completion_tokens: 30, prompt_tokens_details: { holo_tokens: 400 } }
    const bill = await biller()
    const whole = bill(read(OPENAI_CHAT, chat(usage)))
    expect(whole.costUsd).toBeGreaterThan((1000 * USD.input + 30 * USD.output) / 1e6)
    expect(bill(read(OPENAI_CHAT, chat(usage)), false, true)).toEqual({
      isMeasured: false,
      costUsd: expect.closeTo(whole.costUsd, 12),
    })
  })
})
