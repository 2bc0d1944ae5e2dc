import { LatestMap } from '../../base/latest-map.js'

/** A line that is like one before is written as often as this, ms. */
const EVERY_MS = 60_000
/** Kinds that are kept apart; of more, those that were written longest ago have a line again. */
const KINDS_MAX = 1000

/** Which lines of the log are written where many are alike: of a kind one a minute at most, with how many came in between. */
export class AlikeLines {
  private readonly told = new LatestMap<string, { readonly at: number; unsaid: number }>(KINDS_MAX)
  private readonly now: () => number

  /** @param now of a clock that is never set, ms */
  constructor(now: () => number) {
    this.now = now
  }

  /** How long it is until a line of that kind is written, ms; 0: it would be now. */
  waitMs(kind: string): number {
    const last = this.told.get(kind)
    return last === undefined ? 0 : Math.max(0, last.at + EVERY_MS - this.now())
  }

  /**
   * A line of that kind came.
   * @param isCounted whether it came before, and was not written then
   * @returns fields to write with it; null: it is not written
   */
  take(kind: string, isCounted = false): { readonly alikeSince?: number } | null {
    const last = this.told.get(kind)
    if (last !== undefined && this.waitMs(kind) > 0) {
      if (!isCounted) last.unsaid++
      return null
    }
    const unsaid = (last?.unsaid ?? 0) - (isCounted ? 1 : 0)
    this.told.set(kind, { at: this.now(), unsaid: 0 })
    return unsaid <= 0 ? {} : { alikeSince: unsaid }
  }
}
