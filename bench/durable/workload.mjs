import { contextFrom, randomFrom } from '../../chaos/random.mjs'

export { MODELS } from '../../chaos/models.mjs'
export const OPTIONS = { dimension: 26, budget: { usdPerRequest: 0.002 } }

/** Requests between two turns of the event loop: a busy server answers some sockets a turn. */
const TURN = 16
/** Events on their way at most, so that what is measured is a steady state. */
const WAITING_MAX = 20_000
const CONTEXTS = 512

/**
 * Routes, settles and rewards.
 * @returns nanoseconds of every `route`, and the seconds until all was durable
 */
export async function load(router, requests, seed) {
  const random = randomFrom(seed)
  const contexts = Array.from({ length: CONTEXTS }, () => Float64Array.from(contextFrom(random, 26)))
  const routeNs = new Float64Array(requests)
  const started = performance.now()
  for (let i = 0; i < requests; i++) {
    const before = process.hrtime.bigint()
    const { id, reservedUsd } = router.route(contexts[i % CONTEXTS])
    routeNs[i] = Number(process.hrtime.bigint() - before)
    router.settle(id, { costUsd: reservedUsd * (0.5 + random()) })
    router.reward(id, random())
    if (i % TURN !== 0) continue
    await new Promise((resolve) => setImmediate(resolve))
    if (i % (32 * TURN) === 0 && (router.stats().journal?.waiting ?? 0) > WAITING_MAX) await router.flush()
  }
  await router.flush()
  return { routeNs: routeNs.sort(), seconds: (performance.now() - started) / 1000 }
}

/** @param sorted ascending */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}
