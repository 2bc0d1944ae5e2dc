import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { noProxyOf } from '../../../src/gateway/node/proxy.js'
import { proxiedBy, undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import { failureOfConnection } from '../../../src/gateway/upstreams/failure.js'
import { CERTIFICATE, CERTIFICATE_KEY } from '../../support/certificate.js'
import { proxyBefore } from '../../support/proxy-server.js'

const open: { close(): void }[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

async function portOf(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))))
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const HERE: RequestListener = (request, response) => response.end(`${request.headers.host}${request.url}`)

/** A provider, and a proxy that leads to it. */
async function behindProxy({ tls = false } = {}) {
  const server = tls ? createTlsServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, HERE) : createServer(HERE)
  const port = await portOf(server)
  const proxy = await proxyBefore(port)
  open.push(proxy)
  return { port, ...proxy }
}

type Env = Readonly<Record<string, string>>

async function ask(url: string, env: Env, timeout = 10_000): Promise<string> {
  const { wayTo } = proxiedBy(env, { timeout, ca: CERTIFICATE })
  const signal = AbortSignal.timeout(20_000)
  const { body } = await undiciUpstream(wayTo)({ url, headers: {}, body: '{}', signal })
  let text = ''
  for (let next = await body.next(); next.done !== true; next = await body.next())
    text += Buffer.from(next.value)
  return text
}

const HTTP_URL = 'http://provider.test:81/v1?a=b'
const HTTPS_URL = 'https://provider.test/v1'

describe('an upstream behind a proxy', () => {
  it('of http is asked by its whole address, and nothing is tunnelled: proxies let no tunnel to such ports', async () => {
    const { asked, address } = await behindProxy()
    expect(await ask(HTTP_URL, { HTTP_PROXY: `http://${address}` })).toBe('provider.test:81/v1?a=b')
    expect(asked).toEqual([['POST', HTTP_URL, expect.objectContaining({ host: 'provider.test:81' })]])
    expect(asked[0][2]).not.toHaveProperty('proxy-authorization')
  })

  it('of https is asked with TLS through a tunnel, in which the proxy sees nothing', async () => {
    const { asked, address } = await behindProxy({ tls: true })
    expect(await ask(HTTPS_URL, { HTTPS_PROXY: `http://me:secret@${address}` })).toBe('provider.test/v1')
    const token = `Basic ${Buffer.from('me:secret').toString('base64')}`
    expect(asked).toEqual([
      ['CONNECT', 'provider.test:443', expect.objectContaining({ 'proxy-authorization': token })],
    ])
  })

  it.each<(address: string) => Env>([
    (address) => ({ https_proxy: address }),
    (address) => ({ HTTPS_PROXY: address, https_proxy: '' }),
    (address) => ({ HTTPS_PROXY: 'http://127.0.0.1:1', https_proxy: ` ${address} ` }),
  ])('is asked by names in small letters first, and by an address without http:// (%#)', async (env) => {
    const { asked, address } = await behindProxy({ tls: true })
    expect(await ask(HTTPS_URL, env(address))).toBe('provider.test/v1')
    expect(asked).toHaveLength(1)
  })

  it('is asked straight where the variable of its scheme is not set, and where NO_PROXY has it', async () => {
    const { asked, address, port } = await behindProxy()
    await expect(ask(HTTPS_URL, { HTTP_PROXY: address })).rejects.toThrow()
    await expect(ask(HTTP_URL, { HTTPS_PROXY: address })).rejects.toThrow()
    await expect(ask(HTTP_URL, { HTTP_PROXY: address, NO_PROXY: '*' })).rejects.toThrow()
    await expect(ask(HTTP_URL, { HTTP_PROXY: address, no_proxy: 'a.test, provider.test' })).rejects.toThrow()
    await expect(ask(HTTP_URL, {})).rejects.toThrow()
    await ask(`http://127.0.0.1:${port}/v1`, { HTTP_PROXY: address })
    await ask(`http://localhost:${port}/v1`, { HTTP_PROXY: address })
    expect(asked).toEqual([])
  })

  it.each([
    ['me:secret', 'me:secret'],
    ['me', 'me:'],
    [':secret', ':secret'],
    ['me:50%off', 'me:50%off'],
    ['m%40e:a%3Ab%25', 'm@e:a:b%'],
    ['me:é', 'me:é'],
  ])('is asked with who asks, as the address has it: %s', async (user, told) => {
    const { asked, address } = await behindProxy()
    await ask(HTTP_URL, { HTTP_PROXY: `http://${user}@${address}` })
    const [[, , headers]] = asked
    expect(headers['proxy-authorization']).toBe(`Basic ${Buffer.from(told).toString('base64')}`)
  })

  it.each([
    'socks5://secret:1080',
    'http://',
    'http://me:secret#1@proxy:3128',
    'http://me:1/secret@proxy:3128',
  ])(
    'is asked straight where the address is none of an HTTP proxy, and a line says so: %s',
    async (HTTP_PROXY) => {
      const { lines } = proxiedBy({ HTTP_PROXY })
      expect(lines).toEqual([
        ['warn', { variable: 'HTTP_PROXY' }, expect.stringContaining('http://host:port')],
      ])
      expect(JSON.stringify(lines)).not.toContain('secret')
      const port = await portOf(createServer(HERE))
      expect(await ask(`http://127.0.0.1:${port}/`, { HTTP_PROXY })).toBe(`127.0.0.1:${port}/`)
    },
  )

  it('has a line that says by which, without its password', () => {
    const { lines } = proxiedBy({ HTTPS_PROXY: 'me:secret@proxy:3128', NO_PROXY: 'corp.test' })
    const fields = { https: 'http://proxy:3128', http: null, noProxy: 'corp.test' }
    expect(lines).toEqual([['info', fields, 'providers are asked by a proxy']])
    expect(proxiedBy({ NO_PROXY: 'corp.test' }).lines).toEqual([])
  })
})

