import { effectiveSize, estimateOf } from './estimators.js'
import type { Weighing } from './weights.js'

/** Known outcomes that a log needs before anything is estimated from it. */
const KNOWN_MIN = 100
/** Effective sample size below which a 95 % interval is not one. */
const EFFECTIVE_SIZE_MIN = 50
/** Share of a policy's choices that may be such as the log says nothing of. */
const UNSUPPORTED_SHARE_MAX = 0.005
/** Weights average 1; this many standard errors away, the propensities are not what the choices were drawn with. */
const MEAN_WEIGHT_ERRORS_MAX = 5
/** What a message advises. */
const EPSILON = 0.02

export type Outcome = 'rewarded' | 'settled'

/**
 * What a log lacks for a policy to be evaluated on it, in a sentence that says what to do; null when it lacks nothing.
 * @param known rows whose outcome is known, of `weighing` and all others
 * @param rows all rows
 */
export function lackOf(
  weighing: Weighing,
  outcome: Outcome,
  known: number,
  rows: number,
  modelCount: number,
): string | null {
  if (known < KNOWN_MIN) {
    const what = outcome === 'rewarded' ? 'reward' : 'settle'
    return `expected at least ${KNOWN_MIN} ${outcome} requests, got ${known}; log the events of more requests, and ${what} them`
  }
  const { unsupportedShare, weights } = weighing
  if (unsupportedShare > UNSUPPORTED_SHARE_MAX) {
    const share = `${(100 * unsupportedShare).toPrecision(2)} % of what it would choose`
    const why = `was not eligible for its request or never ${outcome}`
    const limit = `at most ${100 * UNSUPPORTED_SHARE_MAX} % may be`
    const advice = `evaluate uniform or ridge@USD, which keep to the eligible models, or let the router draw from all of them with ${advised(modelCount)}`
    return `the log says nothing of ${share}: it ${why} (${limit}); ${advice}`
  }
  const size = effectiveSize(weights)
  if (size < EFFECTIVE_SIZE_MIN) {
    const more =
      size < 1
        ? `run the router with ${advised(modelCount)}`
        : `log about ${rounded((rows * EFFECTIVE_SIZE_MIN * 1.3) / size)} requests with this epsilon, or fewer with a larger one`
    return `expected an effective sample size of at least ${EFFECTIVE_SIZE_MIN}, got ${size.toFixed(1)} of ${rows} requests; ${more}`
  }
  const { mean, standardError } = estimateOf(weightMean(weights), weights, size)
  // Of weights whose squares are beyond the largest double nobody knows the error.
  if (
    !(
      Math.abs(mean - 1) <= MEAN_WEIGHT_ERRORS_MAX * standardError + 1e-9 &&
      standardError < Number.POSITIVE_INFINITY
    )
  ) {
    return `weights average ${mean.toFixed(3)} where 1 is expected: the choices were not drawn with the logged propensities from the logged eligible models; log what the router's events say`
  }
  return null
}

function weightMean(weights: Float64Array): number {
  return weights.reduce((sum, weight) => sum + weight, 0) / weights.length
}

/** A policy that always takes what chance alone brings: one request in modelCount / epsilon counts. */
function advised(modelCount: number): string {
  const requests = rounded((EFFECTIVE_SIZE_MIN * 1.3 * Math.max(2, modelCount)) / EPSILON)
  return `epsilon: ${EPSILON} for about ${requests} requests`
}

/** Up, to two significant digits. */
function rounded(count: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1)
  return (Math.ceil(count / unit) * unit).toLocaleString('en')
}
