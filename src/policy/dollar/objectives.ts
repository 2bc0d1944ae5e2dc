import { DRIFT_MAX, DRIFT_NUMBERS, DriftWatch } from '../../bandit/drift.js'
import { CURVE_POINT_NUMBERS } from '../../events/curve-point.js'
import type { EventOf } from '../../events/events.js'
import type { PendingView } from '../../state/policy-state.js'
import { DRIFT_LIMITS } from './drift/drift-limits.js'
import type { ObjectiveEvent } from './events.js'
import { LatencyObjective } from './latency/latency-objective.js'
import { PROFILE_NUMBERS } from './latency/latency-profile.js'
import { NO_USE, NO_VALUE, USE, VALUE } from './pending-columns.js'
import { QualityFloor } from './quality/quality-floor.js'
import type { LatencyStats, QualityStats } from './stats.js'
import { LEARNING_LATENCIES, LOG_LATENCY_VARIANCE } from './tuning.js'

const SLOT_NUMBERS = PROFILE_NUMBERS + DRIFT_NUMBERS

/** What an operator asks for besides a price: the latency objective, the quality floor, and what both must know. */
export class Objectives {
  readonly latency = new LatencyObjective()
  readonly quality = new QualityFloor()
  private readonly watch = new DriftWatch(LOG_LATENCY_VARIANCE, DRIFT_LIMITS)

  added(slot: number): void {
    this.latency.profiles.start(slot)
    this.watch.start(slot)
  }

  left(slot: number): void {
    this.latency.forget(slot)
  }

  administer(event: ObjectiveEvent, pending: PendingView): void {
    if (event.type === 'quality-set') this.quality.set(event.meanReward)
    else if (this.latency.set(event.limit)) pending.fillPolicyColumn(USE, NO_USE)
  }

  routed(event: EventOf<'routed'>, pending: PendingView, sequence: number): void {
    const { latency, quality } = this
    const { contenders, uses, latencyPrice, latencyUse } = event
    if (latency.limit === null && quality.meanReward === null) return
    latency.routed(contenders, uses, latencyUse, event.penaltyWeight, latencyPrice)
    let value = NO_VALUE
    const slot = pending.slot(sequence)
    for (let at = 0; at < contenders.length; at += CURVE_POINT_NUMBERS) {
      if (contenders[at] !== slot || event.forced) continue
      const dragged = uses.length === 0 ? 0 : latencyPrice * uses[at / CURVE_POINT_NUMBERS]
      value = contenders[at + 1] + dragged
      quality.routed(dragged)
    }
    pending.setPolicyColumn(sequence, USE, latencyUse)
    pending.setPolicyColumn(sequence, VALUE, value)
  }

  /**
   * A latency is known.
   * @param logPredicted ln(ms) as the latency head predicts it now
   * @param use that was predicted of the request
   * @returns 1 or -1 when the model has become slower or faster than it was, else 0
   */
  settled(
    slot: number,
    { latencyMs, logLatency }: EventOf<'settled'>,
    logPredicted: number,
    use: number,
    requests: number,
  ): -1 | 0 | 1 {
    if (latencyMs === null || logLatency === null) return 0
    const { latency, watch } = this
    const { profiles } = latency
    const residual = logLatency - logPredicted
    const strayed =
      profiles.count(slot) < LEARNING_LATENCIES ? 0 : watch.observe(slot, residual - profiles.level(slot))
    const recovered = profiles.observe(slot, residual)
    latency.settled(slot, latencyMs, use)
    if (recovered) this.watch.start(slot)
    else if (strayed !== 0) profiles.strayed(slot, requests)
    if (recovered || strayed !== 0) latency.changed()
    return recovered ? -1 : strayed
  }

  failed(pending: PendingView, sequence: number): void {
    this.latency.failed(pending.policyColumn(sequence, USE))
  }

  rewarded(reward: number, pending: PendingView, sequence: number): void {
    this.quality.rewarded(reward, pending.policyColumn(sequence, VALUE))
  }

  /** How the latency objective stands; null without one. */
  latencyStats(): LatencyStats | null {
    const { latency } = this
    const { limit, recentUse, recentCount } = latency
    if (limit === null) return null
    const { ms, percentile } = limit
    const share = percentile === null ? null : recentUse * (1 - percentile)
    return {
      limitMs: ms,
      percentile,
      recentMeanMs: percentile !== null || recentCount === 0 ? null : recentUse * ms,
      recentShareOver: recentCount === 0 ? null : share,
      shadowPrice: latency.price(),
      infeasible: latency.isMissed || latency.isOutOfReach,
    }
  }

  save(slots: readonly number[]): number[] {
    const rows = slots.flatMap((slot) => [...this.latency.profiles.row(slot), ...this.watch.row(slot)])
    return [...rows, ...this.latency.save(), ...this.quality.save()]
  }

  /**
   * Takes over what `save` gave, and whatever follows it.
   * @returns how many numbers were its own, or -1 when no objectives saved them
   */
  load(numbers: Float64Array, slots: readonly number[]): number {
    const rows = slots.length * SLOT_NUMBERS
    if (numbers.length < rows) return -1
    for (const [i, slot] of slots.entries()) {
      const profile = numbers.subarray(i * SLOT_NUMBERS, i * SLOT_NUMBERS + PROFILE_NUMBERS)
      const watch = numbers.subarray(i * SLOT_NUMBERS + PROFILE_NUMBERS, (i + 1) * SLOT_NUMBERS)
      if (!this.latency.profiles.accepts(profile)) return -1
      if (!watch.every((entry) => entry >= 0 && entry <= DRIFT_MAX)) return -1
      this.added(slot)
      this.latency.profiles.row(slot).set(profile)
      this.watch.row(slot).set(watch)
    }
    const latency = this.latency.load(numbers.subarray(rows), new Set(slots))
    const quality = latency < 0 ? -1 : this.quality.load(numbers.subarray(rows + latency))
    return quality < 0 ? -1 : rows + latency + quality
  }
}

/** How the floor stands. */
export function qualityStats(
  quality: QualityFloor,
  infeasible: boolean,
  usdPrice: number,
): QualityStats | null {
  const { meanReward, recentReward, recentCount } = quality
  if (meanReward === null) return null
  return {
    meanReward,
    recentMeanReward: recentCount === 0 ? null : recentReward,
    rewardPerUsd: usdPrice,
    infeasible,
  }
}
