import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import type { RedisModule } from '../../src/store/redis/client.js'
import { Connection, command, Target } from '../../src/store/redis/connection.js'
import { isReply, storeError } from '../../src/store/redis/failure.js'
import { redisStore } from '../../src/store/redis/index.js'
import { RedisCluster } from '../support/redis-cluster.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { MODELS, X } from '../support/router.js'
import { pause, until } from '../support/shared-store.js'

const LOG = '{paretobandit}:log'
const CAP_USD = 0.7

interface Replica {
  readonly router: Router
  readonly codes: Set<string>
}

const open: Router[] = []
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const router of open.splice(0)) await router.close().catch(() => {})
  for (const stop of stops.splice(0)) await stop()
})

async function replica(url: string, options: RouterOptions = {}, waitReplicas = 0): Promise<Replica> {
  const codes = new Set<string>()
  const router = await createRouter({
    models: MODELS,
    dimension: 3,
    kernel: 'js',
    ...options,
    store: redisStore({ url, timeoutMs: 1000, waitReplicas }),
    journal: {
      onStoreError: (error) => codes.add(error instanceof ParetoBanditError ? error.code : `${error}`),
    },
  })
  open.push(router)
  return { router, codes }
}

/** Requests until told to stop; what their receipts said is kept. */
function traffic({ router }: Replica) {
  const acknowledged: string[] = []
  let spentUsd = 0
  let refused = 0
  let isOver = false
  const run = (async () => {
    while (!isOver) {
      try {
        const { id, reservedUsd } = router.route(X, { inputTokens: 1000, maxOutputTokens: 1000 })
        spentUsd += reservedUsd
        router.settle(id, { costUsd: reservedUsd })
        router.reward(id, 1).durable.then(
          () => acknowledged.push(id),
          () => {},
        )
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
        refused++
      }
      await pause(4)
    }
  })()
  return {
    acknowledged,
    isRefused: () => refused > 100,
    end: async () => {
      isOver = true
      await run
      return spentUsd
    },
  }
}

const rewardedOf = (router: Router) => router.stats().models.reduce((sum, { rewarded }) => sum + rewarded, 0)

describe.skipIf(!hasRedis)('a cluster of three', () => {
  it('may move the keys to another node under running routers', async () => {
    const cluster = await RedisCluster.start()
    stops.push(() => cluster.stop())
    const owner = await cluster.ownerOf(LOG)
    const [to, third] = cluster.nodes.filter((node) => node !== owner)
    const options: RouterOptions = { caps: [{ usd: CAP_USD, per: 'day' }], reserve: 'worst-case' }
    const both = [await replica(to.server.url, options), await replica(third.server.url, options)]
    const runs = both.map(traffic)
    await until(() => runs.every(({ acknowledged }) => acknowledged.length > 5), 'traffic')
    await cluster.move(LOG, to, () => pause(150))
    expect(await cluster.ownerOf(LOG)).toBe(to)
    const before = runs.map(({ acknowledged }) => acknowledged.length)
    await until(() => runs.every(({ acknowledged }, i) => acknowledged.length > before[i]), 'more of it')
    await until(() => runs.every(({ isRefused }) => isRefused()), 'the end of the cap', 40_000)
    let spentUsd = 0
    for (const run of runs) spentUsd += await run.end()
    expect(spentUsd).toBeLessThanOrEqual(CAP_USD + 1e-9)
    expect(spentUsd).toBeGreaterThan(0.9 * CAP_USD)
    await Promise.all(both.map(({ router }) => router.flush()))
    const late = await replica(owner.server.url, options)
    const acknowledged = runs.reduce((sum, run) => sum + run.acknowledged.length, 0)
    expect(rewardedOf(late.router)).toBe(acknowledged)
    const { sha256 } = await late.router.digest()
    await until(() => both.every(({ router }) => rewardedOf(router) === acknowledged), 'the news')
    for (const { router, codes } of both) {
      expect((await router.digest()).sha256).toBe(sha256)
      // Of keys that are on their way.
      expect([...codes]).toEqual(['STORE_UNREACHABLE'])
    }
    expect(await owner.server.command('DBSIZE')).toBe(0)
  })

  it('goes on with a copy of a node that is gone', async () => {
    const cluster = await RedisCluster.start({ 'cluster-require-full-coverage': 'no' })
    stops.push(() => cluster.stop())
    const owner = await cluster.ownerOf(LOG)
    await cluster.follower(owner)
    await cluster.settled()
    const seed = cluster.nodes.find((node) => node !== owner) ?? owner
    const a = await replica(seed.server.url, {}, 1)
    const run = traffic(a)
    await until(() => run.acknowledged.length > 20, 'traffic')
    await owner.server.kill()
    for (let left = 400; left > 0 && (await cluster.ownerOf(LOG).catch(() => owner)) === owner; left--)
      await pause(50)
    // The successor has no copy: nothing is acknowledged until there is one again.
    await owner.server.restart()
    const before = run.acknowledged.length
    await until(() => run.acknowledged.length > before + 5, 'traffic on the successor')
    await run.end()
    await a.router.flush()
    const successor = await cluster.ownerOf(LOG)
    expect(successor).not.toBe(owner)
    const late = await replica(successor.server.url)
    expect(rewardedOf(late.router)).toBe(run.acknowledged.length)
    expect([...a.codes]).toEqual(['STORE_UNREACHABLE'])
  })
})

