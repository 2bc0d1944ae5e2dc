import { gaussian, mulberry32, type Random } from '../../src/base/random.js'

/**
 * A world whose truth is known: contexts are two normal numbers and a bias, mean rewards are linear in them, so a model's
 * mean reward is its base and a model's mean cost its price times exp(SPREAD^2 / 2).
 */
export const WORLD = [
  { id: 'small', base: 0.5, slopes: [0.05, 0], priceUsd: 1e-4 },
  { id: 'middle', base: 0.6, slopes: [0, 0.1], priceUsd: 4e-4 },
  { id: 'large', base: 0.7, slopes: [-0.1, 0.05], priceUsd: 2e-3 },
] as const
const SPREAD = 0.4
const NOISE = 0.15

export const MEAN_COST_FACTOR = Math.exp(SPREAD ** 2 / 2)

export function meanReward(model: number, context: ArrayLike<number>): number {
  const { base, slopes } = WORLD[model]
  return base + slopes[0] * context[0] + slopes[1] * context[1]
}

export function drawContext(random: Random): number[] {
  return [gaussian(random), gaussian(random), 1]
}

/** What the logging policy takes when it does not draw: neither always the best nor blind. */
export function greedyOf(context: ArrayLike<number>): number {
  return context[0] + 0.5 * context[1] > 0.3 ? 0 : context[1] > 0 ? 1 : 2
}

export interface LogSettings {
  readonly requests: number
  readonly epsilon: number
  readonly seed: number
  /** Share of rewards that come, by model. Default: all. */
  readonly rewardRates?: readonly number[]
  /** Models that a request may go to. Default: all. */
  readonly eligibleOf?: (i: number) => readonly number[]
}

export interface FlatRow {
  id: string
  model: string
  context: number[]
  propensity: number | null
  eligible: string[]
  reward: number | null
  costUsd: number | null
}

/** Draws a log of flat rows: with chance epsilon any of the eligible models, else the greedy one (or the first). */
export function drawRows({ requests, epsilon, seed, rewardRates, eligibleOf }: LogSettings): FlatRow[] {
  const random = mulberry32(seed)
  return Array.from({ length: requests }, (_, i) => {
    const context = drawContext(random)
    const eligible = eligibleOf?.(i) ?? WORLD.map((_, model) => model)
    const wish = greedyOf(context)
    const greedy = eligible.includes(wish) ? wish : eligible[0]
    const model = random() < epsilon ? eligible[Math.floor(random() * eligible.length)] : greedy
    const reward = meanReward(model, context) + NOISE * gaussian(random)
    const costUsd = WORLD[model].priceUsd * Math.exp(SPREAD * gaussian(random))
    return {
      id: `q.${i + 1}`,
      model: WORLD[model].id,
      context,
      propensity: epsilon / eligible.length + (model === greedy ? 1 - epsilon : 0),
      eligible: eligible.map((each) => WORLD[each].id),
      reward: random() < (rewardRates?.[model] ?? 1) ? reward : null,
      costUsd,
    }
  })
}

export function toLog(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

/** The same rows as the events of a router, feedback after all decisions. */
export function toEvents(rows: readonly FlatRow[]): object[] {
  const routed = rows.map(({ id, model, context, propensity, eligible }, at) => ({
    type: 'routed',
    at,
    id,
    model,
    context: { ...context },
    propensity,
    eligible,
    reservedUsd: 0,
  }))
  const settled = rows.map(({ id, model, costUsd }) => ({ type: 'settled', at: 1e6, id, model, costUsd }))
  const rewarded = rows.flatMap(({ id, model, reward }) =>
    reward === null ? [] : [{ type: 'rewarded', at: 1e6, id, model, reward }],
  )
  return [...routed, ...settled, ...rewarded]
}

/** Mean over many contexts of what a policy earns: its truth where no formula gives it. */
export function truthOf(choose: (context: ArrayLike<number>) => number, draws = 200_000): number {
  const random = mulberry32(99)
  let sum = 0
  for (let i = 0; i < draws; i++) {
    const context = drawContext(random)
    sum += meanReward(choose(context), context)
  }
  return sum / draws
}
