import { createRouter, type Decision, type Priors, type Router } from '../src/index.js'
import type { KernelName } from '../src/kernel/kernel.js'
import type { PolicyName } from '../src/policy/policies.js'
import type { DollarRow, RouterRow } from './cases.js'
import type { Operation } from './measure.js'
import {
  ALPHA,
  BUDGET_USD_PER_REQUEST,
  batchSize,
  DOLLAR_BUDGET_SHARE,
  feedbackBatchSize,
  GAMMA,
  LAMBDA0,
  makeContexts,
  makeModels,
  makeNoise,
  type Pace,
  trueMeans,
} from './workload.js'

/** Contexts of one `routeMany`. */
export const MANY = 64
/** Requests that a snapshot finds waiting for feedback. */
const WAITING = 1000
/** Observations that a prior is worth. */
const PRIOR_OBSERVATIONS = 300
/** Each prior is inverted when its model is registered: beyond this many multiplications arms start cold. */
const PRIOR_MULTIPLICATIONS_MAX = 1e9
/**
 * Requests before anything is timed. Ages of idle arms have reached the cap of 1,000; at large d, where restoring a
 * regularization takes 10 ms and more, the 767 requests after which that is due.
 */
const SETTLING_IN = 1500
const SETTLING_IN_LARGE = 800
const LARGE_DIMENSION = 100

/** Enough for compiled code to settle, too: policy `dollar` has more of it, and is slow before. */
const PACING_REQUESTS = 20_000
const PACING_CANDIDATES_MAX = 2_000_000
/** Ceilings that are tried until one is a constraint. */
const PACING_ATTEMPTS = 8

/** A router whose arms have learned, and the operations that are timed on it: public API only. */
export class RouterBench {
  private readonly router: Router
  private readonly dimension: number
  private readonly models: number
  private readonly pace: Pace
  private readonly contexts: readonly Float64Array[]
  private readonly noise = makeNoise()
  /** True mean reward by model. */
  private readonly means = new Map<string, number>()
  private readonly decisions: Decision[] = []
  private count = 0

  private constructor(
    router: Router,
    dimension: number,
    ids: readonly string[],
    pace: Pace,
    means: Float64Array,
  ) {
    this.router = router
    this.dimension = dimension
    this.models = ids.length
    this.pace = pace
    this.contexts = makeContexts(dimension, 1)
    for (const [i, id] of ids.entries()) this.means.set(id, means[i])
    const requests = dimension > LARGE_DIMENSION ? SETTLING_IN_LARGE : SETTLING_IN
    for (let i = 0; i < requests; i++) {
      const candidates = [ids[i % ids.length]]
      this.teach(router.route(this.nextContext(), { candidates }))
    }
  }

  static async create(
    kernel: KernelName,
    dimension: number,
    modelCount: number,
    pace: Pace,
    policy: PolicyName = 'paper',
  ): Promise<RouterBench> {
    const models = makeModels(modelCount)
    const ids = models.map(({ id }) => id)
    // Under policy dollar dearer models are better: where the cheapest one is the best no budget is a constraint.
    const means = policy === 'dollar' ? trueMeans(modelCount).sort() : trueMeans(modelCount)
    const warm = dimension ** 3 * modelCount <= PRIOR_MULTIPLICATIONS_MAX
    const router = await createRouter({
      policy,
      dimension,
      models,
      kernel,
      alpha: ALPHA,
      // Policy dollar watches for drift: it forgets slowly, and what it knows of idle models stays.
      ...(policy === 'paper' ? { gamma: GAMMA } : {}),
      lambda0: LAMBDA0,
      budget: policy === 'paper' ? { usdPerRequest: BUDGET_USD_PER_REQUEST } : null,
      rewardRange: [-1, 2],
      ...(warm ? { priors: makePriors(ids, dimension, means), nEffective: PRIOR_OBSERVATIONS } : {}),
    })
    const bench = new RouterBench(router, dimension, ids, pace, means)
    if (policy === 'dollar') bench.cycles()
    return bench
  }

  operation(name: RouterRow | DollarRow): Operation {
    switch (name) {
      case 'route-many':
        return this.routeMany()
      case 'route-dollar':
        return this.route()
      case 'feedback-dollar':
        return this.feedback()
      case 'cycle-dollar':
        return this.cycle()
      default:
        return this[name]()
    }
  }

  /** `route` of a vector among all models. The feedback that follows is not timed. */
  route(): Operation {
    const batch = batchSize(this.models * this.dimension ** 2, this.pace)
    return {
      batch,
      run: () => {
        let sum = 0
        for (let i = 0; i < batch; i++) {
          const decision = this.router.route(this.nextContext())
          this.decisions[i] = decision
          sum += decision.score
        }
        return sum
      },
      finish: () => this.teachAll(batch),
    }
  }