describe.skipIf(!hasRedis)('a cluster whose first node is gone', () => {
  it('is found by the others that were heard of', async () => {
    const nodes = [
      await RedisServer.start({ 'cluster-enabled': 'yes' }),
      await RedisServer.start({ 'cluster-enabled': 'yes' }),
    ]
    for (const node of nodes) stops.push(() => node.stop())
    const [owner, seed] = nodes
    await owner.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    const bus = String(await owner.command('CONFIG', 'GET', 'cluster-port')).split(',')[1]
    await seed.command('CLUSTER', 'MEET', '127.0.0.1', String(owner.port), bus)
    let isUp = false
    for (let left = 400; left > 0 && !isUp; left--) {
      isUp = String(await seed.command('CLUSTER', 'INFO')).includes('cluster_state:ok')
      await pause(25)
    }
    const { router } = await replica(seed.url)
    await router.reward(router.route(X).id, 1).durable
    await seed.kill()
    await owner.kill()
    const { id } = router.route(X)
    const receipt = router.reward(id, 1)
    // Long enough for every connection to have asked at the URL as well.
    await pause(1000)
    await owner.restart()
    await receipt.durable
    expect(rewardedOf(router)).toBe(2)
  })
})

describe('what a server says', () => {
  it.each([
    ['ASK 3999 127.0.0.1:6381', 'STORE_UNREACHABLE'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'STORE_UNREACHABLE'],
    ['CLUSTERDOWN The cluster is down', 'STORE_UNREACHABLE'],
    ['LOADING Redis is loading the dataset in memory', 'STORE_UNREACHABLE'],
    ['MASTERDOWN Link with MASTER is down', 'STORE_UNREACHABLE'],
    ['UNBLOCKED force unblock from blocking operation, instance state changed', 'STORE_UNREACHABLE'],
    ["READONLY You can't write against a read only replica.", 'STORE_READ_ONLY'],
    ['CROSSSLOT Keys in request do not hash to the same slot', 'STORE_MISMATCH'],
  ])('%s', (text, code) => {
    const error = storeError(new Error(text), 'redis://here stream x')
    expect(error.code).toBe(code)
    expect(error.message).toContain(text.split(' ')[0])
    expect(isReply(new Error(text))).toBe(true)
  })

  it.each([
    ['CLUSTERDOWN The cluster is down', ['redis://a:1', 'redis://b:2', 'redis://a:1']],
    ['UNBLOCKED force unblock', ['redis://a:1', 'redis://b:2', 'redis://b:2']],
    ['READONLY it is a replica', ['redis://a:1', 'redis://b:2', 'redis://b:2']],
    ['ASK 1 a:1', ['redis://a:1', 'redis://b:2']],
  ])('%s: the connection goes where another answers, or stays', async (text, places) => {
    const asked: string[] = []
    const replies = [new Error('MOVED 1 b:2'), new Error(text), 'OK']
    const module: RedisModule = {
      createClient: ({ url }) => {
        asked.push(String(url))
        return {
          connect: async () => undefined,
          sendCommand: async ([name]) => {
            const reply = name === 'PING' ? 'PONG' : replies.shift()
            if (reply instanceof Error) throw reply
            return reply
          },
          on: () => undefined,
          ref: () => undefined,
          unref: () => undefined,
          destroy: () => undefined,
        }
      },
    }
    const connection = new Connection(new Target(module, 'redis://a:1', 1000, 'here'))
    await expect(connection.send(command('GET', 'x'))).rejects.toThrow(text)
    let answer: unknown = null
    for (let left = 500; left > 0 && answer === null; left--) {
      await pause(2)
      answer = await connection.send(command('GET', 'x')).catch(() => null)
    }
    expect(answer).toBe('OK')
    expect(asked).toEqual(places)
    connection.close()
  })
})

