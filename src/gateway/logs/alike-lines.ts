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

  /** A line of that kind came. @returns fields to write with it; null: it is not written */
  take(kind: string): { readonly alikeSince?: number } | null {
    const at = this.now()
    const last = this.told.get(kind)
    if (last !== undefined && at - last.at < EVERY_MS) {
      last.unsaid++
      return null
    }
    this.told.set(kind, { at, unsaid: 0 })
    return last === undefined || last.unsaid === 0 ? {} : { alikeSince: last.unsaid }
  }
}
