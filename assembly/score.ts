import { dot, pairDotsOf } from './dots'
import * as arena from './layout'
import { cell, cells, listSection, run, slotAt, toIndex } from './layout'
import { largestRowSum } from './packed'
import { project, quadraticsByRows, writeProducts } from './project'

const VARIANCE_MIN: f64 = 1e-12
const DIVISOR_MIN: f64 = 1.0 / 200.0
const AGE_MAX: f64 = 1000
const SLACK: f64 = 1 + 1e-9

/** `project` and `combine` for the first context: see `Kernel.score`. */
export function score(count: i32, alpha: f64, penaltyWeight: f64, now: f64): void {
  project(1, count, true)
  combine(0, count, alpha, penaltyWeight, now)
}

/** Scores from what `project` found: see `Kernel.combine`. */
export function combine(index: i32, count: i32, alpha: f64, penaltyWeight: f64, now: f64): void {
  const variances = listSection(arena.variance, index)
  for (let position = 0; position < count; position++) {
    writeScore(index, position, load<f64>(cell(variances, position)), alpha, penaltyWeight, now)
  }
}

/** Byte offset of an arm's idle age in a table of ages; `arm` is where its cells are. */
// @ts-ignore: decorator
@inline
function ageOffset(arm: usize, now: f64): usize {
  const lastSeen = max(load<f64>(arm + arena.lastUpdate), load<f64>(arm + arena.lastPlay))
  return <usize>toIndex(min(max(now - lastSeen, 0), AGE_MAX)) << 3
}

/** Writes one score; variance is x^T A^-1 x before inflation. */
// @ts-ignore: decorator
@inline
function writeScore(index: i32, position: i32, variance: f64, alpha: f64, penaltyWeight: f64, now: f64): f64 {
  const list = cells(position)
  const arm = cells(toIndex(load<f64>(list + arena.candidate)))
  const divisor = max(load<f64>(arena.gammaPower + ageOffset(arm, now)), DIVISOR_MIN)
  const bonus = alpha * sqrt(max(variance / divisor, VARIANCE_MIN))
  const penalty = penaltyWeight * load<f64>(arm + arena.price)
  const value = load<f64>(list + listSection(arena.mean, index)) + bonus - penalty
  store<f64>(list + arena.score, value)
  return value
}

/** Scores exactly only what can still win: see `Kernel.prune`. */
export function prune(index: i32, count: i32, alpha: f64, penaltyWeight: f64, now: f64): i32 {
  const first = writeUpperBounds(index, count, alpha, penaltyWeight, now)
  if (arena.zp > 0) writeProducts(index)
  let best = writeExact(first, index, alpha, penaltyWeight, now)
  let evaluated = 1
  for (let position = 0; position < count; position++) {
    // Not `>=`: whatever cannot be compared is evaluated.
    if (load<f64>(cell(arena.score, position)) < best || position === first) continue
    const value = writeExact(position, index, alpha, penaltyWeight, now)
    if (value > best) best = value
    evaluated++
  }
  return evaluated
}

/** Upper bounds as scores; returns the position of the highest. */
function writeUpperBounds(index: i32, count: i32, alpha: f64, penaltyWeight: f64, now: f64): i32 {
  const x = arena.context + ((<usize>index * <usize>arena.dp) << 3)
  const reach = alpha * sqrt(dot(x, x, arena.dp)) * SLACK
  const floor = alpha * sqrt(VARIANCE_MIN) * SLACK
  let first = 0
  let highest: f64 = -Infinity
  for (let position = 0; position < count; position++) {
    const list = cells(position)
    const slot = toIndex(load<f64>(list + arena.candidate))
    const arm = cells(slot)
    let root = load<f64>(arm + arena.bound)
    if (root === 0) root = takeBound(slot)
    const bonus = max(reach * root * load<f64>(arena.spread + ageOffset(arm, now)), floor)
    const penalty = penaltyWeight * load<f64>(arm + arena.price)
    const upper = load<f64>(list + listSection(arena.mean, index)) + bonus - penalty
    store<f64>(list + arena.score, upper)
    if (upper > highest) {
      highest = upper
      first = position
    }
  }
  return first
}

/** Square root of a number that no eigenvalue of |A^-1| exceeds, kept until A^-1 changes. */
function takeBound(slot: u32): f64 {
  const root = sqrt(largestRowSum(run(arena.inverse, arena.pp, slot), arena.row, arena.d))
  store<f64>(cell(arena.bound, slot), root)
  return root
}

/** The exact score of the candidate at a position. */
function writeExact(position: i32, index: i32, alpha: f64, penaltyWeight: f64, now: f64): f64 {
  const zp = arena.zp
  const variance = cell(listSection(arena.variance, index), position)
  if (zp > 0) {
    const inverse = run(arena.inverse, arena.pp, slotAt(position))
    const z = arena.products + ((<usize>index * <usize>zp) << 3)
    pairDotsOf(1, inverse, inverse, inverse, inverse, z, zp, variance)
  } else quadraticsByRows(1, position, index, index + 1)
  return writeScore(index, position, load<f64>(variance), alpha, penaltyWeight, now)
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
