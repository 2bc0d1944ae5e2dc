import { expected, expectedGot } from './errors.js'

const MILLISECONDS = 'milliseconds since 1970, as Date.now gives'

/** Reads the caller's clock. @throws INVALID_ARGUMENT when it throws or gives no finite time */
export function readClock(clock: () => number): number {
  let now: unknown
  try {
    now = clock()
  } catch (cause) {
    throw expectedGot('INVALID_ARGUMENT', 'clock', MILLISECONDS, 'an exception', { cause })
  }
  if (isTime(now)) return now
  if (typeof now === 'number' && Number.isFinite(now))
    throw expectedGot('INVALID_ARGUMENT', 'clock', MILLISECONDS, `no date, ${now}`)
  throw expected('INVALID_ARGUMENT', 'clock', MILLISECONDS, now)
}

/** What a `Date` can be: the years -271821 to 275760, ms since 1970. */
const TIME_MAX = 8.64e15

export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= TIME_MAX
}

/** 2001, in ms: before it nobody made a log. */
const LOG_CLOCK_MIN = Date.UTC(2001, 0)

/**
 * The times of a log outlast the process: those of a clock that restarts with each (`performance.now`, a counter, 0)
 * would run backwards at the next start, and caps and time limits with them.
 * @throws INVALID_ARGUMENT
 */
export function checkClockOfLog(now: number): void {
  if (now >= LOG_CLOCK_MIN) return
  throw expected('INVALID_ARGUMENT', 'clock', `${MILLISECONDS}, for a router with a store`, now)
}

/** The years 2001 to 5138 in seconds; in ms, days of 1970 to 1973. */
const SECONDS_MIN = 1e9
const SECONDS_MAX = 1e11
/** From 1973 on in microseconds; in ms, from the year 5138 on. */
const MICROSECONDS_MIN = 1e14

/**
 * A clock that counts seconds would run a thousand times too slowly: nothing would expire, and caps would last for years; one
 * that counts microseconds would run as much too fast.
 * Told by its first reading, as one that begins at zero (a simulation) may come to such times.
 * @throws INVALID_ARGUMENT
 */
export function checkUnitOfClock(now: number): void {
  if (now >= SECONDS_MIN && now < SECONDS_MAX)
    throw expectedGot('INVALID_ARGUMENT', 'clock', MILLISECONDS, `seconds, ${now}`)
  if (now >= MICROSECONDS_MIN)
    throw expectedGot('INVALID_ARGUMENT', 'clock', MILLISECONDS, `microseconds, ${now}`)
}
