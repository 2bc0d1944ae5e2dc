import type { Bucket, HistoryRing, ModelBucket } from './shape.js'

/** Models that are told apart in a history; the others are one together. */
const MODELS_MAX = 40
export const OTHER_MODELS = '(others)'
/** Where this many events in a row are older than all that is kept, the clock had run ahead and has been set back. */
const LATE_IN_A_ROW = 20

interface OwnModelBucket {
  requests: number
  rewards: number
  rewardSum: number
  latencies: number
  latencySumMs: number
  latencyMaxMs: number
}

/** A bucket while it fills. */
export interface OpenBucket {
  readonly at: number
  requests: number
  failed: number
  refused: number
  spendUsd: number
  allowanceUsd: number
  priceSum: number
  prices: number
  readonly models: Map<string, OwnModelBucket>
  /** Number of the latest change of it. */
  changed: number
}

/** Buckets of one width in a ring: the oldest is forgotten when a new one needs its place, or all become twice as wide. */
export class Ring {
  readonly name: string
  private readonly capacity: number
  private readonly isWhole: boolean
  private readonly buckets = new Map<number, OpenBucket>()
  private width: number
  private firstAt = Number.POSITIVE_INFINITY
  private latestAt = Number.NEGATIVE_INFINITY
  /** The bucket that was asked for last, which is nearly always asked for next. */
  private last: OpenBucket | null = null
  private lateInARow = 0
  /** Counts how often all its buckets became others: wider ones, or those of a clock that was set back. */
  restarts = 0

  /**
   * @param capacity buckets that are kept
   * @param isWhole whether nothing is forgotten: where buckets would be more than that they become twice as wide
   */
  constructor(name: string, widthMs: number, capacity: number, isWhole = false) {
    this.name = name
    this.width = widthMs
    this.capacity = capacity
    this.isWhole = isWhole
  }

  get widthMs(): number {
    return this.width
  }

  /** The bucket of a time; null for one that is older than all that is kept. */
  at(time: number, change: number): OpenBucket | null {
    if (this.isWhole) this.makeRoom(time)
    const at = this.beginOf(time)
    if (this.isTooOld(at)) return null
    const known = this.last?.at === at ? this.last : this.buckets.get(at)
    if (known !== undefined) {
      known.changed = change
      this.last = known
      return known
    }
    const bucket: OpenBucket = {
      at,
      requests: 0,
      failed: 0,
      refused: 0,
      spendUsd: 0,
      allowanceUsd: 0,
      priceSum: 0,
      prices: 0,
      models: new Map(),
      changed: change,
    }
    this.buckets.set(at, bucket)
    this.last = bucket
    this.firstAt = Math.min(this.firstAt, at)
    if (at > this.latestAt) {
      this.latestAt = at
      if (!this.isWhole) this.forget(at - this.capacity * this.widthMs)
    }
    return bucket
  }

  private beginOf(time: number): number {
    return Math.floor(time / this.width) * this.width
  }

  private makeRoom(time: number): void {
    const [first, last] = [Math.min(this.firstAt, time), Math.max(this.latestAt, time)]
    while (this.beginOf(last) - this.beginOf(first) >= this.capacity * this.width) this.widen()
  }

  private widen(): void {
    this.width *= 2
    const narrow = [...this.buckets.values()].sort((a, b) => a.at - b.at)
    this.buckets.clear()
    this.last = null
    this.restarts++
    for (const each of narrow) {
      const at = this.beginOf(each.at)
      const before = this.buckets.get(at)
      this.buckets.set(at, before === undefined ? { ...each, at } : joined(before, each))
    }
    if (narrow.length === 0) return
    this.firstAt = this.beginOf(narrow[0].at)
    this.latestAt = this.beginOf(narrow[narrow.length - 1].at)
  }

  private isTooOld(at: number): boolean {
    if (this.isWhole) return false
    const isLate = at <= this.latestAt - this.capacity * this.widthMs
    this.lateInARow = isLate ? this.lateInARow + 1 : 0
    if (this.lateInARow < LATE_IN_A_ROW) return isLate
    this.buckets.clear()
    this.last = null
    this.latestAt = Number.NEGATIVE_INFINITY
    this.lateInARow = 0
    this.restarts++
    return false
  }

  private forget(upTo: number): void {
    for (const at of this.buckets.keys()) {
      if (at > upTo && this.buckets.size <= this.capacity) return
      if (at <= upTo || this.buckets.size > this.capacity) this.buckets.delete(at)
    }
  }

  /**
   * @param shift of dollars: what was spent and allowed before the history began
   * @param now where it ends, ms since 1970 UTC; default: with the latest event
   */
  read(
    since: number,
    shift: { readonly spendUsd: number; readonly allowanceUsd: number },
    now = this.latestAt,
  ): HistoryRing {
    const from = this.isWhole ? this.firstAt : this.beginOf(now) - (this.capacity - 1) * this.width
    const changed = [...this.buckets.values()].filter((bucket) => bucket.changed > since && bucket.at >= from)
    changed.sort((a, b) => a.at - b.at)
    return {
      name: this.name,
      widthMs: this.widthMs,
      // Before the first event there is no time yet.
      from: Number.isFinite(from) ? from : 0,
      buckets: changed.map((bucket) => shown(bucket, shift)),
    }
  }
}

/** Of two buckets, the earlier one first. */
function joined(a: OpenBucket, b: OpenBucket): OpenBucket {
  for (const [model, own] of b.models) {
    const sum = modelIn(a, model)
    sum.requests += own.requests
    sum.rewards += own.rewards
    sum.rewardSum += own.rewardSum
    sum.latencies += own.latencies
    sum.latencySumMs += own.latencySumMs
    sum.latencyMaxMs = Math.max(sum.latencyMaxMs, own.latencyMaxMs)
  }
  return {
    at: a.at,
    models: a.models,
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    refused: a.refused + b.refused,
    spendUsd: b.spendUsd,
    allowanceUsd: b.allowanceUsd,
    priceSum: a.priceSum + b.priceSum,
    prices: a.prices + b.prices,
    changed: Math.max(a.changed, b.changed),
  }
}

export function modelIn({ models }: OpenBucket, model: string): OwnModelBucket {
  const id = models.size < MODELS_MAX || models.has(model) ? model : OTHER_MODELS
  let own = models.get(id)
  if (own === undefined) {
    own = { requests: 0, rewards: 0, rewardSum: 0, latencies: 0, latencySumMs: 0, latencyMaxMs: 0 }
    models.set(id, own)
  }
  return own
}

function shown(
  { at, requests, failed, refused, spendUsd, allowanceUsd, priceSum, prices, models }: OpenBucket,
  shift: { readonly spendUsd: number; readonly allowanceUsd: number },
): Bucket {
  return {
    at,
    requests,
    failed,
    refused,
    spendUsd: spendUsd + shift.spendUsd,
    allowanceUsd: allowanceUsd + shift.allowanceUsd,
    shadowPrice: prices === 0 ? null : priceSum / prices,
    models: [...models].map(([model, own]): ModelBucket => ({ model, ...own })),
  }
}
