/**
 * How long a provider asks to be left alone, ms: `retry-after-ms`, or `retry-after` in seconds or as a date.
 * @param header gives a header of its answer by its name in lower case; null: it has none
 * @param now milliseconds since 1970 UTC
 * @returns null where neither says anything
 */
export function retryAfterOf(header: (name: string) => string | null, now: number): number | null {
  const ms = Number(header('retry-after-ms') ?? Number.NaN)
  if (ms >= 0 && Number.isFinite(ms)) return ms
  const text = header('retry-after')
  if (text === null || text.trim() === '') return null
  const seconds = Number(text)
  if (seconds >= 0 && Number.isFinite(seconds)) return seconds * 1000
  const at = Date.parse(text)
  return Number.isFinite(at) ? Math.max(0, at - now) : null
}
