import type { RouterEvent, RouterStats } from '../../index.js'
import { Bookings } from './bookings.js'
import { modelIn, type OpenBucket, type Ring } from './history.js'
import { Latest, type ShownEvent } from './latest.js'
import { markOf } from './marks.js'
import type { Estimate, Mark } from './shape.js'

const MARKS_MAX = 500
/** Models whose rewards are summed. */
const MODELS_MAX = 10_000
/** With fewer rewards a mean has no interval. */
const REWARDS_MIN = 2
const NORMAL_95 = 1.96

type Routed = Extract<RouterEvent, { type: 'routed' }>
type PenaltyUnit = RouterStats['pacer']['penaltyUnit']

interface Moments {
  count: number
  sum: number
  squares: number
}

/**
 * The bounded history of a router, folded from its events: buckets of time, what stands on the time line, the latest decisions.
 * The same for a gateway, which hears them as they happen, and for a log that is read.
 */
export class Collector {
  readonly latest = new Latest()
  private readonly bookings = new Bookings()
  readonly rings: readonly Ring[]
  private readonly moments = new Map<string, Moments>()
  private marks: Mark[] = []
  private markCount = 0
  /** Counts events that changed something here. */
  changes = 0
  /** Of the events seen, USD. */
  spendUsd = 0
  allowanceUsd = 0
  /** What operators credited to the account of all, USD. */
  creditedUsd = 0
  /** Time of the first event; null before it. */
  since: number | null = null
  private readonly penaltyUnit: PenaltyUnit
  private readonly kept: (event: Routed) => ShownEvent
  private ceilingUsd: number
  private largestUsd: number

  /**
   * @param ceilingUsd the budget in force when it begins, USD per request; 0: none
   * @param penaltyUnit of the router's stats
   * @param kept what is kept of the event of a decision. Default: all of it
   */
  constructor(
    rings: readonly Ring[],
    ceilingUsd: number,
    penaltyUnit: PenaltyUnit,
    kept: (event: Routed) => ShownEvent = (event) => event,
  ) {
    this.rings = rings
    this.kept = kept
    this.penaltyUnit = penaltyUnit
    this.ceilingUsd = ceilingUsd
    this.largestUsd = ceilingUsd
  }

  /** The largest ceiling that it has seen, USD per request. */
  get largestCeilingUsd(): number {
    return this.largestUsd
  }

  /** Counts how often the buckets of its history became others. */
  get restarts(): number {
    return this.rings.reduce((sum, { restarts }) => sum + restarts, 0)
  }

  take(event: RouterEvent): void {
    this.changes++
    this.since ??= event.at
    const mark = this.isLateBill(event) ? null : markOf(event, this.markCount + 1)
    if (mark !== null) this.mark(mark)
    switch (event.type) {
      case 'routed':
        this.routed(event)
        break
      case 'settled':
        this.settled(event)
        break
      case 'rewarded':
        this.rewarded(event)
        break
      case 'failed':
      case 'cancelled':
        this.broken(event)
        break
      case 'expired':
        this.expired(event)
        break
      case 'billed':
        this.book(event.id, event.costUsd, event.at)
        break
      case 'refused':
        this.refused(event)
        break
      case 'capped':
        this.countRefused(event)
        break
      case 'account-adjusted':
        if (event.tenant === null) this.creditedUsd += Math.max(0, event.usd)
        break
      case 'budget-set':
        if (event.tenant !== null) break
        this.ceilingUsd = event.usdPerRequest ?? 0
        this.largestUsd = Math.max(this.largestUsd, this.ceilingUsd)
    }
  }

  marksSince(change: number): readonly Mark[] {
    return change === 0 ? this.marks : this.marks.filter(({ number }) => number > change)
  }

  get lastMark(): number {
    return this.markCount
  }

  /** Rewards of a model that were seen: their number, and the mean with its interval of 95 %; null: too few. */
  rewardsOf(model: string): { readonly count: number; readonly estimate: Estimate | null } {
    const { count, sum, squares } = this.moments.get(model) ?? { count: 0, sum: 0, squares: 0 }
    if (count < REWARDS_MIN) return { count, estimate: null }
    const mean = sum / count
    const variance = Math.max(0, (squares - count * mean * mean) / (count - 1))
    const half = NORMAL_95 * Math.sqrt(variance / count)
    return { count, estimate: { mean, low: mean - half, high: mean + half } }
  }

  /** Of a request that is known to have ended without one: nobody corrected it. */
  private isLateBill(event: RouterEvent): boolean {
    if (event.type !== 'billed') return false
    const outcome = this.latest.decision(event.id)?.outcome ?? 'settled'
    return outcome !== 'settled'
  }

