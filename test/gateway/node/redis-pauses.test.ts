import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type RedisLink, redisLink } from '../../../src/gateway/node/redis-link.js'
import { redisConfig } from '../keys/record-stores.js'

/** Attempts to connect, by the clock of the test, ms; and whether there is a Redis. */
const redis = { attempts: [] as number[], isThere: false, movedTo: null as string | null }

interface Options {
  readonly socket: { reconnectStrategy(retries: number): number | false }
}

class Client {
  private readonly listeners = new Map<string, (error?: unknown) => void>()
  private readonly options: Options
  private isEnded = false

  constructor(options: Options) {
    this.options = options
  }

  on(event: string, listener: (error?: unknown) => void): void {
    this.listeners.set(event, listener)
  }

  async sendCommand(): Promise<unknown> {
    const { movedTo } = redis
    redis.movedTo = null
    if (movedTo !== null) throw new Error(`MOVED 1 ${movedTo}`)
    return null
  }

  async connect(): Promise<void> {
    for (let retries = 0; !this.isEnded; retries++) {
      redis.attempts.push(Date.now())
      if (redis.isThere) {
        this.listeners.get('connect')?.()
        this.listeners.get('ready')?.()
        return
      }
      const error = new Error('connect ECONNREFUSED')
      this.listeners.get('error')?.(error)
      const pause = this.options.socket.reconnectStrategy(retries)
      if (pause === false) throw error
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  /** It is lost, and made again. */
  drop(): void {
    this.connect().catch(() => {})
  }

  destroy(): void {
    this.isEnded = true
  }
}

const clients: Client[] = []
const load = async () => ({
  createClient: (options: object) => {
    const client = new Client(options as Options)
    clients.push(client)
    return client
  },
})

function opening(url: string, timeoutMs: number): Promise<RedisLink> {
  const link = redisLink(redisConfig(url, 'p', timeoutMs), load)
  link.catch(() => {})
  return link
}

const OF_FILES = 'rediss://127.0.0.1:6379?caFile=package.json'

beforeEach(() => {
  redis.attempts = []
  redis.isThere = false
  clients.splice(0)
  vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => void vi.useRealTimers())

it.each([OF_FILES, 'redis://127.0.0.1:6379'])(
  '%s is tried as long as it may be before it is given up',
  async (url) => {
    const link = opening(url, 5000)
    await vi.advanceTimersByTimeAsync(2000)
    redis.isThere = true
    await vi.advanceTimersByTimeAsync(2000)
    const opened = await link
    opened.close()
  },
)

it.each([OF_FILES, 'redis://127.0.0.1:6379'])('%s that never answers says why', async (url) => {
  const link = opening(url, 1000)
  await vi.advanceTimersByTimeAsync(1001)
  await expect(link).rejects.toThrow('ECONNREFUSED')
  // And is left alone then.
  const { length } = redis.attempts
  await vi.advanceTimersByTimeAsync(60_000)
  expect(redis.attempts.length).toBe(length)
})

it.each([OF_FILES, 'redis://127.0.0.1:6379'])(
  '%s that stays away is asked less and less often, and at once when it was back and is lost again',
  async (url) => {
    redis.isThere = true
    const link = await opening(url, 1000)
    for (const _ of ['for the first time', 'again']) {
      redis.isThere = false
      redis.attempts = []
      clients.at(-1)?.drop()
      await vi.advanceTimersByTimeAsync(60_000)
      const { attempts } = redis
      const pauses = attempts.slice(1).map((at, i) => at - attempts[i])
      expect(pauses.slice(0, 3)).toEqual([50, 100, 200])
      expect(Math.max(...pauses)).toBe(2000)
      // The last minute's end.
      expect(pauses.slice(-15)).toEqual(Array(15).fill(2000))
      redis.isThere = true
      await vi.advanceTimersByTimeAsync(2000)
    }
    link.close()
  },
)

it('a node of several that is back is asked soon, however long all were away', async () => {
  redis.isThere = true
  const link = await opening('redis://127.0.0.1:6379', 1000)
  for (const port of [6380, 6381, 6382, 6383, 6384]) {
    redis.movedTo = `127.0.0.1:${port}`
    await link.send('GET', 'x')
  }
  redis.isThere = false
  clients.at(-1)?.drop()
  await vi.advanceTimersByTimeAsync(120_000)
  redis.attempts = []
  await vi.advanceTimersByTimeAsync(60_000)
  // Each of the six in turn, and then a pause.
  expect(redis.attempts.length).toBeLessThan(350)
  const before = clients.length
  const until = Date.now() + 6 * (50 + 100 + 200) + 2000
  while (clients.length < before + 6 && Date.now() < until) await vi.advanceTimersByTimeAsync(50)
  expect(clients.length).toBeGreaterThanOrEqual(before + 6)
  link.close()
})
