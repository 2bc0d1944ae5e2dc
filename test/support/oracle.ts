/**
 * LinUCB with forgetting as a textbook has it: full matrices, theta = A^-1 b solved by Gaussian elimination each
 * time. Slow, and free of every trick that the kernels use.
 */
export class NaiveLinUcb {
  readonly precision: number[][]
  readonly response: number[]
  lastUpdate: number
  lastPlay: number
  private ridge: number
  private readonly gamma: number
  private readonly lambda0: number

  constructor(dimension: number, gamma: number, lambda0: number, now: number) {
    this.precision = Array.from({ length: dimension }, (_, i) =>
      Array.from({ length: dimension }, (_, j) => (i === j ? lambda0 : 0)),
    )
    this.response = new Array<number>(dimension).fill(0)
    this.lastUpdate = now
    this.lastPlay = now
    this.ridge = lambda0
    this.gamma = gamma
    this.lambda0 = lambda0
  }

  score(x: ArrayLike<number>, alpha: number, penalty: number, now: number): number {
    const context = Array.from(x)
    const theta = this.theta()
    const age = Math.min(Math.max(now - Math.max(this.lastUpdate, this.lastPlay), 0), 1000)
    const variance = dotOf(context, solve(this.precision, context)) / Math.max(this.gamma ** age, 1 / 200)
    return dotOf(theta, context) + alpha * Math.sqrt(Math.max(variance, 1e-12)) - penalty
  }

  theta(): number[] {
    return solve(this.precision, this.response)
  }

  update(x: ArrayLike<number>, reward: number, now: number): void {
    this.forget(now)
    this.add(x, reward)
  }

  /** `update` with what is predicted once time has passed. */
  updateByPrediction(x: ArrayLike<number>, now: number): void {
    this.forget(now)
    this.add(x, dotOf(this.theta(), Array.from(x)))
  }

  private forget(now: number): void {
    const decay = this.gamma ** Math.min(Math.max(now - this.lastUpdate, 0), 1000)
    let lift = 0
    this.ridge *= decay
    if (this.ridge < 0.1 * this.lambda0) {
      lift = this.lambda0 - this.ridge
      this.ridge = this.lambda0
    }
    for (const [i, row] of this.precision.entries()) {
      for (let j = 0; j < row.length; j++) row[j] = row[j] * decay + (i === j ? lift : 0)
      this.response[i] *= decay
    }
    this.lastUpdate = now
  }

  private add(x: ArrayLike<number>, target: number): void {
    for (const [i, row] of this.precision.entries()) {
      for (let j = 0; j < row.length; j++) row[j] += x[i] * x[j]
      this.response[i] += target * x[i]
    }
  }
}

export function dotOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** Gaussian elimination with partial pivoting. */
export function solve(matrix: readonly (readonly number[])[], right: ArrayLike<number>): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]])
  const n = rows.length
  for (let column = 0; column < n; column++) {
    let pivot = column
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(rows[i][column]) > Math.abs(rows[pivot][column])) pivot = i
    }
    const swapped = rows[column]
    rows[column] = rows[pivot]
    rows[pivot] = swapped
    for (let i = column + 1; i < n; i++) {
      const factor = rows[i][column] / rows[column][column]
      for (let j = column; j <= n; j++) rows[i][j] -= factor * rows[column][j]
    }
  }
  const solution = new Array<number>(n).fill(0)
  for (let i = n - 1; i >= 0; i--) {
    let sum = rows[i][n]
    for (let j = i + 1; j < n; j++) sum -= rows[i][j] * solution[j]
    solution[i] = sum / rows[i][i]
  }
  return solution
}

/**
 * An arm's settlements as a textbook has them: two ridge regressions that see the same requests, each with a matrix of
 * its own.
 */
export class NaiveSettlements {
  readonly cost: NaiveLinUcb
  readonly latency: NaiveLinUcb

  constructor(dimension: number, gamma: number, lambda0: number, now: number) {
    this.cost = new NaiveLinUcb(dimension, gamma, lambda0, now)
    this.latency = new NaiveLinUcb(dimension, gamma, lambda0, now)
  }

  /** logLatency NaN: not known. */
  settle(x: ArrayLike<number>, logCost: number, logLatency: number, now: number): void {
    this.cost.update(x, logCost, now)
    if (Number.isNaN(logLatency)) this.latency.updateByPrediction(x, now)
    else this.latency.update(x, logLatency, now)
  }
}
