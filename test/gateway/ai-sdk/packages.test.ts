import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readConfigText } from '../../../src/gateway/config/read-config.js'
import { importFrom } from '../../../src/gateway/node/import-package.js'
import type { Script } from '../../../src/gateway/node/simulated/plan.js'
import type { Tree } from '../config/example.js'
import { closeAll, eventsOf, gatewayServer, HELLO, modelTree } from '../surfaces/gateway-server.js'

afterEach(closeAll)

const CHAT = '/v1/chat/completions'
const PACKAGE = '@ai-sdk/openai-compatible'

/** The simulated upstream behind a package that the config names, loaded as it is installed here. */
function packageServer(more: Tree = {}, script?: Script, parameters: Tree = {}, tree: Tree = {}) {
  const loaded: string[] = []
  const start = gatewayServer({
    ...(script === undefined ? {} : { script }),
    models: [modelTree('sim-middle', { upstream: 'packaged', parameters })],
    upstreams: (baseUrl) => [
      { id: 'packaged', protocol: 'ai-sdk', package: PACKAGE, baseUrl, apiKey: '$UPSTREAM_KEY', ...more },
    ],
    aiSdk: {
      importPackage: (name) => {
        loaded.push(name)
        return import(name)
      },
    },
    tree: { retries: { shareMax: 1, cooldownMs: 0 }, ...tree },
  })
  return start.then((server) => ({ ...server, loaded }))
}

const TOOLS = [{ name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }]
const ASKS: readonly (readonly [path: string, body: object])[] = [
  ['/v1/chat/completions', { messages: HELLO }],
  ['/v1/messages', { messages: HELLO, max_tokens: 500 }],
  ['/v1/responses', { input: 'Say hello.' }],
  [
    '/v1/chat/completions',
    {
      messages: HELLO,
      tools: TOOLS.map((fn) => ({ type: 'function', function: fn })),
      tool_choice: 'required',
    },
  ],
  [
    '/v1/responses',
    { input: 'Say hello.', tools: TOOLS.map((fn) => ({ type: 'function', ...fn })), tool_choice: 'required' },
  ],
]

