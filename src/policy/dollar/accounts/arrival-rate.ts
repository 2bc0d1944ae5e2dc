import { ARRIVAL_COLD_SHARE, ARRIVAL_MEMORY_SHARE } from '../tuning.js'

/** No gap counts for more periods than this; keeps differences of wild times finite. */
const GAP_PERIODS_MAX = 64

export const ARRIVAL_NUMBERS = 4

/**
 * How often requests come: their number over the time they took, both decayed by 1 / (1 + gap / memory) at each gap.
 * At a steady gap g the sums settle at memory / g requests in `memory` ms, so their ratio is 1 / g without bias, and
 * requests at the same instant count as that number of requests, never as an infinite rate: `spanMs` stays within
 * [cold, memory], both above 0.
 */
export class ArrivalRate {
  /** Requests ever seen. */
  seen = 0
  private lastAt = 0
  private arrivals = 0
  private spanMs: number
  private readonly periodMs: number

  constructor(periodMs: number) {
    this.periodMs = periodMs
    this.spanMs = periodMs * ARRIVAL_COLD_SHARE
  }

  /** A request came, or several at once. */
  arrive(at: number, requests = 1): void {
    if (requests === 0) return
    const isFirst = this.seen === 0
    this.seen += requests
    if (isFirst) {
      this.lastAt = at
      this.arrivals += requests - 1
      return
    }
    const gapMs = this.gapMs(at)
    const memoryMs = this.periodMs * ARRIVAL_MEMORY_SHARE
    const kept = 1 / (1 + gapMs / memoryMs)
    this.arrivals = (this.arrivals + 1) * kept + (requests - 1)
    this.spanMs = Math.min(memoryMs, (this.spanMs + gapMs) * kept)
    // Clocks of several machines differ a little and are taken as one; a clock that was put back starts over.
    if (at > this.lastAt || this.lastAt - at > this.periodMs * ARRIVAL_COLD_SHARE) this.lastAt = at
  }

  /** Requests per millisecond to be expected from now on; finite and >= 0, and 0 until two have come. */
  perMs(at: number): number {
    return this.arrivals / (this.spanMs + (this.seen === 0 ? 0 : this.gapMs(at)))
  }

  /** ARRIVAL_NUMBERS numbers, for `load`. */
  save(): number[] {
    return [this.seen, this.lastAt, this.arrivals, this.spanMs]
  }

  /** False when `save` cannot have made these numbers; nothing changes then. */
  load([seen, lastAt, arrivals, spanMs]: readonly number[]): boolean {
    const memoryMs = this.periodMs * ARRIVAL_MEMORY_SHARE
    if (!Number.isSafeInteger(seen) || seen < 0 || !Number.isFinite(lastAt)) return false
    if (!(arrivals >= 0 && arrivals <= seen)) return false
    if (!(spanMs >= this.periodMs * ARRIVAL_COLD_SHARE * (1 - 1e-9) && spanMs <= memoryMs)) return false
    this.seen = seen
    this.lastAt = lastAt
    this.arrivals = arrivals
    this.spanMs = spanMs
    return true
  }

  private gapMs(at: number): number {
    return Math.min(Math.max(0, at - this.lastAt), this.periodMs * GAP_PERIODS_MAX)
  }
}
