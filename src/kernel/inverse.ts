import { addScaled, dotAny, symmetricTimesVector } from './packed.js'

/** Rest of the algebra on packed triangles: what inverts them and what the JavaScript kernel scores with. Legend as in packed.ts. */

/**
 * A pivot smaller than this share of the largest diagonal entry is rounding noise, and so is the rest of its row: the
 * pivot is lifted to it and the rest dropped, so that the factor always exists and stays small.
 */
const PIVOT_SHARE_MIN = 1e-13

/** a.b over `length` numbers (a multiple of 2) by two partial sums, s0 + s1: what scoring adds up for several arms at once. */
export function pairDot(f64: Float64Array, a: number, b: number, length: number): number {
  let s0 = 0
  let s1 = 0
  for (let i = 0; i < length; i += 2) {
    s0 += f64[a + i] * f64[b + i]
    s1 += f64[a + i + 1] * f64[b + i + 1]
  }
  return s0 + s1
}

/** x^T M x for a symmetric M kept as a packed triangle, row by row. */
export function quadraticByRows(f64: Float64Array, m: number, x: number, d: number): number {
  let sum = 0
  let r = m
  for (let i = 0; i < d; i++) {
    const rest = d - i - 1
    const odd = rest & 1 ? f64[r + rest] * f64[x + i + rest] : 0
    const row = pairDot(f64, r + 1, x + i + 1, rest & ~1) + odd
    sum += f64[x + i] * (f64[r] * f64[x + i] + 2 * row)
    r += rest + 1
  }
  return sum
}

/** The largest sum of magnitudes in a row of a symmetric matrix kept as a packed triangle. `sums`: d numbers of scratch. */
export function largestRowSum(f64: Float64Array, m: number, sums: number, d: number): number {
  for (let i = 0; i < d; i++) f64[sums + i] = 0
  let largest = 0
  let k = m
  for (let i = 0; i < d; i++) {
    let sum = f64[sums + i] + Math.abs(f64[k++])
    for (let j = i + 1; j < d; j++) {
      const magnitude = Math.abs(f64[k++])
      sum += magnitude
      f64[sums + j] += magnitude
    }
    largest = Math.max(largest, sum)
  }
  return largest
}

/**
 * inverse = precision^-1 for a symmetric positive definite packed triangle, in place: A = U^T U, W = U^-1,
 * A^-1 = W W^T. `row` is scratch for d numbers. About d^3/2 multiplications.
 */
export function rebuildInverse(
  f64: Float64Array,
  precision: number,
  inverse: number,
  row: number,
  d: number,
): void {
  const triangle = (d * (d + 1)) / 2
  for (let k = 0; k < triangle; k++) f64[inverse + k] = f64[precision + k]
  factor(f64, inverse, d)
  invertFactor(f64, inverse, row, d)
  multiplyByTranspose(f64, inverse, d)
}

/** theta = A^-1 b of statistics that are not in an arena, as a kernel's `rebuild` takes it. */
export function ridgeEstimate(precision: ArrayLike<number>, response: ArrayLike<number>): Float64Array {
  const triangle = precision.length
  const d = response.length
  const inverse = triangle
  const vector = inverse + triangle
  const theta = vector + d
  const f64 = new Float64Array(theta + d)
  f64.set(precision)
  rebuildInverse(f64, 0, inverse, vector, d)
  f64.set(response, vector)
  symmetricTimesVector(f64, inverse, vector, theta, d)
  return f64.subarray(theta)
}

/** Cholesky: the triangle of A becomes U with A = U^T U. */
function factor(f64: Float64Array, m: number, d: number): void {
  let largest = 0
  for (let i = 0, r = m; i < d; r += d - i, i++) largest = Math.max(largest, f64[r])
  const smallestPivot = largest * PIVOT_SHARE_MIN
  let r = m
  for (let i = 0; i < d; i++) {
    const rest = d - i - 1
    if (!(f64[r] > smallestPivot)) {
      f64[r] = smallestPivot
      for (let j = 1; j <= rest; j++) f64[r + j] = 0
    }
    const pivot = Math.sqrt(f64[r])
    f64[r] = pivot
    for (let j = 1; j <= rest; j++) f64[r + j] /= pivot
    let below = r + rest + 1
    for (let j = 1; j <= rest; j++) {
      addScaled(f64, below, -f64[r + j], r + j, rest - j + 1)
      below += rest - j + 1
    }
    r += rest + 1
  }
}

/** The triangle of U becomes that of W = U^-1, from the last row up: W_i = -(sum_k U_ik W_k) / U_ii. */
function invertFactor(f64: Float64Array, m: number, row: number, d: number): void {
  let r = m + (d * (d + 1)) / 2
  for (let i = d - 1; i >= 0; i--) {
    const rest = d - i - 1
    r -= rest + 1
    const diagonal = 1 / f64[r]
    for (let j = 1; j <= rest; j++) {
      f64[row + j] = f64[r + j]
      f64[r + j] = 0
    }
    let below = r + rest + 1
    for (let j = 1; j <= rest; j++) {
      addScaled(f64, r + j, f64[row + j], below, rest - j + 1)
      below += rest - j + 1
    }
    for (let j = 1; j <= rest; j++) f64[r + j] *= -diagonal
    f64[r] = diagonal
  }
}

/** The triangle of W becomes that of W W^T: entry (i, j) needs both rows from column j on, which are still unspoilt. */
function multiplyByTranspose(f64: Float64Array, m: number, d: number): void {
  let r = m
  for (let i = 0; i < d; i++) {
    let other = r
    for (let j = i; j < d; j++) {
      f64[r + j - i] = dotAny(f64, r + j - i, other, d - j)
      other += d - j
    }
    r += d - i
  }
}
