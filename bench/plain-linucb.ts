interface PlainArm {
  readonly precision: Float64Array
  readonly inverse: Float64Array
  readonly response: Float64Array
  theta: Float64Array
  readonly penalty: number
}

/**
 * LinUCB with forgetting as one writes it from the formulas: full d x d matrices by rows, a loop over the arms,
 * Sherman-Morrison, theta = A^-1 b. The yardstick for the kernels; no router, budget, staleness or checks around it.
 */
export class PlainLinUcb {
  private readonly arms: PlainArm[]
  private readonly dimension: number
  private readonly alpha: number
  private readonly gamma: number

  constructor(
    penalties: readonly number[],
    dimension: number,
    alpha: number,
    gamma: number,
    lambda0: number,
  ) {
    this.dimension = dimension
    this.alpha = alpha
    this.gamma = gamma
    this.arms = penalties.map((penalty) => ({
      precision: scaledIdentity(dimension, lambda0),
      inverse: scaledIdentity(dimension, 1 / lambda0),
      response: new Float64Array(dimension),
      theta: new Float64Array(dimension),
      penalty,
    }))
  }

  /** Index of the arm with the best theta.x + alpha sqrt(x^T A^-1 x) - penalty. */
  select(x: Float64Array): number {
    let best = 0
    let bestScore = Number.NEGATIVE_INFINITY
    for (let a = 0; a < this.arms.length; a++) {
      const { theta, inverse, penalty } = this.arms[a]
      const variance = dot(x, multiply(inverse, x, this.dimension))
      const score = dot(theta, x) + this.alpha * Math.sqrt(variance) - penalty
      if (score > bestScore) {
        bestScore = score
        best = a
      }
    }
    return best
  }

  /** A <- gamma A + x x^T, A^-1 by Sherman-Morrison, b <- gamma b + r x, theta = A^-1 b. */
  update(index: number, x: Float64Array, reward: number): void {
    const { dimension: d, gamma } = this
    const arm = this.arms[index]
    const { precision, inverse, response } = arm
    const growth = 1 / gamma
    for (let k = 0; k < d * d; k++) inverse[k] *= growth
    const u = multiply(inverse, x, d)
    const gain = 1 / (1 + dot(x, u))
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        precision[i * d + j] = gamma * precision[i * d + j] + x[i] * x[j]
        inverse[i * d + j] -= gain * u[i] * u[j]
      }
      response[i] = gamma * response[i] + reward * x[i]
    }
    arm.theta = multiply(inverse, response, d)
  }
}

function scaledIdentity(d: number, scale: number): Float64Array {
  const matrix = new Float64Array(d * d)
  for (let i = 0; i < d; i++) matrix[i * d + i] = scale
  return matrix
}

function multiply(matrix: Float64Array, x: Float64Array, d: number): Float64Array {
  const out = new Float64Array(d)
  for (let i = 0; i < d; i++) {
    let sum = 0
    for (let j = 0; j < d; j++) sum += matrix[i * d + j] * x[j]
    out[i] = sum
  }
  return out
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
