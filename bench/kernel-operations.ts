import type { Kernel } from '../src/kernel/kernel.js'
import type { ArmsRow, RowTask } from './cases.js'
import type { Operation } from './measure.js'
import { taughtUntil } from './taught-arms.js'
import { ALPHA, batchSize, makeContexts, type Pace } from './workload.js'

/** Multiplied with a price that is the same for every arm. */
const PENALTY_WEIGHT = 0.3

/** Operations on a kernel whose arms have learned, without a router around it. */
export class KernelBench {
  private readonly kernel: Kernel
  private readonly models: number
  private readonly pace: Pace
  private readonly contexts: readonly Float64Array[]
  private readonly now: number
  private count = 0

  /** @param kernel with arms as `teach` leaves them */
  constructor(kernel: Kernel, models: number, pace: Pace) {
    this.kernel = kernel
    this.models = models
    this.pace = pace
    this.contexts = makeContexts(kernel.layout.dimension, 1)
    this.now = taughtUntil(kernel.layout.dimension, models)
  }

  operation({ name, alpha = ALPHA }: RowTask<ArmsRow>): Operation {
    if (name === 'rebuild') return this.rebuild()
    return name === 'score' ? this.score(alpha) : this.scorePruned(alpha)
  }

  /** The full scan: the context into the arena, every arm's score, the argmax. */
  score(alpha: number): Operation {
    const { kernel, models, now } = this
    const batch = batchSize(models * kernel.layout.dimension ** 2, this.pace)
    return {
      batch,
      run: () => {
        let sum = 0
        for (let i = 0; i < batch; i++) {
          this.placeContext()
          kernel.score(models, alpha, PENALTY_WEIGHT, now)
          sum += kernel.argmax(models, this.count)
        }
        return sum
      },
      facts: () => ({ alpha }),
    }
  }

  /** The same arm found with as few quadratic forms as bounds allow. */
  scorePruned(alpha: number): Operation {
    const { kernel, models, now } = this
    const batch = batchSize(models * kernel.layout.dimension * 8, this.pace)
    let evaluated = 0
    let scans = 0
    return {
      batch,
      run: () => {
        let sum = 0
        for (let i = 0; i < batch; i++) {
          this.placeContext()
          kernel.project(1, models, 0)
          evaluated += kernel.prune(0, models, alpha, PENALTY_WEIGHT, now)
          sum += kernel.argmax(models, this.count)
        }
        scans += batch
        return sum
      },
      facts: () => ({ alpha, evaluated: evaluated / scans }),
    }
  }

  /** One arm's inverse and theta recomputed from A and b: what restoring its regularization costs. */
  rebuild(): Operation {
    const { kernel } = this
    const batch = batchSize(kernel.layout.dimension ** 3, this.pace)
    return {
      batch,
      run: () => {
        for (let i = 0; i < batch; i++) kernel.rebuild(0)
        return kernel.f64[kernel.layout.blocks + kernel.layout.theta]
      },
    }
  }

  private placeContext(): void {
    const { kernel, contexts } = this
    kernel.f64.set(contexts[this.count++ % contexts.length], kernel.layout.context)
  }
}
