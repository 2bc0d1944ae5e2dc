import type { Operation } from './measure.js'
import { PlainLinUcb } from './plain-linucb.js'
import {
  ALPHA,
  batchSize,
  feedbackBatchSize,
  GAMMA,
  LAMBDA0,
  makeContexts,
  makeNoise,
  type Pace,
  trueMeans,
} from './workload.js'

/** Full matrices take their time: arms get this many updates where that stays under a second or two, at least 1. */
const UPDATES = 20
const MULTIPLICATIONS_MAX = 2e9

/** The work of scoring and of an update by plain full-matrix LinUCB; what its arms know does not change it. */
export class PlainBench {
  private readonly policy: PlainLinUcb
  private readonly contexts: readonly Float64Array[]
  private readonly means: Float64Array
  private readonly noise = makeNoise()
  private readonly dimension: number
  private readonly models: number
  private readonly pace: Pace
  private count = 0

  constructor(dimension: number, models: number, pace: Pace) {
    const penalties = new Array<number>(models).fill(0.15)
    this.policy = new PlainLinUcb(penalties, dimension, ALPHA, GAMMA, LAMBDA0)
    this.contexts = makeContexts(dimension, 1)
    this.means = trueMeans(models)
    this.dimension = dimension
    this.models = models
    this.pace = pace
    const affordable = Math.floor(MULTIPLICATIONS_MAX / (models * dimension ** 2))
    const requests = models * Math.max(1, Math.min(UPDATES, affordable))
    for (let i = 0; i < requests; i++) this.update(i % models, this.nextContext())
  }

  /** The scores of all arms and the best of them. */
  score(): Operation {
    const batch = batchSize(this.models * this.dimension ** 2, this.pace)
    return {
      batch,
      run: () => {
        let sum = 0
        for (let i = 0; i < batch; i++) sum += this.policy.select(this.nextContext())
        return sum
      },
    }
  }

  /** The update of the arm that was selected: there is nothing to settle here. */
  feedback(): Operation {
    const batch = feedbackBatchSize(this.dimension, this.models, this.pace)
    const chosen: { index: number; context: Float64Array }[] = []
    return {
      batch,
      prepare: () => {
        for (let i = 0; i < batch; i++) {
          const context = this.nextContext()
          chosen[i] = { index: this.policy.select(context), context }
        }
      },
      run: () => {
        for (let i = 0; i < batch; i++) this.update(chosen[i].index, chosen[i].context)
        return this.count
      },
    }
  }

  private update(index: number, context: Float64Array): void {
    this.policy.update(index, context, this.means[index] + this.noise[this.count % this.noise.length])
  }

  private nextContext(): Float64Array {
    return this.contexts[this.count++ % this.contexts.length]
  }
}