describe('a package of the AI SDK that the config names', () => {
  it('is loaded when it is used, and every call is booked at what its upstream counted', async () => {
    const server = await packageServer()
    expect(server.loaded).toEqual([])
    for (const stream of [false, true])
      for (const [path, body] of ASKS) {
        const response = await server.post(path, { model: 'auto', ...body, stream })
        const text = await response.text()
        expect([path, stream, response.status, text.length > 50]).toEqual([path, stream, 200, true])
        if (stream) expect(eventsOf(text).length).toBeGreaterThan(2)
      }
    await server.over(2 * ASKS.length)
    expect(server.loaded).toEqual([PACKAGE])
    expect(server.upstream.entries).toHaveLength(2 * ASKS.length)
    expect(server.upstream.costUsd()).toBeGreaterThan(0)
    expect(Math.abs(server.ledger().spendUsd - server.upstream.costUsd())).toBeLessThan(1e-9)
    expect(server.ledger().reservedUsd).toBe(0)
    expect(server.problems).toEqual([])
  })

  it.each([PACKAGE, '@ai-sdk/openai', '@ai-sdk/anthropic'])(
    'takes neither its key nor a prompt to where its upstream sends it: %s',
    async (name) => {
      const got: string[] = []
      const other = createHttpServer((request, response) => {
        got.push(JSON.stringify(request.headers))
        response.end('{}')
      })
      const moved = createHttpServer((_request, response) => {
        const { port } = other.address() as AddressInfo
        // Another host, by its name.
        response.writeHead(307, { location: `http://localhost:${port}/elsewhere` }).end()
      })
      for (const each of [other, moved]) await once(each.listen(0), 'listening')
      const baseUrl = `http://127.0.0.1:${(moved.address() as AddressInfo).port}/v1`
      const server = await packageServer({ package: name, baseUrl })
      try {
        for (const stream of [false, true]) {
          const response = await server.post(CHAT, { model: 'auto', messages: HELLO, stream })
          expect([response.status, await response.json()]).toMatchObject([
            502,
            { error: { code: 'upstream_refused' } },
          ])
        }
        expect(got).toEqual([])
        expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
      } finally {
        for (const each of [other, moved]) {
          each.closeAllConnections()
          each.close()
        }
      }
    },
  )

  it.each([
    ['JSON', false, 'application/json', '{"choices":[', '1,'.repeat(1000)],
    ['a page of an error', false, 'text/html', '<p>', 'x'.repeat(1000)],
    ['an event', true, 'text/event-stream', 'data: ', 'x'.repeat(1000)],
    ['an event of many lines', true, 'text/event-stream', '', `data: ${'x'.repeat(1000)}\r\n`],
  ])('takes no more than may be of %s without an end', async (_, stream, type, head, again) => {
    let sent = 0
    const endless = createHttpServer((_request, response) => {
      response.writeHead(type === 'text/html' ? 500 : 200, { 'content-type': type }).write(head)
      response.on('error', () => {})
      const pour = (): void => {
        if (response.destroyed || sent > 64 * 1024 * 1024) return
        sent += again.length
        if (response.write(again)) setImmediate(pour)
        else response.once('drain', pour)
      }
      pour()
    })
    await once(endless.listen(0), 'listening')
    const baseUrl = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/v1`
    const limits = { answerBytesMax: 256 * 1024 }
    const server = await packageServer({ baseUrl }, undefined, {}, { limits })
    try {
      const response = await server.post(CHAT, { model: 'auto', messages: HELLO, stream })
      expect(response.status).toBe(502)
      await response.text()
      expect(sent).toBeLessThan(16 * 1024 * 1024)
    } finally {
      endless.closeAllConnections()
      endless.close()
    }
  })

  it.each(['\n', '\r\n'] as const)(
    'takes a stream of any length whose events are short: %j',
    async (lineEnd) => {
      const script: Script = () => ({ text: 'word '.repeat(2000), framing: { lineEnd, bytesPerWrite: 1000 } })
      const limits = { answerBytesMax: 64 * 1024 }
      const server = await packageServer({}, script, {}, { limits })
      const response = await server.post(CHAT, { model: 'auto', messages: HELLO, stream: true })
      const text = await response.text()
      expect(text.length).toBeGreaterThan(128 * 1024)
      expect(eventsOf(text).at(-1)).toBe('[DONE]')
      expect(server.upstream.entries[0]).toMatchObject({ ended: 'answered' })
    },
  )

  it.each([
    [PACKAGE, { parallel_tool_calls: false, reasoning_effort: 'low' }],
    ['@ai-sdk/openai', { parallel_tool_calls: false, reasoning: { effort: 'low' } }],
    ['@ai-sdk/anthropic', { tool_choice: { type: 'auto', disable_parallel_tool_use: true } }],
  ])('tells its upstream of one tool at a time and of efforts, in its words: %s', async (name, said) => {
    const seen: unknown[] = []
    // Its package knows by their names which models reason.
    const parameters = { providerOptions: { openai: { forceReasoning: true } } }
    const script: Script = ({ body }) => {
      seen.push(body)
      return {}
    }
    const server = await packageServer({ package: name }, script, parameters)
    const tools = TOOLS.map((fn) => ({ type: 'function', function: fn }))
    const effort = 'reasoning_effort' in said || 'reasoning' in said ? { reasoning_effort: 'low' } : {}
    const body = {
      model: 'auto',
      messages: HELLO,
      max_tokens: 99,
      tools,
      parallel_tool_calls: false,
      ...effort,
    }
    const response = await server.post('/v1/chat/completions', body)
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)])
    expect(seen).toMatchObject([said])
  })

  it('counts cached tokens and reasoning at their own prices', async () => {
    const tokens = { input: 1000, cachedInput: 400, output: 300, reasoning: 120 }
    const server = await packageServer({}, () => ({ tokens }))
    for (const stream of [false, true])
      await (
        await server.post('/v1/messages', { model: 'auto', max_tokens: 500, messages: HELLO, stream })
      ).text()
    await server.over(2)
    expect(Math.abs(server.ledger().spendUsd - server.upstream.costUsd())).toBeLessThan(1e-9)
  })

  it('fails as its upstream does: 429 with its time, 500, a caller who asked for what cannot be', async () => {
    const status = (code: number) =>
      packageServer({}, () => ({
        fault: { kind: 'status', status: code, retryAfter: { form: 'seconds', seconds: 3 } },
      }))
    for (const [code, told, name] of [
      [429, 429, 'upstream_rate_limited'],
      [500, 502, 'upstream_error'],
      [401, 502, 'upstream_refused'],
      [400, 400, 'upstream_rejected'],
    ] as const) {
      const server = await status(code)
      const response = await server.post('/v1/messages', { model: 'auto', max_tokens: 9, messages: HELLO })
      expect([code, response.status]).toEqual([code, told])
      expect(await response.json()).toMatchObject({ type: 'error', error: { message: expect.any(String) } })
      expect(server.records[0]).toMatchObject({ code: name, costUsd: 0 })
      if (code === 429) expect(response.headers.get('retry-after')).toBe('3')
      await closeAll()
    }
  })

  it("that is not there, or makes no provider, is the operator's to mend: the log says what, the client hears of it alone", async () => {
    for (const [more, said] of [
      [{ package: 'no-such-package-here' }, 'package no-such-package-here cannot be loaded'],
      [{ package: 'eventsource-parser', factory: null }, 'makes no provider'],
      [{ factory: 'createNothing' }, 'exports no function createNothing'],
      [{ package: null }, 'has no package'],
    ] as const) {
      const server = await packageServer(more)
      const response = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
      expect(response.status).toBe(502)
      expect(await response.json()).toMatchObject({ error: { code: 'upstream_refused' } })
      expect(server.problems.join()).toContain(said)
      await closeAll()
    }
  })

  it('is a name of npm and nothing else, and its secrets do not stand in the file', async () => {
    const read = (lines: string) =>
      readConfigText(
        `upstreams:\n  - { id: up, protocol: ai-sdk, ${lines} }\nmodels: [{ id: m, upstream: up, prices: null }]\n`,
        { name: 'c.yaml', env: { KEY: 'sk-0123456789' } },
      )
    for (const name of [
      './evil.js',
      '../x',
      '/etc/x',
      'file:///x',
      'https://x.test/a',
      'node:fs',
      'data:text/javascript,0',
      '@a/../b',
    ])
      await expect(read(`package: ${JSON.stringify(name)}`)).rejects.toThrow('npm package')
    await expect(read("package: '@ai-sdk/google', apiKey: sk-0123456789")).rejects.toThrow(
      'environment variable',
    )
    const config = await read(
      "package: '@ai-sdk/google', apiKey: $KEY, options: { region: eu, token: $KEY, flag: true }",
    )
    expect(JSON.stringify(config)).not.toContain('sk-0123456789')
    expect(config.upstreams[0]).toMatchObject({ package: '@ai-sdk/google', baseUrl: '', factory: null })
    await expect(read("package: '@ai-sdk/google', region: eu")).rejects.toThrow('region')
  })

  it('that reaches nobody costs nothing', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    const server = await packageServer({ baseUrl: `http://127.0.0.1:${port}/v1` })
    for (const stream of [false, true]) {
      const body = { model: 'auto', messages: HELLO, stream }
      const response = await server.post('/v1/chat/completions', body)
      expect([stream, response.status]).toEqual([stream, 502])
      expect(await response.json()).toMatchObject({ error: { code: 'upstream_unreachable' } })
    }
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
  })

  it('may be installed where the server is started', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-'))
    const home = join(folder, 'node_modules', 'only-there')
    await mkdir(home, { recursive: true })
    await writeFile(
      join(home, 'package.json'),
      '{ "name": "only-there", "type": "module", "exports": "./a.js" }',
    )
    await writeFile(join(home, 'a.js'), 'export const createIt = 7')
    expect(await importFrom(folder)('only-there')).toMatchObject({ createIt: 7 })
    await expect(importFrom(folder)('not-even-there')).rejects.toThrow('not-even-there')
    await rm(folder, { recursive: true })
  })
})
