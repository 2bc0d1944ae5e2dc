import { CURVE_POINT_NUMBERS, CURVE_POINT_VALUE_MAX, CURVE_POINTS_MAX } from '../../../events/curve-point.js'
import { DemandCurve } from '../demand/demand-curve.js'
import { NO_USE } from '../pending-columns.js'
import {
  LATENCY_HORIZON_OVER_REQUESTS,
  LATENCY_HORIZON_REQUESTS,
  LATENCY_MISSED_HORIZONS,
  LATENCY_PRICE_MAX,
  LATENCY_TARGET_MAX,
  LATENCY_USE_MAX,
  PERCENTILE_TARGET_MAX,
  RECENT_OBSERVATIONS,
  TARGET_MIN,
  TIGHTNESS,
  WINDOW_KEPT_REQUESTS,
  WINDOW_REQUESTS,
} from '../tuning.js'
import { allowedUse, type LatencyLimit } from './latency-limit.js'
import { LatencyProfiles } from './latency-profile.js'

/** No latency is predicted beyond e^30 ms, 340 years. */
const LOG_LATENCY_MAX = 30
const OWN_NUMBERS = ['debt', 'missedRequests', 'recentUse', 'recentCount'] as const

/**
 * A limit on latency: its mean, or the share of requests that take longer. A request's use of it, over the limit, is
 * latency / limit or, for a percentile p, 1 / (1 - p) when it took longer, else 0: on average it is to be 1 at most.
 *
 * The shadow price is the least at which the latest 256 requests, each going to the best of its contenders, would use no
 * more than a target on average (DemandCurve with uses for costs). The target is a little under 1, less
 * what was used too much, spread over a horizon: predictions feed forward and realised latencies correct them. A request in
 * flight counts as predicted, and stays counted so if its latency is never told.
 *
 * All but `predict` and `price` is part of the fold.
 */
export class LatencyObjective {
  limit: LatencyLimit | null = null
  readonly profiles = new LatencyProfiles()
  /** Uses less 0.985 of all requests so far, paid back over the horizon. */
  debt = 0
  /** Requests in a row that the debt has been high for. */
  missedRequests = 0
  /** Mean use of the latest requests with a latency; how many, 256 at most. */
  recentUse = 0
  recentCount = 0
  private demand = new DemandCurve(WINDOW_REQUESTS)
  private readonly scratch = new Float64Array(CURVE_POINTS_MAX * CURVE_POINT_NUMBERS)
  private allowed = 1
  private horizon = LATENCY_HORIZON_REQUESTS
  private targetMax = LATENCY_TARGET_MAX
  private logMs = 0

  /** Another limit, or none. The same one again changes nothing. @returns whether it is another */
  set(limit: LatencyLimit | null): boolean {
    if (limit?.ms === this.limit?.ms && limit?.percentile === this.limit?.percentile) return false
    this.adopt(limit)
    this.debt = this.missedRequests = this.recentUse = this.recentCount = 0
    this.demand = new DemandCurve(WINDOW_REQUESTS)
    this.profiles.forgetRatios()
    return true
  }

  /**
   * Use of a model, over the limit, before it is corrected by `correction`; for choosing only, as it takes an exponential.
   * Mean: exp(m + s^2 / 2) / limit; percentile: (1 - Phi((ln limit - m) / s)) / (1 - p), with m the predicted mean of
   * ln(ms) and s^2 the variance of its residuals. NO_USE for a model whose latency was never told.
   * @param logLatency what the latency head says; `level` what is to be added to it
   */
  predict(slot: number, logLatency: number, level = this.profiles.level(slot)): number {
    const { limit, profiles } = this
    if (limit === null || profiles.count(slot) === 0) return NO_USE
    const mean = logLatency + level
    const variance = profiles.variance(slot)
    if (limit.percentile !== null) return upperTail((this.logMs - mean) / Math.sqrt(variance)) / this.allowed
    const latencyMs = Math.exp(Math.min(mean + variance / 2, LOG_LATENCY_MAX))
    return Math.min(latencyMs / limit.ms, LATENCY_USE_MAX)
  }

  /** What realised uses of a model have been of the predicted ones. */
  correction(slot: number): number {
    return this.profiles.ratio(slot, 2 * this.horizon)
  }

  /** The most that a request can use. */
  get useMax(): number {
    return this.limit?.percentile == null ? LATENCY_USE_MAX : 1 / this.allowed
  }

  /** Reward that a limit's worth of latency must buy: 0 while latency is no constraint. */
  price(): number {
    if (this.limit === null) return 0
    const target = Math.min(Math.max(TIGHTNESS - this.debt / this.horizon, TARGET_MIN), this.targetMax)
    const price = this.demand.priceOfSpend(target * this.allowed, this.debt < 0) * this.allowed
    return Math.min(price, LATENCY_PRICE_MAX)
  }

  /** Whether the limit has been missed for so long that no price will meet it. */
  get isMissed(): boolean {
    return this.missedRequests >= this.horizon
  }

  /** Whether even the fastest contenders of the latest requests are over the limit on average. */
  get isOutOfReach(): boolean {
    return this.limit !== null && this.demand.leastCostUsd > this.allowed
  }

