import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Tree } from '../config/example.js'
import { closeAll, eventsOf, gatewayServer, HELLO, modelTree } from './gateway-server.js'

const servers: { close(): void }[] = []
afterEach(async () => {
  await closeAll()
  for (const server of servers.splice(0)) server.close()
})

/** An upstream that answers each chat as `answer` does, and keeps what it was sent. */
async function rawUpstream(answer: (response: ServerResponse, body: string) => void) {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += String(chunk)
    })
    request.on('end', () => {
      bodies.push(body)
      answer(response, body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push({
    close() {
      server.closeAllConnections()
      server.close()
    },
  })
  const { port } = server.address() as AddressInfo
  return { bodies, baseUrl: `http://127.0.0.1:${port}/v1` }
}

async function gatewayBefore(answer: (response: ServerResponse, body: string) => void, tree = {}) {
  const raw = await rawUpstream(answer)
  const server = await gatewayServer({
    models: [modelTree('sim-small')],
    tree: { upstreams: [{ id: 'openai', protocol: 'openai', baseUrl: raw.baseUrl }], ...tree },
  })
  return { ...server, raw }
}

const LONG = 'word '.repeat(2000)

function whole(usage: unknown) {
  return JSON.stringify({
    id: 'x',
    object: 'chat.completion',
    model: 'sim-small',
    choices: [{ index: 0, message: { role: 'assistant', content: LONG }, finish_reason: 'stop' }],
    usage,
  })
}

function sendWhole(response: ServerResponse, usage: unknown) {
  response.setHeader('content-type', 'application/json')
  response.end(whole(usage))
}

const CHAT = { model: 'auto', messages: HELLO }

describe('a usage that says less than what came', () => {
  for (const usage of [
    { prompt_tokens: 12 },
    { prompt_tokens: 12, completion_tokens: null },
    { prompt_tokens: 12, completion_tokens: 0, total_tokens: 12 },
  ]) {
    it(`books the answer too: ${JSON.stringify(usage)}`, async () => {
      const server = await gatewayBefore((response) => sendWhole(response, usage))
      expect((await server.post('/v1/chat/completions', CHAT)).status).toBe(200)
      await server.over(1)
      // 2,000 words were generated, at 0.6 USD per million tokens or more: a token a word at least.
      const full = server.records[0]?.costUsd ?? 0
      expect(full).toBeGreaterThan(2000 * 0.1e-6)
      expect(server.ledger().spendUsd).toBeGreaterThan(2000 * 0.1e-6)
    })
  }

  it('books what came after an early usage, where the stream breaks off', async () => {
    const server = await gatewayBefore((response) => {
      response.setHeader('content-type', 'text/event-stream')
      const chunk = (delta: object, usage: unknown) =>
        `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta }], usage })}\n\n`
      response.write(
        chunk(
          { role: 'assistant', content: 'a' },
          { prompt_tokens: 12, completion_tokens: 1, total_tokens: 13 },
        ),
      )
      for (let i = 0; i < 200; i++) response.write(chunk({ content: 'word '.repeat(10) }, null))
      setTimeout(() => response.destroy(), 100)
    })
    await (await server.post('/v1/chat/completions', { ...CHAT, stream: true })).text()
    await server.over(1)
    expect(server.ledger().spendUsd).toBeGreaterThan(2000 * 0.1e-6)
  })
})

describe('a usage that the client did not ask for', () => {
  const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  const some = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
  const choice = (delta: object, more: object = {}) => ({ index: 0, delta, finish_reason: null, ...more })
  const CHUNKS: Readonly<Record<string, readonly object[]>> = {
    'zeros in a chunk of their own': [
      { choices: [], usage: zero },
      { choices: [choice({ content: 'a' })], usage: zero },
      { choices: [choice({}, { finish_reason: 'stop' })] },
      { choices: [], usage: zero },
      { choices: [], usage: some },
    ],
    'in a choice, as Moonshot has it': [
      { choices: [choice({ content: 'a' })] },
      { choices: [choice({}, { finish_reason: 'stop', usage: some })] },
    ],
    'in a field of its own, as Groq has it': [
      { choices: [choice({ role: 'assistant' })], x_groq: { id: 'r' } },
      { choices: [choice({ content: 'a' })], x_groq: { id: 'r', usage: null } },
      { choices: [choice({}, { finish_reason: 'stop' })], x_groq: { id: 'r', usage: some } },
    ],
    'null beside filter results, as Azure has it': [
      { choices: [], usage: null, prompt_filter_results: [{ prompt_index: 0 }] },
      { choices: [choice({ content: 'a' })], usage: null },
      { choices: [choice({}, { finish_reason: 'stop' })], usage: some },
    ],
  }

  for (const [name, chunks] of Object.entries(CHUNKS))
    it(`does not reach it, and is booked: ${name}`, async () => {
      const server = await gatewayBefore((response) => {
        response.setHeader('content-type', 'text/event-stream')
        for (const chunk of chunks) response.write(`data: ${JSON.stringify(chunk)}\n\n`)
        response.end('data: [DONE]\n\n')
      })
      const text = await (await server.post('/v1/chat/completions', { ...CHAT, stream: true })).text()
      expect(text).not.toContain('"usage":{')
      const sent = eventsOf(text).slice(0, -1)
      expect(sent.map((data) => JSON.parse(data).choices[0]?.finish_reason ?? null)).toContain('stop')
      if (name.includes('Azure')) expect(text).toContain('"prompt_filter_results":[{"prompt_index":0}]')
      else expect(sent.map((data) => JSON.parse(data).choices.length)).not.toContain(0)
      if (name.includes('Groq')) expect(sent.at(-1)).toContain('"x_groq":{"id":"r"}')
      await server.over(1)
      expect(server.records[0]).toMatchObject({ isMeasured: true, tokens: { input: 12, output: 3 } })
      const asked = await server.post('/v1/chat/completions', {
        ...CHAT,
        stream: true,
        stream_options: { include_usage: true },
      })
      for (const chunk of chunks.slice(0, -1))
        expect(await asked.clone().text()).toContain(JSON.stringify(chunk))
    })
})

describe('a request that upstreams read otherwise than we do', () => {
  const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 }

  for (const name of ['Model', 'MODEL', 'N', 'Stream', 'Max_Tokens', 'ſtream', 'MODELS', 'Service_Tier'])
    it(`refuses ${name}, which servers in Go take for the name in small letters`, async () => {
      const server = await gatewayBefore((response) => sendWhole(response, usage))
      const response = await server.post('/v1/chat/completions', {
        ...CHAT,
        [name]: name === 'Model' || name === 'MODEL' ? 'dear' : 3,
      })
      expect(response.status).toBe(400)
      expect(server.raw.bodies).toEqual([])
    })

  it('lets names through that nobody reads, in whatever letters', async () => {
    const server = await gatewayBefore((response) => sendWhole(response, usage))
    const more = { chatTemplateKwargs: { Model: 'x' }, MODES: 1 }
    expect((await server.post('/v1/chat/completions', { ...CHAT, ...more })).status).toBe(200)
    expect(JSON.parse(server.raw.bodies[0] ?? '')).toMatchObject(more)
  })

  const reservedFor = async (more: object, tree: Tree = {}, path = '/v1/chat/completions') => {
    let reserved = 0
    const server = await gatewayBefore((response) => {
      reserved = server.router.stats().pacer.reservedUsd
      sendWhole(response, usage)
    }, tree)
    const response = await server.post(path, { ...CHAT, ...more })
    expect([response.status, await response.text()]).toEqual([200, expect.anything()])
    return { reserved }
  }

  it('reserves for the greater of two limits: which of them holds is the upstream’s to choose', async () => {
    const most = await reservedFor({ max_tokens: 100 })
    expect((await reservedFor({ max_completion_tokens: 1, max_tokens: 100 })).reserved).toBe(most.reserved)
  })

  it('takes a limit of 0 for none', async () => {
    const free = await reservedFor({})
    expect((await reservedFor({ max_tokens: 0 })).reserved).toBe(free.reserved)
    expect((await reservedFor({ max_completion_tokens: 0 })).reserved).toBe(free.reserved)
  })

  // Of sim-small: USD per token.
  const INPUT_USD = 0.15e-6
  const OUTPUT_USD = 0.6e-6

  it('reserves for each of several answers, where nothing limits them', async () => {
    const { reserved: one } = await reservedFor({})
    const { reserved: eight } = await reservedFor({ n: 8 })
    expect(eight - one).toBeCloseTo(7 * 300 * OUTPUT_USD, 12)
    expect((await reservedFor({ best_of: 8 })).reserved).toBe(eight)
    // And where something does.
    const { reserved: limited } = await reservedFor({ n: 8, max_tokens: 10 })
    expect(limited - (await reservedFor({ max_tokens: 10 })).reserved).toBeCloseTo(7 * 10 * OUTPUT_USD, 12)
  })

  it('reserves the longest answer once for each choice, where the worst case is reserved', async () => {
    const worst = {
      routing: { reserve: 'worst-case' },
      models: [modelTree('sim-small', { maxOutputTokens: 4000, prices: PLAIN })],
    }
    const { reserved: one } = await reservedFor({}, worst)
    const { reserved: eight } = await reservedFor({ n: 8 }, worst)
    expect(eight - one).toBeCloseTo(7 * 4000 * OUTPUT_USD, 12)
    // A limit is that of one answer: a model that gives as much can serve it.
    await reservedFor({ n: 8, max_tokens: 4000 }, worst)
  })

  it('reserves for thoughts beside the answer, where the worst case is reserved', async () => {
    const worst = { routing: { reserve: 'worst-case' }, models: [modelTree('sim-small', { prices: PLAIN })] }
    const { reserved } = await reservedFor({ max_tokens: 100 }, worst)
    for (const more of [
      { thinking_budget: 1000 },
      { reasoning: { max_tokens: 1000 } },
      { thinking: { budget_tokens: 1000 } },
    ])
      expect((await reservedFor({ max_tokens: 100, ...more }, worst)).reserved - reserved).toBeCloseTo(
        1000 * OUTPUT_USD,
        12,
      )
  })

  it('refuses a name that stands twice, deep in it: readers differ in which of the two they take', async () => {
    const server = await gatewayBefore((response) => sendWhole(response, usage))
    const twice = `{"type":"web_search","type":"function","function":{"name":"f"}}`
    for (const body of [
      `{"model":"auto","messages":[{"role":"user","content":"x"}],"tools":[${twice}]}`,
      `{"model":"auto","messages":[{"role":"user","content":"x","content":"y"}]}`,
    ]) {
      const response = await server.post('/v1/chat/completions', body)
      expect([response.status, await response.json()]).toMatchObject([
        400,
        { error: { code: 'invalid_json' } },
      ])
    }
    expect(server.raw.bodies).toEqual([])
  })

  it('refuses more answers than anybody gives', async () => {
    const server = await gatewayBefore((response) => sendWhole(response, usage))
    const response = await server.post('/v1/chat/completions', { ...CHAT, n: 1e9 })
    expect([response.status, server.raw.bodies]).toEqual([400, []])
  })

  it('refuses who wants no answer: a model that gives none would look as if it had failed', async () => {
    const server = await gatewayBefore((response) => response.end('{"choices":[]}'))
    for (const name of ['n', 'best_of']) {
      const response = await server.post('/v1/chat/completions', { ...CHAT, [name]: 0 })
      expect([response.status, await response.json()]).toMatchObject([
        400,
        { error: { message: `${name}: expected a whole number from 1 to 128, got 0` } },
      ])
    }
    expect(server.raw.bodies).toEqual([])
    expect(server.router.stats().models[0].failed).toBe(0)
  })

  const TEXT = 'word '.repeat(20_000)
  const BYTES = Buffer.from(TEXT).toString('base64')
  const said = (...content: object[]) => ({ messages: [{ role: 'user', content }] })
  const deep = (depth: number): object => (depth === 0 ? { text: TEXT } : { in: deep(depth - 1) })

  const NUMBERS = Array.from({ length: 5000 }, (_, i) =>
    Number(`0.${String(i).padStart(4, '0')}123456789012`),
  )

  /** Members that hold a prompt or a part of it, with the least that each is worth, tokens. */
  const UNREAD: readonly (readonly [string, object, number])[] = [
    ['a prediction', { prediction: { type: 'content', content: TEXT } }, 20_000 * (OUTPUT_USD / INPUT_USD)],
    ['documents', { documents: [{ title: 'x', text: TEXT }] }, 20_000],
    ['a file', said({ type: 'file', file: { file_data: `data:text/plain;base64,${BYTES}` } }), 20_000],
    ['a PDF', said({ type: 'file', file: { file_data: `data:application/pdf;base64,${BYTES}` } }), 20_000],
    ['a file elsewhere', said({ type: 'file', file: { file_id: 'file-1' } }), 9000],
    ['sound', said({ type: 'input_audio', input_audio: { data: BYTES, format: 'mp3' } }), 200],
    ['an image', said({ type: 'image_url', image_url: { url: 'https://x/y.png' } }), 1200],
    ['a video', said({ type: 'video_url', video_url: { url: 'https://x/y.mp4' } }), 9000],
    ['tools', { tools: [{ type: 'function', function: { name: 'f', description: TEXT } }] }, 20_000],
    [
      'a tool, deep in its schema',
      { tools: [{ type: 'function', function: { name: 'f', parameters: deep(100) } }] },
      20_000,
    ],
    ['functions', { functions: [{ name: 'f', description: TEXT }] }, 20_000],
    [
      'a schema of the answer',
      { response_format: { type: 'json_schema', json_schema: { schema: { description: TEXT } } } },
      20_000,
    ],
    [
      'calls of tools',
      {
        messages: [
          { role: 'user', content: 'x' },
          { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: TEXT } }] },
          { role: 'tool', tool_call_id: 'a', content: 'y' },
        ],
      },
      20_000,
    ],
    ['reasoning', { messages: [{ role: 'assistant', content: 'x', reasoning_content: TEXT }] }, 20_000],
    ['a refusal', { messages: [{ role: 'assistant', content: null, refusal: TEXT }] }, 20_000],
    ['parts of a kind that nobody knows', said({ type: 'hologram', of: { in: [TEXT] } }), 20_000],
    ['names', said({ type: 'hologram', [TEXT]: 1 }), 20_000],
    ['sound elsewhere', said({ type: 'audio_url', audio_url: { url: 'https://x/y.mp3' } }), 9000],
    ['a page elsewhere', said({ type: 'document_url', document_url: 'https://x/y.pdf' }), 9000],
    ['what stands beside a picture', said({ type: 'image_url', image_url: 'x', of: { in: [TEXT] } }), 20_000],
    [
      'calls in a message that says that it is a picture',
      {
        messages: [
          { role: 'user', content: 'x' },
          { role: 'assistant', type: 'image', tool_calls: [{ id: 'a', function: { arguments: TEXT } }] },
        ],
      },
      20_000,
    ],
    [
      'parts in a message that says that it is a picture',
      {
        messages: [
          { role: 'user', type: 'image', content: Array(9).fill({ type: 'image_url', image_url: 'x' }) },
        ],
      },
      9 * 1200,
    ],
    [
      'a call that says that it is a picture',
      {
        messages: [
          {
            role: 'assistant',
            tool_calls: [{ id: 'a', type: 'image', function: { source: TEXT, arguments: TEXT } }],
          },
        ],
      },
      40_000,
    ],
    ['a document that says that it is a picture', { documents: [{ type: 'image', source: TEXT }] }, 20_000],
    [
      'long numbers',
      { tools: [{ type: 'function', function: { name: 'f', parameters: { enum: NUMBERS } } }] },
      20_000,
    ],
    [
      'a tool in Chinese',
      { tools: [{ type: 'function', function: { name: 'f', description: '漢字'.repeat(10_000) } }] },
      20_000,
    ],
    [
      'a call in Chinese',
      {
        messages: [
          { role: 'user', content: '漢字' },
          { role: 'assistant', tool_calls: [{ id: 'a', function: { arguments: '漢字'.repeat(10_000) } }] },
        ],
      },
      20_000,
    ],
    ...Object.entries({
      Ethiopic: ['\u1200', 2.1],
      Tibetan: ['\u0f40', 1.8],
      Mongolian: ['\u1820', 2.6],
      Braille: ['\u2811', 2.6],
      Yi: ['\ua010', 2.6],
      'extension A': ['\u3400', 2.2],
      'private use': ['\ue000', 1.9],
      Hebrew: ['\u05d0', 0.65],
    } as const).map(
      ([script, [letter, each]]) =>
        [
          `a tool in ${script}`,
          { tools: [{ type: 'function', function: { name: 'f', description: letter.repeat(10_000) } }] },
          10_000 * each,
        ] as const,
    ),
    [
      'numbers that JavaScript does not know',
      { tools: [{ type: 'function', function: { name: 'f', parameters: { enum: [1e300, 1e300] } } }] },
      170,
    ],
  ]

  it.each(UNREAD)('reserves for what it does not read as text: %s', async (_, more, tokens) => {
    const { reserved: plain } = await reservedFor({})
    const { reserved } = await reservedFor(more)
    expect(reserved - plain).toBeGreaterThan(tokens * INPUT_USD)
  })

  it('reserves for images and files what the operator says', async () => {
    const more = said(
      { type: 'image_url', image_url: { url: 'https://x/y.png' } },
      { type: 'file', file: { file_id: 'file-1' } },
    )
    const { reserved } = await reservedFor(more)
    const tree = { requests: { imageTokens: 2300, fileTokens: 30_000 } }
    expect((await reservedFor(more, tree)).reserved - reserved).toBeCloseTo(21_000 * INPUT_USD, 12)
  })

  it('takes a plain text for no more than it is', async () => {
    for (const content of ['漢字'.repeat(500), '👍'.repeat(500)]) {
      const { reserved: asText } = await reservedFor({ messages: [{ role: 'user', content }] })
      expect((await reservedFor(said({ type: 'text', text: content }))).reserved).toBe(asText)
      expect(asText).toBeLessThan(2000 * INPUT_USD + 300 * OUTPUT_USD)
    }
    const { reserved: one } = await reservedFor({ messages: [{ role: 'user', content: 'x' }] })
    const parts = said({ type: 'text', text: 'x' })
    expect((await reservedFor(parts)).reserved).toBe(one)
  })

  it('reads a long text whole where the worst case is reserved: none hides between what is read of it', async () => {
    const units = Array.from({ length: 400_000 }, () => '鬱')
    for (let piece = 0; piece < 8; piece++) {
      const start = Math.floor(((units.length - 256) * piece) / 7)
      units.fill(' ', Math.max(0, start - 1), start + 257)
    }
    const worst = { routing: { reserve: 'worst-case' }, models: [modelTree('sim-small', { prices: PLAIN })] }
    const more = { messages: [{ role: 'user', content: units.join('') }], max_tokens: 10 }
    expect((await reservedFor(more, worst)).reserved).toBeGreaterThan(390_000 * INPUT_USD)
  })

  it('sets aside for all inputs of embeddings, of which each may be as long as the model reads', async () => {
    const routing = { reserve: 'worst-case' }
    const prices = { inputUsdPerMTok: 0.02, outputUsdPerMTok: 0 }
    const models = [modelTree('sim-embed', { kind: 'embeddings', contextTokens: 8192, prices })]
    const more = { model: 'sim-embed', input: Array(100).fill('?!'.repeat(4000)) }
    const { reserved } = await reservedFor(more, { routing, models }, '/v1/embeddings')
    expect(reserved).toBeGreaterThanOrEqual(100 * 8000 * 0.02e-6)
    expect(reserved).toBeLessThanOrEqual(100 * 8192 * 0.02e-6)
  })

  it('sets aside all that a model can read for what has no bound, where the worst case is reserved', async () => {
    const routing = { reserve: 'worst-case' }
    const models = [modelTree('sim-small', { contextTokens: 50_000, prices: PLAIN })]
    for (const part of [
      { type: 'file', file: { file_id: 'file-1' } },
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } },
      { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } },
    ]) {
      const more = { ...said(part), max_tokens: 10 }
      const { reserved } = await reservedFor(more, { routing, models })
      expect(reserved).toBeCloseTo(50_000 * INPUT_USD + 10 * OUTPUT_USD, 12)
      const server = await gatewayBefore((response) => sendWhole(response, usage), { routing })
      const response = await server.post('/v1/chat/completions', { ...CHAT, ...more })
      expect([response.status, await response.json()]).toMatchObject([
        400,
        { error: { code: 'limit_required' } },
      ])
      expect(server.raw.bodies).toEqual([])
    }
  })
})

