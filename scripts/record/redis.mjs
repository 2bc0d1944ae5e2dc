// The recording of a log that two processes share in Redis. Its ids hold the server's time, so no two are the same.
import { World } from './world.mjs'

const LIMITS = { low: 0, high: 1 }
const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 },
  { id: 'medium', inputUsdPerMTok: 0.8, outputUsdPerMTok: 2.4, cachedInputUsdPerMTok: 0.2 },
  { id: 'large-大', inputUsdPerMTok: 3, outputUsdPerMTok: 15 },
]
/** Leases of calendar caps end by the server's clock: the router's is ahead of it, for as long as these are read. */
const STARTS_AT = Date.UTC(2090, 0, 14, 11, 30)

const COMMON = {
  dimension: 4,
  pendingCapacity: 48,
  pendingTtlMs: 3_600_000,
  kernel: 'js',
  seed: 5,
  alpha: 0.05,
}

export function redisRecordings() {
  return [
    {
      ...recording(
        'redis-dollar',
        'Policy dollar in Redis: two processes, leases of caps, a feedback that both gave.',
        77,
      ),
      options: {
        ...COMMON,
        policy: 'dollar',
        name: 'shared',
        budget: { usdPerRequest: 0.004 },
        epsilon: 0.1,
      },
      tenants: ['acme', 'ünï-北京'],
      optionsOf: (i) => [{}, { tenant: 'acme' }, { candidates: ['small', 'medium'] }][i % 3],
      beginning: {
        models: MODELS,
        caps: [
          { usd: 20, per: 'day' },
          { usd: 5, per: 'day', window: 'rolling' },
        ],
        tenants: [
          { id: 'acme', budget: { usdPerRequest: 0.003 }, caps: [{ usd: 4, per: 'month' }] },
          { id: 'ünï-北京' },
        ],
        latency: { meanMs: 1500 },
        quality: { meanReward: 0.5 },
      },
    },
    {
      ...recording('redis-paper', 'Policy paper in Redis: two processes, a feedback that both gave.', 78),
      options: { ...COMMON, policy: 'paper', name: 'shared', budget: { usdPerRequest: 0.002, mode: 'soft' } },
      tenants: [],
      optionsOf: (i) => [{}, { candidates: ['small', 'medium'] }][i % 2],
      beginning: { models: MODELS },
    },
  ]
}

function recording(name, about, seed) {
  return { name, about, stream: `recorded-${name}`, world: new World(seed, STARTS_AT, 4), limits: LIMITS }
}

/** @param makeRouter makes a router of the shared log */
export async function playShared({ world, beginning, optionsOf, tenants }, makeRouter) {
  const first = await makeRouter({ models: beginning.models, ...beginning })
  const second = await makeRouter({})
  const routers = [first, second]
  // Leases are asked for in the background.
  await settled(routers)
  for (let i = 0; i < 50; i++) {
    world.advance(20_000)
    const decision = await withPatience(() => world.route(routers[i % 2], optionsOf(i)))
    if (i % 6 === 5) await agree(routers)
    // Feedback goes to the other one now and then.
    const other = i % 6 === 5 ? routers[(i + 1) % 2] : routers[i % 2]
    world.feedback(other, decision, LIMITS)
    if (i === 25) {
      await agree(routers)
      first.addModel({ id: 'newcomer', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1 }, { forcedExploration: 2 })
      first.reprice('large-大', { inputUsdPerMTok: 2, outputUsdPerMTok: 12 })
      if (tenants.length > 0) first.setBudget({ usdPerRequest: 0.0035 }, { tenant: 'acme' })
      await agree(routers)
    }
  }
  await agree(routers)
  // Both settle one request before they hear of each other: the second stands in the log, and counts for nothing.
  const contested = await withPatience(() => world.route(first, {}))
  await agree(routers)
  const given = routers.map((router, i) =>
    router.settle(contested.id, { costUsd: 0.001 * (i + 1), latencyMs: 700 }),
  )
  await Promise.allSettled(given.map(({ durable }) => durable))
  for (let i = 0; i < 4; i++) await withPatience(() => world.route(routers[i % 2], {}))
  await agree(routers)
  // One by one: what is left of leases is given back.
  await first.close()
  await second.close()
}

async function withPatience(route) {
  for (let left = 400; left > 0; left--) {
    const decision = route()
    if (decision !== null) return decision
    await pause(10)
  }
  throw new Error('no lease ever comes')
}

async function agree(routers) {
  for (const router of routers) await router.flush()
  for (let left = 1000; left > 0; left--) {
    const found = await Promise.all(routers.map((router) => router.digest()))
    if (new Set(found.map(({ position, sha256 }) => position + sha256)).size === 1) return
    await pause(5)
  }
  throw new Error('the processes never agree')
}

async function settled(routers) {
  await agree(routers)
  await pause(100)
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
