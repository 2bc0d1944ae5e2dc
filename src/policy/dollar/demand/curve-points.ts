import {
  CURVE_POINT_COST_MAX_USD,
  CURVE_POINT_NUMBERS,
  CURVE_POINT_VALUE_MAX,
  CURVE_POINTS_MAX,
} from '../../../events/curve-point.js'
import type { CandidateCosts } from '../candidate-costs.js'
import type { PredictedUses } from '../latency/predicted-uses.js'
import { CURVE_FACTORS, PAIRED_FACTORS, PAIRED_LATENCY_FACTORS } from '../tuning.js'

/**
 * The models of one request that its demand curves need: all of up to CURVE_POINTS_MAX; of more, the best at six shadow
 * prices from 0 to four times the one in force, and the cheapest; with a latency objective the fastest as well.
 */
export class CurvePoints {
  private readonly buffer = new Float64Array(CURVE_POINTS_MAX * CURVE_POINT_NUMBERS)
  private readonly bestAt = new Int32Array(CURVE_FACTORS.length)
  private readonly bestScore = new Float64Array(CURVE_FACTORS.length)
  private readonly views = Array.from({ length: CURVE_POINTS_MAX + 1 }, (_, count) =>
    this.buffer.subarray(0, count * CURVE_POINT_NUMBERS),
  )
  private readonly useBuffer = new Float64Array(CURVE_POINTS_MAX)
  private readonly useViews = Array.from({ length: CURVE_POINTS_MAX + 1 }, (_, count) =>
    this.useBuffer.subarray(0, count),
  )
  private readonly positions = new Int32Array(CURVE_POINTS_MAX)
  private count = 0

  /** Uses of the contenders that were picked last, a view that the next call overwrites; none without an objective. */
  usesOf(uses: PredictedUses): Float64Array {
    if (!uses.isOn) return this.useViews[0]
    for (let i = 0; i < this.count; i++) this.useBuffer[i] = uses.corrected[this.positions[i]]
    return this.useViews[this.count]
  }

  /**
   * @param costs of the request's candidates, with their values net of latency
   * @param price reward per dollar, in force
   * @returns slot, value, cost of each contender, a view that the next call overwrites
   */
  pick(costs: CandidateCosts, price: number, uses: PredictedUses): Float64Array {
    const { values, expectedUsd, cheapest } = costs
    const { count } = costs.list
    this.count = 0
    if (count <= CURVE_POINTS_MAX) {
      for (let position = 0; position < count; position++) this.put(position, costs)
      return this.views[this.count]
    }
    const { bestAt, bestScore } = this
    const { isOn } = uses
    const factors = isOn ? PAIRED_FACTORS : CURVE_FACTORS
    bestScore.fill(Number.NEGATIVE_INFINITY)
    for (let position = 0; position < count; position++) {
      const value = values[position]
      const penalty = price * expectedUsd[position]
      const latency = uses.penaltyAt(position)
      for (let f = 0; f < factors.length; f++) {
        let score = value - factors[f] * penalty
        if (isOn) score -= (PAIRED_LATENCY_FACTORS[f] - 1) * latency
        if (score > bestScore[f]) {
          bestScore[f] = score
          bestAt[f] = position
        }
      }
    }
    this.put(cheapest, costs)
    const fastest = uses.isOn ? uses.fastest : cheapest
    if (fastest !== cheapest) this.put(fastest, costs)
    for (let f = 0; f < CURVE_FACTORS.length; f++) {
      const position = bestAt[f]
      if (position === cheapest || position === fastest || bestAt.indexOf(position) !== f) continue
      this.put(position, costs)
    }
    return this.views[this.count]
  }

  private put(position: number, { slots, values, expectedUsd }: CandidateCosts): void {
    this.positions[this.count] = position
    const at = this.count++ * CURVE_POINT_NUMBERS
    const value = values[position]
    this.buffer[at] = slots[position]
    this.buffer[at + 1] = Math.min(Math.max(value, -CURVE_POINT_VALUE_MAX), CURVE_POINT_VALUE_MAX)
    this.buffer[at + 2] = Math.min(expectedUsd[position], CURVE_POINT_COST_MAX_USD)
  }
}
