import { SUM_MAX_USD } from '../demand/units.js'

/** Dollars, when they were counted, and whether a credit lowers them; null where there is nothing. */
export type SavedHanded = readonly [usd: number, at: number, isCredited?: true] | null

/**
 * Dollars that a cap counts and that replicas have not drawn for it: of caps that it has taken the place of, or spent while it was
 * away. They count in the period that lies at the time of the latest of them, or for a window from then.
 */
export class HandedDollars {
  private usd = 0
  private at = 0
  private isCredited = false
  /** By what the latest credit lowered them, USD. No part of the fold. */
  creditedUsd = 0

  /** Takes the place of those before. @param isCredited whether a credit lowers them: not where an event from before 0.2 made the edit */
  hand(usd: number, at: number, isCredited = usd > 0): void {
    this.usd = usd
    this.at = at
    this.isCredited = isCredited
  }

  /** An operator gave a credit, USD. */
  credit(usd: number): void {
    this.creditedUsd = this.isCredited ? Math.min(this.usd, usd) : 0
    this.usd -= this.creditedUsd
  }

  /** USD of them in the calendar period that begins at `startsAt`. */
  inPeriod(startsAt: number): number {
    return startsAt <= this.at ? this.usd : 0
  }

  /** USD of them in a window that remembers for so long, ms. */
  inWindow(now: number, memoryMs: number): number {
    return now < this.at + memoryMs ? this.usd : 0
  }

  /** For `load`. */
  save(): SavedHanded {
    const { usd, at, isCredited } = this
    if (usd === 0) return null
    return isCredited ? [usd, at, true] : [usd, at]
  }

  /** False for what `save` cannot have given; nothing changes then. */
  load(value: unknown): boolean {
    if (value === null) return true
    const isCredited = Array.isArray(value) && value.length === 3 && value[2] === true
    const pair = readPair(isCredited ? value.slice(0, 2) : value)
    if (pair === null || !(pair[0] > 0)) return false
    this.hand(pair[0], pair[1], isCredited)
    return true
  }
}

/** Dollars and a time; null for what is neither. */
export function readPair(value: unknown): readonly [usd: number, at: number] | null {
  if (!Array.isArray(value) || value.length !== 2) return null
  const [usd, at]: readonly unknown[] = value
  if (typeof usd !== 'number' || typeof at !== 'number') return null
  return usd <= SUM_MAX_USD && Number.isFinite(at) ? [usd, at] : null
}
