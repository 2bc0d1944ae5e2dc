import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { RedisProcess } from '../redis-process.mjs'
import { Wire } from '../wire.mjs'
import { agreedDigest, agreedStats, WorkerProcess } from '../worker-process.mjs'

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const REPLICAS = 8
const TIMEOUT_MS = 2000
/** Lines that workers have written are read by then. */
const DRAIN_MS = 500
/** Longer than a receipt waits for its event to be read back. */
const UNREAD_MS = 1500

export const name = '8 replicas and a Redis that fails over to a copy that lags'
export const needsRedis = true

/**
 * The copy lacks the latest entries, acknowledged ones among them, which half of the replicas have not read back. Of those,
 * and of all that resolve after it, no receipt is of an event which the log does not have; no id is given twice; no replica
 * shows a request that is in no log. With `waitReplicas` nothing that was ever acknowledged is lost.
 */
export async function run({ seed, short }) {
  const acks = short ? 10 : 200
  const lagging = await round({ seed, acks, stream: 'lagging', waitReplicas: 0 })
  const awaited = await round({ seed, acks, stream: 'awaited', waitReplicas: 1 })
  const text = ({ ids, checked, found, told, twice, phantoms, digest }) =>
    `${ids} ids, ${twice} twice, ${found} of ${checked} acknowledged rewards in the log, ${told} told to be lost, ${phantoms} replicas with other requests, digest ${digest}`
  const holds = ({ checked, found, twice, phantoms }) =>
    checked >= REPLICAS * acks && found === checked && twice === 0 && phantoms === 0
  return {
    ok: holds(lagging) && holds(awaited),
    detail: `after it: ${text(lagging)}; with waitReplicas, before it too: ${text(awaited)}`,
  }
}

async function round({ seed, acks, stream, waitReplicas }) {
  const primary = await RedisProcess.start()
  const wires = [await Wire.to(primary.port), await Wire.to(primary.port)]
  const workers = []
  const start = (i) =>
    WorkerProcess.start({
      redis: { url: `redis://127.0.0.1:${wires[i % 2].port}`, stream, timeoutMs: TIMEOUT_MS, waitReplicas },
      seed: seed + i,
      options: {},
      journal: { holdMs: 500 },
    })
  try {
    const copy = await primary.follower()
    workers.push(...(await Promise.all(Array.from({ length: REPLICAS }, (_, i) => start(i)))))
    const load = { requests: 1e9, pauseEvery: 1, pauseMs: 10, tells: true, mayLose: true }
    const loads = Promise.allSettled(workers.map((worker) => worker.call('load', load)))
    await more(workers, acks)
    if (waitReplicas === 0) {
      wires[1].deafen()
      await pause(DRAIN_MS)
      await copy.command('REPLICAOF', 'NO', 'ONE')
      // It lacks what is acknowledged now.
      await more(
        workers.filter((_, i) => i % 2 === 0),
        acks,
      )
      await pause(UNREAD_MS)
    } else {
      copy.signal('SIGSTOP')
      await pause(DRAIN_MS)
    }
    await primary.kill()
    await pause(DRAIN_MS)
    // Who answers has heard all that the primary had said, however busy the machine is, and its lines before that are read.
    await Promise.all(workers.map((worker) => worker.call('stats')))
    const acksBefore = workers.map(({ acks }) => acks.length)
    if (waitReplicas > 0) {
      copy.signal('SIGCONT')
      await copy.command('REPLICAOF', 'NO', 'ONE')
      await copy.follower()
    }
    for (const wire of wires) wire.redirect(copy.port)
    await more(workers, acks)
    await Promise.all(workers.map((worker) => worker.call('stop')))
    const failed = (await loads).find(({ status }) => status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const digest = await agreedDigest(workers)
    const fresh = await start(REPLICAS)
    workers.push(fresh)
    await agreedDigest(workers)
    const counts = await agreedStats(workers, ({ requests }) => requests)
    const ids = workers.flatMap(({ gave }) => gave.map((line) => line.gave))
    const told = workers.flatMap((worker, i) =>
      worker.acks.slice(waitReplicas > 0 || i % 2 === 1 ? 0 : acksBefore[i]),
    )
    const inLog = await rewardedIn(`redis://127.0.0.1:${copy.port}`, stream)
    return {
      ids: ids.length,
      twice: ids.length - new Set(ids).size,
      checked: told.length,
      found: told.filter(({ ack }) => inLog.has(ack)).length,
      told: workers.reduce((sum, { lost }) => sum + lost.length, 0),
      phantoms: counts.filter(({ requests: all }) => all !== counts.at(-1).requests).length,
      digest,
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
    for (const wire of wires) await wire.close()
    await RedisProcess.stopAll()
  }
}

/** Ids of the requests that the log has a reward of. */
async function rewardedIn(url, stream) {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'export', url, '--stream', stream], {
    maxBuffer: 2 ** 30,
  })
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return new Set(events.flatMap(({ type, id }) => (type === 'rewarded' ? [id] : [])))
}

/** Waits until each worker has seen `count` more. */
async function more(workers, count) {
  const before = workers.map(({ acks }) => acks.length)
  while (workers.some(({ acks }, i) => acks.length < before[i] + count)) await pause(20)
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
