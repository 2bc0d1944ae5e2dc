import { afterEach, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from '../../../src/gateway/node/simulated/upstream.js'
import { Folder } from '../../cli/support.js'
import { hasRedis, RedisServer } from '../../support/redis-server.js'
import type { Tree } from '../config/example.js'
import { ASK, CLIENT_KEY, clientTree, UPSTREAM_KEY } from './gateway.js'
import { type GatewayProcess, startProcess } from './process.js'

const folder = new Folder()
const open: { kill(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.kill()
})

async function upstreamOf(): Promise<Upstream> {
  const upstream = await startUpstream({ apiKey: UPSTREAM_KEY })
  open.push({ kill: () => upstream.close() })
  return upstream
}

async function started(file: string, env: Tree = {}): Promise<GatewayProcess> {
  const made = await startProcess(folder.path, file, env)
  open.push(made)
  return made
}

function treeOf(upstream: Upstream, store: Tree, windowMs: number): Tree {
  return clientTree(upstream, {
    store,
    rewards: { windowMs, validators: { enabled: false } },
    models: [{ id: ASK.model, upstream: 'openai', prices: { inputUsdPerMTok: 1.1, outputUsdPerMTok: 4.4 } }],
  })
}

async function decisionOf({ url }: GatewayProcess): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(ASK),
  })
  expect(response.status).toBe(200)
  await response.text()
  return response.headers.get('x-paretobandit-decision') ?? ''
}

/** @returns the status of the response */
async function give({ url }: GatewayProcess, body: object): Promise<number> {
  const response = await fetch(`${url}/v1/feedback`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await response.text()
  return response.status
}

interface Learned {
  readonly rewarded: number
  readonly meanReward: number | null
}

async function learned(gateway: GatewayProcess): Promise<Learned> {
  const { models } = (await gateway.admin('/stats')) as { models: Learned[] }
  return models[0]
}

describe('feedback that was taken before its process was killed', () => {
  it.each([0, 1500, 600_000])('is applied once by the next one on SQLite, window %i ms', async (windowMs) => {
    const upstream = await upstreamOf()
    const store = { kind: 'sqlite', file: `fb-${windowMs}.db` }
    const file = await folder.write(`fb-${windowMs}.yaml`, treeOf(upstream, store, windowMs))
    const dying = await started(file)
    const decision_id = await decisionOf(dying)
    const reward = { decision_id, value: 0.75, idempotency_key: 'k' }
    expect(await give(dying, reward)).toBe(200)
    await dying.kill()
    const next = await started(file)
    if (windowMs > 10_000) {
      // The window goes on, and what comes to the next process is part of it.
      expect(await give(next, reward)).toBe(200)
      expect(await give(next, { decision_id, value: 0.25 })).toBe(200)
      expect(await learned(next)).toMatchObject({ rewarded: 0 })
      expect(await next.end()).toBe(0)
      const last = await started(file)
      expect(await learned(last)).toMatchObject({ rewarded: 1, meanReward: 0.5 })
      return
    }
    await expect
      .poll(() => learned(next), { timeout: 15_000, interval: 100 })
      .toMatchObject({ rewarded: 1, meanReward: 0.75 })
    expect(await next.end()).toBe(0)
    expect(await learned(await started(file))).toMatchObject({ rewarded: 1 })
  })

  it.skipIf(!hasRedis)('is applied once by another replica on Redis', async () => {
    const redis = await RedisServer.start()
    open.push({ kill: () => redis.stop() })
    const upstream = await upstreamOf()
    const tree = treeOf(upstream, { kind: 'redis', url: '$REDIS_URL' }, 1000)
    const file = await folder.write('fb-redis.yaml', tree)
    const env = { REDIS_URL: redis.url }
    const [dying, other] = [await started(file, env), await started(file, env)]
    const given = []
    for (let i = 0; i < 5; i++) given.push({ decision_id: await decisionOf(dying), value: 0.75 })
    for (const each of given) expect(await give(dying, each)).toBe(200)
    await dying.kill()
    await expect
      .poll(() => learned(other), { timeout: 30_000, interval: 200 })
      .toMatchObject({ rewarded: 5, meanReward: 0.75 })
  })

  it.skipIf(!hasRedis)('was not said to be taken while Redis was away', async () => {
    const redis = await RedisServer.start()
    open.push({ kill: () => redis.stop() })
    const upstream = await upstreamOf()
    const store = { kind: 'redis', url: '$REDIS_URL', timeoutMs: 500 }
    const file = await folder.write('fb-away.yaml', treeOf(upstream, store, 60_000))
    const gateway = await started(file, { REDIS_URL: redis.url })
    const reward = { decision_id: await decisionOf(gateway), value: 1, idempotency_key: 'k' }
    redis.pause()
    expect(await give(gateway, reward)).toBe(503)
    redis.resume()
    await expect.poll(() => give(gateway, reward), { timeout: 20_000 }).toBe(200)
  })
})
