import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

const servers: Server[] = []
afterEach(async () => {
  await closeAll()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A gateway before an upstream that writes the same bytes for as long as anybody reads. */
async function beforeEndless(head: string, again: string, tree = {}) {
  const upstream = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(head)
    response.on('error', () => {})
    pour(response, again)
  })
  return gatewayBefore(upstream, {
    limits: { streamBufferBytesMax: 65_536, answerBytesMax: 65_536 },
    ...tree,
  })
}

async function gatewayBefore(upstream: Server, tree = {}) {
  servers.push(upstream)
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const { port } = upstream.address() as AddressInfo
  return gatewayServer({
    models: [modelTree('m', { upstream: 'own', prices: { inputUsdPerMTok: 1, outputUsdPerMTok: 2 } })],
    tree: {
      upstreams: [{ id: 'own', protocol: 'openai', baseUrl: `http://127.0.0.1:${port}/v1` }],
      ...tree,
    },
  })
}

function pour(response: ServerResponse, text: string): void {
  if (response.destroyed || text === '') return
  if (response.write(text)) setImmediate(() => pour(response, text))
  else response.once('drain', () => pour(response, text))
}

const CONTENT = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x' } }] })}\n\n`
const ROLE = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] })}\n\n`
const body = { model: 'auto', messages: HELLO, stream: true }

describe('an upstream', () => {
  it('that begins without end is given up, whatever it sends', async () => {
    const kinds = [
      ['data: ', 'x'.repeat(1000)],
      ['', `data: ${'x'.repeat(1000)}\n`],
      ['', ': wait\n\n'],
      ['', ROLE],
      ['', '\xff\xfe\n'],
    ] as const
    for (const [head, again] of kinds) {
      const server = await beforeEndless(head, again, { timeouts: { firstTokenMs: 1500 } })
      const response = await server.post('/v1/chat/completions', body)
      const { error } = (await response.json()) as { error: { code: string } }
      expect([again.slice(0, 20), error.code]).toEqual([
        again.slice(0, 20),
        expect.stringMatching(/^upstream_(malformed|timeout)$/),
      ])
      expect(server.ledger().reservedUsd).toBe(0)
      expect(server.problems).toEqual([])
      await closeAll()
    }
  }, 30_000)

  it('that repeats a long request before its answer, and in its last event, is read', async () => {
    const named = (type: string, more: object) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
    const instructions = 'x'.repeat(400_000)
    const usage = { input_tokens: 100_000, output_tokens: 2 }
    const output = [{ type: 'message', content: [{ type: 'output_text', text: 'hi' }] }]
    const state = { status: 'in_progress', instructions, output: [], usage: null }
    const events = [
      named('response.created', { response: state }),
      named('response.in_progress', { response: state }),
      named('response.output_text.delta', { delta: 'hi' }),
      named('response.completed', { response: { ...state, status: 'completed', output, usage } }),
    ]
    const server = await beforeEndless(events.join(''), '', { limits: {} })
    const ask = { model: 'auto', input: 'hi', instructions, stream: true }
    const response = await server.post('/v1/responses', ask)
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining('"cost":0.100004'),
    ])
    expect(server.records[0]).toMatchObject({ outcome: 'answered', isMeasured: true, tries: 1 })
  })

  it('that sends more than an answer may have before any content is given up', async () => {
    for (const [head, again] of [
      ['data: ', 'x'.repeat(1000)],
      ['', ROLE],
    ] as const) {
      const limits = { answerBytesMax: 100_000, streamBufferBytesMax: 65_536 }
      const server = await beforeEndless(head, again, { limits })
      const response = await server.post('/v1/chat/completions', body)
      expect([response.status, await response.text()]).toEqual([
        502,
        expect.stringContaining('upstream_malformed'),
      ])
      await closeAll()
    }
  })

  it('whose answer has no end is cut off when the time of the request is over, and billed', async () => {
    const server = await beforeEndless(CONTENT, CONTENT, { timeouts: { totalMs: 700 } })
    const response = await server.post('/v1/chat/completions', body)
    await response.text().catch(() => '')
    await server.over(1)
    expect(server.records[0].outcome).not.toBe('answered')
    expect(server.records[0].error).toBe('the time of the request was over (timeouts.totalMs)')
    expect(server.ledger().reservedUsd).toBe(0)
    expect(server.ledger().spendUsd).toBeGreaterThan(0)
  }, 20_000)

  it('that ends and keeps its connection keeps no client waiting', async () => {
    const finish = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`
    const server = await beforeEndless(`${CONTENT}${finish}data: [DONE]\n\n`, '')
    const text = await (await server.post('/v1/chat/completions', body)).text()
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(server.records[0]).toMatchObject({ outcome: 'answered', isMeasured: false })
  })
})

