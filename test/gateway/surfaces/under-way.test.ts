import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Secret } from '../../../src/gateway/config/secret.js'
import { ADMIN_KEY, CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

const ends: (() => void)[] = []
afterEach(async () => {
  await closeAll()
  for (const end of ends.splice(0)) end()
})

const CHAT = '/v1/chat/completions'
const PRICES = { inputUsdPerMTok: 1, outputUsdPerMTok: 10 }
const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
const piece = (content: string, finish: string | null = null) =>
  event({
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  })

/** An upstream whose stream has begun, and goes on when the test says so. */
async function halting(usage: object | null) {
  const answers: ServerResponse[] = []
  let tell: () => void = () => {}
  const begun = new Promise<void>((resolve) => {
    tell = resolve
  })
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('content-type', 'text/event-stream')
    response.write(piece('a word or two of many. '.repeat(500)))
    answers.push(response)
    tell()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const rest = `${piece('', 'stop')}${usage === null ? '' : event({ choices: [], usage })}data: [DONE]\n\n`
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    begun,
    goOn: () => answers.map((answer) => answer.end(rest)),
  }
}

/** A request whose body comes after its head, and what happens between them. @returns the whole answer */
async function sentLate(
  url: string,
  path: string,
  key: string,
  body: object,
  meanwhile: () => Promise<unknown>,
): Promise<string> {
  const bytes = JSON.stringify(body)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let text = ''
  const answered = new Promise<void>((resolve) => {
    socket.on('data', (some) => {
      text += some.toString()
    })
    socket.once('close', () => resolve())
  })
  const head = `POST ${path} HTTP/1.1\r\nhost: g\r\nauthorization: Bearer ${key}\r\nconnection: close`
  socket.write(`${head}\r\nexpect: 100-continue\r\ncontent-length: ${bytes.length}\r\n\r\n`)
  // Node says so when it has given the request on.
  await new Promise((resolve) => socket.once('data', resolve))
  await meanwhile()
  socket.write(bytes)
  await answered
  return text
}

describe('prices that change while an answer comes', () => {
  const counts = { prompt_tokens: 100, completion_tokens: 1000 }
  const ways: readonly (readonly [what: string, usage: object | null, asked: object])[] = [
    ['with a usage', counts, {}],
    ['without a usage', null, {}],
    ['of a kind that nobody knows', { ...counts, completion_tokens_details: { new_tokens: 500 } }, {}],
    ['of what may be dearer', { ...counts, cost: 0.001 }, { plugins: [{ id: 'web' }] }],
  ]
  it.each(ways)('are not those that it is booked at: %s', async (_, usage, asked) => {
    const costs: (number | null)[] = []
    for (const factor of [1, 1000, 0.001]) {
      const upstream = await halting(usage)
      const server = await gatewayServer({
        models: [modelTree('m', { upstream: 'own', prices: PRICES })],
        tree: { requests: { allow: ['plugins'] } },
        upstreams: () => [{ id: 'own', protocol: 'openai', baseUrl: upstream.baseUrl }],
      })
      const answer = server.post(CHAT, { model: 'm', messages: HELLO, stream: true, ...asked })
      await upstream.begun
      server.router.reprice('m', { inputUsdPerMTok: factor, outputUsdPerMTok: 10 * factor })
      upstream.goOn()
      await (await answer).text()
      const [{ costUsd }] = await server.over(1)
      expect(server.ledger().spendUsd).toBeCloseTo(costUsd ?? Number.NaN, 12)
      costs.push(costUsd)
      await server.close()
    }
    const [same, ...others] = costs
    for (const other of others) expect(other).toBeCloseTo(same ?? Number.NaN, 12)
  })
})

describe('a model that is removed while a request comes', () => {
  const added = { ...modelTree('added'), upstreamModel: 'sim-small', prices: PRICES }

  async function deletedMeanwhile(model: string, method = 'DELETE', path = '/models/added') {
    const server = await gatewayServer({
      tree: { admin: { key: '$ADMIN_KEY' } },
      models: [modelTree('sim-small')],
    })
    const admin = async (method: string, path: string, body?: object) => {
      const text = body === undefined ? {} : { body: JSON.stringify(body) }
      const answer = await fetch(`${server.url}/admin${path}`, {
        method,
        headers: { 'x-api-key': ADMIN_KEY },
        ...text,
      })
      expect(answer.status).toBeLessThan(300)
    }
    await admin('POST', '/models', added)
    // A key that was seen is known at once: of another the hash may take longer than the removal.
    const known = { headers: { authorization: `Bearer ${CLIENT_KEY}` } }
    await (await fetch(`${server.url}/v1/models`, known)).text()
    const body = { model, messages: HELLO }
    const text = await sentLate(server.url, CHAT, CLIENT_KEY, body, () => admin(method, path))
    expect(server.problems).toEqual([])
    expect(server.ledger().reservedUsd).toBe(0)
    return text
  }

  it('leaves it to the others', async () => {
    expect(await deletedMeanwhile('auto')).toMatch(/x-paretobandit-model: sim-small/)
  })

  it('and is the only one gets a refusal that says so', async () => {
    expect(await deletedMeanwhile('added')).toMatch(/ 503 .*"code":"no_model_available"/s)
  })

  it('or is switched off, which may last: no refusal says for how long', async () => {
    const text = await deletedMeanwhile('added', 'POST', '/models/added/disable')
    expect(text).toMatch(/ 503 .*"code":"no_model_available"/s)
    expect(text).not.toMatch(/retry-after/i)
  })
})

