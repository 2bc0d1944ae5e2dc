import * as arena from './layout'
import {
  BOUND,
  cells,
  INVERSE,
  LAST_UPDATE,
  PRECISION,
  RESPONSE,
  runOfDesign,
  SETTLED_UPDATE,
  THETA,
  TO_RIDGE,
  toIndex,
} from './layout'
import { dot } from './dots'
import { rebuildInverse, scaleAll, scaleAndAdd, scaleAndAddTwo, symmetricTimesVector } from './packed'

const AGE_MAX: f64 = 1000
const RIDGE_FLOOR: f64 = 0.1
const QUADRATIC_MAX: f64 = 1e6

/**
 * One observation on an arm's design matrix with `heads` heads: see `Kernel.update` (1) and `Kernel.settle` (2). NaN
 * teaches a head what it predicts. No fused multiply-add, same order as the JavaScript kernel.
 */
export function update(slot: u32, heads: i32, first: f64, second: f64, now: f64): void {
  const d = arena.d
  const x = arena.context
  const u = arena.image
  let inverse = runOfDesign(INVERSE, heads, slot)
  let precision = runOfDesign(PRECISION, heads, slot)

  const decay = forget(slot, heads, now)
  const inverseScale = 1 / decay
  symmetricTimesVector(inverse, x, u, d)
  const quadratic = dot(u, x, arena.dp) * inverseScale
  let trusted = quadratic >= 0 && quadratic <= QUADRATIC_MAX
  const gain = 1 / (1 + quadratic)
  scaleAll(u, inverseScale, d)
  for (let i = 0; i < d; i++) {
    const offset = (<usize>i) << 3
    const rest = d - i
    const xi = load<f64>(x + offset)
    const ui = load<f64>(u + offset) * gain
    // Subtracting ui * u is adding -ui * u: a product's sign is exact.
    scaleAndAddTwo(inverse, inverseScale, -ui, u + offset, precision, decay, xi, x + offset, rest)
    trusted = trusted && load<f64>(inverse) > 0
    // No later row needs u_i: what the heads need of it takes its place.
    store<f64>(u + offset, ui)
    inverse += (<usize>rest) << 3
    precision += (<usize>rest) << 3
  }
  let theta = runOfDesign(THETA, heads, slot)
  let response = runOfDesign(RESPONSE, heads, slot)
  for (let head = 0; head < heads; head++) {
    const predicted = dot(theta, x, arena.dp)
    if (first !== first) first = predicted
    scaleAndAdd(theta, 1, first - predicted, u, d)
    scaleAndAdd(response, decay, first, x, d)
    theta += <usize>arena.dp << 3
    response += <usize>arena.dp << 3
    first = second
  }
  store<f64>(marks(slot, heads), now)
  if (heads === 1) store<f64>(cells(slot), 0, BOUND)
  if (!trusted) rebuild(slot, heads)
}

/** Where it says when a design matrix was last updated. */
function marks(slot: u32, heads: i32): usize {
  return cells(slot) + (heads === 1 ? LAST_UPDATE : SETTLED_UPDATE)
}

/** Ages the ridge share; returns the decay A and b still have to take (1 once the floor has restored them). */
function forget(slot: u32, heads: i32, now: f64): f64 {
  const at = marks(slot, heads)
  const lambda0 = load<f64>(arena.params)
  const age = toIndex(min(max(now - load<f64>(at), 0), AGE_MAX))
  const decay = load<f64>(arena.gammaPower + (<usize>age << 3))
  const left = load<f64>(at, TO_RIDGE) * decay
  if (left >= RIDGE_FLOOR * lambda0) {
    store<f64>(at, left, TO_RIDGE)
    return decay
  }
  const d = arena.d
  const precision = runOfDesign(PRECISION, heads, slot)
  scaleAll(precision, decay, (d * (d + 1)) >> 1)
  scaleAll(runOfDesign(RESPONSE, heads, slot), decay, heads * arena.dp)
  let diagonal = precision
  for (let i = 0; i < d; i++) {
    store<f64>(diagonal, load<f64>(diagonal) + (lambda0 - left))
    diagonal += (<usize>(d - i)) << 3
  }
  store<f64>(at, lambda0, TO_RIDGE)
  rebuild(slot, heads)
  return 1
}

/** Recomputes the inverse and each head's theta from A and b: see `Kernel.rebuild`. */
export function rebuild(slot: u32, heads: i32): void {
  const inverse = runOfDesign(INVERSE, heads, slot)
  rebuildInverse(runOfDesign(PRECISION, heads, slot), inverse, arena.row, arena.d)
  let theta = runOfDesign(THETA, heads, slot)
  let response = runOfDesign(RESPONSE, heads, slot)
  for (let head = 0; head < heads; head++) {
    symmetricTimesVector(inverse, response, theta, arena.d)
    theta += <usize>arena.dp << 3
    response += <usize>arena.dp << 3
  }
  if (heads === 1) store<f64>(cells(slot), 0, BOUND)
}

/** See `Kernel.invertSystem`. */
export function invertSystem(size: i32): void {
  rebuildInverse(arena.system, arena.systemInverse, arena.row, size)
}
