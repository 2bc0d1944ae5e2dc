import type { ModelStats, Router } from '../../index.js'
import type { UpstreamFailure } from '../upstreams/failure.js'

/**
 * Of a request that no model answers, when the first of those that it may have is asked again, ms from now; null: the last one names no
 * time, or another takes requests already.
 * @param last what the client hears
 * @param failures of all models that were asked
 * @param untried models that could have been asked besides
 * @param cooldownMs how long a model is left alone that names no time
 */
export function askedAgainMs(
  last: UpstreamFailure,
  failures: readonly UpstreamFailure[],
  untried: readonly string[],
  router: Router<string>,
  cooldownMs: number,
): number | null {
  const { toldRetryMs } = last
  if (toldRetryMs === null || !isPause(last)) return toldRetryMs
  const isOpen = ({ id, enabled, isAvailable }: ModelStats) => enabled && isAvailable && untried.includes(id)
  if (untried.length > 0 && router.stats().models.some(isOpen)) return null
  const waits = failures.filter(isPause).map((failure) => failure.toldRetryMs ?? cooldownMs)
  const ms = Math.min(toldRetryMs, ...waits)
  return ms < toldRetryMs && ms === 0 ? null : ms
}

/** One that cannot take this request, or whose provider does not let us ask, is not worth the wait. */
function isPause({ kind, isRefusal, isOfConnection }: UpstreamFailure): boolean {
  return kind === 'upstream' && !isRefusal && !isOfConnection
}
