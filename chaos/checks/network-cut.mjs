import { RedisProcess } from '../redis-process.mjs'
import { Wire } from '../wire.mjs'
import { agreedDigest, WorkerProcess } from '../worker-process.mjs'

const CAP_USD = 2

export const name = 'a network cut between a replica and Redis'
export const needsRedis = true

/** A replica that is cut off spends its lease out and then refuses; all together stay under the cap, and agree after. */
export async function run() {
  const server = await RedisProcess.start()
  const wire = await Wire.to(server.port)
  const workers = []
  try {
    const options = { caps: [{ usd: CAP_USD, per: 'month' }], reserve: 'worst-case' }
    for (const port of [server.port, server.port, wire.port])
      workers.push(
        await WorkerProcess.start({
          redis: { url: `redis://127.0.0.1:${port}`, stream: 'cut' },
          seed: port,
          options,
        }),
      )
    const first = await Promise.all(workers.map((worker) => worker.call('load', { requests: 200 })))
    wire.cut()
    const cutOff = workers[2].call('load', { requests: 20_000, stopAtRefusals: 100 })
    const others = await Promise.all([0, 1].map((i) => workers[i].call('load', { requests: 200 })))
    // What was given to the one that is cut off is acknowledged only when it can be.
    await new Promise((resolve) => setTimeout(resolve, 3000))
    wire.mend()
    const alone = await cutOff
    const last = await Promise.all(
      workers.map((worker) => worker.call('load', { requests: 30_000, stopAtRefusals: 150 })),
    )
    const digest = await agreedDigest(workers)
    const spent = [...first, ...others, alone, ...last].reduce((sum, { spentUsd }) => sum + spentUsd, 0)
    const detail = `cut off: ${alone.routed} routed, ${alone.refused} refused; together $${spent.toFixed(4)} of $${CAP_USD}; digest ${digest}`
    return {
      ok: spent <= CAP_USD + 1e-9 && alone.refused >= 100 && alone.routed > 0 && spent > 0.9 * CAP_USD,
      detail,
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
    await wire.close()
    await server.stop()
  }
}
