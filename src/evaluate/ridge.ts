/** Penalties that are tried, in units of the mean square of a context entry times one row. */
const PENALTIES = [1, 10, 100, 1000]
/** Rows that the mean over all models counts for beside a model's own. */
const PRIOR_ROWS = 1

/**
 * Sums from which a ridge regression of y on [x, 1] is solved: rows are added one by one and never kept.
 * z stands for [x, 1], of length dimension + 1.
 */
export class RidgeSums {
  readonly dimension: number
  count = 0
  private sumYy = 0
  /** Upper triangle of sum z z^T, by rows. */
  private readonly gram: Float64Array
  /** sum z y. */
  private readonly moment: Float64Array

  constructor(dimension: number) {
    this.dimension = dimension
    const size = dimension + 1
    this.gram = new Float64Array((size * (size + 1)) / 2)
    this.moment = new Float64Array(size)
  }

  add(context: Float64Array, y: number): void {
    const { dimension, gram, moment } = this
    let k = 0
    for (let i = 0; i < dimension; i++) {
      const entry = context[i]
      for (let j = i; j < dimension; j++) gram[k++] += entry * context[j]
      gram[k++] += entry
      moment[i] += entry * y
    }
    gram[k] += 1
    moment[dimension] += y
    this.sumYy += y * y
    this.count++
  }

  /** Adds the rows of other sums of the same dimension. */
  merge(other: RidgeSums): void {
    for (let k = 0; k < this.gram.length; k++) this.gram[k] += other.gram[k]
    for (let i = 0; i < this.moment.length; i++) this.moment[i] += other.moment[i]
    this.sumYy += other.sumYy
    this.count += other.count
  }

  /** Mean of y. */
  get mean(): number {
    return this.moment[this.dimension] / this.count
  }

  /**
   * Weights of z: minimises sum (y - centre - theta.z)^2 + penalty |slopes|^2 + intercept^2, with the penalty of
   * `PENALTIES` that has the least generalised cross-validation score n RSS / (n - trace of the hat matrix)^2 (Golub,
   * Heath and Wahba 1979). The intercept's penalty of one row pulls a model with little data to `centre`.
   * @param centre what y is where nothing is known; the caller adds it to theta.z
   */
  solve(centre: number): Float64Array {
    const size = this.dimension + 1
    const centred = this.centredMoment(centre)
    const squares = this.sumYy - 2 * centre * this.moment[size - 1] + this.count * centre * centre
    let best = new Float64Array(size)
    let bestScore = Number.POSITIVE_INFINITY
    for (const factor of PENALTIES) {
      const penalty = factor * this.meanSquare()
      const fit = solveSymmetric(this.gram, centred, penalty, PRIOR_ROWS)
      if (fit === null) continue
      const { theta, inverseDiagonal } = fit
      let penalised = PRIOR_ROWS * inverseDiagonal[size - 1]
      for (let i = 0; i < this.dimension; i++) penalised += penalty * inverseDiagonal[i]
      const freedom = this.count - (size - penalised)
      // RSS = yy - theta.b - theta^T Lambda theta, since (G + Lambda) theta = b.
      let residual = squares
      for (let i = 0; i < size; i++) {
        residual -= theta[i] * centred[i] + (i < this.dimension ? penalty : PRIOR_ROWS) * theta[i] * theta[i]
      }
      const score = Math.max(residual, 0) / (freedom * freedom)
      if (freedom > 0 && score < bestScore) {
        best = theta
        bestScore = score
      }
    }
    return best
  }

  private centredMoment(centre: number): Float64Array {
    const size = this.dimension + 1
    const centred = this.moment.slice()
    // The last column of the triangle is sum z.
    for (let i = 0, last = size - 1; i < size; i++) {
      centred[i] -= centre * this.gram[last]
      last += size - 1 - i
    }
    return centred
  }

  private meanSquare(): number {
    let trace = 0
    for (let i = 0, k = 0; i < this.dimension; k += this.dimension + 1 - i, i++) trace += this.gram[k]
    const mean = trace / (this.dimension * this.count)
    return mean > 0 ? mean : 1
  }
}

/** theta.[x, 1] */
export function predict(theta: Float64Array, context: Float64Array): number {
  let sum = theta[context.length]
  for (let i = 0; i < context.length; i++) sum += theta[i] * context[i]
  return sum
}

/**
 * (M + diag(penalty, ..., penalty, lastPenalty))^-1 b and the diagonal of that inverse, by Cholesky; null when rounding
 * has left no positive pivot.
 */
function solveSymmetric(
  packed: Float64Array,
  b: Float64Array,
  penalty: number,
  lastPenalty: number,
): { readonly theta: Float64Array<ArrayBuffer>; readonly inverseDiagonal: Float64Array } | null {
  const size = b.length
  const lower = factor(packed, size, penalty, lastPenalty)
  if (lower === null) return null
  const theta = new Float64Array(size)
  const inverseDiagonal = new Float64Array(size)
  // Column c of W = L^-1: A^-1 = W^T W, so A^-1 b = W^T (W b), and its diagonal is the squared columns' sums.
  const halfway = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    let sum = b[i]
    for (let k = 0; k < i; k++) sum -= lower[i][k] * halfway[k]
    halfway[i] = sum / lower[i][i]
  }
  const column = new Float64Array(size)
  for (let c = 0; c < size; c++) {
    for (let i = c; i < size; i++) {
      let sum = i === c ? 1 : 0
      for (let k = c; k < i; k++) sum -= lower[i][k] * column[k]
      column[i] = sum / lower[i][i]
      theta[c] += column[i] * halfway[i]
      inverseDiagonal[c] += column[i] * column[i]
    }
  }
  return { theta, inverseDiagonal }
}

function factor(
  packed: Float64Array,
  size: number,
  penalty: number,
  lastPenalty: number,
): Float64Array[] | null {
  const lower = Array.from({ length: size }, (_, i) => new Float64Array(i + 1))
  // Column by column of the lower triangle, which is row by row of the packed upper one.
  for (let j = 0, at = 0; j < size; j++) {
    for (let i = j; i < size; i++, at++) {
      let sum = packed[at]
      if (i === j) sum += i < size - 1 ? penalty : lastPenalty
      for (let k = 0; k < j; k++) sum -= lower[i][k] * lower[j][k]
      if (i > j) lower[i][j] = sum / lower[j][j]
      else if (sum > 0) lower[j][j] = Math.sqrt(sum)
      else return null
    }
  }
  return lower
}
