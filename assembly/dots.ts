// Dot products, of one run and of several side by side. The order of additions is part of the kernel's definition:
// src/kernel/packed.ts, this module with SIMD and without it add in the same one and give the same bits.
// Runs are byte addresses.

/** a.b by four partial sums, (s0 + s2) + (s1 + s3): for one run at a time. `length` is a multiple of 4. */
export function dot(a: usize, b: usize, length: i32): f64 {
  const end = a + (<usize>length << 3)
  if (ASC_FEATURE_SIMD) {
    let low = f64x2.splat(0)
    let high = f64x2.splat(0)
    while (a < end) {
      low = f64x2.add(low, f64x2.mul(v128.load(a), v128.load(b)))
      high = f64x2.add(high, f64x2.mul(v128.load(a, 16), v128.load(b, 16)))
      a += 32
      b += 32
    }
    return sumOfLanes(f64x2.add(low, high))
  } else {
    let s0: f64 = 0
    let s1: f64 = 0
    let s2: f64 = 0
    let s3: f64 = 0
    while (a < end) {
      s0 += load<f64>(a) * load<f64>(b)
      s1 += load<f64>(a, 8) * load<f64>(b, 8)
      s2 += load<f64>(a, 16) * load<f64>(b, 16)
      s3 += load<f64>(a, 24) * load<f64>(b, 24)
      a += 32
      b += 32
    }
    return s0 + s2 + (s1 + s3)
  }
}

/** `dot` over any `length`: the four-way part first, then the rest one by one. */
export function dotAny(a: usize, b: usize, length: i32): f64 {
  const even = length & ~3
  let tail: f64 = 0
  for (let i = even; i < length; i++) {
    tail += load<f64>(a + (<usize>i << 3)) * load<f64>(b + (<usize>i << 3))
  }
  return dot(a, b, even) + tail
}

// @ts-ignore: decorator
@inline
export function sumOfLanes(both: v128): f64 {
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1)
}

/** a.b by two partial sums, s0 + s1. `length` is a multiple of 2. */
function pairDot(a: usize, b: usize, length: i32): f64 {
  let s0: f64 = 0
  let s1: f64 = 0
  const end = a + (<usize>length << 3)
  while (a < end) {
    s0 += load<f64>(a) * load<f64>(b)
    s1 += load<f64>(a, 8) * load<f64>(b, 8)
    a += 16
    b += 16
  }
  return s0 + s1
}

/**
 * sums[k] = ak.b by two partial sums for the first `arms` (a constant, 1 to 4) of four runs: b is read once for all.
 * `length` is a multiple of 2. V8 loads everything that a turn of the loop needs before it adds, and 16 registers
 * have to hold it: more arms or longer turns would spill.
 */
// @ts-ignore: decorator
@inline
function pairDots(arms: i32, a0: usize, a1: usize, a2: usize, a3: usize, b: usize, length: i32, sums: usize): void {
  if (ASC_FEATURE_SIMD) {
    let s0 = f64x2.splat(0)
    let s1 = f64x2.splat(0)
    let s2 = f64x2.splat(0)
    let s3 = f64x2.splat(0)
    const end = <usize>(length & ~3) << 3
    let i: usize = 0
    if (end > 0) do {
      const x = v128.load(b + i)
      const y = v128.load(b + i, 16)
      s0 = f64x2.add(s0, f64x2.mul(v128.load(a0 + i), x))
      if (arms > 1) s1 = f64x2.add(s1, f64x2.mul(v128.load(a1 + i), x))
      if (arms > 2) s2 = f64x2.add(s2, f64x2.mul(v128.load(a2 + i), x))
      if (arms > 3) s3 = f64x2.add(s3, f64x2.mul(v128.load(a3 + i), x))
      s0 = f64x2.add(s0, f64x2.mul(v128.load(a0 + i, 16), y))
      if (arms > 1) s1 = f64x2.add(s1, f64x2.mul(v128.load(a1 + i, 16), y))
      if (arms > 2) s2 = f64x2.add(s2, f64x2.mul(v128.load(a2 + i, 16), y))
      if (arms > 3) s3 = f64x2.add(s3, f64x2.mul(v128.load(a3 + i, 16), y))
      i += 32
    } while (i < end)
    if (length & 2) {
      const x = v128.load(b + end)
      s0 = f64x2.add(s0, f64x2.mul(v128.load(a0 + end), x))
      if (arms > 1) s1 = f64x2.add(s1, f64x2.mul(v128.load(a1 + end), x))
      if (arms > 2) s2 = f64x2.add(s2, f64x2.mul(v128.load(a2 + end), x))
      if (arms > 3) s3 = f64x2.add(s3, f64x2.mul(v128.load(a3 + end), x))
    }
    store<f64>(sums, sumOfLanes(s0))
    if (arms > 1) store<f64>(sums, sumOfLanes(s1), 8)
    if (arms > 2) store<f64>(sums, sumOfLanes(s2), 16)
    if (arms > 3) store<f64>(sums, sumOfLanes(s3), 24)
  } else {
    store<f64>(sums, pairDot(a0, b, length))
    if (arms > 1) store<f64>(sums, pairDot(a1, b, length), 8)
    if (arms > 2) store<f64>(sums, pairDot(a2, b, length), 16)
    if (arms > 3) store<f64>(sums, pairDot(a3, b, length), 24)
  }
}

