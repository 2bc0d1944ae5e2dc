/**
 * Linear algebra on packed upper triangles (row by row) inside one Float64Array. Reductions keep four partial sums,
 * combined as (s0 + s2) + (s1 + s3), or two in scoring: two-lane SIMD adds in the same order and gives the same bits.
 *
 * Legend: d dimension, r offset of row i's diagonal element, k running offset, s0..s3 partial sums.
 */

/** a.b over `length` numbers; length must be a multiple of 4. */
export function dot(f64: Float64Array, a: number, b: number, length: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  for (let i = 0; i < length; i += 4) {
    s0 += f64[a + i] * f64[b + i]
    s1 += f64[a + i + 1] * f64[b + i + 1]
    s2 += f64[a + i + 2] * f64[b + i + 2]
    s3 += f64[a + i + 3] * f64[b + i + 3]
  }
  return s0 + s2 + (s1 + s3)
}

/** a.b over any `length`: the four-way part first, then the rest one by one. */
export function dotAny(f64: Float64Array, a: number, b: number, length: number): number {
  const even = length & ~3
  let tail = 0
  for (let i = even; i < length; i++) tail += f64[a + i] * f64[b + i]
  return dot(f64, a, b, even) + tail
}

/** y += scale * x over `length` numbers. */
export function addScaled(f64: Float64Array, y: number, scale: number, x: number, length: number): void {
  for (let i = 0; i < length; i++) f64[y + i] += scale * f64[x + i]
}

/** out = M x for a symmetric M kept as a packed triangle; reads each of its d(d+1)/2 numbers once. */
export function symmetricTimesVector(f64: Float64Array, m: number, x: number, out: number, d: number): void {
  for (let i = 0; i < d; i++) f64[out + i] = 0
  let r = m
  for (let i = 0; i < d; i++) {
    const rest = d - i - 1
    f64[out + i] += f64[r] * f64[x + i] + dotAny(f64, r + 1, x + i + 1, rest)
    addScaled(f64, out + i + 1, f64[x + i], r + 1, rest)
    r += rest + 1
  }
}
