import type { RequestRecord } from '../logs/request-record.js'

/** Buckets that the OpenTelemetry conventions for GenAI advise. */
export const TOKEN_BUCKETS = Array.from({ length: 14 }, (_, i) => 4 ** i)
export const DURATION_BUCKETS_S = Array.from({ length: 14 }, (_, i) => 0.01 * 2 ** i)
export const FIRST_TOKEN_BUCKETS_S = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]
export const PER_TOKEN_BUCKETS_S = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]

/** What the conventions call the operation of a surface; null: it calls no model. */
export function operationOf({ surface }: RequestRecord): string | null {
  if (surface === 'chat' || surface === 'messages' || surface === 'responses') return 'chat'
  return surface === 'embeddings' ? 'embeddings' : null
}

/** Seconds for each output token after the first; null: it cannot be told. */
export function perOutputTokenS({ firstTokenMs, latencyMs, tokens }: RequestRecord): number | null {
  if (firstTokenMs === null || tokens === null || tokens.output < 2) return null
  return (latencyMs - firstTokenMs) / 1000 / (tokens.output - 1)
}
