import type { Cap } from './cap.js'
import type { SpentPart } from './spend-window.js'

/** A cap that has counted what an account spent, in force or not. */
export interface Counter {
  readonly cap: Cap
  /** Whether it has counted all that was spent until now. */
  readonly isWhole: boolean
  /** Whether it goes and no cap has been in force after it. */
  readonly isReplaced: boolean
}

/** What a new cap takes in, and of which. */
export interface CarriedOver {
  readonly cap: Cap
  /** The oldest first. */
  readonly parts: readonly SpentPart[]
  readonly usd: number
  /** From when on all that was spent is among them. */
  readonly since: number
}

/**
 * What was spent in the window that a new cap and those before it have in common: by the one that knows most of that window, and
 * of several that know as much by the one that counted least. Where it is not known when dollars were spent, they count as
 * spent as late as they can have been: the new cap may refuse too long, and none is spent twice. A longer calendar cap that stays,
 * or that others have followed, has no say: which of its dollars the window has seen is not known, and it limited others.
 * @param startsAt when the new cap's window began
 */
export function carriedOver(
  joining: Cap,
  counters: readonly Counter[],
  startsAt: number,
  at: number,
): CarriedOver | null {
  let whole: CarriedOver | null = null
  let most: CarriedOver | null = null
  for (const { cap, isWhole, isReplaced } of counters) {
    if (cap.window === 'calendar' && cap.lengthMs > joining.lengthMs && !isReplaced) continue
    const parts = cap.counted(at).filter((part) => part.at >= startsAt)
    const usd = parts.reduce((sum, part) => sum + part.usd, 0)
    const each = { cap, parts, usd, since: Math.max(cap.countedFrom(at), startsAt) }
    if (isWhole && (whole === null || knowsMore(each, whole))) whole = each
    // What was counted for a while is some of the spend at least.
    if (!isWhole && (most === null || usd > most.usd)) most = each
  }
  return whole === null || (most !== null && most.usd > whole.usd) ? most : whole
}

function knowsMore(one: CarriedOver, other: CarriedOver): boolean {
  return one.since === other.since ? one.usd < other.usd : one.since < other.since
}
