import { type CostRecord, expectedCostUsd, type FreeRecord, freeCostUsd } from './cost-estimate.js'

/**
 * What is known of a model may shut it out of requests: its latencies under `maxLatencyMs`, its costs under `maxCostUsd`
 * or an account. Then nothing more would be learned of it, so now and then it is let in to be tried. A try is a
 * request, paid for like any other; one that finds nothing better makes the next one wait twice as long.
 */

/** Requests without one of its own after which a model may be tried, at first and at most. */
const PAUSE_REQUESTS = 25
const PAUSE_REQUESTS_MAX = 2000
/** Time without, where no model is left to take requests: then none are counted. */
const PAUSE_MS = 10_000
const PAUSE_MS_MAX = 900_000
/** Latencies that the mean of late stands on, at most. */
const LATENCIES_MAX = 32
/** What was known counts for so many observations once a try was made. */
const KEPT_OBSERVATIONS = 0.5
/** A try that finds less than this share of what was known has found something better. */
const BETTER_SHARE = 0.75
/** Costs of late that are so many times the usual ones say more of mistakes than of the model. */
const DOUBTFUL_RATIO = 5
/** What a bill moves the usual ratio by: less, the more bills there were. */
const USUAL_STEP_MIN = 0.05
const USUAL_RATIO_MIN = 1e-3
const USUAL_RATIO_MAX = 1e3

/** Part of a model's counters. */
export interface Tries extends CostRecord, FreeRecord {
  settled: number
  /** Tries in a row that found nothing better. */
  costTries: number
  latencyTries: number
  /** When its latest request was routed. */
  routedAt: number
  /** Mean of its latencies of late, and how many it stands on. */
  recentLatencyMs: number
  recentLatencies: number
  /** Near the median of what bills are of list costs: no single bill moves it far. 0 before the first. */
  usualCostRatio: number
}

export const TRY_NUMBERS = [
  'costTries',
  'latencyTries',
  'routedAt',
  'recentLatencyMs',
  'recentLatencies',
  'usualCostRatio',
] as const satisfies readonly (keyof Tries)[]

/** Whether a model that has had no request for `idle` others may be tried. @param tries in a row so far */
export function isTryDue(tries: number, idle: number): boolean {
  return idle >= doubled(PAUSE_REQUESTS, tries, PAUSE_REQUESTS_MAX)
}

/** The same where no model may take the request, by time. */
export function isTryDueAt(tries: number, routedAt: number, at: number): boolean {
  return at - routedAt >= doubled(PAUSE_MS, tries, PAUSE_MS_MAX)
}

/** What a try is expected to cost: the least of what list price, most bills and all bills say. */
export function triedCostUsd(model: Tries, listCostUsd: number): number {
  const usual = model.usualCostRatio === 0 ? 1 : Math.min(model.usualCostRatio, 1)
  return Math.min(listCostUsd * usual, expectedCostUsd(model, listCostUsd))
}

/** What costs of late are to be multiplied by to be what most bills say, where they are far above it; else 1. */
export function doubtOfCosts({ usualCostRatio, realisedUsd, assumedUsd }: Tries): number {
  const usualUsd = usualCostRatio * assumedUsd
  return usualUsd > 0 && realisedUsd > DOUBTFUL_RATIO * usualUsd ? usualUsd / realisedUsd : 1
}

/** A request was routed to the model: as a try of its costs or its latency, or for what is known of it. */
export function countTries(model: Tries, at: number, triesCost: boolean, triesLatency: boolean): void {
  model.routedAt = at
  if (triesCost) model.costTries++
  if (triesLatency) model.latencyTries++
  if (!triesCost && !triesLatency) model.costTries = model.latencyTries = 0
}

/** A latency is known. */
export function recordLatency(model: Tries, latencyMs: number): void {
  if (model.latencyTries > 0) {
    model.recentLatencies = Math.min(model.recentLatencies, KEPT_OBSERVATIONS)
    if (latencyMs < BETTER_SHARE * model.recentLatencyMs) model.latencyTries = 0
  }
  model.recentLatencies = Math.min(model.recentLatencies + 1, LATENCIES_MAX)
  model.recentLatencyMs += (latencyMs - model.recentLatencyMs) / model.recentLatencies
}

/** What a snapshot of before `recentLatencyMs` was kept says of it. */
export function recentOfAll(latencySumMs: number, latencyCount: number): [meanMs: number, count: number] {
  return latencyCount > 0 ? [latencySumMs / latencyCount, Math.min(latencyCount, LATENCIES_MAX)] : [0, 0]
}

/** A bill is known, before `recordCost`. */
export function recordTry(model: Tries, costUsd: number, listCostUsd: number): void {
  if (listCostUsd <= 0) return
  if (model.costTries > 0 && model.assumedUsd > 0) {
    if (costUsd < BETTER_SHARE * expectedCostUsd(model, listCostUsd)) model.costTries = 0
    const kept = Math.min((KEPT_OBSERVATIONS * listCostUsd) / model.assumedUsd, 1)
    model.realisedUsd *= kept
    model.assumedUsd *= kept
    model.predictedUsd *= kept
  }
  const step = 1 + Math.max(USUAL_STEP_MIN, 1 / (model.settled + 2))
  const usual = model.usualCostRatio === 0 ? 1 : model.usualCostRatio
  const moved = costUsd > usual * listCostUsd ? usual * step : usual / step
  model.usualCostRatio = Math.min(Math.max(moved, USUAL_RATIO_MIN), USUAL_RATIO_MAX)
}

/** The same of a model whose list price is 0, before `recordFreeCost`. */
export function recordFreeTry(model: Tries, costUsd: number): void {
  if (model.costTries === 0 || model.freeSettled === 0) return
  if (costUsd < BETTER_SHARE * freeCostUsd(model)) model.costTries = 0
  const kept = Math.min(KEPT_OBSERVATIONS / model.freeSettled, 1)
  model.freeUsd *= kept
  model.freeSettled *= kept
}

function doubled(first: number, times: number, most: number): number {
  let pause = first
  for (let i = 0; i < times && pause < most; i++) pause *= 2
  return Math.min(pause, most)
}
