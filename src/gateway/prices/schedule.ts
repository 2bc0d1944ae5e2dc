/** Calls back after so many ms, once. @returns what keeps it from doing so */
export type Schedule = (act: () => void, ms: number) => () => void

/** Longer waits are one millisecond in Node. */
const WAIT_MS_MAX = 2 ** 31 - 1

/** By the platform's timers, which keep no process from ending. */
export const byTimer: Schedule = (act, ms) => {
  const timer = setTimeout(act, Math.min(ms, WAIT_MS_MAX))
  // Timers of browsers and workers are numbers.
  if (typeof timer === 'object') timer.unref?.()
  return () => clearTimeout(timer)
}
