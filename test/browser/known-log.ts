import { visible } from '../../src/base/visible.js'
import { Random } from '../../src/gateway/node/simulated/random.js'
import { createRouter, type Router } from '../../src/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'

/** Ids as nobody would choose them. */
export const SCRIPT_ID = '<script>alert(1)</script>'
export const LONG_ID = `\u200bx\u202e${'long-'.repeat(40)}`
/** As it is shown: what would not be seen is escaped. */
export const LONG_ID_SHOWN = visible(LONG_ID)

export const KNOWN_MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.4 },
  { id: SCRIPT_ID, inputUsdPerMTok: 0.5, outputUsdPerMTok: 2 },
  { id: LONG_ID, inputUsdPerMTok: 2, outputUsdPerMTok: 10 },
]

const DIMENSION = 4
const START = Date.UTC(2026, 4, 4, 8)

export interface KnownLog {
  readonly router: Router<string>
  /** Routes, settles and rewards more requests. */
  play(count: number): void
  readonly clock: { now: number }
}

/** A log whose every figure follows from a seed; whoever makes it closes its router. */
export async function knownLog(file: string, requests: number): Promise<KnownLog> {
  const clock = { now: START }
  const random = new Random(7)
  const router = await createRouter<string>({
    models: KNOWN_MODELS,
    budget: { usdPerRequest: 0.001 },
    caps: [{ usd: 5, per: 'day' }],
    tenants: [{ id: 'team <b>', budget: { usdPerRequest: 0.002 } }],
    dimension: DIMENSION,
    seed: 1,
    clock: () => clock.now,
    store: sqliteStore(file),
  })
  const play = (count: number) => {
    for (let i = 0; i < count; i++) {
      clock.now += 2000 + 8000 * random.next()
      const context = Float64Array.from({ length: DIMENSION }, (_, j) => (j === 3 ? 1 : random.next() - 0.5))
      const decision = router.route(context, i % 10 === 0 ? { tenant: 'team <b>' } : {})
      const place = KNOWN_MODELS.findIndex(({ id }) => id === decision.model)
      if (i % 25 === 24) {
        router.fail(decision.id, { costUsd: 0 })
        continue
      }
      router.settle(decision.id, {
        costUsd: decision.expectedCostUsd * (0.7 + 0.6 * random.next()),
        latencyMs: 100 * (place + 1) + 200 * random.next(),
      })
      if (i % 3 === 0) continue
      const reward = 0.4 + 0.2 * place + 0.2 * context[0] + 0.2 * (random.next() - 0.5)
      router.reward(decision.id, Math.min(1, Math.max(0, reward)))
    }
  }
  play(requests)
  router.reprice('small', { inputUsdPerMTok: 0.2, outputUsdPerMTok: 0.5 })
  play(20)
  return { router, play, clock }
}
