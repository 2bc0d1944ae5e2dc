import { time } from './format.js'

/** Stretches of time of one length, of which the newest is not over yet. */
export interface Stretch {
  readonly widthMs: number
  /** Milliseconds since 1970 UTC. */
  readonly now: number
}

/** Place of the last stretch of time that is over, since figures of half a one mislead; of the first if none is, -1 of none. */
export function lastWhole(times: readonly number[], stretch: Stretch | undefined): number {
  const last = times.length - 1
  if (stretch === undefined) return last
  const found = times.findLastIndex((at) => at + stretch.widthMs <= stretch.now)
  return found < 0 ? Math.min(0, last) : found
}

/** Counts as they are drawn: a stretch that is not over yet would look like a fall. @param whole place of the last that is over */
export function wholeCounts<Value>(values: readonly Value[], whole: number): readonly (Value | null)[] {
  return values.map((value, i) => (i > whole ? null : value))
}

/** In a history of days each with its date. @param last the latest time of the chart */
export function stretchText(at: number, last: number, stretch: Stretch | undefined): string {
  const now = stretch?.now ?? last
  if (stretch === undefined) return `at ${time(at, now)}`
  const end = at + stretch.widthMs
  return `${time(at, now)} to ${end > stretch.now ? 'now' : time(end, now)}`
}
