import { doubled } from '../base/doubled.js'
import {
  COST_MEMORY_REQUESTS,
  type CostRecord,
  expectedCostUsd,
  type FreeRecord,
  freeCostUsd,
} from './cost-estimate.js'

/**
 * What is known of a model may shut it out of requests: its latencies under `maxLatencyMs`, its costs under `maxCostUsd`
 * or an account. Then nothing more would be learned of it, so now and then it is let in to be tried. A try is a
 * request, paid for like any other. One that is not within the limit that had shut the model out makes the next one wait
 * twice as long; a few in a row that are within it let the model in again.
 */

/** Requests without one of its own after which a model may be tried, and between any two tries: 4 % are few beside the rest. */
const PAUSE_REQUESTS = 25
/** At most: tries of one model that stays as it is are one request in 2,000. `IDLE_REQUESTS` of policy `dollar` is the same. */
const PAUSE_REQUESTS_MAX = 2000
/** Between tries of models that have failed them all: 0.4 % of requests are tries, however many models are shut out. */
const PACE_REQUESTS_MAX = 250
/** Time without, where no model is left to take requests: then none are counted. A person's patience at first; later a provider's outage. */
const PAUSE_MS = 10_000
const PAUSE_MS_MAX = 900_000
const PACE_MS_MAX = 100_000
/** The pause between all tries doubles with each of these that came to nothing: about what a single model needs to reach its own longest pause. */
const ROUND_TRIES = 8
/** What is known of costs is this old before it counts for less: five times the bills it stands on. */
const AGE_REQUESTS = 5 * COST_MEMORY_REQUESTS
/** Latencies that the mean of late stands on, at most: enough that noise of half the mean moves it by a tenth. */
const LATENCIES_MAX = 32
/** What was known counts for this many observations once a try was within the limit: two or three more outweigh it. */
const KEPT_OBSERVATIONS = 0.5
/** And for no more than this many limits: one call of an hour would take as many tries as a mistake of units. */
const KEPT_LIMITS = 4
/** Observations that a mean within the limit must stand on for earlier tries to be forgotten. */
const SURE_OBSERVATIONS = 8
/** Costs of late that are more times the usual ones than this say more of mistakes than of the model. */
const DOUBTFUL_RATIO = 5
/** What a bill moves the usual ratio by: less, the more bills there were. As long a memory as the mean's. */
const USUAL_STEP_MIN = 1 / COST_MEMORY_REQUESTS
/** Beyond these nobody sets a price. */
const USUAL_RATIO_MIN = 1e-3
const USUAL_RATIO_MAX = 1e3
/** Of a model without a price there is no ratio: its usual bill doubles and halves, from a thousandth of a cent on. */
const USUAL_FREE_STEP = 2
const USUAL_FREE_MIN_USD = 1e-5
/** A bill of a model without a price that is this many times all that is known counts as a mistake, as one of a priced model does. */
const FREE_MISTAKE_RATIO = 30
const FREE_MISTAKE_COUNTED = 3

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
  /** Mean of its latencies of late, and how many it stands on. */
  recentLatencyMs: number
  recentLatencies: number
  /** Near the median of what bills are of list costs: no single bill moves it far. 0 before the first. */
  usualCostRatio: number
  /** The same of a model without a price, in dollars. */
  usualFreeUsd: number
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

/** How many times the pause before a try of its costs has doubled: not at all after one that was within the limit. */
export function costDoublings({ costTries, costHopes }: Tries): number {
  return costHopes > 0 ? 0 : costTries
}

/** The same of its latencies. */
export function latencyDoublings({ latencyTries, latencyHopes }: Tries): number {
  return latencyHopes > 0 ? 0 : latencyTries
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
    const ofModel = costDoublings(model) + latencyDoublings(model)
    tries += Math.min(ofModel, ROUND_TRIES)
    if (model.triedRequest === 0) continue
    triedRequest = Math.max(triedRequest, model.triedRequest)
    triedAt = Math.max(triedAt, model.triedAt)
  }
  return { triedRequest, triedAt, doublings: Math.floor(tries / ROUND_TRIES) }
}

/**
 * Whether a model that has had no request for `idle` others may be tried.
 * @param doublings of its own pause
 * @param requests so far
 */
export function isTryDue(doublings: number, idle: number, pace: TryPace, requests: number): boolean {
  if (idle < doubled(PAUSE_REQUESTS, doublings, PAUSE_REQUESTS_MAX)) return false
  // One that was within its limit, or is shut out for the first time, does not wait for what others have failed.
  const others = doublings === 0 ? 0 : pace.doublings
  return requests - pace.triedRequest >= doubled(PAUSE_REQUESTS, others, PACE_REQUESTS_MAX)
}

/** The same where no model may take the request, by time. */
export function isTryDueAt(doublings: number, routedAt: number, at: number, pace: TryPace): boolean {
  if (at - routedAt < doubled(PAUSE_MS, doublings, PAUSE_MS_MAX)) return false
  return at - pace.triedAt >= doubled(PAUSE_MS, doublings === 0 ? 0 : pace.doublings, PACE_MS_MAX)
}

