import { checkFinite, checkFunction } from './check.js'

/** Calls back after so long, ms; gives what takes it back. */
export type After = (ms: number, call: () => void) => () => void

/** Longer waits are one millisecond in Node. */
const WAIT_MS_MAX = 2 ** 31 - 1

/** By `setTimeout`; waits of more than 24 days are of 24 days. @throws INVALID_ARGUMENT */
export const afterTimeout: After = (ms, call) => {
  const timer = started(ms, call)
  return () => clearTimeout(timer)
}

/** The same, and a process does not stay alive for it, where there are such timers. @throws INVALID_ARGUMENT */
export const afterQuietly: After = (ms, call) => {
  const timer: unknown = started(ms, call)
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
  return () => clearTimeout(timer as ReturnType<typeof setTimeout>)
}

function started(ms: number, call: () => void): ReturnType<typeof setTimeout> {
  checkFinite(ms, 'ms')
  checkFunction(call, 'call')
  return setTimeout(call, Math.min(ms, WAIT_MS_MAX))
}
