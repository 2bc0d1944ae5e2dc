import * as http from 'node:http'
import * as https from 'node:https'
import { BlockList, isIP, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import { messageOf } from '../../base/errors.js'
import { PROXY_REFUSES } from '../../base/unreached.js'

/** A proxy for HTTP. */
export interface HttpProxy {
  /** Its address, without a user and a password. */
  readonly origin: string
  readonly url: URL
  /** With who asks, where its address has a user or a password. */
  readonly headers: Readonly<Record<string, string>>
}

type Environment = Readonly<Record<string, string | undefined>>

/** A variable of the environment, also in small letters, which go first. */
export function variableOf(env: Environment, name: string): string {
  return (env[name.toLowerCase()] || env[name] || '').trim()
}

/**
 * @param address `http://user:password@host:port`; `host:port` is `http://host:port`
 * @returns null: it is none of an HTTP proxy
 */
export function proxyIn(address: string): HttpProxy | null {
  const whole = address.includes('://') ? address : `http://${address}`
  if (!URL.canParse(whole)) return null
  const url = new URL(whole)
  const { protocol, origin, username, password } = url
  // A password with a plain # or / is cut there, and its beginning is taken for a host and a port.
  const isCut = `${url.pathname}${url.search}${url.hash}`.includes('@')
  if (!/^https?:$/.test(protocol) || isCut) return null
  if (username === '' && password === '') return { origin, url, headers: {} }
  const token = Buffer.concat([bytesOf(username), Buffer.from(':'), bytesOf(password)]).toString('base64')
  return { origin, url, headers: { 'proxy-authorization': `Basic ${token}` } }
}

/** A % that escapes nothing stands for itself, as curl has it. */
function bytesOf(text: string): Buffer {
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1')
}

/** What is on this machine is asked without a proxy. */
const NEVER_BY_PROXY = 'localhost,127.0.0.0/8,0.0.0.0,[::1],[::]'

/**
 * Whether a list such as that of `NO_PROXY` has an address: names, with all below them (`corp.example`, `.corp.example`), addresses and networks
 * (`10.0.0.0/8`), each with a port or without; `*` is all. What is on this machine always is.
 */
export function noProxyOf(list: string): (url: URL) => boolean {
  const entries = `${list},${NEVER_BY_PROXY}`.split(/[,\s]+/).filter((entry) => entry !== '')
  const tests = entries.map(entryOf)
  return ({ protocol, hostname, port }) => {
    const host = hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase()
    const portNumber = Number(port) || (protocol === 'https:' ? 443 : 80)
    return tests.some((test) => test(host, portNumber))
  }
}

function entryOf(entry: string): (host: string, port: number) => boolean {
  if (entry === '*') return () => true
  const [, withPort, port] = (isIP(entry) === 0 && /^(.+):(\d+)$/.exec(entry)) || [null, entry, null]
  const isPort = (asked: number) => port === null || asked === Number(port)
  const name = withPort
    .replace(/^\[|\]$/g, '')
    .replace(/^\*?\.|\.$/g, '')
    .toLowerCase()
  const network = networkOf(name)
  if (network === null) return (host, asked) => isPort(asked) && (host === name || host.endsWith(`.${name}`))
  return (host, asked) => {
    const version = isIP(host)
    return version !== 0 && isPort(asked) && network.check(host, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/** Null: it is a name. */
function networkOf(text: string): BlockList | null {
  const [address = '', bits] = text.replace(']/', '/').split('/')
  const version = isIP(address)
  const most = version === 6 ? 128 : 32
  const length = bits === undefined ? most : bits === '' ? Number.NaN : Number(bits)
  if (version === 0 || !(Number.isInteger(length) && length >= 0 && length <= most)) return null
  const list = new BlockList()
  list.addSubnet(address, length, version === 6 ? 'ipv6' : 'ipv4')
  return list
}

/**
 * Connections with TLS through a proxy (CONNECT). Not by undici's `ProxyAgent` (7.30): it asks one that ends the connection again and again, so that
 * a call waits until its own limit, and it sends no user without a password.
 * @param settings of the connection to the proxy and of TLS through it, each of which has its timeout
 */
export function tunnelsBy(
  proxy: HttpProxy,
  settings: buildConnector.BuildOptions & { readonly timeout: number },
): buildConnector.connector {
  const connect = buildConnector(settings)
  return (options, callback) => {
    const host = options.hostname.includes(':') ? `[${options.hostname}]` : options.hostname
    openTunnel(proxy, `${host}:${options.port || 443}`, settings.timeout).then(
      (httpSocket) => connect({ ...options, httpSocket }, callback),
      (error: Error) => callback(error, null),
    )
  }
}

function openTunnel(proxy: HttpProxy, target: string, timeoutMs: number): Promise<Socket> {
  const { url, origin } = proxy
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown, code?: string) => {
      const error = new Error(`the proxy ${origin}, asked for ${target}: ${why}`, { cause })
      reject(code === undefined ? error : Object.assign(error, { code }))
    }
    const { request } = url.protocol === 'https:' ? https : http
    const asked = request({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      method: 'CONNECT',
      path: target,
      headers: { host: target, 'proxy-connection': 'keep-alive', ...proxy.headers },
      agent: false,
    })
    const deadline = setTimeout(
      () => asked.destroy(new Error(`it did not answer in ${timeoutMs} ms`)),
      timeoutMs,
    )
    asked.once('error', (error) => {
      clearTimeout(deadline)
      fail(messageOf(error), error)
    })
    asked.once('connect', ({ statusCode = 0 }, socket, head) => {
      clearTimeout(deadline)
      if (statusCode >= 200 && statusCode < 300) {
        if (head.length > 0) socket.unshift(head)
        resolve(socket)
        return
      }
      socket.on('error', () => {}).destroy()
      if (statusCode === 407)
        fail('it answered 407, and wants a user and a password', undefined, PROXY_REFUSES)
      else fail(`it answered ${statusCode}`)
    })
    asked.end()
  })
}
