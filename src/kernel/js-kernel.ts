import { ParetoBanditError } from '../errors.js'
import type { Kernel, KernelOptions } from './kernel.js'
import {
  AGE_MAX,
  type ArenaLayout,
  arenaLayout,
  arenaLength,
  cellOffset,
  INFLATION_MAX,
  QUADRATIC_MAX,
  RIDGE_FLOOR,
  sectionOffset,
  VARIANCE_MIN,
  writeConstants,
} from './layout.js'
import { dot, rebuildInverse, symmetricTimesVector } from './packed.js'

/** The readable reference: plain JavaScript over a plain ArrayBuffer. */
export class JsKernel implements Kernel {
  readonly name = 'js'
  readonly layout: ArenaLayout
  f64: Float64Array
  capacity: number

  constructor({ dimension, gamma, lambda0 }: KernelOptions) {
    this.layout = arenaLayout(dimension)
    const { length, capacity } = arenaLength(this.layout, 1)
    this.f64 = allocate(length)
    this.capacity = capacity
    writeConstants(this.layout, this.f64, gamma, lambda0)
  }

  reserve(armCount: number): void {
    if (armCount <= this.capacity) return
    // Growing copies, so at least double: adding arms one by one stays linear in the end.
    const { length, capacity } = arenaLength(this.layout, Math.max(armCount, 2 * this.capacity))
    const grown = allocate(length)
    grown.set(this.f64)
    this.f64 = grown
    this.capacity = capacity
  }

  score(count: number, alpha: number, penaltyWeight: number, now: number): void {
    const { layout, f64 } = this
    const { context, products, paddedDimension, paddedTriangle } = layout
    writeProducts(layout, f64)
    for (let position = 0; position < count; position++) {
      const slot = f64[cellOffset(layout, layout.candidate, position)]
      const theta = sectionOffset(layout, layout.theta, paddedDimension, slot)
      const inverse = sectionOffset(layout, layout.inverse, paddedTriangle, slot)
      const mean = dot(f64, theta, context, paddedDimension)
      const variance = dot(f64, inverse, products, paddedTriangle)
      const divisor = Math.max(f64[layout.gammaPower + this.idleAge(slot, now)], 1 / INFLATION_MAX)
      const bonus = alpha * Math.sqrt(Math.max(variance / divisor, VARIANCE_MIN))
      const penalty = penaltyWeight * f64[cellOffset(layout, layout.price, slot)]
      f64[cellOffset(layout, layout.score, position)] = mean + bonus - penalty
    }
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
    const { dimension, context, image, paddedDimension, paddedTriangle } = layout
    const theta = sectionOffset(layout, layout.theta, paddedDimension, slot)
    const inverse = sectionOffset(layout, layout.inverse, paddedTriangle, slot)
    const precision = sectionOffset(layout, layout.precision, paddedTriangle, slot)
    const response = sectionOffset(layout, layout.response, paddedDimension, slot)

    const decay = this.forget(slot, now)
    const inverseScale = 1 / decay
    symmetricTimesVector(f64, inverse, context, image, dimension)
    const quadratic = dot(f64, image, context, paddedDimension) * inverseScale
    let trusted = quadratic >= 0 && quadratic <= QUADRATIC_MAX
    const gain = 1 / (1 + quadratic)
    const error = reward - dot(f64, theta, context, paddedDimension)
    for (let i = 0; i < dimension; i++) f64[image + i] *= inverseScale

    let k = 0
    for (let i = 0; i < dimension; i++) {
      const x = f64[context + i]
      const u = f64[image + i] * gain
      const diagonal = inverse + k
      for (let j = i; j < dimension; j++, k++) {
        f64[inverse + k] = f64[inverse + k] * inverseScale - u * f64[image + j]
        f64[precision + k] = f64[precision + k] * decay + x * f64[context + j]
      }
      trusted = trusted && f64[diagonal] > 0
      f64[theta + i] += u * error
      f64[response + i] = f64[response + i] * decay + reward * x
    }
    f64[cellOffset(layout, layout.lastUpdate, slot)] = now
    // A^-1 is positive definite in exact arithmetic. Where rounding has spoilt it, take it and theta from A and b.
    if (!trusted) this.rebuild(slot)
  }

  /**
   * Ages the ridge share and returns the decay that A and b still have to take, with A^-1 taking its reciprocal.
   * When too little regularization is left, decays A and b at once, restores it, rebuilds, and returns 1.
   */
  private forget(slot: number, now: number): number {
    const { layout, f64 } = this
    const ridge = cellOffset(layout, layout.ridge, slot)
    const lambda0 = f64[layout.params]
    const age = Math.min(Math.max(now - f64[cellOffset(layout, layout.lastUpdate, slot)], 0), AGE_MAX)
    const decay = f64[layout.gammaPower + age]
    const left = f64[ridge] * decay
    if (left >= RIDGE_FLOOR * lambda0) {
      f64[ridge] = left
      return decay
    }
    const precision = sectionOffset(layout, layout.precision, layout.paddedTriangle, slot)
    const response = sectionOffset(layout, layout.response, layout.paddedDimension, slot)
    for (let k = 0; k < layout.triangle; k++) f64[precision + k] *= decay
    for (let i = 0; i < layout.dimension; i++) f64[response + i] *= decay
    for (let i = 0, k = precision; i < layout.dimension; k += layout.dimension - i, i++)
      f64[k] += lambda0 - left
    f64[ridge] = lambda0
    this.rebuild(slot)
    return 1
  }

  rebuild(slot: number): void {
    const { layout, f64 } = this
    const { dimension, paddedDimension, paddedTriangle } = layout
    const theta = sectionOffset(layout, layout.theta, paddedDimension, slot)
    const inverse = sectionOffset(layout, layout.inverse, paddedTriangle, slot)
    const precision = sectionOffset(layout, layout.precision, paddedTriangle, slot)
    const response = sectionOffset(layout, layout.response, paddedDimension, slot)
    rebuildInverse(f64, precision, inverse, layout.row, dimension)
    symmetricTimesVector(f64, inverse, response, theta, dimension)
  }

  private idleAge(slot: number, now: number): number {
    const { layout, f64 } = this
    const lastUpdate = f64[cellOffset(layout, layout.lastUpdate, slot)]
    const lastPlay = f64[cellOffset(layout, layout.lastPlay, slot)]
    return Math.min(Math.max(now - Math.max(lastUpdate, lastPlay), 0), AGE_MAX)
  }
}

/** z, once a request: every arm's x^T A^-1 x is then the plain dot product of its packed inverse with z. */
function writeProducts(layout: ArenaLayout, f64: Float64Array): void {
  const { dimension, context, products } = layout
  let k = products
  for (let i = 0; i < dimension; i++) {
    const x = f64[context + i]
    f64[k++] = x * x
    const twice = 2 * x
    for (let j = i + 1; j < dimension; j++) f64[k++] = twice * f64[context + j]
  }
}

function allocate(length: number): Float64Array {
  try {
    return new Float64Array(length)
  } catch (cause) {
    throw new ParetoBanditError('OUT_OF_MEMORY', '', `no memory for an arena of ${8 * length} bytes`, {
      cause,
    })
  }
}
