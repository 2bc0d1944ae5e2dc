import { afterQuietly } from '../../base/after.js'
import { messageOf } from '../../base/errors.js'
import { TlsParameters, tlsAdvice } from '../../store/redis/parts.js'
import type { RedisStoreConfig } from '../config/store-config.js'

/** What is used of a client of the package `redis`. */
interface Client {
  connect(): Promise<unknown>
  sendCommand(args: readonly string[]): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  /** There is a connection; and Redis has answered on it. */
  on(event: 'connect' | 'ready', listener: () => void): unknown
  destroy(): void
}

export interface RedisModule {
  createClient(options: Record<string, unknown>): Client
}

/**
 * A connection that comes back by itself, in a cluster where the keys are. Every call is run once, and rejected after `timeoutMs`. Where Redis does
 * not answer for that long, or is no primary any more, the connection is made again: the address may lead to another one by then.
 */
export interface RedisLink {
  /**
   * `WAIT` has its own time besides.
   * @throws (the promise is rejected) while the connection is away
   */
  send(...args: string[]): Promise<unknown>
  close(): void
}

const RECONNECT_MS_MAX = 2000
/** Where another node is known, one that cannot be reached is left after this many attempts, and so long after the last, ms. */
const ATTEMPTS = 2
const LEAVE_AFTER_MS = 200
/** After the first attempt that failed. */
const RECONNECT_MS_MIN = 50
/** One that answers, and is no primary, is left no more often: it can still be read. */
const LEAVE_MS = 1000
/** Nodes that are remembered, and answers that the keys are elsewhere, for one call. */
const PLACES_MAX = 16
const DETOURS_MAX = 4
/** Answers of a primary that became a replica, or of a node that lost its cluster. */
const IS_NO_PRIMARY = /^(READONLY|MASTERDOWN|CLUSTERDOWN|UNBLOCKED) /

/**
 * @param load brings the package
 * @throws (the promise is rejected) where it cannot be reached within `timeoutMs`
 */
export async function redisLink(
  { url, timeoutMs }: RedisStoreConfig,
  load: () => Promise<RedisModule> = importRedis,
): Promise<RedisLink> {
  const link = new ClusterLink(await load(), url.reveal(), timeoutMs)
  try {
    await link.open()
  } catch (error) {
    link.close()
    return away(error)
  }
  return link
}

/** Any node of a cluster knows who has the keys; all of one prefix lie on one node. */
class ClusterLink implements RedisLink {
  private readonly module: RedisModule
  private readonly timeoutMs: number
  /** That of the URL first. */
  private readonly places: string[]
  private place: string
  private client: Client
  private moving: Promise<void> | null = null
  private leftAt = Number.NEGATIVE_INFINITY
  /** Calls of `WAIT`, behind which nothing is answered. */
  private waits = 0
  private isClosed = false
  /** How often a node that could not be reached was left, since one last answered. */
  private vainClients = 0
  private hasAnswered: () => void = () => {}
  /** Why its connection failed last. */
  private problem: unknown = null
  private readonly tls: TlsParameters

  constructor(module: RedisModule, url: string, timeoutMs: number) {
    this.module = module
    this.timeoutMs = timeoutMs
    this.places = [url]
    this.place = url
    this.tls = new TlsParameters(url)
    this.client = this.clientFor(url)
  }

