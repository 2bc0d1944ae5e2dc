// Linear algebra on packed upper triangles, operation for operation what src/kernel/packed.ts does: same bits.
// Legend: d dimension, r address of row i's diagonal element, s0..s3 partial sums. Addresses are in bytes.

import { dotAny, sumOfLanes } from './dots'

const PIVOT_SHARE_MIN: f64 = 1e-13

/** y += scale * x over `length` numbers. */
// @ts-ignore: decorator
@inline
function addScaled(y: usize, scale: f64, x: usize, length: i32): void {
  const end = y + (<usize>length << 3)
  if (ASC_FEATURE_SIMD) {
    const scales = f64x2.splat(scale)
    const last = end - 8
    while (y < last) {
      v128.store(y, f64x2.add(v128.load(y), f64x2.mul(scales, v128.load(x))))
      y += 16
      x += 16
    }
  }
  while (y < end) {
    store<f64>(y, load<f64>(y) + scale * load<f64>(x))
    y += 8
    x += 8
  }
}

/** The largest sum of magnitudes in a row of a symmetric matrix kept as a packed triangle; `sums` is scratch. */
export function largestRowSum(m: usize, sums: usize, d: i32): f64 {
  memory.fill(sums, 0, <usize>d << 3)
  let largest: f64 = 0
  for (let i = 0; i < d; i++) {
    let at = sums + (<usize>i << 3)
    let sum = load<f64>(at) + abs(load<f64>(m))
    m += 8
    for (let j = i + 1; j < d; j++) {
      at += 8
      const magnitude = abs(load<f64>(m))
      sum += magnitude
      store<f64>(at, load<f64>(at) + magnitude)
      m += 8
    }
    largest = max(largest, sum)
  }
  return largest
}

/** out = M x for a symmetric M kept as a packed triangle; each of its numbers is read once. */
export function symmetricTimesVector(m: usize, x: usize, out: usize, d: i32): void {
  memory.fill(out, 0, <usize>d << 3)
  for (let rest = d - 1; rest >= 0; rest--) {
    const xi = load<f64>(x)
    const diagonal = load<f64>(m)
    m += 8
    x += 8
    const row = dotAndAddScaled(m, x, out + 8, xi, rest)
    store<f64>(out, load<f64>(out) + (diagonal * xi + row))
    m += <usize>rest << 3
    out += 8
  }
}

/** y += scale * row over `length` numbers, and returns row.x as `dotAny` does. */
// @ts-ignore: decorator
@inline
function dotAndAddScaled(row: usize, x: usize, y: usize, scale: f64, length: i32): f64 {
  if (ASC_FEATURE_SIMD) {
    const scales = f64x2.splat(scale)
    let low = f64x2.splat(0)
    let high = f64x2.splat(0)
    const end = row + (<usize>(length & ~3) << 3)
    while (row < end) {
      const r0 = v128.load(row)
      const r1 = v128.load(row, 16)
      low = f64x2.add(low, f64x2.mul(r0, v128.load(x)))
      high = f64x2.add(high, f64x2.mul(r1, v128.load(x, 16)))
      v128.store(y, f64x2.add(v128.load(y), f64x2.mul(scales, r0)))
      v128.store(y, f64x2.add(v128.load(y, 16), f64x2.mul(scales, r1)), 16)
      row += 32
      x += 32
      y += 32
    }
    let tail: f64 = 0
    for (let left = length & 3; left > 0; left--) {
      const value = load<f64>(row)
      tail += value * load<f64>(x)
      store<f64>(y, load<f64>(y) + scale * value)
      row += 8
      x += 8
      y += 8
    }
    return sumOfLanes(f64x2.add(low, high)) + tail
  } else {
    addScaled(y, scale, row, length)
    return dotAny(row, x, length)
  }
}

/** m = m * scale + weight * v over `length` numbers. */
export function scaleAndAdd(m: usize, scale: f64, weight: f64, v: usize, length: i32): void {
  const end = m + (<usize>length << 3)
  if (ASC_FEATURE_SIMD) {
    const scales = f64x2.splat(scale)
    const weights = f64x2.splat(weight)
    const last = end - 8
    while (m < last) {
      v128.store(m, f64x2.add(f64x2.mul(v128.load(m), scales), f64x2.mul(weights, v128.load(v))))
      m += 16
      v += 16
    }
  }
  while (m < end) {
    store<f64>(m, load<f64>(m) * scale + weight * load<f64>(v))
    m += 8
    v += 8
  }
}

