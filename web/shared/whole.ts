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
