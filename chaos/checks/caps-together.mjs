import { Fleet } from '../fleet.mjs'
import { RedisProcess } from '../redis-process.mjs'

const REPLICAS = 4
const CAP_USD = 1

export const name = 'caps of an hour, a day and a month that end together'
export const needsRedis = true

/** Money for the next periods is asked for ahead, once: all of the next cap can be spent, and no more. */
export async function run({ seed }) {
  const server = await RedisProcess.start()
  const now = new Date()
  const end = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)
  const fleet = await Fleet.start(server, {
    ports: Array.from({ length: REPLICAS }, () => server.port),
    seed,
    stream: 'together',
    beginAt: end - 30_000,
    options: { caps: ['hour', 'day', 'month'].map((per) => ({ usd: CAP_USD, per })) },
  })
  try {
    const beforeUsd = await fleet.sum('spend', { usd: 0.002, requests: 5 })
    for (let i = 0; i < 4; i++) await fleet.pass(5000)
    while (fleet.now() < end - 2000) await fleet.pass(1000)
    await fleet.tick()
    await fleet.pass(5000)
    const spentUsd = await fleet.sum('spend', { usd: 0.002, refusalsMax: 150 })
    const ok = beforeUsd > 0 && spentUsd <= CAP_USD + 1e-6 && spentUsd > 0.95 * CAP_USD
    return {
      ok,
      detail: `${REPLICAS} replicas spent $${spentUsd.toFixed(4)} of $${CAP_USD} after the end of all three`,
    }
  } finally {
    await fleet.kill()
    await server.stop()
  }
}
