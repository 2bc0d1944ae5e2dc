import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { Agent, buildConnector } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { straightBy, undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import {
  type CallUpstream,
  fetchUpstream,
  type UpstreamAnswer,
  type UpstreamCall,
} from '../../../src/gateway/upstreams/call.js'
import type { Tree } from '../config/example.js'
import { CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

const open: { close(): void }[] = []
afterEach(async () => {
  await closeAll()
  for (const each of open.splice(0)) each.close()
})

const CHAT = '/v1/chat/completions'
const BODY = JSON.stringify({ model: 'sim-small', messages: HELLO, max_tokens: 50 })
const ANSWER = JSON.stringify({
  id: 'x',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
})

/** An upstream of bare sockets. It counts connections and the heads of requests. */
async function countingUpstream(onConnection: (socket: Socket) => void = () => {}) {
  const seen = { connections: 0, heads: 0 }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    seen.connections++
    sockets.add(socket)
    let text = ''
    socket.on('error', () => {})
    onConnection(socket)
    socket.on('data', (bytes) => {
      text += bytes
      const heads = text.split('POST ').length - 1
      seen.heads += heads
      // Of requests on one connection each waits for the answer to the one before.
      if (text.endsWith('}')) {
        const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${ANSWER.length}\r\n\r\n`
        socket.write(head + ANSWER)
      }
      text = heads > 0 ? text.slice(text.lastIndexOf('POST ') + 5) : text
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  })
  return { seen, port: (server.address() as AddressInfo).port }
}

async function gatewayBefore(baseUrl: string, call: CallUpstream = undiciUpstream(), tree: Tree = {}) {
  const server = await gatewayServer({
    models: [modelTree('sim-small')],
    call,
    tree: { upstreams: [{ id: 'openai', protocol: 'openai', baseUrl }], ...tree },
  })
  const { hostname, port } = new URL(server.url)
  /** Sends a request, and nothing more is heard of its client. */
  const askAndReset = (when: () => Promise<unknown>) =>
    new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${CLIENT_KEY}\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
          () => void when().then(() => socket.resetAndDestroy()),
        )
      })
      socket.on('error', () => {}).on('close', () => resolve())
    })
  return { server, askAndReset }
}

/** Connections are made when the test lets them. */
function heldAgent() {
  const make = buildConnector({})
  const waiting: (() => void)[] = []
  let isHeld = true
  const agent = new Agent({
    connect: (options, done) => {
      const go = () => make(options, done)
      if (isHeld) waiting.push(go)
      else go()
    },
  })
  open.push({ close: () => void agent.destroy() })
  const release = () => {
    isHeld = false
    for (const go of waiting.splice(0)) go()
  }
  return { call: undiciUpstream(straightBy(agent)), waiting, release }
}

describe('a call of which the upstream never got a byte', () => {
  it('is not paid for: of clients that reset at once the ledger has what the upstream saw', async () => {
    const { seen, port } = await countingUpstream()
    const { server, askAndReset } = await gatewayBefore(`http://127.0.0.1:${port}/v1`)
    const count = 40
    for (let i = 0; i < count; i++) await askAndReset(() => (i % 2 === 0 ? Promise.resolve() : wait(i % 5)))
    await server.over(count)
    // Whatever was on its way to the upstream is there before this is answered.
    expect((await server.post(CHAT, BODY)).status).toBe(200)
    const records = await server.over(count + 1)
    const paid = records.filter(({ costUsd }) => (costUsd ?? 0) > 0)
    expect(paid).toHaveLength(seen.heads)
    const { spendUsd, reservedUsd } = server.ledger()
    expect(spendUsd).toBeCloseTo(
      paid.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0),
      12,
    )
    expect(reservedUsd).toBe(0)
  })

  it('costs nothing where its client goes away before there is a connection, and nobody waits for that', async () => {
    const { seen, port } = await countingUpstream()
    const { call, waiting, release } = heldAgent()
    const { server, askAndReset } = await gatewayBefore(`http://127.0.0.1:${port}/v1`, call)
    await askAndReset(() => vi.waitFor(() => expect(waiting).toHaveLength(1)))
    const [record] = await server.over(1)
    expect(record).toMatchObject({ status: 499, code: 'client_gone', tries: 1, isMeasured: true, costUsd: 0 })
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
    release()
    expect((await server.post(CHAT, BODY)).status).toBe(200)
    expect(seen.heads).toBe(1)
  })

  it('costs nothing where no connection comes in time', async () => {
    const { seen, port } = await countingUpstream()
    const { call } = heldAgent()
    const tree = { timeouts: { firstTokenMs: 50 } }
    const { server } = await gatewayBefore(`http://127.0.0.1:${port}/v1`, call, tree)
    expect((await server.post(CHAT, BODY)).status).toBe(504)
    const [record] = await server.over(1)
    expect(record).toMatchObject({ code: 'upstream_timeout', isMeasured: true, costUsd: 0 })
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
    expect(seen.connections).toBe(0)
  })

  it('costs nothing where the connection ends before its TLS is there', async () => {
    const { seen, port } = await countingUpstream((socket) =>
      socket.once('data', () => socket.resetAndDestroy()),
    )
    const { server } = await gatewayBefore(`https://127.0.0.1:${port}/v1`)
    const response = await server.post(CHAT, BODY)
    expect(response.status).toBe(502)
    expect(await response.text()).toContain('the upstream cannot be reached')
    const [record] = await server.over(1)
    expect(record).toMatchObject({ code: 'upstream_unreachable', isMeasured: true, costUsd: 0 })
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
    expect(seen).toEqual({ connections: 1, heads: 0 })
  })

  it.each([
    ['fetch', fetchUpstream],
    ['a call that is made twice', twice],
  ])('is paid for where nobody knows that: %s', async (_, call) => {
    const { seen, port } = await countingUpstream((socket) =>
      socket.once('data', () => socket.resetAndDestroy()),
    )
    const { server } = await gatewayBefore(`http://127.0.0.1:${port}/v1`, call)
    const response = await server.post(CHAT, BODY)
    expect(await response.text()).toContain('upstream_broke_off')
    const [record] = await server.over(1)
    expect(record).toMatchObject({ status: 502, isMeasured: false })
    expect(server.ledger().spendUsd).toBeGreaterThan(0)
    expect(seen.heads).toBe(1)
  })
})

/** The second time it goes where nobody listens. */
function twice(call: UpstreamCall): Promise<UpstreamAnswer> {
  const upstream = undiciUpstream()
  return upstream(call).catch(() => {
    const { headers, body, signal } = call
    const markSent = (isSent: boolean) => call.markSent?.(isSent)
    return upstream({ url: 'http://127.0.0.1:1/', headers, body, signal, markSent }).catch(() => {
      throw new Error('reset')
    })
  })
}
