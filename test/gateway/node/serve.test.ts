import { mkdtemp, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import type { MakeSurfaces } from '../../../src/gateway/surfaces.js'
import type { Tree } from '../config/example.js'
import { ADMIN, served, servedTree, type TestServer } from './serving.js'

const open: TestServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.stop('test')
    await server.ended
  }
})

async function started(...args: Parameters<typeof served>): Promise<TestServer> {
  const server = await served(...args)
  open.push(server)
  return server
}

const get = async (server: TestServer, path: string, headers: Readonly<Record<string, string>> = {}) => {
  const response = await fetch(`${server.url}${path}`, { headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Sends bytes, and reads until the server closes, or for `ms`. */
function raw(server: TestServer, bytes: string | Buffer, ms = 2000): Promise<string> {
  const { hostname, port } = new URL(server.url)
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    const end = () => {
      socket.destroy()
      resolve(text)
    }
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('close', end)
    socket.on('error', end)
    setTimeout(end, ms).unref()
  })
}

/** Answers that take as long as the test wants; it tells whether clients went away. */
function slowSurfaces() {
  const state = { begun: 0, aborted: 0, isClosed: false, finish: () => {} }
  const make: MakeSurfaces = () => ({
    fetch(request) {
      state.begun++
      request.signal.addEventListener('abort', () => {
        state.aborted++
      })
      const encoder = new TextEncoder()
      return new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(encoder.encode('begin '))
            state.finish = () => {
              controller.enqueue(encoder.encode('end'))
              controller.close()
            }
          },
        }),
      )
    },
    close: async () => {
      state.isClosed = true
    },
  })
  return { state, make }
}

