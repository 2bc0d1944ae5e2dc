import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Tree } from '../config/example.js'
import { closeAll, gatewayServer, HELLO, modelTree } from '../surfaces/gateway-server.js'
import { mockOf, mockServer, mockTree } from './mocks.js'

const ends: (() => void)[] = []
afterEach(async () => {
  await closeAll()
  for (const end of ends.splice(0)) end()
})

const CHAT = '/v1/chat/completions'
const MESSAGES = '/v1/messages'
const RESPONSES = '/v1/responses'
const EPHEMERAL = { type: 'ephemeral' }
const PIXEL = 'data:image/png;base64,iVBORw0KGgo='

const said = (...content: readonly object[]) => ({ messages: [{ role: 'user', content }] })
const document = (more: object) => ({
  type: 'document',
  source: { type: 'text', media_type: 'text/plain', data: 'the text' },
  ...more,
})

/** What a package that is installed here sends its provider. */
async function sentBy(name: string, path: string, body: object): Promise<unknown> {
  const got: unknown[] = []
  const upstream = createServer((request, response) => {
    let text = ''
    request.on('data', (part) => {
      text += part
    })
    request.on('end', () => {
      got.push(JSON.parse(text))
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}')
    })
  })
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  ends.push(() => upstream.close())
  const baseUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`
  const server = await gatewayServer({
    models: [modelTree('m', { upstream: 'packaged', upstreamModel: 'sim-middle' })],
    upstreams: () => [
      { id: 'packaged', protocol: 'ai-sdk', package: name, baseUrl, apiKey: '$UPSTREAM_KEY' },
    ],
    aiSdk: { importPackage: (each) => import(each) },
  })
  const answer = await server.post(path, { model: 'm', ...body })
  expect([answer.status, got.length]).toEqual([502, 1])
  return got[0]
}

describe('what a client says that costs or changes its answer reaches the provider', () => {
  it.each<[string, string, object, object]>([
    ['@ai-sdk/openai', CHAT, { messages: HELLO, verbosity: 'low' }, { text: { verbosity: 'low' } }],
    [
      '@ai-sdk/openai',
      RESPONSES,
      { input: 'Hi', text: { verbosity: 'high' } },
      { text: { verbosity: 'high' } },
    ],
    [
      '@ai-sdk/openai',
      CHAT,
      said({ type: 'image_url', image_url: { url: PIXEL, detail: 'low' } }),
      { input: [{ content: [{ type: 'input_image', detail: 'low' }] }] },
    ],
    [
      '@ai-sdk/openai',
      RESPONSES,
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: PIXEL, detail: 'low' }] }] },
      { input: [{ content: [{ type: 'input_image', detail: 'low' }] }] },
    ],
    ['@ai-sdk/openai-compatible', CHAT, { messages: HELLO, verbosity: 'low' }, { verbosity: 'low' }],
    [
      '@ai-sdk/openai-compatible',
      CHAT,
      { messages: HELLO, logit_bias: { 50256: -100 } },
      { logit_bias: { 50256: -100 } },
    ],
    [
      '@ai-sdk/anthropic',
      MESSAGES,
      { messages: HELLO, max_tokens: 2000, thinking: { type: 'adaptive' } },
      { thinking: { type: 'adaptive' } },
    ],
    [
      '@ai-sdk/anthropic',
      CHAT,
      { messages: HELLO, thinking: { type: 'enabled', budget_tokens: 1024 } },
      { thinking: { type: 'enabled', budget_tokens: 1024 } },
    ],
    [
      '@ai-sdk/anthropic',
      CHAT,
      { messages: HELLO, reasoning: { max_tokens: 1024 } },
      { thinking: { type: 'enabled', budget_tokens: 1024 } },
    ],
    [
      '@ai-sdk/anthropic',
      MESSAGES,
      { messages: HELLO, max_tokens: 50, cache_control: EPHEMERAL },
      { cache_control: EPHEMERAL },
    ],
    [
      '@ai-sdk/anthropic',
      CHAT,
      {
        messages: [
          {
            role: 'system',
            content: [
              { type: 'text', text: 'rules', cache_control: EPHEMERAL },
              { type: 'text', text: '!' },
            ],
          },
          { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: EPHEMERAL }] },
        ],
      },
      {
        system: [{ text: 'rules!', cache_control: EPHEMERAL }],
        messages: [{ content: [{ text: 'Hi', cache_control: EPHEMERAL }] }],
      },
    ],
    [
      '@ai-sdk/anthropic',
      MESSAGES,
      { ...said(document({ title: 'Terms', context: 'of 2026' })), max_tokens: 50 },
      { messages: [{ content: [{ text: 'Terms\nof 2026' }, { text: 'the text' }] }] },
    ],
  ])('%s, %s: %j', async (name, path, body, sent) => {
    expect(await sentBy(name, path, body)).toMatchObject(sent)
  })

  it('is told a model by the name that its package has for it', async () => {
    const thinking = { type: 'enabled', budget_tokens: 1024 }
    for (const [provider, options] of [
      ['vertex.anthropic.messages', { anthropic: { thinking: { type: 'enabled', budgetTokens: 1024 } } }],
      ['amazon-bedrock', { bedrock: { reasoningConfig: { type: 'enabled', budgetTokens: 1024 } } }],
      ['google.generative-ai', { google: { thinkingConfig: { thinkingBudget: 1024 } } }],
    ] as const) {
      const model = mockOf('v4', { provider })
      const server = await mockServer(model)
      await server.post(MESSAGES, { model: 'auto', messages: HELLO, max_tokens: 2000, thinking })
      expect(model.doGenerateCalls[0].providerOptions).toEqual(options)
    }
  })
})

describe('a model that cannot be told so', () => {
  const CANNOT = [
    [CHAT, { messages: HELLO, verbosity: 'low' }, 'how much to say'],
    [RESPONSES, { input: 'Hi', text: { verbosity: 'low' } }, 'how much to say'],
    [CHAT, { messages: HELLO, logit_bias: { 1: 2 } }, 'no weights of tokens'],
    [CHAT, { messages: HELLO, documents: [{ text: 'x' }] }, 'takes no documents'],
    [MESSAGES, { ...said(document({ citations: { enabled: true } })), max_tokens: 9 }, 'takes no citations'],
  ] as const

  it.each(CANNOT)('refuses it, and is not asked: %s %j', async (path, body, why) => {
    const model = mockOf('v4', {})
    const server = await mockServer(model)
    const response = await server.post(path, { model: 'mock', ...body })
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(why)])
    expect(model.doGenerateCalls).toEqual([])
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
  })

  it.each([
    [CHAT, { messages: HELLO }, { web_search_options: {} }],
    [RESPONSES, { input: 'Hi' }, { service_tier: 'priority' }],
    [RESPONSES, {}, { prompt: { id: 'pmpt_1' } }],
    [MESSAGES, { messages: HELLO, max_tokens: 9 }, { inference_geo: 'us' }],
  ])('gets nothing that the operator allows and its package cannot be told: %s', async (path, body, more) => {
    const [name] = Object.keys(more)
    const upstreams = () => [{ id: 'mock', protocol: 'ai-sdk' }]
    const aiSdk = { providers: { mock: () => mockOf('v4', {}) } }
    const models = [mockTree(), modelTree('sim-small'), modelTree('sim-claude')]
    const ask = async (allow: readonly string[], model: string) => {
      const server = await gatewayServer({ models, upstreams, aiSdk, tree: { requests: { allow } } })
      const response = await server.post(path, { model, ...body, ...more })
      return [response.status, response.headers.get('x-paretobandit-model'), await response.text()]
    }
    const native = path === MESSAGES ? 'sim-claude' : 'sim-small'
    for (let i = 0; i < 3; i++) expect(await ask([name], 'auto')).toEqual([200, native, expect.any(String)])
    expect(await ask([name], 'mock')).toEqual([400, null, expect.stringContaining(`takes no ${name}`)])
    expect(await ask([], 'mock')).toEqual([400, null, expect.stringContaining('not_allowed')])
  })

  it('is asked where that says no more than is done anyway, or where its parameters take it out', async () => {
    const parameters: Tree = { verbosity: null, logit_bias: null }
    const plain = { messages: HELLO, verbosity: 'medium', logit_bias: {}, documents: [] }
    for (const [tree, body] of [
      [{}, plain],
      [{ parameters }, { messages: HELLO, verbosity: 'low', logit_bias: { 1: 2 } }],
    ] as const) {
      const model = mockOf('v4', {})
      const server = await mockServer(model, [{ ...mockTree(), ...tree }])
      expect((await server.post(CHAT, { model: 'auto', ...body })).status).toBe(200)
    }
  })
})
