import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

const ends: (() => void)[] = []
afterEach(async () => {
  await closeAll()
  for (const end of ends.splice(0)) end()
})

const LEVELS = 100_000
const nested = (open: string, close: string) => `${open.repeat(LEVELS)}1${close.repeat(LEVELS)}`
const LIST = nested('[', ']')
const PARTS = nested('{"type":"text","content":[', ']}')
const SAID = '{"role":"user","content":"hi"}'
const ANSWER = '"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":1}'

/** JSON as text: what makes it of an object cannot go so deep. */
const BODIES: readonly (readonly [what: string, path: string, body: string])[] = [
  [
    'parts of a chat',
    '/v1/chat/completions',
    `{"model":"m","messages":[{"role":"user","content":[${PARTS}]}]}`,
  ],
  ['tools', '/v1/chat/completions', `{"model":"m","messages":[${SAID}],"tools":${LIST}}`],
  [
    'options of a stream',
    '/v1/chat/completions',
    `{"model":"m","messages":[${SAID}],"stream":true,"stream_options":{"x":${LIST}}}`,
  ],
  ['something unknown', '/v1/chat/completions', `{"model":"m","messages":[${SAID}],"x":${LIST}}`],
  [
    'management of a context',
    '/v1/chat/completions',
    `{"model":"m","messages":[${SAID}],"context_management":${LIST}}`,
  ],
  [
    'parts of a message',
    '/v1/messages',
    `{"model":"c","max_tokens":5,"messages":[{"role":"user","content":[${PARTS}]}]}`,
  ],
  ['parts of an input', '/v1/responses', `{"model":"m","input":[{"role":"user","content":[${PARTS}]}]}`],
  ['a route', '/v1/route', `{"model":"m","messages":[{"role":"user","content":[${PARTS}]}]}`],
  ['feedback', '/v1/feedback', `{"decision_id":"x","value":${'['.repeat(9000)}${']'.repeat(9000)}}`],
]

/** A gateway before an upstream that always answers this. */
async function before(status: number, type: string, text: string) {
  const upstream = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status, { 'content-type': type }).end(text))
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  ends.push(() => upstream.close())
  const baseUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  return gatewayServer({
    models: [
      modelTree('m', { upstream: 'own', prices: { inputUsdPerMTok: 1, outputUsdPerMTok: 1 } }),
      modelTree('c', { upstream: 'claude', prices: { inputUsdPerMTok: 1, outputUsdPerMTok: 1 } }),
    ],
    tree: {
      retries: { cooldownMs: 0 },
      upstreams: [
        { id: 'own', protocol: 'openai', baseUrl },
        { id: 'claude', protocol: 'anthropic', baseUrl },
      ],
    },
  })
}

it.each(BODIES)(
  'a client that sends too many levels is refused or answered, and is no failure of the gateway: %s',
  async (_, path, body) => {
    const server = await before(
      200,
      'application/json',
      `{"choices":[{"index":0,"message":{"content":"hi"},${ANSWER}}`,
    )
    const response = await server.post(path, body)
    const text = await response.text()
    expect([server.problems, text.includes('internal_error')]).toEqual([[], false])
    if (response.status === 400) expect(text).toMatch(/"code":"(invalid_json|invalid_request|not_allowed)"/)
    expect(server.ledger().reservedUsd).toBe(0)
  },
)

it.each<[what: string, path: string, status: number, type: string, answer: string]>([
  [
    'a member',
    '/v1/chat/completions',
    200,
    'application/json',
    `{"choices":[{"index":0,"message":{"content":"hi"},${ANSWER},"x":${LIST}}`,
  ],
  [
    'content',
    '/v1/chat/completions',
    200,
    'application/json',
    `{"choices":[{"index":0,"message":{"content":[${PARTS}]},${ANSWER}}`,
  ],
  [
    'an event',
    '/v1/chat/completions',
    200,
    'text/event-stream',
    `data: {"choices":[{"index":0,"delta":{"content":"hi"},${ANSWER},"x":${LIST}}\n\ndata: [DONE]\n\n`,
  ],
  [
    'a refusal',
    '/v1/chat/completions',
    400,
    'application/json',
    `{"error":{"message":"no","x":${'['.repeat(9000)}${']'.repeat(9000)}}}`,
  ],
  [
    'what a tool is given',
    '/v1/messages',
    200,
    'application/json',
    `{"type":"message","content":[{"type":"tool_use","name":"f","input":{"x":${LIST}}}],"stop_reason":"tool_use","usage":{"input_tokens":10,"output_tokens":1}}`,
  ],
])(
  'an upstream that sends too many levels is no failure of the gateway: %s',
  async (_, path, status, type, answer) => {
    const server = await before(status, type, answer)
    const model = path === '/v1/messages' ? 'c' : 'm'
    const stream = type === 'text/event-stream'
    const response = await server.post(path, { model, messages: HELLO, max_tokens: 50, stream })
    const text = await response.text()
    expect([server.problems, text.includes('internal_error')]).toEqual([[], false])
    expect([200, 400, 502]).toContain(response.status)
    expect(server.ledger().reservedUsd).toBe(0)
  },
)
