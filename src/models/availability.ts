import { doubled } from '../base/doubled.js'
import {
  OUTAGE_ANSWERS_NEEDED_MAX,
  OUTAGE_FAILURE_SHARE,
  OUTAGE_FAILURES_IN_A_ROW,
  OUTAGE_OVERTAKEN_FAILURES,
  OUTAGE_OVERTAKEN_SHARE,
  OUTAGE_PAUSE_MS,
  OUTAGE_PAUSE_MS_MAX,
  OUTAGE_PAUSE_REQUESTS,
  OUTAGE_PAUSE_REQUESTS_MAX,
  OUTAGE_PAUSE_REQUESTS_PROVING,
  OUTAGE_PAUSE_SHARE_BY_TIME,
  OUTAGE_RELAPSE_CALLS,
  OUTAGE_SHARE_KEPT,
  OUTAGE_SHARE_RATE,
  RETRY_AFTER_MS_MAX,
} from './tuning.js'

/** Whether a model answers, apart from how well: part of a model's counters. */
export interface Availability {
  /** Decayed share of calls that failed. */
  failureShare: number
  failuresInRow: number
  /** The request whose failure began them, by its place among all, and how many the model had been given by then. */
  rowFrom: number
  rowRequests: number
  /** Whether answers of earlier requests came since: 1, else 0. */
  overtaken: number
  /** Calls with an outcome since it was last down, if it ever was. */
  callsUp: number
  /** Tries that failed since it went down, the one that told it included; 0 while it is up. */
  trips: number
  /** The latest request that had been routed when the latest of them was told. */
  trippedAfter: number
  /** Answers in a row that it takes to be back, and those that came. */
  answersNeeded: number
  answersInRow: number
  /** It gets no request before this request count, or before this time and some of those requests. */
  pausedUntil: number
  pausedUntilRequests: number
  /** It gets none before this time, which the provider asked for. */
  retryAt: number
  /** How often it went down. */
  outages: number
}

export const AVAILABILITY_NUMBERS = [
  'failureShare',
  'failuresInRow',
  'rowFrom',
  'rowRequests',
  'overtaken',
  'callsUp',
  'trips',
  'trippedAfter',
  'answersNeeded',
  'answersInRow',
  'pausedUntil',
  'pausedUntilRequests',
  'retryAt',
  'outages',
] as const satisfies readonly (keyof Availability)[]

/** Clocks of processes on one log differ by less. */
const CLOCKS_APART_MS = 60_000

/**
 * Whether a model may be tried.
 * @param at 0: nobody knows, as of a decision that is explained from its log
 * @param requests routed before
 */
export function isAvailable(model: Availability, at: number, requests: number): boolean {
  if (model.trips === 0) return true
  if (at < model.retryAt && !(at > 0 && isBeyond(model.retryAt, at, RETRY_AFTER_MS_MAX))) return false
  if (requests >= model.pausedUntilRequests) return true
  // Where requests are seldom a pause is soon over by time: some have to go elsewhere all the same.
  const left = Math.floor(OUTAGE_PAUSE_SHARE_BY_TIME * pauseRequests(model))
  const isOver = at >= model.pausedUntil || (at > 0 && isBeyond(model.pausedUntil, at, OUTAGE_PAUSE_MS_MAX))
  return isOver && requests >= model.pausedUntilRequests - left
}

/** Whether it is farther off than any pause is long: the clock has been set back since. */
function isBeyond(until: number, at: number, longestMs: number): boolean {
  return until - at > longestMs + CLOCKS_APART_MS
}

/** How many requests go elsewhere before the next try, the trips so far counted. */
function pauseRequests({ trips, answersInRow }: Availability): number {
  if (answersInRow > 0) return OUTAGE_PAUSE_REQUESTS_PROVING
  return doubled(OUTAGE_PAUSE_REQUESTS, trips - 1, OUTAGE_PAUSE_REQUESTS_MAX)
}

