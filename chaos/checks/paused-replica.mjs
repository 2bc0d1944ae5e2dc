import { RedisProcess } from '../redis-process.mjs'
import { agreedDigest, WorkerProcess } from '../worker-process.mjs'

const PAUSE_MS = 60_000
const PAUSE_MS_SHORT = 5000

export const name = 'a replica paused while the log is trimmed'
export const needsRedis = true

/** A replica stands still while others go on and the log is cut behind snapshots: it comes back to their state. */
export async function run({ seed, short }) {
  const server = await RedisProcess.start()
  const workers = []
  try {
    const redis = { url: server.url, stream: 'pause', retainEvents: 1000 }
    for (let i = 0; i < 3; i++)
      workers.push(
        await WorkerProcess.start({ redis, seed: seed + i, options: {}, journal: { snapshotEvents: 3000 } }),
      )
    await Promise.all(workers.map((worker) => worker.call('load', { requests: 300 })))
    workers[2].signal('SIGSTOP')
    const until = Date.now() + (short ? PAUSE_MS_SHORT : PAUSE_MS)
    let requests = 900
    while (Date.now() < until) {
      await Promise.all([0, 1].map((i) => workers[i].call('load', { requests: 1000, pauseEvery: 5 })))
      requests += 2000
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    workers[2].signal('SIGCONT')
    await workers[2].call('load', { requests: 300 })
    requests += 300
    const digest = await agreedDigest(workers)
    const stats = await Promise.all(workers.map((worker) => worker.call('stats')))
    const rejoined = stats[2].failures.some(([code]) => code === 'LOG_TRIMMED')
    const ok =
      rejoined && stats.every(({ rewarded, requests: all }) => all === requests && rewarded === requests)
    return {
      ok,
      detail: `${requests} requests, ${rejoined ? 'rejoined from a snapshot' : 'never fell behind the log'}, digest ${digest}`,
    }
  } finally {
    for (const worker of workers) worker.signal('SIGCONT')
    await Promise.all(workers.map((worker) => worker.kill()))
    await server.stop()
  }
}
