import type { Arena } from './arena.js'
import { type Design, rewardDesign, settledDesign } from './design.js'
import { largestRowSum, pairDot, quadraticByRows, rebuildInverse } from './inverse.js'
import { COST, type Kernel, LATENCY, QUADRATIC } from './kernel.js'
import {
  AGE_MAX,
  type ArenaLayout,
  BOUND_SLACK,
  cellOffset,
  INFLATION_MAX,
  listOffset,
  sectionOffset,
  VARIANCE_MIN,
} from './layout.js'
import { learn, rebuildDesign } from './learning.js'
import { dot } from './packed.js'

/** The readable reference: plain JavaScript, one loop a formula. */
export class JsKernel implements Kernel {
  readonly name = 'js'
  readonly layout: ArenaLayout
  f64: Float64Array
  capacity: number
  private readonly arena: Arena
  private readonly rewards: Design
  private readonly settlements: Design

  constructor(arena: Arena) {
    this.arena = arena
    this.layout = arena.layout
    this.f64 = arena.f64
    this.capacity = arena.capacity
    this.rewards = rewardDesign(arena.layout)
    this.settlements = settledDesign(arena.layout)
  }

  reserve(armCount: number): void {
    this.arena.reserve(armCount)
    this.f64 = this.arena.f64
    this.capacity = this.arena.capacity
  }

  project(contexts: number, count: number, forms: number): void {
    const { layout, f64 } = this
    const { theta, headTheta, paddedDimension, mean, cost, latency, variance } = layout
    for (let index = 0; index < contexts; index++) {
      if (forms & QUADRATIC) this.writeProducts(index)
      for (let position = 0; position < count; position++) {
        const slot = f64[cellOffset(layout, layout.candidate, position)]
        const head = sectionOffset(layout, headTheta, 2 * paddedDimension, slot)
        const weights = sectionOffset(layout, theta, paddedDimension, slot)
        f64[listOffset(layout, mean, index, position)] = this.linear(index, weights)
        if (forms & COST) f64[listOffset(layout, cost, index, position)] = this.linear(index, head)
        if (forms & LATENCY)
          f64[listOffset(layout, latency, index, position)] = this.linear(index, head + paddedDimension)
        if (forms & QUADRATIC)
          f64[listOffset(layout, variance, index, position)] = this.quadratic(index, slot)
      }
    }
  }

  combine(index: number, count: number, alpha: number, penaltyWeight: number, now: number): void {
    const { layout, f64 } = this
    for (let position = 0; position < count; position++) {
      const variance = f64[listOffset(layout, layout.variance, index, position)]
      this.writeScore(index, position, variance, alpha, penaltyWeight, now)
    }
  }

  score(count: number, alpha: number, penaltyWeight: number, now: number): void {
    this.project(1, count, QUADRATIC)
    this.combine(0, count, alpha, penaltyWeight, now)
  }

  prune(index: number, count: number, alpha: number, penaltyWeight: number, now: number): number {
    const { layout, f64 } = this
    const { context, paddedDimension } = layout
    const x = context + index * paddedDimension
    // sqrt(v) <= |x| sqrt(bound on the eigenvalues). Rounding is monotonic, so with alpha and the rest applied to both
    // as `writeScore` does, the score stays under its bound to the bit.
    const reach = Math.sqrt(dot(f64, x, x, paddedDimension)) * (1 + BOUND_SLACK)
    const floor = Math.sqrt(VARIANCE_MIN) * (1 + BOUND_SLACK)
    let first = 0
    let highest = Number.NEGATIVE_INFINITY
    for (let position = 0; position < count; position++) {
      const slot = f64[cellOffset(layout, layout.candidate, position)]
      const spread = f64[layout.spread + this.idleAge(slot, now)]
      const mean = f64[listOffset(layout, layout.mean, index, position)]
      const bonus = alpha * Math.max(reach * this.eigenvalueRoot(slot) * spread, floor)
      const upper = mean + bonus - penaltyWeight * f64[cellOffset(layout, layout.penalty, position)]
      f64[cellOffset(layout, layout.score, position)] = upper
      if (upper > highest) {
        highest = upper
        first = position
      }
    }
    this.writeProducts(index)
    const exact = (position: number): number => {
      const slot = f64[cellOffset(layout, layout.candidate, position)]
      return this.writeScore(index, position, this.quadratic(index, slot), alpha, penaltyWeight, now)
    }
    let best = exact(first)
    let evaluated = 1
    for (let position = 0; position < count; position++) {
      // Not `>=`: whatever cannot be compared is evaluated.
      if (position === first || f64[cellOffset(layout, layout.score, position)] < best) continue
      const score = exact(position)
      if (score > best) best = score
      evaluated++
    }
    return evaluated
  }

