import { messageOf } from '../base/errors.js'
import { LatestMap } from '../base/latest-map.js'

/** What is told again while it lasts: after so long, then after twice as long, up to the most. */
const AGAIN_MS_MIN = 1000
const AGAIN_MS_MAX = 60_000
/** A failure that has not come for so long is over: the next is another. Longer than any pause between two tries. */
const OVER_MS = 10_000
/** Of failures that differ, this many are reported at once, then one a second. */
const BURST = 30
const REFILL_MS = 1000
const KINDS_MAX = 256

interface Report {
  toldAt: number
  /** Until it is told again. */
  waitMs: number
  latestAt: number
}

/**
 * Tells of failures of a store that is tried again and again: of each when it begins, and while it lasts less and less
 * often. Nobody can read forty a second, and who writes them to a disk or a network has another failure.
 */
export class FailureReports {
  private readonly tell: (error: unknown) => void
  private readonly nowMs: () => number
  /** By what they say, the one that came longest ago first. */
  private readonly reports = new LatestMap<string, Report>(KINDS_MAX)
  private room = BURST
  private refilledAt: number

  constructor(tell: (error: unknown) => void, nowMs: () => number = () => performance.now()) {
    this.tell = tell
    this.nowMs = nowMs
    this.refilledAt = nowMs()
  }

  report(error: unknown): void {
    const now = this.nowMs()
    const text = messageOf(error)
    const found = this.reports.get(text)
    this.reports.delete(text)
    const isOver = found === undefined || now - found.latestAt >= Math.max(OVER_MS, found.waitMs)
    const isDue = isOver || now - found.toldAt >= found.waitMs
    const isTold = isDue && this.hasRoom(now)
    if (isTold) {
      const waitMs = isOver ? AGAIN_MS_MIN : Math.min(AGAIN_MS_MAX, 2 * found.waitMs)
      this.reports.set(text, { toldAt: now, waitMs, latestAt: now })
    } else if (!isOver) {
      this.reports.set(text, { ...found, latestAt: now })
    }
    if (isTold) this.tell(error)
  }

  private hasRoom(now: number): boolean {
    const refills = Math.floor((now - this.refilledAt) / REFILL_MS)
    this.room = Math.min(BURST, this.room + refills)
    this.refilledAt += refills * REFILL_MS
    if (this.room === 0) return false
    this.room--
    return true
  }
}
