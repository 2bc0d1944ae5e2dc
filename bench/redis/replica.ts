import { parentPort, workerData } from 'node:worker_threads'
import { redisStore } from '../../src/store/redis/index.js'
import { batchesOf } from './workload.js'

export interface ReplicaTask {
  readonly url: string
  readonly index: number
  /** That it appends. */
  readonly events: number
  /** That it reads, from all who append; 0: none. */
  readonly reads: number
  readonly batch: number
}

const task = workerData as ReplicaTask
const store = redisStore({ url: task.url })
const log = await store.open({ version: 1, settings: {} }, [])
const batches = batchesOf(task.events, task.batch, task.index + 1)
parentPort?.postMessage('ready')
await new Promise((resolve) => parentPort?.once('message', resolve))

const latencies: number[] = []
async function append(): Promise<void> {
  let firstNumber = 1
  for (const events of batches) {
    const before = performance.now()
    await store.append({ origin: log.origin, firstNumber, events })
    latencies.push(performance.now() - before)
    firstNumber += events.length
  }
}

async function read(): Promise<void> {
  let end = ''
  for (let seen = 0; seen < task.reads; ) {
    for (const { events, position } of await store.read(end, 1000)) {
      seen += events.length
      end = position
    }
  }
}

await Promise.all([append(), read()])
parentPort?.postMessage(latencies)
await store.close()
parentPort?.close()
