import type { Cap } from './cap.js'
import type { SpentPart } from './spend-window.js'

/** A cap that has counted what an account spent, in force or not. */
export interface Counter {
  readonly cap: Cap
  /** Whether it has counted all that was spent until now. */
  readonly isWhole: boolean
  /** Whether it goes, or is gone, and no cap was in force since. */
  readonly isReplaced: boolean
}

/** What a new cap takes in, and of which. */
export interface CarriedOver {
  readonly cap: Cap
  /** The oldest first. */
  readonly parts: readonly SpentPart[]
  /** Their sum. */
  readonly usd: number
  /** From when on all that was spent is among them. */
  readonly since: number
}

/**
 * What was spent in the window that a new cap and those before it have in common, by the one that knows most of it; null where
 * no cap is asked. Where it is not known when dollars were spent, they count as spent as late as they can have been: the new cap
 * may refuse too long, and none is spent twice. A longer calendar cap that stays, or that others have followed, is not asked: which of
 * its dollars were spent in the window is not known.
 * @param startsAt when the new cap's window began, ms since 1970
 * @param at now, ms since 1970
 */
export function carriedOver(
  joining: Cap,
  counters: readonly Counter[],
  startsAt: number,
  at: number,
): CarriedOver | null {
  let whole: CarriedOver | null = null
  let some: CarriedOver | null = null
  for (const { cap, isWhole, isReplaced } of counters) {
    if (cap.window === 'calendar' && cap.lengthMs > joining.lengthMs && !isReplaced) continue
    const parts = cap.counted(at).filter((part) => part.at >= startsAt)
    const usd = parts.reduce((sum, part) => sum + part.usd, 0)
    const since = isWhole ? Math.max(cap.countedFrom(at), startsAt) : at
    const each = { cap, parts, usd, since }
    if (isWhole && (whole === null || knowsMore(each, whole, startsAt))) whole = each
    if (!isWhole && (some === null || usd > some.usd)) some = each
  }
  return whole === null || some === null ? (whole ?? some) : atLeast(whole, some)
}

/** What a cap has counted for a part of the time was spent: no less than that counts. */
function atLeast(whole: CarriedOver, some: CarriedOver): CarriedOver {
  const moreUsd = some.usd - whole.usd
  const last = some.parts.at(-1)
  if (moreUsd <= 0 || last === undefined) return whole
  const parts = [...whole.parts, { usd: moreUsd, at: last.at }].sort((one, other) => one.at - other.at)
  return { ...whole, parts, usd: some.usd }
}

/**
 * Whether one of two knows more: the one that has counted since earlier. Of two that know the whole window the lesser sum is right, as
 * the other may hold dollars from before it. Of two that began together later on the greater one is, as the other may have begun a
 * moment later.
 */
function knowsMore(one: CarriedOver, other: CarriedOver, startsAt: number): boolean {
  if (one.since !== other.since) return one.since < other.since
  return one.since === startsAt ? one.usd < other.usd : one.usd > other.usd
}
