import { solver } from './cholesky.js'

/** What is predicted from contexts: a number of every model on every row. */
export interface Targets {
  readonly models: number
  readonly at: (row: number, model: number) => number
}

/** How many rows worth of evidence the weights of features are shrunk by; the bias never is. */
export const SHRINKAGES: readonly number[] = [1, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000]
/** Parts of the rows, each left out once to choose the shrinkages. */
export const FOLDS = 5
/** Keeps a matrix positive definite when features are constant or rows few. */
const RIDGE_MIN = 1e-6

/** Linear predictions of every model, and what cross-validation chose. */
export interface PooledRidge {
  /** Weights by model. */
  readonly weights: readonly Float64Array[]
  /** Of the common weights, to none. */
  readonly commonShrinkage: number
  /** Of each model's own weights, to the common ones. */
  readonly ownShrinkage: number
}

/** Sums over rows: x x^T by rows, x y of every model. */
interface Sums {
  readonly gram: Float64Array
  readonly responses: readonly Float64Array[]
}

/**
 * Ridge regression of every model, drawn to what the models have in common: the common weights are fitted to the mean of
 * the models, each model's own to what is left. The last entry of a context is the bias, and is not shrunk. Each of the
 * two shrinkages is the one of the least squared error on the parts of the rows that were left out. Sums of x x^T suffice
 * for that, and serve all that is predicted from the same rows: a fit costs a few hundred Cholesky factors.
 */
export class PooledRidgeRows {
  /** Rows of each part. */
  private readonly folds: readonly (readonly number[])[]
  /** Sums of x x^T over each part. */
  private readonly grams: readonly Float64Array[]

  /**
   * @param contexts by row, bias last
   * @param rows those to fit on, in a random order: part f is every FOLDS-th of them
   */
  constructor(
    private readonly contexts: readonly Float64Array[],
    rows: readonly number[],
  ) {
    this.folds = Array.from({ length: FOLDS }, (_, f) => rows.filter((_row, i) => i % FOLDS === f))
    this.grams = this.folds.map((fold) => gramOf(contexts, fold))
  }

  fit(targets: Targets): PooledRidge {
    const folds = this.folds.map(
      (rows, f): Sums => ({
        gram: this.grams[f],
        responses: responsesOf(this.contexts, rows, targets),
      }),
    )
    const all = folds.reduce((sum, fold) => combined(sum, fold, 1))
    const splits = folds.map((left) => ({ left, kept: combined(all, left, -1) }))
    const commonShrinkage = least((shrinkage) =>
      splits.reduce((sum, { left, kept }) => sum + errorOfMean(left, commonWeights(kept, shrinkage)), 0),
    )
    const bases = splits.map(({ kept }) => commonWeights(kept, commonShrinkage))
    const ownShrinkage = least((shrinkage) =>
      splits.reduce(
        (sum, { left, kept }, f) => sum + errorOf(left, ownWeights(kept, bases[f], shrinkage)),
        0,
      ),
    )
    const weights = ownWeights(all, commonWeights(all, commonShrinkage), ownShrinkage)
    return { weights, commonShrinkage, ownShrinkage }
  }
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

function gramOf(contexts: readonly Float64Array[], rows: readonly number[]): Float64Array {
  const dimension = contexts[0].length
  const gram = new Float64Array(dimension * dimension)
  for (const row of rows) {
    const x = contexts[row]
    for (let i = 0; i < dimension; i++) {
      for (let j = i; j < dimension; j++) gram[i * dimension + j] += x[i] * x[j]
    }
  }
  for (let i = 0; i < dimension; i++) {
    for (let j = 0; j < i; j++) gram[i * dimension + j] = gram[j * dimension + i]
  }
  return gram
}

function responsesOf(
  contexts: readonly Float64Array[],
  rows: readonly number[],
  targets: Targets,
): Float64Array[] {
  const dimension = contexts[0].length
  const responses = Array.from({ length: targets.models }, () => new Float64Array(dimension))
  for (const row of rows) {
    const x = contexts[row]
    for (let m = 0; m < targets.models; m++) {
      const y = targets.at(row, m)
      for (let i = 0; i < dimension; i++) responses[m][i] += y * x[i]
    }
  }
  return responses
}

/** a + sign b. */
function combined(a: Sums, b: Sums, sign: 1 | -1): Sums {
  const both = (one: Float64Array, other: Float64Array) => one.map((value, i) => value + sign * other[i])
  return {
    gram: both(a.gram, b.gram),
    responses: a.responses.map((response, m) => both(response, b.responses[m])),
  }
}

/** Every row has all models, so what they have in common is fitted to their mean. */
function meanResponse({ responses }: Sums): Float64Array {
  return responses[0].map((_, i) => responses.reduce((sum, each) => sum + each[i], 0) / responses.length)
}

function commonWeights(sums: Sums, shrinkage: number): Float64Array {
  const response = meanResponse(sums)
  return solver(shrunk(sums.gram, shrinkage, response.length), response.length)(response)
}

function ownWeights({ gram, responses }: Sums, common: Float64Array, shrinkage: number): Float64Array[] {
  const solve = solver(shrunk(gram, shrinkage, common.length), common.length)
  const fitted = product(gram, common)
  return responses.map((response) =>
    solve(response.map((value, i) => value - fitted[i])).map((value, i) => value + common[i]),
  )
}

function shrunk(gram: Float64Array, shrinkage: number, dimension: number): Float64Array {
  const matrix = gram.slice()
  for (let i = 0; i < dimension; i++) {
    matrix[i * dimension + i] += i === dimension - 1 ? RIDGE_MIN : shrinkage
  }
  return matrix
}

function product(matrix: Float64Array, vector: Float64Array): Float64Array {
  const dimension = vector.length
  return vector.map((_, i) => dot(matrix.subarray(i * dimension, (i + 1) * dimension), vector))
}

/** Squared error for the mean of the models, less the part that no weights change. */
function errorOfMean(sums: Sums, weights: Float64Array): number {
  return dot(weights, product(sums.gram, weights)) - 2 * dot(weights, meanResponse(sums))
}

/** Squared error of all models together, less the part that no weights change. */
function errorOf({ gram, responses }: Sums, weights: readonly Float64Array[]): number {
  return weights.reduce((sum, own, m) => sum - 2 * dot(own, responses[m]) + dot(own, product(gram, own)), 0)
}

/** The shrinkage of the least error; the strongest of equals. */
function least(error: (shrinkage: number) => number): number {
  let best = SHRINKAGES[0]
  let lowest = Number.POSITIVE_INFINITY
  for (const shrinkage of SHRINKAGES) {
    const value = error(shrinkage)
    if (value <= lowest) [best, lowest] = [shrinkage, value]
  }
  return best
}
