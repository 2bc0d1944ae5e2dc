import { messageOf } from '../../base/errors.js'
import type { Cursor, DashboardData, ExplainedDecision, WhatIf } from '../../gateway/dashboard/shape.js'
import type { Dashboard } from '../../gateway/dashboard/view.js'
import type { LogReader } from '../state/log-view.js'
import { LOG_LIMITS, LogDashboard, type LogLimits } from './log-dashboard.js'

const EVERY_MS = 1000
/** A log that cannot be read so often in a row is opened again: a connection or a file may be another. */
const FAILURES_MAX = 3
/** A log that has to be read from its beginning rests this many times as long as that took: one of an older release changes with every write. */
const RESTS = 10

/** Opens the log of that name again. @throws (rejects) for a log that is missing, and what the store throws */
export type OpenAgain = () => Promise<LogReader>

/** The log of a name as the dashboard shows it: also where another is put in its place. While it cannot be read the page says why. */
export class FollowedLog implements Dashboard {
  private timer: ReturnType<typeof setTimeout> | null = null
  private isClosed = false
  private problem: string | null = null
  private failures = 0
  /** Looks that are left out. */
  private rest = 0
  private running: Promise<void> = Promise.resolve()

  private constructor(
    private current: LogDashboard,
    private reader: LogReader,
    /** Whether `reader` was opened here. */
    private isOwn: boolean,
    private readonly name: string,
    private readonly openAgain: OpenAgain,
    private readonly limits: LogLimits,
    private readonly now: () => number,
  ) {}

  /**
   * @param reader of whoever opened it, who closes it
   * @param now milliseconds, of any clock
   * @throws (rejects) what the store throws
   */
  static async open(
    reader: LogReader,
    name: string,
    openAgain: OpenAgain,
    limits = LOG_LIMITS,
    now = () => performance.now(),
  ): Promise<FollowedLog> {
    const current = await LogDashboard.open(reader, name, limits)
    return new FollowedLog(current, reader, false, name, openAgain, limits, now)
  }

  data(cursor: Cursor): DashboardData {
    return { ...this.current.data(cursor), problem: this.problem }
  }

  explain(id: string): Promise<ExplainedDecision | null> {
    return this.current.explain(id)
  }

  whatIf(usdPerRequest: number): WhatIf | null {
    return this.current.whatIf(usdPerRequest)
  }

  watched(): void {
    this.current.watched()
  }

  /** Reads what is written to the log, until it is closed. @param onError called once for a failure that lasts */
  follow(onError: (error: unknown) => void): void {
    const next = () => {
      if (this.isClosed) return
      this.timer = setTimeout(() => {
        this.running = this.step(onError).then(next)
      }, EVERY_MS)
    }
    next()
  }

  async close(): Promise<void> {
    this.isClosed = true
    if (this.timer !== null) clearTimeout(this.timer)
    this.current.stop()
    await this.running
    await this.current.close()
    if (this.isOwn) await this.reader.close().catch(() => {})
  }

  private async step(onError: (error: unknown) => void): Promise<void> {
    if (this.rest > 0) {
      this.rest--
      return
    }
    let moved: string | null = null
    try {
      moved = (await this.reader.moved?.()) ?? null
      if (moved === null && this.failures < FAILURES_MAX) await this.current.step()
      else await this.reopen()
      this.failures = 0
      this.problem = null
    } catch (error) {
      this.failures++
      const problem = `This log cannot be read now, and what is shown is what was: ${
        moved === null ? messageOf(error) : `${this.reader.description} ${moved}`
      }`
      if (this.isClosed || problem === this.problem) return
      this.problem = problem
      onError(moved === null ? error : new Error(`${this.reader.description} ${moved}`, { cause: error }))
    }
  }

  private async reopen(): Promise<void> {
    const begun = this.now()
    const reader = await this.openAgain()
    let current: LogDashboard
    try {
      current = await LogDashboard.open(reader, this.name, this.limits, this.current.epoch + 1)
    } catch (error) {
      await reader.close().catch(() => {})
      throw error
    }
    const [before, wasOwn] = [this.reader, this.isOwn]
    const closing = this.current
    this.current = current
    this.reader = reader
    this.isOwn = true
    await closing.close()
    if (wasOwn) await before.close().catch(() => {})
    this.rest = Math.floor((RESTS * (this.now() - begun)) / EVERY_MS)
  }
}