const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n'

describe('a proxy that leads nowhere', () => {
  const nowhere = async (answer: (socket: Socket) => void) => {
    const sockets: Socket[] = []
    const server = createSocketServer((socket) => {
      sockets.push(socket.on('error', () => {}))
      socket.once('data', () => answer(socket))
    })
    return { sockets, address: `127.0.0.1:${await portOf(server)}` }
  }

  it('and never answers is waited for as long as for a connection, and its socket is closed', async () => {
    const { sockets, address } = await nowhere(() => {})
    await expect(ask(HTTPS_URL, { HTTPS_PROXY: address }, 50)).rejects.toThrow(
      `the proxy http://${address}, asked for provider.test:443: it did not answer in 50 ms`,
    )
    await expect.poll(() => sockets.map(({ readyState }) => readyState)).not.toContain('open')
    expect(sockets).toHaveLength(1)
  })

  it.each([
    [
      'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n',
      'it answered 407, and wants a user',
      'operator',
    ],
    ['HTTP/1.1 403 Forbidden\r\ncontent-length: 3\r\n\r\nabc', 'it answered 403', 'upstream'],
    ['', 'socket hang up', 'upstream'],
    ['junk\r\n\r\n', 'Parse Error', 'upstream'],
  ])('is asked once, and what it said is the error: %j', async (bytes, why, kind) => {
    const { sockets, address } = await nowhere((socket) => socket.end(bytes))
    const error: unknown = await ask(HTTPS_URL, { HTTPS_PROXY: `http://me:secret@${address}` }).catch(
      (error: unknown) => error,
    )
    expect(String(error)).toContain(`the proxy http://${address}, asked for provider.test:443: ${why}`)
    expect(failureOfConnection(error, false).kind).toBe(kind)
    expect(sockets).toHaveLength(1)
  })

  it.each([
    ['ends the tunnel', (socket: Socket) => socket.end(ESTABLISHED)],
    ['is silent in it', (socket: Socket) => void socket.write(ESTABLISHED)],
  ])('and %s is asked once too', async (_, answer) => {
    const { sockets, address } = await nowhere(answer)
    await expect(ask(HTTPS_URL, { HTTPS_PROXY: address }, 500)).rejects.toThrow()
    await expect.poll(() => sockets.map(({ readyState }) => readyState)).not.toContain('open')
    expect(sockets).toHaveLength(1)
  })

  it('is no upstream that got anything: nothing may be billed', async () => {
    const { address } = await nowhere((socket) => socket.end('HTTP/1.1 503 x\r\n\r\n'))
    const sent: boolean[] = []
    const { wayTo } = proxiedBy({ HTTPS_PROXY: address })
    const call = {
      url: HTTPS_URL,
      headers: {},
      body: '{}',
      signal: AbortSignal.timeout(20_000),
      markSent: (isSent: boolean) => void sent.push(isSent),
    }
    await expect(undiciUpstream(wayTo)(call)).rejects.toThrow('it answered 503')
    expect(sent).toEqual([false])
  })
})

describe('what is asked without a proxy', () => {
  it.each([
    ['', 'http://a.test', false],
    ['*', 'http://a.test', true],
    ['a.test', 'http://A.test', true],
    ['a.test', 'http://a.test./', true],
    ['A.test', 'https://b.a.test:8443', true],
    ['.a.test', 'http://b.a.test', true],
    ['*.a.test', 'http://a.test', true],
    ['a.test', 'http://ba.test', false],
    ['x a.test,y', 'http://a.test', true],
    ['a.test:443', 'https://a.test', true],
    ['a.test:443', 'http://a.test', false],
    ['10.1.2.3', 'http://10.1.2.3:11434', true],
    ['10.1.2.3:80', 'http://10.1.2.3:11434', false],
    ['10.0.0.0/8', 'http://10.1.2.3', true],
    ['10.0.0.0/8', 'http://11.1.2.3', false],
    ['10.0.0.0/33', 'http://10.1.2.3', false],
    ['10.0.0.0/8', 'http://10.test', false],
    ['fd00::/8', 'http://[fd00::1]:81', true],
    ['fd00::1', 'http://[fd00::1]', true],
    ['[fd00::1]:81', 'http://[fd00::1]:81', true],
    ['[fd00::1]:82', 'http://[fd00::1]:81', false],
    ['', 'http://localhost:1', true],
    ['', 'http://a.localhost', true],
    ['', 'http://127.9.9.9', true],
    ['', 'http://[::1]:1', true],
    ['', 'http://localhost.test', false],
    ['', 'http://0.0.0.0:8000', true],
    ['', 'http://[::]:8000', true],
    ['10.0.0.1/', 'http://8.8.8.8', false],
  ])('%j has %s: %s', (list, url, told) => {
    expect(noProxyOf(list)(new URL(url))).toBe(told)
  })
})
