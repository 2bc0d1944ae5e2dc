import { pairDotsOf, pairDotsOfTwo } from './dots'
import * as arena from './layout'
import { cell, listSection, run, slotAt, withinBlock } from './layout'

/** Arms that share what is read of one context, and of a pair of contexts. */
const ARMS_OF_ONE = 4
const ARMS_OF_PAIR = 2

/** theta.x and x^T A^-1 x of the candidates: see `Kernel.project`. */
export function project(contexts: i32, count: i32, quadratic: bool): void {
  const zp = arena.zp
  if (quadratic && zp > 0) for (let index = 0; index < contexts; index++) writeProducts(index)
  const wide = contexts === 1 || (quadratic && zp === 0) ? ARMS_OF_ONE : ARMS_OF_PAIR
  for (let position = 0; position < count; position += wide) {
    const arms = min(wide, count - position)
    forms(arms, position, contexts, arena.mean, arena.theta, arena.dp, arena.context, arena.dp)
    if (!quadratic) continue
    if (zp > 0) forms(arms, position, contexts, arena.variance, arena.inverse, arena.pp, arena.products, zp)
    else quadraticsByRows(arms, position, 0, contexts)
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

/** Dot products of a section of the arms at `position` on with a vector of each context, into the list at `out`. */
function forms(
  arms: i32,
  position: i32,
  contexts: i32,
  out: usize,
  section: usize,
  stride: i32,
  vectors: usize,
  length: i32,
): void {
  const a0 = run(section, stride, slotAt(position))
  const a1 = arms > 1 ? run(section, stride, slotAt(position + 1)) : a0
  const a2 = arms > 2 ? run(section, stride, slotAt(position + 2)) : a0
  const a3 = arms > 3 ? run(section, stride, slotAt(position + 3)) : a0
  const step = <usize>length << 3
  let index = 0
  if (arms === ARMS_OF_PAIR) {
    for (; index + 1 < contexts; index += 2) {
      const vector = vectors + <usize>index * step
      pairDotsOfTwo(a0, a1, vector, vector + step, length, arena.sums)
      keep(2, position, listSection(out, index), arena.sums)
      keep(2, position, listSection(out, index + 1), arena.sums + 16)
    }
  }
  // A group that lies in one block of the list is written there at once.
  const together = withinBlock(position) + <usize>arms <= (<usize>1 << arena.blockShift)
  for (; index < contexts; index++) {
    const list = listSection(out, index)
    const sums = together ? cell(list, position) : arena.sums
    pairDotsOf(arms, a0, a1, a2, a3, vectors + <usize>index * step, length, sums)
    if (!together) keep(arms, position, list, sums)
  }
}

/** Copies sums of the arms at `position` on into a list. */
function keep(arms: i32, position: i32, list: usize, sums: usize): void {
  for (let k = 0; k < arms; k++) store<f64>(cell(list, position + k), load<f64>(sums + (<usize>k << 3)))
}

/** x^T A^-1 x = sum_i x_i (m_ii x_i + 2 sum_(j>i) m_ij x_j): where z would not stay in the cache, x does. */
export function quadraticsByRows(arms: i32, position: i32, from: i32, to: i32): void {
  const d = arena.d
  const stride = arena.pp
  const last = position + arms - 1
  const sums = arena.sums
  const totals = sums + 128
  memory.fill(totals, 0, 128)
  let r0 = run(arena.inverse, stride, slotAt(position))
  let r1 = run(arena.inverse, stride, slotAt(min(position + 1, last)))
  let r2 = run(arena.inverse, stride, slotAt(min(position + 2, last)))
  let r3 = run(arena.inverse, stride, slotAt(min(position + 3, last)))
  for (let i = 0; i < d; i++) {
    const rest = d - i - 1
    for (let index = from; index < to; index++) {
      const x = arena.context + ((<usize>index * <usize>arena.dp + <usize>i) << 3)
      const total = totals + (<usize>(index - from) << 5)
      pairDotsOf(arms, r0 + 8, r1 + 8, r2 + 8, r3 + 8, x + 8, rest & ~1, sums)
      addRow(r0, x, rest, sums, total)
      if (arms > 1) addRow(r1, x, rest, sums + 8, total + 8)
      if (arms > 2) addRow(r2, x, rest, sums + 16, total + 16)
      if (arms > 3) addRow(r3, x, rest, sums + 24, total + 24)
    }
    const step = <usize>(rest + 1) << 3
    r0 += step
    r1 += step
    r2 += step
    r3 += step
  }
  for (let index = from; index < to; index++) {
    keep(arms, position, listSection(arena.variance, index), totals + (<usize>(index - from) << 5))
  }
}

/** Adds one row's share to a quadratic form; `sum` has the even part of the row's dot product. */
// @ts-ignore: decorator
@inline
function addRow(r: usize, x: usize, rest: i32, sum: usize, total: usize): void {
  const xi = load<f64>(x)
  const last = <usize>rest << 3
  const row = load<f64>(sum) + (rest & 1 ? load<f64>(r + last) * load<f64>(x + last) : 0)
  store<f64>(total, load<f64>(total) + xi * (load<f64>(r) * xi + 2 * row))
}
