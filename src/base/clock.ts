import { expected } from './errors.js'

/** Reads the caller's clock. @throws INVALID_ARGUMENT when it throws or gives no finite time */
export function readClock(clock: () => number): number {
  let now: unknown
  try {
    now = clock()
  } catch (cause) {
    throw expected('INVALID_ARGUMENT', 'clock', 'a finite time', 'an exception', { cause })
  }
  if (typeof now === 'number' && Number.isFinite(now)) return now
  throw expected('INVALID_ARGUMENT', 'clock', 'a finite time', now)
}
