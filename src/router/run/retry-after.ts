import { checkFinite } from '../../base/check.js'
import { expected } from '../../base/errors.js'

/**
 * How long a provider asks to be left alone, ms: `retry-after-ms`, or `retry-after` in seconds or as a date. A date is held against
 * the answer's own `date`, if it has one: clocks differ. One that has passed says nothing (RFC 9110, 10.2.3).
 * @param header gives a header of its answer by its name in lower case; null: it has none
 * @param now milliseconds since 1970 UTC
 * @returns null where neither says anything
 * @throws INVALID_ARGUMENT for another `header` or `now`
 */
export function retryAfterOf(header: (name: string) => string | null, now: number): number | null {
  if (typeof header !== 'function') throw expected('INVALID_ARGUMENT', 'header', 'a function', header)
  checkFinite(now, 'now')
  const ms = Number(header('retry-after-ms') ?? Number.NaN)
  if (ms >= 0 && Number.isFinite(ms)) return ms
  const text = header('retry-after')
  if (text === null || text.trim() === '') return null
  const secondsMs = Number(text) * 1000
  if (secondsMs >= 0 && Number.isFinite(secondsMs)) return secondsMs
  const at = Date.parse(text)
  const sent = Date.parse(header('date') ?? '')
  const waitMs = at - (Number.isFinite(sent) ? sent : now)
  return waitMs > 0 ? waitMs : null
}
