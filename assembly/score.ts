import { dot, pairDotsOf } from './dots'
import * as arena from './layout'
import {
  BOUND,
  CANDIDATE,
  cells,
  cellsIn,
  LAST_PLAY,
  LAST_UPDATE,
  MEAN,
  ofContext,
  PENALTY,
  run,
  SCORE,
  toIndex,
  VARIANCE,
} from './layout'
import { largestRowSum } from './packed'
import { project, QUADRATIC, quadraticsByRows, writeProducts } from './project'

const VARIANCE_MIN: f64 = 1e-12
const DIVISOR_MIN: f64 = 1.0 / 200.0
const AGE_MAX: f64 = 1000
const SLACK: f64 = 1 + 1e-9

/** `project` and `combine` for the first context: see `Kernel.score`. */
export function score(count: i32, alpha: f64, penaltyWeight: f64, now: f64): void {
  project(1, count, QUADRATIC)
  combine(0, count, alpha, penaltyWeight, now)
}

/** Scores from what `project` found: see `Kernel.combine`. */
export function combine(index: i32, count: i32, alpha: f64, penaltyWeight: f64, now: f64): void {
  const part = ofContext(index)
  const blocks = arena.blocks
  const blockBytes = arena.blockBytes
  const shift = arena.blockShift
  const table = arena.gammaPower
  const block = 1 << shift
  for (let start = 0; start < count; start += block) {
    let list = cells(start)
    const end = list + (<usize>min(block, count - start) << 3)
    for (; list < end; list += 8) {
      const arm = cellsIn(blocks, blockBytes, shift, toIndex(load<f64>(list, CANDIDATE)))
      writeScore(list, arm, part, table, alpha, penaltyWeight, now)
    }
  }
}

/** Byte offset of an arm's idle age in a table of ages; `arm` is where its cells are. */
// @ts-ignore: decorator
@inline
function ageOffset(arm: usize, now: f64): usize {
  if (ASC_FEATURE_SIMD) {
    // The same in the lower lane of a vector: pmin and pmax are one instruction each, min and max are a handful.
    const lastSeen = f64x2.pmax(v128.load64_zero(arm, LAST_UPDATE), v128.load64_zero(arm, LAST_PLAY))
    const idle = f64x2.sub(f64x2.splat(now), lastSeen)
    const age = f64x2.pmin(f64x2.pmax(idle, f64x2.splat(0)), f64x2.splat(AGE_MAX))
    return <usize>toIndex(f64x2.extract_lane(age, 0)) << 3
  } else {
    const lastSeen = max(load<f64>(arm, LAST_UPDATE), load<f64>(arm, LAST_PLAY))
    return <usize>toIndex(min(max(now - lastSeen, 0), AGE_MAX)) << 3
  }
}

/**
 * Writes the score of the candidate whose cells are at `list` and the arm's at `arm`, for the context of that part of
 * MEAN and VARIANCE; `table` has the powers of gamma.
 */
// @ts-ignore: decorator
@inline
function writeScore(
  list: usize,
  arm: usize,
  part: usize,
  table: usize,
  alpha: f64,
  penaltyWeight: f64,
  now: f64,
): f64 {
  const divisor = max(load<f64>(table + ageOffset(arm, now)), DIVISOR_MIN)
  const bonus = alpha * sqrt(max(load<f64>(list + part, VARIANCE) / divisor, VARIANCE_MIN))
  const penalty = penaltyWeight * load<f64>(list, PENALTY)
  const value = load<f64>(list + part, MEAN) + bonus - penalty
  store<f64>(list, value, SCORE)
  return value
}

