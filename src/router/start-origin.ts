/** Of a router without a name of its own. */
export const NAME = 'r'

/** Milliseconds since 2025 in base 36: 8 characters until 2114. */
const SINCE = Date.UTC(2025, 0)
const TIME_DIGITS = 8
const CHANCE_DIGITS = 4

/**
 * First part of the request ids of one start of a router: the time and a number by chance, so that no two starts share
 * it, on one machine or on many.
 */
export function startOrigin(): string {
  const [chance] = crypto.getRandomValues(new Uint32Array(1))
  const digits = (chance % 36 ** CHANCE_DIGITS).toString(36).padStart(CHANCE_DIGITS, '0')
  const time = Math.max(0, Date.now() - SINCE)
  return `${NAME}-${time.toString(36).padStart(TIME_DIGITS, '0')}${digits}`
}
