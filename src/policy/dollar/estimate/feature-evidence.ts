import { symmetricTimesVector } from '../../../kernel/packed.js'
import type { LinearSystem } from './linear-system.js'

/** Of sums that were added and taken away. */
const ROUNDING = 1e-9

/**
 * What an arm's statistics say of the weights of features, whatever its level is: with A and b split into features f and
 * the bias, the Schur complement
 *
 *     G = A_ff - A_fb A_bf / A_bb        g = b_f - A_fb b_b / A_bb
 *
 * which is what is left of a regression once each arm has a mean of its own (Frisch-Waugh-Lovell). G is a packed triangle
 * of the d - 1 features, d the dimension with the bias, which comes last.
 */
export class FeatureEvidence {
  /** How many features. */
  readonly size: number
  readonly gram: Float64Array
  readonly response: Float64Array

  constructor(dimension: number) {
    this.size = dimension - 1
    this.gram = new Float64Array((this.size * (this.size + 1)) / 2)
    this.response = new Float64Array(this.size)
  }

  clear(): void {
    this.gram.fill(0)
    this.response.fill(0)
  }

  /** Adds `weight` times other evidence, which is of the weights times `steep`. */
  take(other: FeatureEvidence, weight: number, steep: number): void {
    for (let k = 0; k < this.gram.length; k++) this.gram[k] += weight * steep * steep * other.gram[k]
    for (let i = 0; i < this.size; i++) this.response[i] += weight * steep * other.response[i]
  }

  /** Whether G is of sums of squares, up to rounding: no elimination leaves a negative pivot. O(d^3) */
  get isPossible(): boolean {
    const { size } = this
    const left = this.gram.slice()
    let largest = 0
    for (let i = 0, r = 0; i < size; r += size - i, i++) largest = Math.max(largest, left[r])
    for (let i = 0, r = 0; i < size; r += size - i, i++) {
      const pivot = left[r]
      if (pivot < -ROUNDING * largest) return false
      if (pivot <= ROUNDING * largest) continue
      let below = r + size - i
      for (let j = 1; j < size - i; j++) {
        const share = left[r + j] / pivot
        for (let k = j; k < size - i; k++) left[below + k - j] -= share * left[r + k]
        below += size - i - j
      }
    }
    return true
  }

  /** What weights take from the sum of squares of the rewards: 2 w.g - w.G w. */
  explained(weights: Float64Array): number {
    let sum = 0
    for (let i = 0, k = 0; i < this.size; i++) {
      sum += 2 * weights[i] * this.response[i]
      for (let j = i; j < this.size; j++, k++)
        sum -= (j === i ? 1 : 2) * weights[i] * weights[j] * this.gram[k]
    }
    return sum
  }

  /**
   * Adds `weight` times what an arm's packed A (d x d) and b (d) say, less a ridge that drew its features to some weights.
   * @param draw what drew its features so far
   */
  add({ precision, response }: ArmSums, weight: number, draw: Draw): void {
    const { size, gram } = this
    const level = precision[precision.length - 1]
    const mean = response[size] / level
    for (let i = 0, k = 0, row = 0; i < size; i++) {
      // Row i of A has d - i numbers, of G one less: its last is the column of the bias.
      const column = precision[row + size - i]
      this.response[i] +=
        weight * (response[i] - column * mean - (draw.ridges[i] + draw.pull) * draw.target[i])
      const share = column / level
      for (let j = i, other = row; j < size; j++, k++) {
        // Entry (j, bias) of A.
        const own = precision[other + size - j]
        gram[k] +=
          weight * (precision[row + j - i] - share * own - (j === i ? draw.ridges[i] + draw.rest : 0))
        other += size + 1 - j
      }
      row += size + 1 - i
    }
  }
}

/** A ridge on the diagonal of A, and the weights that it drew to: a number a feature. */
export interface Draw {
  readonly ridges: Float64Array
  readonly target: Float64Array
  /** What is on the diagonal besides for all features alike, and how much of that drew to the target; the rest drew to 0. */
  readonly rest: number
  readonly pull: number
}

/** Packed upper triangle of A, and b. */
export interface ArmSums {
  readonly precision: Float64Array
  readonly response: Float64Array
}

/** Ridge regression of the features alone. */
export class FeatureRidge {
  private readonly size: number
  private readonly system: LinearSystem
  private readonly right: Float64Array
  /** The weights that `solve` found; the next call overwrites them. */
  readonly weights: Float64Array
  /** Of each weight, how far the data decide it and not the ridge, from 0 to 1: 1 - ridge_i (G + ridge)^-1_ii. */
  readonly decided: Float64Array

  constructor(dimension: number, system: LinearSystem) {
    this.size = dimension - 1
    this.system = system
    this.right = new Float64Array(this.size)
    this.weights = new Float64Array(this.size)
    this.decided = new Float64Array(this.size)
  }

  /**
   * What is left of evidence of an arm's weights for those that its own are drawn to by ridges R, once its own are integrated out:
   * R - R (G + R)^-1 R and R (G + R)^-1 g take the places of G and g. As many observations as the ridge count half. O(d^3)
   */
  integrateOut({ gram, response }: FeatureEvidence, ridges: Float64Array): void {
    const { size, system } = this
    if (size === 0) return
    const { f64, matrix, inverse, scratch } = system
    f64.set(gram, matrix)
    for (let i = 0, k = matrix; i < size; k += size - i, i++) f64[k] += ridges[i]
    system.invert(size)
    this.multiply(inverse, response)
    for (let i = 0, k = 0; i < size; i++) {
      response[i] = ridges[i] * f64[scratch + i]
      for (let j = i; j < size; j++, k++)
        gram[k] = (j === i ? ridges[i] : 0) - ridges[i] * ridges[j] * f64[inverse + k]
    }
  }

  /** weights = (G + ridges)^-1 (g - G center): how far they are from `center`. O(d^3) */
  solve({ gram, response }: FeatureEvidence, ridges: Float64Array, center: Float64Array | null): void {
    const { right, size, system, weights, decided } = this
    if (size === 0) return
    const { f64, matrix, inverse } = system
    f64.set(gram, matrix)
    if (center === null) right.set(response)
    else {
      this.multiply(matrix, center)
      for (let i = 0; i < size; i++) right[i] = response[i] - f64[system.scratch + i]
    }
    for (let i = 0, k = matrix; i < size; k += size - i, i++) f64[k] += ridges[i]
    system.invert(size)
    this.multiply(inverse, right)
    for (let i = 0, k = inverse; i < size; k += size - i, i++) {
      weights[i] = f64[system.scratch + i]
      decided[i] = Math.min(Math.max(1 - ridges[i] * f64[k], 0), 1)
    }
  }

  /** The product of a packed triangle of the system's memory and a vector, into `scratch`. */
  private multiply(triangle: number, vector: Float64Array): void {
    const { f64, right, scratch } = this.system
    f64.set(vector, right)
    symmetricTimesVector(f64, triangle, right, scratch, this.size)
  }
}
