import { earlyInAnHour, Fleet, HOUR, MINUTE } from '../fleet.mjs'
import { RedisProcess } from '../redis-process.mjs'
import { Wire } from '../wire.mjs'

const CAP_USD = 10

export const name = 'late credit against a cap of the next hour'
export const needsRedis = true

/**
 * Requests expire, paid for by their hour, and cost nothing after all when the next hour has begun: it gets no money that
 * it never paid. One replica of three is cut off meanwhile.
 */
export async function run({ seed }) {
  const server = await RedisProcess.start()
  const wire = await Wire.to(server.port)
  const caps = [{ usd: CAP_USD, per: 'hour' }]
  const fleet = await Fleet.start(server, {
    ports: [server.port, server.port, wire.port],
    seed,
    stream: 'late',
    beginAt: earlyInAnHour(),
    options: { caps, pendingTtlMs: 30 * MINUTE },
  })
  try {
    const heldUsd = await fleet.sum('hold', { requests: 10, usd: 0.2 })
    await fleet.pass(31 * MINUTE)
    await fleet.pass(HOUR - 31 * MINUTE)
    let spentUsd = await fleet.sum('spend', { usd: 0.05, requests: 6 })
    await fleet.sum('settleHeld', { share: 0 })
    await fleet.tick()
    wire.cut()
    spentUsd += await fleet.sum('spend', { usd: 0.05 })
    const ok = heldUsd > 5 && spentUsd <= CAP_USD + 1e-6 && spentUsd > 0.7 * CAP_USD
    return {
      ok,
      detail: `$${heldUsd.toFixed(2)} came back late; spent $${spentUsd.toFixed(4)} of $${CAP_USD}`,
    }
  } finally {
    await fleet.kill()
    await wire.close()
    await server.stop()
  }
}
