import { checkFinite, checkFunction } from '../base/check.js'

/** Calls back after so long, ms; gives what takes it back. */
export type After = (ms: number, call: () => void) => () => void

/** By `setTimeout`. @throws INVALID_ARGUMENT */
export const afterTimeout: After = (ms, call) => {
  checkFinite(ms, 'ms')
  checkFunction(call, 'call')
  const timer = setTimeout(call, ms)
  return () => clearTimeout(timer)
}

/** The same, and a process does not stay alive for it, where there are such timers. */
export const afterQuietly: After = (ms, call) => {
  const timer: unknown = setTimeout(call, ms)
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
  return () => clearTimeout(timer as ReturnType<typeof setTimeout>)
}
