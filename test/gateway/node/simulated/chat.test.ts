import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import type { PartialPlan, UsagePlan } from '../../../../src/gateway/node/simulated/plan.js'
import { costUsd, PRICES } from '../../../../src/gateway/node/simulated/prices.js'
import {
  PLAN_HEADER,
  startUpstream,
  type Upstream,
  type UpstreamOptions,
} from '../../../../src/gateway/node/simulated/upstream.js'

const MODEL = 'sim-small'
const MESSAGES = [{ role: 'user' as const, content: 'What is a contextual bandit?' }]
const ALL_KINDS: PartialPlan['tokens'] = {
  input: 1000,
  cachedInput: 300,
  cacheWrite5m: 200,
  audioInput: 50,
  imageInput: 40,
  output: 400,
  reasoning: 100,
  audioOutput: 30,
}

let upstream: Upstream
afterEach(() => upstream.close())

async function client(options: UpstreamOptions = {}): Promise<OpenAI> {
  upstream = await startUpstream(options)
  return new OpenAI({ apiKey: options.apiKey ?? 'none', baseURL: upstream.baseUrl, maxRetries: 0 })
}

async function streamed(openai: OpenAI, more: object = {}) {
  const stream = await openai.chat.completions.create({
    model: MODEL,
    messages: MESSAGES,
    stream: true,
    stream_options: { include_usage: true },
    ...more,
  })
  const chunks: OpenAI.ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
  return { chunks, text, usages: chunks.flatMap(({ usage }) => usage ?? []) }
}

