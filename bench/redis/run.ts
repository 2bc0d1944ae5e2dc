import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { redisStore } from '../../src/store/redis/index.js'
import { hasRedis, RedisServer } from '../../test/support/redis-server.js'
import { batchesOf } from './workload.js'

interface Case {
  readonly fsync: 'always' | 'everysec'
  readonly replicas: number
  readonly reads: boolean
}

const CASES: readonly Case[] = (['always', 'everysec'] as const).flatMap((fsync) => [
  { fsync, replicas: 1, reads: false },
  { fsync, replicas: 4, reads: true },
])

/** Prints a line for each case. @returns exit code */
export async function main(args: string[], replica: URL): Promise<number> {
  const options = {
    events: { type: 'string', default: '300000' },
    batch: { type: 'string', default: '300' },
  } as const
  const { values } = parseArgs({ args, options })
  const [events, batch] = [Number(values.events), Number(values.batch)]
  if (!hasRedis) return 1
  const encoded = batchesOf(3000, batch, 1).flat()
  const bytes = encoded.reduce((sum, { length }) => sum + length, 0) / encoded.length
  console.log(`${events} events, batches of ${batch}, ${bytes.toFixed(0)} bytes an event as encoded`)
  for (const each of CASES) await measure(each, events, batch, replica)
  return 0
}

async function measure(each: Case, events: number, batch: number, replica: URL): Promise<void> {
  const server = await RedisServer.start({ appendfsync: each.fsync })
  try {
    const before = await memoryOf(server)
    const share = Math.floor(events / each.replicas)
    const total = share * each.replicas
    const workers = Array.from({ length: each.replicas }, (_, index) => {
      const workerData = { url: server.url, index, batch, events: share, reads: each.reads ? total : 0 }
      return new Worker(replica, { workerData })
    })
    await Promise.all(workers.map((worker) => messageOf(worker)))
    const start = performance.now()
    for (const worker of workers) worker.postMessage('go')
    const latencies = (await Promise.all(workers.map((worker) => messageOf(worker)))).flat() as number[]
    const seconds = (performance.now() - start) / 1000
    latencies.sort((a, b) => a - b)
    const at = (share: number) => latencies[Math.floor(share * (latencies.length - 1))].toFixed(1)
    const bytes = ((await memoryOf(server)) - before) / total
    const who = `${each.replicas} writer${each.reads ? `s, ${each.replicas} readers of all` : ''}`
    const rate = Math.round(total / seconds).toLocaleString('en')
    console.log(
      `appendfsync ${each.fsync}, ${who}: ${rate} events/s; append p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; ${bytes.toFixed(0)} bytes an event in Redis`,
    )
    if (!each.reads) await catchUp(server, total)
  } finally {
    await server.stop()
  }
}

/** How fast one process reads what is there. */
async function catchUp(server: RedisServer, total: number): Promise<void> {
  const store = redisStore({ url: server.url })
  await store.open({ version: 1, settings: {} }, [])
  const start = performance.now()
  let end = ''
  for (let seen = 0; seen < total; ) {
    for (const { events, position } of await store.read(end, 0)) {
      seen += events.length
      end = position
    }
  }
  const rate = Math.round((1000 * total) / (performance.now() - start)).toLocaleString('en')
  console.log(`  read back by one: ${rate} events/s`)
  await store.close()
}

async function memoryOf(server: RedisServer): Promise<number> {
  const info = String(await server.command('INFO', 'memory'))
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1])
}

function messageOf(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