describe('a server', () => {
  it('takes prices from a file, and a reload takes those of an edited one', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'paretobandit-prices-')), 'prices.json')
    const list = (usd: number) =>
      writeFile(file, JSON.stringify([{ id: 'm', inputUsdPerMTok: usd, outputUsdPerMTok: 2 * usd }]))
    await list(0.5)
    const server = await started(servedTree({ prices: { source: file, refresh: '1h' } }))
    const taken = (count: number) =>
      vi.waitFor(
        () => {
          const lines = server.lines.filter(({ message }) => message.includes('has those of the list'))
          expect(lines).toHaveLength(count)
          return lines[count - 1].fields
        },
        { timeout: 20_000 },
      )
    expect(await taken(1)).toMatchObject({
      model: 'm',
      source: file,
      changes: expect.arrayContaining([{ price: 'inputUsdPerMTok', before: 1, after: 0.5 }]),
    })
    await list(0.25)
    await server.reload()
    expect(await taken(2)).toMatchObject({
      changes: expect.arrayContaining([{ price: 'outputUsdPerMTok', before: 1, after: 0.5 }]),
    })
    const models = await get(server, '/admin/models', ADMIN)
    expect(JSON.parse(models.text).models[0]).toMatchObject({ inputUsdPerMTok: 0.25, outputUsdPerMTok: 0.5 })
  }, 60_000)

  it('is alive, ready, and shows its metrics to the admin alone', async () => {
    const server = await started()
    expect(await get(server, '/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' })
    expect(await get(server, '/readyz')).toMatchObject({
      status: 200,
      text: '{"status":"ready","store":"ok"}',
    })
    expect((await get(server, '/metrics')).status).toBe(401)
    const metrics = await get(server, '/metrics', ADMIN)
    expect(metrics.headers.get('content-type')).toContain('version=0.0.4')
    expect(metrics.text).toContain('paretobandit_streams 0')
    const openly = await started(servedTree({ metrics: { open: true } }))
    expect((await get(openly, '/metrics')).status).toBe(200)
    expect((await get(server, '/admin/stats', ADMIN)).status).toBe(200)
    expect(await get(server, '/v1/models')).toMatchObject({ status: 401 })
    expect(server.lines.map(({ message }) => message)).toEqual(['listening', 'ready', 'request'])
  })

  it('reads its config again, and keeps the old one where the new has mistakes', async () => {
    const server = await started()
    const [model] = servedTree().models as Tree[]
    const dearer = { ...model, prices: { inputUsdPerMTok: 7, outputUsdPerMTok: 8 } }
    await server.rewrite(servedTree({ models: [dearer], listen: { port: 1 } }))
    await server.reload()
    expect(server.lines.at(-1)).toMatchObject({
      message: 'config reloaded',
      fields: { applied: ['model m: prices'] },
    })
    expect(server.lines.at(-2)).toMatchObject({ level: 'warn', fields: { paths: ['listen'] } })
    await server.rewrite(servedTree({ models: [{ ...dearer, upstream: 'x' }], limits: 3 }))
    await server.reload()
    expect(server.lines.at(-1)?.fields).toEqual({
      mistakes: [
        expect.stringContaining('models[0].upstream: no upstream is called "x"'),
        expect.stringContaining('limits: expected an object, got 3'),
      ],
    })
    const { text } = await get(server, '/admin/models', ADMIN)
    expect(JSON.parse(text).models[0]).toMatchObject({ inputUsdPerMTok: 7, upstream: 'up' })
    await server.rewrite(Buffer.from('models: []\n# caf\u00e9\n', 'latin1'))
    await server.reload()
    expect(server.lines.at(-1)?.fields).toEqual({
      mistakes: [expect.stringMatching(/:2:6: expected text in UTF-8, byte 6 of line 2 is 0xe9, not UTF-8/)],
    })
    await server.remove()
    await server.reload()
    expect(server.lines.at(-1)?.fields).toEqual({
      mistakes: [expect.stringContaining('cannot be read: ENOENT')],
    })
    const response = await fetch(`${server.url}/admin/reload`, { method: 'POST', headers: ADMIN })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({
      error: {
        message: expect.stringMatching(/ has a mistake$/),
        mistakes: [{ message: expect.stringContaining('ENOENT') }],
      },
    })
  })

  it('reads it by itself once it was edited where that is asked for, and goes on after mistakes', async () => {
    const server = await started(servedTree(), undefined, true)
    const last = () => server.lines.at(-1)
    await server.rewrite(servedTree({ logging: { level: 'warn' }, limits: 3 }))
    await expect.poll(last, { timeout: 10_000 }).toMatchObject({
      level: 'error',
      fields: { mistakes: [expect.stringContaining('limits: expected an object, got 3')] },
    })
    await server.rewrite(servedTree({ logging: { level: 'warn' } }))
    await expect.poll(last, { timeout: 10_000 }).toMatchObject({ message: 'config reloaded' })
    expect(server.level()).toBe('warn')
    // What was read by hand and is taken back at once: what the file says in the end is in force.
    await server.rewrite(servedTree({ logging: { level: 'error' } }))
    await server.reload()
    await server.rewrite(servedTree({ logging: { level: 'warn' } }))
    expect(server.level()).toBe('error')
    await expect.poll(server.level, { timeout: 10_000 }).toBe('warn')
  })

  it('writes its log at the level of the config that was read last, whoever had it read', async () => {
    const server = await started()
    await server.rewrite(servedTree({ logging: { level: 'error' } }))
    const response = await fetch(`${server.url}/admin/reload`, { method: 'POST', headers: ADMIN })
    expect(await response.json()).toMatchObject({ settings: ['logging'] })
    expect(server.level()).toBe('error')
    await server.rewrite(servedTree({ logging: { level: 'warn' } }))
    await server.reload()
    expect(server.level()).toBe('warn')
    await server.rewrite(servedTree({ logging: { level: 'silent' }, limits: 3 }))
    await server.reload()
    expect(server.level()).toBe('warn')
  })

  it('on reloads that come all at once does one after another', async () => {
    const server = await started()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        fetch(`${server.url}/admin/reload`, { method: 'POST', headers: ADMIN }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  })
})

