import OpenAI from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type RoutedOptions, routed, runOf } from '../../src/adapters/openai/index.js'
import { ParetoBanditError } from '../../src/index.js'
import { Random } from '../support/random.js'
import { Provider, TOOLS_ONCE } from './provider.js'

const MODELS = ['sim-small', 'sim-middle', 'sim-large']
const MESSAGES = [{ role: 'user' as const, content: 'What is a contextual bandit?' }]
const ASK = { model: 'auto', messages: MESSAGES }
const CITY = z.object({ city: z.string() })
const TOOLS = [
  {
    type: 'function' as const,
    function: {
      name: 'weather',
      description: 'of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      parse: JSON.parse,
      function: async () => 'grey',
    },
  },
]

const provider = new Provider(MODELS)

function clientOf(options: RoutedOptions = {}): OpenAI {
  const client = new OpenAI({ apiKey: 'sk-test', baseURL: provider.upstream.baseUrl, maxRetries: 5 })
  return routed(client, provider.router, options)
}

const modelsAsked = () => provider.upstream.entries.map(({ request }) => request.model)

describe('helpers of a routed client of openai', () => {
  it('parse answers that have a schema, of chats and of responses', async () => {
    const client = clientOf()
    const chat = await client.chat.completions.parse({
      ...ASK,
      response_format: zodResponseFormat(CITY, 'city'),
    })
    expect(chat.choices[0].message.parsed).toEqual({ city: expect.any(String) })
    expect(runOf(chat)?.decision.model).toBe(chat.model)
    const response = await client.responses.parse({
      model: 'auto',
      input: 'Where?',
      text: { format: zodTextFormat(CITY, 'city') },
    })
    expect(response.output_parsed).toEqual({ city: expect.any(String) })
    expect(runOf(response)?.decision.model).toBe(response.model)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
    await runOf(chat)?.reward(1).durable
    expect(provider.sum('rewarded')).toBe(1)
  })

  it('book an answer that cannot be parsed by its usage, and ask nobody else', async () => {
    provider.plan = () => ({ ending: 'length' })
    const asked = clientOf().chat.completions.parse({
      ...ASK,
      response_format: zodResponseFormat(CITY, 'city'),
    })
    await expect(asked).rejects.toThrow(/length/)
    expect(provider.upstream.entries).toHaveLength(1)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
    expect(provider.sum('failed')).toBe(0)
  })

  it('stream with events, chats and responses', async () => {
    const client = clientOf()
    const stream = client.chat.completions.stream(ASK)
    let told = ''
    stream.on('content', (delta) => {
      told += delta
    })
    const completion = await stream.finalChatCompletion()
    expect(told).not.toBe('')
    expect(completion.choices[0].message.content).toBe(told)
    expect(runOf(stream)?.decision.model).toBe(completion.model)
    const responses = client.responses.stream({ model: 'auto', input: 'Hello' })
    const types = new Set<string>()
    for await (const { type } of responses) types.add(type)
    expect(types).toContain('response.completed')
    expect(runOf(responses)?.decision.model).toBe((await responses.finalResponse()).model)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })

  it.each([false, true])(
    'run tools with one model, and one reward for all steps (streamed: %s)',
    async (stream) => {
      provider.plan = TOOLS_ONCE
      const runner = clientOf().chat.completions.runTools({ ...ASK, stream: stream as false, tools: TOOLS })
      expect(await runner.finalContent()).not.toBe('')
      expect(modelsAsked()).toHaveLength(2)
      expect(new Set(modelsAsked()).size).toBe(1)
      await runOf(runner)?.reward(0.5).durable
      expect(provider.sum('rewarded')).toBe(2)
      expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
    },
  )

  it('ask the next model where one fails', async () => {
    provider.plan = (model) => (model === 'sim-small' ? { fault: { kind: 'status', status: 500 } } : {})
    const client = clientOf({ run: { candidates: ['sim-small', 'sim-large'] } })
    for (let i = 0; i < 3; i++) {
      expect((await client.chat.completions.parse(ASK)).model).toBe('sim-large')
      expect((await client.chat.completions.stream(ASK).finalChatCompletion()).model).toBe('sim-large')
      expect((await client.responses.stream({ model: 'auto', input: 'Hi' }).finalResponse()).model).toBe(
        'sim-large',
      )
      const runner = client.chat.completions.runTools({ ...ASK, tools: TOOLS })
      expect((await runner.finalChatCompletion()).model).toBe('sim-large')
    }
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 9)
  })

  it('are broken off: a stream that has begun is cancelled, and no model is blamed', async () => {
    provider.plan = (_, isStreamed) => ({
      delays: isStreamed ? { betweenTokensMs: 200 } : { firstTokenMs: 5000 },
    })
    const client = clientOf()
    const chat = client.chat.completions.stream(ASK)
    chat.on('chunk', () => chat.abort())
    await expect(chat.finalChatCompletion()).rejects.toThrow(/abort/i)
    const response = client.responses.stream({ model: 'auto', input: 'Hello' })
    response.on('response.output_text.delta', () => response.abort())
    await expect(response.finalResponse()).rejects.toThrow(/abort/i)
    const runner = client.chat.completions.runTools({ ...ASK, tools: TOOLS })
    setTimeout(() => runner.abort(), 30)
    await expect(runner.finalContent()).rejects.toThrow(/abort/i)
    await expect.poll(() => provider.router.stats().pending.unsettled).toBe(0)
    expect([provider.sum('cancelled'), provider.sum('failed')]).toEqual([3, 0])
  })

  it('have what promises of the client have, and what they are not', async () => {
    const asked = clientOf().chat.completions.create(ASK)
    const { data, response, request_id: id } = await asked.withResponse()
    expect([data.model, response.status, id]).toEqual([runOf(data)?.decision.model, 200, expect.any(String)])
    await expect(asked.asResponse()).rejects.toThrow(ParetoBanditError)
    expect(provider.upstream.entries).toHaveLength(1)
    const client = clientOf()
    const more = [
      () => client.chat.completions.create(ASK),
      () => client.responses.create({ model: 'auto', input: 'x' }),
      () => client.chat.completions.parse({ ...ASK }),
    ]
    for (const ask of more) await expect(ask().asResponse()).rejects.toThrow(/expected withResponse/)
    expect(provider.upstream.entries).toHaveLength(1)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.upstream.costUsd(), 12)
  })

  it('leave requests for a model that is named to the client', async () => {
    const client = clientOf()
    const named = { ...ASK, model: 'sim-middle' }
    await client.chat.completions.parse(named)
    await client.chat.completions.stream(named).finalChatCompletion()
    await client.chat.completions.runTools({ ...named, tools: TOOLS }).finalContent()
    expect(modelsAsked()).toEqual(['sim-middle', 'sim-middle', 'sim-middle'])
    expect(provider.router.stats().requests).toBe(0)
  })
})