  argmax(count: number, tieBreak: number): number {
    const { layout, f64 } = this
    let best = Number.NEGATIVE_INFINITY
    let ties = 0
    let first = 0
    for (let position = 0; position < count; position++) {
      const score = f64[cellOffset(layout, layout.score, position)]
      if (score > best) {
        best = score
        ties = 1
        first = position
      } else if (score === best) ties++
    }
    if (ties <= 1) return first
    let skip = tieBreak % ties
    let position = first
    while (skip > 0) {
      position++
      if (f64[cellOffset(layout, layout.score, position)] === best) skip--
    }
    return position
  }

  update(slot: number, reward: number, now: number): void {
    const { layout, f64 } = this
    const trusted = learn(layout, f64, this.rewards, slot, [reward], now)
    f64[cellOffset(layout, layout.bound, slot)] = 0
    // A^-1 is positive definite in exact arithmetic. Where rounding has spoilt it, take it and theta from A and b.
    if (!trusted) this.rebuild(slot)
  }

  settle(slot: number, logCost: number, logLatency: number, now: number): void {
    if (!learn(this.layout, this.f64, this.settlements, slot, [logCost, logLatency], now))
      this.rebuildSettled(slot)
  }

  rebuild(slot: number): void {
    const { layout, f64 } = this
    rebuildDesign(layout, f64, this.rewards, slot)
    f64[cellOffset(layout, layout.bound, slot)] = 0
  }

  rebuildSettled(slot: number): void {
    rebuildDesign(this.layout, this.f64, this.settlements, slot)
  }

  invertSystem(size: number): void {
    const { layout, f64 } = this
    rebuildInverse(f64, layout.system, layout.systemInverse, layout.row, size)
  }

  private idleAge(slot: number, now: number): number {
    const { layout, f64 } = this
    const lastUpdate = f64[cellOffset(layout, layout.lastUpdate, slot)]
    const lastPlay = f64[cellOffset(layout, layout.lastPlay, slot)]
    return Math.min(Math.max(now - Math.max(lastUpdate, lastPlay), 0), AGE_MAX)
  }

  /** Writes one score; variance is x^T A^-1 x before inflation. */
  private writeScore(
    index: number,
    position: number,
    variance: number,
    alpha: number,
    penaltyWeight: number,
    now: number,
  ): number {
    const { layout, f64 } = this
    const slot = f64[cellOffset(layout, layout.candidate, position)]
    const divisor = Math.max(f64[layout.gammaPower + this.idleAge(slot, now)], 1 / INFLATION_MAX)
    const bonus = alpha * Math.sqrt(Math.max(variance / divisor, VARIANCE_MIN))
    const penalty = penaltyWeight * f64[cellOffset(layout, layout.penalty, position)]
    const score = f64[listOffset(layout, layout.mean, index, position)] + bonus - penalty
    f64[cellOffset(layout, layout.score, position)] = score
    return score
  }

  /** theta.x for the context at `index`, of the theta at an offset. */
  private linear(index: number, theta: number): number {
    const { context, paddedDimension } = this.layout
    return pairDot(this.f64, theta, context + index * paddedDimension, paddedDimension)
  }

  /** x^T A^-1 x for the context at `index`, whose z has been written. */
  private quadratic(index: number, slot: number): number {
    const { layout, f64 } = this
    const { dimension, paddedDimension, paddedTriangle, productLength } = layout
    const inverse = sectionOffset(layout, layout.inverse, paddedTriangle, slot)
    return productLength === 0
      ? quadraticByRows(f64, inverse, layout.context + index * paddedDimension, dimension)
      : pairDot(f64, inverse, layout.products + index * productLength, productLength)
  }

  /** z, once a context: every arm's x^T A^-1 x is then the plain dot product of its packed inverse with z. */
  private writeProducts(index: number): void {
    const { layout, f64 } = this
    const { dimension, paddedDimension, productLength } = layout
    if (productLength === 0) return
    const context = layout.context + index * paddedDimension
    let k = layout.products + index * productLength
    for (let i = 0; i < dimension; i++) {
      const x = f64[context + i]
      f64[k++] = x * x
      const twice = 2 * x
      for (let j = i + 1; j < dimension; j++) f64[k++] = twice * f64[context + j]
    }
  }

  /**
   * Square root of a number that no eigenvalue of |A^-1| exceeds: the largest sum of a row's magnitudes (the infinity
   * norm). Being taken of the magnitudes, it also bounds what rounding does to x^T A^-1 x. Kept until A^-1 changes.
   */
  private eigenvalueRoot(slot: number): number {
    const { layout, f64 } = this
    const cell = cellOffset(layout, layout.bound, slot)
    if (f64[cell] === 0) {
      const inverse = sectionOffset(layout, layout.inverse, layout.paddedTriangle, slot)
      f64[cell] = Math.sqrt(largestRowSum(f64, inverse, layout.row, layout.dimension))
    }
    return f64[cell]
  }
}
