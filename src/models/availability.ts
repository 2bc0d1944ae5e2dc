/** Failures one after the other, or their share of recent calls, at which a model is taken to be down. */
const FAILURES_IN_A_ROW = 4
const FAILURE_SHARE = 0.6
/** Weight of the latest outcome in the share, and what is left of the share when the model is back. */
const SHARE_RATE = 1 / 16
const SHARE_KEPT = 1 / 2
/** Pauses double from one try that fails to the next: whichever end comes first lets one request through. */
const PAUSE_REQUESTS = 4
const PAUSE_REQUESTS_MAX = 32
const PAUSE_MS = 30_000
const PAUSE_MS_MAX = 900_000
/** No provider keeps everybody away for longer. */
const RETRY_AFTER_MAX_MS = 3_600_000

/** Whether a model answers, apart from how well: part of a model's counters. */
export interface Availability {
  /** Decayed share of calls that failed. */
  failureShare: number
  failuresInRow: number
  /** Tries that failed since it went down, the one that told it included; 0 while it is up. */
  trips: number
  /** When the latest of them was. */
  trippedAt: number
  /** It gets no request before this time and this request count, whichever comes first. */
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
  'trips',
  'trippedAt',
  'pausedUntil',
  'pausedUntilRequests',
  'retryAt',
  'outages',
] as const satisfies readonly (keyof Availability)[]

/** Whether a model may be tried. @param at -Infinity where nobody knows the time: then requests alone end a pause */
export function isAvailable(model: Availability, at: number, requests: number): boolean {
  if (model.trips === 0) return true
  if (at < model.retryAt) return false
  return at >= model.pausedUntil || requests >= model.pausedUntilRequests
}

/** A request went to a model that is down: the next waits for as long again. */
export function tried(model: Availability, at: number, requests: number): void {
  if (model.trips > 0) pause(model, at, requests)
}

/**
 * A call failed.
 * @param routedAt when its request was routed: what was under way when the model went down says nothing new
 * @returns whether the model has gone down by it
 */
export function callFailed(
  model: Availability,
  at: number,
  routedAt: number,
  requests: number,
  retryAfterMs: number | null,
): boolean {
  model.failureShare += (1 - model.failureShare) * SHARE_RATE
  model.failuresInRow++
  const asksForPause = retryAfterMs !== null && retryAfterMs > 0
  if (asksForPause) model.retryAt = Math.max(model.retryAt, at + Math.min(retryAfterMs, RETRY_AFTER_MAX_MS))
  const wasUp = model.trips === 0
  const isDown =
    asksForPause || model.failuresInRow >= FAILURES_IN_A_ROW || model.failureShare >= FAILURE_SHARE
  if (wasUp ? !isDown : routedAt < model.trippedAt) return false
  model.trips++
  model.trippedAt = at
  pause(model, at, requests)
  if (wasUp) model.outages++
  return wasUp
}

/** A call was answered. @returns whether the model is back by it */
export function callAnswered(model: Availability, routedAt: number): boolean {
  const isOld = model.trips > 0 && routedAt < model.trippedAt
  if (isOld) return false
  model.failuresInRow = 0
  model.failureShare -= model.failureShare * SHARE_RATE
  if (model.trips === 0) return false
  model.failureShare *= SHARE_KEPT
  model.trips = model.trippedAt = model.pausedUntil = model.pausedUntilRequests = model.retryAt = 0
  return true
}

function pause(model: Availability, at: number, requests: number): void {
  let factor = 1
  for (let i = 1; i < model.trips && factor < PAUSE_MS_MAX / PAUSE_MS; i++) factor *= 2
  model.pausedUntil = at + Math.min(PAUSE_MS * factor, PAUSE_MS_MAX)
  model.pausedUntilRequests = requests + Math.min(PAUSE_REQUESTS * factor, PAUSE_REQUESTS_MAX)
}