  /**
   * A request was routed.
   * @param contenders slot, value net of latency, cost; `uses` of each, over the limit
   * @param predictedUse of the chosen one, uncorrected, or NO_USE
   * @param usdPrice, latencyPrice those of the decision
   */
  routed(
    contenders: Float64Array,
    uses: Float64Array,
    predictedUse: number,
    usdPrice: number,
    latencyPrice: number,
  ): void {
    if (this.limit === null || uses.length * CURVE_POINT_NUMBERS !== contenders.length) return
    const { scratch } = this
    for (let i = 0, at = 0; i < uses.length; i++, at += CURVE_POINT_NUMBERS) {
      const value = contenders[at + 1] - usdPrice * contenders[at + 2] + latencyPrice * uses[i]
      scratch[at] = contenders[at]
      scratch[at + 1] = Math.min(Math.max(value, -CURVE_POINT_VALUE_MAX), CURVE_POINT_VALUE_MAX)
      scratch[at + 2] = uses[i] * this.allowed
    }
    this.demand.add(scratch.subarray(0, contenders.length))
    if (predictedUse === NO_USE) return
    this.owe(predictedUse - TIGHTNESS)
    this.missedRequests = this.debt >= LATENCY_MISSED_HORIZONS * this.horizon ? this.missedRequests + 1 : 0
  }

  /** A request's latency is known. @param predictedUse as in `routed` */
  settled(slot: number, latencyMs: number, predictedUse: number): void {
    const { limit } = this
    if (limit === null) return
    const over =
      limit.percentile === null ? latencyMs / limit.ms : latencyMs > limit.ms ? 1 / this.allowed : 0
    this.recentCount = Math.min(this.recentCount + 1, RECENT_OBSERVATIONS)
    this.recentUse += (over - this.recentUse) / this.recentCount
    if (predictedUse === NO_USE) return
    const use = Math.min(over, this.useMax)
    this.owe(use - predictedUse)
    this.profiles.compare(slot, use, predictedUse, 2 * this.horizon)
  }

  /** A failed request does not count. */
  failed(predictedUse: number): void {
    if (this.limit !== null && predictedUse !== NO_USE) this.owe(TIGHTNESS - predictedUse)
  }

  /** A model's latency is no longer what it was: what the window holds of it is wrong. */
  changed(): void {
    this.demand.keepLatest(WINDOW_KEPT_REQUESTS)
  }

  /** As `DemandCurve.changeValues`. */
  changeValues(change: (value: number) => number): void {
    this.demand.changeValues(change)
  }

  /** The model in a slot can no longer be chosen. */
  forget(slot: number): void {
    this.demand.forget(slot)
  }

  /** As numbers, for a snapshot; the profiles' rows are not among them. */
  save(): number[] {
    const window = this.demand.save()
    const { ms, percentile } = this.limit ?? { ms: 0, percentile: null }
    return [ms, percentile ?? 0, ...OWN_NUMBERS.map((name) => this[name]), window.length, ...window]
  }

  /**
   * Takes over what `save` gave, and whatever follows it.
   * @returns how many numbers were its own, or -1 when no objective saved them
   */
  load(numbers: Float64Array, slots: ReadonlySet<number>): number {
    const [ms, percentile, ...rest] = numbers.subarray(0, 3 + OWN_NUMBERS.length)
    const length = rest[OWN_NUMBERS.length]
    const start = 3 + OWN_NUMBERS.length
    if (!(ms >= 0) || !(percentile >= 0 && percentile < 1) || !Number.isSafeInteger(length)) return -1
    if (length < 0 || !rest.every(Number.isFinite) || rest.slice(1).some((entry) => entry < 0)) return -1
    const window = numbers.subarray(start, start + length)
    if (window.length !== length || !this.demand.accepts(window, slots)) return -1
    this.adopt(ms === 0 ? null : { ms, percentile: percentile === 0 ? null : percentile })
    OWN_NUMBERS.forEach((name, i) => {
      this[name] = rest[i]
    })
    this.demand.load(window)
    return start + length
  }

  private adopt(limit: LatencyLimit | null): void {
    this.limit = limit
    this.allowed = limit === null ? 1 : allowedUse(limit)
    this.horizon =
      LATENCY_HORIZON_REQUESTS +
      (limit?.percentile == null ? 0 : LATENCY_HORIZON_OVER_REQUESTS / this.allowed)
    this.targetMax = limit?.percentile == null ? LATENCY_TARGET_MAX : PERCENTILE_TARGET_MAX
    this.logMs = Math.log(limit?.ms ?? 1)
  }

  private owe(uses: number): void {
    const { horizon } = this
    this.debt = Math.min(
      Math.max(this.debt + uses, (1 - this.targetMax) * horizon),
      (1 - TARGET_MIN) * horizon,
    )
  }
}

/** 1 - Phi(z), within 1.5e-7. Abramowitz & Stegun, 7.1.26. */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(z) * Math.SQRT1_2)
  const polynomial =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const tail = 0.5 * polynomial * Math.exp((-z * z) / 2)
  return z >= 0 ? tail : 1 - tail
}