  async open(): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.hasAnswered = resolve
    })
    // Where it cannot be reached another client comes after it, which may.
    this.client.connect().catch((error: unknown) => {
      this.problem ??= error
    })
    await within(this.timeoutMs, answered).catch((error: unknown) => {
      // It was tried again for all that time: why it failed is what can be mended.
      throw this.problem ?? error
    })
  }

  async send(...args: string[]): Promise<unknown> {
    for (let detours = 0; ; detours++) {
      const { client } = this
      try {
        return await this.answer(client, args)
      } catch (error) {
        const place = placeIn(error, this.place)
        const isSilent = error instanceof NoAnswer && this.waits === 0
        if (isSilent || (IS_NO_PRIMARY.test(messageOf(error)) && performance.now() - this.leftAt > LEAVE_MS))
          this.leave(client)
        if (place === null || detours === DETOURS_MAX) return away(error)
        // It was not run where it was sent.
        await this.move(client, place).catch(away)
      }
    }
  }

  close(): void {
    this.isClosed = true
    end(this.client)
  }

  private async answer(client: Client, args: readonly string[]): Promise<unknown> {
    if (args[0] !== 'WAIT') return within(this.timeoutMs, client.sendCommand(args))
    this.waits++
    try {
      return await within(this.timeoutMs + Number(args[2]), client.sendCommand(args))
    } finally {
      this.waits--
    }
  }

  private clientFor(place: string): Client {
    const client = this.module.createClient({
      url: place,
      RESP: 2,
      // A command is refused while the connection is away: what waits would come late and all at once.
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
      commandsQueueMaxLength: 1000,
      socket: {
        ...this.tls.options(),
        connectTimeout: this.timeoutMs,
        reconnectStrategy: (retries: number) => {
          // Another client reads files of TLS again: they may have been renewed.
          const isOnly = this.places.length === 1
          const rounds = Math.floor(this.vainClients / this.places.length)
          if (retries < ATTEMPTS || (isOnly && !this.tls.hasFiles))
            return pauseMs(RECONNECT_MS_MIN, retries + (isOnly ? rounds : 0))
          if (client === this.client) this.vainClients++
          // The pause that grows comes once all of them have been tried: one of the others may be back.
          const isRound = this.vainClients % this.places.length === 0
          afterQuietly(pauseMs(LEAVE_AFTER_MS, isRound ? rounds : 0), () => this.leave(client))
          return false
        },
      },
    })
    // Each call tells of its own failure.
    client.on('error', (error) => {
      this.problem = error
    })
    let endWait = (): void => {}
    client.on('connect', () => {
      endWait()
      // A server that is stopped takes connections all the same.
      endWait = afterQuietly(this.timeoutMs, () => this.leave(client))
    })
    client.on('ready', () => {
      endWait()
      this.vainClients = 0
      this.hasAnswered()
    })
    return client
  }

  /** The keys are elsewhere. Several calls hear of it: one goes there. */
  private move(from: Client, place: string): Promise<void> {
    if (this.client !== from) return Promise.resolve()
    this.moving ??= this.goTo(place).finally(() => {
      this.moving = null
    })
    return this.moving
  }

  private async goTo(place: string): Promise<void> {
    if (!this.places.includes(place)) {
      if (this.places.length === PLACES_MAX) this.places.splice(1, 1)
      this.places.push(place)
    }
    const next = this.clientFor(place)
    try {
      await within(this.timeoutMs, next.connect())
    } catch (error) {
      end(next)
      throw error
    }
    const before = this.client
    this.client = next
    this.place = place
    end(before)
    if (this.isClosed) end(next)
  }

  /** A client has lost its node: the next is asked where the keys are, or its address once more where there is no other. */
  private leave(client: Client): void {
    if (this.client !== client || this.isClosed) return
    this.leftAt = performance.now()
    this.place = this.places[(this.places.indexOf(this.place) + 1) % this.places.length]
    this.client = this.clientFor(this.place)
    end(client)
    // Where it cannot be reached either its own attempts lead on.
    this.client.connect().catch(() => {})
  }
}

/** Twice as long after each failure in a row. */
function pauseMs(first: number, failures: number): number {
  return Math.min(first * 2 ** Math.min(failures, 8), RECONNECT_MS_MAX)
}

/** One that has given up is closed already, and says so. */
function end(client: Client): void {
  try {
    client.destroy()
  } catch {
    // There is nothing to end.
  }
}

/** Where a cluster says that the keys are: `MOVED slot host:port`; no host: the one that was asked. Null: it says something else. */
function placeIn(error: unknown, asked: string): string | null {
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(messageOf(error)) ?? []
  if (port === undefined) return null
  const url = new URL(asked)
  if (host !== '') url.hostname = host.includes(':') ? `[${host}]` : host
  url.port = port
  return url.href
}

function away(error: unknown): never {
  throw redisUnavailable(`Redis: ${messageOf(error)}${tlsAdvice(error)}`, error)
}

/** With a code, as other failures have that an operator is to mend. */
export function redisUnavailable(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: 'REDIS_UNAVAILABLE' })
}

async function importRedis(): Promise<RedisModule> {
  // Through a variable: bundlers and the type checker must not look for a package that may be absent.
  const specifier = 'redis'
  const module: { default?: RedisModule } & Partial<RedisModule> = await import(
    /* @vite-ignore */ /* webpackIgnore: true */ specifier
  )
  return module.createClient === undefined ? (module.default as RedisModule) : (module as RedisModule)
}

class NoAnswer extends Error {}

async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new NoAnswer(`no answer of Redis within ${timeoutMs} ms`))
    // Where this process itself stood still the answer may be there: it is read before an immediate runs.
    timer = setTimeout(() => setImmediate(giveUp), timeoutMs)
  })
  // Whatever comes of it later is nobody's: the caller has been told.
  promise.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
