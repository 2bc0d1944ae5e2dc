// Stores by themselves: events that a router has made are appended without one.
import { Worker } from 'node:worker_threads'
import { createRouter } from '../../dist/index.js'
import { memoryStore } from '../../dist/store/memory.js'
import { load, MODELS, OPTIONS } from './workload.mjs'

/** Events of an append: what comes while a commit of some milliseconds is under way. */
export const BATCH = 300
/** The same where several share the load. */
export const SHARED_BATCH = 50

/** The header and the events of a router that was used, as a store gets them. */
export async function captureLog(requests, seed) {
  const inner = memoryStore()
  const events = []
  let header = null
  const store = {
    description: 'recorder',
    isShared: false,
    leases: null,
    open(given, first) {
      header = given
      return inner.open(given, first)
    },
    append(batch) {
      for (const bytes of batch.events) events.push(bytes)
      return inner.append(batch)
    },
    read: (after, waitMs) => inner.read(after, waitMs),
    snapshots: () => inner.snapshots(),
    writeSnapshot: (snapshot) => inner.writeSnapshot(snapshot),
    close: () => inner.close(),
  }
  const router = await createRouter({ ...OPTIONS, models: MODELS, store })
  await load(router, requests, seed)
  await router.close()
  return { header, events }
}

/** @returns ms of every append, ascending */
export async function appendAll(store, { origin, firstNumber }, events, batch) {
  const latencies = []
  for (let at = 0; at < events.length; at += batch) {
    const before = performance.now()
    await store.append({ origin, firstNumber: firstNumber + at, events: events.slice(at, at + batch) })
    latencies.push(performance.now() - before)
  }
  return latencies.sort((a, b) => a - b)
}

/** One writer. @returns events a second, and ms of every append */
export async function measureAppends(store, { header, events }) {
  const opened = await store.open(header, [])
  const started = performance.now()
  const latencies = await appendAll(store, opened, events, BATCH)
  const seconds = (performance.now() - started) / 1000
  await store.close()
  return { rate: events.length / seconds, latencies }
}

/** Threads that append a share each and read all. @returns events a second, each counted once */
export async function measureReplicas(url, stream, { header, events }, replicas) {
  const share = Math.floor(events.length / replicas)
  const workers = Array.from({ length: replicas }, (_, i) => {
    const packed = pack(events.slice(i * share, (i + 1) * share))
    const workerData = { url, stream, header, packed, reads: replicas * share }
    return new Worker(new URL('appender.mjs', import.meta.url), { workerData })
  })
  await Promise.all(workers.map(messageOf))
  const started = performance.now()
  const done = workers.map(messageOf)
  for (const worker of workers) worker.postMessage('go')
  await Promise.all(done)
  return (replicas * share) / ((performance.now() - started) / 1000)
}

function messageOf(worker) {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

/** Events share chunks of memory; sent one by one to a thread each would take its whole chunk along. */
function pack(events) {
  const lengths = events.map(({ length }) => length)
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  for (const event of events) {
    bytes.set(event, at)
    at += event.length
  }
  return { bytes, lengths }
}

export function unpack({ bytes, lengths }) {
  let at = 0
  return lengths.map((length) => {
    at += length
    return bytes.subarray(at - length, at)
  })
}
