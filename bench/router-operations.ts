import { createRouter, type Router } from '../src/index.js'
import type { KernelName } from '../src/kernel/kernel.js'
import type { Operation } from './measure.js'
import {
  ALPHA,
  BUDGET_USD_PER_REQUEST,
  batchSize,
  feedbackBatchSize,
  GAMMA,
  LAMBDA0,
  makeContexts,
  makeModels,
  teachingRequests,
} from './workload.js'

/** Requests that a snapshot finds waiting for feedback. */
const WAITING = 1000

/** A router whose arms have learned, and the operations that are timed on it: public API only. */
export class RouterBench {
  private readonly router: Router
  private readonly dimension: number
  private readonly models: number
  private readonly contexts: readonly Float64Array[]
  private readonly ids: string[] = []
  private count = 0

  private constructor(router: Router, dimension: number, models: readonly { readonly id: string }[]) {
    this.router = router
    this.dimension = dimension
    this.models = models.length
    this.contexts = makeContexts(dimension, 1)
    const requests = teachingRequests(dimension, this.models)
    // One model after the other: taught in turn, 1,000 of them would forget all between two requests.
    for (let i = 0; i < requests; i++) {
      const candidates = [models[Math.floor((i * this.models) / requests)].id]
      this.teach(router.route(this.nextContext(), { candidates }).id)
    }
  }

  static async create(kernel: KernelName, dimension: number, modelCount: number): Promise<RouterBench> {
    const models = makeModels(modelCount)
    const budget = { usdPerRequest: BUDGET_USD_PER_REQUEST }
    const common = { dimension, alpha: ALPHA, gamma: GAMMA, lambda0: LAMBDA0 }
    const router = await createRouter({ ...common, models, budget, kernel })
    return new RouterBench(router, dimension, models)
  }

  /** `route` of a vector among all models. The feedback that follows is not timed. */
  route(): Operation {
    const batch = batchSize(this.models * this.dimension ** 2)
    return {
      batch,
      run: () => {
        let sum = 0
        for (let i = 0; i < batch; i++) {
          const decision = this.router.route(this.nextContext())
          this.ids[i] = decision.id
          sum += decision.score
        }
        return sum
      },
      finish: () => {
        for (let i = 0; i < batch; i++) this.teach(this.ids[i])
      },
    }
  }

  /** `settle` and `reward` of requests just routed among all models; the routing is not timed. */
  feedback(): Operation {
    const batch = feedbackBatchSize(this.dimension, this.models)
    return {
      batch,
      prepare: () => {
        for (let i = 0; i < batch; i++) this.ids[i] = this.router.route(this.nextContext()).id
      },
      run: () => {
        for (let i = 0; i < batch; i++) this.teach(this.ids[i])
        return this.count
      },
    }
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

  private teach(id: string): void {
    const i = this.count++
    const tokens = i & 255
    this.router.settle(id, { inputTokens: 100 + tokens, outputTokens: 400 - tokens, latencyMs: 500 + tokens })
    this.router.reward(id, 0.5 + (tokens - 128) / 512)
  }

  private nextContext(): Float64Array {
    return this.contexts[this.count++ % this.contexts.length]
  }
}
