import type { Kernel, KernelName } from '../src/kernel/kernel.js'
import { cellOffset, sectionOffset } from '../src/kernel/layout.js'
import { loadKernel } from '../src/kernel/load.js'
import type { Operation } from './measure.js'
import { PlainLinUcb } from './plain-linucb.js'
import {
  ALPHA,
  batchSize,
  feedbackBatchSize,
  GAMMA,
  LAMBDA0,
  makeContexts,
  teachingRequests,
} from './workload.js'

const PENALTY_WEIGHT = 0.3

/** A kernel whose arms have learned, without a router around it. */
export async function makeKernel(name: KernelName, dimension: number, models: number): Promise<Kernel> {
  const kernel = await loadKernel(name, { dimension, gamma: GAMMA, lambda0: LAMBDA0 })
  const contexts = makeContexts(dimension, 1)
  kernel.reserve(models)
  for (let slot = 0; slot < models; slot++) startCold(kernel, slot, models)
  const { f64, layout } = kernel
  const requests = teachingRequests(dimension, models)
  // The arms in turn, and one request older a round: nobody's regularization wears out.
  for (let i = 0; i < requests; i++) {
    f64.set(contexts[i % contexts.length], layout.context)
    kernel.update(i % models, rewardOf(i), 1 + Math.floor(i / models))
  }
  return kernel
}

/** The context into the arena, `kernel.score` over all arms, and the argmax. */
export function scoreOperation(kernel: Kernel, models: number): Operation {
  const { f64, layout } = kernel
  const { dimension } = layout
  const contexts = makeContexts(dimension, 1)
  const now = Math.ceil(teachingRequests(dimension, models) / models)
  const batch = batchSize(models * dimension ** 2)
  let count = 0
  return {
    batch,
    run: () => {
      let sum = 0
      for (let i = 0; i < batch; i++, count++) {
        f64.set(contexts[count % contexts.length], layout.context)
        kernel.score(models, ALPHA, PENALTY_WEIGHT, now)
        sum += kernel.argmax(models, count)
      }
      return sum
    },
  }
}

/** One arm's inverse and theta taken from A and b anew: what restoring its regularization costs. */
export function rebuildOperation(kernel: Kernel): Operation {
  const batch = batchSize(kernel.layout.dimension ** 3)
  return {
    batch,
    run: () => {
      for (let i = 0; i < batch; i++) kernel.rebuild(0)
      return kernel.f64[kernel.layout.blocks + kernel.layout.theta]
    },
  }
}

/** A = lambda0 I and its inverse, written down: inverting it would take most of the set-up at large d. */
function startCold({ f64, layout }: Kernel, slot: number, models: number): void {
  const { dimension, paddedTriangle } = layout
  f64[cellOffset(layout, layout.candidate, slot)] = slot
  f64[cellOffset(layout, layout.ridge, slot)] = LAMBDA0
  f64[cellOffset(layout, layout.price, slot)] = slot / models
  let precision = sectionOffset(layout, layout.precision, paddedTriangle, slot)
  let inverse = sectionOffset(layout, layout.inverse, paddedTriangle, slot)
  for (let i = 0; i < dimension; i++) {
    f64[precision] = LAMBDA0
    f64[inverse] = 1 / LAMBDA0
    precision += dimension - i
    inverse += dimension - i
  }
}

/** The same work by plain full-matrix LinUCB. */
export class PlainBench {
  private readonly policy: PlainLinUcb
  private readonly contexts: readonly Float64Array[]
  private readonly dimension: number
  private readonly models: number
  private count = 0

  constructor(dimension: number, models: number) {
    const penalties = Array.from({ length: models }, (_, i) => (PENALTY_WEIGHT * i) / models)
    this.policy = new PlainLinUcb(penalties, dimension, ALPHA, GAMMA, LAMBDA0)
    this.contexts = makeContexts(dimension, 1)
    this.dimension = dimension
    this.models = models
    const requests = teachingRequests(dimension, models)
    for (let i = 0; i < requests; i++) this.update(i % models, this.nextContext())
  }

  score(): Operation {
    const batch = batchSize(this.models * this.dimension ** 2)
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
    const batch = feedbackBatchSize(this.dimension, this.models)
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
    this.policy.update(index, context, rewardOf(this.count))
  }

  private nextContext(): Float64Array {
    return this.contexts[this.count++ % this.contexts.length]
  }
}

function rewardOf(count: number): number {
  return 0.5 + ((count & 255) - 128) / 512
}
