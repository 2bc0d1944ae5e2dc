import { RedisProcess } from '../redis-process.mjs'
import { agreedDigest, WorkerProcess } from '../worker-process.mjs'

const REPLICAS = 4
const KILLS = 3

export const name = 'Redis killed and restarted under 4 replicas'
export const needsRedis = true

/** Redis dies three times under load: what replicas were told is durable is there, once, and they come to one state. */
export async function run({ seed, short }) {
  const server = await RedisProcess.start()
  const workers = []
  try {
    for (let i = 0; i < REPLICAS; i++)
      workers.push(
        await WorkerProcess.start({
          redis: { url: server.url, stream: 'restart' },
          seed: seed + i,
          options: {},
        }),
      )
    const requests = short ? 3000 : 12_000
    let underLoad = 0
    let done = 0
    const loads = workers.map((worker) =>
      worker.call('load', { requests, pauseEvery: 2, pauseMs: 1 }).finally(() => done++),
    )
    for (let kills = 0; kills < KILLS; kills++) {
      await new Promise((resolve) => setTimeout(resolve, short ? 150 : 500))
      await server.kill()
      if (done === 0) underLoad++
      await new Promise((resolve) => setTimeout(resolve, 300))
      await server.restart()
    }
    const totals = await Promise.all(loads)
    const digest = await agreedDigest(workers)
    const stats = await Promise.all(workers.map((worker) => worker.call('stats')))
    const acknowledged = totals.reduce((sum, { acknowledged: each }) => sum + each, 0)
    const ok = stats.every(
      ({ requests: all, settled, rewarded }) => all === acknowledged && settled === all && rewarded === all,
    )
    const away = stats.reduce((sum, { failures }) => sum + failures.length, 0)
    return {
      ok: ok && away > 0 && underLoad === KILLS && acknowledged === requests * REPLICAS,
      detail: `${underLoad} of ${KILLS} kills under load, ${acknowledged} requests acknowledged, ${stats.map(({ rewarded }) => rewarded)} rewards on the replicas, digest ${digest}`,
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
    await server.stop()
  }
}
