import * as arena from './layout'
import { BOUND, cells, LAST_UPDATE, RIDGE, run, toIndex } from './layout'
import { dot } from './dots'
import { rebuildInverse, scaleAll, scaleAndAdd, scaleAndAddTwo, symmetricTimesVector } from './packed'

const AGE_MAX: f64 = 1000
const RIDGE_FLOOR: f64 = 0.1
const QUADRATIC_MAX: f64 = 1e6

/** One observation of an arm: see `Kernel.update`. No fused multiply-add, same order as the JavaScript kernel. */
export function update(slot: u32, reward: f64, now: f64): void {
  const d = arena.d
  const x = arena.context
  const u = arena.image
  const theta = run(arena.theta, arena.dp, slot)
  let inverse = run(arena.inverse, arena.pp, slot)
  let precision = run(arena.precision, arena.pp, slot)
  const response = run(arena.response, arena.dp, slot)

  const decay = forget(slot, now)
  const inverseScale = 1 / decay
  symmetricTimesVector(inverse, x, u, d)
  const quadratic = dot(u, x, arena.dp) * inverseScale
  let trusted = quadratic >= 0 && quadratic <= QUADRATIC_MAX
  const gain = 1 / (1 + quadratic)
  const error = reward - dot(theta, x, arena.dp)
  scaleAll(u, inverseScale, d)
  for (let i = 0; i < d; i++) {
    const offset = (<usize>i) << 3
    const rest = d - i
    const xi = load<f64>(x + offset)
    const ui = load<f64>(u + offset) * gain
    // Subtracting ui * u is adding -ui * u: a product's sign is exact.
    scaleAndAddTwo(inverse, inverseScale, -ui, u + offset, precision, decay, xi, x + offset, rest)
    trusted = trusted && load<f64>(inverse) > 0
    inverse += (<usize>rest) << 3
    precision += (<usize>rest) << 3
    store<f64>(theta + offset, load<f64>(theta + offset) + ui * error)
  }
  scaleAndAdd(response, decay, reward, x, d)
  store<f64>(cells(slot), now, LAST_UPDATE)
  store<f64>(cells(slot), 0, BOUND)
  if (!trusted) rebuild(slot)
}

/** Ages the ridge share; returns the decay A and b still have to take (1 once the floor has restored them). */
function forget(slot: u32, now: f64): f64 {
  const arm = cells(slot)
  const lambda0 = load<f64>(arena.params)
  const age = toIndex(min(max(now - load<f64>(arm, LAST_UPDATE), 0), AGE_MAX))
  const decay = load<f64>(arena.gammaPower + (<usize>age << 3))
  const left = load<f64>(arm, RIDGE) * decay
  if (left >= RIDGE_FLOOR * lambda0) {
    store<f64>(arm, left, RIDGE)
    return decay
  }
  const d = arena.d
  const precision = run(arena.precision, arena.pp, slot)
  const response = run(arena.response, arena.dp, slot)
  const triangle = (d * (d + 1)) >> 1
  scaleAll(precision, decay, triangle)
  scaleAll(response, decay, d)
  let diagonal = precision
  for (let i = 0; i < d; i++) {
    store<f64>(diagonal, load<f64>(diagonal) + (lambda0 - left))
    diagonal += (<usize>(d - i)) << 3
  }
  store<f64>(arm, lambda0, RIDGE)
  rebuild(slot)
  return 1
}

/** Recomputes the inverse and theta from A and b: see `Kernel.rebuild`. */
export function rebuild(slot: u32): void {
  const inverse = run(arena.inverse, arena.pp, slot)
  rebuildInverse(run(arena.precision, arena.pp, slot), inverse, arena.row, arena.d)
  symmetricTimesVector(
    inverse,
    run(arena.response, arena.dp, slot),
    run(arena.theta, arena.dp, slot),
    arena.d,
  )
  store<f64>(cells(slot), 0, BOUND)
}