describe('a server that ends', () => {
  it('lets no request in, and those under way end by themselves', async () => {
    const { state, make } = slowSurfaces()
    const server = await started(servedTree(), make)
    const under = fetch(`${server.url}/v1/x`)
    await expect.poll(() => state.begun).toBe(1)
    const idle = await fetch(`${server.url}/healthz`)
    await idle.text()
    server.stop('SIGTERM')
    // A connection that is kept open may carry one more request; a new one is refused.
    const late = await fetch(`${server.url}/v1/x`).then(
      (response) => response.status,
      () => 'refused',
    )
    expect([503, 'refused']).toContain(late)
    expect(state).toMatchObject({ begun: 1, aborted: 0, isClosed: false })
    state.finish()
    expect(await (await under).text()).toBe('begin end')
    expect(await server.ended).toEqual({ exitCode: 0 })
    expect(state).toMatchObject({ begun: 1, isClosed: true })
    expect(server.lines.map(({ message }) => message)).toEqual(['listening', 'ready', 'draining', 'ended'])
  })

  it('cuts off what takes longer than drainMs, and then books it', async () => {
    const { state, make } = slowSurfaces()
    const server = await started(servedTree({ timeouts: { drainMs: 150 } }), make)
    const under = fetch(`${server.url}/v1/x`).then((response) => response.text())
    await expect.poll(() => state.begun).toBe(1)
    server.stop('SIGTERM')
    await expect(under).rejects.toThrow()
    expect(await server.ended).toEqual({ exitCode: 0 })
    expect(state.isClosed).toBe(true)
    await expect.poll(() => state.aborted).toBe(1)
  })

  it('ends at once when it is told twice', async () => {
    const { state, make } = slowSurfaces()
    const server = await started(servedTree(), make)
    const under = fetch(`${server.url}/v1/x`).then((response) => response.text())
    under.catch(() => {})
    await expect.poll(() => state.begun).toBe(1)
    server.stop('SIGTERM')
    server.stop('SIGINT')
    expect(await server.ended).toEqual({ exitCode: 1 })
    state.finish()
    await under.catch(() => {})
  })

  /** A signal comes while the gateway is put together. */
  const signalled =
    (signal: NodeJS.Signals): MakeSurfaces =>
    (deps) => {
      process.emit(signal)
      return clientSurfaces()(deps)
    }

  it('tells clients that it starts, each in its own protocol', async () => {
    const free = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => free.once('listening', resolve))
    const { port } = free.address() as AddressInfo
    await new Promise((resolve) => free.close(resolve))
    const told: unknown[] = []
    const server = await started(servedTree({ listen: { port } }), async (deps) => {
      for (const path of ['/v1/messages', '/v1/messages/count_tokens', '/v1/responses']) {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: '{}' })
        told.push([response.status, response.headers.get('retry-after'), await response.json()])
      }
      return clientSurfaces()(deps)
    })
    const message = 'this gateway is starting'
    const anthropic = { type: 'error', error: { type: 'overloaded_error', message, code: 'starting' } }
    const openai = { error: { message, type: 'server_error', param: null, code: 'starting' } }
    expect(told).toEqual([
      [503, '1', anthropic],
      [503, '1', anthropic],
      [503, '1', openai],
    ])
    const nowhere = JSON.parse((await get(server, '/v1/messages/batches')).text)
    expect(nowhere).toMatchObject({ type: 'error', error: { type: 'not_found_error', code: 'not_found' } })
  })

  it('keeps signals that come while it starts: a reload waits until there is something to reload', async () => {
    const server = await served(servedTree(), signalled('SIGHUP'))
    await expect.poll(() => server.lines.map(({ message }) => message)).toContain('config reloaded')
    server.stop('test')
    expect(await server.ended).toEqual({ exitCode: 0 })
  })

  it('ends where it is told to while it starts, and never takes a request', async () => {
    const server = await served(servedTree(), signalled('SIGTERM'))
    expect(await server.ended).toEqual({ exitCode: 0 })
    expect(server.lines.map(({ message }) => message)).not.toContain('ready')
  })

  it('leaves no signal handlers behind', async () => {
    const before = process.listenerCount('SIGTERM')
    const server = await started()
    expect(process.listenerCount('SIGTERM')).toBe(before + 1)
    server.stop('test')
    await server.ended
    expect(process.listenerCount('SIGTERM')).toBe(before)
  })
})

