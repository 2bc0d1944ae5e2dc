import type { Decision } from '../../src/policy/decision.js'
import type { Router } from '../../src/router/router.js'
import { Random } from './random.js'

export const REWARD_DIMENSION = 5

/** A model whose answers are worth so much of the range on average, and a dollar price. */
const WORLD = [
  { id: 'weak', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3, worth: 0.45 },
  { id: 'middle', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5, worth: 0.65 },
  { id: 'good', inputUsdPerMTok: 2, outputUsdPerMTok: 6, worth: 0.8 },
]
export const REWARD_MODELS = WORLD.map(({ worth: _, ...spec }) => spec)

export interface RewardRun {
  readonly decisions: readonly Decision[]
  readonly alarms: number
  /** Requests from the collapse to the first alarm; Infinity without an alarm. */
  readonly delay: number
}

/**
 * Plays rewards that lie in the range as those of [0, 1] do: low + span r, with r in steps of 2^-20 so that scaling by a
 * power of two is exact. From request `collapse` on the answers of 'middle' are worth a tenth of the range.
 */
export function playRange(
  router: Router,
  [low, high]: readonly [number, number],
  {
    requests,
    seed,
    collapse = Number.POSITIVE_INFINITY,
  }: { requests: number; seed: number; collapse?: number },
): RewardRun {
  const random = new Random(seed)
  const decisions: Decision[] = []
  let alarms = 0
  let delay = Number.POSITIVE_INFINITY
  router.on('drift', ({ signal }) => {
    if (signal !== 'reward') return
    alarms++
    if (decisions.length > collapse) delay = Math.min(delay, decisions.length - collapse)
  })
  for (let i = 0; i < requests; i++) {
    const context = random.vector(REWARD_DIMENSION)
    const noise = 0.3 * (random.next() + random.next() - 1)
    const length = 0.5 + random.next()
    const decision = router.route(context)
    decisions.push(decision)
    const { worth, outputUsdPerMTok } = WORLD.find(({ id }) => id === decision.model) ?? WORLD[0]
    const mean = i >= collapse && decision.model === 'middle' ? 0.1 : worth + 0.06 * context[0]
    const unit = Math.round(Math.min(Math.max(mean + noise, 0), 1) * 2 ** 20) / 2 ** 20
    router.settle(decision.id, { costUsd: (length * outputUsdPerMTok * 300) / 1e6, latencyMs: 800 * length })
    router.reward(decision.id, Math.min(Math.max(low + (high - low) * unit, low), high))
  }
  return { decisions, alarms, delay }
}
