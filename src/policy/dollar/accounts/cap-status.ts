import { calendarPeriod } from './calendar.js'
import { Cap } from './cap.js'
import type { CapLength, CapWindow } from './cap-period.js'
import type { Forecast } from './forecast.js'

/** A cap as stats show it; times in milliseconds since 1970 UTC. */
export interface CapStatus {
  /** How long the stretch is. */
  readonly per: CapLength
  /** By a calendar, or any such stretch. */
  readonly window: CapWindow
  /** Whose calendar counts; null for a rolling cap. */
  readonly timeZone: string | null
  /** The limit, USD. */
  readonly usd: number
  /** Spent in the calendar period, or in the rolling window. */
  readonly spentUsd: number
  /** Set aside for requests on their way, USD. */
  readonly reservedUsd: number
  /** What is left of it, USD. */
  readonly availableUsd: number
  /** When the stretch began. */
  readonly startsAt: number
  /** When it ends; of a rolling one: now. */
  readonly endsAt: number
  /** Infinity while the cap is no constraint, which JSON writes as null. */
  readonly impliedUsdPerRequest: number
}

/**
 * How a cap stands at `at`, as the next request would find it: when the calendar period in force is over, this shows
 * the one that the next request will begin. Changes nothing; outside the fold, for it may ask the calendar.
 * @throws INVALID_ARGUMENT for a time that no calendar has
 */
export function capStatus(cap: Cap, at: number, forecast: Forecast | null = null): CapStatus {
  const { per, window, timeZone, usd } = cap
  const shown = begunCap(cap, at)
  const [startsAt, endsAt] = window === 'rolling' ? [at - cap.lengthMs, at] : [shown.startsAt, shown.endsAt]
  return {
    per,
    window,
    timeZone,
    usd,
    spentUsd: shown.spentUsd(at),
    reservedUsd: shown.reservedUsd,
    availableUsd: shown.availableUsd(at),
    startsAt,
    endsAt,
    impliedUsdPerRequest: shown.impliedUsdPerRequest(at, forecast),
  }
}

/** A cap as the next request will find it: a copy with its period begun, where the one in force is over. */
export function begunCap(cap: Cap, at: number): Cap {
  if (!cap.isOver(at)) return cap
  const { per, window, timeZone, usd, pacing } = cap
  const begun = new Cap({ usd, per, window, timeZone, pacing })
  begun.load(cap.save())
  const period = calendarPeriod(cap, at)
  begun.begin(period.startsAt, period.endsAt)
  return begun
}