describe('a chat answer', () => {
  it('is the same streamed and not, and costs what its usage says at the prices of the table', async () => {
    const openai = await client()
    const plain = await openai.chat.completions.create({ model: MODEL, messages: MESSAGES })
    const { input, output } = upstream.entries[0].tokens
    expect(plain.usage).toMatchObject({ prompt_tokens: input, completion_tokens: output })
    expect(plain.choices[0].message.content).toMatch(/\w/)
    expect(upstream.entries[0].costUsd).toBeCloseTo((input * 0.15 + output * 0.6) / 1e6, 15)

    const stream = await streamed(openai, {})
    expect(stream.usages).toHaveLength(1)
    expect(stream.chunks.at(-1)?.choices).toEqual([])
    expect(stream.text).toMatch(/\w/)
    await upstream.idle()
    expect(upstream.entries[1]).toMatchObject({ status: 200, ended: 'answered', isUsageSent: true })
    expect(upstream.costUsd()).toBe(upstream.entries[0].costUsd + upstream.entries[1].costUsd)
  })

  it('is drawn from the seed and the request, in whatever order requests come', async () => {
    const ask = async (seed: number) => {
      const openai = await client({ seed })
      const answer = await openai.chat.completions.create({ model: MODEL, messages: MESSAGES })
      await upstream.close()
      return answer.choices[0].message.content
    }
    expect(await ask(1)).toBe(await ask(1))
    expect(await ask(1)).not.toBe(await ask(2))
  })

  it('says no usage to a stream that did not ask', async () => {
    const openai = await client()
    const { usages } = await streamed(openai, { stream_options: undefined })
    expect(usages).toEqual([])
    expect(upstream.entries[0].isUsageSent).toBe(false)
  })

  it('has the kinds of tokens that its plan says, each at its own price', async () => {
    const openai = await client({ script: () => ({ tokens: ALL_KINDS, usage: { style: 'openrouter' } }) })
    const plain = await openai.chat.completions.create({ model: MODEL, messages: MESSAGES })
    expect(plain.usage).toMatchObject({
      prompt_tokens: 1000,
      completion_tokens: 400,
      prompt_tokens_details: {
        cached_tokens: 300,
        cache_write_tokens: 200,
        audio_tokens: 50,
        image_tokens: 40,
      },
      completion_tokens_details: { reasoning_tokens: 100, audio_tokens: 30 },
      cost: upstream.entries[0].costUsd,
    })
    const byHand =
      410 * 0.15 + 300 * 0.015 + 200 * 0.1875 + 50 * 1.05 + 40 * 0.255 + 270 * 0.6 + 100 * 0.78 + 30 * 3.18
    expect(upstream.entries[0].costUsd).toBeCloseTo(byHand / 1e6, 15)
    const { usages } = await streamed(openai)
    await upstream.idle()
    expect(usages).toMatchObject([{ prompt_tokens: 1000, completion_tokens: 400 }])
    expect(upstream.entries[1].costUsd).toBe(upstream.entries[0].costUsd)
  })

  it('costs the whole of a dearer tier above its bound, and less as flex', async () => {
    const openai = await client({
      script: ({ headers }) => ({ tokens: { input: Number(headers['x-input'] ?? 10) } }),
    })
    for (const input of [200_000, 200_001])
      await openai.chat.completions.create(
        { model: 'sim-large', messages: MESSAGES },
        { headers: { 'x-input': String(input) } },
      )
    const [at, above] = upstream.entries
    expect(at.costUsd).toBeCloseTo((200_000 * 5 + at.tokens.output * 15) / 1e6, 12)
    expect(above.costUsd).toBeCloseTo((200_001 * 10 + above.tokens.output * 22.5) / 1e6, 12)
    await openai.chat.completions.create({ model: MODEL, messages: MESSAGES, service_tier: 'flex' })
    const { tokens, costUsd: flexUsd } = upstream.entries[2]
    expect(flexUsd).toBeCloseTo(costUsd(tokens, PRICES[MODEL]) / 2, 15)
  })

  it.each<[string, Partial<UsagePlan>, (chunks: OpenAI.ChatCompletionChunk[]) => void]>([
    [
      'in a chunk of its own with empty choices, null elsewhere',
      { place: 'own-chunk' },
      (chunks) => {
        expect(chunks.at(-1)).toMatchObject({ choices: [], usage: {} })
        expect(chunks[0].usage).toBeNull()
      },
    ],
    [
      'in a chunk of its own that has a choice',
      { place: 'own-chunk-with-choice', isNullElsewhere: false },
      (chunks) => {
        expect(chunks.at(-1)?.choices).toHaveLength(1)
        expect(chunks[0]).not.toHaveProperty('usage')
      },
    ],
    [
      'on the finish chunk',
      { place: 'finish-chunk' },
      (chunks) => expect(chunks.at(-1)?.choices[0].finish_reason).toBe('stop'),
    ],
    [
      'before the finish chunk',
      { place: 'before-finish' },
      (chunks) => {
        expect(chunks.at(-1)?.usage).toBeNull()
        expect(chunks.at(-2)?.choices).toEqual([])
      },
    ],
  ])('says usage once: %s', async (_, usage, expected) => {
    const openai = await client({ script: () => ({ usage, tokens: { output: 9 } }) })
    const { chunks, usages } = await streamed(openai)
    expect(usages).toMatchObject([{ prompt_tokens: upstream.entries[0].tokens.input, completion_tokens: 9 }])
    expected(chunks)
  })

  it('says usage on every chunk, as the sum so far', async () => {
    const openai = await client({
      script: () => ({ usage: { place: 'cumulative' }, tokens: { output: 30, reasoning: 10 } }),
    })
    const { usages } = await streamed(openai)
    const counts = usages.map((usage) => usage.completion_tokens)
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    expect(counts.at(-1)).toBe(30)
    expect(counts.length).toBeGreaterThan(20)
  })

  it('says usage twice, or under a name of its own, or not at all', async () => {
    const openai = await client()
    const ask = (usage: Partial<UsagePlan>) => streamed(openai, { upstream_plan: { usage } })
    expect((await ask({ place: 'twice' })).usages).toHaveLength(2)
    const groq = await ask({ style: 'groq' })
    expect(groq.usages).toEqual([])
    expect(groq.chunks.at(-1)).toHaveProperty('x_groq.usage.total_tokens')
    expect((await ask({ place: 'missing' })).usages).toEqual([])
    expect((await ask({ style: 'deepseek' })).usages[0]).toHaveProperty('prompt_cache_miss_tokens')
    expect((await ask({ style: 'bare' })).usages[0]).toEqual({
      prompt_tokens: expect.any(Number),
      completion_tokens: expect.any(Number),
    })
  })
})

