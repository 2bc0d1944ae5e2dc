import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { signatureOf } from '../../../src/gateway/node/simulated/messages-protocol.js'
import { mockOf, mockServer, mockTree } from '../ai-sdk/mocks.js'
import type { Tree } from '../config/example.js'
import {
  CLIENT_KEY,
  closeAll,
  type GatewayServer,
  gatewayServer,
  HELLO,
  modelTree,
} from './gateway-server.js'

afterEach(closeAll)

const RESPONSES = '/v1/responses'
const modelIn = (response: Response) => response.headers.get('x-paretobandit-model')

/** The model that answered. */
async function answerer(
  server: GatewayServer,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<string | null> {
  const response = await server.post(path, body, headers)
  const text = await response.text()
  expect([response.status, response.status === 200 ? '' : text]).toEqual([200, ''])
  return modelIn(response)
}

async function refusalOf(server: GatewayServer, path: string, body: object): Promise<string> {
  const response = await server.post(path, body)
  const { error } = (await response.json()) as { error: { code: string; message: string } }
  expect([response.status, error.code]).toEqual([400, 'no_model_can_serve'])
  return error.message
}

describe('a conversation that its provider keeps', () => {
  const models = ['a', 'b', 'c', 'd'].map((id) => modelTree(id, { upstreamModel: 'sim-small' }))

  it.each([false, true])(
    'goes on with its model, without a name, turn after turn: streamed %s',
    async (stream) => {
      const server = await gatewayServer({ models })
      const openai = new OpenAI({ apiKey: CLIENT_KEY, baseURL: `${server.url}/v1`, maxRetries: 0 })
      const ask = async (input: string, previous: string | null) => {
        const body = { model: 'auto', input, previous_response_id: previous }
        const { data, response } = await openai.responses.create({ ...body, stream }).withResponse()
        if (!('toReadableStream' in data)) return { id: data.id, model: modelIn(response) }
        let id = ''
        for await (const event of data) if (event.type === 'response.created') id = event.response.id
        return { id, model: modelIn(response) }
      }
      for (let conversation = 0; conversation < 4; conversation++) {
        let last = await ask('Hello.', null)
        const { model } = last
        for (let turn = 0; turn < 3; turn++) {
          last = await ask(`And ${turn}?`, last.id)
          expect(last.model).toBe(model)
        }
      }
    },
  )

  it('goes on with its model where it stands in the request, and its thinking at the provider', async () => {
    const server = await gatewayServer({ models })
    for (const [i, model] of ['c', 'b', 'd'].entries()) {
      const input: Tree[] = [{ role: 'user', content: `Hello ${i}.` }]
      await answerer(server, RESPONSES, { model, input })
      // As their documents have it: all of an output goes back, and the provider has what was thought.
      input.push({ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: null })
      input.push({ role: 'assistant', content: 'Hello.' }, { role: 'user', content: 'And?' })
      for (let turn = 0; turn < 3; turn++)
        expect(await answerer(server, RESPONSES, { model: 'auto', input })).toBe(model)
    }
  })

  it('is found by the name that the provider has for it', async () => {
    const server = await gatewayServer({ models })
    for (const conversation of ['conv_1', { id: 'conv_2' }]) {
      const body = { input: 'Hello.', conversation }
      expect(await refusalOf(server, RESPONSES, { model: 'auto', ...body })).toContain('name the model')
      for (const model of ['c', 'b']) {
        await answerer(server, RESPONSES, { model, ...body })
        for (let turn = 0; turn < 3; turn++)
          expect(await answerer(server, RESPONSES, { model: 'auto', ...body })).toBe(model)
      }
    }
  })

  it('is nobody else’s, and none of an answer that was not to be kept', async () => {
    const server = await gatewayServer({ models })
    const idOf = async (more: object) => {
      const response = await server.post(RESPONSES, { model: 'b', input: 'Hello.', ...more })
      return ((await response.json()) as { id: string }).id
    }
    const next = { model: 'auto', input: 'And?', previous_response_id: await idOf({}) }
    const other = await server.post(RESPONSES, next, { authorization: 'Bearer pb-other-0123456789abcdef' })
    expect([other.status, await other.text()]).toEqual([400, expect.stringContaining('nobody here knows')])
    const unkept = { ...next, previous_response_id: await idOf({ store: false }) }
    expect(await refusalOf(server, RESPONSES, unkept)).toContain('nobody here knows')
  })

  it('goes on with another model of the same account where its own is gone, and with no other', async () => {
    const upstreams = (baseUrl: string): Tree[] => [
      { id: 'second', protocol: 'openai', baseUrl, apiKey: '$UPSTREAM_KEY' },
    ]
    const of = (id: string, upstream: string) => modelTree(id, { upstreamModel: 'sim-small', upstream })
    const server = await gatewayServer({
      upstreams,
      models: [of('a', 'openai'), of('b', 'openai'), of('x', 'second'), of('y', 'second')],
    })
    const first = await server.post(RESPONSES, { model: 'a', input: 'Hello.' })
    const { id } = (await first.json()) as { id: string }
    const next = { model: 'auto', input: 'And?', previous_response_id: id }
    server.router.disable('a')
    for (let i = 0; i < 3; i++) expect(await answerer(server, RESPONSES, next)).toBe('b')
    server.router.disable('b')
    expect(await refusalOf(server, RESPONSES, next)).toContain('its model, "b", is gone')
  })

  it('is none of a model of the AI SDK, whose answers say so', async () => {
    const server = await mockServer(mockOf('v4', {}), [mockTree()])
    const response = await server.post(RESPONSES, { model: 'auto', input: 'Hello.' })
    expect(await response.json()).toMatchObject({ store: false })
  })
})

/** All models of these tests are one at the upstream, which would take no other's. */
const SIGNATURE = signatureOf('sim-claude', 't')

describe('of several conversations that have one name each goes on with its own model', () => {
  const models = ['a', 'b', 'c', 'd'].map((id) => modelTree(id, { upstreamModel: 'sim-claude' }))
  const answered = (text: string) => [
    { role: 'assistant', content: [{ type: 'thinking', thinking: 't', signature: SIGNATURE }] },
    { role: 'user', content: text },
  ]
  const asked = (
    first: string,
    system: string,
  ): { messages: Tree[]; system: string; max_tokens: number } => ({
    messages: [{ role: 'user', content: first }],
    system,
    max_tokens: 50,
  })

  it.each([
    ['a user', {}, { metadata: { user_id: 'u' } }],
    ['a session', { 'x-session-id': 's' }, {}],
    ['an agent and those that it starts', { 'x-claude-code-session-id': 's' }, {}],
  ])('%s', async (_whose, headers, more) => {
    const server = await gatewayServer({ models })
    // Of one template: they begin alike.
    const firsts = ['main', 'other'].map((name) => `${'the same rules. '.repeat(1000)}${name}`)
    for (const [i, first] of firsts.entries()) {
      const body = { model: ['a', 'b'][i], ...asked(first, 'turn 1'), ...more }
      expect(await answerer(server, '/v1/messages', body, headers)).toBe(['a', 'b'][i])
    }
    for (let turn = 2; turn < 5; turn++)
      for (const [i, first] of firsts.entries()) {
        // Some clients write another line into the instructions each time.
        const { messages, ...rest } = asked(first, `turn ${turn}`)
        const body = { model: 'auto', ...rest, ...more, messages: [...messages, ...answered('go on')] }
        expect(await answerer(server, '/v1/messages', body, headers)).toBe(['a', 'b'][i])
      }
    // One whose beginning was summed up has its name alone.
    const summed = { messages: [...HELLO, ...answered('go on')], max_tokens: 50, model: 'auto', ...more }
    expect(await answerer(server, '/v1/messages', summed, headers)).toBe('b')
  })

  it('or with others where its own is gone', async () => {
    const server = await gatewayServer({ models })
    const { messages, ...rest } = asked('Hello.', 's')
    await answerer(server, '/v1/messages', { model: 'a', messages, ...rest })
    server.router.disable('a')
    const next = { model: 'auto', ...rest, messages: [...messages, ...answered('go on')] }
    expect(['b', 'c', 'd']).toContain(await answerer(server, '/v1/messages', next))
  })
})
