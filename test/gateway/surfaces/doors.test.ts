import { request as send } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { responseOf } from '../../../src/gateway/doors/web-door.js'
import { type HttpServer, listen } from '../../../src/gateway/node/http-server.js'
import {
  CLIENT_KEY,
  closeAll,
  type GatewayServer,
  type GatewayServerOptions,
  gatewayServer,
  HELLO,
  modelTree,
  OTHER_KEY,
} from './gateway-server.js'

const others: HttpServer[] = []
afterEach(async () => {
  for (const each of others.splice(0)) await each.drain(0)
  await closeAll()
})

/** One gateway behind two sockets: Node's own requests go in as they are by the first, as requests of the web by the second. */
async function bothDoors(
  options: GatewayServerOptions = {},
): Promise<{ server: GatewayServer; urls: readonly string[] }> {
  const server = await gatewayServer({
    models: [modelTree('sim-small')],
    tree: { limits: { bodyBytesMax: 2000 } },
    ...options,
  })
  const { current: config } = server.gateway.live
  const web = await listen(config, (request) => server.gateway.fetch(request))
  others.push(web)
  return { server, urls: [server.url, web.url] }
}

interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What differs from request to request, and how a body is framed. */
const OWN =
  /^(date|x-request-id|request-id|x-paretobandit-decision|keep-alive|connection|content-length|transfer-encoding)$/

