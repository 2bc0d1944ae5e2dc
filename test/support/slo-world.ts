import type { Decision } from '../../src/policy/decision.js'
import type { Router } from '../../src/router/router.js'
import { Random } from './random.js'

export const DIMENSION = 6

/** A model of the simulated world: what its answers are worth, cost and how long they take. */
export interface WorldModel {
  readonly id: string
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
  /** Mean reward of a prompt of middling hardness, and how much a hard one takes off. */
  readonly reward: number
  readonly slope: number
  /** Median latency, ms; how much a long answer adds to its logarithm; spread of the logarithm. */
  readonly ms: number
  readonly longer: number
  readonly sigma: number
}

/** Cheap, quick and weak; middling; good, dear and slow; and good and quick for the most money. */
export const WORLD: readonly WorldModel[] = [
  {
    id: 'weak',
    inputUsdPerMTok: 0.1,
    outputUsdPerMTok: 0.3,
    reward: 0.5,
    slope: 0.1,
    ms: 400,
    longer: 0.3,
    sigma: 0.4,
  },
  {
    id: 'middle',
    inputUsdPerMTok: 0.5,
    outputUsdPerMTok: 1.5,
    reward: 0.65,
    slope: 0.06,
    ms: 900,
    longer: 0.3,
    sigma: 0.5,
  },
  {
    id: 'slow',
    inputUsdPerMTok: 2,
    outputUsdPerMTok: 6,
    reward: 0.83,
    slope: 0.02,
    ms: 3000,
    longer: 0.3,
    sigma: 0.6,
  },
  {
    id: 'quick',
    inputUsdPerMTok: 8,
    outputUsdPerMTok: 24,
    reward: 0.77,
    slope: 0.02,
    ms: 700,
    longer: 0.3,
    sigma: 0.4,
  },
]

export interface Outcome {
  readonly decision: Decision
  readonly reward: number
  /** Mean of the reward, of the latency and of the cost, without their noise. */
  readonly expectedReward: number
  readonly expectedMs: number
  readonly costUsd: number
  readonly latencyMs: number
}

export interface PlayOptions {
  readonly requests: number
  readonly seed: number
  readonly models?: readonly WorldModel[]
  /** Share of requests that are rewarded. */
  readonly rewardRate?: number
  /** Requests after which feedback comes. */
  readonly delay?: number
  /** Models that tell no latency. */
  readonly silent?: readonly string[]
  /** Factor of a model's latency at a request. */
  readonly slower?: (model: string, request: number) => number
  /** Before each request. */
  readonly before?: (request: number) => void
}

export interface Draw {
  readonly x: Float64Array
  readonly hard: number
  readonly long: number
}

export function draw(random: Random): Draw {
  const x = random.vector(DIMENSION, 1)
  return { x, hard: x[0], long: x[1] }
}

export function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

export function meanReward(model: WorldModel, { hard }: Draw): number {
  return Math.min(1, model.reward - model.slope * hard)
}

export function medianMs(model: WorldModel, { long }: Draw): number {
  return model.ms * Math.exp(model.longer * long)
}

export function meanMs(model: WorldModel, prompt: Draw): number {
  return medianMs(model, prompt) * Math.exp((model.sigma * model.sigma) / 2)
}

/** 300 tokens in and 300 out, more for a long answer. */
export function meanCostUsd(model: WorldModel, { long }: Draw): number {
  return (300 * model.inputUsdPerMTok + 300 * Math.exp(0.3 * long) * model.outputUsdPerMTok) / 1e6
}

/** Plays requests through a router, with feedback; the same seed draws the same prompts and noise whatever it chooses. */
export function play(router: Router, options: PlayOptions): Outcome[] {
  const { requests, seed, models = WORLD, rewardRate = 1, delay = 0, silent = [], slower = () => 1 } = options
  const random = new Random(seed)
  const outcomes: Outcome[] = []
  const waiting: (() => void)[] = []
  for (let i = 0; i < requests; i++) {
    options.before?.(i)
    const prompt = draw(random)
    const [a, b, c, rewarded] = [gauss(random), gauss(random), gauss(random), random.next()]
    const decision = router.route(prompt.x)
    const model = models.find(({ id }) => id === decision.model) ?? models[0]
    const factor = slower(model.id, i)
    const expectedReward = meanReward(model, prompt)
    const reward = Math.min(1, Math.max(0, expectedReward + 0.08 * a))
    const latencyMs = factor * medianMs(model, prompt) * Math.exp(model.sigma * b)
    const costUsd = meanCostUsd(model, prompt) * Math.exp(0.2 * c - 0.02)
    const expectedMs = factor * meanMs(model, prompt)
    outcomes.push({ decision, reward, expectedReward, expectedMs, costUsd, latencyMs })
    waiting.push(() => {
      router.settle(decision.id, silent.includes(model.id) ? { costUsd } : { costUsd, latencyMs })
      if (rewarded < rewardRate) router.reward(decision.id, reward)
    })
    if (i >= delay) waiting[i - delay]()
  }
  for (const feedback of waiting.slice(Math.max(0, requests - delay))) feedback()
  return outcomes
}

export function mean(outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number {
  return outcomes.reduce((sum, each) => sum + of(each), 0) / outcomes.length
}

/** Means of reward, latency and cost of each model, for fresh prompts. */
function meansOf(models: readonly WorldModel[], prompts: number): [number, number, number][][] {
  const random = new Random(99)
  return Array.from({ length: prompts }, () => {
    const prompt = draw(random)
    return models.map((model) => [
      meanReward(model, prompt),
      meanMs(model, prompt),
      meanCostUsd(model, prompt),
    ])
  })
}

/** A price of 0, and 120 from `least` on, 12 an octave. */
function pricesFrom(least: number): number[] {
  return [0, ...Array.from({ length: 120 }, (_, i) => least * 2 ** (i / 12))]
}

const PROMPTS = 1000

/**
 * The best mean reward within limits on mean latency and cost, for one who knows all means: the least value of the
 * Lagrangian dual over a grid of prices, so a little more than there is.
 */
export function bestReward(limits: { readonly ms?: number; readonly usd?: number }, models = WORLD): number {
  const rows = meansOf(models, PROMPTS)
  let least = Number.POSITIVE_INFINITY
  for (const usdPrice of limits.usd === undefined ? [0] : pricesFrom(1)) {
    for (const msPrice of limits.ms === undefined ? [0] : pricesFrom(1e-6)) {
      let sum = usdPrice * (limits.usd ?? 0) + msPrice * (limits.ms ?? 0)
      for (const row of rows) {
        const worth = row.map(([reward, ms, usd]) => reward - usdPrice * usd - msPrice * ms)
        sum += Math.max(...worth) / PROMPTS
      }
      least = Math.min(least, sum)
    }
  }
  return least
}

/** The least mean cost of a mean reward, and within a limit on mean latency: the greatest value of the dual, a little less. */
export function leastUsd(floor: number, limitMs?: number, models = WORLD): number {
  const rows = meansOf(models, PROMPTS)
  let greatest = 0
  for (const rewardPrice of pricesFrom(1e-4)) {
    for (const msPrice of limitMs === undefined ? [0] : pricesFrom(1e-8)) {
      let sum = rewardPrice * floor - msPrice * (limitMs ?? 0)
      for (const row of rows) {
        const price = row.map(([reward, ms, usd]) => usd - rewardPrice * reward + msPrice * ms)
        sum += Math.min(...price) / PROMPTS
      }
      greatest = Math.max(greatest, sum)
    }
  }
  return greatest
}
