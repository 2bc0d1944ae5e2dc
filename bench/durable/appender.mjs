// A replica without a router, for `alone.mjs`: appends its events to a stream and reads those of all who append.
import { parentPort, workerData } from 'node:worker_threads'
import { redisStore } from '../../dist/store/redis.js'
import { appendAll, SHARED_BATCH, unpack } from './alone.mjs'

const { url, stream, header, packed, reads } = workerData
const store = redisStore({ url, stream })
const opened = await store.open(header, [])
const events = unpack(packed)
parentPort.postMessage('ready')
await new Promise((resolve) => parentPort.once('message', resolve))

async function readAll() {
  let end = ''
  for (let seen = 0; seen < reads; ) {
    for (const batch of await store.read(end, 1000)) {
      seen += batch.events.length
      end = batch.position
    }
  }
}

const [latencies] = await Promise.all([appendAll(store, opened, events, SHARED_BATCH), readAll()])
parentPort.postMessage(latencies)
await store.close()
parentPort.close()
