import { createHash } from 'node:crypto'
import { ParetoBanditError } from '../../base/errors.js'
import { clientOptions, type RedisClient, type RedisModule } from './client.js'
import { firstWord, isReply, storeError } from './failure.js'
import { TlsParameters } from './tls.js'

const BACKOFF_MS = 50
const BACKOFF_MS_MAX = 3000
/** Answers of a cluster that the keys are elsewhere, and of a server that it does not know a script. */
const DETOURS_MAX = 4
/** Answers of a primary that became a replica, or of a node that lost its cluster: the address may lead to another. */
const LEFT = new Set(['READONLY', 'UNBLOCKED', 'MASTERDOWN', 'CLUSTERDOWN'])

/** A Lua script, sent by its digest. */
export class Script {
  readonly text: string
  readonly digest: string

  constructor(text: string) {
    this.text = text
    this.digest = createHash('sha1').update(text).digest('hex')
  }

  call(keys: readonly string[], args: readonly (string | Buffer)[]): Command {
    return { script: this, args: ['EVALSHA', this.digest, String(keys.length), ...keys, ...args] }
  }
}

export interface Command {
  readonly script: Script | null
  readonly args: readonly (string | Buffer)[]
}

export function command(...args: readonly (string | Buffer)[]): Command {
  return { script: null, args }
}

/** Nodes of a cluster that were heard of and are asked where the keys are, the one of the URL among them. */
const PLACES_MAX = 16

/** Where the connections of one store go. In a cluster all keys lie on one node, and it is the only one asked. */
export class Target {
  readonly description: string
  readonly timeoutMs: number
  private readonly module: RedisModule
  /** The URL first. Any node of a cluster knows who has the keys. */
  private readonly places: string[]
  private current: string
  private readonly tls: TlsParameters

  constructor(module: RedisModule, url: string, timeoutMs: number, description: string) {
    this.module = module
    this.places = [url]
    this.current = url
    this.tls = new TlsParameters(url)
    this.timeoutMs = timeoutMs
    this.description = description
  }

  /** Where the next client goes. */
  get place(): string {
    return this.current
  }

  client(): RedisClient {
    return this.module.createClient(clientOptions(this.current, this.timeoutMs, this.tls.options()))
  }

  /** `MOVED slot host:port`; no host: the one that answered. */
  follow(reply: string): void {
    const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(reply) ?? []
    if (port === undefined) return
    const url = new URL(this.current)
    if (host !== '') url.hostname = host.includes(':') ? `[${host}]` : host
    url.port = port
    this.current = url.href
    if (this.places.includes(url.href)) return
    if (this.places.length === PLACES_MAX) this.places.splice(1, 1)
    this.places.push(url.href)
  }

  /** One that cannot be reached, or does not know its cluster: the next is asked. */
  leave(place: string): void {
    // Several connections come to the same end: they leave it once.
    if (place !== this.current) return
    this.current = this.places[(this.places.indexOf(place) + 1) % this.places.length]
  }
}

/**
 * One connection, made when it is first used. Once lost it comes back in the background, later and later up to 3 s and
 * at random times, so that many processes do not come all at once; until then every command is rejected at once. No
 * command is ever sent twice unless the server said that it did not run it.
 *
 * It keeps the process alive while commands wait for a reply.
 */
export class Connection {
  private readonly target: Target
  private client: RedisClient | null = null
  /** Where it is. */
  private place = ''
  /** One that is not ready yet. */
  private candidate: RedisClient | null = null
  private opening: Promise<RedisClient> | null = null
  private lost: unknown = null
  private failures = 0
  private timer: NodeJS.Timeout | null = null
  private isClosed = false
  /** Calls that keep the process alive. */
  private waiting = 0
  private readonly isForWaiting: boolean

  /** @param isForWaiting what it sends with a time to wait waits for others: that keeps nothing alive */
  constructor(target: Target, isForWaiting = false) {
    this.target = target
    this.isForWaiting = isForWaiting
  }

  /**
   * The reply of a command.
   * @param waitMs beyond the usual time without an answer, ms
   */
  async send(one: Command, waitMs = 0): Promise<unknown> {
    return (await this.sendAll([one], waitMs))[0]
  }

  /** Several commands one after the other, sent together. */
  async sendAll(commands: readonly Command[], waitMs = 0): Promise<readonly unknown[]> {
    for (let detours = 0; ; detours++) {
      const client = await this.ready()
      try {
        return await this.answered(client, commands, waitMs)
      } catch (error) {
        const word = firstWord(error)
        if (detours < DETOURS_MAX && word === 'NOSCRIPT') await this.loadScripts(client, commands)
        else if (detours < DETOURS_MAX && word === 'MOVED') this.move(client, error)
        else throw this.failure(client, error)
      }
    }
  }

