import { randomUUID } from 'node:crypto'
import type { RedisStoreConfig } from '../config/config.js'
import type { RecordStore } from '../keys/records.js'

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

/** A change and a new mark, in one step: nobody sees one without the other. */
const CHANGE = `
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
redis.call('SET', KEYS[2], ARGV[2])
return 1`

const RECONNECT_MS_MAX = 2000

/**
 * Records of replicas: a hash `{PREFIX}:records` in the Redis that has their log, and beside it a mark that is another one
 * after each change. Every call ends within `timeoutMs`.
 */
export async function redisRecords(config: RedisStoreConfig): Promise<RecordStore> {
  const { prefix, timeoutMs, waitReplicas } = config
  const client = await connected(config)
  const [hash, mark] = [`{${prefix}}:records`, `{${prefix}}:records:version`]
  const send = (...args: string[]) => within(timeoutMs, client.sendCommand(args))
  const change = async (id: string, text: string): Promise<void> => {
    await send('EVAL', CHANGE, '2', hash, mark, id, randomUUID(), text)
    if (waitReplicas === 0) return
    const count = Number(await send('WAIT', String(waitReplicas), String(timeoutMs)))
    if (count < waitReplicas)
      throw new Error(`${count} of ${waitReplicas} replicas of Redis have the change: it may be lost`)
  }
  return {
    async read() {
      const reply = await send('HGETALL', hash)
      if (!Array.isArray(reply)) throw new Error('Redis gave no list of records')
      const records = new Map<string, unknown>()
      for (let i = 0; i + 1 < reply.length; i += 2)
        records.set(String(reply[i]), jsonOf(String(reply[i + 1])))
      return records
    },
    put: (id, value) => change(id, JSON.stringify(value)),
    remove: (id) => change(id, ''),
    version: async () => String((await send('GET', mark)) ?? 'none'),
    close: async () => client.destroy(),
  }
}

async function connected({ url, timeoutMs }: RedisStoreConfig): Promise<Client> {
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
  return client
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

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
