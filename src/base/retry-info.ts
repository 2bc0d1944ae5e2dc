/** Of `google.rpc.RetryInfo`: Gemini and Vertex send no header beside it. */
const DELAY = /"retryDelay"\s*:\s*"(\d{1,9}(?:\.\d{1,9})?)s"/
/** Of OpenRouter, among headers that stand in the body: when its limit begins again, ms since 1970. */
const RESET = /"X-RateLimit-Reset"\s*:\s*"?(\d{13})(?!\d)/i

/**
 * How long a provider asks in the body of its answer to be left alone, ms; null: it does not.
 * @param now ms since 1970
 */
export function retryDelayIn(text: string, now: number): number | null {
  const [, seconds] = DELAY.exec(text) ?? []
  if (seconds !== undefined) return Math.round(Number(seconds) * 1000)
  const [, at] = RESET.exec(text) ?? []
  const leftMs = Number(at) - now
  // One that is over says nothing: by a clock that is ahead, all of them are.
  return leftMs > 0 ? leftMs : null
}