describe.skipIf(!hasRedis)('scripts', () => {
  /** Commands that a server runs, as MONITOR tells them. */
  async function monitor(server: RedisServer): Promise<{ lines: string[]; end: () => void }> {
    const socket = connect(server.port, '127.0.0.1')
    const lines: string[] = []
    let rest = ''
    socket.on('data', (bytes) => {
      const parts = (rest + bytes.toString('latin1')).split('\r\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
    })
    socket.write('MONITOR\r\n')
    await until(() => lines.length > 0, 'MONITOR')
    return { lines, end: () => socket.destroy() }
  }
  const wordsOf = (line: string) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word)

  it('name every key that they touch, so a cluster may look where it lies', async () => {
    const server = await RedisServer.start()
    stops.push(() => server.stop())
    const { lines, end } = await monitor(server)
    stops.push(async () => end())
    const caps = (['calendar', 'rolling'] as const).map((window) => ({
      usd: 1,
      per: 'hour' as const,
      window,
    }))
    const options: RouterOptions = { caps, budget: { usdPerRequest: 0.01 }, strict: true }
    for (let i = 0; i < 3; i++) {
      const one = await replica(server.url, options)
      const two = await replica(server.url, options)
      for (const each of [one, two]) await each.router.reward(each.router.route(X).id, 1).durable
      await pause(1500)
      await one.router.close()
      await two.router.close()
      // What is mended, as well.
      await server.command('DEL', i === 0 ? '{paretobandit}:events' : LOG)
    }
    let declared: readonly string[] = []
    let scripts = 0
    let touched = 0
    const undeclared = new Set<string>()
    for (const line of lines) {
      const [name = '', ...args] = wordsOf(line)
      if (!/^\S+ \[\d+ lua\]/.test(line)) {
        declared = /^evalsha$/i.test(name) ? args.slice(2, 2 + Number(args[1])) : []
        if (declared.length > 0) scripts++
        continue
      }
      if (/^time$/i.test(name)) continue
      touched++
      const keys = /^xinfo$/i.test(name) ? [args[1]] : /^rename$/i.test(name) ? args.slice(0, 2) : [args[0]]
      for (const key of keys) if (!declared.includes(key)) undeclared.add(`${name} ${key}`)
    }
    expect([...undeclared]).toEqual([])
    expect(scripts).toBeGreaterThan(50)
    expect(touched).toBeGreaterThan(scripts)
  })
})
