import { afterEach, describe, expect, it } from 'vitest'
import { CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

const CHAT = '/v1/chat/completions'

describe('a request', () => {
  it('goes on as it came, but for its model, parameters and usage', async () => {
    const server = await gatewayServer({
      models: [modelTree('low', { upstreamModel: 'sim-small', parameters: { reasoning_effort: 'low' } })],
    })
    const text =
      '{ "seed": 12345678901234567890, "model":"auto", "temperature": 1.0, "x_new": {"a": [1, 2]},\n "reasoning_effort": "high", "messages": [{"role":"user","content":"h\\u00e9 \\ud83d\\ude00"}], "stream": true, "stream_options": {"other": 1}}'
    await (await server.post(CHAT, text)).text()
    const sent = server.upstream.entries[0].text
    expect(sent).toContain('"seed": 12345678901234567890')
    expect(sent).toContain('"temperature": 1.0')
    expect(sent).toContain('"content":"h\\u00e9 \\ud83d\\ude00"')
    expect(JSON.parse(sent)).toMatchObject({
      model: 'sim-small',
      reasoning_effort: 'low',
      x_new: { a: [1, 2] },
      stream_options: { other: 1, include_usage: true },
    })
  })

  it('goes to models that read it and have room for the answer beside it, and to no others', async () => {
    const server = await gatewayServer({
      models: [
        modelTree('apart', { upstreamModel: 'sim-small', maxInputTokens: 2000, maxOutputTokens: 1000 }),
        modelTree('together', { upstreamModel: 'sim-middle', contextTokens: 2000, maxOutputTokens: 1000 }),
        modelTree('split', {
          upstreamModel: 'sim-middle',
          ...{ contextTokens: 2500, maxInputTokens: 1000, maxOutputTokens: 1000 },
        }),
      ],
    })
    const able = async (words: number, tokens: number) => {
      const messages = [{ role: 'user', content: 'word '.repeat(words) }]
      const response = await server.post('/v1/route', { model: 'auto', messages, max_tokens: tokens })
      return (await response.json()) as { readonly able?: readonly string[]; readonly error?: object }
    }
    expect((await able(900, 900)).able).toEqual(['apart', 'together', 'split'])
    expect((await able(1500, 900)).able).toEqual(['apart'])
    expect((await able(1500, 100)).able).toEqual(['apart', 'together'])
    const { error } = await able(2500, 100)
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /apart: reads at most 2000 tokens, and this has about \d+; together: has room for 2000/,
      ),
    })
  })

  it('that nobody can serve gets 400 with the reason of each model', async () => {
    const server = await gatewayServer({
      models: [
        modelTree('plain', {
          upstreamModel: 'sim-small',
          capabilities: [],
          region: 'us',
          contextTokens: 2000,
        }),
        modelTree('short', { upstreamModel: 'sim-middle', maxOutputTokens: 10, region: 'eu', groups: ['g'] }),
      ],
    })
    const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }]
    const image = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }]
    const cases: readonly (readonly [object, Record<string, string>, number, string])[] = [
      [{ tools, max_tokens: 20 }, {}, 400, 'plain: takes no tools; short: answers with at most 10'],
      [{ messages: image, max_tokens: 20 }, {}, 400, 'plain: takes no images'],
      [{ logprobs: true, max_tokens: 20 }, {}, 400, 'plain: gives no logprobs'],
      [{ response_format: { type: 'json_schema' }, max_tokens: 20 }, {}, 400, 'plain: takes no JSON schema'],
      [{ max_tokens: 20 }, { 'x-paretobandit-region': 'asia' }, 400, 'does not run in region asia'],
      [{ max_tokens: 5000 }, {}, 400, 'plain: has room for 2000 tokens'],
      [{ model: 'auto:none' }, {}, 404, "expected 'auto'"],
      [{ model: 'nothing' }, {}, 404, 'GET /v1/models lists'],
      [{ model: 'plain', tools }, {}, 400, 'plain: takes no tools'],
    ]
    for (const [body, headers, status, message] of cases) {
      const response = await server.post(CHAT, { model: 'auto', messages: HELLO, ...body }, headers)
      const { error } = (await response.json()) as { error: { message: string } }
      expect([response.status, error.message]).toEqual([status, expect.stringContaining(message)])
    }
    expect(server.upstream.entries).toEqual([])
    const grouped = await server.post(CHAT, { model: 'auto:g', messages: HELLO })
    expect(grouped.headers.get('x-paretobandit-model')).toBe('short')
    await grouped.text()
  })

  it('for JSON of a schema, or logprobs, goes to models that can, whatever surface says so', async () => {
    const able = ['tools', 'images', 'reasoning']
    const server = await gatewayServer({
      models: [
        modelTree('plain', { upstreamModel: 'sim-small', capabilities: able }),
        modelTree('sealed', { upstreamModel: 'sim-claude', capabilities: able }),
      ],
    })
    const format = { type: 'json_schema', name: 'x', schema: { type: 'object' } }
    const cases: readonly (readonly [string, object, string])[] = [
      [
        CHAT,
        { messages: HELLO, response_format: { type: 'json_schema', json_schema: format } },
        'JSON schema',
      ],
      ['/v1/responses', { input: 'x', text: { format } }, 'JSON schema'],
      ['/v1/messages', { messages: HELLO, max_tokens: 9, output_config: { format } }, 'JSON schema'],
      ['/v1/messages', { messages: HELLO, max_tokens: 9, output_format: format }, 'JSON schema'],
      [CHAT, { messages: HELLO, logprobs: true }, 'logprobs'],
      ['/v1/responses', { input: 'x', top_logprobs: 2 }, 'logprobs'],
      ['/v1/responses', { input: 'x', include: ['message.output_text.logprobs'] }, 'logprobs'],
    ]
    for (const [path, body, what] of cases) {
      const response = await server.post(path, { model: 'auto', ...body })
      expect([path, response.status]).toEqual([path, 400])
      expect(await response.text()).toContain(what)
    }
    expect(server.upstream.entries).toEqual([])
  })

  it('that is no request is refused in the protocol, and reserves nothing', async () => {
    const server = await gatewayServer({ tree: { limits: { bodyBytesMax: 2000 } } })
    const bodies: readonly (readonly [string | Uint8Array<ArrayBuffer>, number])[] = [
      ['', 400],
      ['{', 400],
      ['[]', 400],
      ['null', 400],
      ['{"model":"auto","messages":[]}', 400],
      ['{"model":"auto","messages":"hi"}', 400],
      ['{"model":7,"messages":[{"role":"user","content":"x"}]}', 400],
      ['{"model":"auto","model":"sim-large","messages":[{"role":"user","content":"x"}]}', 400],
      ['{"model":"auto","mod\\u0065l":"sim-large","messages":[{"role":"user","content":"x"}]}', 400],
      ['{"model":"auto","messages":[{"role":"user","content":"x"}],"stream":"yes"}', 400],
      ['{"model":"auto","messages":[{"role":"user","content":"x"}],"max_tokens":-1}', 400],
      [`{"model":"auto","messages":[{"role":"user","content":"${'x'.repeat(3000)}"}]}`, 413],
      [new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), 400],
      ['['.repeat(1900), 400],
    ]
    for (const path of [CHAT, '/v1/messages', '/v1/responses', '/v1/embeddings'])
      for (const [body, status] of bodies) {
        const headers = { authorization: `Bearer ${CLIENT_KEY}` }
        const response = await fetch(server.url + path, { method: 'POST', headers, body })
        const { error } = (await response.json()) as { error: { code: string } }
        expect([path, body, response.status, typeof error.code]).toEqual([path, body, status, 'string'])
      }
    expect((await server.post(CHAT, {}, { authorization: 'Bearer nobody' })).status).toBe(401)
    expect((await server.post(CHAT, '{}', { 'content-encoding': 'gzip' })).status).toBe(415)
    expect(server.router.stats().requests).toBe(0)
    expect(server.upstream.entries).toEqual([])
    expect(server.problems).toEqual([])
  })

  it('of a conversation with open tool calls goes to the model of the conversation', async () => {
    const server = await gatewayServer({
      models: ['a', 'b', 'c'].map((id) => modelTree(id, { upstreamModel: 'sim-small' })),
    })
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
    for (const session of ['one', 'two', 'three', 'four']) {
      const headers = { 'x-session-id': session }
      const first = await server.post(CHAT, { model: 'auto', messages: HELLO, tools }, headers)
      await first.text()
      const messages = [
        ...HELLO,
        {
          role: 'assistant',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: '1' },
      ]
      for (let turn = 0; turn < 5; turn++) {
        const next = await server.post(CHAT, { model: 'auto', messages, tools }, headers)
        await next.text()
        expect(next.headers.get('x-paretobandit-model')).toBe(first.headers.get('x-paretobandit-model'))
      }
    }
    expect(server.records[0].session).toBe('one')
  })

  it('for a decision alone calls nobody and leaves nothing reserved', async () => {
    const server = await gatewayServer()
    const response = await server.post('/v1/route', { model: 'auto', messages: HELLO })
    expect(await response.json()).toMatchObject({ able: ['sim-small', 'sim-middle'] })
    expect(server.upstream.entries).toEqual([])
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
  })

  it('for a model that an admin has disabled is refused, and no list has it', async () => {
    const server = await gatewayServer()
    server.router.disable('sim-small')
    const response = await server.post(CHAT, { model: 'sim-small', messages: HELLO })
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { code: 'no_model_can_serve' } },
    ])
    const list = await fetch(`${server.url}/v1/models`, {
      headers: { authorization: `Bearer ${CLIENT_KEY}` },
    })
    const { data } = (await list.json()) as { data: { id: string }[] }
    expect(data.map(({ id }) => id)).not.toContain('sim-small')
    expect(data.map(({ id }) => id)).toContain('sim-middle')
  })

  it('for the list of models is logged, and counts for its key', async () => {
    const server = await gatewayServer({
      tree: { keys: [{ name: 'client', value: '$CLIENT_KEY', requestsPerMinute: 2 }] },
    })
    const list = async () =>
      (await fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${CLIENT_KEY}` } })).status
    expect([await list(), await list(), await list()]).toEqual([200, 200, 429])
    const told = { surface: 'models', key: { name: 'client' } }
    expect(server.records).toMatchObject([
      { ...told, outcome: 'answered' },
      { ...told, outcome: 'answered' },
      { ...told, outcome: 'refused', code: 'rate_limit_exceeded' },
    ])
  })

  it.each([
    ['no JSON', CHAT, '{', 400],
    ['no request', CHAT, '{"messages":7}', 400],
    ['too long', CHAT, JSON.stringify({ messages: HELLO, more: 'x'.repeat(5000) }), 413],
    ['no JSON, for its tokens alone', '/v1/messages/count_tokens', '{', 400],
    ['no JSON, for a decision alone', '/v1/route', '{', 400],
  ])(
    'that is %s counts for its key, which reads no more of them than it may make',
    async (_, path, body, status) => {
      const server = await gatewayServer({
        tree: {
          limits: { bodyBytesMax: 1024 },
          keys: [{ name: 'client', value: '$CLIENT_KEY', requestsPerMinute: 2 }],
        },
      })
      const headers = { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' }
      const send = async () => (await fetch(`${server.url}${path}`, { method: 'POST', headers, body })).status
      expect([await send(), await send(), await send()]).toEqual([status, status, 429])
      expect(server.gateway.rates.streamCount).toBe(0)
    },
  )

  it('for a decision alone pays nothing in, uses no tries up and takes no tokens of the key', async () => {
    const server = await gatewayServer({
      tree: {
        budget: { usdPerRequest: 0.001 },
        keys: [{ name: 'client', value: '$CLIENT_KEY', tokensPerMinute: 1000 }],
      },
    })
    const before = server.router.stats()
    for (let i = 0; i < 20; i++) {
      const response = await server.post('/v1/route', { model: 'auto', messages: HELLO, max_tokens: 500 })
      expect(await response.json()).not.toHaveProperty('decision_id')
      expect(response.status).toBe(200)
    }
    expect(server.router.stats()).toEqual(before)
  })

  it('for a decision alone may be one of each surface', async () => {
    const server = await gatewayServer({ models: [modelTree('sim-small'), modelTree('sim-claude')] })
    const cases: readonly (readonly [object, Record<string, string>, string])[] = [
      [{ messages: HELLO }, {}, 'sim-small'],
      [{ input: 'Say hello.' }, {}, 'sim-small'],
      [{ input: HELLO, tools: [{ type: 'function', name: 'f', parameters: {} }] }, {}, 'sim-small'],
      [{ messages: HELLO, max_tokens: 9 }, { 'anthropic-version': '2023-06-01' }, 'sim-claude'],
    ]
    for (const [body, headers, model] of cases) {
      const response = await server.post('/v1/route', { model: 'auto', ...body }, headers)
      expect([response.status, await response.json()]).toMatchObject([200, { model, able: [model] }])
    }
    expect((await server.post('/v1/route', { model: 'auto', input: [] })).status).toBe(400)
    expect((await server.post('/v1/route', { model: 'auto' })).status).toBe(400)
    expect(server.upstream.entries).toEqual([])
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
  })

  it('that its upstream refuses takes no tokens of the key', async () => {
    const server = await gatewayServer({
      script: ({ index }) => (index < 5 ? { fault: { kind: 'status', status: 400 } } : {}),
      tree: { keys: [{ name: 'client', value: '$CLIENT_KEY', tokensPerMinute: 1000 }] },
    })
    const ask = { model: 'sim-small', messages: HELLO, max_tokens: 600 }
    for (let i = 0; i < 5; i++) expect((await server.post(CHAT, ask)).status).toBe(400)
    expect((await server.post(CHAT, ask)).status).toBe(200)
  })

  it('for embeddings in a stream is refused, and its model goes on answering others', async () => {
    const server = await gatewayServer()
    const ask = { model: 'sim-embed', input: 'x' }
    for (const stream of [true, 'yes'])
      expect((await server.post('/v1/embeddings', { ...ask, stream })).status).toBe(400)
    for (const stream of [false, null])
      expect((await server.post('/v1/embeddings', { ...ask, stream })).status).toBe(200)
    expect(server.records.map(({ code }) => code)).toEqual(['unsupported', 'invalid_request', null, null])
  })

  it('for a count of tokens is passed on, and costs nothing', async () => {
    const server = await gatewayServer()
    const response = await server.post('/v1/messages/count_tokens', { model: 'auto', messages: HELLO })
    expect([response.status, await response.json()]).toEqual([200, { input_tokens: expect.any(Number) }])
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
  })
})

describe('a name that clients know', () => {
  const models = [
    modelTree('one', { upstreamModel: 'sim-small', groups: ['g'] }),
    modelTree('two', { upstreamModel: 'sim-middle', groups: ['g', 'h'] }),
    modelTree('off', { upstreamModel: 'sim-large', enabled: false }),
  ]
  const aliases = {
    'gpt-4': 'auto:h',
    'My Model': 'one',
    any: 'auto',
    idle: 'off',
    __proto__: null,
    constructor: 'two',
  }
  const asked = async (server: Awaited<ReturnType<typeof gatewayServer>>, model: string) => {
    const response = await server.post(CHAT, { model, messages: HELLO })
    await response.text()
    return response.headers.get('x-paretobandit-model') ?? response.status
  }

  it('is what the config says that it means, and stands in the list', async () => {
    const { __proto__: _, ...tree } = aliases
    const server = await gatewayServer({ models, tree: { aliases: tree } })
    expect(await asked(server, 'gpt-4')).toBe('two')
    expect(await asked(server, 'My Model')).toBe('one')
    expect(await asked(server, 'constructor')).toBe('two')
    expect(['one', 'two']).toContain(await asked(server, 'any'))
    expect([await asked(server, 'idle'), await asked(server, 'toString'), await asked(server, '*')]).toEqual([
      400, 404, 404,
    ])
    const records = await server.over(7)
    expect(records.slice(0, 2).map(({ requestedModel, model }) => [requestedModel, model])).toEqual([
      ['gpt-4', 'two'],
      ['My Model', 'one'],
    ])
    const headers = { authorization: `Bearer ${CLIENT_KEY}` }
    const listed = await fetch(`${server.url}/v1/models`, { headers })
    const { data } = (await listed.json()) as {
      data: readonly { id: string; alias_of?: string }[]
    }
    expect(data.flatMap(({ id, alias_of }) => (alias_of === undefined ? [] : [[id, alias_of]]))).toEqual([
      ['gpt-4', 'auto:h'],
      ['My Model', 'one'],
      ['any', 'auto'],
      ['constructor', 'two'],
    ])
    const found = await fetch(`${server.url}/v1/models/gpt-4`, { headers })
    expect(await found.json()).toMatchObject({ id: 'gpt-4', alias_of: 'auto:h' })
  })

  it('may be any other, but for a group that is not there, and every model goes before it', async () => {
    const server = await gatewayServer({ models, tree: { aliases: { '*': 'auto:h', mine: 'one' } } })
    expect(await asked(server, 'claude-9')).toBe('two')
    expect(await asked(server, 'mine')).toBe('one')
    expect(await asked(server, 'one')).toBe('one')
    expect(await asked(server, 'auto:none')).toBe(404)
    server.router.addModel({ id: 'mine2', inputUsdPerMTok: 1, outputUsdPerMTok: 1 })
    expect(await asked(server, 'mine2')).toBe('two')
  })

  it('is told by the name that the client knows where it cannot be served', async () => {
    const keys = [{ name: 'client', value: '$CLIENT_KEY', groups: ['h'] }]
    const tree = { keys, aliases: { mine: 'one', '*': 'auto' } }
    const server = await gatewayServer({ models, tree })
    const told = async (path: string, body: object) => {
      const response = await server.post(path, body)
      const { error } = (await response.json()) as { error: { message: string } }
      return [response.status, error.message]
    }
    expect(await told('/v1/embeddings', { model: 'text-embedding-9', input: 'x' })).toEqual([
      404,
      expect.stringContaining('got "text-embedding-9", which is "auto" here;'),
    ])
    expect(await told(CHAT, { model: 'mine', messages: HELLO })).toEqual([
      403,
      'this key may not use model "mine"',
    ])
    expect(await told(CHAT, { model: 'one', messages: HELLO })).toEqual([
      403,
      'this key may not use model "one"',
    ])
  })

  it('gets a key to no model that is not for it', async () => {
    const keys = [{ name: 'client', value: '$CLIENT_KEY', groups: ['h'] }]
    const server = await gatewayServer({ models, tree: { keys, aliases: { a: 'one', b: 'auto:g' } } })
    expect([await asked(server, 'a'), await asked(server, 'b')]).toEqual([403, 'two'])
    const headers = { authorization: `Bearer ${CLIENT_KEY}` }
    const listed = await fetch(`${server.url}/v1/models`, { headers })
    expect(JSON.stringify(await listed.json())).not.toContain('"a"')
  })
})

describe('a refusal of a name that clients know', () => {
  it('has that name, and not what it means', async () => {
    const server = await gatewayServer({
      models: [
        modelTree('one', { upstreamModel: 'sim-small' }),
        modelTree('two', { upstreamModel: 'sim-middle', groups: ['h'] }),
      ],
      tree: {
        keys: [{ name: 'client', value: '$CLIENT_KEY', groups: ['h'] }],
        aliases: { mine: 'one', '*': 'auto' },
      },
    })
    const said = async (path: string, body: object) => {
      const response = await server.post(path, body)
      const { error } = (await response.json()) as { error: { message: string } }
      return [response.status, error.message]
    }
    expect(await said(CHAT, { model: 'mine', messages: HELLO })).toEqual([
      403,
      'this key may not use model "mine"',
    ])
    expect(await said('/v1/embeddings', { model: 'text-embed', input: 'x' })).toEqual([
      404,
      expect.stringContaining('the id of an embeddings model, got "text-embed"'),
    ])
  })
})

describe('a model that is asked for by its id', () => {
  it('is as the list has it, where its key may use it', async () => {
    const models = [
      modelTree('lab/one', { upstreamModel: 'sim-small', groups: ['g'] }),
      modelTree('sim-middle', { groups: ['h'] }),
    ]
    const keys = [{ name: 'client', value: '$CLIENT_KEY', groups: ['g'] }]
    const server = await gatewayServer({ models, tree: { keys } })
    const headers = { authorization: `Bearer ${CLIENT_KEY}` }
    const get = (path: string) => fetch(`${server.url}/v1/models${path}`, { headers })
    const { data } = (await (await get('')).json()) as { data: readonly { id: string }[] }
    expect(data.map(({ id }) => id)).toEqual(['auto', 'auto:g', 'lab/one'])
    for (const [path, id] of [
      ['/lab/one', 'lab/one'],
      ['/lab%2Fone', 'lab/one'],
      ['/auto', 'auto'],
      ['/auto:g', 'auto:g'],
    ])
      expect(await (await get(path)).json()).toEqual(data.find((each) => each.id === id))
    for (const path of ['/sim-middle', '/none', '/auto:h', '/%E0%A4']) {
      const response = await get(path)
      expect([path, response.status, await response.json()]).toMatchObject([
        path,
        404,
        { error: { code: 'model_not_found' } },
      ])
    }
    expect((await fetch(`${server.url}/v1/models/auto`)).status).toBe(401)
  })
})

describe('a count of tokens', () => {
  const models = ['one', 'two', 'three'].map((id) => modelTree(id, { upstreamModel: 'sim-claude' }))
  const ask = { model: 'auto', messages: HELLO }

  it.each([
    { kind: 'status', status: 529 },
    { kind: 'status', status: 404 },
    { kind: 'reset-before-headers' },
    { kind: 'malformed', afterPieces: 0 },
  ] as const)('is another upstream’s where the first fails: %o', async (fault) => {
    const server = await gatewayServer({ models, script: ({ index }) => (index < 2 ? { fault } : {}) })
    const response = await server.post('/v1/messages/count_tokens', ask)
    expect([response.status, await response.json()]).toEqual([200, { input_tokens: expect.any(Number) }])
    expect(server.records[0]).toMatchObject({ outcome: 'answered', model: 'three', costUsd: null })
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
  })

  it('is asked for as often as is tried for an answer, and not again for a mistake of its client', async () => {
    const fails = async (status: number, triesMax: number) => {
      const script = () => ({ fault: { kind: 'status', status } as const })
      const server = await gatewayServer({ models, script, tree: { retries: { triesMax } } })
      const response = await server.post('/v1/messages/count_tokens', ask)
      expect(await response.json()).toMatchObject({ type: 'error' })
      return [response.status, server.upstream.entries.length]
    }
    expect(await fails(500, 2)).toEqual([502, 2])
    expect(await fails(500, 9)).toEqual([502, 3])
    expect(await fails(400, 9)).toEqual([400, 1])
  })
})

describe('a key that is limited to groups', () => {
  const everyone = [modelTree('sim-small', { groups: ['g'] }), modelTree('sim-middle', { groups: ['h'] })]

  it.each<[string[] | undefined, string[]]>([
    [['g'], ['sim-small']],
    [['h'], ['sim-middle']],
    [undefined, ['sim-middle', 'sim-small']],
  ])('of %j hears why a request went where it went, as far as its own models go', async (groups, ids) => {
    const keys = [{ name: 'client', value: '$CLIENT_KEY', ...(groups === undefined ? {} : { groups }) }]
    const server = await gatewayServer({ models: everyone, tree: { keys } })
    const told = (body: unknown) =>
      (body as { explanation: { models: { model: string }[] } }).explanation.models
        .map(({ model }) => model)
        .sort()
    const ask = { model: 'auto', messages: HELLO }
    expect(told(await (await server.post('/v1/route', ask)).json())).toEqual(ids)
    const answer = await server.post(CHAT, ask)
    await answer.text()
    const id = answer.headers.get('x-paretobandit-decision')
    const headers = { authorization: `Bearer ${CLIENT_KEY}` }
    expect(told(await (await fetch(`${server.url}/v1/decisions/${id}`, { headers })).json())).toEqual(ids)
  })
})
