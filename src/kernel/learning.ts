import type { Design } from './design.js'
import { rebuildInverse } from './inverse.js'
import { AGE_MAX, type ArenaLayout, cellOffset, QUADRATIC_MAX, RIDGE_FLOOR, sectionOffset } from './layout.js'
import { dot, symmetricTimesVector } from './packed.js'

/**
 * One observation on a design matrix for the first context in the arena, at request count `now`: decay, then the rank-one
 * (Sherman-Morrison) update of A and A^-1 and, for each head, of theta and b. `targets`: what each head is taught; NaN,
 * what it predicts itself.
 * @returns whether A^-1 may be trusted; if not, it has to be rebuilt
 */
export function learn(
  layout: ArenaLayout,
  f64: Float64Array,
  design: Design,
  slot: number,
  targets: readonly number[],
  now: number,
): boolean {
  const { dimension, context, image, paddedDimension, paddedTriangle } = layout
  const inverse = sectionOffset(layout, design.inverse, paddedTriangle, slot)
  const precision = sectionOffset(layout, design.precision, paddedTriangle, slot)

  const decay = forget(layout, f64, design, slot, now)
  const inverseScale = 1 / decay
  symmetricTimesVector(f64, inverse, context, image, dimension)
  const quadratic = dot(f64, image, context, paddedDimension) * inverseScale
  let trusted = quadratic >= 0 && quadratic <= QUADRATIC_MAX
  const gain = 1 / (1 + quadratic)
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
  }
  const heads = design.heads * paddedDimension
  let theta = sectionOffset(layout, design.theta, heads, slot)
  let response = sectionOffset(layout, design.response, heads, slot)
  for (const target of targets) {
    const predicted = dot(f64, theta, context, paddedDimension)
    const taught = Number.isNaN(target) ? predicted : target
    const error = taught - predicted
    for (let i = 0; i < dimension; i++) {
      f64[theta + i] += f64[image + i] * gain * error
      f64[response + i] = f64[response + i] * decay + taught * f64[context + i]
    }
    theta += paddedDimension
    response += paddedDimension
  }
  f64[cellOffset(layout, design.lastUpdate, slot)] = now
  return trusted
}

/**
 * Ages the ridge share and returns the decay that A and b still have to take, with A^-1 taking its reciprocal.
 * When too little regularization is left, decays A and b at once, restores it, rebuilds, and returns 1.
 */
function forget(layout: ArenaLayout, f64: Float64Array, design: Design, slot: number, now: number): number {
  const ridge = cellOffset(layout, design.ridge, slot)
  const lambda0 = f64[layout.params]
  const age = Math.min(Math.max(now - f64[cellOffset(layout, design.lastUpdate, slot)], 0), AGE_MAX)
  const decay = f64[layout.gammaPower + age]
  const left = f64[ridge] * decay
  if (left >= RIDGE_FLOOR * lambda0) {
    f64[ridge] = left
    return decay
  }
  const heads = design.heads * layout.paddedDimension
  const precision = sectionOffset(layout, design.precision, layout.paddedTriangle, slot)
  const response = sectionOffset(layout, design.response, heads, slot)
  for (let k = 0; k < layout.triangle; k++) f64[precision + k] *= decay
  for (let i = 0; i < heads; i++) f64[response + i] *= decay
  for (let i = 0, k = precision; i < layout.dimension; k += layout.dimension - i, i++)
    f64[k] += lambda0 - left
  f64[ridge] = lambda0
  rebuildDesign(layout, f64, design, slot)
  return 1
}

/** A^-1 by Cholesky, and each head's theta = A^-1 b, from A and the heads' b. */
export function rebuildDesign(layout: ArenaLayout, f64: Float64Array, design: Design, slot: number): void {
  const { dimension, paddedDimension, paddedTriangle } = layout
  const inverse = sectionOffset(layout, design.inverse, paddedTriangle, slot)
  const precision = sectionOffset(layout, design.precision, paddedTriangle, slot)
  const heads = design.heads * paddedDimension
  const theta = sectionOffset(layout, design.theta, heads, slot)
  const response = sectionOffset(layout, design.response, heads, slot)
  rebuildInverse(f64, precision, inverse, layout.row, dimension)
  for (let at = 0; at < heads; at += paddedDimension)
    symmetricTimesVector(f64, inverse, response + at, theta + at, dimension)
}
