import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startUpstream } from '../../../src/gateway/node/simulated/upstream.js'
import { ENV, type Tree } from '../config/example.js'
import { CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree } from '../surfaces/gateway-server.js'
import { served, servedTree } from './serving.js'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
  await closeAll()
})

const PATH = '/v1/chat/completions'
const ASK = { model: 'sim-small', messages: HELLO, max_tokens: 50 }
/** Answers stand still: whole ones before their head, streams after their first pieces. */
const script = () => ({ fault: { kind: 'stall', afterPieces: 2 } }) as const

/** A server that gives requests a moment when it is told to end. @param more of its config */
async function ending(more: Tree = {}) {
  const upstream = await startUpstream({ apiKey: ENV.OPENAI_API_KEY, script })
  open.push(upstream)
  const { baseUrl } = upstream
  const server = await served(
    servedTree({
      upstreams: [{ id: 'openai', protocol: 'openai', baseUrl, apiKey: '$OPENAI_API_KEY' }],
      models: [modelTree('sim-small')],
      keys: [{ name: 'bot', value: '$SUPPORT_BOT_KEY' }],
      timeouts: { drainMs: 50 },
      ...more,
    }),
  )
  const ask = (more: object, signal: AbortSignal | null = null) =>
    fetch(server.url + PATH, {
      method: 'POST',
      signal,
      headers: { authorization: `Bearer ${ENV.SUPPORT_BOT_KEY}` },
      body: JSON.stringify({ ...ASK, ...more }),
    })
  const requests = () => server.lines.filter(({ message }) => message === 'request')
  return { server, upstream, ask, requests }
}

describe('a request that takes longer than drainMs', () => {
  it.each([
    ['before its answer', false, 503],
    ['in the middle of its stream', true, 200],
  ])('is cut by the gateway, and its client and the log are told so: %s', async (_, isStream, status) => {
    const { server, upstream, ask, requests } = await ending()
    const asked = ask({ stream: isStream })
    await upstream.until(({ isStalled }) => isStalled)
    server.stop('SIGTERM')
    const answer = await asked
    expect(answer.status).toBe(status)
    expect(answer.headers.get('retry-after')).toBe(isStream ? null : '1')
    expect(await answer.text()).toContain('"code":"gateway_closed"')
    expect(await server.ended).toEqual({ exitCode: 0 })
    const [{ level, fields }] = requests()
    expect(level).toBe('error')
    expect(fields).toMatchObject({
      outcome: 'failed',
      code: 'gateway_closed',
      error: 'the gateway ended before this request did',
      status,
      isMeasured: false,
    })
    expect(fields.costUsd).toBeGreaterThan(0)
  })

  it('is cut by the gateway also where its body has not come', async () => {
    const { server, requests } = await ending()
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    const head = `POST ${PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ENV.SUPPORT_BOT_KEY}\r\n`
    let answer = ''
    socket.on('data', (bytes) => {
      answer += bytes
    })
    const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
    await new Promise<void>((resolve) =>
      socket.write(`${head}content-length: 1000\r\n\r\n{`, () => resolve()),
    )
    // One round trip: the first request has been read.
    await fetch(`${server.url}/healthz`).then((response) => response.text())
    server.stop('SIGTERM')
    await closed
    await server.ended
    expect(answer).toMatch(/^HTTP\/1\.1 503 /)
    expect(answer).toContain('"code":"gateway_closed"')
    expect(requests()[0].fields).toMatchObject({ outcome: 'failed', code: 'gateway_closed', costUsd: null })
  })
})