describe('a stream of several answers that its upstream ends in the middle', () => {
  const piece = (index: number, content: string, finish: string | null, usage: object | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index, delta: { content }, finish_reason: finish }], usage })}\n\n`
  const counted = { prompt_tokens: 10, completion_tokens: 5 }

  /** Before an upstream that sends so much and then ends as it does. */
  async function behind(text: string, end: (response: ServerResponse) => void) {
    const upstream = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(text, () => setTimeout(() => end(response), 50))
    })
    return gatewayBefore(upstream)
  }
  const ends: readonly (readonly [string, (response: ServerResponse) => void])[] = [
    ['ends', (response) => response.end()],
    ['is cut off', (response) => response.destroy()],
  ]

  for (const [how, end] of ends)
    it(`has broken off, where one of them has ended and another has not, and the connection ${how}`, async () => {
      for (const usage of [null, counted]) {
        const first = piece(0, 'one', null) + piece(1, 'two', null) + piece(0, '', 'stop', usage)
        const server = await behind(first + piece(1, 'and', null, usage), end)
        const text = await (await server.post('/v1/chat/completions', { ...body, n: 2 })).text()
        const [record] = await server.over(1)
        expect([text.includes('[DONE]'), text.includes('upstream_broke_off')]).toEqual([false, true])
        expect(record).toMatchObject({ outcome: 'failed', code: 'upstream_broke_off' })
        expect(server.ledger().reservedUsd).toBe(0)
        expect(server.ledger().spendUsd).toBeGreaterThan(0)
        await closeAll()
      }
    })

  it('is whole where all of them have ended, in whatever order', async () => {
    const first = piece(1, 'two', null) + piece(0, 'one', null) + piece(1, '', 'length')
    const server = await behind(first + piece(0, '', 'stop', counted), (response) => response.end())
    const text = await (await server.post('/v1/chat/completions', { ...body, n: 2 })).text()
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(await server.over(1)).toMatchObject([{ outcome: 'answered', isMeasured: true }])
  })
})

describe('an upstream that keeps a stream open after its usage, and sends no end of it', () => {
  const USAGE = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 5 } })}\n\n`
  const FINISH = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`

  it('keeps no client waiting, and no connection', async () => {
    const server = await beforeEndless(CONTENT + FINISH + USAGE, '', {
      timeouts: { betweenTokensMs: 600_000 },
    })
    const open = () => new Promise<number>((resolve) => servers[0].getConnections((_, n) => resolve(n)))
    const text = await (await server.post('/v1/chat/completions', body)).text()
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(server.records[0]).toMatchObject({ outcome: 'answered', isMeasured: true })
    await expect.poll(open, { timeout: 10_000 }).toBe(0)
  }, 20_000)

  /** Before an upstream that sends the first of its stream, and 2.5 s later the rest. */
  async function beforeSlow(first: string, rest: string) {
    const upstream = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(first)
      setTimeout(() => response.end(`${rest}data: [DONE]\n\n`), 2500)
    })
    return gatewayBefore(upstream)
  }

  it('may be about to send another answer, where several were asked for', async () => {
    const other = `data: ${JSON.stringify({ choices: [{ index: 1, delta: { content: 'second' } }] })}\n\n`
    const server = await beforeSlow(CONTENT + FINISH + USAGE, other + FINISH)
    const text = await (await server.post('/v1/chat/completions', { ...body, n: 2 })).text()
    expect(text).toContain('second')
  }, 20_000)

  it('may be about to go on, where each of its pieces says that the answer has ended', async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5 }
    const piece = (content: string) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }], usage })}\n\n`
    const server = await beforeSlow(piece('one') + piece('two'), piece('three'))
    expect(await (await server.post('/v1/chat/completions', body)).text()).toContain('three')
  }, 20_000)

  it('may be about to send its usage, where one that came before counted the prompt alone', async () => {
    const early = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 1000, completion_tokens: 0 } })}\n\n`
    const server = await beforeSlow(early + CONTENT + FINISH, USAGE)
    await (await server.post('/v1/chat/completions', body)).text()
    const [record] = await server.over(1)
    expect(record).toMatchObject({ outcome: 'answered', isMeasured: true })
  }, 20_000)
})

describe('a stream whose upstream gives no reason why it ended', () => {
  const usage = { prompt_tokens: 10, completion_tokens: 5 }
  const asked = { ...body, stream_options: { include_usage: true } }
  const chunk = (value: object) => `data: ${JSON.stringify(value)}\n\n`

  it.each<readonly [string, readonly object[]]>([
    ['without choices', [{ choices: [], usage }]],
    ['beside an empty one', [{ choices: [{ index: 0, delta: {} }], usage }]],
    [
      'before an event that says nothing',
      [
        { choices: [], usage },
        { choices: [], obfuscation: 'x' },
      ],
    ],
  ])('has its cost beside the usage all the same: %s', async (_, last) => {
    const upstream = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`${CONTENT}${last.map(chunk).join('')}data: [DONE]\n\n`)
    })
    const server = await gatewayBefore(upstream)
    const text = await (await server.post('/v1/chat/completions', asked)).text()
    expect(text).toContain('"cost":0.00002')
    expect(await server.over(1)).toMatchObject([{ outcome: 'answered', costUsd: 20e-6 }])
  })

  /** The client's reader behind an upstream that sends this and then nothing. @returns what comes, until it has a text in it */
  async function readUntil(text: string, events: readonly object[], tree = {}) {
    const upstream = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(CONTENT + events.map(chunk).join(''))
    })
    const server = await gatewayBefore(upstream, tree)
    const reader = (await server.post('/v1/chat/completions', asked)).body?.getReader()
    let all = ''
    while (!all.includes(text)) all += Buffer.from((await reader?.read())?.value ?? []).toString()
    await reader?.cancel()
    return all
  }
  const nothing = (id: number | string) => ({ id: `n${id}`, choices: [] })
  const several = (count: number) => Array.from({ length: count }, (_, i) => nothing(i))

  it('holds no more than a few events behind a usage', async () => {
    const all = await readUntil('"n7"', [{ choices: [], usage }, ...several(8)])
    expect(all.indexOf('prompt_tokens')).toBeGreaterThan(0)
    expect(all.indexOf('"n0"')).toBeGreaterThan(all.indexOf('prompt_tokens'))
    expect(all.indexOf('"n7"')).toBeGreaterThan(all.indexOf('"n6"'))
  })

  it('holds no more characters behind a usage than one event may have', async () => {
    const events = [{ choices: [], usage }, nothing('x'.repeat(40_000)), nothing(`y${'x'.repeat(40_000)}`)]
    const all = await readUntil('"ny', events, { limits: { answerBytesMax: 65_536 } })
    expect(all.indexOf('"nx')).toBeGreaterThan(all.indexOf('prompt_tokens'))
  })

  it('gives out what waits behind a usage, in order, when its text goes on', async () => {
    const more = { choices: [{ index: 0, delta: { content: 'more' } }] }
    const all = await readUntil('more', [{ choices: [], usage }, nothing(0), more])
    expect(all.indexOf('prompt_tokens')).toBeGreaterThan(0)
    expect(all.indexOf('"n0"')).toBeGreaterThan(all.indexOf('prompt_tokens'))
    expect(all.indexOf('more')).toBeGreaterThan(all.indexOf('"n0"'))
  })

  it.each<readonly [string, (response: ServerResponse) => void]>([
    ['ends', (response) => response.end()],
    ['is cut off', (response) => response.destroy()],
  ])('has given out its usage before it is said to have broken off: its connection %s', async (_, end) => {
    const upstream = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(CONTENT)
      setTimeout(() => response.write(chunk({ choices: [], usage }), () => setTimeout(end, 50, response)), 50)
    })
    const server = await gatewayBefore(upstream)
    const text = await (await server.post('/v1/chat/completions', asked)).text()
    expect(text.indexOf('prompt_tokens')).toBeGreaterThan(0)
    expect(text.indexOf('upstream_broke_off')).toBeGreaterThan(text.indexOf('prompt_tokens'))
    expect((await server.over(1))[0]).toMatchObject({ outcome: 'failed', code: 'upstream_broke_off' })
  })

  it('is not kept back by usages that come with its text', async () => {
    let goOn = () => {}
    const upstream = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(chunk({ choices: [{ index: 0, delta: { content: 'first' } }], usage }))
      goOn = () => void response.end(`${CONTENT}${chunk({ choices: [], usage })}data: [DONE]\n\n`)
    })
    const server = await gatewayBefore(upstream)
    const response = await server.post('/v1/chat/completions', asked)
    const reader = response.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    expect(Buffer.from(value ?? []).toString()).toContain('first')
    goOn()
    let rest = ''
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
      rest += Buffer.from(next.value).toString()
    expect(rest).toContain('"cost":0.00002')
  })
})

describe('a client', () => {
  it.each([
    ['in the middle of a stream', true],
    ['before a whole answer, as `nc -N` does', false],
  ])('that half-closes its socket is one that went away, and is booked: %s', async (_, isStream) => {
    const server = await gatewayServer({ script: () => ({ fault: { kind: 'stall', afterPieces: 2 } }) })
    const { hostname, port } = new URL(server.url)
    const text = JSON.stringify({ ...body, stream: isStream })
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () =>
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${CLIENT_KEY}\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
      ),
    )
    await server.upstream.until(({ isStalled }) => isStalled)
    const { reservedUsd } = server.ledger()
    socket.end()
    await server.over(1)
    expect(server.records[0]).toMatchObject({ outcome: 'cancelled', code: 'client_gone' })
    expect(server.ledger().reservedUsd).toBe(0)
    expect(server.ledger().spendUsd).toBeGreaterThanOrEqual(reservedUsd)
    socket.destroy()
  })

  it('that breaks off in the middle of its request leaves nothing behind', async () => {
    const server = await gatewayServer()
    const { hostname, port } = new URL(server.url)
    for (const head of ['content-length: 1000', 'transfer-encoding: chunked'])
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(
            `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${CLIENT_KEY}\r\n${head}\r\n\r\n`,
          )
          setTimeout(() => socket.destroy(), 20)
        })
        socket.on('close', () => resolve())
      })
    await server.over(2)
    expect(server.records.map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled'])
    expect(server.router.stats().requests).toBe(0)
    expect(server.gateway.rates.streamCount).toBe(0)
    expect(server.problems).toEqual([])
  })
})

describe('bodies that are on their way', () => {
  it.each(['/v1/chat/completions', '/v1/messages/count_tokens', '/v1/route'])(
    'count among the requests of their key, and their memory with them: %s',
    async (path) => {
      const server = await gatewayServer({
        models: [modelTree('sim-small'), modelTree('sim-claude')],
        tree: { limits: { streamsPerKeyMax: 2 } },
      })
      const { port } = new URL(server.url)
      const slow = () => {
        const socket = connect(Number(port), '127.0.0.1')
        socket.on('error', () => {})
        socket.write(
          `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${CLIENT_KEY}\r\ncontent-length: 1000000\r\n\r\n{`,
        )
        return socket
      }
      const sockets = [slow(), slow()]
      const chat = { model: 'sim-small', messages: HELLO }
      const rates = () => server.gateway.rates.streamCount
      for (let i = 0; i < 100 && rates() < 2; i++) await server.noticed()
      expect(rates()).toBe(2)
      const refused = await server.post('/v1/chat/completions', chat)
      expect(refused.status).toBe(429)
      expect(await refused.json()).toMatchObject({ error: { code: 'too_many_streams' } })
      for (const socket of sockets) socket.destroy()
      for (let i = 0; i < 100 && rates() > 0; i++) await server.noticed()
      expect(rates()).toBe(0)
      expect((await server.post('/v1/chat/completions', chat)).status).toBe(200)
    },
  )
})
