import { messageOf } from '../../base/errors.js'
import type { RedisStoreConfig } from '../config/store-config.js'

/** What is used of a client of the package `redis`. */
interface Client {
  connect(): Promise<unknown>
  sendCommand(args: readonly string[]): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  destroy(): void
}

interface RedisModule {
  createClient(options: Record<string, unknown>): Client
}

/** A connection that comes back by itself. Every call ends within `timeoutMs`, and is sent once. */
export interface RedisLink {
  /** @throws (the promise is rejected) while the connection is away */
  send(...args: string[]): Promise<unknown>
  close(): void
}

const RECONNECT_MS_MAX = 2000

/** @throws (the promise is rejected) where it cannot be reached */
export async function redisLink({ url, timeoutMs }: RedisStoreConfig): Promise<RedisLink> {
  const { createClient } = await importRedis()
  const client = createClient({
    url: url.reveal(),
    RESP: 2,
    // A command is refused while the connection is away: what waits would come late and all at once.
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandsQueueMaxLength: 1000,
    socket: {
      connectTimeout: timeoutMs,
      reconnectStrategy: (retries: number) => Math.min(50 * 2 ** Math.min(retries, 8), RECONNECT_MS_MAX),
    },
  })
  // Each call tells of its own failure.
  client.on('error', () => {})
  try {
    await within(timeoutMs, client.connect())
  } catch (error) {
    client.destroy()
    throw error
  }
  return {
    send: (...args) => within(timeoutMs, client.sendCommand(args)).catch(away),
    close: () => client.destroy(),
  }
}

/** With a code, as other failures have that an operator is to mend. */
function away(error: unknown): never {
  const message = `Redis: ${messageOf(error)}`
  throw Object.assign(new Error(message, { cause: error }), { code: 'REDIS_UNAVAILABLE' })
}

async function importRedis(): Promise<RedisModule> {
  // Through a variable: bundlers and the type checker must not look for a package that may be absent.
  const specifier = 'redis'
  const module: { default?: RedisModule } & Partial<RedisModule> = await import(specifier)
  return module.createClient === undefined ? (module.default as RedisModule) : (module as RedisModule)
}

async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer of Redis within ${timeoutMs} ms`)), timeoutMs)
  })
  // Whatever comes of it later is nobody's: the caller has been told.
  promise.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
