import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import type { Tree } from '../config/example.js'
import { CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

const CHAT = '/v1/chat/completions'
const ends: (() => void)[] = []
afterEach(async () => {
  await closeAll()
  for (const end of ends.splice(0)) end()
})

const told = async (response: Response) => {
  const { error } = (await response.json()) as { error?: { code: string; message: string } }
  return [response.status, error?.code, error?.message] as const
}

describe('what the docs say of statuses and codes', () => {
  it('a body that is compressed is refused', async () => {
    const server = await gatewayServer()
    for (const encoding of ['gzip', 'br', 'gzip, identity', 'x-new']) {
      const response = await server.post(CHAT, 'bytes', { 'content-encoding': encoding })
      expect((await told(response)).slice(0, 2)).toEqual([415, 'unsupported_encoding'])
    }
    for (const encoding of ['identity', 'Identity', '', 'identity, IDENTITY']) {
      const ask = { model: 'sim-small', messages: HELLO }
      const plain = await server.post(CHAT, ask, { 'content-encoding': encoding })
      expect([encoding, plain.status]).toEqual([encoding, 200])
    }
    expect(server.upstream.entries).toHaveLength(4)
  })

  const CALLS = '/v1/chat/completions, /v1/messages, /v1/responses, /v1/embeddings, /v1/models'
  const THERE_IS = `clients have their calls under /v1 (${CALLS}), operators /healthz, /readyz, /metrics and /admin`

  const WITHOUT = ', so end the base URL of this client in /v1'
  const TWICE = ', so take /v1 from the end of the base URL of this client'

  it('a path that there is not is told, with the one that was meant, and has a line like any request', async () => {
    const server = await gatewayServer()
    const cases: readonly (readonly [method: string, path: string, message: string])[] = [
      [
        'POST',
        '/chat/completions',
        `there is no POST /chat/completions here: expected /v1/chat/completions${WITHOUT}`,
      ],
      ['POST', '/v1/v1/responses', `there is no POST /v1/v1/responses here: expected /v1/responses${TWICE}`],
      ['POST', '//v1/v1//messages', `there is no POST //v1/v1//messages here: expected /v1/messages${TWICE}`],
      [
        'POST',
        '/proxy/v1/v1/messages',
        `there is no POST /proxy/v1/v1/messages here: expected /v1/messages${TWICE}`,
      ],
      ['POST', '/v1/messages/', 'there is no POST /v1/messages/ here: expected /v1/messages'],
      ['POST', '//v1/embeddings', 'there is no POST //v1/embeddings here: expected /v1/embeddings'],
      ['GET', '/v1/chat/completions', 'there is no GET /v1/chat/completions here: it is asked by POST'],
      ['GET', '/models', `there is no GET /models here: expected /v1/models${WITHOUT}`],
      ['POST', '/v1/v1/models', `there is no POST /v1/v1/models here: expected /v1/models${TWICE}`],
      ['POST', '/v1/models', 'there is no POST /v1/models here: it is asked by GET'],
      [
        'POST',
        '/messages/count_tokens',
        `there is no POST /messages/count_tokens here: expected /v1/messages/count_tokens${WITHOUT}`,
      ],
      ['POST', '/feedback', `there is no POST /feedback here: expected /v1/feedback${WITHOUT}`],
      ['GET', '/health/liveliness', 'there is no GET /health/liveliness here: expected /healthz'],
      ['GET', '/health', 'there is no GET /health here: expected /healthz'],
      ['GET', '/health/readiness', 'there is no GET /health/readiness here: expected /readyz'],
      ['POST', '/v1/completions?key=x', 'there is no POST /v1/completions here'],
      ['GET', '/', `there is no GET / here: ${THERE_IS}`],
      ['GET', '/v1', `there is no GET /v1 here: ${THERE_IS}`],
      ['GET', '/favicon.ico', 'there is no GET /favicon.ico here'],
    ]
    for (const [method, path, message] of cases) {
      const response = await fetch(server.url + path, { method, headers: { 'x-request-id': 'mine' } })
      expect(response.headers.get('x-request-id')).toBe('mine')
      expect(await told(response)).toEqual([404, 'not_found', message])
    }
    const line = { surface: 'unknown', status: 404, code: 'not_found', outcome: 'refused', key: null }
    expect(server.records).toMatchObject(cases.map(([, , error]) => ({ ...line, error })))
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
  })

  it('a path that a base URL has spoilt is refused in the words of the client whose it is', async () => {
    const server = await gatewayServer()
    const body = { model: 'auto', max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hello.' }] }
    const anthropic = (baseURL: string) =>
      new Anthropic({ apiKey: CLIENT_KEY, baseURL: server.url + baseURL, maxRetries: 0 }).messages
    for (const baseURL of ['/v1', '/v1/', '/proxy']) {
      const asked = [anthropic(baseURL).create(body), anthropic(baseURL).countTokens(body)]
      for (const error of await Promise.all(asked.map((each) => each.catch((why) => why)))) {
        expect(error).toBeInstanceOf(Anthropic.NotFoundError)
        expect(error.error).toMatchObject({ type: 'error', error: { type: 'not_found_error' } })
      }
    }
    const paths = [
      '/messages',
      '/v1/messages/',
      '//v1//messages/count_tokens/',
      '/v1/messages/batches/x',
      '/v1/messages/else',
    ]
    for (const path of paths)
      expect(await (await server.post(path, body)).json()).toMatchObject({ type: 'error' })
    const openAi = [
      '/v1/threads/thread_1/messages',
      '/v1/chat/completions/chatcmpl-1/messages',
      '/v1/v1/responses',
    ]
    for (const path of openAi)
      expect(await (await server.post(path, body)).json()).toMatchObject({ error: { param: null } })
    expect(server.upstream.entries).toEqual([])
  })

  it('a body of more members, objects and lists than `limits.bodyMembersMax` is refused before it is parsed', async () => {
    const server = await gatewayServer({ tree: { limits: { bodyMembersMax: 2000 } } })
    const bodyOf = (more: string) =>
      `{"model":"sim-small","messages":[{"role":"user","content":"x"}],"metadata":${more}}`
    const members = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":"v"`).join(',')}}`
    for (const [path, more] of [
      [CHAT, members(2000)],
      [CHAT, `[${'[],'.repeat(2000)}[]]`],
      [CHAT, `[${'{},'.repeat(2000)}`],
      ['/v1/responses', members(2000)],
      ['/v1/messages', members(2000)],
      ['/v1/route', members(2000)],
    ] as const) {
      const response = await server.post(path, bodyOf(more))
      const { error } = (await response.json()) as { error: { message: string } }
      expect([response.status, error.message]).toEqual([
        413,
        'expected a body of at most 2000 members, objects and lists together',
      ])
    }
    // What a list has is counted too, where there is a million of it.
    for (const item of ['""', '0']) {
      const response = await server.post(CHAT, bodyOf(`[${`${item},`.repeat(1_000_000)}0]`))
      const { error } = (await response.json()) as { error: { message: string } }
      expect([response.status, error.message]).toEqual([
        413,
        'expected a body of at most 1000000 values together',
      ])
    }
    expect(server.upstream.entries).toEqual([])
    // Numbers and long texts are no members.
    expect(
      (await server.post(CHAT, bodyOf(`{"a":[${'1,'.repeat(50_000)}1],"b":"${'[{:'.repeat(9000)}"}`))).status,
    ).toBe(200)
    expect((await server.post(CHAT, bodyOf(members(1900)))).status).toBe(200)
  })

  it('a name that stands twice is refused, however its letters are written', async () => {
    const server = await gatewayServer()
    for (const body of [
      String.raw`{"model":"sim-small","mod\u0065l":"sim-middle","messages":[{"role":"user","content":"x"}]}`,
      String.raw`{"model":"sim-small","messages":[{"role":"user","content":"x","c\u006fntent":"y"}]}`,
    ])
      expect((await told(await server.post(CHAT, body))).slice(0, 2)).toEqual([400, 'invalid_json'])
    expect(server.upstream.entries).toEqual([])
    const once = String.raw`{"mod\u0065l":"sim-middle","messages":[{"role":"user","content":"x"}]}`
    expect((await server.post(CHAT, once)).headers.get('x-paretobandit-model')).toBe('sim-middle')
    expect(server.upstream.entries[0]?.request.model).toBe('sim-middle')
  })

  const keys = (groups: readonly string[]): Tree => ({
    keys: [{ name: 'client', value: '$CLIENT_KEY', groups }],
  })

  it('a model beyond the groups of a key is not for it, by whatever name', async () => {
    const models = [
      modelTree('sim-small', { groups: ['everyday'] }),
      modelTree('sim-middle', { groups: ['dear'] }),
    ]
    const server = await gatewayServer({ models, tree: keys(['everyday']) })
    const ask = (model: string) => server.post(CHAT, { model, messages: HELLO })
    expect(await told(await ask('sim-middle'))).toEqual([
      403,
      'model_not_allowed',
      'this key may not use model "sim-middle"',
    ])
    expect((await told(await ask('auto:dear'))).slice(0, 2)).toEqual([404, 'model_not_found'])
    for (let i = 0; i < 10; i++)
      expect((await ask('auto')).headers.get('x-paretobandit-model')).toBe('sim-small')
    const list = await fetch(`${server.url}/v1/models`, {
      headers: { authorization: 'Bearer pb-client-0123456789abcdef' },
    })
    const { data } = (await list.json()) as { data: { id: string }[] }
    expect(data.map(({ id }) => id).filter((id) => id.startsWith('sim'))).toEqual(['sim-small'])
  })

  it('a key whose groups have models of another kind alone is told what it may ask for', async () => {
    const server = await gatewayServer({
      models: [
        modelTree('sim-small', { groups: ['everyday'] }),
        modelTree('sim-embed', { groups: ['vectors'] }),
      ],
      tree: keys(['vectors']),
    })
    expect((await told(await server.post(CHAT, { model: 'auto', messages: HELLO }))).slice(0, 2)).toEqual([
      404,
      'model_not_found',
    ])
  })

  it('a key whose groups have no model any more is told so', async () => {
    const server = await gatewayServer({
      models: [modelTree('sim-small', { groups: ['everyday'] })],
      tree: keys(['everyday']),
    })
    const { live } = server.gateway
    live.replace({ ...live.current, models: live.current.models.map((model) => ({ ...model, groups: [] })) })
    expect(await told(await server.post(CHAT, { model: 'auto', messages: HELLO }))).toEqual([
      403,
      'model_not_allowed',
      'this key may use models of everyday alone, and no model is in that group',
    ])
  })

  it('an answer that is too long is a failure of its model, booked, and the next model is asked', async () => {
    const models: string[] = []
    const long = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += String(chunk)
      })
      request.on('end', () => {
        const { model } = JSON.parse(body) as { model: string }
        models.push(model)
        const content = model === 'sim-small' ? 'word '.repeat(3000) : 'word'
        response.setHeader('content-type', 'application/json')
        response.end(
          JSON.stringify({
            object: 'chat.completion',
            model,
            choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
            usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
          }),
        )
      })
    })
    await new Promise<void>((resolve) => long.listen(0, '127.0.0.1', resolve))
    ends.push(() => {
      long.closeAllConnections()
      long.close()
    })
    const { port } = long.address() as AddressInfo
    const server = await gatewayServer({
      models: [modelTree('sim-small'), modelTree('sim-middle')],
      tree: {
        upstreams: [{ id: 'openai', protocol: 'openai', baseUrl: `http://127.0.0.1:${port}/v1` }],
        limits: { answerBytesMax: 4096 },
        retries: { shareMax: 1, cooldownMs: 0 },
      },
    })
    const pinned = await told(await server.post(CHAT, { model: 'sim-small', messages: HELLO }))
    expect(pinned.slice(0, 2)).toEqual([502, 'upstream_too_long'])
    const [record] = await server.over(1)
    // It was generated, and may be billed: no less than what was reserved.
    expect(record.costUsd).toBeGreaterThan(0)
    expect(server.ledger()).toEqual({ spendUsd: record.costUsd, reservedUsd: 0 })
    for (let i = 0; i < 8; i++) {
      const response = await server.post(CHAT, { model: 'auto', messages: HELLO })
      expect([response.status, response.headers.get('x-paretobandit-model')]).toEqual([200, 'sim-middle'])
      await response.text()
    }
    const all = await server.over(9)
    expect(server.ledger().spendUsd).toBeCloseTo(
      all.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0),
      12,
    )
    expect(models.filter((model) => model === 'sim-middle')).toHaveLength(8)
  })

  it('a decision takes 100 rewards, and one that failed takes none', async () => {
    const server = await gatewayServer({
      models: [modelTree('sim-small')],
      tree: { rewards: { windowMs: 3_600_000, validators: { enabled: false } } },
      script: ({ index }) => (index === 1 ? { fault: { kind: 'status', status: 500 } } : {}),
    })
    const ask = async () => {
      const response = await server.post(CHAT, { model: 'sim-small', messages: HELLO })
      await response.text()
      return response.headers.get('x-paretobandit-decision')
    }
    const give = (decision_id: string | null, key: number) =>
      server.post('/v1/feedback', { decision_id, value: 1, idempotency_key: String(key) })
    const decision = await ask()
    for (let i = 0; i < 100; i++) expect((await give(decision, i)).status).toBe(200)
    expect((await told(await give(decision, 100))).slice(0, 2)).toEqual([429, 'too_many_rewards'])
    // One that is known already is no further one.
    expect((await give(decision, 7)).status).toBe(200)
    expect((await told(await give(await ask(), 0))).slice(0, 2)).toEqual([409, 'decision_closed'])
  })
})

