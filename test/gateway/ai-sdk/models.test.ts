import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { APICallError, generateText, streamText } from 'ai'
import { simulateReadableStream } from 'ai/test'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { CLIENT_KEY } from '../clients/gateway.js'
import { closeAll, gatewayServer, HELLO, modelTree } from '../surfaces/gateway-server.js'
import { COST_USD, mockOf, mockServer, mockTree, VERSIONS } from './mocks.js'

afterEach(closeAll)

const CALL = [
  { type: 'tool-call', toolCallId: 'c1', toolName: 'weather', input: '{"city":"Bonn"}' },
  { type: 'tool-call', toolCallId: 'c2', toolName: 'weather', input: '{"city":"Köln"}' },
]
const CALL_PARTS = [
  { type: 'reasoning-start', id: 'r' },
  { type: 'reasoning-delta', id: 'r', delta: 'Hm.' },
  { type: 'reasoning-end', id: 'r', providerMetadata: { anthropic: { signature: 'sig' } } },
  { type: 'tool-input-start', id: 'c1', toolName: 'weather' },
  { type: 'tool-input-delta', id: 'c1', delta: '{"city":' },
  { type: 'tool-input-delta', id: 'c1', delta: '"Bonn"}' },
  { type: 'tool-input-end', id: 'c1' },
  CALL[0],
  CALL[1],
]
const SURFACES = [
  ['/v1/chat/completions', { messages: HELLO }],
  ['/v1/messages', { messages: HELLO, max_tokens: 9 }],
  ['/v1/responses', { input: 'Say hello.' }],
] as const
const CALLS = { unified: 'tool-calls', raw: 'tool_calls' }
const SCHEMA = { type: 'object', properties: { city: { type: 'string' } } }

const IMAGE = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }
const [CHAT, MESSAGES, RESPONSES] = SURFACES.map(([path]) => path)
const asks = (...content: readonly object[]) => ({ role: 'user', content })
const result = (...output: readonly object[]) => ({ type: 'function_call_output', call_id: 'c', output })
/** Parts of a conversation that no model of the AI SDK is given, and what the refusal calls them. */
const TAKES_NO: readonly (readonly [path: string, message: object, what: string])[] = [
  [CHAT, asks({ type: 'file', file: { file_id: 'f' } }), 'files by id'],
  [CHAT, asks({ type: 'video_url', video_url: { url: 'x' } }), 'parts of type "video_url"'],
  [CHAT, { role: 'critic', content: 'x' }, 'messages of type "critic"'],
  [CHAT, { role: 'assistant', audio: { id: 'a' } }, 'sound that the provider keeps'],
  [
    CHAT,
    { role: 'assistant', tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'x', input: 'y' } }] },
    'calls of tools but functions',
  ],
  [
    CHAT,
    { role: 'tool', tool_call_id: 'c', content: [{ type: 'image_url', image_url: { url: 'x' } }] },
    'results of tools but texts',
  ],
  [MESSAGES, asks({ type: 'image', source: { type: 'file', file_id: 'f' } }), 'files by id'],
  [
    MESSAGES,
    asks({ type: 'document', source: { type: 'content', content: [] } }),
    'sources of type "content"',
  ],
  [MESSAGES, asks({ type: 'tool_result', tool_use_id: 'c', content: [IMAGE] }), 'results of tools but texts'],
  [RESPONSES, asks({ type: 'input_image', file_id: 'f' }), 'files by id'],
  [RESPONSES, asks({ type: 'input_file', file_id: 'f' }), 'files by id'],
  [RESPONSES, asks({ type: 'input_audio', input_audio: {} }), 'parts of type "input_audio"'],
  [RESPONSES, result({ type: 'input_image', image_url: 'x' }), 'results of tools but texts'],
]

const clientsOf = (url: string) => ({
  openai: new OpenAI({ apiKey: CLIENT_KEY, baseURL: `${url}/v1`, maxRetries: 0 }),
  anthropic: new Anthropic({ apiKey: CLIENT_KEY, baseURL: url, maxRetries: 0 }),
})

