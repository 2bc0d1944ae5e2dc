import { AlikeLines } from './alike-lines.js'
import type { WriteLine } from './request-log.js'

/** What a request with a wrong admin key asked for. */
export type AdminPlace = '/admin' | '/metrics' | '/dashboard'

/**
 * A line for requests that were refused for their admin key, and for the same again once a minute at most: whoever guesses keys is to be seen, and
 * is not to fill the log. What was sent as a key stands nowhere.
 * @param now of a clock that is never set, ms
 */
export function wrongAdminKeyLog(write: WriteLine, now: () => number): (place: AdminPlace) => void {
  const alike = new AlikeLines(now)
  return (place) => {
    const counted = alike.take(place)
    if (counted !== null) write('warn', { place, ...counted }, 'a wrong admin key was refused')
  }
}
