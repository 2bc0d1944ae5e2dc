import type { Design } from '../kernel/design.js'
import type { Arms } from './arms.js'

/**
 * What arms' estimates stand on, measured and changed without learning: where a model no longer answers as it used to.
 * Apart from `Arms`, for policies that never forget but by gamma do without it.
 */
export class Evidence {
  readonly arms: Arms

  constructor(arms: Arms) {
    this.arms = arms
  }

  /** Observations the arm's reward estimate stands on, forgetting counted: A's entry of the bias, lambda0 included. */
  ofReward(slot: number): number {
    return this.arms.observations(this.arms.rewards, slot)
  }

  /** `ofReward` of the arm's settled requests. The arena has heads. */
  ofSettled(slot: number): number {
    return this.arms.observations(this.arms.settlements, slot)
  }

  /**
   * Takes what is known of the bias alone down to the given number of observations: A^-1 + e e^T / observations, e the bias, by the
   * Sherman-Morrison formula on A, with b such that theta stays. A level that moved is then found in as many requests,
   * and what tells one prompt from another is kept.
   */
  loosenReward(slot: number, observations: number): void {
    this.loosen(this.arms.rewards, slot, observations)
  }

  /** `loosenReward` of the arm's settled requests and both of their heads. The arena has heads. */
  loosenSettled(slot: number, observations: number): void {
    this.loosen(this.arms.settlements, slot, observations)
  }

  /**
   * Leaves a share in (0, 1) of the evidence for the arm's reward estimate, which itself stays what it is: A and b times
   * the share, then what is missing of lambda0 I added to A, and as many times theta to b.
   */
  shrinkReward(slot: number, factor: number): void {
    this.shrink(this.arms.rewards, slot, factor)
  }

  /** `shrinkReward` of the arm's settled requests and both of their heads. The arena has heads. */
  shrinkSettled(slot: number, factor: number): void {
    this.shrink(this.arms.settlements, slot, factor)
  }

  /** What the arm's reward estimate stands on, copied: what is left of lambda0, b, A. For `putReward`. */
  copyReward(slot: number): Float64Array {
    const { dimension, triangle } = this.arms.kernel.layout
    const { response, precision } = this.arms.runs(this.arms.rewards, slot)
    const ridge = this.arms.cell(this.arms.rewards.ridge, slot)
    const numbers = new Float64Array(1 + dimension + triangle)
    numbers[0] = ridge
    numbers.set(response.subarray(0, dimension), 1)
    numbers.set(precision.subarray(0, triangle), 1 + dimension)
    return numbers
  }

  /** Puts back what `copyReward` gave, as if it had been learned just now. */
  putReward(slot: number, numbers: Float64Array, now: number): void {
    const { dimension } = this.arms.kernel.layout
    const [ridge] = numbers
    const response = numbers.subarray(1, 1 + dimension)
    this.arms.startDesign(
      this.arms.rewards,
      slot,
      { response, precision: numbers.subarray(1 + dimension) },
      now,
    )
    this.arms.setCell(this.arms.rewards.ridge, slot, ridge)
  }

  private shrink(design: Design, slot: number, factor: number): void {
    const { theta, response, precision } = this.arms.runs(design, slot)
    const left = this.arms.cell(design.ridge, slot) * factor
    const missing = Math.max(0, this.arms.lambda0 - left)
    for (let k = 0; k < precision.length; k++) precision[k] *= factor
    this.arms.addToDiagonal(precision, missing)
    for (let i = 0; i < theta.length; i++) response[i] = response[i] * factor + missing * theta[i]
    this.arms.setCell(design.ridge, slot, Math.max(this.arms.lambda0, left))
    this.arms.rebuild(design, slot)
  }

  private loosen(design: Design, slot: number, observations: number): void {
    const { dimension, paddedDimension } = this.arms.kernel.layout
    const { theta, response, precision } = this.arms.runs(design, slot)
    const column = new Float64Array(dimension)
    for (let i = 0, row = 0; i < dimension; row += dimension - i, i++)
      column[i] = precision[row + dimension - 1 - i]
    const share = 1 / (observations + column[dimension - 1])
    response.fill(0)
    for (let i = 0, k = 0; i < dimension; i++) {
      for (let j = i; j < dimension; j++, k++) {
        precision[k] -= share * column[i] * column[j]
        for (let head = 0; head < theta.length; head += paddedDimension) {
          response[head + i] += precision[k] * theta[head + j]
          if (j !== i) response[head + j] += precision[k] * theta[head + i]
        }
      }
    }
    this.arms.rebuild(design, slot)
  }
}
