import type { IncomingHttpHeaders } from 'node:http'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { LatestMap } from '../../base/latest-map.js'
import { CLOSED_IDLE, connectionErrorOf, LOOKUP } from '../../base/unreached.js'
import type { WriteLine } from '../logs/request-log.js'
import type { CallUpstream, UpstreamAnswer, UpstreamBody, UpstreamCall } from '../upstreams/call.js'
import { prepared } from './connected.js'
import { decodedAnswer } from './decoded-body.js'
import { passInterim } from './interim-answers.js'
import { type HttpProxy, noProxyOf, proxyIn, tunnelsBy, variableOf } from './proxy.js'
import { isClosedAfterUse, noteUse } from './used-sockets.js'

const CONNECT_MS = 10_000
/** What is held of an answer that nobody reads on. */
const HELD_BYTES_MAX = 64 * 1024
/** An idle connection that its other side had closed is found so within a round trip of the sending; what ends later may have been worked on. */
const CLOSED_IDLE_MS_MAX = 1000
/** Addresses are of the config: a few. */
const ADDRESSES_MAX = 1000

/** How an address is asked. */
export interface Way {
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>
  readonly origin: string
  readonly path: string
  /** That go with each request. */
  readonly headers: Readonly<Record<string, string>> | null
}

/**
 * By undici, with connections that are kept, and without streams between it and who reads: in Node it takes a fraction of what
 * `fetch` takes.
 * @param wayTo how each address is asked. Default: straight, by an agent of its own
 * @param nowMs a clock that only goes on
 */
export function undiciUpstream(
  wayTo: (url: URL) => Way = straightBy(),
  nowMs: () => number = () => performance.now(),
): CallUpstream {
  const ways = new LatestMap<string, Way>(ADDRESSES_MAX)
  const wayOf = (url: string): Way => {
    const known = ways.get(url)
    if (known !== undefined) return known
    const way = wayTo(new URL(url))
    ways.set(url, way)
    return way
  }
  return (call) =>
    new Promise((resolve, reject) => {
      const { dispatcher, origin, path, headers: more } = wayOf(call.url)
      const { body } = call
      const headers = more === null ? call.headers : { ...call.headers, ...more }
      dispatcher.dispatch(
        { origin, path, method: 'POST', headers, body },
        new Answer(call, nowMs, resolve, reject),
      )
    })
}

const SETTINGS = {
  // As many as there are requests under way, which the config limits: a stream has its connection for as long as it goes.
  connections: null,
  // The config's timeouts are kept by whoever calls.
  headersTimeout: 0,
  bodyTimeout: 0,
} as const
const CONNECT = { timeout: CONNECT_MS }

function agentBy(connect: buildConnector.connector): Agent {
  return new Agent({
    ...SETTINGS,
    connect: prepared(connect, (socket) => {
      noteUse(socket)
      passInterim(socket)
    }),
  })
}

/** Without a proxy. */
export function straightBy(
  dispatcher: Pick<Dispatcher, 'dispatch'> = agentBy(buildConnector(CONNECT)),
): (url: URL) => Way {
  return ({ origin, pathname, search }) => ({ dispatcher, origin, path: pathname + search, headers: null })
}

/** What the environment says of proxies, as it is used. */
export interface Proxied {
  wayTo(url: URL): Way
  /** For the log, without users and passwords. */
  readonly lines: readonly LogLine[]
}

type LogLine = Parameters<WriteLine>

/**
 * Connections by the proxies that `HTTPS_PROXY` names for https and `HTTP_PROXY` for http, all but to what `NO_PROXY` has and what is on this
 * machine; without these, straight ones. What is set for other programs, and names no HTTP proxy, is said in a line and not used.
 * @param connect how connections are made, also those to a proxy
 */
export function proxiedBy(
  env: Readonly<Record<string, string | undefined>>,
  connect: buildConnector.BuildOptions & { readonly timeout: number } = CONNECT,
): Proxied {
  const lines: LogLine[] = []
  const proxyOf = (variable: string, scheme: string): HttpProxy | null => {
    const address = variableOf(env, variable)
    if (address === '') return null
    const proxy = proxyIn(address)
    if (proxy === null)
      lines.push([
        'warn',
        { variable },
        `${variable} names no HTTP proxy and is not used: providers of ${scheme} are asked straight. Expected http://host:port, or http://user:password@host:port with %23 for a # in the password, %2F for a /`,
      ])
    return proxy
  }
  const httpsProxy = proxyOf('HTTPS_PROXY', 'https')
  const httpProxy = proxyOf('HTTP_PROXY', 'http')
  const dispatcher = agentBy(buildConnector(connect))
  const straight = straightBy(dispatcher)
  if (httpsProxy === null && httpProxy === null) return { wayTo: straight, lines }
  const noProxy = variableOf(env, 'NO_PROXY')
  const [https, http] = [httpsProxy?.origin ?? null, httpProxy?.origin ?? null]
  lines.push(['info', { https, http, noProxy }, 'providers are asked by a proxy'])
  const isStraight = noProxyOf(noProxy)
  const tunnels = httpsProxy === null ? null : agentBy(tunnelsBy(httpsProxy, connect))
  return {
    lines,
    wayTo: (url) => {
      const way = straight(url)
      if (isStraight(url)) return way
      if (url.protocol === 'https:') return tunnels === null ? way : { ...way, dispatcher: tunnels }
      if (httpProxy === null) return way
      const headers = { host: url.host, ...httpProxy.headers }
      return { dispatcher, origin: httpProxy.origin, path: way.origin + way.path, headers }
    },
  }
}

