/** More than this is never caught up: a machine that is too slow plays fewer requests, and says so. */
const DEBT_MS_MAX = 250
/** Span that the measured rate looks back on. */
const MEASURED_MS = 1000

/** How many requests are due at a rate, and how many really were played. */
export class Pace {
  private since: number
  private debt = 0
  private windowStart: number
  private windowCount = 0
  private measured = 0

  /** @param clock milliseconds, never going back */
  constructor(private readonly clock: () => number) {
    this.since = clock()
    this.windowStart = this.since
  }

  /** After a pause: what was not played meanwhile is not owed. */
  restart(): void {
    this.since = this.clock()
    this.debt = 0
    this.windowStart = this.since
    this.windowCount = 0
    this.measured = 0
  }

  /** @returns whole requests that are due by now */
  due(requestsPerSecond: number): number {
    const now = this.clock()
    this.debt += ((now - this.since) * requestsPerSecond) / 1000
    this.since = now
    this.debt = Math.min(this.debt, Math.max(1, (DEBT_MS_MAX * requestsPerSecond) / 1000))
    return Math.floor(this.debt)
  }

  played(count: number): void {
    this.debt = Math.max(0, this.debt - count)
    this.windowCount += count
    const span = this.clock() - this.windowStart
    if (span < MEASURED_MS) return
    this.measured = (this.windowCount * 1000) / span
    this.windowStart = this.clock()
    this.windowCount = 0
  }

  /** Requests a second over the latest full second; 0 before there was one. */
  get measuredPerSecond(): number {
    return this.measured
  }
}
