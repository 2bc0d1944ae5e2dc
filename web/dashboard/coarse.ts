import type { Bucket, ModelBucket } from '../../src/gateway/dashboard/shape.js'

/** With fewer requests a share says nothing. */
const REQUESTS_MIN = 20
/** Points that a line keeps. */
const POINTS_MIN = 12

const NOTHING_CAME = { requests: 0, failed: 0, refused: 0, shadowPrice: null, models: [] }

/** Buckets of one width, ms. */
export interface Coarse {
  readonly buckets: readonly Bucket[]
  readonly widthMs: number
}

/** Buckets joined until most of them have some requests, so that shares and means are of more than one. */
export function coarse(buckets: readonly Bucket[], widthMs: number): Coarse {
  const requests = buckets.reduce((sum, bucket) => sum + bucket.requests, 0)
  let found: Coarse = { buckets, widthMs }
  while (found.buckets.length / 2 >= POINTS_MIN && requests / found.buckets.length < REQUESTS_MIN) {
    const width = 2 * found.widthMs
    found = { buckets: joined(buckets, width), widthMs: width }
  }
  return found
}

/**
 * With the stretches of time in which nothing came, since a line between those before and after would count requests that there
 * were not.
 * @param until where the history ends, ms since 1970 UTC
 */
export function withEmpty({ buckets, widthMs }: Coarse, until: number): readonly Bucket[] {
  const filled: Bucket[] = []
  const fill = (upTo: number) => {
    for (let last = filled.at(-1); last !== undefined && last.at + widthMs <= upTo; last = filled.at(-1))
      filled.push({ ...last, ...NOTHING_CAME, at: last.at + widthMs })
  }
  for (const bucket of buckets) {
    fill(bucket.at - widthMs)
    filled.push(bucket)
  }
  fill(until)
  return filled
}

function joined(buckets: readonly Bucket[], widthMs: number): Bucket[] {
  const groups = new Map<number, Bucket[]>()
  for (const bucket of buckets) {
    const at = Math.floor(bucket.at / widthMs) * widthMs
    const group = groups.get(at)
    if (group === undefined) groups.set(at, [bucket])
    else group.push(bucket)
  }
  return [...groups].map(([at, group]) => join(at, group))
}

function join(at: number, group: readonly Bucket[]): Bucket {
  const sum = (value: (bucket: Bucket) => number) => group.reduce((total, bucket) => total + value(bucket), 0)
  const last = group[group.length - 1]
  const models = new Map<string, ModelBucket>()
  for (const bucket of group)
    for (const own of bucket.models) models.set(own.model, both(models.get(own.model), own))
  const requests = sum((bucket) => bucket.requests)
  const priced = group.filter(({ shadowPrice }) => shadowPrice !== null)
  const prices = priced.reduce((total, bucket) => total + bucket.requests, 0)
  return {
    at,
    requests,
    failed: sum(({ failed }) => failed),
    refused: sum(({ refused }) => refused),
    spendUsd: last.spendUsd,
    allowanceUsd: last.allowanceUsd,
    shadowPrice:
      prices === 0
        ? null
        : priced.reduce((total, bucket) => total + bucket.requests * (bucket.shadowPrice ?? 0), 0) / prices,
    models: [...models.values()],
  }
}

function both(a: ModelBucket | undefined, b: ModelBucket): ModelBucket {
  if (a === undefined) return b
  return {
    model: b.model,
    requests: a.requests + b.requests,
    rewards: a.rewards + b.rewards,
    rewardSum: a.rewardSum + b.rewardSum,
    latencies: a.latencies + b.latencies,
    latencySumMs: a.latencySumMs + b.latencySumMs,
    latencyMaxMs: Math.max(a.latencyMaxMs, b.latencyMaxMs),
  }
}
