import { createClient } from 'redis'
import { afterEach, describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { Router } from '../../src/router/router.js'
import type { RedisModule } from '../../src/store/redis/client.js'
import { redisStore } from '../../src/store/redis/index.js'
import { expectRejection } from '../support/errors.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { MODELS, X } from '../support/router.js'
import { pause, until } from '../support/shared-store.js'
import '../support/seed.js'

/** A Redis whose address leads to a copy of it later on, as after a failover. */
class Failing {
  private readonly servers: RedisServer[] = []
  private current: RedisServer

  private constructor(server: RedisServer) {
    this.servers.push(server)
    this.current = server
  }

  static async start(): Promise<Failing> {
    return new Failing(await RedisServer.start({ appendonly: 'no' }))
  }

  /** Clients connect to whoever is in charge. */
  readonly load = async (): Promise<RedisModule> => ({
    createClient: (options) =>
      createClient({ ...options, url: this.current.url }) as unknown as ReturnType<
        RedisModule['createClient']
      >,
  })

  get url(): string {
    return this.servers[0].url
  }

  get server(): RedisServer {
    return this.current
  }

  /** A copy of how things stand now. @returns puts it in charge */
  async copy(how: 'a copy that lags' | 'an older RDB'): Promise<() => Promise<void>> {
    const primary = this.current
    if (how === 'an older RDB') {
      await primary.command('SAVE')
      return async () => {
        await primary.kill()
        await primary.restart()
      }
    }
    const copy = await this.replica()
    const caught = async () =>
      `${await copy.command('INFO', 'replication')}`.includes('master_link_status:up')
    for (let left = 200; left > 0 && !(await caught()); left--) await pause(25)
    await primary.command('WAIT', '1', '5000')
    await copy.command('REPLICAOF', 'NO', 'ONE')
    return async () => {
      await primary.kill()
      this.current = copy
    }
  }

  async replica(): Promise<RedisServer> {
    const copy = await RedisServer.start({ appendonly: 'no', 'repl-diskless-sync-delay': '0' })
    this.servers.push(copy)
    await copy.command('REPLICAOF', '127.0.0.1', String(this.current.port))
    return copy
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await server.stop()
  }
}

interface Replica {
  readonly router: Router
  /** It reads nothing while it is true. */
  isDeaf: boolean
  readonly errors: string[]
}

const open: Router[] = []
const redis: Failing[] = []

async function start(): Promise<Failing> {
  const made = await Failing.start()
  redis.push(made)
  return made
}

async function replica({ url, load }: Failing): Promise<Replica> {
  const store = redisStore({ url, load, timeoutMs: 1000 })
  const read = store.read.bind(store)
  const errors: string[] = []
  const journal = { onStoreError: (error: unknown) => errors.push(`${error}`) }
  let made: Replica | undefined
  store.read = async (...args) => {
    while (made?.isDeaf === true) await pause(5)
    return read(...args)
  }
  const router = await createRouter({ models: MODELS, dimension: 3, kernel: 'js', store, journal })
  open.push(router)
  made = { router, isDeaf: false, errors }
  return made
}

afterEach(async () => {
  for (const router of open.splice(0)) await router.close().catch(() => {})
  for (const each of redis.splice(0)) await each.stop()
})

describe.skipIf(!hasRedis)('a Redis that gives way to', () => {
  describe.each(['a copy that lags', 'an older RDB'] as const)('%s', (how) => {
    it.each([true, false])('has all events whose receipts resolve; more traffic: %s', async (isBusy) => {
      const failing = await start()
      const a = await replica(failing)
      const ids = Array.from({ length: 10 }, () => a.router.route(X).id)
      await a.router.flush()
      const giveWay = await failing.copy(how)
      a.isDeaf = true
      await pause(1100)
      const receipts = ids.map((id) => a.router.reward(id, 1))
      const lost = Array.from({ length: 10 }, () => a.router.route(X).id)
      await until(() => a.router.stats().journal?.waiting === 0, 'the acknowledgement')
      await giveWay()
      if (isBusy) {
        const { id } = a.router.route(X)
        await until(() => a.errors.some((error) => error.includes('has lost acknowledged')), 'the answer')
        receipts.push(a.router.reward(id, 1))
      }
      a.isDeaf = false
      await Promise.all(receipts.map(({ durable }) => durable))
      await a.router.flush()
      const late = (await replica(failing)).router
      expect(late.recovery?.refused).toBe(0)
      expect(late.stats().requests).toBe(isBusy ? 21 : 20)
      for (const router of [a.router, late])
        expect(router.stats().models.reduce((sum, { rewarded }) => sum + rewarded, 0)).toBe(receipts.length)
      expect((await late.digest()).sha256).toBe((await a.router.digest()).sha256)
      await late.reward(lost[0], 1).durable
    })

    it('gives no id twice, and no name', async () => {
      const failing = await start()
      const a = await replica(failing)
      const ids = [a.router.route(X).id]
      await a.router.flush()
      const giveWay = await failing.copy(how)
      const b = await replica(failing)
      for (const { router } of [a, b]) for (let i = 0; i < 10; i++) ids.push(router.route(X).id)
      await Promise.all([a.router.flush(), b.router.flush()])
      await giveWay()
      await until(() => a.router.stats().requests === 1 && b.router.stats().requests === 1, 'the older state')
      const c = await replica(failing)
      for (const { router } of [a, b, c]) for (let i = 0; i < 10; i++) ids.push(router.route(X).id)
      await Promise.all([a, b, c].map(({ router }) => router.flush()))
      expect(new Set(ids).size).toBe(51)
      expect(c.router.recovery?.refused).toBe(0)
      await until(() => c.router.stats().requests === 31, 'all requests')
    })
  })
})

describe.skipIf(!hasRedis)('a log that somebody has trimmed before its first snapshot', () => {
  it('opens no router', async () => {
    const failing = await start()
    const { router } = await replica(failing)
    for (let i = 0; i < 20; i++) router.route(X)
    await router.flush()
    await failing.server.command('XTRIM', '{paretobandit}:events', 'MAXLEN', '1')
    await expectRejection(replica(failing), 'STORE_CORRUPT')
  })
})