/**
 * How old what is known of a model is, in times after which it counts for less; at least 1.
 * @param waitedMs since its latest request, where time counts, as no model may take requests; else 0
 */
export function ageInPauses(idle: number, waitedMs: number): number {
  return Math.max(1, idle / AGE_REQUESTS, waitedMs / PAUSE_MS_MAX)
}

/**
 * What a try is expected to cost: what most bills say. That ages with the time without a bill, and the list price takes
 * its place little by little, or a model that had cost too much for long would stay out for good.
 * @param age as in `ageInPauses`; 1 for what bills say as it is
 */
export function triedCostUsd(model: Tries, listCostUsd: number, age: number): number {
  const usual = model.usualCostRatio === 0 ? 1 : model.usualCostRatio
  const aged = usual <= 1 ? usual : usual ** (1 / age)
  return Math.min(listCostUsd * aged, expectedCostUsd(model, listCostUsd))
}

/** The same of a model without a price. */
export function triedFreeUsd(model: Tries, age: number): number {
  return Math.min(model.usualFreeUsd / age, freeCostUsd(model))
}

/** What costs of late are to be multiplied by to be what most bills say, where they are far above it; else 1. */
export function doubtOfCosts(model: Tries, isFree: boolean): number {
  const { usualCostRatio, realisedUsd, assumedUsd } = model
  const usualUsd = isFree ? model.usualFreeUsd : usualCostRatio * assumedUsd
  const knownUsd = isFree ? freeCostUsd(model) : realisedUsd
  if (!isFree && usualUsd === 0) return 1
  return knownUsd > DOUBTFUL_RATIO * usualUsd ? usualUsd / knownUsd : 1
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
    model.recentLatencies = Math.min(model.recentLatencies, KEPT_OBSERVATIONS)
    model.recentLatencyMs = Math.min(model.recentLatencyMs, KEPT_LIMITS * limitMs)
  } else if (isTry) model.latencyHopes = 0
  model.recentLatencies = Math.min(model.recentLatencies + 1, LATENCIES_MAX)
  model.recentLatencyMs += (latencyMs - model.recentLatencyMs) / model.recentLatencies
  if (model.recentLatencies >= SURE_OBSERVATIONS && model.recentLatencyMs <= limitMs)
    model.latencyTries = model.latencyHopes = 0
}

/** What a snapshot of before `recentLatencyMs` was kept says of it. */
export function recentOfAll(latencySumMs: number, latencyCount: number): [meanMs: number, count: number] {
  return latencyCount > 0 ? [latencySumMs / latencyCount, Math.min(latencyCount, LATENCIES_MAX)] : [0, 0]
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
      const kept = Math.min((KEPT_OBSERVATIONS * listCostUsd) / model.assumedUsd, 1)
      model.assumedUsd *= kept
      model.predictedUsd *= kept
      const mostUsd = KEPT_OBSERVATIONS * KEPT_LIMITS * model.costLimitUsd
      model.realisedUsd = Math.min(model.realisedUsd * kept, mostUsd)
    }
  } else if (model.costTries > 0 && model.assumedUsd >= SURE_OBSERVATIONS * listCostUsd)
    forgetTries(model, expectedCostUsd(model, listCostUsd))
  const step = 1 + Math.max(USUAL_STEP_MIN, 1 / (model.settled + 2))
  const usual = model.usualCostRatio === 0 ? 1 : model.usualCostRatio
  const moved = costUsd > usual * listCostUsd ? usual * step : usual / step
  model.usualCostRatio = Math.min(Math.max(moved, USUAL_RATIO_MIN), USUAL_RATIO_MAX)
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
      const kept = Math.min(KEPT_OBSERVATIONS / model.freeSettled, 1)
      model.freeSettled *= kept
      const mostUsd = KEPT_OBSERVATIONS * KEPT_LIMITS * model.costLimitUsd
      model.freeUsd = Math.min(model.freeUsd * kept, mostUsd)
    }
  } else if (model.costTries > 0 && model.freeSettled >= SURE_OBSERVATIONS)
    forgetTries(model, freeCostUsd(model))
  const known = Math.max(freeCostUsd(model), model.usualFreeUsd, plausibleUsd)
  if (isFirst) model.usualFreeUsd = Math.min(costUsd, plausibleUsd)
  else if (costUsd > model.usualFreeUsd)
    model.usualFreeUsd = Math.min(costUsd, Math.max(model.usualFreeUsd * USUAL_FREE_STEP, USUAL_FREE_MIN_USD))
  else if (costUsd < model.usualFreeUsd) {
    const halved = model.usualFreeUsd / USUAL_FREE_STEP
    model.usualFreeUsd = halved < USUAL_FREE_MIN_USD ? costUsd : Math.max(costUsd, halved)
  }
  return isFirst || costUsd <= FREE_MISTAKE_RATIO * known ? costUsd : FREE_MISTAKE_COUNTED * known
}

/** What tries had found is forgotten where the mean is within the limit again. */
function forgetTries(model: Tries, meanUsd: number): void {
  if (meanUsd <= model.costLimitUsd) model.costTries = model.costHopes = 0
}