describe('a conversation', () => {
  const session = async (body: object, headers: Record<string, string> = {}, path = CHAT) => {
    const model = path === CHAT ? 'sim-small' : 'sim-claude'
    const server = await gatewayServer()
    const more = path === CHAT ? {} : { max_tokens: 50 }
    await (await server.post(path, { model, messages: HELLO, ...more, ...body }, headers)).text()
    const [record] = await server.over(1)
    return record.session
  }

  it('is called by the first of these that is there', async () => {
    const metadata = { session_id: 'of-body', user_id: 'of-user' }
    const claude = { 'x-claude-code-session-id': 'of-claude' }
    expect(await session({ metadata }, { 'x-session-id': 'of-header', ...claude })).toBe('of-header')
    expect(await session({ metadata }, claude)).toBe('of-claude')
    expect(await session({ metadata }, { 'x-session-id': '' })).toBe('of-body')
    expect(await session({ metadata: { user_id: 'of-user' } }, {}, '/v1/messages')).toBe('of-user')
    expect(await session({})).toBeNull()
  })
})

it('clients of both kinds ask once where they would ask in vain, and again where it passes', async () => {
  const server = await gatewayServer({
    models: ['sim-small', 'sim-middle'].map((id) => modelTree(id)),
    tree: { rewards: { windowMs: 0 }, limits: { answerBytesMax: 1024 } },
    script: ({ index, model }) => {
      if (index === 0) return {}
      if (model === 'sim-small') return { text: 'word '.repeat(1000) }
      return { fault: { kind: 'status', status: 503, retryAfter: { form: 'ms', ms: 1 } } }
    },
  })
  const openAi = new OpenAI({ apiKey: CLIENT_KEY, baseURL: `${server.url}/v1` })
  const anthropic = new Anthropic({ apiKey: CLIENT_KEY, baseURL: server.url })
  const body = { messages: [{ role: 'user' as const, content: 'Hello.' }] }
  const { response } = await openAi.chat.completions.create({ model: 'sim-small', ...body }).withResponse()
  const decision_id = response.headers.get('x-paretobandit-decision') ?? ''
  const asked = async (ask: () => Promise<unknown>) => {
    const before = server.records.length
    const code = await ask().then(
      () => null,
      (error) => error.error?.code ?? error.error?.error?.code,
    )
    return [code, server.records.length - before]
  }
  const give = (value: number) => ({ body: { decision_id, value } })
  expect(await asked(() => openAi.post('/feedback', give(1)))).toEqual([null, 1])
  expect(await asked(() => openAi.post('/feedback', give(0)))).toEqual(['already_rewarded', 1])
  expect(await asked(() => anthropic.post('/v1/feedback', give(0)))).toEqual(['already_rewarded', 1])
  const chat = (model: string) => () => openAi.chat.completions.create({ model, ...body })
  expect(await asked(chat('sim-middle'))).toEqual(['upstream_error', 3])
  // Each is paid for.
  expect(await asked(chat('sim-small'))).toEqual(['upstream_too_long', 1])
})

it('an answer and a refusal have their id where clients of Anthropic read it', async () => {
  const server = await gatewayServer()
  const client = new Anthropic({ apiKey: CLIENT_KEY, baseURL: server.url, maxRetries: 0 })
  const body = { max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hello.' }] }
  const { _request_id: answered } = await client.messages.create({ model: 'sim-claude', ...body })
  const refused = await client.messages.create({ model: 'nobody', ...body }).catch((error) => error.requestID)
  const { _request_id: counted } = await client.messages.countTokens({ model: 'sim-claude', ...body })
  const records = await server.over(3)
  expect([answered, refused, counted]).toEqual(records.map(({ id }) => id))
})