describe('a server with an hour for what is under way', () => {
  const HOUR = { timeouts: { drainMs: 3_600_000 } }
  const refused = async (url: string): Promise<unknown> => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    return new Promise((resolve) => socket.on('error', resolve).on('connect', () => resolve('connected')))
  }

  it('takes no connection any more, whatever it would ask for', async () => {
    const { server, upstream, ask } = await ending(HOUR)
    const abort = new AbortController()
    await ask({ stream: true }, abort.signal)
    await upstream.until(({ isStalled }) => isStalled)
    server.stop('SIGTERM')
    expect(await refused(server.url)).toMatchObject({ code: 'ECONNREFUSED' })
    abort.abort()
    expect(await server.ended).toEqual({ exitCode: 0 })
  })

  it.each([
    ['nothing', ''],
    ['half of a head', `POST ${PATH} HTTP/1.1\r\nhost: x\r\n`],
    ['half of a second head', `GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nPOST ${PATH} HTTP/1.1\r\nhost: x\r\n`],
  ])('does not wait for a client that has connected and sent %s', async (_, text) => {
    const { server } = await ending(HOUR)
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.on('data', () => {})
    const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
    await new Promise<void>((resolve) => socket.on('connect', resolve))
    if (text !== '') await new Promise<void>((resolve) => socket.write(text, () => resolve()))
    // One round trip: what was sent before has been read.
    await fetch(`${server.url}/healthz`).then((response) => response.text())
    server.stop('SIGTERM')
    expect(await server.ended).toEqual({ exitCode: 0 })
    await closed
  })

  /** A connection, and all that came of it. */
  function connected(url: string) {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    const came = { text: '', errors: 0 }
    socket.on('data', (bytes) => {
      came.text += bytes
    })
    const closed = new Promise((resolve) => socket.on('error', () => came.errors++).on('close', resolve))
    const write = (text: string) => new Promise<void>((resolve) => socket.write(text, () => resolve()))
    return { socket, came, closed, write }
  }
  const headOf = (length: number) =>
    `POST ${PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ENV.SUPPORT_BOT_KEY}\r\ncontent-length: ${length}\r\n\r\n`
  const BODY = JSON.stringify({ ...ASK, stream: true })

  /** Ends a server; an answer under way ends when one connection has been ended for its silence. @param behind what its client has sent after that request */
  async function endedWith(behind: string) {
    const { server, upstream } = await ending({ ...HOUR, limits: { bodyBytesMax: 100_000 } })
    const silent = connected(server.url)
    await new Promise<void>((resolve) => silent.socket.on('connect', resolve))
    const { came, closed, write } = connected(server.url)
    await write(headOf(BODY.length) + BODY + behind)
    await upstream.until(({ isStalled }) => isStalled)
    server.stop('SIGTERM')
    await silent.closed
    upstream.release()
    expect(await server.ended).toEqual({ exitCode: 0 })
    await closed
    return came
  }

  it('does not wait for the rest of a head behind a request that ends late', async () => {
    const { text } = await endedWith(`POST ${PATH} HTTP/1.1\r\nhost: x\r\n`)
    expect(text).toContain('data: [DONE]')
  })

  it('lets a client read that its body is too long, while that still comes', async () => {
    const { text, errors } = await endedWith(`${headOf(1_000_000)}{`)
    expect(text).toContain('data: [DONE]')
    expect(text).toMatch(/HTTP\/1\.1 413 [\s\S]*"code":"body_too_large"/)
    expect(errors).toBe(0)
  })

  it('answers a request that comes to its end on a connection which it has taken before', async () => {
    const { server } = await ending(HOUR)
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (bytes) => {
      answer += bytes
    })
    const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
    await new Promise<void>((resolve) =>
      socket.write('GET /v1/models HTTP/1.1\r\nhost: x\r\n', () => resolve()),
    )
    await fetch(`${server.url}/healthz`).then((response) => response.text())
    server.stop('SIGTERM')
    socket.write('\r\n')
    await closed
    await server.ended
    expect(answer).toMatch(/^HTTP\/1\.1 \d+ /)
  })
})

describe('a gateway that is closed', () => {
  it('counts what it has cut as its own failure, and books it', async () => {
    const server = await gatewayServer({ script })
    const asked = server.post(PATH, ASK)
    await server.upstream.until(({ isStalled }) => isStalled)
    const { reservedUsd } = server.ledger()
    await server.gateway.close()
    expect((await asked).status).toBe(503)
    expect(server.deps()?.metrics.text()).toMatch(
      /paretobandit_requests_total\{[^}]*outcome="failed",status="503",code="gateway_closed"\} 1/,
    )
    expect(server.ledger().reservedUsd).toBe(0)
    expect(server.ledger().spendUsd).toBeGreaterThanOrEqual(reservedUsd)
  })

  it('says of what it still answers that it was answered', async () => {
    const server = await gatewayServer()
    const keyring = server.deps()?.keyring
    if (keyring === undefined) throw new Error('no gateway')
    const asked = fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${CLIENT_KEY}` } })
    const closing = new Promise<void>((resolve) => {
      const { authenticate } = keyring
      // Closes in the middle of the request.
      keyring.authenticate = (text) => {
        resolve(server.gateway.close())
        return authenticate.call(keyring, text)
      }
    })
    const answer = await asked
    expect(answer.status).toBe(200)
    await closing
    expect(server.records).toMatchObject([
      { surface: 'models', status: 200, outcome: 'answered', code: null },
    ])
  })

  it('does not take the blame for a client that had left before', async () => {
    const server = await gatewayServer({ script, tree: { sessions: { onClientGone: 'drain' } } })
    const abort = new AbortController()
    const headers = { authorization: `Bearer ${CLIENT_KEY}` }
    const body = JSON.stringify({ ...ASK, stream: true })
    const asked = fetch(server.url + PATH, { method: 'POST', headers, body, signal: abort.signal })
    await server.upstream.until(({ isStalled }) => isStalled)
    await asked
    abort.abort()
    // What its socket tells comes before another request's answer.
    await fetch(`${server.url}/healthz`).then((response) => response.text())
    await server.gateway.close()
    await server.over(1)
    expect(server.records[0]).toMatchObject({ outcome: 'cancelled', code: 'client_gone' })
  })
})
