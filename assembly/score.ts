import * as arena from './layout'
import { cell, run } from './layout'
import { dot } from './packed'

const VARIANCE_MIN: f64 = 1e-12
const DIVISOR_MIN: f64 = 1.0 / 200.0
const AGE_MAX: f64 = 1000

/** z: x_i^2 on the diagonal, 2 x_i x_j off it. */
function writeProducts(): void {
  const d = arena.d
  const x = arena.context
  let z = arena.products
  for (let i = 0; i < d; i++) {
    const xi = load<f64>(x + ((<usize>i) << 3))
    store<f64>(z, xi * xi)
    z += 8
    const twice = 2 * xi
    for (let j = i + 1; j < d; j++) {
      store<f64>(z, twice * load<f64>(x + ((<usize>j) << 3)))
      z += 8
    }
  }
}

/** Scores the first `count` candidates: see `Kernel.score`. */
export function score(count: i32, alpha: f64, penaltyWeight: f64, now: f64): void {
  writeProducts()
  for (let position = 0; position < count; position++) {
    const slot = <u32>load<f64>(cell(arena.candidate, position))
    const mean = dot(run(arena.theta, arena.dp, slot), arena.context, arena.dp)
    const variance = dot(run(arena.inverse, arena.pp, slot), arena.products, arena.pp)
    const lastSeen = max(load<f64>(cell(arena.lastUpdate, slot)), load<f64>(cell(arena.lastPlay, slot)))
    const age = <usize>min(max(now - lastSeen, 0), AGE_MAX)
    const divisor = max(load<f64>(arena.gammaPower + (age << 3)), DIVISOR_MIN)
    const bonus = alpha * sqrt(max(variance / divisor, VARIANCE_MIN))
    const penalty = penaltyWeight * load<f64>(cell(arena.price, slot))
    store<f64>(cell(arena.score, position), mean + bonus - penalty)
  }
}

/** Position of the best score, the (tieBreak mod n)-th of n equal ones: see `Kernel.argmax`. */
export function argmax(count: i32, tieBreak: u32): i32 {
  let best: f64 = -Infinity
  let ties: u32 = 0
  let first = 0
  for (let position = 0; position < count; position++) {
    const value = load<f64>(cell(arena.score, position))
    if (value > best) {
      best = value
      ties = 1
      first = position
    } else if (value === best) ties++
  }
  if (ties <= 1) return first
  let skip = tieBreak % ties
  let position = first
  while (skip > 0) {
    position++
    if (load<f64>(cell(arena.score, position)) === best) skip--
  }
  return position
}