interface Reader {
  readonly resolve: (result: IteratorResult<Uint8Array>) => void
  readonly reject: (error: unknown) => void
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** An answer as undici brings it, and as it is read. */
class Answer implements Dispatcher.DispatchHandler, UpstreamAnswer, UpstreamBody {
  status = 0
  private headers: IncomingHttpHeaders = {}
  private readonly call: UpstreamCall
  private readonly nowMs: () => number
  private sentMs = 0
  private readonly begun: (answer: UpstreamAnswer) => void
  private readonly failed: (error: unknown) => void
  private controller: Dispatcher.DispatchController | null = null
  private isBroken = false
  /** What came and was not read. */
  private chunks: Uint8Array[] = []
  private bytes = 0
  private reader: Reader | null = null
  private isEnded = false
  /** Why no more comes; undefined: nothing failed. */
  private failure: unknown

  constructor(
    call: UpstreamCall,
    nowMs: () => number,
    begun: (answer: UpstreamAnswer) => void,
    failed: (error: unknown) => void,
  ) {
    this.call = call
    this.nowMs = nowMs
    this.begun = begun
    this.failed = failed
    call.markSent?.(false)
    const breakOff = () => this.breakOff()
    if (call.onBroken !== undefined) call.onBroken(breakOff)
    else if (call.signal.aborted) breakOff()
    else call.signal.addEventListener('abort', breakOff, { once: true })
  }

  get body(): UpstreamBody {
    return this
  }

  header(name: string): string | null {
    const value = this.headers[name]
    return Array.isArray(value) ? (value[0] ?? null) : (value ?? null)
  }

  take(): Uint8Array | null | undefined {
    const chunk = this.chunks.shift()
    if (chunk === undefined) return this.isEnded ? null : undefined
    this.bytes -= chunk.byteLength
    if (this.controller?.paused === true && this.bytes < HELD_BYTES_MAX) this.controller.resume()
    return chunk
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const chunk = this.take()
    if (chunk === null) return Promise.resolve(END)
    if (chunk !== undefined) return Promise.resolve({ done: false, value: chunk })
    if (this.failure !== undefined) return Promise.reject(this.failure)
    return new Promise((resolve, reject) => {
      this.reader = { resolve, reject }
    })
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.chunks = []
    this.bytes = 0
    if (!this.isEnded) this.breakOff()
    return Promise.resolve(END)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    this.sentMs = this.nowMs()
    // Nothing has been sent yet, and what is aborted now never will be.
    if (this.isBroken) controller.abort(broken())
    else this.call.markSent?.(true)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    // That more will come.
    if (status < 200) return
    this.status = status
    this.headers = headers
    this.begun(headers['content-encoding'] === undefined ? this : decodedAnswer(this))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const { reader } = this
    if (reader !== null) {
      this.reader = null
      reader.resolve({ done: false, value: chunk })
      return
    }
    this.chunks.push(chunk)
    this.bytes += chunk.byteLength
    if (this.bytes >= HELD_BYTES_MAX) controller.pause()
  }

  onResponseEnd(): void {
    this.isEnded = true
    this.reader?.resolve(END)
    this.reader = null
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const isSoon = this.nowMs() - this.sentMs <= CLOSED_IDLE_MS_MAX
    if (this.status === 0 && isSoon && isClosedAfterUse(error)) Object.assign(error, { code: CLOSED_IDLE })
    else if (isOfLookup(error) && connectionErrorOf(error).isOutOfFiles)
      // Looked at later, files may have come free.
      Object.assign(error, { code: 'EMFILE' })
    this.failure = error
    // What came before it is not lost.
    this.failed(error)
    this.reader?.reject(error)
    this.reader = null
  }

  private breakOff(): void {
    this.isBroken = true
    // Undici keeps it until there is a connection.
    if (this.controller === null) this.failed(broken())
    else if (!this.isEnded) this.controller.abort(broken())
  }
}

function isOfLookup({ syscall }: Error & { readonly syscall?: unknown }): boolean {
  return syscall === LOOKUP
}

function broken(): Error {
  return new Error('the call was broken off')
}