  close(): void {
    this.isClosed = true
    if (this.timer !== null) clearTimeout(this.timer)
    this.client?.destroy()
    this.client = null
    this.candidate?.destroy()
  }

  private async ready(): Promise<RedisClient> {
    this.checkOpen()
    if (this.client !== null) return this.client
    if (this.lost !== null) throw storeError(this.lost, this.target.description)
    return this.connect()
  }

  private checkOpen(): void {
    if (this.isClosed)
      throw new ParetoBanditError('STORE_CLOSED', this.target.description, 'the store was closed')
  }

  private async answered(
    client: RedisClient,
    commands: readonly Command[],
    waitMs: number,
  ): Promise<unknown[]> {
    const limitMs = this.target.timeoutMs + waitMs
    let isWaiting = true
    const giveUp = () => {
      // Destroying the client rejects what waits.
      if (isWaiting) this.drop(client, new Error(`no answer for ${limitMs} ms`))
    }
    // Where this process itself was busy all the time the answer may be there: it is read before an immediate runs.
    const timer = setTimeout(() => setImmediate(giveUp), limitMs)
    const keepsAlive = !(this.isForWaiting && waitMs > 0)
    if (!keepsAlive) timer.unref()
    else if (this.waiting++ === 0) client.ref()
    try {
      // All of them, also where one failed: the server is at the later ones still, and nothing else is answered meanwhile.
      const replies = await Promise.allSettled(commands.map(({ args }) => client.sendCommand(args)))
      return replies.map((reply) => {
        if (reply.status === 'rejected') throw reply.reason
        return reply.value
      })
    } finally {
      isWaiting = false
      clearTimeout(timer)
      if (keepsAlive && --this.waiting === 0) client.unref()
    }
  }

  private async loadScripts(client: RedisClient, commands: readonly Command[]): Promise<void> {
    const scripts = commands.flatMap(({ script }) => (script === null ? [] : [script]))
    const loads = scripts.map(({ text }) => command('SCRIPT', 'LOAD', text))
    try {
      await this.answered(client, loads, 0)
    } catch (error) {
      throw this.failure(client, error)
    }
  }

  private move(client: RedisClient, error: unknown): void {
    this.target.follow(error instanceof Error ? error.message : '')
    if (this.client === client) this.client = null
    client.destroy()
  }

  private failure(client: RedisClient, error: unknown): ParetoBanditError {
    this.checkOpen()
    const word = firstWord(error)
    if (word === 'CLUSTERDOWN' && this.client === client) this.target.leave(this.place)
    if (LEFT.has(word)) this.drop(client, error)
    const cause = this.client !== client && this.lost !== null && !isReply(error) ? this.lost : error
    return storeError(cause, this.target.description)
  }

  private connect(): Promise<RedisClient> {
    this.opening ??= this.attempt().finally(() => {
      this.opening = null
    })
    return this.opening
  }

  private async attempt(): Promise<RedisClient> {
    const { place } = this.target
    try {
      const client = this.target.client()
      this.candidate = client
      // Without a listener the error would end the process.
      client.on('error', (error) => this.drop(client, error))
      await this.greet(client)
      this.checkOpen()
      client.unref()
      this.client = client
      this.place = place
      this.lost = null
      this.failures = 0
      return client
    } catch (error) {
      this.candidate?.destroy()
      this.checkOpen()
      this.target.leave(place)
      this.comeBack(error)
      throw storeError(error, this.target.description)
    } finally {
      this.candidate = null
    }
  }

  /** A server that is stopped accepts connections all the same: ready is one that answers. */
  private async greet(client: RedisClient): Promise<void> {
    const { timeoutMs } = this.target
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      client.destroy()
    }, timeoutMs)
    try {
      await client.connect()
      await client.sendCommand(['PING'])
    } catch (error) {
      if (isLate) throw new Error(`no answer for ${timeoutMs} ms`, { cause: error })
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  private drop(client: RedisClient, cause: unknown): void {
    if (this.client !== client) return
    this.client = null
    this.comeBack(cause)
    client.destroy()
  }

  private comeBack(cause: unknown): void {
    this.lost = cause
    const delayMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** Math.min(this.failures++, 10))
    this.timer = setTimeout(
      () => {
        // A failure is kept as `lost`, and the next attempt is planned.
        if (!this.isClosed) this.connect().catch(() => undefined)
      },
      delayMs * (0.5 + Math.random() / 2),
    )
    this.timer.unref()
  }
}
