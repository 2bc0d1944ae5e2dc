/**
 * Solves A x = b for a symmetric positive definite A by Cholesky factors, for several b.
 * @param matrix A by rows, `dimension` squared entries; left as it is
 * @returns a solver; vectors have `dimension` entries
 */
export function solver(matrix: Float64Array, dimension: number): (b: ArrayLike<number>) => Float64Array {
  const lower = factor(matrix, dimension)
  return (b) => {
    const x = Float64Array.from(b)
    for (let i = 0; i < dimension; i++) {
      let rest = x[i]
      for (let k = 0; k < i; k++) rest -= lower[i * dimension + k] * x[k]
      x[i] = rest / lower[i * dimension + i]
    }
    for (let i = dimension - 1; i >= 0; i--) {
      let rest = x[i]
      for (let k = i + 1; k < dimension; k++) rest -= lower[k * dimension + i] * x[k]
      x[i] = rest / lower[i * dimension + i]
    }
    return x
  }
}

function factor(matrix: Float64Array, dimension: number): Float64Array {
  const lower = Float64Array.from(matrix)
  for (let j = 0; j < dimension; j++) {
    for (let i = j; i < dimension; i++) {
      let rest = lower[i * dimension + j]
      for (let k = 0; k < j; k++) rest -= lower[i * dimension + k] * lower[j * dimension + k]
      lower[i * dimension + j] = i === j ? Math.sqrt(rest) : rest / lower[j * dimension + j]
    }
  }
  return lower
}
