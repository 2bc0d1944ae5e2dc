import { isSignal } from '../base/of-the-web.js'
import type { PlatformSignal } from '../base/platform.js'
import type { RunOptions } from '../index.js'

/** What breaks a call off: a signal of its own, that of all calls, or whichever aborts first. */
export function withSignal({ signal, ...run }: RunOptions, own: unknown): RunOptions {
  const given = [signal, own].filter(isSignal)
  if (given.length === 0) return signal === undefined ? run : { ...run, signal }
  return { ...run, signal: given.length === 1 ? given[0] : firstOf(given) }
}

/** The platform joins its own signals, and lets go of those that outlive the call. */
function firstOf(signals: readonly AbortSignal[]): PlatformSignal {
  if (signals.every((each) => each instanceof AbortSignal)) return AbortSignal.any([...signals])
  const controller = new AbortController()
  for (const each of signals) {
    if (each.aborted) controller.abort(each.reason)
    else each.addEventListener('abort', () => controller.abort(each.reason), { once: true })
  }
  return controller.signal
}
