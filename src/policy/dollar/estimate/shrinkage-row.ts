import type { FeatureRidge } from './feature-evidence.js'

/**
 * Of an arm: rewards, and those since it was fitted; how much of what its diagonal has besides draws to the target. Then, a
 * number a feature each: the ridge on its diagonal, the weights that it draws to, and of the arm's own weights the squares
 * and how far the data decide them.
 */
export const REWARDS = 0
export const SINCE = 1
export const PULL = 2
export const HEAD = 3
export const LISTS = 4
/** Largest magnitude of a weight: no rewards in [0, 1] lead to one, and its square is one that may be saved. */
export const WEIGHT_MAX = 1e6

/** What is kept of an arm, in one run of numbers. */
export class Row {
  readonly numbers: Float64Array
  readonly head: Float64Array
  readonly ridges: Float64Array
  readonly target: Float64Array
  readonly squares: Float64Array
  readonly decided: Float64Array
  private readonly features: number

  constructor(features: number) {
    this.features = features
    this.numbers = new Float64Array(HEAD + LISTS * features)
    const list = (n: number) => this.numbers.subarray(HEAD + n * features, HEAD + (n + 1) * features)
    this.head = this.numbers.subarray(0, HEAD)
    this.ridges = list(0)
    this.target = list(1)
    this.squares = list(2)
    this.decided = list(3)
  }

  /**
   * Whether it can be of an arm with that A: no negative amounts, no more rewards than requests, and no ridge that A does not hold.
   * Priors that are no sums of rows may have left less in A, by up to their ridge.
   */
  isPossible(requests: number, precision: Float64Array, lambda0: number): boolean {
    const { head, ridges, squares, decided, features } = this
    const isAmount = (entry: number) => entry >= 0
    if (![head, ridges, squares, decided].every((list) => list.every(isAmount))) return false
    if (Math.max(head[REWARDS], head[SINCE]) > requests || !this.target.every(isWeight)) return false
    let largest = lambda0
    for (let i = 0, k = 0; i < features; k += features + 1 - i, i++) {
      if (ridges[i] > 2 * (precision[k] + lambda0)) return false
      largest = Math.max(largest, precision[k])
    }
    // Without features it pulls nothing, and A holds no ridge of any: it is the lambda0 of the router that wrote it.
    return features === 0 || head[PULL] <= 2 * largest
  }

  copy(): Row {
    const row = new Row(this.features)
    row.numbers.set(this.numbers)
    return row
  }

  /** What the data say of the arm's own weights. */
  learn({ weights, decided }: FeatureRidge): void {
    for (let i = 0; i < this.features; i++) this.squares[i] = withinBounds(weights[i]) ** 2
    this.decided.set(decided)
  }

  scale(share: number): void {
    this.head[PULL] *= share
    for (let i = 0; i < this.features; i++) this.ridges[i] *= share
  }
}

export function isWeight(weight: number): boolean {
  return Math.abs(weight) <= WEIGHT_MAX
}

export function withinBounds(weight: number): number {
  return Math.min(Math.max(weight, -WEIGHT_MAX), WEIGHT_MAX)
}
