import { doubled } from '../base/doubled.js'
import { type CostRecord, expectedCostUsd, type FreeRecord, freeCostUsd } from './cost-estimate.js'
import { countBeyond, keepLatest, type LatestOutcomes } from './latest-outcomes.js'
import {
  LATEST_OUTCOMES,
  TRY_AGE_REQUESTS,
  TRY_AGE_REQUESTS_UNBILLED,
  TRY_BELOW_LIST_MAX,
  TRY_DOUBTFUL_RATIO,
  TRY_FEW_OUTCOMES,
  TRY_FREE_AGE_MAX,
  TRY_FREE_MISTAKE_COUNTED,
  TRY_FREE_MISTAKE_RATIO,
  TRY_HOPEFUL_RATIO_MAX,
  TRY_KEPT_LIMITS,
  TRY_KEPT_OBSERVATIONS,
  TRY_LATENCIES_MAX,
  TRY_PACE_MS_MAX,
  TRY_PACE_REQUESTS_MAX,
  TRY_PAUSE_MS,
  TRY_PAUSE_MS_MAX,
  TRY_PAUSE_REQUESTS,
  TRY_PAUSE_REQUESTS_MAX,
  TRY_ROUND,
  TRY_SLOW_PAUSE_REQUESTS_MAX,
  TRY_SURE_OBSERVATIONS,
  TRY_USUAL_FREE_MIN_USD,
  TRY_USUAL_FREE_STEP,
  TRY_USUAL_RATIO_MAX,
  TRY_USUAL_RATIO_MIN,
  TRY_USUAL_STEP_MIN,
} from './tuning.js'

/**
 * What is known of a model may shut it out of requests: its latencies under `maxLatencyMs`, its costs under `maxCostUsd`
 * or an account. Then nothing more would be learned of it, so now and then it is let in to be tried. A try is a
 * request, paid for like any other. A few in a row that are within the limit let the model in again. While no more than a
 * few of its latest calls, and of its tries, went wrong each try comes after the same pause; after that the pause doubles.
 */

/** Part of a model's counters. */
export interface Tries extends CostRecord, FreeRecord {
  settled: number
  /** Tries since its costs, or its latencies, were last known to be within the limit of such a try. */
  costTries: number
  latencyTries: number
  /** Those in a row that were within the limit. */
  costHopes: number
  latencyHopes: number
  /** The limit that the latest of them was to be within. */
  costLimitUsd: number
  latencyLimitMs: number
  /** When the latest of both was routed, and as which request. */
  triedAt: number
  triedRequest: number
  /** When its latest request was routed. */
  routedAt: number
  /** Mean of its recent latencies, and how many it stands on. */
  recentLatencyMs: number
  recentLatencies: number
  /** Near the median of what bills are of list costs: no single bill moves it far. 0 before the first. */
  usualCostRatio: number
  /** The same of a model without a price, in dollars. */
  usualFreeUsd: number
  /** Its latest calls, tries and others. */
  readonly latest: LatestOutcomes
}

export const TRY_NUMBERS = [
  'costTries',
  'latencyTries',
  'costHopes',
  'latencyHopes',
  'costLimitUsd',
  'latencyLimitMs',
  'triedAt',
  'triedRequest',
  'routedAt',
  'recentLatencyMs',
  'recentLatencies',
  'usualCostRatio',
  'usualFreeUsd',
] as const satisfies readonly (keyof Tries)[]

/** How long a model waits for a try. */
export interface TryPause {
  /** Tries since one was within its limit. */
  readonly failures: number
  /** How many times the pause has doubled, and how many requests to others it lasts. */
  readonly doublings: number
  readonly requests: number
}

/** Before the first try, and after one that was within the limit. */
export const FIRST_PAUSE: TryPause = { failures: 0, doublings: 0, requests: TRY_PAUSE_REQUESTS }

/** The pause before the next try of its costs. */
export function costPause({ costTries, costHopes, latest, costLimitUsd, freeSettled }: Tries): TryPause {
  if (costHopes > 0 || costTries === 0) return FIRST_PAUSE
  // Of a model without a price any bill says that it has one.
  const dear = freeSettled > 0 ? LATEST_OUTCOMES : countBeyond(latest.billsUsd, costLimitUsd)
  return pauseAfter(costTries, dear, TRY_PAUSE_REQUESTS_MAX)
}