describe('what a request asks for', () => {
  const WEATHER = {
    type: 'function' as const,
    function: {
      name: 'weather',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 5 } },
        required: ['city', 'days'],
      },
    },
  }

  it('calls tools, in parallel too, with arguments that fit their schema', async () => {
    const openai = await client()
    const plain = await openai.chat.completions.create({
      model: MODEL,
      messages: MESSAGES,
      tools: [WEATHER],
      tool_choice: 'required',
    })
    const [call] = plain.choices[0].message.tool_calls ?? []
    expect(plain.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
    if (call?.type !== 'function') throw new Error('expected a call of a function')
    expect(JSON.parse(call.function.arguments)).toMatchObject({ city: 'naïve', days: expect.any(Number) })

    const runner = openai.chat.completions.stream(
      { model: MODEL, messages: MESSAGES, tools: [WEATHER] },
      { headers: { [PLAN_HEADER]: JSON.stringify({ toolCalls: 2 }) } },
    )
    const { message } = (await runner.finalChatCompletion()).choices[0]
    expect(message.tool_calls).toHaveLength(2)
    for (const called of message.tool_calls ?? [])
      expect(JSON.parse(called.type === 'function' ? called.function.arguments : '')).toHaveProperty('days')
  })

  it('answers in the JSON of a schema, with n choices, with the logarithms of probabilities, within a limit', async () => {
    const openai = await client()
    const schema = { ...WEATHER.function.parameters, additionalProperties: false }
    const structured = await openai.chat.completions.create({
      model: MODEL,
      messages: MESSAGES,
      response_format: { type: 'json_schema', json_schema: { name: 'weather', schema } },
    })
    expect(JSON.parse(structured.choices[0].message.content ?? '')).toHaveProperty('city')

    const several = await openai.chat.completions.create({ model: MODEL, messages: MESSAGES, n: 3 })
    expect(several.choices.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(new Set(several.choices.map(({ message }) => message.content)).size).toBe(3)

    const likely = await openai.chat.completions.create({
      model: MODEL,
      messages: MESSAGES,
      logprobs: true,
      top_logprobs: 2,
    })
    const tokens = likely.choices[0].logprobs?.content ?? []
    expect(tokens.map(({ token }) => token).join('')).toBe(likely.choices[0].message.content)
    expect(tokens[0].top_logprobs).toHaveLength(2)

    const short = await openai.chat.completions.create({ model: MODEL, messages: MESSAGES, max_tokens: 3 })
    expect(short.choices[0].finish_reason).toBe('length')
    expect(short.usage?.completion_tokens).toBe(3)
  })

  it('shows its reasoning where its plan says so, and bills it where it does not', async () => {
    const openai = await client()
    const hidden = await streamed(openai, { reasoning_effort: 'high' })
    expect(hidden.usages[0].completion_tokens_details?.reasoning_tokens).toBe(6)
    const shown = await streamed(openai, {
      reasoning_effort: 'high',
      upstream_plan: { reasoningShown: 'reasoning_content' },
    })
    expect(shown.chunks[1].choices[0].delta).toHaveProperty('reasoning_content', 'hmm, ')
  })

  it('refuses, or answers nothing at all', async () => {
    const openai = await client({
      script: ({ headers }) => (headers['x-empty'] ? { isEmpty: true } : { ending: 'refusal' }),
    })
    const refused = await openai.chat.completions.create({ model: MODEL, messages: MESSAGES })
    expect(refused.choices[0].message).toMatchObject({ content: null, refusal: 'I cannot help with that.' })
    const empty = await openai.chat.completions.create(
      { model: MODEL, messages: MESSAGES },
      { headers: { 'x-empty': '1' } },
    )
    expect(empty.choices[0].message.content).toBeNull()
    expect(empty.usage?.completion_tokens).toBe(0)
  })

  it('embeds texts, one or several, as numbers and as base64', async () => {
    const openai = await client()
    const several = await openai.embeddings.create({ model: 'sim-embed', input: ['one text', 'another'] })
    expect(several.data).toHaveLength(2)
    expect(several.data[0].embedding).toHaveLength(8)
    expect(several.usage.prompt_tokens).toBe(4)
    const numbers = await openai.embeddings.create({
      model: 'sim-embed',
      input: 'one text',
      encoding_format: 'float',
    })
    expect(numbers.data[0].embedding).toEqual([...several.data[0].embedding])
    expect(upstream.costUsd()).toBeCloseTo((6 * 0.02) / 1e6, 15)
  })
})

describe('who asks wrongly', () => {
  it('is told by status and code: no such model, a wrong key, a bad body', async () => {
    const openai = await client({ apiKey: 'right' })
    const ask = (more: object) =>
      openai.chat.completions.create({ model: MODEL, messages: MESSAGES, ...more })
    await expect(ask({ model: 'gpt-0' })).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
    await expect(ask({ messages: [] })).rejects.toMatchObject({ status: 400, code: 'invalid_request' })
    const stranger = new OpenAI({ apiKey: 'wrong', baseURL: upstream.baseUrl, maxRetries: 0 })
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
    expect((await openai.models.list()).data.map(({ id }) => id)).toContain('sim-large')
    expect(upstream.costUsd()).toBe(0)
    expect(upstream.entries.map(({ ended }) => ended)).toEqual(['refused', 'refused', 'refused'])
  })
})