function asked(
  url: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string | string[]>>,
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const request = send(url, { method: 'POST', agent: false, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
      })
      response.on('end', () => {
        const told = Object.entries(response.headers).filter(([name]) => !OWN.test(name))
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(told.map(([name, value]) => [name, String(value)]).sort()),
          body: text.replace(/"(id|created|system_fingerprint)":("[^"]*"|\d+)/g, '"$1":_'),
        })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

const CHAT = '/v1/chat/completions'
const KEY = { authorization: `Bearer ${CLIENT_KEY}` }
const ASK = JSON.stringify({ model: 'sim-small', messages: HELLO, seed: 1, max_tokens: 20 })
const LONG = JSON.stringify({ model: 'sim-small', messages: [{ role: 'user', content: 'x'.repeat(3000) }] })

describe('a gateway answers the same by both its doors', () => {
  it.each<
    [what: string, path: string, body: string | Buffer, headers: Record<string, string | string[]>, number]
  >([
    ['an answer', CHAT, ASK, KEY, 200],
    ['an answer by a path with a query', `${CHAT}?a=/v1/messages`, ASK, KEY, 200],
    ['an answer to chunks', CHAT, ASK, { ...KEY, 'transfer-encoding': 'chunked' }, 200],
    ['a stream', CHAT, ASK.replace('{', '{"stream":true,'), KEY, 200],
    ['no key', CHAT, ASK, {}, 401],
    ['two keys', CHAT, ASK, { 'x-api-key': [CLIENT_KEY, CLIENT_KEY] }, 401],
    ['no JSON', CHAT, '{', KEY, 400],
    ['no UTF-8', CHAT, Buffer.from([0x22, 0xff, 0x22]), KEY, 400],
    ['a mark of byte order', CHAT, `\ufeff${ASK}`, KEY, 200],
    ['a long body', CHAT, LONG, KEY, 413],
    ['a long body in chunks', CHAT, LONG, { ...KEY, 'transfer-encoding': 'chunked' }, 413],
    ['a compressed body', CHAT, ASK, { ...KEY, 'content-encoding': 'gzip' }, 415],
    ['a model that nobody has', CHAT, ASK.replace('sim-small', 'ü'), KEY, 404],
    ['an answer by a path in escapes', '/v1/chat/%63ompletions', ASK, KEY, 200],
    ['another path', '/v1/chat/completion', ASK, KEY, 404],
    ['a host with a space', CHAT, ASK, { ...KEY, host: 'a b' }, 400],
    ['a host that is a path', CHAT, ASK, { ...KEY, host: 'a/b' }, 400],
    ['a host with a port that there cannot be', CHAT, ASK, { ...KEY, host: 'a:99999' }, 400],
    ['a host of IPv6', CHAT, ASK, { ...KEY, host: '[::1]:80' }, 200],
    ['a host in capitals', CHAT, ASK, { ...KEY, host: 'Example.COM' }, 200],
    ['an empty host', CHAT, ASK, { ...KEY, host: '' }, 200],
  ])('%s', async (_what, path, body, headers, status) => {
    const { urls } = await bothDoors()
    const [short, web] = await Promise.all(urls.map((url) => asked(url + path, body, headers)))
    expect(short.status).toBe(status)
    expect(short).toEqual(web)
  })

  it('a client that has left before its body is asked for', async () => {
    const { server } = await bothDoors()
    let tell: (body: string) => void = () => {}
    const told = new Promise<string>((resolve) => {
      tell = resolve
    })
    const http = await listen(
      server.gateway.live.current,
      () => new Response(),
      async (_path, request) => {
        await new Promise<void>((resolve) => request.onGone(resolve))
        await new Promise((resolve) => setImmediate(resolve))
        tell(
          await request.body(1000).then(
            () => 'a body',
            () => 'broken off',
          ),
        )
        return { status: 499, headers: {}, body: null }
      },
    )
    others.push(http)
    const socket = connect(Number(new URL(http.url).port), '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{', () => socket.destroy())
    expect(await told).toBe('broken off')
  })

  it('a client that leaves in the middle of its body', async () => {
    const { server, urls } = await bothDoors()
    for (const url of urls) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      socket.on('error', () => {})
      socket.write(
        `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${CLIENT_KEY}\r\ncontent-length: 1000\r\n\r\n{`,
      )
      await server.noticed()
      socket.destroy()
    }
    const records = await server.over(2)
    expect(records.map(({ code, outcome }) => [code, outcome])).toEqual([
      ['request_broken_off', 'cancelled'],
      ['request_broken_off', 'cancelled'],
    ])
  })

  it.each([
    ['the short door', 0],
    ['that of the web', 1],
  ] as const)(
    'bodies that do not end hold no more than they may together, nor all of it for one key: %s',
    async (_door, place) => {
      const { server, urls } = await bothDoors({
        tree: { limits: { bodyBytesMax: 2000, bodiesBytesMax: 3000 } },
      })
      const url = urls[place]
      const { rates } = server.gateway
      const begun = async (key: string, bytes: number) => {
        const count = rates.streamCount
        const socket = connect(Number(new URL(url).port), '127.0.0.1')
        socket.on('error', () => {})
        const head = `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: ${bytes + 10}`
        socket.write(`${head}\r\n\r\n${'{'.padEnd(bytes)}`)
        await expect.poll(() => rates.streamCount).toBe(count + 1)
        await server.noticed()
        return socket
      }
      const answer = async (key: string, bytes: number) => {
        const body = JSON.stringify({ model: 'auto', messages: HELLO }).padEnd(bytes)
        const {
          status,
          headers,
          body: text,
        } = await asked(url + CHAT, body, { authorization: `Bearer ${key}` })
        return [status, status === 200 ? null : JSON.parse(text).error.code, headers['retry-after']]
      }
      const first = await begun(CLIENT_KEY, 1500)
      expect(await answer(CLIENT_KEY, 800)).toEqual([429, 'too_many_streams', '1'])
      expect(await answer(OTHER_KEY, 800)).toEqual([200, null, undefined])
      const second = await begun(OTHER_KEY, 1300)
      expect(await answer(OTHER_KEY, 400)).toEqual([503, 'gateway_busy', '1'])
      for (const socket of [first, second]) socket.destroy()
      await server.over(5)
      for (const key of [CLIENT_KEY, OTHER_KEY])
        expect(await answer(key, 2000)).toEqual([200, null, undefined])
      expect(rates.streamCount).toBe(0)
      expect(server.problems).toEqual([])
    },
  )

  it.each([
    ['cancel', 'by the short door', 0],
    ['cancel', 'by that of the web', 1],
    ['drain', 'by the short door', 0],
    ['drain', 'by that of the web', 1],
  ] as const)('a client that leaves before the first token: %s, %s', async (onClientGone, _door, place) => {
    const { server, urls } = await bothDoors({
      tree: { sessions: { onClientGone }, limits: { streamsMax: 1 } },
      script: ({ index }) => (index === 0 ? { fault: { kind: 'stall', afterPieces: 0 } } : {}),
    })
    const abort = new AbortController()
    const stream = ASK.replace('{', '{"stream":true,')
    const ask = { method: 'POST', headers: KEY, body: stream }
    const left = fetch(urls[place] + CHAT, { ...ask, signal: abort.signal }).then((response) =>
      response.text(),
    )
    left.catch(() => {})
    await server.upstream.until(({ isStalled }) => isStalled)
    abort.abort()
    await server.noticed()
    server.upstream.release()
    const [record] = await server.over(1)
    expect(record).toMatchObject({
      outcome: 'cancelled',
      code: 'client_gone',
      status: onClientGone === 'drain' ? 200 : 499,
      isMeasured: onClientGone === 'drain',
    })
    expect(server.ledger().reservedUsd).toBe(0)
    // Its place is free again.
    const next = await fetch(urls[place] + CHAT, ask)
    expect(next.status).toBe(200)
    await next.text()
    await server.gateway.close()
  })

  it.each(['', '/api/llm'])(
    'a client in this process, below %j, that leaves as soon as it has read a piece',
    async (basePath) => {
      const server = await gatewayServer({
        basePath,
        models: [modelTree('sim-small')],
        script: () => ({ fault: { kind: 'stall', afterPieces: 2 } }),
      })
      const left = new AbortController()
      const body = ASK.replace('{', '{"stream":true,')
      const answer = await server.gateway.fetch(
        new Request(`http://host${basePath}${CHAT}`, {
          method: 'POST',
          headers: KEY,
          body,
          signal: left.signal,
        }),
      )
      await answer.body?.getReader().read()
      left.abort()
      const [record] = await server.over(1)
      expect(record).toMatchObject({ outcome: 'cancelled', code: 'client_gone' })
      expect(server.ledger().reservedUsd).toBe(0)
    },
  )

  it.each([
    ['by the short door', 0],
    ['by that of the web', 1],
  ])(
    'a client that leaves behind requests that it has sent one after the other: %s',
    async (_door, place) => {
      const { server, urls } = await bothDoors({
        script: () => ({ delays: { headersMs: 2000, firstTokenMs: 0, betweenTokensMs: 0 } }),
      })
      const stream = ASK.replace('{', '{"stream":true,')
      const requestOf = (body: string) =>
        `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${CLIENT_KEY}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
      const socket = connect(Number(new URL(urls[place]).port), '127.0.0.1')
      socket.on('error', () => {})
      socket.write([ASK, stream, ASK, stream].map(requestOf).join(''))
      await server.upstream.until(() => server.upstream.entries.length === 4)
      socket.destroy()
      const records = await server.over(4)
      expect(records.map(({ outcome }) => outcome)).toEqual([
        'cancelled',
        'cancelled',
        'cancelled',
        'cancelled',
      ])
      expect(server.ledger().reservedUsd).toBe(0)
    },
  )

  it.each([
    ['localhost:8080', true],
    ['127.0.0.1:59999', true],
    ['a.example:64999', true],
    ['a.example', true],
    ['Example.COM', false],
    ['a:65536', false],
    ['a@b', false],
  ])('the short door takes a request for host %s: %s', async (host, isTaken) => {
    const { server } = await bothDoors()
    const answer = async () => ({ status: 200, headers: {}, body: 'short' })
    const http = await listen(server.gateway.live.current, () => new Response('web'), answer)
    others.push(http)
    expect((await asked(http.url, '{}', { host })).body === 'short').toBe(isTaken)
  })

  it('cancels a stream whose head cannot be sent', async () => {
    const { server } = await bothDoors()
    let cancelled = 0
    const body = {
      waitingBytesMax: 1,
      begin: () => {},
      pull: () => undefined,
      cancel: () => void cancelled++,
    }
    const answer = { status: 200, headers: { 'x-bad': 'a\nb' }, body }
    // Servers of Node put a class of their own in its place, which looks at headers later.
    vi.stubGlobal('Response', function refused() {
      throw new TypeError('Invalid header value')
    })
    expect(() => responseOf(answer)).toThrow('Invalid header value')
    vi.unstubAllGlobals()
    expect(cancelled).toBe(1)
    const http = await listen(
      server.gateway.live.current,
      () => new Response(),
      async () => answer,
    )
    others.push(http)
    expect((await fetch(http.url, { method: 'POST' })).status).toBe(500)
    expect(cancelled).toBe(2)
  })
})