describe.each(VERSIONS)('a model of the AI SDK, %s', (version) => {
  it('answers every surface, whole, at what its usage comes to', async () => {
    const server = await mockServer(mockOf(version, {}))
    const { openai, anthropic } = clientsOf(server.url)
    const chat = await openai.chat.completions.create({
      model: 'auto',
      messages: [{ role: 'user', content: 'Hi' }],
    })
    expect(chat.choices[0]).toMatchObject({ message: { content: 'Hello.' }, finish_reason: 'stop' })
    expect(chat.usage).toMatchObject({ prompt_tokens: 100, completion_tokens: 40, cost: COST_USD })
    const response = await openai.responses.create({ model: 'auto', input: 'Hi' })
    expect([response.output_text, response.status]).toEqual(['Hello.', 'completed'])
    expect(response.usage).toMatchObject({ input_tokens: 100, output_tokens: 40 })
    const message = await anthropic.messages.create({
      model: 'auto',
      max_tokens: 99,
      messages: [{ role: 'user', content: 'Hi' }],
    })
    expect(message.content).toEqual([{ type: 'text', text: 'Hello.' }])
    expect(message.usage).toMatchObject({ input_tokens: 50, cache_read_input_tokens: 20, output_tokens: 40 })
    expect(server.ledger().spendUsd).toBeCloseTo(3 * COST_USD, 12)
    expect(server.records.map(({ costUsd }) => costUsd)).toEqual(
      [1, 2, 3].map(() => expect.closeTo(COST_USD, 12)),
    )
  })

  it('answers every surface streamed, with its reasoning and its calls in order', async () => {
    const server = await mockServer(mockOf(version, { parts: CALL_PARTS, finishReason: CALLS }))
    const { openai, anthropic } = clientsOf(server.url)
    const chat = await openai.chat.completions
      .stream({
        model: 'auto',
        messages: [{ role: 'user', content: 'Hi' }],
        stream_options: { include_usage: true },
      })
      .finalChatCompletion()
    expect(chat.choices[0].finish_reason).toBe('tool_calls')
    expect(chat.choices[0].message.tool_calls).toMatchObject(
      [
        ['c1', 'Bonn'],
        ['c2', 'Köln'],
      ].map(([id, city]) => ({ id, function: { name: 'weather', arguments: JSON.stringify({ city }) } })),
    )
    const message = await anthropic.messages
      .stream({ model: 'auto', max_tokens: 99, messages: [{ role: 'user', content: 'Hi' }] })
      .finalMessage()
    expect(message.stop_reason).toBe('tool_use')
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
      { type: 'tool_use', id: 'c1', name: 'weather', input: { city: 'Bonn' } },
      { type: 'tool_use', id: 'c2', name: 'weather', input: { city: 'Köln' } },
    ])
    const response = await openai.responses.stream({ model: 'auto', input: 'Hi' }).finalResponse()
    expect(response.output).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'Hm.' }] },
      { type: 'function_call', call_id: 'c1', arguments: '{"city":"Bonn"}' },
      { type: 'function_call', call_id: 'c2', arguments: '{"city":"Köln"}' },
    ])
    await server.over(3)
    expect(server.ledger()).toEqual({ spendUsd: expect.closeTo(3 * COST_USD, 12), reservedUsd: 0 })
  })

  it('that tells no usage is read by every client, and costs its reservation', async () => {
    const usage = { inputTokens: {}, outputTokens: {} }
    const server = await mockServer(mockOf(version, { usage }))
    const { openai, anthropic } = clientsOf(server.url)
    const chat = { model: 'auto', messages: [{ role: 'user' as const, content: 'Hi' }] }
    const message = { ...chat, max_tokens: 99 }
    expect((await anthropic.messages.create(message)).usage).toEqual({ input_tokens: 0, output_tokens: 0 })
    expect((await anthropic.messages.stream(message).finalMessage()).stop_reason).toBe('end_turn')
    expect((await openai.chat.completions.stream(chat).finalChatCompletion()).choices).toHaveLength(1)
    expect(
      (await openai.responses.stream({ model: 'auto', input: 'Hi' }).finalResponse()).output,
    ).toHaveLength(1)
    const apiKey = CLIENT_KEY
    const models = [
      createAnthropic({ apiKey, baseURL: `${server.url}/v1` })('auto'),
      createOpenAI({ apiKey, baseURL: `${server.url}/v1` })('auto'),
      createOpenAI({ apiKey, baseURL: `${server.url}/v1` }).chat('auto'),
    ]
    for (const model of models) {
      const asked = { model, prompt: 'Hi', maxRetries: 0 }
      expect((await generateText(asked)).text).toBe('Hello.')
      const { text, finishReason } = streamText(asked)
      expect([await text, await finishReason]).toEqual(['Hello.', 'stop'])
    }
    await server.over(10)
    expect(server.records.every(({ isMeasured }) => isMeasured === false)).toBe(true)
    expect(server.ledger().spendUsd).toBeGreaterThan(0)
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it('keeps the limit and the effort of its parameters on every surface, whatever a client says', async () => {
    const model = mockOf(version, {})
    const parameters = { max_tokens: 50, reasoning_effort: 'low' }
    const server = await mockServer(model, [{ ...mockTree(), parameters }])
    const asked = {
      '/v1/chat/completions': { max_completion_tokens: 900, reasoning: { effort: 'high' } },
      '/v1/messages': { max_tokens: 900, output_config: { effort: 'high' } },
      '/v1/responses': { max_output_tokens: 900, reasoning: { effort: 'high' } },
    }
    for (const [path, body] of SURFACES) {
      const response = await server.post(path, { model: 'auto', ...body, ...asked[path] })
      expect([path, response.status]).toEqual([path, 200])
    }
    const effort =
      version === 'v3' ? { providerOptions: { mock: { reasoningEffort: 'low' } } } : { reasoning: 'low' }
    expect(model.doGenerateCalls).toMatchObject(SURFACES.map(() => ({ maxOutputTokens: 50, ...effort })))
  })

  it('is asked the same by every surface: tools, their results, schemas, images, limits', async () => {
    const model = mockOf(version, { content: CALL, finishReason: CALLS })
    const server = await mockServer(model)
    const image = 'data:image/png;base64,AAAA'
    const ask = async (path: string, body: object) => {
      const response = await server.post(path, { model: 'auto', temperature: 0.5, ...body })
      expect([path, response.status]).toEqual([path, 200])
    }
    const fn = { name: 'weather', description: 'of a city', parameters: SCHEMA }
    await ask('/v1/chat/completions', {
      max_tokens: 9,
      tools: [{ type: 'function', function: fn }],
      tool_choice: { type: 'function', function: { name: 'weather' } },
      response_format: { type: 'json_schema', json_schema: { name: 'city', schema: SCHEMA } },
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hi' },
            { type: 'image_url', image_url: { url: image } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'c', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c', content: 'rain' },
      ],
    })
    await ask('/v1/messages', {
      max_tokens: 9,
      system: 'Be brief.',
      tools: [{ name: 'weather', description: 'of a city', input_schema: SCHEMA }],
      tool_choice: { type: 'tool', name: 'weather' },
      output_config: { format: { type: 'json_schema', schema: SCHEMA } },
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hi' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          ],
        },
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 'c', name: 'weather', input: { city: 'Bonn' } }],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: 'rain' }] },
      ],
    })
    await ask('/v1/responses', {
      max_output_tokens: 9,
      instructions: 'Be brief.',
      tools: [{ type: 'function', ...fn }],
      tool_choice: { type: 'function', name: 'weather' },
      text: { format: { type: 'json_schema', name: 'city', schema: SCHEMA } },
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Hi' },
            { type: 'input_image', image_url: image },
          ],
        },
        { type: 'function_call', call_id: 'c', name: 'weather', arguments: '{"city":"Bonn"}' },
        { type: 'function_call_output', call_id: 'c', output: 'rain' },
      ],
    })
    const data = version === 'v3' ? 'AAAA' : { type: 'data', data: 'AAAA' }
    for (const call of model.doGenerateCalls) {
      expect(call).toMatchObject({
        maxOutputTokens: 9,
        temperature: 0.5,
        tools: [{ type: 'function', name: 'weather', description: 'of a city', inputSchema: SCHEMA }],
        toolChoice: { type: 'tool', toolName: 'weather' },
        responseFormat: { type: 'json', schema: SCHEMA },
      })
      expect(call.prompt).toEqual([
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hi' },
            { type: 'file', mediaType: 'image/png', data },
          ],
        },
        {
          role: 'assistant',
          content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'weather', input: { city: 'Bonn' } }],
        },
        {
          role: 'tool',
          content: [
            {
              type: 'tool-result',
              toolCallId: 'c',
              toolName: 'weather',
              output: { type: 'text', value: 'rain' },
            },
          ],
        },
      ])
    }
    expect(model.doGenerateCalls).toHaveLength(3)
  })

  it('is not asked what it cannot be given, and others are', async () => {
    const url = { type: 'image_url', image_url: { url: 'https://x.test/a.png' } }
    const model = mockOf(version, {})
    const server = await mockServer(model, [mockTree(), modelTree('sim-small')])
    for (let i = 0; i < 6; i++) {
      const messages = [{ role: 'user', content: [url] }]
      const response = await server.post('/v1/chat/completions', { model: 'auto', messages })
      expect([response.status, response.headers.get('x-paretobandit-model')]).toEqual([200, 'sim-small'])
    }
    expect(server.router.stats().models.map(({ isAvailable }) => isAvailable)).toEqual([true, true])
    const pinned = { model: 'mock', messages: [{ role: 'user', content: [url] }] }
    const refused = await server.post('/v1/chat/completions', pinned)
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { error: { code: 'upstream_rejected', message: expect.stringContaining('data URLs') } },
    ])
    expect((await server.over(7)).at(-1)).toMatchObject({ outcome: 'refused', costUsd: 0 })
    expect(model.doGenerateCalls).toEqual([])
  })

  it('gets an address of a file only where it fetches it itself: the gateway fetches none', async () => {
    const body = {
      model: 'auto',
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.test/a.png' } }] },
      ],
    }
    const none = await mockServer(mockOf(version, {}))
    expect((await none.post('/v1/chat/completions', body)).status).toBe(400)
    expect(none.ledger().spendUsd).toBe(0)
    const model = mockOf(version, { supportedUrls: { 'image/*': [/^https:/] } })
    const some = await mockServer(model)
    expect((await some.post('/v1/chat/completions', body)).status).toBe(200)
    expect(JSON.stringify(model.doGenerateCalls[0].prompt)).toContain('https://x.test/a.png')
  })

  it('that says in the body of its error alone how long to wait is left alone for so long', async () => {
    const error = new APICallError({
      message: 'quota',
      url: 'https://secret.test',
      requestBodyValues: {},
      statusCode: 429,
      responseHeaders: {},
      responseBody: JSON.stringify({ error: { details: [{ retryDelay: '34.5s' }] } }),
    })
    const server = await mockServer(mockOf(version, { error }), [mockTree()])
    const response = await server.post('/v1/chat/completions', { model: 'mock', messages: HELLO })
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '35'])
  })

  it('that fails is cooled down as its error says, and another model takes over', async () => {
    const error = new APICallError({
      message: 'slow down, sk-upstream-0123456789abcdef',
      url: 'https://secret.test',
      requestBodyValues: {},
      statusCode: 429,
      responseHeaders: { 'retry-after': '7' },
    })
    const server = await mockServer(mockOf(version, { error }), [mockTree()])
    for (const stream of [false, true]) {
      const response = await server.post('/v1/chat/completions', { model: 'mock', messages: HELLO, stream })
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7'])
      expect(await response.text()).not.toContain('sk-upstream')
    }
    expect(server.records[0]).toMatchObject({ code: 'upstream_rate_limited', costUsd: 0 })
    const failing = mockOf(version, { error })
    const both = await mockServer(failing, [mockTree(), modelTree('sim-small')])
    for (let i = 0; i < 4; i++)
      expect((await both.post('/v1/chat/completions', { model: 'auto', messages: HELLO })).status).toBe(200)
    expect(failing.doGenerateCalls.length).toBeLessThanOrEqual(1)
    expect(both.problems).toEqual([])
  })

  it.each<readonly [string, unknown, string]>([
    ['Anthropic', { type: 'overloaded_error', message: 'Overloaded' }, 'upstream_error'],
    ['OpenAI', { code: 'rate_limit_exceeded', message: 'slow down' }, 'upstream_rate_limited'],
    [
      'responses',
      { type: 'error', error: { code: 'rate_limit_exceeded', message: 'x' } },
      'upstream_rate_limited',
    ],
    ['Bedrock', { message: 'Too many requests' }, 'upstream_error'],
    ['a server', 'no memory', 'upstream_error'],
  ])(
    'whose provider says in its stream that it failed before any answer costs nothing: %s',
    async (_, said, code) => {
      const server = await mockServer(mockOf(version, { parts: [{ type: 'error', error: said }] }))
      for (const [path, body] of SURFACES) {
        const response = await server.post(path, { model: 'auto', ...body, stream: true })
        expect(await response.text()).toContain(`"code":"${code}"`)
      }
      expect(await server.over(3)).toMatchObject([{ costUsd: 0 }, { costUsd: 0 }, { costUsd: 0 }])
    },
  )

  it.each<readonly [string, unknown]>([
    ['beside its words', { code: 'rate_limit_exceeded', message: 'x', details: [{ retryDelay: '34.5s' }] }],
    [
      'in the body of an error',
      new APICallError({
        message: 'quota',
        url: 'x',
        requestBodyValues: {},
        statusCode: 429,
        responseBody: JSON.stringify({ error: { details: [{ retryDelay: '34.5s' }] } }),
      }),
    ],
    [
      'in its headers',
      new APICallError({
        message: 'quota',
        url: 'x',
        requestBodyValues: {},
        statusCode: 429,
        responseHeaders: { 'retry-after': '35' },
      }),
    ],
  ])('that says in its stream how long to wait is left alone for so long: %s', async (_, error) => {
    const server = await mockServer(mockOf(version, { parts: [{ type: 'error', error }] }), [mockTree()])
    const response = await server.post('/v1/chat/completions', {
      model: 'mock',
      messages: HELLO,
      stream: true,
    })
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '35'])
  })

  it('whose package fails in its stream may be billed', async () => {
    const server = await mockServer(mockOf(version, { parts: [{ type: 'error', error: new Error('x') }] }))
    await (await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO, stream: true })).text()
    expect((await server.over(1))[0].costUsd).toBeGreaterThan(0)
  })

  it('that breaks off, says nothing, or ends with an error is not taken for a success', async () => {
    const text = { type: 'text-delta', id: '1', delta: 'Hel' }
    const broken = await mockServer(
      mockOf(version, { parts: [text, { type: 'error', error: new Error('gone') }] }),
    )
    const streamed = await broken.post('/v1/chat/completions', {
      model: 'auto',
      messages: HELLO,
      stream: true,
    })
    expect(await streamed.text()).toMatch(/"error":.*upstream_error/)
    expect((await broken.over(1))[0]).toMatchObject({ outcome: 'failed' })
    expect(broken.ledger().spendUsd).toBeGreaterThan(0)
    const empty = await mockServer(mockOf(version, { content: [] }))
    expect((await empty.post('/v1/chat/completions', { model: 'auto', messages: HELLO })).status).toBe(200)
    expect(empty.records[0].code).toBe('empty_answer')
    const failed = await mockServer(mockOf(version, { finishReason: { unified: 'error', raw: 'x' } }))
    expect(
      (await failed.post('/v1/messages', { model: 'auto', messages: HELLO, max_tokens: 9 })).status,
    ).toBe(502)
  })

  it.each(SURFACES)(
    'that ends with an error, as Gemini does after a call that it wrote wrongly, costs what its usage says: %s',
    async (path, body) => {
      for (const parts of [[], undefined])
        for (const stream of [true, false]) {
          const finishReason = { unified: 'error', raw: 'MALFORMED_FUNCTION_CALL' }
          const server = await mockServer(mockOf(version, { finishReason, ...(parts && { parts }) }))
          const text = await (await server.post(path, { model: 'auto', ...body, stream })).text()
          expect(text).toContain('upstream_malformed')
          const [record] = await server.over(1)
          expect(record).toMatchObject({ outcome: 'failed', isMeasured: true })
          expect(record.costUsd).toBeCloseTo(COST_USD, 12)
          expect(server.ledger()).toEqual({ spendUsd: expect.closeTo(COST_USD, 12), reservedUsd: 0 })
        }
    },
  )

  it('without a usage costs what was reserved at least', async () => {
    const nothing = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined }
    const usage = {
      inputTokens: nothing,
      outputTokens: { total: undefined, text: undefined, reasoning: undefined },
    }
    const server = await mockServer(mockOf(version, { usage }))
    for (const stream of [true, false])
      await (await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO, stream })).text()
    await server.over(2)
    for (const { costUsd } of server.records) expect(costUsd).toBeGreaterThan(0)
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it('is broken off when its client goes away, and what it may have cost is booked', async () => {
    const model = mockOf(version, {})
    let signal: AbortSignal | undefined
    model.doStream = async (options: { readonly abortSignal?: AbortSignal | undefined }) => {
      signal = options.abortSignal
      const start = [
        { type: 'text-start', id: '1' },
        { type: 'text-delta', id: '1', delta: 'Hel' },
      ]
      return {
        // It does not listen to the signal.
        stream: new ReadableStream({
          start: (controller) => {
            for (const part of start) controller.enqueue(part as never)
          },
        }),
      } as never
    }
    const server = await mockServer(model)
    const abort = new AbortController()
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', messages: HELLO, stream: true }),
      signal: abort.signal,
    })
    await response.body?.getReader().read()
    abort.abort()
    await server.over(1)
    expect(signal?.aborted).toBe(true)
    expect(server.records[0]).toMatchObject({ outcome: 'cancelled', code: 'client_gone' })
    expect(server.ledger().reservedUsd).toBe(0)
    expect(server.ledger().spendUsd).toBeGreaterThan(0)
  })
})

