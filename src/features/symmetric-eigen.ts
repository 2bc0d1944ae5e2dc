interface Eigen {
  /** Descending. */
  readonly values: Float64Array
  /** Unit vectors as columns: entry `row * size + column`. */
  readonly vectors: Float64Array
}

const SWEEPS_MAX = 60
/** Off-diagonal entries below this share of the largest diagonal one are taken for 0. */
const RELATIVE_TOLERANCE = 1e-15

/** Eigenvalues and vectors of a symmetric matrix by cyclic Jacobi rotations; `matrix` is overwritten. */
export function symmetricEigen(matrix: Float64Array, size: number): Eigen {
  const vectors = new Float64Array(size * size)
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    let rotated = false
    const tolerance = RELATIVE_TOLERANCE * largestDiagonal(matrix, size)
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (Math.abs(matrix[p * size + q]) <= tolerance) continue
        rotate(matrix, vectors, size, p, q)
        rotated = true
      }
    }
    if (!rotated) break
  }
  return sorted(matrix, vectors, size)
}

function largestDiagonal(matrix: Float64Array, size: number): number {
  let largest = 0
  for (let i = 0; i < size; i++) largest = Math.max(largest, Math.abs(matrix[i * size + i]))
  return largest
}

/** The rotation in the plane (p, q) that makes matrix[p, q] 0 (Golub and Van Loan, section 8.5). */
function rotate(matrix: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const ratio = (matrix[q * size + q] - matrix[p * size + p]) / (2 * matrix[p * size + q])
  const tangent = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.sqrt(ratio * ratio + 1))
  const cosine = 1 / Math.sqrt(tangent * tangent + 1)
  const sine = tangent * cosine
  for (let k = 0; k < size; k++) turn(matrix, k * size + p, k * size + q, cosine, sine)
  for (let k = 0; k < size; k++) turn(matrix, p * size + k, q * size + k, cosine, sine)
  for (let k = 0; k < size; k++) turn(vectors, k * size + p, k * size + q, cosine, sine)
}

function turn(values: Float64Array, i: number, j: number, cosine: number, sine: number): void {
  const a = values[i]
  const b = values[j]
  values[i] = cosine * a - sine * b
  values[j] = sine * a + cosine * b
}

function sorted(matrix: Float64Array, vectors: Float64Array, size: number): Eigen {
  const order = Array.from({ length: size }, (_, i) => i)
  order.sort((a, b) => matrix[b * size + b] - matrix[a * size + a])
  const result = new Float64Array(size * size)
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++)
      result[row * size + column] = vectors[row * size + order[column]]
  }
  return { values: Float64Array.from(order, (i) => matrix[i * size + i]), vectors: result }
}
