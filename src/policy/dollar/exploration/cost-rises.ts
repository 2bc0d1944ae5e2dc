import { AS_BEFORE_RATIO, COST_RETURNED_RATIO, TRIAL_REQUESTS, TRIAL_SHARE } from '../tuning.js'
import { asBefore, cusum } from './cusum.js'

/** Of a snapshot: slot, time, level and both sums. */
const NUMBERS = 5
/** Levels are logarithms of bills beside list prices: far beyond what any of them is. */
const LEVEL_MAX = 1e3

interface Risen {
  /** Request count at the latest rise. */
  at: number
  /** Of ln(cost / list cost), before the rise. */
  level: number
  /** CUSUM of the log-likelihood ratio: for costs as before, against as they have been since. */
  ratio: number
  /** The same for costs as before, against any higher than that: an alarm may have been false. */
  steady: number
}

/**
 * What models cost before their bills rose: a provider's mistake often ends as suddenly as it began, and a model that
 * has become too dear gives no bills to say so. So it is remembered and tried as one that has fallen is (recoveries.ts), and
 * every bill is held against both levels, from before the rise and from since. A try of it may cost what the bills since say, so the dearer
 * it is beside the budget the rarer it is tried, but only by the square root: what tries cost and what is lost until the end of the rise is found
 * are least together there.
 */
export class CostRises {
  private readonly risen = new Map<number, Risen>()

  /** The model costs more than before. A second rise is from the lower level. @param level before the rise */
  rose(slot: number, level: number, requests: number): void {
    if (!(Math.abs(level) <= LEVEL_MAX)) return
    const known = this.risen.get(slot)
    const before = known === undefined ? level : Math.min(known.level, level)
    this.risen.set(slot, { at: requests, level: before, ratio: 0, steady: 0 })
  }

  /**
   * A bill of the model came.
   * @param residual of ln(cost) from what is predicted now; `variance` of such residuals
   * @param level as it is now
   * @returns what the level is to change by where costs are as before again, else 0
   */
  observe(slot: number, residual: number, variance: number, level: number): number {
    const risen = this.risen.get(slot)
    if (risen === undefined) return 0
    const above = residual + level - risen.level
    const step = (residual * residual - above * above) / (2 * variance)
    risen.ratio = cusum(risen.ratio, step)
    risen.steady = asBefore(risen.steady, -above / Math.sqrt(variance))
    const hasReturned = risen.ratio >= COST_RETURNED_RATIO
    if (!hasReturned && risen.steady < AS_BEFORE_RATIO) return 0
    this.risen.delete(slot)
    return hasReturned ? risen.level - level : 0
  }

  /**
   * By what ln(cost) would change, were the model's costs as before, when a try of it is due; else 0.
   * @param idle requests since its latest one
   * @param level as it is now
   * @param dearer how many budgets a request of it is expected to cost now
   */
  promise(slot: number, idle: number, requests: number, level: number, dearer: number): number {
    const risen = this.risen.get(slot)
    if (risen === undefined || risen.level >= level) return 0
    // Once a bill was likelier before the rise the next tells whether that was chance.
    if (risen.ratio === 0) {
      const rarer = Math.sqrt(Math.max(1, dearer))
      const tried = Math.max(0, requests - idle - risen.at)
      if (idle < rarer * Math.max(TRIAL_REQUESTS, TRIAL_SHARE * tried)) return 0
    } else if (idle < TRIAL_REQUESTS) return 0
    return risen.level - level
  }

  /** The model is gone, or has other prices: what it cost before says nothing. */
  forget(slot: number): void {
    this.risen.delete(slot)
  }

  /** As numbers, for a snapshot. */
  save(): number[] {
    return [...this.risen].flatMap(([slot, { at, level, ratio, steady }]) => [slot, at, level, ratio, steady])
  }

  /** @returns whether all of `numbers` is what `save` gave */
  load(numbers: Float64Array, slots: readonly number[]): boolean {
    if (numbers.length % NUMBERS !== 0) return false
    const models = new Set(slots)
    for (let next = 0; next < numbers.length; next += NUMBERS) {
      const [slot, at, level, ratio, steady] = numbers.subarray(next, next + NUMBERS)
      if (!models.has(slot) || this.risen.has(slot) || !(Math.abs(level) <= LEVEL_MAX)) return false
      if (!(at >= 0 && at < Number.POSITIVE_INFINITY)) return false
      if (!(ratio >= 0 && ratio < COST_RETURNED_RATIO && steady >= 0 && steady < AS_BEFORE_RATIO))
        return false
      this.risen.set(slot, { at, level, ratio, steady })
    }
    return true
  }
}
