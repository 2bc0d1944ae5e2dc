import { afterEach, describe, expect, it } from 'vitest'
import { type RedisLink, redisLink } from '../../../src/gateway/node/redis-link.js'
import { hasRedis, RedisServer } from '../../support/redis-server.js'
import { Relay } from '../../support/relay.js'
import { redisConfig } from '../keys/record-stores.js'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function server(): Promise<RedisServer> {
  const started = await RedisServer.start()
  ends.push(() => started.stop())
  return started
}

async function relayTo({ port }: RedisServer): Promise<Relay> {
  const relay = await Relay.start(port)
  ends.push(() => relay.stop())
  return relay
}

async function linkThrough({ port }: Relay, timeoutMs: number): Promise<RedisLink> {
  const link = await redisLink(redisConfig(`redis://127.0.0.1:${port}`, 'p', timeoutMs))
  ends.push(() => link.close())
  return link
}

const WAIT = { timeout: 10_000, interval: 50 }

/** What comes of a command: its reply, or the words of its failure. */
function reply(link: RedisLink, ...args: string[]): Promise<unknown> {
  return link.send(...args).catch((error: unknown) => (error instanceof Error ? error.message : error))
}

describe.skipIf(!hasRedis)('a connection to Redis for keys and notes', () => {
  it('that cannot be made says why', async () => {
    const { url, kill } = await server().then((redis) => ({ url: redis.url, kill: () => redis.kill() }))
    await kill()
    await expect(redisLink(redisConfig(url, 'p', 300))).rejects.toThrow('ECONNREFUSED')
  })

  it('that nobody answers any more, and nobody ends, is made again', async () => {
    const redis = await server()
    const relay = await relayTo(redis)
    const link = await linkThrough(relay, 200)
    expect(await link.send('SET', 'a', '1')).toBe('OK')
    relay.forget()
    expect(await reply(link, 'GET', 'a')).toContain('no answer of Redis within 200 ms')
    await expect.poll(() => reply(link, 'GET', 'a'), WAIT).toBe('1')
  })

  it('to a primary that has become a replica leads to the one that its address has now', async () => {
    const [before, now] = [await server(), await server()]
    const relay = await relayTo(before)
    const link = await linkThrough(relay, 1000)
    expect(await link.send('SET', 'a', '1')).toBe('OK')
    await before.command('REPLICAOF', '127.0.0.1', String(now.port))
    relay.leadTo(now.port)
    expect(await reply(link, 'SET', 'a', '2')).toContain('READONLY')
    await expect.poll(() => reply(link, 'SET', 'a', '3'), WAIT).toBe('OK')
    expect(await now.command('GET', 'a')).toBe('3')
  })

  it('to a server that takes connections and answers none is made again when it does', async () => {
    const redis = await server()
    const link = await linkThrough(await relayTo(redis), 200)
    redis.pause()
    ends.push(() => redis.resume())
    expect(await reply(link, 'GET', 'a')).toContain('no answer of Redis within 200 ms')
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await reply(link, 'GET', 'a')).toContain('Redis: ')
    }
    redis.resume()
    await expect.poll(() => reply(link, 'SET', 'a', '1'), WAIT).toBe('OK')
  })

  it('that waits for replicas of Redis as long as it may is not given up', async () => {
    const link = await linkThrough(await relayTo(await server()), 200)
    expect(await link.send('SET', 'a', '1')).toBe('OK')
    const id = await link.send('CLIENT', 'ID')
    expect(await Promise.all([link.send('WAIT', '1', '300'), reply(link, 'GET', 'a')])).toEqual([
      0,
      expect.stringContaining('no answer of Redis'),
    ])
    expect(await link.send('CLIENT', 'ID')).toBe(id)
  })
})
