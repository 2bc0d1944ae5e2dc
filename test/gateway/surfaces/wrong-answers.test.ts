import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'
import { changed, KINDS, placesIn } from './kinds.js'

const ends: (() => void)[] = []
afterEach(async () => {
  await closeAll()
  for (const end of ends.splice(0)) end()
})

const CALL = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
const CHAT_USAGE = {
  prompt_tokens: 10,
  completion_tokens: 20,
  total_tokens: 30,
  prompt_tokens_details: { cached_tokens: 2, cache_creation: { ephemeral_1h_input_tokens: 1 } },
  completion_tokens_details: { reasoning_tokens: 3 },
}
const chunk = (delta: object, finish: string | null = null) => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason: finish }],
})
const MESSAGE = {
  id: 'm',
  type: 'message',
  role: 'assistant',
  content: [
    { type: 'thinking', thinking: 't', signature: 's' },
    { type: 'text', text: 'hi' },
    { type: 'tool_use', id: 'i', name: 'f', input: {} },
  ],
  stop_reason: 'end_turn',
  usage: {
    input_tokens: 10,
    output_tokens: 20,
    cache_read_input_tokens: 2,
    cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 2 },
    service_tier: 'standard',
    iterations: [{ type: 'compaction', input_tokens: 3, output_tokens: 4, cache_read_input_tokens: 1 }],
  },
}
const RESPONSE = {
  id: 'r',
  object: 'response',
  status: 'completed',
  error: null,
  incomplete_details: null,
  output: [
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'hi' }] },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
  ],
  usage: { input_tokens: 10, output_tokens: 20, input_tokens_details: { cached_tokens: 1 } },
}

/** What upstreams answer; a list: the events of a stream. */
const ANSWERS: readonly (readonly [path: string, model: string, answer: unknown])[] = [
  [
    '/v1/chat/completions',
    'sim-small',
    {
      object: 'chat.completion',
      service_tier: 'default',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'hi', tool_calls: [CALL] },
          finish_reason: 'stop',
        },
      ],
      usage: CHAT_USAGE,
    },
  ],
  [
    '/v1/chat/completions',
    'sim-small',
    [
      chunk({ role: 'assistant', content: 'a' }),
      chunk({ tool_calls: [{ index: 0, ...CALL }] }),
      chunk({}, 'stop'),
      { object: 'chat.completion.chunk', choices: [], usage: CHAT_USAGE },
    ],
  ],
  ['/v1/messages', 'sim-claude', MESSAGE],
  [
    '/v1/messages',
    'sim-claude',
    [
      { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hi' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } },
      { type: 'message_stop' },
    ],
  ],
  ['/v1/responses', 'sim-small', RESPONSE],
  [
    '/v1/responses',
    'sim-small',
    [
      { type: 'response.created', response: { ...RESPONSE, status: 'in_progress', output: [], usage: null } },
      { type: 'response.output_text.delta', item_id: 'i', output_index: 0, content_index: 0, delta: 'hi' },
      { type: 'response.completed', response: RESPONSE },
    ],
  ],
  [
    '/v1/embeddings',
    'sim-embed',
    { object: 'list', data: [{ index: 0, embedding: [0.1] }], usage: { prompt_tokens: 5, total_tokens: 5 } },
  ],
]

/** More than any of these answers costs, or is reserved for. */
const USD_MAX = 0.01

it.each(ANSWERS)(
  'no value of any kind in an answer of an upstream makes the gateway fail, or is booked for what it is not: %s, %s',
  async (path, model, answer) => {
    const isStreamed = Array.isArray(answer)
    let now: unknown
    const upstream = createServer((request, response) => {
      request.resume().on('end', () => {
        response.setHeader('content-type', isStreamed ? 'text/event-stream' : 'application/json')
        const events = isStreamed && Array.isArray(now) ? now : [now]
        response.end(
          isStreamed
            ? `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`
            : JSON.stringify(now),
        )
      })
    })
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    ends.push(() => {
      upstream.closeAllConnections()
      upstream.close()
    })
    const { port } = upstream.address() as AddressInfo
    const server = await gatewayServer({
      models: [modelTree(model)],
      tree: {
        upstreams: ['openai', 'anthropic'].map((id) => ({
          id,
          protocol: id,
          baseUrl: `http://127.0.0.1:${port}/v1`,
        })),
        retries: { cooldownMs: 0 },
      },
    })
    const input =
      path === '/v1/chat/completions' || path === '/v1/messages' ? { messages: HELLO } : { input: 'hi' }
    const limit = path === '/v1/embeddings' ? {} : { max_tokens: 50, stream: isStreamed }
    for (const at of placesIn(answer))
      for (const kind of KINDS) {
        now = changed(answer, at, kind)
        const { spendUsd: before } = server.ledger()
        const response = await server.post(path, { model, ...input, ...limit })
        const text = await response.text()
        const what = `${at.join('.')} = ${JSON.stringify(kind)}: ${response.status} ${text.slice(0, 300)} ${server.problems.join()}`
        expect([200, 502], what).toContain(response.status)
        expect([server.problems, text.includes('internal_error')], what).toEqual([[], false])
        const usd = server.ledger().spendUsd - before
        expect(usd, what).toBeGreaterThanOrEqual(-1e-15)
        expect(usd, what).toBeLessThan(USD_MAX)
      }
    await expect.poll(() => server.ledger().reservedUsd).toBe(0)
  },
  60_000,
)

it.each(['Text/Event-Stream', 'TEXT/EVENT-STREAM; charset=UTF-8'])(
  'a stream is one also where its type is written %s',
  async (type) => {
    const events = [
      chunk({ content: 'hi' }),
      chunk({}, 'stop'),
      { object: 'chat.completion.chunk', choices: [], usage: CHAT_USAGE },
    ]
    const upstream = createServer((request, response) => {
      request.resume()
      response.setHeader('content-type', type)
      response.end(`${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`)
    })
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    ends.push(() => upstream.close())
    const { port } = upstream.address() as AddressInfo
    const server = await gatewayServer({
      models: [modelTree('sim-small')],
      tree: { upstreams: [{ id: 'openai', protocol: 'openai', baseUrl: `http://127.0.0.1:${port}/v1` }] },
    })
    const ask = { model: 'sim-small', messages: HELLO, stream: true }
    const response = await server.post('/v1/chat/completions', ask)
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('"content":"hi"')])
    expect((await server.over(1))[0]).toMatchObject({ outcome: 'answered', isMeasured: true })
  },
)