describe('methods that cannot be routed', () => {
  it.each<readonly [string, (client: OpenAI) => unknown]>([
    ['embeddings.create', (client) => client.embeddings.create({ model: 'auto', input: 'x' })],
    ['completions.create', (client) => client.completions.create({ model: 'auto', prompt: 'x' })],
    ['images.generate', (client) => client.images.generate({ model: 'auto', prompt: 'x' })],
    [
      'audio.speech.create',
      (client) => client.audio.speech.create({ model: 'auto', input: 'x', voice: 'ash' }),
    ],
    ['responses.inputTokens.count', (client) => client.responses.inputTokens.count({ model: 'auto' })],
    ['post', (client) => client.post('/chat/completions', { body: ASK })],
  ])('say so for auto, and send nothing: %s', (path, call) => {
    const client = clientOf()
    expect(() => call(client)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`${path} cannot`),
      }),
    )
    expect(provider.upstream.entries).toHaveLength(0)
  })

  it('are helpers of a client that speaks as openai’s does and is made otherwise', async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 10 }
    const create = async ({ model }: { model: string }) => ({ model, usage })
    const client = routed({ chat: { completions: { create, parse: create } } }, provider.router)
    expect(MODELS).toContain((await client.chat.completions.create(ASK)).model)
    expect(() => client.chat.completions.parse(ASK)).toThrow(/chat.completions.parse cannot be routed/)
    expect((await client.chat.completions.parse({ model: 'sim-small' })).model).toBe('sim-small')
  })

  it('are those of a client with other options too, which is routed as well', async () => {
    const client = clientOf().withOptions({ timeout: 50_000 })
    expect(client.timeout).toBe(50_000)
    expect(MODELS).toContain((await client.chat.completions.create(ASK)).model)
    expect(() => client.embeddings.create({ model: 'auto', input: 'x' })).toThrow(/cannot be routed/)
    expect(client.chat).toBe(client.chat)
    expect(client).toBeInstanceOf(OpenAI)
  })
})