const PLAIN = { inputUsdPerMTok: 0.15, outputUsdPerMTok: 0.6 }

describe('what stands in a prompt of messages and of responses', () => {
  const TEXT = 'word '.repeat(20_000)
  const BYTES = Buffer.from(TEXT).toString('base64')
  const message = (...content: object[]) => ({ messages: [{ role: 'user', content }] })
  const document = (source: object) => message({ type: 'document', source })
  const turn = (...content: object[]) => ({ messages: [...HELLO, { role: 'assistant', content }, ...HELLO] })
  const PARTS: readonly (readonly [name: string, path: string, body: object, tokens: number])[] = [
    ['a document, as text', '/v1/messages', document({ type: 'text', data: TEXT }), 20_000],
    [
      'a document, as parts',
      '/v1/messages',
      document({ type: 'content', content: [{ type: 'text', text: TEXT }] }),
      20_000,
    ],
    [
      'a PDF',
      '/v1/messages',
      document({ type: 'base64', media_type: 'application/pdf', data: BYTES }),
      20_000,
    ],
    ['a page elsewhere', '/v1/messages', document({ type: 'url', url: 'https://x/y.pdf' }), 9000],
    ['an image', '/v1/messages', message({ type: 'image', source: { type: 'base64', data: BYTES } }), 1200],
    [
      'an image in a result',
      '/v1/messages',
      message({ type: 'tool_result', content: [{ type: 'image', source: {} }] }),
      1200,
    ],
    ['a call of a tool', '/v1/messages', turn({ type: 'tool_use', name: 'f', input: { in: TEXT } }), 20_000],
    [
      'a call whose input says that it is a picture',
      '/v1/messages',
      turn({ type: 'tool_use', name: 'f', input: { type: 'image', source: TEXT } }),
      20_000,
    ],
    [
      'a call in whose input something says so',
      '/v1/messages',
      turn({ type: 'tool_use', name: 'f', input: { content: [{ type: 'document', data: TEXT }] } }),
      20_000,
    ],
    [
      'a document with a text beside its source',
      '/v1/messages',
      document({ type: 'text', data: 'x', content: TEXT }),
      20_000,
    ],
    ['a thought', '/v1/messages', turn({ type: 'redacted_thinking', data: TEXT }), 20_000],
    [
      'a tool that is added later, and whose schema says that it is a picture',
      '/v1/responses',
      {
        input: [
          {
            type: 'additional_tools',
            tools: [{ type: 'custom', name: 'f', parameters: { type: 'image', source: TEXT } }],
          },
        ],
      },
      20_000,
    ],
    ['a text in an object', '/v1/embeddings', { input: ['x', { text: TEXT }] }, 20_000],
    ['texts in a list', '/v1/embeddings', { input: ['x', [TEXT]] }, 20_000],
    ['tokens beside a text', '/v1/embeddings', { input: ['5', ...Array(20_000).fill(7)] }, 20_000],
    ['tokens in lists', '/v1/embeddings', { input: ['x', Array(20_000).fill(7)] }, 18_000],
    [
      'pictures',
      '/v1/embeddings',
      { input: ['x', ...Array(9).fill({ image: 'https://x/y.png' })] },
      9 * 1200,
    ],
    ['a tool of Anthropic’s making', '/v1/messages', { tools: [{ type: 'bash_20250124' }] }, 700],
    [
      'a schema of the answer',
      '/v1/messages',
      { output_config: { format: { schema: { x: TEXT } } } },
      20_000,
    ],
    [
      'what a tool gave',
      '/v1/responses',
      { input: [{ type: 'custom_tool_call_output', output: [{ text: TEXT }] }] },
      20_000,
    ],
    ['a call of a tool', '/v1/responses', { input: [{ type: 'custom_tool_call', input: TEXT }] }, 20_000],
    ['a summary', '/v1/responses', { input: [{ type: 'reasoning', summary: [{ text: TEXT }] }] }, 20_000],
    [
      'a file elsewhere',
      '/v1/responses',
      { input: [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://x' }] }] },
      9000,
    ],
    [
      'a screenshot',
      '/v1/responses',
      { input: [{ type: 'computer_call_output', output: { type: 'computer_screenshot', image_url: 'x' } }] },
      1200,
    ],
  ]

  const MODELS: Readonly<Record<string, string>> = {
    '/v1/messages': 'sim-claude',
    '/v1/embeddings': 'sim-embed',
  }

  it.each(PARTS)('is reserved for: %s, %s', async (_, path, more, tokens) => {
    const reservedFor = async (body: object) => {
      const server = await gatewayServer({ script: () => ({ fault: { kind: 'stall-before-headers' } }) })
      const model = MODELS[path] ?? 'sim-small'
      const sent = server.post(path, { model, max_tokens: 100, ...body }).then((response) => response.text())
      await server.upstream.until(({ isStalled }) => isStalled)
      const { reservedUsd } = server.ledger()
      server.upstream.release()
      await sent
      return reservedUsd
    }
    const plain = await reservedFor(path === '/v1/messages' ? { messages: HELLO } : { input: 'x' })
    const priceUsd = { 'sim-claude': 3e-6, 'sim-embed': 0.02e-6 }[MODELS[path] ?? ''] ?? 0.15e-6
    const reserved = await reservedFor({ ...(path === '/v1/messages' ? { messages: HELLO } : {}), ...more })
    expect(reserved - plain).toBeGreaterThan(tokens * priceUsd * 0.9)
  })
})

describe('what makes a request dearer than it was reserved for', () => {
  const MESSAGES = { model: 'auto', messages: HELLO, max_tokens: 100 }
  const RESPONSES = { model: 'auto', input: 'Say hello.' }
  /** A tool that Anthropic is given in the middle of a conversation. */
  const added = (tool: object) => ({
    ...MESSAGES,
    messages: [...HELLO, { role: 'system', content: [{ type: 'tool_addition', tool }] }],
  })
  /** And OpenAI. */
  const additional = (tools: readonly object[]) => ({
    ...RESPONSES,
    input: [
      { type: 'additional_tools', role: 'developer', tools },
      { role: 'user', content: 'Say hello.' },
    ],
  })
  const searched = (tools: readonly object[]) => ({
    ...RESPONSES,
    input: [
      { type: 'tool_search_output', execution: 'client', call_id: 'c', tools },
      { role: 'user', content: 'Say hello.' },
    ],
  })
  const defined = (definition: object) => added({ type: 'tool_definition', definition })
  const OWN = { type: 'custom', name: 'exec' }
  const DEARER: readonly (readonly [name: string, path: string, body: object])[] = [
    ['tools.web_search', '/v1/messages', defined({ type: 'web_search_20260209', name: 'web_search' })],
    ['tools.mcp_toolset', '/v1/messages', defined({ type: 'mcp_toolset', mcp_server_name: 'x' })],
    ['tools.one-to-come', '/v1/messages', added({ type: 'one-to-come' })],
    ['tools.web_search', '/v1/responses', additional([OWN, { type: 'web_search' }])],
    ['tools.web_search', '/v1/responses', searched([OWN, { type: 'web_search' }])],
    [
      'tools.web_search',
      '/v1/responses',
      additional([{ type: 'namespace', name: 'n', tools: [OWN, { type: 'web_search' }] }]),
    ],
    [
      'tools.web_search',
      '/v1/responses',
      { ...RESPONSES, tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'web_search' }] }] },
    ],
    [
      'tools.namespace',
      '/v1/responses',
      { ...RESPONSES, tools: [{ type: 'namespace', tools: [{ type: 'namespace', tools: [OWN] }] }] },
    ],
    ['service_tier', '/v1/chat/completions', { ...CHAT, service_tier: 'priority' }],
    ['service_tier', '/v1/chat/completions', { ...CHAT, service_tier: 'one-to-come' }],
    ['service_tier', '/v1/chat/completions', { ...CHAT, service_tier: 7 }],
    ['service_tier', '/v1/responses', { ...RESPONSES, service_tier: 'priority' }],
    ['service_tier', '/v1/messages', { ...MESSAGES, service_tier: 'priority' }],
    ['models', '/v1/chat/completions', { ...CHAT, models: ['dear'] }],
    ['route', '/v1/chat/completions', { ...CHAT, route: 'fallback' }],
    ['plugins', '/v1/chat/completions', { ...CHAT, plugins: [{ id: 'web' }] }],
    ['provider', '/v1/chat/completions', { ...CHAT, provider: { order: ['dear'] } }],
    ...(['/v1/chat/completions', '/v1/responses', '/v1/messages'] as const).map((path) => {
      const body = { '/v1/chat/completions': CHAT, '/v1/responses': RESPONSES, '/v1/messages': MESSAGES }[
        path
      ]
      const providerOptions = { gateway: { models: ['dear'] } }
      return ['providerOptions', path, { ...body, providerOptions }] as const
    }),
    ['preset', '/v1/chat/completions', { ...CHAT, preset: 'dear' }],
    // Of LiteLLM's proxy as an upstream: other models where one fails, and that it is to fail.
    ...[
      'fallbacks',
      'content_policy_fallbacks',
      'context_window_fallbacks',
      'context_window_fallback_dict',
      'mock_testing_fallbacks',
      'mock_testing_content_policy_fallbacks',
      'mock_testing_context_fallbacks',
      'litellm_credential_name',
      'router_settings_override',
      'prompt_id',
      // Of Tencent: search.
      'enable_enhancement',
      'enable_speed_search',
      'force_search_enhancement',
    ].map((name) => [name, '/v1/chat/completions', { ...CHAT, [name]: true }] as const),
    ['web_search_options', '/v1/chat/completions', { ...CHAT, web_search_options: {} }],
    ['search_parameters', '/v1/chat/completions', { ...CHAT, search_parameters: { mode: 'on' } }],
    ['extra_body', '/v1/chat/completions', { ...CHAT, extra_body: { service_tier: 'priority' } }],
    ['tools.web_search', '/v1/chat/completions', { ...CHAT, tools: [{ type: 'web_search' }] }],
    [
      'tools.web_search_preview',
      '/v1/responses',
      { ...RESPONSES, tools: [{ type: 'web_search_preview_2025_03_11' }] },
    ],
    ['tools.image_generation', '/v1/responses', { ...RESPONSES, tools: [{ type: 'image_generation' }] }],
    ['tools.mcp', '/v1/responses', { ...RESPONSES, tools: [{ type: 'mcp', server_url: 'https://x' }] }],
    ['tools.one-to-come', '/v1/responses', { ...RESPONSES, tools: [{ type: 'one-to-come' }] }],
    ['tools.google_search', '/v1/chat/completions', { ...CHAT, tools: [{ google_search: {} }] }],
    [
      'tools.builtin_function',
      '/v1/chat/completions',
      { ...CHAT, tools: [{ type: 'builtin_function', function: { name: '$web_search' } }] },
    ],
    [
      'tools.Type',
      '/v1/messages',
      { ...MESSAGES, tools: [{ name: 'f', input_schema: {}, Type: 'web_search_20250305' }] },
    ],
    ['modalities', '/v1/chat/completions', { ...CHAT, modalities: ['text', 'image'] }],
    ['data_sources', '/v1/chat/completions', { ...CHAT, data_sources: [{ type: 'azure_search' }] }],
    ['prompt', '/v1/responses', { ...RESPONSES, prompt: { id: 'pmpt_1' } }],
    [
      'tools.web_search',
      '/v1/messages',
      { ...MESSAGES, tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
    ],
    [
      'tools.code_execution',
      '/v1/messages',
      { ...MESSAGES, tools: [{ type: 'code_execution_20250825', name: 'c' }] },
    ],
    [
      'mcp_servers',
      '/v1/messages',
      { ...MESSAGES, mcp_servers: [{ type: 'url', url: 'https://x', name: 'x' }] },
    ],
    ['container', '/v1/messages', { ...MESSAGES, container: 'c_1' }],
    ['speed', '/v1/messages', { ...MESSAGES, speed: 'fast' }],
    ['inference_geo', '/v1/messages', { ...MESSAGES, inference_geo: 'us' }],
    [
      'context_management',
      '/v1/messages',
      { ...MESSAGES, context_management: { edits: [{ type: 'compact_20260112' }] } },
    ],
  ]

  it.each(DEARER)(
    'is refused, and named, unless the operator allows it: %s, %s',
    async (name, path, body) => {
      const server = await gatewayServer()
      const refused = await server.post(path, body)
      const { error } = (await refused.json()) as { error: { code: string; message: string } }
      expect([refused.status, error.code]).toEqual([400, 'not_allowed'])
      expect(error.message).toContain(`${name}:`)
      expect(server.upstream.entries).toEqual([])
      expect(server.records[0]).toMatchObject({ outcome: 'refused', costUsd: null })
      const open = await gatewayServer({ tree: { requests: { allow: [name] } } })
      const allowed = await open.post(path, body)
      expect([allowed.status, await allowed.text()]).toEqual([200, expect.anything()])
      expect(open.upstream.entries).toHaveLength(1)
    },
  )

  it.each([
    ['background', '/v1/responses', { ...RESPONSES, background: true }],
    ['deferred', '/v1/chat/completions', { ...CHAT, deferred: true }],
  ])('is refused where its answer, and its usage, would be fetched later: %s', async (name, path, body) => {
    const server = await gatewayServer()
    const refused = await server.post(path, body)
    const { error } = (await refused.json()) as { error: { code: string; message: string } }
    expect([refused.status, error.code]).toEqual([400, 'unsupported'])
    expect(error.message).toContain(`${name}:`)
    expect(server.upstream.entries).toEqual([])
    const now = await server.post(path, { ...body, [name]: false })
    expect([now.status, await now.text()]).toEqual([200, expect.anything()])
  })

  const AS_LISTED: readonly (readonly [path: string, body: object])[] = [
    ['/v1/messages', defined({ name: 'f', input_schema: {} })],
    ['/v1/messages', added({ type: 'tool_reference', name: 'f' })],
    ['/v1/responses', searched([OWN])],
    ['/v1/responses', additional([OWN, { type: 'namespace', name: 'n', tools: [OWN] }])],
    ['/v1/responses', { ...RESPONSES, tools: [{ type: 'namespace', name: 'n', tools: [OWN] }] }],
    ...['auto', 'default', 'flex', null].map(
      (service_tier) => ['/v1/chat/completions', { ...CHAT, service_tier }] as const,
    ),
    ['/v1/messages', { ...MESSAGES, service_tier: 'standard_only' }],
    ['/v1/chat/completions', { ...CHAT, providerOptions: { openai: { user: 'u' } } }],
    ['/v1/messages', { ...MESSAGES, speed: 'standard', inference_geo: 'global', mcp_servers: [] }],
    [
      '/v1/messages',
      {
        ...MESSAGES,
        tools: [
          { type: 'bash_20250124', name: 'bash' },
          { name: 'f', input_schema: {} },
        ],
      },
    ],
    ['/v1/messages', { ...MESSAGES, context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }],
    ['/v1/responses', { ...RESPONSES, tools: [{ type: 'custom', name: 'f' }, { type: 'local_shell' }] }],
    ['/v1/chat/completions', { ...CHAT, top_k: 3, a_member_to_come: { any: 'thing' } }],
  ]

  it.each(AS_LISTED)(
    'is not what costs as listed, or less, nor what nobody knows: %s %o',
    async (path, body) => {
      const server = await gatewayServer()
      const response = await server.post(path, body)
      expect([response.status, await response.text()]).toEqual([200, expect.anything()])
    },
  )

  it.each([
    ['OpenRouter', 0.02],
    ['Perplexity', { total_cost: 0.02 }],
  ])('is booked at what %s says that it cost, where the operator allows it', async (_, cost) => {
    const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17, cost }
    const server = await gatewayBefore((response) => sendWhole(response, usage), {
      requests: { allow: ['plugins'] },
    })
    const response = await server.post('/v1/chat/completions', { ...CHAT, plugins: [{ id: 'web' }] })
    expect([response.status, response.headers.get('x-paretobandit-cost-usd')]).toEqual([200, '0.02'])
    expect(server.ledger().spendUsd).toBe(0.02)
    // Of any other request the price list has the word.
    await (await server.post('/v1/chat/completions', CHAT)).text()
    expect(server.ledger().spendUsd).toBeCloseTo(0.02 + 12 * 0.15e-6 + 5 * 0.6e-6, 12)
  })

  it('is booked by its tokens where it says that it cost less, and the client is told what was booked', async () => {
    const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17, cost: 1e-9 }
    const server = await gatewayBefore((response) => sendWhole(response, usage), {
      requests: { allow: ['plugins'] },
    })
    const listedUsd = 12 * 0.15e-6 + 5 * 0.6e-6
    for (const more of [{ plugins: [{ id: 'web' }] }, {}]) {
      const response = await server.post('/v1/chat/completions', { ...CHAT, ...more })
      const body = (await response.json()) as { usage: { cost: number } }
      expect(body.usage.cost).toBeCloseTo(listedUsd, 12)
    }
    expect(server.ledger().spendUsd).toBeCloseTo(2 * listedUsd, 12)
  })

  it('is not what stands in the count of a prompt, which costs nothing', async () => {
    const server = await gatewayServer()
    const tools = [{ type: 'web_search_20250305', name: 'web_search' }]
    const response = await server.post('/v1/messages/count_tokens', { model: 'auto', messages: HELLO, tools })
    expect(response.status).toBe(200)
  })

  it.each<[name: string, more: object, requests?: object]>([
    ['api_base', { api_base: 'https://x' }],
    ['litellm_credential_name', { litellm_credential_name: 'dear' }],
    ['models', { models: ['dear'] }],
    ['providerOptions', { providerOptions: { gateway: { models: ['dear'] } } }],
    ['files.gs', { system: [{ type: 'document', source: { type: 'url', url: 'gs://b/x' } }] }],
    ['to_come', { to_come: 1 }, { unknownMembers: 'refuse' }],
  ])('is asked for as little in the count of a prompt: %s', async (name, more, requests = {}) => {
    const server = await gatewayServer({ tree: { requests } })
    const body = { model: 'auto', messages: HELLO, ...more }
    const refused = await server.post('/v1/messages/count_tokens', body)
    const message = expect.stringContaining(`${name}:`)
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { message } }])
    expect(server.upstream.entries).toEqual([])
    const open = await gatewayServer({ tree: { requests: { ...requests, allow: [name] } } })
    expect((await open.post('/v1/messages/count_tokens', body)).status).toBe(200)
  })

  it('is whatever nobody knows, where the operator lets nothing unknown through', async () => {
    const requests = { unknownMembers: 'refuse', allow: ['mine'] }
    const server = await gatewayServer({ tree: { requests } })
    for (const [path, body] of [
      ['/v1/chat/completions', CHAT],
      ['/v1/messages', MESSAGES],
      ['/v1/responses', RESPONSES],
      ['/v1/embeddings', { model: 'sim-embed', input: 'x' }],
    ] as const) {
      expect((await server.post(path, body)).status).toBe(200)
      expect((await server.post(path, { ...body, mine: 1 })).status).toBe(200)
      const refused = await server.post(path, { ...body, to_come: 1 })
      expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: 'not_allowed' } }])
    }
  })
})
