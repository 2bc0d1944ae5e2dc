import { SUM_MAX_USD } from '../demand/units.js'
import type { SpentPart } from './spend-window.js'

/** How many numbers `save` gives. */
export const CALENDAR_NUMBERS = 5

/** Dollars of the calendar period in force, and those that became known after its end, before the next one began. */
export class CalendarSpend {
  /** The period in force, [startsAt, endsAt); both 0 before the first. */
  startsAt = 0
  endsAt = 0
  private periodUsd = 0
  /** Costs that became known after the period's end, and the latest time of one. */
  private afterUsd = 0
  private afterAt = 0
  /** The part of both sums that is the same dollars: of costs known later still when the period in force began. */
  carriedUsd = 0

  get spentUsd(): number {
    return this.periodUsd
  }

  /** Costs that wait for the next period alone, USD. */
  get waitingUsd(): number {
    return this.afterUsd - this.carriedUsd
  }

  /** True when no period is in force at `at`. */
  isOver(at: number): boolean {
    return this.endsAt <= this.startsAt || at >= this.endsAt
  }

  /** As of `Cap.begin`. */
  begin(startsAt: number, endsAt: number): void {
    if (this.endsAt > this.startsAt && startsAt < this.endsAt) return
    this.startsAt = startsAt
    this.endsAt = endsAt
    this.periodUsd = this.afterAt >= startsAt ? this.afterUsd : 0
    // After a clock that ran ahead a cost may lie beyond this period too: it counts in both.
    if (this.afterAt < endsAt) this.afterUsd = 0
    this.carriedUsd = this.afterUsd
  }

  add(at: number, usd: number): void {
    if (this.isOver(at)) {
      this.afterAt = this.afterUsd > 0 ? Math.max(this.afterAt, at) : at
      this.afterUsd += usd
    } else this.periodUsd += usd
  }

  /** Takes back dollars that were added at `addedAt`, if they still count. */
  takeBack(addedAt: number, usd: number): void {
    if (addedAt >= this.endsAt) {
      this.afterUsd = Math.max(0, this.afterUsd - usd)
      this.carriedUsd = Math.min(this.carriedUsd, this.afterUsd)
    }
    // While costs wait for the next period this one may be among them, routed before the end and charged after it.
    else if (addedAt >= this.startsAt && this.afterUsd === 0)
      this.periodUsd = Math.max(0, this.periodUsd - usd)
  }

  /** What it has counted, the oldest first. */
  parts(at: number): readonly SpentPart[] {
    const parts = [
      { usd: this.periodUsd, at: this.isOver(at) ? this.endsAt - 1 : at },
      { usd: this.waitingUsd, at: this.afterAt },
    ]
    return parts.filter(({ usd }) => usd > 0).sort((a, b) => a.at - b.at)
  }

  /**
   * Of a new cap: what another has counted counts in the first period, if that began before.
   * @param parts the oldest first
   * @returns the sum, and the latest time of it
   */
  takeIn(parts: readonly SpentPart[]): SpentPart {
    for (const { usd, at } of parts) {
      this.afterUsd += usd
      this.afterAt = at
    }
    return { usd: this.afterUsd, at: this.afterAt }
  }

  /** Of a new cap: all that counts in another calendar counts here too, at the latest time that it can be from. */
  succeed(other: CalendarSpend, at: number): SpentPart {
    const { waitingUsd } = other
    const countedAt = other.isOver(at) ? other.endsAt - 1 : at
    this.afterUsd = other.periodUsd + waitingUsd
    this.afterAt = waitingUsd > 0 ? Math.max(countedAt, other.afterAt) : countedAt
    return { usd: this.afterUsd, at: this.afterAt }
  }

  /** Whether nothing of it counts at `at` or later, in periods of that length. */
  isForgotten(at: number, lengthMs: number): boolean {
    return this.isOver(at) && (this.afterUsd === 0 || at >= this.afterAt + 2 * lengthMs)
  }

  /** Numbers for `load`. `carriedUsd` is not among them. */
  save(): number[] {
    return [this.startsAt, this.endsAt, this.periodUsd, this.afterUsd, this.afterAt]
  }

  /** Takes over what `save` gave: numbers that are possible. */
  load(numbers: readonly number[]): void {
    const [startsAt, endsAt, periodUsd, afterUsd, afterAt] = numbers
    this.startsAt = startsAt
    this.endsAt = endsAt
    this.periodUsd = periodUsd
    this.afterUsd = afterUsd
    this.afterAt = afterAt
  }

  /** After `load`: the part of both sums that is the same dollars. False when it cannot be. */
  carry(usd: unknown): boolean {
    if (typeof usd !== 'number' || !(usd >= 0 && usd <= Math.min(this.periodUsd, this.afterUsd))) return false
    this.carriedUsd = usd
    return true
  }
}

/** Whether `save` can have given these numbers. */
export function isCalendarSpend(numbers: readonly number[]): boolean {
  const [startsAt, endsAt, periodUsd, afterUsd, afterAt] = numbers
  if (![startsAt, endsAt, afterAt].every(Number.isFinite)) return false
  if (![periodUsd, afterUsd].every((usd) => usd >= 0 && usd <= SUM_MAX_USD)) return false
  return endsAt > startsAt || (startsAt === 0 && endsAt === 0 && periodUsd === 0)
}
