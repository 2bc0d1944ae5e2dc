import type { Arms } from '../../../bandit/arms.js'
import { sectionOffset } from '../../../kernel/layout.js'
import { REWARD_VARIANCE, VARIANCE_PRIOR_REWARDS } from '../tuning.js'

/** With less than this many rewards nothing is known. */
const ANY_OBSERVATIONS = 0.5
/** A cold arm begins at the best reward there is, as if it had had that much of it as lambda0 is. */
const START_REWARD = 1

/** Of an arm's rewards about what it predicts. */
export interface RewardVariances {
  rewardVariance(slot: number): number
}

/**
 * What arms earned on the mean prompt by their own rewards alone, in parts of the range: what a cold arm begins with
 * is taken out. The mean prompt is that of all rewards: the models that are chosen for the hard ones are no worse for
 * it.
 */
export class MeanRewards {
  /** By position in the list of slots: the mean, and how many rewards it stands on; 0: none. */
  known = new Float64Array(64)
  rewards = new Float64Array(64)
  count = 0
  /** Of all rewards about what was predicted: the sum of squares, and how many they are. */
  squares = 0
  observed = 0
  private prompt = new Float64Array(0)

  /** O(slots d) */
  read(arms: Arms, slots: ArrayLike<number>, count: number, variances: RewardVariances): void {
    if (this.known.length < count) {
      this.known = new Float64Array(2 * count)
      this.rewards = new Float64Array(2 * count)
    }
    this.count = count
    this.readPrompt(arms, slots)
    this.squares = this.observed = 0
    for (let position = 0; position < count; position++)
      this.readArm(arms, position, slots[position], variances)
  }

  private readPrompt({ kernel }: Arms, slots: ArrayLike<number>): void {
    const { f64, layout } = kernel
    const { dimension, precision, paddedTriangle } = layout
    if (this.prompt.length !== dimension) this.prompt = new Float64Array(dimension)
    const { prompt } = this
    prompt.fill(0)
    for (let position = 0; position < this.count; position++) {
      const start = sectionOffset(layout, precision, paddedTriangle, slots[position])
      // The column of the bias comes last in each row of the packed triangle.
      for (let i = 0, end = start + dimension - 1; i < dimension; i++, end += dimension - i)
        prompt[i] += f64[end]
    }
    const observations = prompt[dimension - 1]
    for (let i = 0; i < dimension; i++) prompt[i] /= observations
  }

  private readArm(arms: Arms, position: number, slot: number, variances: RewardVariances): void {
    const { prompt, known, rewards } = this
    const { f64, layout } = arms.kernel
    const { dimension, paddedDimension } = layout
    const begun = arms.cell(arms.rewards.ridge, slot)
    const count = arms.observations(arms.rewards, slot) - begun
    rewards[position] = known[position] = 0
    if (!(count >= ANY_OBSERVATIONS)) return
    const theta = sectionOffset(layout, layout.theta, paddedDimension, slot)
    let level = 0
    for (let i = 0; i < dimension; i++) level += f64[theta + i] * prompt[i]
    level += ((level - START_REWARD) * begun) / count
    // Forged sums.
    if (!Number.isFinite(level)) return
    rewards[position] = count
    known[position] = Math.min(Math.max(level, 0), 1)
    this.observed += count
    // The variance began with what was taken for it before any reward.
    const squares = variances.rewardVariance(slot) * (count + VARIANCE_PRIOR_REWARDS)
    this.squares += Math.max(0, squares - REWARD_VARIANCE * VARIANCE_PRIOR_REWARDS) || 0
  }
}
