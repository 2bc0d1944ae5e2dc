import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { CLOSED_IDLE } from '../../../src/base/unreached.js'
import { proxiedBy, undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import { CERTIFICATE, CERTIFICATE_KEY } from '../../support/certificate.js'
import type { Tree } from '../config/example.js'
import { closeAll, eventsOf, gatewayServer, HELLO, modelTree } from './gateway-server.js'

const open: (() => void)[] = []
afterEach(async () => {
  await closeAll()
  for (const close of open.splice(0)) close()
})

const CHAT = '/v1/chat/completions'
const BODY = { model: 'sim-small', messages: HELLO, max_tokens: 50 }
const ANSWER = JSON.stringify({
  id: 'x',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
})
const STREAM = [
  '{"choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":"stop"}]}',
  '{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}',
  '[DONE]',
]
  .map((data) => `data: ${data}\n\n`)
  .join('')

/** Trusts its certificate, which has a name that is no address. */
const BY_TLS = { ca: CERTIFICATE, timeout: 10_000, checkServerIdentity: () => undefined }

/** What an upstream does with a request: the how manieth of all it is, and of its connection, from 1. */
type Act = (socket: Socket, ofAll: number, ofConnection: number, isStreamed: boolean) => void

const answer: Act = (socket, _all, _own, isStreamed) => {
  const [type, body] = isStreamed ? ['text/event-stream', STREAM] : ['application/json', ANSWER]
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
}

async function upstreamThat(act: Act, isTls = false) {
  const seen = { connections: 0, requests: 0 }
  const sockets = new Set<Socket>()
  const serve = (socket: Socket) => {
    seen.connections++
    sockets.add(socket)
    let text = ''
    let own = 0
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      text += bytes
      if (!text.endsWith('}')) return
      const isStreamed = text.includes('"stream":true')
      text = ''
      seen.requests++
      own++
      act(socket, seen.requests, own, isStreamed)
    })
  }
  const server = isTls
    ? createTlsServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, serve)
    : createServer(serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { seen, baseUrl: `http${isTls ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }
}

/** @param nowMs by which an end comes soon after the sending, or late */
async function gatewayBefore(baseUrl: string, tree: Tree = {}, nowMs = () => 0) {
  return gatewayServer({
    models: [modelTree('sim-small')],
    call: undiciUpstream(proxiedBy({}, BY_TLS).wayTo, nowMs),
    tree: { upstreams: [{ id: 'openai', protocol: 'openai', baseUrl }], retries: { shareMax: 1 }, ...tree },
  })
}

/** It closes a connection that has answered, just as it gets another request. */
const closesUsed: Act = (socket, all, own, isStreamed) =>
  own > 1 ? socket.end() : answer(socket, all, own, isStreamed)

describe('a connection that the upstream closes just as a request is sent on it', () => {
  it.each([false, true])('is made again: its client gets the answer, streamed: %s', async (stream) => {
    const { seen, baseUrl } = await upstreamThat(closesUsed)
    const server = await gatewayBefore(baseUrl)
    for (let i = 0; i < 3; i++) {
      const response = await server.post(CHAT, JSON.stringify({ ...BODY, stream }))
      expect([i, response.status]).toEqual([i, 200])
      const text = await response.text()
      expect(stream ? eventsOf(text).length : JSON.parse(text).choices.length).toBeGreaterThan(0)
    }
    const records = await server.over(3)
    expect(records.map(({ status, tries }) => [status, tries])).toEqual([
      [200, 1],
      [200, 2],
      [200, 2],
    ])
    expect(seen).toEqual({ connections: 3, requests: 5 })
  })

  it('is made again on one that was not used before, where all others were closed with it', async () => {
    const used = new Set<Socket>()
    const held: (() => void)[] = []
    const { seen, baseUrl } = await upstreamThat((socket, all, own, isStreamed) => {
      const isUsed = used.has(socket)
      used.add(socket)
      if (isUsed) for (const each of used) each.end()
      else held.push(() => answer(socket, all, own, isStreamed))
      if (all <= 5 && held.length < 5) return
      for (const go of held.splice(0)) go()
    })
    const server = await gatewayBefore(baseUrl)
    const ask = () => server.post(CHAT, JSON.stringify(BODY))
    // Five connections at a time.
    for (const { status } of await Promise.all([1, 2, 3, 4, 5].map(ask))) expect(status).toBe(200)
    expect((await ask()).status).toBe(200)
    expect(seen.connections).toBe(6)
    const records = await server.over(6)
    expect(records.at(-1)).toMatchObject({ status: 200, tries: 2 })
  })

  it('is made again too where it is reset', async () => {
    const { seen, baseUrl } = await upstreamThat((socket, all, own, isStreamed) =>
      own > 1 ? socket.resetAndDestroy() : answer(socket, all, own, isStreamed),
    )
    const server = await gatewayBefore(baseUrl)
    for (let i = 0; i < 2; i++) expect((await server.post(CHAT, JSON.stringify(BODY))).status).toBe(200)
    expect(seen).toEqual({ connections: 2, requests: 3 })
  })

  it('is paid for at its reservation, as nobody knows what was done, and is no failure of the model', async () => {
    const { baseUrl } = await upstreamThat(closesUsed)
    const server = await gatewayBefore(baseUrl)
    const bookings: (readonly [string, number])[] = []
    for (const kind of ['settled', 'failed', 'cancelled'] as const)
      server.router.on(kind, ({ costUsd }) => void bookings.push([kind, costUsd]))
    const reserved: number[] = []
    server.router.on('routed', ({ reservedUsd }) => void reserved.push(reservedUsd))
    for (let i = 0; i < 2; i++) expect((await server.post(CHAT, JSON.stringify(BODY))).status).toBe(200)
    const [first, second] = await server.over(2)
    expect(bookings.map(([kind]) => kind)).toEqual(['settled', 'cancelled', 'settled'])
    expect(bookings[1]?.[1]).toBeCloseTo(reserved[1] ?? Number.NaN, 12)
    expect(second?.costUsd).toBeCloseTo((first?.costUsd ?? Number.NaN) + (reserved[1] ?? Number.NaN), 12)
    expect(second).toMatchObject({ isMeasured: false })
    expect(server.router.stats().models[0]).toMatchObject({ failed: 0, outages: 0, isAvailable: true })
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it('is tried once more alone, and not where the config allows one try', async () => {
    let closes = false
    const { seen, baseUrl } = await upstreamThat((socket, ...more) =>
      closes ? socket.end() : answer(socket, ...more),
    )
    const server = await gatewayBefore(baseUrl)
    expect((await server.post(CHAT, JSON.stringify(BODY))).status).toBe(200)
    closes = true
    const response = await server.post(CHAT, JSON.stringify(BODY))
    expect([response.status, await response.text()]).toEqual([
      502,
      expect.stringContaining('upstream_broke_off'),
    ])
    // The used one, and a new one, which is the upstream's failure.
    expect(seen).toEqual({ connections: 2, requests: 3 })
    expect(server.router.stats().models[0]).toMatchObject({ failed: 1 })

    const other = await upstreamThat(closesUsed)
    const strict = await gatewayBefore(other.baseUrl, { retries: { triesMax: 1 } })
    const statuses = []
    for (let i = 0; i < 2; i++) statuses.push((await strict.post(CHAT, JSON.stringify(BODY))).status)
    expect(statuses).toEqual([200, 502])
    expect(other.seen.requests).toBe(2)
  })

  it('is no such thing where an answer had begun, or nothing had come on it before', async () => {
    const half = await upstreamThat((socket, all, own, isStreamed) =>
      own > 1
        ? socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"id"')
        : answer(socket, all, own, isStreamed),
    )
    const server = await gatewayBefore(half.baseUrl)
    const statuses = []
    for (let i = 0; i < 2; i++) statuses.push((await server.post(CHAT, JSON.stringify(BODY))).status)
    expect([statuses, half.seen.requests]).toEqual([[200, 502], 2])

    const never = await upstreamThat((socket) => socket.end())
    const second = await gatewayBefore(never.baseUrl)
    expect((await second.post(CHAT, JSON.stringify(BODY))).status).toBe(502)
    expect(never.seen.requests).toBe(1)
  })

  const RESPONSES = '/v1/responses'
  const INPUT = { model: 'sim-small', input: 'hello', max_output_tokens: 50 }
  const SEARCH = [{ type: 'web_search' }]
  it.each<[string, string, Tree, Tree]>([
    ['keeps the answer of', CHAT, { ...BODY, store: true }, {}],
    ['adds to a conversation by', RESPONSES, { ...INPUT, store: false, conversation: 'conv_1' }, {}],
    ['goes on from an answer by', RESPONSES, { ...INPUT, store: false, previous_response_id: 'resp_1' }, {}],
    ['runs tools for', RESPONSES, { ...INPUT, store: false, tools: SEARCH }, {}],
    ['keeps, as none says otherwise, the answer of', RESPONSES, INPUT, {}],
    ['keeps, as null says nothing, the answer of', RESPONSES, { ...INPUT, store: null }, {}],
    [
      'keeps, as parameters of the model take out what says no, the answer of',
      RESPONSES,
      { ...INPUT, store: false },
      { store: null },
    ],
    ['asks more for', CHAT, { ...BODY, service_tier: 'priority' }, {}],
    ['keeps, by parameters of the model, the answer of', CHAT, BODY, { store: true }],
    ['runs tools by such parameters for', CHAT, BODY, { web_search_options: {} }],
  ])('is not made again for what a provider %s', async (_, path, body, parameters) => {
    const { seen, baseUrl } = await upstreamThat(closesUsed)
    const server = await gatewayBefore(baseUrl, {
      models: [{ ...modelTree('sim-small'), parameters }],
      requests: { allow: ['service_tier', 'tools.web_search'] },
    })
    expect((await server.post(CHAT, JSON.stringify(BODY))).status).toBe(200)
    expect((await server.post(path, JSON.stringify(body))).status).toBe(502)
    expect(seen.requests).toBe(2)
    // Others may ask the model at once.
    const unpaused = { failed: 0, cancelled: 1, outages: 0, isAvailable: true }
    expect(server.router.stats().models[0]).toMatchObject(unpaused)
    expect((await server.post(CHAT, JSON.stringify(BODY))).status).toBe(200)
  })

  it.each([
    ['each once, where it may not be made again', true, 1],
    ['each once more, where it may', false, 2],
  ])('is no failure of two models that had both closed theirs, %s', async (_, store, each) => {
    const calls: string[] = []
    const server = await gatewayServer({
      models: [modelTree('sim-small'), modelTree('sim-middle')],
      call: ({ body }) => {
        calls.push(JSON.parse(body).model)
        return Promise.reject(Object.assign(new Error('other side closed'), { code: CLOSED_IDLE }))
      },
      tree: { retries: { shareMax: 1, triesMax: 5 } },
    })
    const response = await server.post(CHAT, JSON.stringify({ ...BODY, model: 'auto', store }))
    expect(response.status).toBe(502)
    const timesOf = (model: string) => calls.filter((called) => called === model).length
    expect(['sim-small', 'sim-middle'].map(timesOf)).toEqual([each, each])
    // The second end in one request is of a connection that may have been new.
    for (const model of server.router.stats().models)
      expect(model).toMatchObject({ cancelled: 1, failed: each - 1, isAvailable: each === 1 })
  })

  it.each<[string, string, Tree, Tree]>([
    ['who wants nothing kept', CHAT, { ...BODY, store: false }, {}],
    ['whose model takes that out', CHAT, { ...BODY, store: true }, { store: null }],
    ['who wants no response kept', RESPONSES, { ...INPUT, store: false }, {}],
    ['whose model keeps no response', RESPONSES, INPUT, { store: false }],
  ])('is made again for %s', async (_, path, body, parameters) => {
    const { seen, baseUrl } = await upstreamThat(closesUsed)
    const server = await gatewayBefore(baseUrl, { models: [{ ...modelTree('sim-small'), parameters }] })
    expect((await server.post(CHAT, JSON.stringify(BODY))).status).toBe(200)
    expect((await server.post(path, JSON.stringify(body))).status).toBe(200)
    expect(seen.requests).toBe(3)
  })

  it('counts as a failure of the model where the second is closed as well', async () => {
    let calls = 0
    const server = await gatewayServer({
      models: [modelTree('sim-small')],
      call: () => {
        calls++
        return Promise.reject(Object.assign(new Error('other side closed'), { code: CLOSED_IDLE }))
      },
      tree: { retries: { shareMax: 1 } },
    })
    expect((await server.post(CHAT, JSON.stringify(BODY))).status).toBe(502)
    expect(calls).toBe(2)
    expect(server.router.stats().models[0]).toMatchObject({ cancelled: 1, failed: 1, isAvailable: false })
  })

  it('is made again for a count of tokens, once', async () => {
    let closes = false
    const { seen, baseUrl } = await upstreamThat((socket, _all, own) => {
      if (closes || own > 1) return socket.end()
      const body = '{"input_tokens":7}'
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    })
    const server = await gatewayBefore(baseUrl, {
      upstreams: [{ id: 'anthropic', protocol: 'anthropic', baseUrl }],
      models: [modelTree('sim-claude')],
    })
    const count = () =>
      server.post('/v1/messages/count_tokens', JSON.stringify({ model: 'sim-claude', messages: HELLO }))
    for (let i = 0; i < 3; i++) {
      const response = await count()
      expect([response.status, await response.json()]).toEqual([200, { input_tokens: 7 }])
    }
    expect(seen).toEqual({ connections: 3, requests: 5 })
    closes = true
    expect((await count()).status).toBe(502)
    expect(seen.requests).toBe(7)
  })

  it('is told from a new one by TLS too', async () => {
    const used = await upstreamThat(closesUsed, true)
    const server = await gatewayBefore(used.baseUrl)
    for (let i = 0; i < 2; i++) expect((await server.post(CHAT, JSON.stringify(BODY))).status).toBe(200)
    expect(used.seen).toEqual({ connections: 2, requests: 3 })
    const never = await upstreamThat((socket) => socket.end(), true)
    const second = await gatewayBefore(never.baseUrl)
    expect((await second.post(CHAT, JSON.stringify(BODY))).status).toBe(502)
    expect(never.seen.requests).toBe(1)
  })

  it('is no such thing where it ends a second after the sending, or later', async () => {
    let ms = 0
    const { seen, baseUrl } = await upstreamThat((socket, all, own, isStreamed) => {
      if (own === 1) return answer(socket, all, own, isStreamed)
      ms += all === 2 ? 1000 : 1001
      socket.resetAndDestroy()
    })
    const server = await gatewayBefore(baseUrl, {}, () => ms)
    const ask = async () => (await server.post(CHAT, JSON.stringify(BODY))).status
    // The third request is the second one again.
    expect([await ask(), await ask(), seen.requests]).toEqual([200, 200, 3])
    expect(server.router.stats().models[0]).toMatchObject({ failed: 0 })
    expect([await ask(), seen.requests]).toEqual([502, 4])
    expect(server.router.stats().models[0]).toMatchObject({ failed: 1 })
  })

  it.each([
    ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['another interim answer', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'],
    ['half of a head', 'HTTP/1.1 200 OK\r\ncontent-ty'],
  ])('is no such thing where %s to this request had come on it', async (_, begun) => {
    for (const isTls of [false, true]) {
      const { seen, baseUrl } = await upstreamThat((socket, all, own, isStreamed) => {
        if (own === 1) return answer(socket, all, own, isStreamed)
        socket.write(begun, () => socket.end())
      }, isTls)
      const server = await gatewayBefore(baseUrl)
      const statuses = []
      for (let i = 0; i < 2; i++) statuses.push((await server.post(CHAT, JSON.stringify(BODY))).status)
      expect([isTls, statuses, seen]).toEqual([isTls, [200, 502], { connections: 1, requests: 2 }])
      expect(server.router.stats().models[0]).toMatchObject({ failed: 1 })
    }
  })

  it('is one where interim answers came to the request before alone', async () => {
    const { seen, baseUrl } = await upstreamThat((socket, all, own, isStreamed) => {
      if (own > 1) return socket.end()
      socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      answer(socket, all, own, isStreamed)
    })
    const server = await gatewayBefore(baseUrl)
    for (let i = 0; i < 2; i++) expect((await server.post(CHAT, JSON.stringify(BODY))).status).toBe(200)
    expect(seen).toEqual({ connections: 2, requests: 3 })
  })

  it('is no such thing where no more than an interim answer has come on it', async () => {
    for (const interim of ['100 Continue', '103 Early Hints']) {
      const { seen, baseUrl } = await upstreamThat((socket) => {
        socket.write(`HTTP/1.1 ${interim}\r\n\r\n`, () => socket.end())
      })
      const server = await gatewayBefore(baseUrl)
      expect((await server.post(CHAT, JSON.stringify(BODY))).status).toBe(502)
      expect([interim, seen.requests]).toEqual([interim, 1])
    }
  })
})