/** A request went to a model that is down: the next waits for as long again. */
export function tried(model: Availability, at: number, requests: number): void {
  if (model.trips > 0) pause(model, at, requests)
}

/**
 * A call failed. What was under way when the model went down says nothing new, not even once it is back.
 * @param model `requests`: those that were routed to it
 * @param sequence the place of its request among all
 * @param requests routed to all models so far
 * @returns whether the model has gone down by it
 */
export function callFailed(
  model: Availability & { readonly requests: number },
  at: number,
  sequence: number,
  requests: number,
  retryAfterMs: number | null,
): boolean {
  const wasUp = model.trips === 0
  const asksForPause = retryAfterMs !== null && retryAfterMs > 0
  if (asksForPause) {
    const before = isBeyond(model.retryAt, at, RETRY_AFTER_MS_MAX) ? 0 : model.retryAt
    model.retryAt = Math.max(before, at + Math.min(retryAfterMs, RETRY_AFTER_MS_MAX))
  }
  const isOld = model.outages > 0 && sequence <= model.trippedAfter
  if (isOld && !(wasUp && asksForPause)) return false
  model.failureShare += (1 - model.failureShare) * OUTAGE_SHARE_RATE
  if (model.failuresInRow === 0) {
    model.rowFrom = sequence
    model.rowRequests = model.requests
    model.overtaken = 0
  }
  model.failuresInRow++
  if (wasUp) {
    if (model.outages > 0) model.callsUp++
    if (!asksForPause && !isRow(model) && model.failureShare < OUTAGE_FAILURE_SHARE) return false
  }
  if (wasUp) {
    const isRelapse = model.outages > 0 && model.callsUp <= OUTAGE_RELAPSE_CALLS
    model.answersNeeded = isRelapse ? Math.min(2 * model.answersNeeded, OUTAGE_ANSWERS_NEEDED_MAX) : 1
    model.outages++
  }
  model.answersInRow = 0
  model.trips++
  model.trippedAfter = requests
  pause(model, at, requests)
  return wasUp
}

/** Whether it fails one call after the other. */
function isRow({
  failuresInRow,
  overtaken,
  rowRequests,
  requests,
}: Availability & { readonly requests: number }): boolean {
  if (overtaken === 0) return failuresInRow >= OUTAGE_FAILURES_IN_A_ROW
  return (
    failuresInRow >= OUTAGE_OVERTAKEN_FAILURES &&
    failuresInRow >= OUTAGE_OVERTAKEN_SHARE * (requests - rowRequests)
  )
}

/**
 * A call was answered. Told once of each, by its settlement or its reward, whichever comes first.
 * @param sequence the place of its request among all
 * @param requests routed to all models so far
 * @returns whether the model is back by it
 */
export function callAnswered(model: Availability, sequence: number, requests: number): boolean {
  const isDown = model.trips > 0
  if (isDown && sequence <= model.trippedAfter) return false
  model.failureShare -= model.failureShare * OUTAGE_SHARE_RATE
  if (!isDown && model.outages > 0) model.callsUp++
  if (!isDown && model.failuresInRow > 0 && sequence < model.rowFrom) {
    // Its call was made before those that failed.
    model.overtaken = 1
    return false
  }
  model.failuresInRow = 0
  if (!isDown) return false
  model.retryAt = 0
  if (++model.answersInRow < model.answersNeeded) {
    model.pausedUntilRequests = requests + OUTAGE_PAUSE_REQUESTS_PROVING
    return false
  }
  model.failureShare *= OUTAGE_SHARE_KEPT
  model.trips = model.pausedUntil = model.pausedUntilRequests = 0
  model.callsUp = model.answersInRow = 0
  return true
}

function pause(model: Availability, at: number, requests: number): void {
  const doublings = model.trips - 1
  model.pausedUntil = at + doubled(OUTAGE_PAUSE_MS, doublings, OUTAGE_PAUSE_MS_MAX)
  model.pausedUntilRequests = requests + pauseRequests(model)
}