  /** `routeMany` of 64 vectors a call, for each decision. The feedback that follows is not timed. */
  routeMany(): Operation {
    const calls = Math.ceil(batchSize(this.models * this.dimension ** 2, this.pace) / MANY)
    const batch = calls * MANY
    const inputs = this.contexts.slice(0, MANY)
    return {
      batch,
      prepare: () => {
        for (let i = 0; i < MANY; i++) inputs[i] = this.nextContext()
      },
      run: () => {
        let sum = 0
        for (let call = 0; call < calls; call++) {
          const decisions = this.router.routeMany(inputs)
          for (let i = 0; i < MANY; i++) {
            this.decisions[call * MANY + i] = decisions[i]
            sum += decisions[i].score
          }
        }
        return sum
      },
      finish: () => this.teachAll(batch),
    }
  }

  /** `settle` and `reward` of requests just routed among all models; the routing is not timed. */
  feedback(): Operation {
    const batch = feedbackBatchSize(this.dimension, this.models, this.pace)
    return {
      batch,
      prepare: () => {
        for (let i = 0; i < batch; i++) this.decisions[i] = this.router.route(this.nextContext())
      },
      run: () => {
        this.teachAll(batch)
        return this.count
      },
    }
  }

  /** `route`, then `settle` and `reward` of it. */
  cycle(): Operation {
    const batch = batchSize(this.models * this.dimension ** 2, this.pace)
    return {
      batch,
      run: () => {
        for (let i = 0; i < batch; i++) this.oneCycle()
        return this.count
      },
    }
  }

  oneCycle(): void {
    this.teach(this.router.route(this.nextContext()))
  }

  /** `snapshot` with 1,000 requests waiting for feedback. */
  snapshot(): Operation {
    for (let i = 0; i < WAITING; i++) this.router.route(this.nextContext())
    return { batch: 1, run: () => this.router.snapshot().length }
  }

  /** @throws if the pacer has excluded or penalised models: then fewer than all were candidates */
  checkAllCandidates(): void {
    const { shadowPrice } = this.router.stats().pacer
    if (shadowPrice !== 0)
      throw new Error(`the shadow price is ${shadowPrice}: not every model was a candidate`)
  }

  /**
   * Sets a ceiling that is paced, unless one is: what was spent before it does not count. Which model is the best, and what it costs,
   * differs by how many there are and is still being learned, so the ceiling goes by what is chosen.
   * @throws if no ceiling is a constraint: then no price is looked for
   */
  startPacing(): void {
    for (let attempt = 0; attempt < PACING_ATTEMPTS; attempt++) {
      const { meanUsd, isPriced } = this.chosen()
      if (isPriced) return
      this.router.setBudget({ usdPerRequest: DOLLAR_BUDGET_SHARE * meanUsd })
      this.cycles()
    }
    throw new Error('the shadow price stays 0: the budget is no constraint')
  }

  private cycles(): void {
    const requests = Math.min(PACING_REQUESTS, Math.ceil(PACING_CANDIDATES_MAX / this.models))
    for (let i = 0; i < requests; i++) this.oneCycle()
  }

  /** What requests are routed to now: the mean dollars expected, and whether a dollar has a price. */
  chosen(): { readonly meanUsd: number; readonly isPriced: boolean } {
    let usd = 0
    let isPriced = false
    for (let i = 0; i < MANY; i++) {
      const decision = this.router.route(this.nextContext())
      usd += decision.expectedCostUsd
      isPriced ||= decision.shadowPrice > 0
      this.teach(decision)
    }
    return { meanUsd: usd / MANY, isPriced }
  }

  private teachAll(count: number): void {
    for (let i = 0; i < count; i++) this.teach(this.decisions[i])
  }

  private teach({ id, model }: Decision): void {
    const i = this.count++
    const tokens = i & 255
    this.router.settle(id, { inputTokens: 100 + tokens, outputTokens: 400 - tokens, latencyMs: 500 + tokens })
    this.router.reward(id, (this.means.get(model) ?? 0) + this.noise[i % this.noise.length])
  }

  private nextContext(): Float64Array {
    return this.contexts[this.count++ % this.contexts.length]
  }
}

/** Of every model: whitened contexts, each with the true mean as its reward. All models share one matrix. */
function makePriors(ids: readonly string[], dimension: number, means: Float64Array): Priors {
  const precision: number[] = []
  for (let i = 0; i < dimension; i++) {
    for (let j = i; j < dimension; j++) precision.push(i === j ? PRIOR_OBSERVATIONS : 0)
  }
  const models = ids.map((id, i) => {
    const response = new Array<number>(dimension).fill(0)
    response[dimension - 1] = PRIOR_OBSERVATIONS * means[i]
    return [id, { rows: PRIOR_OBSERVATIONS, precision, response }] as const
  })
  return {
    format: 'paretobandit-priors',
    version: 1,
    dimension,
    encoder: null,
    models: Object.fromEntries(models),
  }
}