/** The pause before the next try of its latencies. */
export function latencyPause({ latencyTries, latencyHopes, latest, latencyLimitMs }: Tries): TryPause {
  if (latencyHopes > 0 || latencyTries === 0) return FIRST_PAUSE
  const slow = countBeyond(latest.latenciesMs, latencyLimitMs)
  return pauseAfter(latencyTries, slow, TRY_SLOW_PAUSE_REQUESTS_MAX)
}

/** @param beyond how many of its latest calls were beyond the limit, tries and others */
function pauseAfter(failures: number, beyond: number, requestsMax: number): TryPause {
  // Of tries nobody may say what came of them, and a model that is often within the limit may still be beyond it on average.
  const bad = Math.max(beyond, failures)
  const doublings = Math.min(failures, Math.max(0, bad - TRY_FEW_OUTCOMES))
  return { failures, doublings, requests: doubled(TRY_PAUSE_REQUESTS, doublings, requestsMax) }
}

/** The longer of two; of two alike the one with more failures, which waits for what others have failed. */
export function longerPause(a: TryPause, b: TryPause): TryPause {
  return b.requests > a.requests || (b.requests === a.requests && b.failures > a.failures) ? b : a
}

/** What all models' tries together leave for the next one. */
export interface TryPace {
  /** The latest try of any model. */
  readonly triedRequest: number
  readonly triedAt: number
  /** How many times the pause between tries has doubled. */
  readonly doublings: number
}

export function paceOf(models: Iterable<Tries>): TryPace {
  let triedRequest = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let tries = 0
  for (const model of models) {
    const ofModel = costPause(model).failures + latencyPause(model).failures
    tries += Math.min(ofModel, TRY_ROUND)
    if (model.triedRequest === 0) continue
    triedRequest = Math.max(triedRequest, model.triedRequest)
    triedAt = Math.max(triedAt, model.triedAt)
  }
  return { triedRequest, triedAt, doublings: Math.floor(tries / TRY_ROUND) }
}

/**
 * Whether a model that has had no request for `idle` others may be tried.
 * @param pause its own
 * @param requests so far
 */
export function isTryDue(pause: TryPause, idle: number, pace: TryPace, requests: number): boolean {
  if (idle < pause.requests) return false
  // One that was within its limit, or is shut out for the first time, does not wait for what others have failed.
  const others = pause.failures === 0 ? 0 : pace.doublings
  return requests - pace.triedRequest >= doubled(TRY_PAUSE_REQUESTS, others, TRY_PACE_REQUESTS_MAX)
}

/** The same where no model may take the request, by time. */
export function isTryDueAt(pause: TryPause, routedAt: number, at: number, pace: TryPace): boolean {
  if (at - routedAt < doubled(TRY_PAUSE_MS, pause.doublings, TRY_PAUSE_MS_MAX)) return false
  return (
    at - pace.triedAt >= doubled(TRY_PAUSE_MS, pause.failures === 0 ? 0 : pace.doublings, TRY_PACE_MS_MAX)
  )
}

/**
 * How old what is known of a model's costs is, in times after which it counts for less; at least 1. A list price without a
 * bill is only what answers of a usual length would cost, and ages sooner. So does what a few bills say that are mostly far
 * above the list price. After a try that was within its limit the next one may be as well, unless most bills were so dear: then
 * it was luck.
 * @param waitedMs since its latest request, where time counts, as no model may take requests; else 0
 */
export function ageInPauses(
  { settled, costHopes, usualCostRatio }: Tries,
  idle: number,
  waitedMs: number,
): number {
  if (costHopes > 0 && usualCostRatio <= TRY_HOPEFUL_RATIO_MAX) return TRY_BELOW_LIST_MAX
  const isFew = settled === 0 || (usualCostRatio > TRY_HOPEFUL_RATIO_MAX && settled < LATEST_OUTCOMES)
  const sooner = isFew ? TRY_AGE_REQUESTS / TRY_AGE_REQUESTS_UNBILLED : 1
  return Math.max(1, (sooner * idle) / TRY_AGE_REQUESTS, (sooner * waitedMs) / TRY_PAUSE_MS_MAX)
}

