import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
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

  for (const name of ['Model', 'MODEL', 'N', 'Stream', 'Max_Tokens', 'ſtream'])
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
    const more = { chatTemplateKwargs: { Model: 'x' }, MODELS: 1 }
    expect((await server.post('/v1/chat/completions', { ...CHAT, ...more })).status).toBe(200)
    expect(JSON.parse(server.raw.bodies[0] ?? '')).toMatchObject(more)
  })

  const reservedFor = async (more: object) => {
    let reserved = 0
    const server = await gatewayBefore((response) => {
      reserved = server.router.stats().pacer.reservedUsd
      sendWhole(response, usage)
    })
    const response = await server.post('/v1/chat/completions', { ...CHAT, ...more })
    expect(response.status).toBe(200)
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

  it.todo('reserves for each of several answers, where nothing limits them')
  it.todo('reserves for what stands in members that are not read: documents, predictions, files')
  it.todo('refuses or prices a service tier that costs more')
})