/** sums[k] = ak.b for the first `arms` (1 to 4) of four runs. */
export function pairDotsOf(
  arms: i32,
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  b: usize,
  length: i32,
  sums: usize,
): void {
  if (arms === 4) pairDots(4, a0, a1, a2, a3, b, length, sums)
  else if (arms === 3) pairDots(3, a0, a1, a2, a2, b, length, sums)
  else if (arms === 2) pairDots(2, a0, a1, a1, a1, b, length, sums)
  else pairDots(1, a0, a0, a0, a0, b, length, sums)
}

/**
 * out0 = (a0.b0, a1.b0) and out1 = (a0.b1, a1.b1), `length` a multiple of 4: every number that is read is used twice.
 */
export function pairDotsOfTwo(
  a0: usize,
  a1: usize,
  b0: usize,
  b1: usize,
  length: i32,
  out0: usize,
  out1: usize,
): void {
  if (ASC_FEATURE_SIMD) {
    let s00 = f64x2.splat(0)
    let s10 = f64x2.splat(0)
    let s01 = f64x2.splat(0)
    let s11 = f64x2.splat(0)
    const end = <usize>length << 3
    for (let i: usize = 0; i < end; i += 32) {
      const m0 = v128.load(a0 + i)
      const m1 = v128.load(a1 + i)
      const x0 = v128.load(b0 + i)
      const x1 = v128.load(b1 + i)
      s00 = f64x2.add(s00, f64x2.mul(m0, x0))
      s10 = f64x2.add(s10, f64x2.mul(m1, x0))
      s01 = f64x2.add(s01, f64x2.mul(m0, x1))
      s11 = f64x2.add(s11, f64x2.mul(m1, x1))
      const n0 = v128.load(a0 + i, 16)
      const n1 = v128.load(a1 + i, 16)
      const y0 = v128.load(b0 + i, 16)
      const y1 = v128.load(b1 + i, 16)
      s00 = f64x2.add(s00, f64x2.mul(n0, y0))
      s10 = f64x2.add(s10, f64x2.mul(n1, y0))
      s01 = f64x2.add(s01, f64x2.mul(n0, y1))
      s11 = f64x2.add(s11, f64x2.mul(n1, y1))
    }
    store<f64>(out0, sumOfLanes(s00))
    store<f64>(out0, sumOfLanes(s10), 8)
    store<f64>(out1, sumOfLanes(s01))
    store<f64>(out1, sumOfLanes(s11), 8)
  } else {
    store<f64>(out0, pairDot(a0, b0, length))
    store<f64>(out0, pairDot(a1, b0, length), 8)
    store<f64>(out1, pairDot(a0, b1, length))
    store<f64>(out1, pairDot(a1, b1, length), 8)
  }
}
