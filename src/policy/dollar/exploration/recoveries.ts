import type { Arms } from '../../../bandit/arms.js'
import type { Evidence } from '../../../bandit/evidence.js'
import type { RewardUnits } from '../../../state/reward-units.js'
import { AS_BEFORE_RATIO, REWARD_RECOVERED_RATIO, TRIAL_REQUESTS, TRIAL_SHARE } from '../tuning.js'
import { asBefore, cusum } from './cusum.js'

const NONE = new Float64Array()

interface Fallen {
  /** Request count at the latest fall. */
  at: number
  /** CUSUM of the log-likelihood ratio: for what it was, against what it has been since. */
  ratio: number
  /** The same for what it was, against any less than that: an alarm may have been false. */
  steady: number
  readonly theta: Float64Array
  /** `Arms.copyReward` at the fall. */
  readonly statistics: Float64Array
}

/**
 * What arms knew before they fell: an outage often ends as suddenly as it began. Every reward of a fallen model is held
 * against both predictions, from before the fall and from since: once the former explain e^3 times better, the model is
 * taken back for what it was. Normal residuals of the same variance; Page, Biometrika 1954.
 *
 * A model that nobody chooses any more gives no rewards, so requests that would have been its own are given to it now and
 * then, at first often, then ever more seldom: about 8 ln(n / 200) + 8 in the n requests after the fall.
 *
 * Where the alarm was false both predictions are the same, and no reward tells them apart. So rewards are also held against half
 * a standard deviation less than before the fall: once they tell against that, what was remembered is forgotten.
 */
export class Recoveries {
  private readonly fallen = new Map<number, Fallen>()

  /**
   * The arm's rewards have fallen; what it knows is from before. A second fall is further from the same height, and tried as often as a first.
   * @param isSecondTimed whether it is; those of logs from before 0.2 keep the time of the first
   */
  fell(slot: number, evidence: Evidence, requests: number, isSecondTimed: boolean): void {
    const known = this.fallen.get(slot)
    if (known === undefined) {
      const theta = evidence.arms.theta(slot).slice()
      this.fallen.set(slot, {
        at: requests,
        ratio: 0,
        steady: 0,
        theta,
        statistics: evidence.copyReward(slot),
      })
    } else if (isSecondTimed) {
      known.at = requests
      known.ratio = known.steady = 0
    }
  }

  /**
   * A reward of the arm came, of the context in the arena.
   * @param residual from what the arm predicts now; `variance` of such residuals
   * @returns whether the arm has recovered: it then knows what it knew before the fall
   */
  observe(
    slot: number,
    reward: number,
    residual: number,
    variance: number,
    evidence: Evidence,
    requests: number,
  ): boolean {
    const fallen = this.fallen.get(slot)
    if (fallen === undefined) return false
    const before = reward - predict(fallen, evidence.arms, 0)
    const step = (residual * residual - before * before) / (2 * variance)
    fallen.ratio = cusum(fallen.ratio, step)
    if (fallen.ratio < REWARD_RECOVERED_RATIO) return false
    evidence.putReward(slot, fallen.statistics, requests)
    this.fallen.delete(slot)
    return true
  }

  /**
   * The same reward, of an arm that has not recovered by it.
   * @returns whether it is as good as before the alarm: nothing is remembered of it any more
   */
  isAsBefore(slot: number, reward: number, variance: number, arms: Arms): boolean {
    const fallen = this.fallen.get(slot)
    if (fallen === undefined) return false
    const sigmas = (reward - predict(fallen, arms, 0)) / Math.sqrt(variance)
    fallen.steady = asBefore(fallen.steady, sigmas)
    if (fallen.steady < AS_BEFORE_RATIO) return false
    this.fallen.delete(slot)
    return true
  }

  /**
   * What a fallen model would be worth for the arena's context of that index if it were what it was, when a try of it is
   * due; else -Infinity.
   * @param idle requests since its latest one
   * @param heard share of its requests that rewards come of: the fewer, the more tries it takes
   */
  promise(slot: number, idle: number, requests: number, heard: number, arms: Arms, index: number): number {
    const fallen = this.fallen.get(slot)
    if (fallen === undefined || idle < Math.max(TRIAL_REQUESTS, TRIAL_SHARE * heard * (requests - fallen.at)))
      return Number.NEGATIVE_INFINITY
    return predict(fallen, arms, index)
  }

