import { checkKeys, checkPositive, checkRecord } from '../../../base/check.js'
import { expected, ParetoBanditError } from '../../../base/errors.js'

/** Mean latency of at most `meanMs`; or a share `percentile` of all requests, 0.95 say, within `ms`; null: none. */
export type LatencyOptions =
  | { readonly meanMs: number | null; readonly ms?: undefined; readonly percentile?: undefined }
  | { readonly ms: number | null; readonly percentile: number; readonly meanMs?: undefined }

/** The same, checked. `percentile` null: the mean. */
export interface LatencyLimit {
  /** Milliseconds. */
  readonly ms: number
  /** Share of requests that are to stay within it. */
  readonly percentile: number | null
}

/** Half of the requests and less is no promise; a share closer to 1 cannot be learned from any traffic. */
const PERCENTILE_MIN = 0.5
const PERCENTILE_MAX = 0.9999

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
export function checkLatency(value: unknown, field: string): LatencyLimit | null {
  if (value === null) return null
  const { meanMs, ms, percentile, ...rest } = checkRecord(value, field)
  checkKeys(rest, ['meanMs', 'ms', 'percentile'], field)
  if (meanMs === undefined) {
    if (ms === null) return null
    return {
      ms: checkPositive(ms, `${field}.ms`),
      percentile: checkPercentile(percentile, `${field}.percentile`),
    }
  }
  if (ms !== undefined || percentile !== undefined) {
    throw new ParetoBanditError('INVALID_ARGUMENT', field, 'give meanMs, or ms and percentile, not both')
  }
  return meanMs === null ? null : { ms: checkPositive(meanMs, `${field}.meanMs`), percentile: null }
}

/** @throws INVALID_ARGUMENT */
export function checkPercentile(value: unknown, field: string): number {
  if (typeof value !== 'number' || !(value > PERCENTILE_MIN && value <= PERCENTILE_MAX))
    throw expected(
      'INVALID_ARGUMENT',
      field,
      `a share above ${PERCENTILE_MIN} and at most ${PERCENTILE_MAX}`,
      value,
    )
  return value
}

/** What a use is measured in: the mean itself, or the share of requests that may take longer. */
export function allowedUse({ percentile }: LatencyLimit): number {
  return percentile === null ? 1 : 1 - percentile
}
