import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  CLIENT_KEY,
  closeAll,
  type GatewayServer,
  gatewayServer,
  HELLO,
  modelTree,
} from '../surfaces/gateway-server.js'

const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await closeAll()
})

const HEAD = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${CLIENT_KEY}\r\n`

/** A request as it is on the wire. */
function ask(isStreamed: boolean, header = ''): string {
  const body = JSON.stringify({ model: 'sim-small', messages: HELLO, max_tokens: 50, stream: isStreamed })
  return `${HEAD}${header}content-length: ${body.length}\r\n\r\n${body}`
}

/** A gateway before an upstream that stalls until it is let go: whole answers before their head, streams after their first pieces. */
function stalling(tree = {}): Promise<GatewayServer> {
  return gatewayServer({
    script: () => ({ fault: { kind: 'stall', afterPieces: 2 } }),
    models: [modelTree('sim-small')],
    tree,
  })
}

/** Sends bytes; `text` is what has come, and `ended` resolves with all of it. */
function client(server: GatewayServer, bytes: string, { allowHalfOpen = false } = {}) {
  const { hostname, port } = new URL(server.url)
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen }, () => socket.write(bytes))
  sockets.push(socket)
  const came = { text: '' }
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    came.text += chunk.toString('latin1')
  })
  const ended = new Promise<string>((resolve) => {
    socket.on('end', () => resolve(came.text))
    socket.on('close', () => resolve(came.text))
  })
  return { socket, came, ended }
}

const statusesOf = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))

async function stalled(server: GatewayServer, count: number): Promise<void> {
  while (server.upstream.entries.filter(({ isStalled }) => isStalled).length < count)
    await server.upstream.until(({ isStalled }) => isStalled).then(() => new Promise(setImmediate))
}

/** What clients got was booked, and at what the upstream counted. */
async function isBooked(server: GatewayServer, count: number): Promise<void> {
  const records = await server.over(count)
  expect(records.map(({ outcome, code }) => [outcome, code])).toEqual(
    Array.from({ length: count }, () => ['answered', null]),
  )
  expect(server.upstream.entries).toHaveLength(count)
  expect(server.ledger().spendUsd).toBeCloseTo(server.upstream.costUsd(), 12)
  expect(server.ledger().reservedUsd).toBe(0)
  expect(server.problems).toEqual([])
}

const BAD = [
  ['a byte', 'x'],
  ['a line', 'XX\r\n\r\n'],
  ['a request with two lengths', ask(false, 'content-length: 5\r\n')],
  ['a request with a length and chunks', ask(false, 'transfer-encoding: chunked\r\n')],
] as const

describe.each([
  ['whole', false],
  ['streamed', true],
])('an answer that is under way when bytes come that are no request: %s', (_, isStreamed) => {
  it.each(BAD)('ends, and those bytes get 400 and the end of the connection: %s', async (_, bad) => {
    const server = await stalling()
    const { came, ended } = client(server, ask(isStreamed) + bad)
    await stalled(server, 1)
    expect(came.text).not.toContain('400')
    server.upstream.release()
    const text = await ended
    expect(statusesOf(text)).toEqual([200, 400])
    expect(text).toMatch(isStreamed ? /\[DONE\]\n\n\r\n0\r\n\r\nHTTP\/1\.1 400 / : /\}HTTP\/1\.1 400 /)
    expect(text).toMatch(/connection: close\r\n.*"code":"bad_request"\}\}$/s)
    await isBooked(server, 1)
  })

  it('is the last where it says so, and nothing follows it', async () => {
    const server = await stalling()
    const { ended } = client(server, `${ask(isStreamed, 'connection: close\r\n')}x`)
    await stalled(server, 1)
    server.upstream.release()
    const text = await ended
    expect(statusesOf(text)).toEqual([200])
    expect(text).toMatch(isStreamed ? /\[DONE\]\n\n\r\n0\r\n\r\n$/ : /\}$/)
    await isBooked(server, 1)
  })

  it('may be one of several, which all end; nothing that comes after the bytes is a request', async () => {
    const server = await stalling()
    const { socket, ended } = client(server, ask(isStreamed) + ask(!isStreamed) + ask(isStreamed) + BAD[1][1])
    await stalled(server, 3)
    for (let i = 0; i < 20; i++)
      await new Promise<void>((resolve) => socket.write(ask(false), () => resolve()))
    // Bytes that were sent before are read before.
    await fetch(`${server.url}/healthz`).then((response) => response.text())
    server.upstream.release()
    expect(statusesOf(await ended)).toEqual([200, 200, 200, 400])
    await isBooked(server, 3)
  })

  it.each([
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['closes', (socket: Socket) => socket.end()],
  ])('is broken off when its client goes away all the same: it %s', async (_, leave) => {
    const server = await stalling()
    const { socket } = client(server, `${ask(isStreamed)}x`)
    await stalled(server, 1)
    leave(socket)
    const [record] = await server.over(1)
    expect(record).toMatchObject({ outcome: 'cancelled', code: 'client_gone', isMeasured: false })
    await server.upstream.until(({ ended }) => ended === 'left')
  })

  it('ends when the next request comes too slowly, and that gets 408', async () => {
    const server = await stalling({ timeouts: { requestMs: 400 } })
    const { socket, ended } = client(server, ask(isStreamed) + ask(false).slice(0, 40))
    await stalled(server, 1)
    // By then the server has given it up.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(socket.destroyed).toBe(false)
    server.upstream.release()
    expect(statusesOf(await ended)).toEqual([200, 408])
    await isBooked(server, 1)
  })
})

describe('bytes that are no body', () => {
  const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{"mod\r\nno size\r\n`

  it('end their own request with 400, which asks no model', async () => {
    const server = await stalling()
    const { ended } = client(server, CHUNKED)
    expect(statusesOf(await ended)).toEqual([400])
    const [record] = await server.over(1)
    expect(record).toMatchObject({ status: 400, code: 'request_broken_off', tries: 0 })
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
  })

  it('leave the answer to the request before', async () => {
    const server = await stalling()
    const { ended } = client(server, ask(false) + CHUNKED)
    await stalled(server, 1)
    server.upstream.release()
    expect(statusesOf(await ended)).toEqual([200, 400])
    const records = await server.over(2)
    expect(records.map(({ code }) => code)).toEqual([null, 'request_broken_off'])
    expect(server.ledger().spendUsd).toBeCloseTo(server.upstream.costUsd(), 12)
  })

  it('get no second answer where their request has one', async () => {
    const server = await stalling()
    const { socket, ended, came } = client(
      server,
      `POST /v1/none HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`,
    )
    await expect.poll(() => came.text).toContain('HTTP/1.1 404 ')
    socket.write('no size\r\n')
    expect(statusesOf(await ended)).toEqual([404])
  })
})

describe('a connection of which bytes were no request', () => {
  it('ends after answers by the door of the web too', async () => {
    const server = await stalling()
    const { ended } = client(server, 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nx')
    expect(statusesOf(await ended)).toEqual([200, 400])
  })

  it('is not kept open by a client that keeps its half', async () => {
    const server = await stalling()
    const { ended } = client(server, 'x', { allowHalfOpen: true })
    expect(statusesOf(await ended)).toEqual([400])
    // Resolves when there is no connection any more.
    await server.http.drain(1_000_000)
  })
})