describe('bytes that are no good request', () => {
  const HEAD = 'POST /admin/reload HTTP/1.1\r\nhost: x\r\n'

  it.each([
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['a length and chunks', `${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['two lengths', `${HEAD}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`, 400],
    ['a negative length', `${HEAD}content-length: -5\r\n\r\n`, 400],
    ['chunks after another coding', `${HEAD}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`, 400],
    ['a space before the colon', `${HEAD}content-length : 5\r\n\r\nhello`, 400],
    ['a line end within a header', `${HEAD}x: a\rb\r\n\r\n`, 400],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['a zero byte in a header', `${HEAD}x: a\u0000b\r\n\r\n`, 400],
    ['a header that is too long', `${HEAD}x: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'too many headers in all',
      `${HEAD}${Array.from({ length: 400 }, (_, i) => `x${i}: ${'a'.repeat(60)}\r\n`).join('')}\r\n`,
      431,
    ],
    ['TLS', Buffer.from('16030100a5010000a1', 'hex'), 400],
  ])('are answered and the connection ends: %s', async (_, bytes, status) => {
    const server = await started()
    const text = await raw(server, bytes)
    expect(text.split(' ')[1]).toBe(String(status))
    // One answer, whatever was in the bytes.
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(await get(server, '/healthz')).toMatchObject({ status: 200 })
    expect(server.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('that come too slowly are given up', async () => {
    const server = await started(servedTree({ timeouts: { requestMs: 200 } }))
    const begun = performance.now()
    const text = await raw(server, 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ', 5000)
    expect(text).toContain('408 Request Timeout')
    expect(performance.now() - begun).toBeLessThan(4000)
  })

  it('of a client that closes its half are answered', async () => {
    const server = await started()
    const { hostname, port } = new URL(server.url)
    const text = await new Promise<string>((resolve) => {
      let read = ''
      const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true }, () =>
        socket.end('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
      )
      socket.on('data', (chunk) => {
        read += chunk.toString()
      })
      socket.on('end', () => resolve(read))
    })
    expect(text).toContain('{"status":"ok"}')
  })

  it.each([
    '/admin/../metrics',
    '//admin/stats',
    '/admin%2Fstats',
    '/ADMIN/stats',
    '/admin/stats/',
    '/admin/stats?x=/healthz',
    '/healthz/../admin/stats',
    '/healthz/admin/stats',
  ])('no spelling of a path gets around the admin key: %s', async (path) => {
    const server = await started()
    const text = await raw(server, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    expect(text).not.toContain('"requests"')
    expect(text).not.toContain('paretobandit_')
    expect(text.split(' ')[1]).toMatch(/^(401|404)$/)
  })

  it.each([
    '/v1/../metrics',
    '/v1/%2e%2e/metrics',
    '/v1/.%2E/metrics',
    '/v1/..%5c../metrics',
    '/v1\\..\\metrics',
    '/f/./../metrics',
    '/%6detrics',
    '/%2e/metrics',
    'http://x/v1/../metrics',
    'http://x\\..\\metrics',
  ])('no path is read in another way than by a proxy before it: %s', async (path) => {
    const server = await started(servedTree({ metrics: { open: true } }))
    const text = await raw(server, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    expect(text).not.toContain('paretobandit_')
    expect(text.split(' ')[1]).toMatch(/^40[04]$/)
    expect(server.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it.each(['/metrics', '/metrics?a=/../b', 'http://x/metrics', '/metrics#/..'])(
    'a path that is written plainly is found: %s',
    async (path) => {
      const server = await started(servedTree({ metrics: { open: true } }))
      const text = await raw(server, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
      expect(text).toContain('paretobandit_')
    },
  )

  it('no host header makes it fail', async () => {
    const server = await started()
    for (const host of ['', '@', 'a b', '[', 'x:99999999', '\u00ff']) {
      const text = await raw(
        server,
        Buffer.from(`GET /healthz HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`, 'latin1'),
      )
      expect(text.split(' ')[1], host).toMatch(/^(200|400)$/)
    }
    expect(server.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})