  /** Whether an arm has fallen, and may come back as it was. */
  has(slot: number): boolean {
    return this.fallen.has(slot)
  }

  /** A of what is known of a fallen arm, packed, a view; empty where it has not fallen. */
  precisionOf(slot: number, dimension: number): Float64Array {
    return this.fallen.get(slot)?.statistics.subarray(1 + dimension) ?? NONE
  }

  forget(slot: number): void {
    this.fallen.delete(slot)
  }

  /** All that it knows was of rewards as they were given. */
  takeRawRewards(rewards: RewardUnits, dimension: number): void {
    for (const { theta, statistics } of this.fallen.values()) {
      const { low } = rewards
      for (let i = 0, row = 1 + dimension; i < dimension; row += dimension - i, i++) {
        const isBias = i === dimension - 1
        theta[i] = rewards.differenceToUnit(theta[i] - (isBias ? low : 0))
        const column = statistics[row + dimension - 1 - i]
        statistics[1 + i] = rewards.differenceToUnit(statistics[1 + i] - low * column)
      }
    }
  }

  /** Of each that some rewards say is as before: its slot and how far they do, for a snapshot. */
  saveSteady(): number[] {
    return [...this.fallen].flatMap(([slot, { steady }]) => (steady === 0 ? [] : [slot, steady]))
  }

  /** After `load`. @returns whether all of `numbers` is what `saveSteady` gave */
  loadSteady(numbers: Float64Array): boolean {
    if (numbers.length % 2 !== 0) return false
    for (let at = 0; at < numbers.length; at += 2) {
      const [slot, steady] = numbers.subarray(at, at + 2)
      const fallen = this.fallen.get(slot)
      if (fallen === undefined || fallen.steady !== 0 || !(steady > 0 && steady < AS_BEFORE_RATIO))
        return false
      fallen.steady = steady
    }
    return true
  }

  /** As numbers, for a snapshot: how many, and of each its slot, time, ratio, theta and statistics. */
  save(): number[] {
    const rows = [...this.fallen].flatMap(([slot, { at, ratio, theta, statistics }]) => [
      slot,
      at,
      ratio,
      ...theta,
      ...statistics,
    ])
    return [this.fallen.size, ...rows]
  }

  /**
   * Takes over what `save` gave, and whatever follows it.
   * @returns how many of the numbers were its own; -1 when no router saved them
   */
  load(numbers: Float64Array, dimension: number, slots: readonly number[]): number {
    const statistics = 1 + dimension + (dimension * (dimension + 1)) / 2
    const length = 3 + dimension + statistics
    const known = new Set(slots)
    const [count] = numbers
    if (!Number.isInteger(count) || count < 0 || numbers.length < 1 + count * length) return -1
    for (let at = 1; at < 1 + count * length; at += length) {
      const [slot, fell, ratio] = numbers.subarray(at)
      const theta = numbers.slice(at + 3, at + 3 + dimension)
      const learned = numbers.slice(at + 3 + dimension, at + length)
      // Its model was removed: older releases kept it.
      if (!known.has(slot)) continue
      if (this.fallen.has(slot) || !(ratio >= 0 && Number.isFinite(ratio))) return -1
      const precision = learned.subarray(1 + dimension)
      for (let i = 0, r = 0; i < dimension; r += dimension - i, i++) if (!(precision[r] > 0)) return -1
      if (!(learned[0] > 0 && fell >= 0)) return -1
      this.fallen.set(slot, { at: fell, ratio, steady: 0, theta, statistics: learned })
    }
    return 1 + count * length
  }
}

/** What the model predicted before it fell of the arena's context of that index. */
function predict({ theta }: Fallen, arms: Arms, index: number): number {
  const { f64, layout } = arms.kernel
  const context = layout.context + index * layout.paddedDimension
  let predicted = 0
  for (let i = 0; i < layout.dimension; i++) predicted += theta[i] * f64[context + i]
  return predicted
}