/**
 * What a try is expected to cost: what most bills say. That ages with the time without a bill, or a model that has cost too
 * much for long, or that only its list price says anything of, would stay out for good: the list price takes the place of
 * dearer bills little by little, and an ever smaller part of what they said that of all, as answers may have become
 * shorter. At n times a limit that is after n times as many requests. A few bills do not outweigh the list price.
 * @param age as in `ageInPauses`; 1 for what bills say as it is
 */
export function triedCostUsd(model: Tries, listCostUsd: number, age: number): number {
  const { usualCostRatio, settled } = model
  const isUnsure = usualCostRatio === 0 || (usualCostRatio > 1 && settled <= TRY_FEW_OUTCOMES)
  const usual = isUnsure ? 1 : usualCostRatio
  const aged = usual <= 1 ? usual : usual ** (1 / age)
  const wide = usual / Math.min(age, TRY_BELOW_LIST_MAX)
  return Math.min(listCostUsd * Math.min(aged, wide), expectedCostUsd(model, listCostUsd))
}

/**
 * The same of a model without a price: nothing where a single bill says otherwise, or such as came between bills of 0, and
 * once what more of them said is old enough; the later the dearer they were, and the more.
 */
export function triedFreeUsd(model: Tries, age: number): number {
  const { usualFreeUsd, freeSettled } = model
  const doublings = Math.log2(usualFreeUsd / TRY_USUAL_FREE_MIN_USD)
  if (freeSettled <= 1 || doublings <= 0 || age > Math.min(1 + doublings, TRY_FREE_AGE_MAX)) return 0
  return Math.min(usualFreeUsd / age, freeCostUsd(model))
}

/** The factor that brings recent costs down to what most bills say, where they are far above it; else 1. */
export function doubtOfCosts(model: Tries, isFree: boolean): number {
  const { usualCostRatio, realisedUsd, assumedUsd } = model
  const usualUsd = isFree ? model.usualFreeUsd : usualCostRatio * assumedUsd
  const knownUsd = isFree ? freeCostUsd(model) : realisedUsd
  if (!isFree && usualUsd === 0) return 1
  return knownUsd > TRY_DOUBTFUL_RATIO * usualUsd ? usualUsd / knownUsd : 1
}

/** The limits that a try is to be within; null for what is not tried. */
export interface TriedLimits {
  readonly costUsd: number | null
  readonly latencyMs: number | null
}

/** The limit by which a bill is judged that was doubted: between what most bills say and what is known. */
export function doubtLimitUsd(triedUsd: number): number {
  return 2 * triedUsd
}

/** And a latency that was, where the request has no limit. */
export function doubtLimitMs({ recentLatencyMs }: Tries): number {
  return recentLatencyMs / 2
}

/** A request was routed to the model, perhaps as a try. @param requests routed so far, this one included */
export function countTries(model: Tries, at: number, requests: number, tried: TriedLimits): void {
  model.routedAt = at
  if (tried.costUsd !== null) {
    model.costTries++
    model.costLimitUsd = tried.costUsd
  }
  if (tried.latencyMs !== null) {
    model.latencyTries++
    model.latencyLimitMs = tried.latencyMs
  }
  if (tried.costUsd === null && tried.latencyMs === null) return
  model.triedAt = at
  model.triedRequest = requests
}

/** A latency is known. */
export function recordLatency(model: Tries, latencyMs: number, isTry: boolean): void {
  const limitMs = model.latencyLimitMs
  if (isTry && latencyMs <= limitMs) {
    model.latencyHopes++
    model.recentLatencies = Math.min(model.recentLatencies, TRY_KEPT_OBSERVATIONS)
    model.recentLatencyMs = Math.min(model.recentLatencyMs, TRY_KEPT_LIMITS * limitMs)
  } else if (isTry) model.latencyHopes = 0
  keepLatest(model.latest.latenciesMs, latencyMs)
  model.recentLatencies = Math.min(model.recentLatencies + 1, TRY_LATENCIES_MAX)
  model.recentLatencyMs += (latencyMs - model.recentLatencyMs) / model.recentLatencies
  if (model.recentLatencies >= TRY_SURE_OBSERVATIONS && model.recentLatencyMs <= limitMs)
    model.latencyTries = model.latencyHopes = 0
}

