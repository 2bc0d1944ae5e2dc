import type { Bucket, HistoryRing, ModelBucket } from './shape.js'

/** Models that are told apart in a history; the others are one together. */
const MODELS_MAX = 40
export const OTHER_MODELS = '(others)'

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

/** Buckets of one width in a ring: the oldest is forgotten when a new one needs its place. */
export class Ring {
  readonly name: string
  readonly widthMs: number
  private readonly capacity: number
  private readonly buckets = new Map<number, OpenBucket>()
  private latestAt = Number.NEGATIVE_INFINITY
  /** The bucket that was asked for last, which is nearly always asked for next. */
  private last: OpenBucket | null = null

  /** @param capacity buckets that are kept */
  constructor(name: string, widthMs: number, capacity: number) {
    this.name = name
    this.widthMs = widthMs
    this.capacity = capacity
  }

  /** The bucket of a time; null for one that is older than all that is kept. */
  at(time: number, change: number): OpenBucket | null {
    const at = Math.floor(time / this.widthMs) * this.widthMs
    const known = this.last?.at === at ? this.last : this.buckets.get(at)
    if (known !== undefined) {
      known.changed = change
      this.last = known
      return known
    }
    if (at <= this.latestAt - this.capacity * this.widthMs) return null
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
    if (at > this.latestAt) {
      this.latestAt = at
      this.forget(at - this.capacity * this.widthMs)
    }
    return bucket
  }

  private forget(upTo: number): void {
    for (const at of this.buckets.keys()) {
      if (at > upTo && this.buckets.size <= this.capacity) return
      if (at <= upTo || this.buckets.size > this.capacity) this.buckets.delete(at)
    }
  }

  /** @param shift of dollars: what was spent and allowed before the history began */
  read(since: number, shift: { readonly spendUsd: number; readonly allowanceUsd: number }): HistoryRing {
    const changed = [...this.buckets.values()].filter((bucket) => bucket.changed > since)
    changed.sort((a, b) => a.at - b.at)
    return {
      name: this.name,
      widthMs: this.widthMs,
      buckets: changed.map((bucket) => shown(bucket, shift)),
    }
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