describe('an upstream of the AI SDK', () => {
  it('takes models of specification v2, whose usage is flat', async () => {
    const usage = {
      inputTokens: 100,
      outputTokens: 40,
      totalTokens: 140,
      reasoningTokens: 7,
      cachedInputTokens: 20,
    }
    const v2 = {
      specificationVersion: 'v2',
      provider: 'old',
      doGenerate: async () => ({ content: [{ type: 'text', text: 'Hello.' }], finishReason: 'stop', usage }),
      doStream: () => Promise.reject(new Error('not asked')),
    }
    const server = await mockServer(v2)
    await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
    expect(server.ledger().spendUsd).toBeCloseTo((80 + 20 * 0.1 + 33 * 4 + 7 * 5) / 1e6, 12)
  })

  it.each([
    [
      'anthropic.messages',
      {
        anthropic: {
          usage: { cache_creation_input_tokens: 30, cache_creation: { ephemeral_1h_input_tokens: 0 } },
          cacheCreationInputTokens: 30,
        },
      },
    ],
    ['vertex.anthropic.messages', { anthropic: { cacheCreationInputTokens: 30 } }],
    ['amazon-bedrock', { bedrock: { usage: { cacheWriteInputTokens: 30 } } }],
  ])(
    'books cached tokens that the flat usage of %s does not count with its prompt, and those that it leaves out',
    async (provider, providerMetadata) => {
      const usage = { inputTokens: 50, outputTokens: 40, totalTokens: 90, cachedInputTokens: 20 }
      const end = { finishReason: 'stop', usage, providerMetadata }
      const text = { type: 'text-delta', id: '1', delta: 'Hello.' }
      const v2 = {
        specificationVersion: 'v2',
        provider,
        doGenerate: async () => ({ content: [{ type: 'text', text: 'Hello.' }], ...end }),
        doStream: async () => ({
          stream: simulateReadableStream<unknown>({ chunks: [text, { type: 'finish', ...end }] }),
        }),
      }
      for (const [path, body] of SURFACES)
        for (const stream of [true, false]) {
          const server = await mockServer(v2)
          await (await server.post(path, { model: 'auto', ...body, stream })).text()
          const [record] = await server.over(1)
          expect([path, stream, record.costUsd]).toEqual([
            path,
            stream,
            expect.closeTo((50 + 20 * 0.1 + 30 * 1.25 + 40 * 4) / 1e6, 12),
          ])
        }
    },
  )

  it('says of what it cannot do which part of a request it is', async () => {
    const server = await mockServer(mockOf('v3', {}))
    const refused: readonly (readonly [string, object, string])[] = [
      ['/v1/chat/completions', { messages: HELLO, n: 2 }, 'several answers (n)'],
      [
        '/v1/chat/completions',
        { messages: HELLO, tools: [{ type: 'custom', custom: {} }] },
        'tools but functions',
      ],
      ['/v1/responses', { input: 'Hi', tools: [{ type: 'web_search' }] }, 'tools but functions'],
      ...SURFACES.filter(([path]) => path !== MESSAGES).map(([path, body]): [string, object, string] => [
        path,
        { ...body, tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [] } },
        'choices of tools of type "allowed_tools"',
      ]),
      ['/v1/responses', { input: 'Hi', previous_response_id: 'r' }, 'state of the provider'],
      ['/v1/responses', { input: 'Hi', include: ['message.output_text.logprobs'] }, 'logprobs'],
      [
        '/v1/messages',
        { max_tokens: 9, messages: HELLO, tools: [{ type: 'bash_20250124', name: 'bash' }] },
        "tools of the provider's own",
      ],
      ...TAKES_NO.map(([path, message, what]): [string, object, string] => [
        path,
        { [path === '/v1/responses' ? 'input' : 'messages']: [...HELLO, message], max_tokens: 9 },
        what,
      ]),
    ]
    for (const [path, body, what] of refused) {
      const response = await server.post(path, { model: 'mock', ...body })
      expect([path, response.status]).toEqual([path, 400])
      expect(JSON.parse(await response.text()).error.message).toContain(what)
    }
    const counted = await server.post('/v1/messages/count_tokens', {
      model: 'auto',
      max_tokens: 9,
      messages: HELLO,
    })
    expect(await counted.json()).toEqual({ input_tokens: expect.any(Number) })
    expect(server.ledger().spendUsd).toBe(0)
  })

  describe('is kept to one call of a tool at a time', () => {
    const fn = { name: 'weather', parameters: SCHEMA }
    const NO_PARALLEL = [
      [CHAT, { messages: HELLO, tools: [{ type: 'function', function: fn }], parallel_tool_calls: false }],
      [RESPONSES, { input: 'x', tools: [{ type: 'function', ...fn }], parallel_tool_calls: false }],
      [
        MESSAGES,
        {
          messages: HELLO,
          max_tokens: 9,
          tools: [{ name: 'weather', input_schema: SCHEMA }],
          tool_choice: { type: 'auto', disable_parallel_tool_use: true },
        },
      ],
    ] as const
    const openai = { parallelToolCalls: false }
    const providers = [
      ['openai.responses', { openai }],
      ['openai.chat', { openai }],
      ['azure.responses', { openai, azure: openai }],
      ['azure-openai.chat', { openai, azure: openai }],
      ['anthropic.messages', { anthropic: { disableParallelToolUse: true } }],
      ['vertex.anthropic.messages', { anthropic: { disableParallelToolUse: true } }],
      ['groq.chat', { groq: openai }],
    ] as const

    it.each(providers)('by the option of its package: %s', async (provider, options) => {
      const model = mockOf('v4', { provider })
      const parameters = { providerOptions: { openai: { user: 'u' } } }
      const server = await mockServer(model, [{ ...mockTree(), parameters }])
      for (const [path, body] of NO_PARALLEL) {
        const response = await server.post(path, { model: 'auto', ...body })
        expect([path, response.status]).toEqual([path, 200])
        if (path === RESPONSES) expect(await response.json()).toMatchObject({ parallel_tool_calls: false })
        // Without tools, or where it is allowed, nothing is said of it.
        const { tools: _, ...plain } = body
        await server.post(path, { model: 'auto', ...plain })
        await server.post(path, { model: 'auto', ...body, parallel_tool_calls: true, tool_choice: undefined })
      }
      const asked = model.doGenerateCalls.map(({ providerOptions }) => providerOptions)
      const user = { openai: { user: 'u' } }
      const merged = { ...options, openai: { ...Object(options).openai, user: 'u' } }
      expect(asked).toEqual(NO_PARALLEL.flatMap(() => [merged, user, user]))
    })

    it.each(NO_PARALLEL)(
      'or the next model is asked, and hears of it first for a while: %s',
      async (path, body) => {
        const [able, unable] = [mockOf('v4', { provider: 'openai.chat' }), mockOf('v4', {})]
        const server = await gatewayServer({
          models: ['able', 'unable'].map((id) => ({ ...mockTree(id), upstream: id })),
          upstreams: () => ['able', 'unable'].map((id) => ({ id, protocol: 'ai-sdk' })),
          aiSdk: { providers: { able: () => able, unable: () => unable } },
          tree: { retries: { shareMax: 1 } },
        })
        for (let i = 0; i < 6; i++)
          expect((await server.post(path, { model: 'auto', ...body })).status).toBe(200)
        await server.over(6)
        expect([able.doGenerateCalls.length, unable.doGenerateCalls.length]).toEqual([6, 0])
        expect(server.records.reduce((sum, { tries }) => sum + tries, 0)).toBeLessThanOrEqual(7)
        const named = await server.post(path, { model: 'unable', ...body })
        expect(named.status).toBe(400)
        expect(await named.text()).toContain('cannot be kept to one call of a tool at a time')
        expect(server.ledger().reservedUsd).toBe(0)
      },
    )

    it('or is asked without it, where its parameters take it out', async () => {
      const model = mockOf('v4', {})
      const server = await mockServer(model, [{ ...mockTree(), parameters: { parallel_tool_calls: null } }])
      const [[path, body]] = NO_PARALLEL
      expect((await server.post(path, { model: 'auto', ...body })).status).toBe(200)
    })
  })

  it('takes options of its package from the config, above what the client says', async () => {
    const model = mockOf('v4', {})
    const parameters = { providerOptions: { mock: { safety: 'high' } }, reasoning_effort: 'low' }
    const server = await mockServer(model, [{ ...mockTree(), parameters }])
    const body = {
      model: 'auto',
      messages: HELLO,
      reasoning_effort: 'high',
      providerOptions: { mock: { safety: 'off' } },
    }
    expect((await server.post('/v1/chat/completions', body)).status).toBe(200)
    expect(model.doGenerateCalls[0]).toMatchObject({
      reasoning: 'low',
      providerOptions: { mock: { safety: 'high' } },
    })
  })
})