/** `scaleAndAdd` of two runs in one loop: m0 with v0 and m1 with v1. */
// @ts-ignore: decorator
@inline
export function scaleAndAddTwo(
  m0: usize,
  scale0: f64,
  weight0: f64,
  v0: usize,
  m1: usize,
  scale1: f64,
  weight1: f64,
  v1: usize,
  length: i32,
): void {
  let i: usize = 0
  if (ASC_FEATURE_SIMD) {
    const scales0 = f64x2.splat(scale0)
    const scales1 = f64x2.splat(scale1)
    const weights0 = f64x2.splat(weight0)
    const weights1 = f64x2.splat(weight1)
    const end = <usize>(length & ~3) << 3
    for (; i < end; i += 32) {
      const a = v128.load(m0 + i)
      const b = v128.load(m0 + i, 16)
      const p = v128.load(v0 + i)
      const q = v128.load(v0 + i, 16)
      v128.store(m0 + i, f64x2.add(f64x2.mul(a, scales0), f64x2.mul(weights0, p)))
      v128.store(m0 + i, f64x2.add(f64x2.mul(b, scales0), f64x2.mul(weights0, q)), 16)
      const c = v128.load(m1 + i)
      const d = v128.load(m1 + i, 16)
      const r = v128.load(v1 + i)
      const s = v128.load(v1 + i, 16)
      v128.store(m1 + i, f64x2.add(f64x2.mul(c, scales1), f64x2.mul(weights1, r)))
      v128.store(m1 + i, f64x2.add(f64x2.mul(d, scales1), f64x2.mul(weights1, s)), 16)
    }
    if (length & 2) {
      const a = v128.load(m0 + i)
      v128.store(m0 + i, f64x2.add(f64x2.mul(a, scales0), f64x2.mul(weights0, v128.load(v0 + i))))
      const b = v128.load(m1 + i)
      v128.store(m1 + i, f64x2.add(f64x2.mul(b, scales1), f64x2.mul(weights1, v128.load(v1 + i))))
      i += 16
    }
  }
  const last = <usize>length << 3
  for (; i < last; i += 8) {
    store<f64>(m0 + i, load<f64>(m0 + i) * scale0 + weight0 * load<f64>(v0 + i))
    store<f64>(m1 + i, load<f64>(m1 + i) * scale1 + weight1 * load<f64>(v1 + i))
  }
}

/** m *= scale over `length` numbers. */
export function scaleAll(m: usize, scale: f64, length: i32): void {
  const end = m + (<usize>length << 3)
  if (ASC_FEATURE_SIMD) {
    const scales = f64x2.splat(scale)
    const last = end - 8
    while (m < last) {
      v128.store(m, f64x2.mul(v128.load(m), scales))
      m += 16
    }
  }
  while (m < end) {
    store<f64>(m, load<f64>(m) * scale)
    m += 8
  }
}

/** inverse = precision^-1, in place: A = U^T U, W = U^-1, A^-1 = W W^T. */
export function rebuildInverse(precision: usize, inverse: usize, row: usize, d: i32): void {
  memory.copy(inverse, precision, <usize>((d * (d + 1)) >> 1) << 3)
  factor(inverse, d)
  invertFactor(inverse, row, d)
  multiplyByTranspose(inverse, d)
}

function factor(m: usize, d: i32): void {
  let largest: f64 = 0
  let r = m
  for (let i = 0; i < d; i++) {
    largest = max(largest, load<f64>(r))
    r += <usize>(d - i) << 3
  }
  const smallestPivot = largest * PIVOT_SHARE_MIN
  r = m
  for (let i = 0; i < d; i++) {
    const rest = d - i - 1
    if (!(load<f64>(r) > smallestPivot)) {
      store<f64>(r, smallestPivot)
      memory.fill(r + 8, 0, (<usize>rest) << 3)
    }
    const pivot = sqrt(load<f64>(r))
    store<f64>(r, pivot)
    for (let j = 1; j <= rest; j++) {
      const at = r + (<usize>j << 3)
      store<f64>(at, load<f64>(at) / pivot)
    }
    let below = r + (<usize>(rest + 1) << 3)
    for (let j = 1; j <= rest; j++) {
      const at = r + (<usize>j << 3)
      addScaled(below, -load<f64>(at), at, rest - j + 1)
      below += <usize>(rest - j + 1) << 3
    }
    r += <usize>(rest + 1) << 3
  }
}

function invertFactor(m: usize, row: usize, d: i32): void {
  let r = m + (<usize>((d * (d + 1)) >> 1) << 3)
  for (let i = d - 1; i >= 0; i--) {
    const rest = d - i - 1
    r -= <usize>(rest + 1) << 3
    const diagonal = 1 / load<f64>(r)
    memory.copy(row + 8, r + 8, <usize>rest << 3)
    memory.fill(r + 8, 0, <usize>rest << 3)
    let below = r + (<usize>(rest + 1) << 3)
    for (let j = 1; j <= rest; j++) {
      const offset = <usize>j << 3
      addScaled(r + offset, load<f64>(row + offset), below, rest - j + 1)
      below += <usize>(rest - j + 1) << 3
    }
    scaleAll(r + 8, -diagonal, rest)
    store<f64>(r, diagonal)
  }
}

function multiplyByTranspose(m: usize, d: i32): void {
  let r = m
  for (let i = 0; i < d; i++) {
    let other = r
    for (let j = i; j < d; j++) {
      const at = r + (<usize>(j - i) << 3)
      store<f64>(at, dotAny(at, other, d - j))
      other += <usize>(d - j) << 3
    }
    r += <usize>(d - i) << 3
  }
}
