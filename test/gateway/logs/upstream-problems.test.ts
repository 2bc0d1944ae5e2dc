import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { upstreamProblemLog } from '../../../src/gateway/logs/upstream-problems.js'
import { undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import { Break } from '../../../src/gateway/upstreams/break.js'
import { closeAll, gatewayServer, HELLO, modelTree } from '../surfaces/gateway-server.js'

afterEach(closeAll)

const CHAT = '/v1/chat/completions'

function toldOf({ lines }: Awaited<ReturnType<typeof gatewayServer>>) {
  return lines.filter(({ message }) => message.startsWith('a call of an upstream failed'))
}

describe('why an upstream refuses, or is not reached', () => {
  it.each([401, 402, 403, 404])('is in the log, and not in the answer to the client: %i', async (status) => {
    const message = `no such model, or no such key: sk-upstream-0123456789`
    const server = await gatewayServer({
      script: () => ({ fault: { kind: 'status', status, message } }),
      models: [modelTree('sim-small'), modelTree('sim-claude')],
    })
    const requests = [
      [CHAT, { model: 'sim-small', messages: HELLO }],
      [CHAT, { model: 'sim-small', messages: HELLO, stream: true }],
      ['/v1/messages', { model: 'sim-claude', messages: HELLO, max_tokens: 5 }],
    ] as const
    for (const [path, body] of requests) {
      const answer = await server.post(path, body)
      expect(answer.status).toBe(502)
      expect(await answer.text()).not.toContain('no such model')
    }
    const error = `the upstream answered ${status}`
    const detail = 'no such model, or no such key: $UPSTREAM_KEY'
    expect(toldOf(server).map(({ level, fields }) => [level, fields])).toEqual(
      [
        ['sim-small', 'openai', '/chat/completions'],
        ['sim-claude', 'anthropic', '/messages'],
      ].map(([model, upstream, path]) => [
        'warn',
        { model, upstream, upstreamModel: model, url: server.upstream.baseUrl + path, error, detail },
      ]),
    )
  })

  it('is no fault of a model where this process may open no more sockets', async () => {
    let isOut = true
    const call = undiciUpstream()
    const server = await gatewayServer({
      models: [modelTree('sim-small'), modelTree('sim-middle'), modelTree('sim-claude')],
      call: (asked) => {
        if (!isOut) return call(asked)
        asked.markSent?.(false)
        return Promise.reject(Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' }))
      },
    })
    for (let i = 0; i < 20; i++) {
      const answer = await server.post(CHAT, { model: 'auto', messages: HELLO })
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await answer.json()).toMatchObject({ error: { code: 'gateway_out_of_sockets' } })
    }
    const ask = { model: 'sim-claude', messages: HELLO, max_tokens: 5 }
    const count = await server.post('/v1/messages/count_tokens', { ...ask, max_tokens: undefined })
    expect(count.status).toBe(503)
    // One line, and no word of a pause.
    expect(server.lines).toMatchObject([
      {
        level: 'error',
        message: expect.stringMatching(/raise the limit/),
        fields: { error: expect.stringMatching(/^connect EMFILE: .* LimitNOFILE/) },
      },
    ])
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
    isOut = false
    for (const model of ['sim-small', 'sim-middle', 'sim-claude'])
      expect(
        (await server.post(model === 'sim-claude' ? '/v1/messages' : CHAT, { ...ask, model })).status,
      ).toBe(200)
  })

  it('is the same where a name cannot be looked up for want of a file', async () => {
    const fails = (code: string, syscall: string) =>
      undiciUpstream(() => ({
        dispatcher: {
          dispatch(_, handler) {
            const error = Object.assign(new Error(`${syscall} ${code} api.example`), { code, syscall })
            handler.onResponseError?.(undefined as never, error)
            return true
          },
        },
        origin: 'http://api.example',
        path: '/',
        headers: null,
      }))({ url: 'http://api.example/', headers: {}, body: '{}', signal: new Break().signal })
    for (const code of ['EBUSY', 'EINVAL'])
      await expect(fails(code, 'getaddrinfo')).rejects.toMatchObject({ code: 'EMFILE' })
    await expect(fails('EAI_AGAIN', 'getaddrinfo')).rejects.toMatchObject({ code: 'EAI_AGAIN' })
    await expect(fails('EBUSY', 'connect')).rejects.toMatchObject({ code: 'EBUSY' })
  })

  it('is in the log where there is no connection', async () => {
    const server = await gatewayServer({
      upstreams: () => [{ id: 'typo', protocol: 'openai', baseUrl: 'http://127.0.0.1:1/v1', apiKey: null }],
      models: [modelTree('sim-small', { upstream: 'typo' })],
    })
    const answer = await server.post(CHAT, { model: 'sim-small', messages: HELLO })
    expect(answer.status).toBe(502)
    expect(await answer.text()).not.toContain('127.0.0.1')
    expect(toldOf(server).map(({ fields }) => fields)).toEqual([
      {
        model: 'sim-small',
        upstream: 'typo',
        upstreamModel: 'sim-small',
        url: 'http://127.0.0.1:1/v1/chat/completions',
        error: 'the upstream cannot be reached',
        detail: expect.stringContaining('ECONNREFUSED'),
      },
    ])
  })

  it.each([
    [
      404,
      '<html><head><title>404 Not Found</title></head>\n<body>nginx</body></html>',
      '404 Not Found nginx',
    ],
    [401, '', 'it said no more'],
    [301, '<html>Moved</html>', 'a redirection, and none is followed: baseUrl is not the address itself'],
  ])('is in the log where it is said in no error: %i', async (status, page, detail) => {
    const wrong = createServer((_request, response) => response.writeHead(status).end(page))
    await new Promise<void>((resolve) => wrong.listen(0, '127.0.0.1', resolve))
    const baseUrl = `http://127.0.0.1:${(wrong.address() as AddressInfo).port}/v1`
    try {
      const server = await gatewayServer({
        upstreams: () => [{ id: 'typo', protocol: 'openai', baseUrl, apiKey: null }],
        models: [modelTree('sim-small', { upstream: 'typo' })],
      })
      expect((await server.post(CHAT, { model: 'sim-small', messages: HELLO })).status).toBe(502)
      const url = `${baseUrl}/chat/completions`
      const error = `the upstream answered ${status}`
      expect(toldOf(server).map(({ fields }) => fields)).toMatchObject([{ url, error, detail }])
    } finally {
      wrong.closeAllConnections()
      wrong.close()
    }
  })

  it('is no line where the client left', async () => {
    const server = await gatewayServer({
      script: () => ({ fault: { kind: 'stall-before-headers' } }),
      models: [modelTree('sim-small')],
    })
    const abort = new AbortController()
    const asked = fetch(server.url + CHAT, {
      method: 'POST',
      headers: { authorization: 'Bearer pb-client-0123456789abcdef' },
      body: JSON.stringify({ model: 'sim-small', messages: HELLO }),
      signal: abort.signal,
    })
    setTimeout(() => abort.abort(), 100)
    await expect(asked).rejects.toThrow('abort')
    await server.over(1)
    expect(toldOf(server)).toEqual([])
  })

  it('is a line a minute, cut to its beginning, with how often it came in between', () => {
    const told: object[] = []
    let now = 0
    const log = upstreamProblemLog(
      (_level, fields) => told.push(fields),
      () => now,
    )
    const problem = { model: 'm', upstream: 'u', upstreamModel: 'm', error: 'the upstream answered 401' }
    for (now = 0; now <= 60_000; now += 1000)
      log({ ...problem, detail: `request ${now}: ${'x'.repeat(900)}` })
    expect(told).toEqual([
      { ...problem, detail: expect.stringMatching(/^request 0: x{489}$/) },
      { ...problem, detail: expect.stringMatching(/^request 60000: x{485}$/), alikeSince: 59 },
    ])
  })
})
