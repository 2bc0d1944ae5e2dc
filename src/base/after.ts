import { checkFinite, checkFunction } from './check.js'

/** Calls back after so long, ms; gives what takes it back. */
export type After = (ms: number, call: () => void) => () => void

/** Longer waits are one millisecond in Node. */
const WAIT_MS_MAX = 2 ** 31 - 1

/** By `setTimeout`; waits of more than 24 days are of 24 days. @throws INVALID_ARGUMENT */
export const afterTimeout: After = (ms, call) => {
  const timer = setTimeout(call, waitOf(ms, call))
  return () => clearTimeout(timer)
}

/** The same, and a process does not stay alive for it, where there are such timers. @throws INVALID_ARGUMENT */
export const afterQuietly: After = (ms, call) => {
  const timer = setTimeout(call, waitOf(ms, call))
  release(timer)
  return () => clearTimeout(timer)
}

/** Again and again, each so long after the one before; else as `afterQuietly`. @throws INVALID_ARGUMENT */
export const everyQuietly: After = (ms, call) => {
  const timer = setInterval(call, waitOf(ms, call))
  release(timer)
  return () => clearInterval(timer)
}

/** Resolves after so long, ms; a process does not stay alive for it. @throws (the promise is rejected with) INVALID_ARGUMENT */
export async function pauseQuietly(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void afterQuietly(ms, resolve))
}

/** Resolves when the event loop has come round: what has come meanwhile is read by then. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    // Browsers have no setImmediate.
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve)
  })
}

function waitOf(ms: number, call: () => void): number {
  checkFinite(ms, 'ms')
  checkFunction(call, 'call')
  return Math.min(ms, WAIT_MS_MAX)
}

/** Timers of browsers and workers are numbers. */
function release(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}
