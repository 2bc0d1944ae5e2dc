import {
  BURST_KEPT_FACTOR,
  UNFORECAST_DAYS,
  UNFORECAST_KEPT_SHARE,
  UNFORECAST_LATE_LEAST_SHARE,
  UNFORECAST_LATE_SHARE,
  UNFORECAST_LEAST_SHARE,
  UNFORECAST_RELEASE_SHARE,
  UNFORECAST_ROLLING_SHARE_MAX,
  UNFORECAST_SHARE_MAX,
  UNFORECAST_SHARE_PARTS,
  UNFORECAST_SPENDABLE_SHARE,
} from '../tuning.js'
import type { ArrivalProfile } from './arrival-profile.js'
import type { CapLength } from './cap-period.js'

const DAY_MS = 86_400_000

/** What is known of the requests to come. */
export interface Forecast {
  readonly profile: ArrivalProfile
  /** Mean USD of a request on the cheapest model that it can go to. */
  readonly leastUsd: number
  /** The same as it is kept back: rather too much than too little. */
  readonly keptUsd: number
  /** Mean USD of a request that no money limits; 0 before the first. */
  readonly freeUsd: number
}

/** A cap as it stands. */
export interface CapNow {
  readonly per: CapLength
  readonly isRolling: boolean
  /** The limit, USD. */
  readonly usd: number
  readonly leftUsd: number
}

/** What is left of a period, or a whole window that rolls. */
export interface Rest {
  /** Now, ms since 1970 UTC. */
  readonly at: number
  /** Of all of it, and of what is left, ms. */
  readonly lengthMs: number
  readonly restMs: number
  /** Requests a millisecond, recently. */
  readonly perMs: number
  /** Those that are expected. */
  readonly requests: number
}

/** Requests that are expected for so long from now on, with those of a burst. @param perMs requests a millisecond, recently */
export function requestsIn({ profile }: Forecast, at: number, restMs: number, perMs: number): number {
  return profile.expected(at, at + restMs, perMs) + profile.burst(at, at + restMs, perMs)
}

/** USD that a cap keeps back for requests that nobody expects, on the cheapest model; given out when its period is about to end. */
export function unforecastUsd(forecast: Forecast, cap: CapNow, rest: Rest): number {
  return Math.max(unseenUsd(forecast, cap, rest), lastingUsd(forecast, cap, rest))
}

/** For a burst that goes on until the period ends, or for a day. 0 of a cap that rolls: what it has spent comes back meanwhile. */
function lastingUsd({ profile, keptUsd }: Forecast, { leftUsd, isRolling }: CapNow, rest: Rest): number {
  const { at, restMs, perMs, requests } = rest
  const lasting = isRolling ? 0 : profile.burstUntil(at, at + Math.min(restMs, DAY_MS), perMs)
  return Math.min(leftUsd, keptUsd * Math.max(0, BURST_KEPT_FACTOR * lasting - requests))
}

/**
 * For requests that no day has shown: a share of the cap, as long as that can still be spent later. Where it cannot, as much as a day's
 * requests need, within smaller shares.
 */
function unseenUsd({ profile, keptUsd, freeUsd }: Forecast, cap: CapNow, rest: Rest): number {
  const { at, lengthMs, restMs, perMs, requests } = rest
  if (keptUsd === 0) return 0
  const mostUsd = shareMax(cap) * cap.usd
  const released = Math.min(
    Math.max(restMs / (UNFORECAST_RELEASE_SHARE * lengthMs), UNFORECAST_KEPT_SHARE),
    1,
  )
  if (!profile.isKnown) return cap.isRolling ? mostUsd : mostUsd * released
  const ofDayUsd = keptUsd * profile.expected(at, at + Math.min(lengthMs, DAY_MS), perMs)
  if (cap.isRolling) return Math.min(mostUsd, ofDayUsd)
  const dayUsd = Math.min(UNFORECAST_SHARE_MAX * cap.usd, ofDayUsd)
  // What is planned for the last part is there until then.
  const lateMs = Math.min(restMs, UNFORECAST_LATE_SHARE * lengthMs)
  const late = profile.expected(at + restMs - lateMs, at + restMs, perMs) / Math.max(1, requests)
  const plannedUsd = Math.min(1, late) * Math.max(0, cap.leftUsd - dayUsd)
  const before = lateMs < restMs ? UNFORECAST_LEAST_SHARE * cap.usd - plannedUsd : 0
  const least = Math.min(dayUsd * released, Math.max(UNFORECAST_LATE_LEAST_SHARE * cap.usd, before))
  // What the requests to come could not spend, whoever gets them, would only be left.
  if (cap.leftUsd - least >= UNFORECAST_SPENDABLE_SHARE * freeUsd * requests) return least
  const daysUsd = Math.min(UNFORECAST_SHARE_MAX * cap.usd, UNFORECAST_DAYS * ofDayUsd)
  return Math.max(least, Math.max(mostUsd, daysUsd) * released)
}

/** Of an hour that rolls everything comes back soon. */
function shareMax({ per, isRolling }: CapNow): number {
  if (isRolling) return per === 'hour' ? UNFORECAST_ROLLING_SHARE_MAX / 2 : UNFORECAST_ROLLING_SHARE_MAX
  return UNFORECAST_SHARE_MAX / UNFORECAST_SHARE_PARTS[per]
}