  private mark(mark: Mark): void {
    this.markCount++
    this.marks.push(mark)
    if (this.marks.length > MARKS_MAX) this.marks = this.marks.slice(-MARKS_MAX)
  }

  private routed(event: Routed): void {
    this.allowanceUsd += this.ceilingUsd
    const price = this.shadowPriceOf(event.penaltyWeight)
    this.latest.routed(this.kept(event), price, this.changes)
    this.bookings.routed(event.id, event.reservedUsd, this.ceilingUsd)
    for (const ring of this.rings) {
      const bucket = this.bucketIn(ring, event.at)
      if (bucket === null) continue
      bucket.requests++
      modelIn(bucket, event.model).requests++
      if (price === null) continue
      bucket.priceSum += price
      bucket.prices++
    }
  }

  /** In the unit of the router's stats: reward for a budget's worth of dollars. Null: no budget is in force. */
  private shadowPriceOf(penaltyWeight: number): number | null {
    if (this.ceilingUsd === 0) return null
    return this.penaltyUnit === 'usd' ? penaltyWeight * this.ceilingUsd : penaltyWeight
  }

  private settled({ id, model, costUsd, latencyMs, at }: Extract<RouterEvent, { type: 'settled' }>): void {
    const decision = this.latest.decision(id)
    if (decision !== null) {
      decision.latencyMs = latencyMs
      decision.outcome = 'settled'
    }
    this.book(id, costUsd, at)
    if (latencyMs === null) return
    for (const ring of this.rings) {
      const bucket = this.bucketIn(ring, at)
      if (bucket === null) continue
      const own = modelIn(bucket, model)
      own.latencies++
      own.latencySumMs += latencyMs
      own.latencyMaxMs = Math.max(own.latencyMaxMs, latencyMs)
    }
  }

  private rewarded({ id, model, reward, at }: Extract<RouterEvent, { type: 'rewarded' }>): void {
    const decision = this.latest.decision(id)
    if (decision !== null) {
      decision.reward = reward
      decision.changed = this.changes
    }
    const known = this.moments.get(model)
    if (known !== undefined || this.moments.size < MODELS_MAX) {
      const moments = known ?? { count: 0, sum: 0, squares: 0 }
      moments.count++
      moments.sum += reward
      moments.squares += reward * reward
      this.moments.set(model, moments)
    }
    for (const ring of this.rings) {
      const bucket = this.bucketIn(ring, at)
      if (bucket === null) continue
      const own = modelIn(bucket, model)
      own.rewards++
      own.rewardSum += reward
    }
  }

  private broken({ type, id, costUsd, at }: Extract<RouterEvent, { type: 'failed' | 'cancelled' }>): void {
    const decision = this.latest.decision(id)
    if (decision !== null) decision.outcome = type
    if (type === 'failed') this.allowanceUsd -= this.bookings.ceilingUsd(id) ?? 0
    this.book(id, costUsd, at)
    if (type === 'cancelled') return
    for (const ring of this.rings) {
      const bucket = this.bucketIn(ring, at)
      if (bucket !== null) bucket.failed++
    }
  }

  private expired({ id, at }: Extract<RouterEvent, { type: 'expired' }>): void {
    const decision = this.latest.decision(id)
    if (decision !== null && decision.outcome === 'waiting') decision.outcome = 'expired'
    const reservedUsd = this.bookings.reservedUsd(id)
    if (reservedUsd !== null) this.book(id, reservedUsd, at)
  }

  private refused(event: Extract<RouterEvent, { type: 'refused' }>): void {
    if (event.tenant === null) this.allowanceUsd += event.requests * this.ceilingUsd
    this.countRefused(event)
  }

  private countRefused({ requests, at }: Extract<RouterEvent, { type: 'refused' | 'capped' }>): void {
    for (const ring of this.rings) {
      const bucket = this.bucketIn(ring, at)
      if (bucket !== null) bucket.refused += requests
    }
  }

  /** What is booked of a request so far gives way to this. */
  private book(id: string, costUsd: number, at: number): void {
    const decision = this.latest.decision(id)
    if (decision !== null) {
      decision.costUsd = costUsd
      decision.changed = this.changes
    }
    this.spendUsd += this.bookings.book(id, costUsd)
    for (const ring of this.rings) this.bucketIn(ring, at)
  }

  /** The bucket of a time, with what is spent and allowed by now; null: it is older than all that are kept. */
  private bucketIn(ring: Ring, at: number): OpenBucket | null {
    const bucket = ring.at(at, this.changes)
    if (bucket === null) return null
    bucket.spendUsd = this.spendUsd
    bucket.allowanceUsd = this.allowanceUsd
    return bucket
  }
}