/** Scores exactly only what can still win: see `Kernel.prune`. */
export function prune(index: i32, count: i32, alpha: f64, penaltyWeight: f64, now: f64): i32 {
  const first = writeUpperBounds(index, count, alpha, penaltyWeight, now)
  const firstCells = cells(first)
  if (arena.zp > 0) writeProducts(index)
  let best = writeExact(first, firstCells, index, alpha, penaltyWeight, now)
  let evaluated = 1
  const block = 1 << arena.blockShift
  for (let start = 0; start < count; start += block) {
    const begin = cells(start)
    const end = begin + (<usize>min(block, count - start) << 3)
    for (let list = begin; list < end; list += 8) {
      // Not `>=`: whatever cannot be compared is evaluated.
      if (load<f64>(list, SCORE) < best || list === firstCells) continue
      const position = start + <i32>((list - begin) >> 3)
      const value = writeExact(position, list, index, alpha, penaltyWeight, now)
      if (value > best) best = value
      evaluated++
    }
  }
  return evaluated
}

/** Upper bounds as scores; returns the position of the highest. */
function writeUpperBounds(index: i32, count: i32, alpha: f64, penaltyWeight: f64, now: f64): i32 {
  const x = arena.context + ((<usize>index * <usize>arena.dp) << 3)
  const reach = sqrt(dot(x, x, arena.dp)) * SLACK
  const floor = sqrt(VARIANCE_MIN) * SLACK
  const part = ofContext(index)
  const blocks = arena.blocks
  const blockBytes = arena.blockBytes
  const shift = arena.blockShift
  const spread = arena.spread
  const block = 1 << shift
  let first = 0
  let highest: f64 = -Infinity
  for (let start = 0; start < count; start += block) {
    const begin = cells(start)
    const end = begin + (<usize>min(block, count - start) << 3)
    for (let list = begin; list < end; list += 8) {
      const slot = toIndex(load<f64>(list, CANDIDATE))
      const arm = cellsIn(blocks, blockBytes, shift, slot)
      let root = load<f64>(arm, BOUND)
      if (root === 0) root = takeBound(slot)
      const bonus = alpha * max(reach * root * load<f64>(spread + ageOffset(arm, now)), floor)
      const penalty = penaltyWeight * load<f64>(list, PENALTY)
      const upper = load<f64>(list + part, MEAN) + bonus - penalty
      store<f64>(list, upper, SCORE)
      if (upper > highest) {
        highest = upper
        first = start + <i32>((list - begin) >> 3)
      }
    }
  }
  return first
}

/** Square root of a number that no eigenvalue of |A^-1| exceeds, kept until A^-1 changes. */
function takeBound(slot: u32): f64 {
  const root = sqrt(largestRowSum(run(arena.inverse, arena.pp, slot), arena.row, arena.d))
  store<f64>(cells(slot), root, BOUND)
  return root
}

/** The exact score of the candidate at a position, whose cells are at `list`. */
function writeExact(position: i32, list: usize, index: i32, alpha: f64, penaltyWeight: f64, now: f64): f64 {
  const zp = arena.zp
  const part = ofContext(index)
  if (zp > 0) {
    const inverse = run(arena.inverse, arena.pp, toIndex(load<f64>(list, CANDIDATE)))
    const z = arena.products + ((<usize>index * <usize>zp) << 3)
    pairDotsOf(1, inverse, inverse, inverse, inverse, z, zp, list + part + VARIANCE)
  } else quadraticsByRows(1, position, index, index + 1)
  const arm = cells(toIndex(load<f64>(list, CANDIDATE)))
  return writeScore(list, arm, part, arena.gammaPower, alpha, penaltyWeight, now)
}

/** Position of the best score, the (tieBreak mod n)-th of n equal ones: see `Kernel.argmax`. */
export function argmax(count: i32, tieBreak: u32): i32 {
  let best: f64 = -Infinity
  let ties: u32 = 0
  let first = 0
  const block = 1 << arena.blockShift
  for (let start = 0; start < count; start += block) {
    const list = cells(start)
    const end = list + (<usize>min(block, count - start) << 3)
    for (let at = list; at < end; at += 8) {
      const value = load<f64>(at, SCORE)
      if (value < best) continue
      if (value > best) {
        best = value
        ties = 1
        first = start + <i32>((at - list) >> 3)
      } else if (value === best) ties++
    }
  }
  if (ties <= 1) return first
  let skip = tieBreak % ties
  let position = first
  while (skip > 0) {
    position++
    if (load<f64>(cells(position), SCORE) === best) skip--
  }
  return position
}