describe('the money of 1,000 mixed calls', () => {
  /** What a request asks of its provider: it is passed on as it is. */
  const SLOW = { upstream_plan: { delays: { firstTokenMs: 20_000, betweenTokensMs: 20_000 } } }
  const STALLING = { upstream_plan: { delays: { betweenTokensMs: 20_000 } } }
  const FORMAT = { response_format: zodResponseFormat(CITY, 'city') }

  /** All ways in, each as its users call it; those that end early as well. */
  const WAYS: readonly ((client: OpenAI, ask: typeof ASK) => Promise<unknown>)[] = [
    (client, ask) => client.chat.completions.create(ask),
    async (client, ask) => {
      for await (const _ of await client.chat.completions.create({ ...ask, stream: true }));
    },
    (client, ask) => client.chat.completions.parse({ ...ask, ...FORMAT }),
    (client, ask) => client.chat.completions.stream(ask).finalChatCompletion(),
    (client, ask) => client.chat.completions.runTools({ ...ask, tools: TOOLS }).finalContent(),
    (client, ask) => client.chat.completions.runTools({ ...ask, tools: TOOLS, stream: true }).finalContent(),
    (client) => client.responses.create({ model: 'auto', input: 'Hello' }),
    (client) => client.responses.parse({ model: 'auto', input: 'Hello' }),
    (client) => client.responses.stream({ model: 'auto', input: 'Hello' }).finalResponse(),
    async (client, ask) => {
      const abort = new AbortController()
      const user = crypto.randomUUID()
      // Not before it is there: what was never sent costs nothing, and nobody here knows.
      provider.upstream.until(({ request }) => request.body.user === user).then(() => abort.abort())
      return client.chat.completions.create({ ...ask, ...SLOW, user }, { signal: abort.signal })
    },
    (client, ask) => {
      const stream = client.chat.completions.stream({ ...ask, ...STALLING })
      stream.once('content', () => stream.abort())
      return stream.finalChatCompletion()
    },
    async (client, ask) => {
      const stream = await client.chat.completions.create({ ...ask, ...STALLING, stream: true })
      for await (const { choices } of stream) if (choices[0]?.delta.content) break
    },
  ]

  it('through every way in is what their provider counts, to 1e-9', async () => {
    const random = new Random(16)
    provider.plan = (model, isStreamed, body) => {
      // Those that are to be broken off are not to fail before.
      if (body.upstream_plan !== undefined) return {}
      const roll = random.below(12)
      if (roll === 0) return { fault: { kind: 'status', status: random.next() < 0.5 ? 500 : 429 } }
      if (roll === 1) return { fault: { kind: 'status', status: 400 } }
      // In the middle of the answer, whether it is streamed or not.
      if (roll === 2) return { fault: { kind: 'reset', afterPieces: 2 } }
      const tokens = roll < 6 ? { tokens: { cachedInput: 3, reasoning: 2 } } : {}
      return { ...tokens, ...('tools' in body ? TOOLS_ONCE(model, isStreamed, body) : {}) }
    }
    const client = clientOf()
    const one = async (i: number): Promise<void> => {
      try {
        await WAYS[i % WAYS.length](client, ASK)
      } catch (error) {
        expect(String(error)).toMatch(/overloaded|abort|terminated|connection|premature/i)
      }
    }
    for (let i = 0; i < 1000; i += 10) await Promise.all(Array.from({ length: 10 }, (_, j) => one(i + j)))
    await provider.upstream.idle()
    await expect.poll(() => provider.router.stats().pending.unsettled).toBe(0)
    expect(provider.upstream.entries.length).toBeGreaterThan(1000)
    expect(provider.sum('cancelled')).toBeGreaterThan(200)
    expect(provider.sum('failed')).toBeGreaterThan(100)
    expect(await provider.bookedUsd()).toBeCloseTo(provider.expectedUsd(), 9)
  }, 120_000)
})
