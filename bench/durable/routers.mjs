import { statSync } from 'node:fs'
import { join } from 'node:path'
import { createRouter } from '../../dist/index.js'
import { memoryStore } from '../../dist/store/memory.js'
import { redisStore } from '../../dist/store/redis.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { usedEach } from './redis-meter.mjs'
import { load, MODELS, OPTIONS, percentile } from './workload.mjs'

/** Rounds over all stores: what else the machine does, and a rewrite of Redis's file, hits single ones. */
const ROUNDS = 3
/** More than there are: bytes of an event would be those of what is left of it. */
const retainEvents = 1e9

/**
 * Each store under the same requests: time of `route`, and events a second until all are durable. Medians of rounds.
 * @param add takes the fields of a row
 */
export async function measureRouters({ add, folder, server, meter, requests }) {
  const figures = new Map()
  const note = (what, value) => figures.set(what, [...(figures.get(what) ?? []), value])
  for (let round = 0; round < ROUNDS; round++) {
    console.error(`routers on stores, round ${round + 1} of ${ROUNDS}`)
    const file = join(folder, `load-${round}.db`)
    const { p50: bare, p99 } = await measureOne(undefined, requests, null)
    note('route, no store: p50', bare)
    note('route, no store: p99', p99)
    const stores = {
      memory: () => memoryStore(),
      SQLite: () => sqliteStore(file, { retainEvents }),
      ...(server === null
        ? {}
        : { Redis: () => redisStore({ url: server.url, stream: `load-${round}`, retainEvents }) }),
    }
    for (const [name, make] of Object.entries(stores)) {
      const { p50, p99, rate, used } = await measureOne(make(), requests, name === 'Redis' ? meter : null)
      note(`route, ${name}: p50`, p50)
      note(`route, ${name}: p50 added`, p50 - bare)
      note(`route, ${name}: p99`, p99)
      note(`${name}: durable events a second, routing included`, rate)
      if (name === 'SQLite')
        note('SQLite: disk of an event', statSync(file).size / (3 * (requests + warmUp(requests))))
      if (used === null) continue
      note('Redis: memory of an event', used.memory)
      note('Redis: network of an event, in', used.received)
      note('Redis: network of an event, out to each replica', used.sent)
    }
  }
  for (const [what, values] of figures) {
    values.sort((a, b) => a - b)
    const range = [values[0], values[values.length - 1]]
    add(what, values[values.length >> 1], unitOf(what), targetOf(what), range)
  }
}

const warmUp = (requests) => Math.ceil(requests / 10)

async function measureOne(store, requests, meter) {
  const router = await createRouter({
    ...OPTIONS,
    models: MODELS,
    ...(store === undefined ? {} : { store }),
  })
  await load(router, warmUp(requests), 2)
  const before = await meter?.read()
  const { routeNs, seconds } = await load(router, requests, 1)
  const used = meter === null ? null : usedEach(before, await meter.read(), 3 * requests)
  await router.close()
  return {
    p50: percentile(routeNs, 0.5) / 1000,
    p99: percentile(routeNs, 0.99) / 1000,
    rate: (3 * requests) / seconds,
    used,
  }
}

function unitOf(what) {
  if (what.startsWith('route')) return 'us'
  return what.includes('a second') ? '/s' : 'bytes'
}

function targetOf(what) {
  if (what.endsWith('p50 added')) return { most: 2 }
  if (what.endsWith('p99')) return { most: 100 }
  if (what.startsWith('SQLite: durable')) return { least: 20_000 }
  if (what.startsWith('Redis: durable')) return { least: 30_000 }
  return null
}
