/**
 * The leading principal components of a sparse matrix, by block power iteration with a random start
 * (Halko, Martinsson, Tropp 2011, algorithm 4.4) and a Rayleigh-Ritz step. Rows are centred on the fly,
 * so the matrix stays sparse. Seeded, hence repeatable.
 */
import { mulberry32 } from '../base/random.js'
import { symmetricEigen } from './symmetric-eigen.js'

/** Compressed rows: entries starts[i] .. starts[i + 1] of `columns` and `values` belong to row i. */
export interface SparseRows {
  readonly rowCount: number
  readonly columnCount: number
  readonly starts: Int32Array
  readonly columns: Int32Array
  readonly values: Float32Array
}

interface PrincipalComponents {
  /** Variance along each component, descending. */
  readonly variances: Float64Array
  /** Unit vectors: entry `column * count + component`. */
  readonly loadings: Float64Array
}

/** Columns beyond those asked for: they keep the last components from mixing with the rest of the spectrum. */
const OVERSAMPLING = 12
const POWER_ITERATIONS = 7

/** @param count at most min(rowCount, columnCount) */
export function principalComponents(matrix: SparseRows, count: number, seed: number): PrincipalComponents {
  const width = Math.min(count + OVERSAMPLING, matrix.columnCount)
  const mean = columnMeans(matrix)
  const random = mulberry32(seed)
  const basis = Float64Array.from({ length: matrix.columnCount * width }, () => random() - 0.5)
  const image = new Float64Array(matrix.rowCount * width)
  orthonormalize(basis, width)
  for (let i = 0; i < POWER_ITERATIONS; i++) {
    multiply(matrix, mean, basis, width, image)
    multiplyTransposed(matrix, mean, image, width, basis)
    orthonormalize(basis, width)
  }
  multiply(matrix, mean, basis, width, image)
  const { values, vectors } = symmetricEigen(covariance(image, width), width)
  const variances = values.slice(0, count)
  const loadings = new Float64Array(matrix.columnCount * count)
  for (let column = 0; column < matrix.columnCount; column++) {
    for (let c = 0; c < count; c++) {
      let sum = 0
      for (let k = 0; k < width; k++) sum += basis[column * width + k] * vectors[k * width + c]
      loadings[column * count + c] = sum
    }
  }
  fixSigns(loadings, count)
  return { variances, loadings }
}

function columnMeans(matrix: SparseRows): Float64Array {
  const mean = new Float64Array(matrix.columnCount)
  for (let e = 0; e < matrix.columns.length; e++)
    mean[matrix.columns[e]] += matrix.values[e] / matrix.rowCount
  return mean
}

/** out = (matrix - 1 meanᵀ) basis */
function multiply(
  { rowCount, starts, columns, values }: SparseRows,
  mean: Float64Array,
  basis: Float64Array,
  width: number,
  out: Float64Array,
): void {
  const shift = new Float64Array(width)
  for (let column = 0; column < mean.length; column++) {
    for (let k = 0; k < width; k++) shift[k] -= mean[column] * basis[column * width + k]
  }
  for (let row = 0; row < rowCount; row++) {
    const target = row * width
    out.set(shift, target)
    for (let e = starts[row]; e < starts[row + 1]; e++) {
      const source = columns[e] * width
      const value = values[e]
      for (let k = 0; k < width; k++) out[target + k] += value * basis[source + k]
    }
  }
}

/** out = (matrix - 1 meanᵀ)ᵀ image */
function multiplyTransposed(
  { rowCount, starts, columns, values }: SparseRows,
  mean: Float64Array,
  image: Float64Array,
  width: number,
  out: Float64Array,
): void {
  const total = new Float64Array(width)
  out.fill(0)
  for (let row = 0; row < rowCount; row++) {
    const source = row * width
    for (let k = 0; k < width; k++) total[k] += image[source + k]
    for (let e = starts[row]; e < starts[row + 1]; e++) {
      const target = columns[e] * width
      const value = values[e]
      for (let k = 0; k < width; k++) out[target + k] += value * image[source + k]
    }
  }
  for (let column = 0; column < mean.length; column++) {
    for (let k = 0; k < width; k++) out[column * width + k] -= mean[column] * total[k]
  }
}

/** imageᵀ image / rows */
function covariance(image: Float64Array, width: number): Float64Array {
  const rowCount = image.length / width
  const result = new Float64Array(width * width)
  for (let start = 0; start < image.length; start += width) {
    for (let i = 0; i < width; i++) {
      const scaled = image[start + i] / rowCount
      for (let j = 0; j < width; j++) result[i * width + j] += scaled * image[start + j]
    }
  }
  return result
}

/** Modified Gram-Schmidt over the columns; a column that depends on earlier ones becomes 0. */
function orthonormalize(basis: Float64Array, width: number): void {
  for (let k = 0; k < width; k++) {
    const before = columnDot(basis, width, k, k)
    for (let j = 0; j < k; j++) {
      const dot = columnDot(basis, width, j, k)
      for (let at = 0; at < basis.length; at += width) basis[at + k] -= dot * basis[at + j]
    }
    const after = columnDot(basis, width, k, k)
    const scale = after > before * 1e-20 ? 1 / Math.sqrt(after) : 0
    for (let at = k; at < basis.length; at += width) basis[at] *= scale
  }
}

function columnDot(basis: Float64Array, width: number, i: number, j: number): number {
  let sum = 0
  for (let at = 0; at < basis.length; at += width) sum += basis[at + i] * basis[at + j]
  return sum
}

/** An eigenvector is known up to its sign: the loading of largest magnitude is made positive. */
function fixSigns(loadings: Float64Array, count: number): void {
  for (let c = 0; c < count; c++) {
    let largest = 0
    for (let at = c; at < loadings.length; at += count) {
      if (Math.abs(loadings[at]) > Math.abs(largest)) largest = loadings[at]
    }
    if (largest >= 0) continue
    for (let at = c; at < loadings.length; at += count) loadings[at] = -loadings[at]
  }
}
