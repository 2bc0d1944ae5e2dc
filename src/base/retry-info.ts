/** Of `google.rpc.RetryInfo`: Gemini and Vertex send no header beside it. */
const DELAY = /"retryDelay"\s*:\s*"(\d{1,9}(?:\.\d{1,9})?)s"/

/** How long a provider asks in the body of its answer to be left alone, ms; null: it does not. */
export function retryDelayIn(text: string): number | null {
  const [, seconds] = DELAY.exec(text) ?? []
  return seconds === undefined ? null : Math.round(Number(seconds) * 1000)
}
