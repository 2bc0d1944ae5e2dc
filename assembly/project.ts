import { pairDotsOf, pairDotsOfTwo } from './dots'
import * as arena from './layout'
import { CANDIDATE, cells, COST, LATENCY, MEAN, ofContext, run, toIndex, VARIANCE } from './layout'

/** Arms that share what is read of one context, and of a pair of contexts. */
const ARMS_OF_ONE = 4
const ARMS_OF_PAIR = 2

/** Forms besides theta.x: bits of what `project` is asked for, as in src/kernel/kernel.ts. */
export const QUADRATIC: i32 = 1
const OF_COST: i32 = 2
const OF_LATENCY: i32 = 4

/** theta.x and other forms of the candidates: see `Kernel.project`. */
export function project(contexts: i32, count: i32, which: i32): void {
  const zp = arena.zp
  const dp = arena.dp
  const x = arena.context
  const heads = arena.headTheta
  const quadratic = (which & QUADRATIC) !== 0
  const byProducts = quadratic && zp > 0
  if (byProducts) for (let index = 0; index < contexts; index++) writeProducts(index)
  // A group never crosses from one block of the list to the next.
  const wide = min(contexts === 1 ? ARMS_OF_ONE : ARMS_OF_PAIR, 1 << arena.blockShift)
  for (let position = 0; position < count; position += wide) {
    const arms = min(wide, count - position)
    const list = cells(position)
    forms(arms, list, contexts, MEAN, arena.theta, dp, x, dp)
    if (which & OF_COST) forms(arms, list, contexts, COST, heads, 2 * dp, x, dp)
    if (which & OF_LATENCY) forms(arms, list, contexts, LATENCY, heads + (<usize>dp << 3), 2 * dp, x, dp)
    if (byProducts) forms(arms, list, contexts, VARIANCE, arena.inverse, arena.pp, arena.products, zp)
  }
  if (!quadratic || byProducts) return
  for (let position = 0; position < count; position += ARMS_OF_ONE) {
    quadraticsByRows(min(ARMS_OF_ONE, count - position), position, 0, contexts)
  }
}

/** z of a context: x_i^2 on the diagonal, 2 x_i x_j off it. */
export function writeProducts(index: i32): void {
  const d = arena.d
  let x = arena.context + ((<usize>index * <usize>arena.dp) << 3)
  let z = arena.products + ((<usize>index * <usize>arena.zp) << 3)
  const end = x + (<usize>d << 3)
  while (x < end) {
    const xi = load<f64>(x)
    store<f64>(z, xi * xi)
    z += 8
    x += 8
    z = writeScaled(z, 2 * xi, x, end)
  }
}

/** Writes scale * x for x up to `end`; returns where the next number goes. */
// @ts-ignore: decorator
@inline
function writeScaled(z: usize, scale: f64, x: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    const scales = f64x2.splat(scale)
    while (x + 8 < end) {
      v128.store(z, f64x2.mul(scales, v128.load(x)))
      z += 16
      x += 16
    }
  }
  while (x < end) {
    store<f64>(z, scale * load<f64>(x))
    z += 8
    x += 8
  }
  return z
}

/** Address of the run of the candidate whose cells are at `list`. */
// @ts-ignore: decorator
@inline
function runOf(section: usize, stride: i32, list: usize): usize {
  return run(section, stride, toIndex(load<f64>(list, CANDIDATE)))
}

/** Dot products of a section of the arms at `list` on with a vector of each context, into the list at offset `out`. */
function forms(
  arms: i32,
  list: usize,
  contexts: i32,
  out: usize,
  section: usize,
  stride: i32,
  vectors: usize,
  length: i32,
): void {
  const a0 = runOf(section, stride, list)
  const a1 = arms > 1 ? runOf(section, stride, list + 8) : a0
  const a2 = arms > 2 ? runOf(section, stride, list + 16) : a0
  const a3 = arms > 3 ? runOf(section, stride, list + 24) : a0
  const step = <usize>length << 3
  let index = 0
  if (arms === ARMS_OF_PAIR) {
    for (; index + 1 < contexts; index += 2) {
      const target = list + out + ofContext(index)
      pairDotsOfTwo(a0, a1, vectors, vectors + step, length, target, target + ofContext(1))
      vectors += 2 * step
    }
  }
  for (; index < contexts; index++) {
    pairDotsOf(arms, a0, a1, a2, a3, vectors, length, list + out + ofContext(index))
    vectors += step
  }
}

/**
 * x^T A^-1 x = sum_i x_i (m_ii x_i + 2 sum_(j>i) m_ij x_j) of the arms at `position` on, for the contexts in
 * [from, to): where z would not stay in the cache, x does.
 */
export function quadraticsByRows(arms: i32, position: i32, from: i32, to: i32): void {
  const d = arena.d
  const sums = arena.sums
  const totals = sums + 128
  memory.fill(totals, 0, 128)
  const stride = arena.pp
  let r0 = runOf(arena.inverse, stride, cells(position))
  let r1 = arms > 1 ? runOf(arena.inverse, stride, cells(position + 1)) : r0
  let r2 = arms > 2 ? runOf(arena.inverse, stride, cells(position + 2)) : r0
  let r3 = arms > 3 ? runOf(arena.inverse, stride, cells(position + 3)) : r0
  for (let rest = d - 1; rest >= 0; rest--) {
    let total = totals
    for (let index = from; index < to; index++) {
      const x = arena.context + ((<usize>index * <usize>arena.dp + <usize>(d - 1 - rest)) << 3)
      pairDotsOf(arms, r0 + 8, r1 + 8, r2 + 8, r3 + 8, x + 8, rest & ~1, sums)
      addRow(r0, x, rest, sums, total)
      if (arms > 1) addRow(r1, x, rest, sums + 8, total + 8)
      if (arms > 2) addRow(r2, x, rest, sums + 16, total + 16)
      if (arms > 3) addRow(r3, x, rest, sums + 24, total + 24)
      total += 32
    }
    const step = <usize>(rest + 1) << 3
    r0 += step
    r1 += step
    r2 += step
    r3 += step
  }
  for (let index = from; index < to; index++) {
    for (let k = 0; k < arms; k++) {
      const total = totals + (<usize>(4 * (index - from) + k) << 3)
      store<f64>(cells(position + k) + ofContext(index), load<f64>(total), VARIANCE)
    }
  }
}

/** Adds one row's share to a quadratic form; `sum` has the even part of the row's dot product. */
function addRow(r: usize, x: usize, rest: i32, sum: usize, total: usize): void {
  const xi = load<f64>(x)
  const last = <usize>rest << 3
  const row = load<f64>(sum) + (rest & 1 ? load<f64>(r + last) * load<f64>(x + last) : 0)
  store<f64>(total, load<f64>(total) + xi * (load<f64>(r) * xi + 2 * row))
}
