// npm run bench:durable -- [--quick] [--json FILE] [--write]
// What a store costs and carries, through the package's public face: requests that are routed, settled and rewarded.
// Redis is a server of its own with appendfsync always. --write puts the table into docs/SCALE.md.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hasRedis, RedisProcess } from '../../chaos/redis-process.mjs'
import { createRouter } from '../../dist/index.js'
import { memoryStore } from '../../dist/store/memory.js'
import { redisStore } from '../../dist/store/redis.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { write } from '../../scripts/doc-sections.mjs'
import { renderRows } from './rows.mjs'
import { load, MODELS, OPTIONS, percentile } from './workload.mjs'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const REQUESTS = flags.quick ? 20_000 : 100_000
const HISTORY_REQUESTS = flags.quick ? 34_000 : 334_000
const TAIL_REQUESTS = 16_000
const WAITING = 65_536

const folder = mkdtempSync(join(tmpdir(), 'paretobandit-durable-'))
const server = hasRedis() ? await RedisProcess.start() : null
if (server === null)
  console.log('redis-server is not installed (apt-get install redis-server): its rows are left out')
const rows = []
function add(what, value, unit, target = null) {
  const row = {
    what,
    value,
    unit,
    target,
    ok: target === null ? null : target.least === undefined ? value <= target.most : value >= target.least,
  }
  rows.push(row)
  console.log(renderRows([row]).at(-1))
}

try {
  await measureStores()
  await measureRecovery()
  await measureCatchUp()
  await measureSnapshot()
} finally {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
}
if (flags.json !== undefined)
  writeFileSync(flags.json, `${JSON.stringify({ quick: flags.quick, rows }, null, 2)}\n`)
if (flags.write) {
  const command = '    npm run bench:durable'
  write(fileURLToPath(new URL('../../docs/SCALE.md', import.meta.url)), {
    durable: [command, '', ...renderRows(rows)].join('\n'),
  })
}

/** Each store under the same requests: time of `route`, and events a second until all are durable. */
async function measureStores() {
  const stores = [
    ['no store', () => undefined],
    ['memory', () => memoryStore()],
    ['SQLite', () => sqliteStore(join(folder, 'load.db'))],
    ...(server === null ? [] : [['Redis', () => redisStore({ url: server.url, stream: 'load' })]]),
  ]
  let bare = 0
  for (const [name, make] of stores) {
    const store = make()
    const router = await createRouter({
      ...OPTIONS,
      models: MODELS,
      ...(store === undefined ? {} : { store }),
    })
    await load(router, Math.ceil(REQUESTS / 10), 2)
    const memoryBefore = name === 'Redis' ? await server.memoryBytes() : 0
    const { routeNs, seconds } = await load(router, REQUESTS, 1)
    const p50 = percentile(routeNs, 0.5) / 1000
    if (store === undefined) bare = p50
    add(`route, ${name}: p50`, p50, 'us')
    if (store !== undefined) add(`route, ${name}: p50 added`, p50 - bare, 'us', { most: 2 })
    add(`route, ${name}: p99`, percentile(routeNs, 0.99) / 1000, 'us', { most: 100 })
    if (store === undefined) continue
    const target = { SQLite: { least: 20_000 }, Redis: { least: 30_000 } }[name] ?? null
    add(`${name}: durable events a second, routing included`, (3 * REQUESTS) / seconds, '/s', target)
    if (name === 'Redis')
      add(
        'Redis: memory of an event',
        ((await server.memoryBytes()) - memoryBefore) / (3 * REQUESTS),
        'bytes',
      )
    await router.close()
    if (name === 'SQLite') {
      const bytes = statSync(join(folder, 'load.db')).size
      add('SQLite: disk of an event', bytes / (3.3 * REQUESTS), 'bytes')
    }
  }
}

/** A restart on a long history: the latest snapshot, and what came after it. */
async function measureRecovery() {
  const file = join(folder, 'history.db')
  let router = await createRouter({ ...OPTIONS, models: MODELS, store: sqliteStore(file) })
  await load(router, HISTORY_REQUESTS, 3)
  await router.close()
  // As long a tail as there can be: nearly what is folded between two snapshots.
  router = await createRouter({ ...OPTIONS, store: sqliteStore(file), journal: { snapshotEvents: 1e9 } })
  await load(router, TAIL_REQUESTS, 5)
  await router.close()
  const started = performance.now()
  router = await createRouter({ ...OPTIONS, store: sqliteStore(file) })
  const seconds = (performance.now() - started) / 1000
  const events = Math.round((3 * (HISTORY_REQUESTS + TAIL_REQUESTS)) / 1000)
  add(
    `SQLite: restart on ${events} thousand events, ${router.recovery.folded} of them after the snapshot`,
    seconds,
    's',
    { most: 2 },
  )
  await router.close()
}

/** A new replica that folds a log from its beginning. */
async function measureCatchUp() {
  if (server === null) return
  const make = () => redisStore({ url: server.url, stream: 'catch-up' })
  const journal = { snapshotEvents: 1e9 }
  const first = await createRouter({ ...OPTIONS, models: MODELS, store: make(), journal })
  await load(first, REQUESTS, 4)
  const started = performance.now()
  const late = await createRouter({ ...OPTIONS, store: make(), journal })
  const seconds = (performance.now() - started) / 1000
  add('Redis: events a second that a new replica folds', late.recovery.folded / seconds, '/s')
  await late.close()
  await first.close()
}

async function measureSnapshot() {
  const router = await createRouter({ ...OPTIONS, models: MODELS })
  for (let i = 0; i < WAITING; i++)
    router.route(Array.from({ length: OPTIONS.dimension }, (_, j) => (i * j) % 3))
  const started = performance.now()
  const bytes = router.snapshot()
  add(`snapshot with ${WAITING} requests waiting: time`, performance.now() - started, 'ms')
  add(`snapshot with ${WAITING} requests waiting: size`, bytes.length / 2 ** 20, 'MiB')
}
