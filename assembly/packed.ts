// Linear algebra on packed upper triangles, operation for operation what src/kernel/packed.ts does: same bits.
// Legend: d dimension, r address of row i's diagonal element, s0..s3 partial sums. Addresses are in bytes.

const PIVOT_SHARE_MIN: f64 = 1e-13

/** a.b over `length` numbers; length must be a multiple of 4. */
// @ts-ignore: decorator
@inline
export function dot(a: usize, b: usize, length: i32): f64 {
  let s0: f64 = 0
  let s1: f64 = 0
  let s2: f64 = 0
  let s3: f64 = 0
  const end = a + (<usize>length << 3)
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

/** a.b over any `length`: the four-way part first, then the rest one by one. */
// @ts-ignore: decorator
@inline
function dotAny(a: usize, b: usize, length: i32): f64 {
  const even = length & ~3
  let tail: f64 = 0
  for (let i = even; i < length; i++) {
    tail += load<f64>(a + (<usize>i << 3)) * load<f64>(b + (<usize>i << 3))
  }
  return dot(a, b, even) + tail
}

/** y += scale * x over `length` numbers. */
// @ts-ignore: decorator
@inline
function addScaled(y: usize, scale: f64, x: usize, length: i32): void {
  const end = y + (<usize>length << 3)
  while (y < end) {
    store<f64>(y, load<f64>(y) + scale * load<f64>(x))
    y += 8
    x += 8
  }
}

/** out = M x for a symmetric M kept as a packed triangle. */
export function symmetricTimesVector(m: usize, x: usize, out: usize, d: i32): void {
  memory.fill(out, 0, <usize>d << 3)
  let r = m
  for (let i = 0; i < d; i++) {
    const rest = d - i - 1
    const xi = load<f64>(x + (<usize>i << 3))
    const target = out + (<usize>i << 3)
    const next = x + (<usize>(i + 1) << 3)
    store<f64>(target, load<f64>(target) + (load<f64>(r) * xi + dotAny(r + 8, next, rest)))
    addScaled(target + 8, xi, r + 8, rest)
    r += <usize>(rest + 1) << 3
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
    for (let j = 1; j <= rest; j++) {
      const at = r + (<usize>j << 3)
      store<f64>(at, load<f64>(at) * -diagonal)
    }
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
