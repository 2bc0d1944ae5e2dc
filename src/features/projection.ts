import { CONTEXT_ENTRY_MAX, checkArray, checkInteger, checkRecord, checkVector } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { reading, readOptions } from '../base/read-once.js'
import { COMPONENTS_DEFAULT, COMPONENTS_MAX, clampComponent } from './pca-model.js'
import { principalComponents, type SparseRows } from './principal-components.js'

/**
 * A whitening PCA of dense vectors: component_c = offsets[c] + sum_k matrix[c][k] v_k.
 * Plain arrays: `JSON.stringify` saves it and `JSON.parse` brings it back.
 */
export interface Projection {
  /** Numbers of a vector that goes in. */
  readonly inputDimension: number
  /** Numbers that come out. */
  readonly components: number
  /** `components` rows of `inputDimension` numbers. */
  readonly matrix: readonly (readonly number[])[]
  /** Added to each component: `components` numbers. */
  readonly offsets: readonly number[]
}

export interface FitProjectionOptions {
  /** 25 by default. */
  readonly components?: number | undefined
  /** Of the random start, 1 by default. */
  readonly seed?: number | undefined
}

const INPUT_MAX = 16384
/** A component whose variance is under this share of the first one's is noise of the arithmetic. */
const VARIANCE_SHARE_MIN = 1e-9

/**
 * Fits a whitening PCA on dense vectors, such as the embeddings of one's own prompts: on these every component has
 * mean 0 and variance 1.
 * @param vectors more of them than components, all of one length
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION, DIMENSION_MISMATCH for bad arguments; DATA_INVALID if the vectors vary
 *   in fewer directions than there are components
 */
export function fitProjection(
  vectors: readonly ArrayLike<number>[],
  options: FitProjectionOptions = {},
): Projection {
  const given = readOptions(options, ['components', 'seed'])
  const components = checkInteger(given.components ?? COMPONENTS_DEFAULT, 1, COMPONENTS_MAX, 'components')
  const seed = checkInteger(given.seed ?? 1, 0, 0xffffffff, 'seed')
  return reading('vectors', () => fitted(vectors, components, seed))
}

function fitted(vectors: readonly ArrayLike<number>[], components: number, seed: number): Projection {
  if (checkArray(vectors, 'vectors').length <= components) {
    throw expected('DATA_INVALID', 'vectors', `more than ${components} vectors`, vectors.length)
  }
  const inputDimension = checkInteger(
    checkVector(vectors[0], 'vectors[0]').length,
    components,
    INPUT_MAX,
    'vectors[0].length',
  )
  const matrix = denseRows(vectors, inputDimension)
  const { variances, loadings } = principalComponents(matrix, components, seed)
  const found = variances.findIndex((variance) => !(variance > variances[0] * VARIANCE_SHARE_MIN))
  if (found >= 0) {
    throw new ParetoBanditError(
      'DATA_INVALID',
      'vectors',
      `expected vectors that differ in at least ${components} directions, got ${found}`,
    )
  }
  return whitened(matrix, variances, loadings)
}

/**
 * Checks a projection, for example after `JSON.parse`.
 * @throws INVALID_ARGUMENT or DIMENSION_MISMATCH naming the part that is wrong
 */
export function checkProjection(value: unknown, field: string): Projection {
  const record = checkRecord(value, field)
  const inputDimension = checkInteger(record.inputDimension, 1, INPUT_MAX, `${field}.inputDimension`)
  const components = checkInteger(record.components, 1, COMPONENTS_MAX, `${field}.components`)
  const rows = checkArray(record.matrix, `${field}.matrix`)
  if (rows.length !== components) {
    throw expected('DIMENSION_MISMATCH', `${field}.matrix`, `${components} rows`, rows.length)
  }
  const matrix = rows.map((row, c) => checkNumbers(row, inputDimension, `${field}.matrix[${c}]`))
  return {
    inputDimension,
    components,
    matrix,
    offsets: checkNumbers(record.offsets, components, `${field}.offsets`),
  }
}

/** Writes the components of `vector`, cut to [-8, 8], to `out[offset .. offset + components)`. */
export function projectInto(
  { matrix, offsets, inputDimension }: Projection,
  vector: ArrayLike<number>,
  out: Float64Array,
  offset: number,
): void {
  for (let c = 0; c < matrix.length; c++) {
    const row = matrix[c]
    let sum = offsets[c]
    for (let k = 0; k < inputDimension; k++) sum += row[k] * vector[k]
    out[offset + c] = clampComponent(sum)
  }
}

function checkNumbers(value: unknown, length: number, field: string): number[] {
  const numbers = checkArray(value, field)
  if (numbers.length !== length)
    throw expected('DIMENSION_MISMATCH', field, `${length} numbers`, numbers.length)
  return numbers.map((entry, i) => {
    if (typeof entry === 'number' && Number.isFinite(entry)) return entry
    throw expected('INVALID_ARGUMENT', `${field}[${i}]`, 'a finite number', entry)
  })
}

function denseRows(vectors: readonly ArrayLike<number>[], length: number): SparseRows {
  const values = new Float32Array(vectors.length * length)
  vectors.forEach((vector, row) => {
    if (checkVector(vector, `vectors[${row}]`).length !== length) {
      throw expected('DIMENSION_MISMATCH', `vectors[${row}]`, `${length} numbers`, vector.length)
    }
    for (let k = 0; k < length; k++) {
      const entry = vector[k]
      if (!(typeof entry === 'number' && Math.abs(entry) <= CONTEXT_ENTRY_MAX)) {
        throw expected(
          'INVALID_ARGUMENT',
          `vectors[${row}][${k}]`,
          `a finite number within +-${CONTEXT_ENTRY_MAX}`,
          entry,
        )
      }
      values[row * length + k] = entry
    }
  })
  return {
    rowCount: vectors.length,
    columnCount: length,
    starts: Int32Array.from({ length: vectors.length + 1 }, (_, row) => row * length),
    columns: Int32Array.from(values, (_, e) => e % length),
    values,
  }
}

function whitened(
  { rowCount, columnCount, values }: SparseRows,
  variances: Float64Array,
  loadings: Float64Array,
): Projection {
  const mean = new Float64Array(columnCount)
  values.forEach((value, e) => {
    mean[e % columnCount] += value / rowCount
  })
  const components = variances.length
  const matrix = Array.from(variances, (variance, c) => {
    const scale = 1 / Math.sqrt(variance)
    return Array.from(mean, (_, k) => loadings[k * components + c] * scale)
  })
  const offsets = matrix.map((row) => -row.reduce((sum, entry, k) => sum + entry * mean[k], 0))
  return { inputDimension: columnCount, components, matrix, offsets }
}
