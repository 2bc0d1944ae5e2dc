import type { IncomingHttpHeaders } from 'node:http'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'
import { expectedGot } from '../../base/errors.js'
import { LatestMap } from '../../base/latest-map.js'
import type { CallUpstream, UpstreamAnswer, UpstreamBody, UpstreamCall } from '../upstreams/call.js'
import { decodedAnswer } from './decoded-body.js'

const CONNECT_MS = 10_000
/** What is held of an answer that nobody reads on. */
const HELD_BYTES_MAX = 64 * 1024
/** Addresses are of the config: a few. */
const ADDRESSES_MAX = 1000

/**
 * By undici, with connections that are kept, and without streams between it and who reads: in Node it takes a fraction of what
 * `fetch` takes.
 * @param dispatcher whose connections are used. Default: an agent of its own
 */
export function undiciUpstream(dispatcher: Pick<Dispatcher, 'dispatch'> = agent()): CallUpstream {
  const addresses = new LatestMap<string, Address>(ADDRESSES_MAX)
  const addressOf = (url: string): Address => {
    const known = addresses.get(url)
    if (known !== undefined) return known
    const { origin, pathname, search } = new URL(url)
    const address = { origin, path: pathname + search }
    addresses.set(url, address)
    return address
  }
  return (call) =>
    new Promise((resolve, reject) => {
      const { origin, path } = addressOf(call.url)
      const { headers, body } = call
      dispatcher.dispatch({ origin, path, method: 'POST', headers, body }, new Answer(call, resolve, reject))
    })
}

const SETTINGS = {
  // As many as there are requests under way, which the config limits: a stream has its connection for as long as it goes.
  connections: null,
  connect: { timeout: CONNECT_MS },
  // The config's timeouts are kept by whoever calls.
  headersTimeout: 0,
  bodyTimeout: 0,
} as const

function agent(): Agent {
  return new Agent(SETTINGS)
}

/** What is on this machine is asked without a proxy. */
const NEVER_BY_PROXY = 'localhost,127.0.0.1,[::1]'

/**
 * Connections by the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, as curl reads them; without these, straight ones.
 * @throws INVALID_ARGUMENT for an address that is none of a proxy's; does not repeat it, as it may have a password
 */
export function proxiedBy(env: Readonly<Record<string, string | undefined>>): Dispatcher {
  const of = (name: string): string => env[name.toLowerCase()] || env[name] || ''
  const names = ['HTTPS_PROXY', 'HTTP_PROXY'] as const
  for (const name of names) {
    const address = of(name)
    if (address !== '' && !(URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)))
      throw expectedGot('INVALID_ARGUMENT', name, 'the address of a proxy, http://host:port', 'another text')
  }
  const [httpsProxy, httpProxy] = names.map(of)
  if (httpsProxy === '' && httpProxy === '') return agent()
  const noProxy = of('NO_PROXY') === '*' ? '*' : `${of('NO_PROXY')},${NEVER_BY_PROXY}`
  return new EnvHttpProxyAgent({ ...SETTINGS, httpsProxy, httpProxy, noProxy })
}

interface Address {
  readonly origin: string
  readonly path: string
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

  constructor(call: UpstreamCall, begun: (answer: UpstreamAnswer) => void, failed: (error: unknown) => void) {
    this.call = call
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

function broken(): Error {
  return new Error('the call was broken off')
}