describe('a key that is revoked before the body of its request has come', () => {
  const bodies: readonly (readonly [path: string, body: object])[] = [
    [CHAT, { model: 'auto', messages: HELLO }],
    ['/v1/responses', { model: 'auto', input: 'Say hello.' }],
    ['/v1/messages', { model: 'auto', messages: HELLO, max_tokens: 9 }],
    ['/v1/messages/count_tokens', { model: 'auto', messages: HELLO }],
    ['/v1/embeddings', { model: 'sim-embed', input: 'hello' }],
    ['/v1/route', { model: 'auto', messages: HELLO }],
  ]
  it.each([...bodies, ['/v1/feedback', {}] as const])('is one no more: %s', async (path, given) => {
    const server = await gatewayServer({ tree: { admin: { key: '$ADMIN_KEY' } } })
    const admin = async (method: string, to: string, body?: object) => {
      const init = { method, headers: { 'x-api-key': ADMIN_KEY } }
      const text = body === undefined ? {} : { body: JSON.stringify(body) }
      return (await fetch(`${server.url}/admin${to}`, { ...init, ...text })).json()
    }
    const { id, key } = (await admin('POST', '/keys', { name: 'leaked' })) as { id: string; key: string }
    const ask = { model: 'sim-small', messages: HELLO }
    const before = await server.post(CHAT, ask, { authorization: `Bearer ${key}` })
    const decision = { decision_id: before.headers.get('x-paretobandit-decision'), value: 0 }
    await before.text()
    const { spendUsd } = server.ledger()
    const body = path === '/v1/feedback' ? decision : given
    const text = await sentLate(server.url, path, key, body, () => admin('DELETE', `/keys/${id}`))
    expect(text).toMatch(/ 401 .*"code":"revoked_api_key"/s)
    expect(server.ledger()).toEqual({ spendUsd, reservedUsd: 0 })
    const [, record] = await server.over(2)
    expect(record).toMatchObject({ outcome: 'refused', code: 'revoked_api_key', tries: 0 })
    expect(server.gateway.rates.streamCount).toBe(0)
    expect(server.problems).toEqual([])
  })
})

describe('a bill that an admin corrects before it comes', () => {
  it('is the one on the ledger, in the log and in what the request cost', async () => {
    const upstream = await halting({ prompt_tokens: 100, completion_tokens: 50 })
    const server = await gatewayServer({
      models: [modelTree('m', { upstream: 'own', prices: PRICES })],
      tree: { admin: { key: '$ADMIN_KEY' } },
      upstreams: () => [{ id: 'own', protocol: 'openai', baseUrl: upstream.baseUrl }],
    })
    const answer = await server.post(CHAT, { model: 'm', messages: HELLO, stream: true })
    const decision = answer.headers.get('x-paretobandit-decision')
    for (const costUsd of [0.5, 0.25]) {
      const corrected = await fetch(`${server.url}/admin/corrections`, {
        method: 'POST',
        headers: { 'x-api-key': ADMIN_KEY },
        body: JSON.stringify({ decision, costUsd }),
      })
      expect(corrected.status).toBe(200)
    }
    upstream.goOn()
    await answer.text()
    const [record] = await server.over(1)
    expect([record.outcome, record.costUsd, server.ledger().spendUsd]).toEqual(['answered', 0.25, 0.25])
    expect(server.ledger().reservedUsd).toBe(0)
    expect(server.problems).toEqual([])
  })
})

describe('a key of an upstream that is changed', () => {
  it('is shown to nobody by what was under way with it', async () => {
    let answer = () => {}
    const server = await gatewayServer({
      call: async ({ headers }) => {
        await new Promise<void>((resolve) => {
          answer = resolve
        })
        const error = { message: `no such key: ${headers.authorization}`, type: 'invalid_request_error' }
        const bytes = [new TextEncoder().encode(JSON.stringify({ error }))].values()
        const body = { next: async () => bytes.next() }
        return { status: 400, header: () => null, body }
      },
    })
    const { live } = server.gateway
    const ask = { model: 'sim-small', messages: HELLO }
    const pending = server.post('/v1/chat/completions', ask)
    await expect.poll(() => server.ledger().reservedUsd).toBeGreaterThan(0)
    const old = live.current.upstreams[0]?.apiKey?.reveal() ?? ''
    const apiKey = new Secret('sk-new-0123456789', '$NEW_KEY')
    live.replace({ ...live.current, upstreams: live.current.upstreams.map((each) => ({ ...each, apiKey })) })
    answer()
    const text = await (await pending).text()
    expect([text.includes('no such key'), text.includes('$UPSTREAM_KEY')]).toEqual([true, true])
    expect(old).toHaveLength(22)
    expect([text, JSON.stringify(server.records)].filter((each) => each.includes(old))).toEqual([])
    expect([old, apiKey.reveal()].map((each) => live.scrub(each))).toEqual(['$UPSTREAM_KEY', '$NEW_KEY'])
  })
})
