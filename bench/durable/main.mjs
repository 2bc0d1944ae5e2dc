// npm run bench:durable -- [--quick] [--json FILE] [--write]
// What a store costs and carries, through the package's public face: requests that are routed, settled and rewarded.
// Redis is a server of its own with appendfsync always. --write puts the table into docs/SCALE.md.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasRedis, RedisProcess } from '../../chaos/redis-process.mjs'
import { createRouter } from '../../dist/index.js'
import { redisStore } from '../../dist/store/redis.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { bundle } from '../../scripts/bundle-run.mjs'
import { write } from '../../scripts/doc-sections.mjs'
import { BATCH, captureLog, measureAppends, measureReplicas, SHARED_BATCH } from './alone.mjs'
import { measureOpening, measureServing } from './pauses.mjs'
import { RedisMeter, usedEach } from './redis-meter.mjs'
import { measureRouters } from './routers.mjs'
import { load, MODELS, OPTIONS, percentile } from './workload.mjs'

const build = await bundle('bench-durable', {
  flags: 'bench/durable/flags.ts',
  rows: 'bench/durable/rows.ts',
})
const { parseDurableFlags } = await import(new URL('flags.mjs', build).href)
const { renderRow, renderRows, rowOf } = await import(new URL('rows.mjs', build).href)

const flags = readFlags()
const REQUESTS = flags.quick ? 20_000 : 100_000
const HISTORY_REQUESTS = flags.quick ? 34_000 : 334_000
/** The default of `journal.snapshotEvents`. */
const SNAPSHOT_EVENTS = 50_000
const WAITING = 65_536
const REPLICAS = 4

const folder = mkdtempSync(join(tmpdir(), 'paretobandit-durable-'))
const server = hasRedis() ? await RedisProcess.start() : null
const meter = server === null ? null : await RedisMeter.connect(server.url)
if (server === null)
  console.log('redis-server is not installed (apt-get install redis-server): its rows are left out')
const rows = []
function add(...fields) {
  const row = rowOf(...fields)
  rows.push(row)
  console.log(renderRow(row))
}

try {
  await measureRouters({ add, folder, server, meter, requests: REQUESTS })
  await measureStoresAlone()
  await measureRecovery()
  await measureCatchUp()
  await measureSnapshot()
  await measurePauses()
} finally {
  await meter?.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
}
if (flags.jsonFile !== null)
  writeFileSync(flags.jsonFile, `${JSON.stringify({ quick: flags.quick, rows }, null, 2)}\n`)
if (flags.write) {
  const command = '    npm run bench:durable'
  write(fileURLToPath(new URL('../../docs/SCALE.md', import.meta.url)), {
    durable: [command, '', ...renderRows(rows)].join('\n'),
  })
}

function readFlags() {
  try {
    return parseDurableFlags(process.argv.slice(2))
  } catch (error) {
    console.error(error.message)
    process.exit(1)
  }
}

/** The same events without a router, and what they are as bytes. */
async function measureStoresAlone() {
  console.error('stores alone')
  const log = await captureLog(REQUESTS, 6)
  add(
    'an event, encoded',
    log.events.reduce((sum, { length }) => sum + length, 0) / log.events.length,
    'bytes',
  )
  const reportAppends = async (name, store) => {
    const { rate, latencies } = await measureAppends(store, log)
    add(`${name}, appends of ${BATCH} events: events a second`, rate, '/s')
    add(`${name}, appends of ${BATCH} events: p50 of one`, percentile(latencies, 0.5), 'ms')
    add(`${name}, appends of ${BATCH} events: p99 of one`, percentile(latencies, 0.99), 'ms')
  }
  await reportAppends('SQLite alone', sqliteStore(join(folder, 'alone.db')))
  if (server === null) return
  const { url } = server
  await reportAppends('Redis alone', redisStore({ url, stream: 'alone' }))
  const before = await meter.read()
  const rate = await measureReplicas(url, 'replicas', log, REPLICAS)
  const each = usedEach(before, await meter.read(), log.events.length)
  const who = `Redis alone, ${REPLICAS} writers of ${SHARED_BATCH} events that read all`
  add(`${who}: events a second`, rate, '/s')
  add(`${who}: CPU of Redis for an event`, each.cpuUs, 'us')
  await meter.fsync('everysec')
  await reportAppends('Redis alone, appendfsync everysec', redisStore({ url, stream: 'every-second' }))
  await meter.fsync('always')
}

/** A restart on a long history: the latest snapshot, and what came after it. */
async function measureRecovery() {
  console.error('recovery')
  const file = join(folder, 'history.db')
  let router = await createRouter({ ...OPTIONS, models: MODELS, store: sqliteStore(file) })
  await load(router, HISTORY_REQUESTS, 3)
  await router.close()
  // As long a tail as there can be: the next event would bring a snapshot.
  router = await createRouter({
    ...OPTIONS,
    store: sqliteStore(file),
    journal: { snapshotEvents: 1e9, snapshotOnClose: false },
  })
  const tailRequests = Math.floor((SNAPSHOT_EVENTS - 1 - router.recovery.folded) / 3)
  await load(router, tailRequests, 5)
  await router.close()
  const started = performance.now()
  router = await createRouter({ ...OPTIONS, store: sqliteStore(file) })
  const seconds = (performance.now() - started) / 1000
  const events = Math.round((3 * (HISTORY_REQUESTS + tailRequests)) / 1000)
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
  console.error('catch-up')
  if (server === null) return
  const make = () => redisStore({ url: server.url, stream: 'catch-up', retainEvents: 1e9 })
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
  console.error('snapshot')
  const router = await createRouter({ ...OPTIONS, models: MODELS })
  for (let i = 0; i < WAITING; i++)
    router.route([...Array.from({ length: OPTIONS.dimension - 1 }, (_, j) => (i * j) % 3), 1])
  const started = performance.now()
  const bytes = router.snapshot()
  add(`snapshot with ${WAITING} requests waiting: time`, performance.now() - started, 'ms')
  add(`snapshot with ${WAITING} requests waiting: size`, bytes.length / 2 ** 20, 'MiB')
}

/** The loop of the process that routes. */
async function measurePauses() {
  console.error('pauses')
  const file = join(folder, 'pauses.db')
  const seconds = flags.quick ? 10 : 60
  // A snapshot every three seconds or so.
  const serving = { file, waiting: WAITING, seconds, snapshotEvents: 10_000 }
  const { longestMs, busiestMs, idleMs } = await measureServing(serving)
  const what = `SQLite: 1,000 requests/s, ${WAITING} waiting, a snapshot every 10,000 events: longest pause`
  add('longest pause of an idle event loop on this machine, in a second', idleMs, 'ms')
  add(what, longestMs, 'ms', { most: 20 })
  add(`${what}, on the processor`, busiestMs, 'ms', { most: 20 })
  const opening = await measureOpening(file, { snapshotOnClose: false })
  add(
    `SQLite: opened with a snapshot of ${WAITING}: longest pause, on the processor`,
    opening.busiestMs,
    'ms',
  )
  const long = join(folder, 'long.db')
  const journal = { snapshotEvents: 1e9, snapshotOnClose: false }
  const router = await createRouter({ ...OPTIONS, models: MODELS, store: sqliteStore(long), journal })
  await load(router, 16_000, 9)
  await router.close()
  const { busiestMs: foldingMs, folded } = await measureOpening(long, journal)
  add(`SQLite: ${folded} events folded: longest pause, on the processor`, foldingMs, 'ms', { most: 20 })
}
