/** Failures one after the other, or their share of recent calls, at which a model is taken to be down. */
const FAILURES_IN_A_ROW = 4
const FAILURE_SHARE = 0.6
/**
 * Where answers of requests from before the first of them came in between, a row is so many, and this share of what was
 * routed to the model since it began: such answers end no row, and those of later requests may be as slow.
 */
const OVERTAKEN_FAILURES = 8
const OVERTAKEN_SHARE = 0.75
/** A model that goes down again within so many calls has to answer twice as often in a row before it is back. */
const RELAPSE_CALLS = 64
const ANSWERS_NEEDED_MAX = 4
/** Weight of the latest outcome in the share, and what is left of the share when the model is back. */
const SHARE_RATE = 1 / 16
const SHARE_KEPT = 1 / 2
/** Pauses double from one try that fails to the next: whichever end comes first lets one request through. */
const PAUSE_REQUESTS = 4
const PAUSE_REQUESTS_MAX = 32
/** While it answers, and has to answer more: every other request. */
const PAUSE_REQUESTS_PROVING = 1
const PAUSE_MS = 30_000
const PAUSE_MS_MAX = 900_000
/** No provider keeps everybody away for longer than an hour: a wait of years is a mistake of units, or of a date. */
export const RETRY_AFTER_MS_MAX = 3_600_000

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

/** Whether a model may be tried. @param requests routed before */
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
  if (asksForPause) model.retryAt = Math.max(model.retryAt, at + Math.min(retryAfterMs, RETRY_AFTER_MS_MAX))
  const isOld = model.outages > 0 && sequence <= model.trippedAfter
  if (isOld && !(wasUp && asksForPause)) return false
  model.failureShare += (1 - model.failureShare) * SHARE_RATE
  if (model.failuresInRow === 0) {
    model.rowFrom = sequence
    model.rowRequests = model.requests
    model.overtaken = 0
  }
  model.failuresInRow++
  if (wasUp) {
    if (model.outages > 0) model.callsUp++
    if (!asksForPause && !isRow(model) && model.failureShare < FAILURE_SHARE) return false
  }
  if (wasUp) {
    const isRelapse = model.outages > 0 && model.callsUp <= RELAPSE_CALLS
    model.answersNeeded = isRelapse ? Math.min(2 * model.answersNeeded, ANSWERS_NEEDED_MAX) : 1
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
  if (overtaken === 0) return failuresInRow >= FAILURES_IN_A_ROW
  return failuresInRow >= OVERTAKEN_FAILURES && failuresInRow >= OVERTAKEN_SHARE * (requests - rowRequests)
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
  model.failureShare -= model.failureShare * SHARE_RATE
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
    model.pausedUntilRequests = requests + PAUSE_REQUESTS_PROVING
    return false
  }
  model.failureShare *= SHARE_KEPT
  model.trips = model.pausedUntil = model.pausedUntilRequests = 0
  model.callsUp = model.answersInRow = 0
  return true
}

function pause(model: Availability, at: number, requests: number): void {
  let factor = 1
  for (let i = 1; i < model.trips && factor < PAUSE_MS_MAX / PAUSE_MS; i++) factor *= 2
  model.pausedUntil = at + Math.min(PAUSE_MS * factor, PAUSE_MS_MAX)
  const isProving = model.answersInRow > 0
  model.pausedUntilRequests =
    requests + (isProving ? PAUSE_REQUESTS_PROVING : Math.min(PAUSE_REQUESTS * factor, PAUSE_REQUESTS_MAX))
}
