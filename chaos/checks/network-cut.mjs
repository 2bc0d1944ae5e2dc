import { RedisProcess } from '../redis-process.mjs'
import { Wire } from '../wire.mjs'
import { agreedDigest, WorkerProcess } from '../worker-process.mjs'

const CAP_USD = 4
/** More than a call to Redis may take. */
const AWAY_MS = 3500
const AWAY_MS_SHORT = 1500
const TIMEOUT_MS = 1000
const REFUSALS = 100

export const name = 'a network cut between a replica and Redis'
export const needsRedis = true

/**
 * A replica whose connections are cut, and then one whose packets vanish, spends its lease out and then refuses; all
 * together stay under the cap, and agree after. Appends that come late, after they were made again, count once.
 */
export async function run({ seed, short }) {
  const server = await RedisProcess.start()
  const wire = await Wire.to(server.port)
  const workers = []
  try {
    const options = { caps: [{ usd: CAP_USD, per: 'month' }], reserve: 'worst-case' }
    for (const [i, port] of [server.port, server.port, wire.port].entries()) {
      const redis = { url: `redis://127.0.0.1:${port}`, stream: 'cut', timeoutMs: TIMEOUT_MS }
      workers.push(await WorkerProcess.start({ redis, seed: seed + i, options }))
    }
    const totals = []
    const loadAll = async (of, load) =>
      totals.push(...(await Promise.all(of.map((worker) => worker.call('load', load)))))
    await loadAll(workers, { requests: 200 })
    const away = []
    let late = 0
    for (const trouble of ['cut', 'silence']) {
      wire[trouble]()
      const cutOff = workers[2].call('load', { requests: 20_000, stopAtRefusals: REFUSALS })
      await loadAll(workers.slice(0, 2), { requests: 200 })
      // What was given to the one that is cut off is acknowledged only when it can be.
      await new Promise((resolve) => setTimeout(resolve, short ? AWAY_MS_SHORT : AWAY_MS))
      late += wire.mend()
      away.push(await cutOff)
      // It has a full lease again before the next trouble.
      await loadAll(workers, { requests: 100 })
    }
    await loadAll(workers, { requests: 60_000, stopAtRefusals: 1000 })
    return await verdict(workers, [...totals, ...away], away, late)
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
    await wire.close()
    await server.stop()
  }
}

async function verdict(workers, totals, away, late) {
  const digest = await agreedDigest(workers)
  const { requests, settled, rewarded } = await workers[0].call('stats')
  const spent = totals.reduce((sum, { spentUsd }) => sum + spentUsd, 0)
  const routed = totals.reduce((sum, each) => sum + each.routed, 0)
  const ok =
    spent <= CAP_USD + 1e-9 &&
    spent > 0.9 * CAP_USD &&
    away.every((each) => each.routed > 0 && each.refused >= REFUSALS) &&
    late > 0 &&
    [requests, settled, rewarded].every((count) => count === routed)
  const [cut, silent] = away.map((each) => `${each.routed} routed, ${each.refused} refused`)
  const detail = `cut: ${cut}; silent: ${silent}, ${late} messages came late; together $${spent.toFixed(4)} of $${CAP_USD}, ${rewarded} of ${routed} rewards; digest ${digest}`
  return { ok, detail }
}