/** What follows for it from a snapshot that is older than `recentLatencyMs`. */
export function recentOfAll(latencySumMs: number, latencyCount: number): [meanMs: number, count: number] {
  return latencyCount > 0 ? [latencySumMs / latencyCount, Math.min(latencyCount, TRY_LATENCIES_MAX)] : [0, 0]
}

/** Whether a bill of a try was within the limit. */
export function isWithinTry({ costLimitUsd }: Tries, costUsd: number): boolean {
  return costUsd <= costLimitUsd
}

/** A bill is known, before `recordCost`. */
export function recordTry(model: Tries, costUsd: number, listCostUsd: number, isTry: boolean): void {
  if (isTry) {
    model.costHopes = isWithinTry(model, costUsd) ? model.costHopes + 1 : 0
    if (model.costHopes > 0 && model.assumedUsd > 0) {
      const kept = Math.min((TRY_KEPT_OBSERVATIONS * listCostUsd) / model.assumedUsd, 1)
      model.assumedUsd *= kept
      model.predictedUsd *= kept
      const mostUsd = TRY_KEPT_OBSERVATIONS * TRY_KEPT_LIMITS * model.costLimitUsd
      model.realisedUsd = Math.min(model.realisedUsd * kept, mostUsd)
    }
  } else if (model.costTries > 0 && model.assumedUsd >= TRY_SURE_OBSERVATIONS * listCostUsd)
    forgetTries(model, expectedCostUsd(model, listCostUsd))
  const step = 1 + Math.max(TRY_USUAL_STEP_MIN, 1 / (model.settled + 2))
  const usual = model.usualCostRatio === 0 ? 1 : model.usualCostRatio
  const moved = costUsd > usual * listCostUsd ? usual * step : usual / step
  model.usualCostRatio = Math.min(Math.max(moved, TRY_USUAL_RATIO_MIN), TRY_USUAL_RATIO_MAX)
}

/**
 * The same of a model whose list price is 0, before `recordFreeCost`.
 * @param plausibleUsd what a request costs elsewhere; 0 where nothing tells
 * @returns what the bill counts for
 */
export function recordFreeTry(model: Tries, costUsd: number, isTry: boolean, plausibleUsd: number): number {
  const isFirst = model.freeSettled === 0
  if (isTry) {
    model.costHopes = isWithinTry(model, costUsd) ? model.costHopes + 1 : 0
    if (model.costHopes > 0 && !isFirst) {
      const kept = Math.min(TRY_KEPT_OBSERVATIONS / model.freeSettled, 1)
      model.freeSettled *= kept
      const mostUsd = TRY_KEPT_OBSERVATIONS * TRY_KEPT_LIMITS * model.costLimitUsd
      model.freeUsd = Math.min(model.freeUsd * kept, mostUsd)
    }
  } else if (model.costTries > 0 && model.freeSettled >= TRY_SURE_OBSERVATIONS)
    forgetTries(model, freeCostUsd(model))
  const known = Math.max(freeCostUsd(model), model.usualFreeUsd, plausibleUsd)
  if (isFirst) model.usualFreeUsd = Math.min(costUsd, plausibleUsd)
  else if (costUsd > model.usualFreeUsd)
    model.usualFreeUsd = Math.min(
      costUsd,
      Math.max(model.usualFreeUsd * TRY_USUAL_FREE_STEP, TRY_USUAL_FREE_MIN_USD),
    )
  else if (costUsd < model.usualFreeUsd) {
    const halved = model.usualFreeUsd / TRY_USUAL_FREE_STEP
    model.usualFreeUsd = halved < TRY_USUAL_FREE_MIN_USD ? costUsd : Math.max(costUsd, halved)
  }
  return isFirst || costUsd <= TRY_FREE_MISTAKE_RATIO * known ? costUsd : TRY_FREE_MISTAKE_COUNTED * known
}

/** What tries had found is forgotten where the mean is within the limit again. */
function forgetTries(model: Tries, meanUsd: number): void {
  if (meanUsd <= model.costLimitUsd) model.costTries = model.costHopes = 0
}
