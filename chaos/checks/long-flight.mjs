import { earlyInAnHour, Fleet, HOUR, MINUTE } from '../fleet.mjs'
import { RedisProcess } from '../redis-process.mjs'
import { Wire } from '../wire.mjs'

const CAP_USD = 10

export const name = 'a rolling cap and requests in flight longer than its window'
export const needsRedis = true

/** At every moment what is in flight and what became known within the last hour are within the cap, one replica cut off. */
export async function run({ seed }) {
  const server = await RedisProcess.start()
  const wire = await Wire.to(server.port)
  const fleet = await Fleet.start(server, {
    ports: [server.port, server.port, wire.port],
    seed,
    stream: 'flight',
    beginAt: earlyInAnHour(),
    options: { caps: [{ usd: CAP_USD, per: 'hour', window: 'rolling' }], pendingTtlMs: 10 * HOUR },
  })
  try {
    const known = []
    const within = () => known.reduce((sum, { at, usd }) => sum + (at > fleet.now() - HOUR ? usd : 0), 0)
    const spend = async () => known.push({ usd: await fleet.sum('spend', { usd: 0.05 }), at: fleet.now() })
    const heldUsd = await fleet.sum('hold', { requests: 10, usd: 0.2 })
    await fleet.tick()
    wire.cut()
    for (let minutes = 0; minutes < 70; minutes += 10) await fleet.pass(10 * MINUTE)
    await spend()
    const mostUsd = [heldUsd + within()]
    known.push({ usd: await fleet.sum('settleHeld', { share: 1 }), at: fleet.now() })
    await fleet.tick()
    await spend()
    mostUsd.push(within())
    wire.mend()
    await fleet.pass(30 * MINUTE)
    await spend()
    mostUsd.push(within())
    const most = Math.max(...mostUsd)
    const ok = heldUsd > 5 && most <= CAP_USD + 1e-6 && most > 0.8 * CAP_USD
    return {
      ok,
      detail: `$${heldUsd.toFixed(2)} in flight for 70 minutes; at most $${most.toFixed(4)} of $${CAP_USD}`,
    }
  } finally {
    await fleet.kill()
    await wire.close()
    await server.stop()
  }
}
