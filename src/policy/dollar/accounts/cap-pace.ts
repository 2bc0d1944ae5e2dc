import {
  CAP_AHEAD_GAIN,
  CAP_AHEAD_MAX,
  CAP_EVIDENCE_REQUESTS,
  CAP_REQUESTS_MIN,
  ROLLING_LEFT_SHARE,
  ROLLING_RELIEF_SHARE,
  ROLLING_SOON_SHARE,
} from '../tuning.js'
import type { ArrivalRate } from './arrival-rate.js'
import { type CapLength, LENGTH_MS } from './cap-period.js'
import { type Forecast, requestsIn, unforecastUsd } from './forecast.js'
import type { SpendWindow } from './spend-window.js'

/** The golden ratio less 1: the fractions of its multiples are those of the golden ratio's. */
const GOLDEN_FRACTION = (Math.sqrt(5) - 1) / 2

/** What the pace of a cap goes by. */
export interface PacedCap {
  readonly per: CapLength
  /** The limit, USD. */
  readonly usd: number
  /** The calendar period in force, ms since 1970. */
  readonly startsAt: number
  readonly endsAt: number
  /** The dearest recent reservation or cost, fading, USD. */
  readonly dearestUsd: number
  readonly rate: ArrivalRate
  /** Null of a calendar cap. */
  readonly rolling: SpendWindow | null
  /** USD that the next request may set aside. */
  availableUsd(at: number): number
}

/** How the money of a cap is spread over the requests to come. No state of the fold: read again for each request. */
export class CapPace {
  /**
   * As of the latest `usdPerRequest`: what one request may draw on another model than the cheapest, USD, so that what
   * the cheapest needs and what is kept back stay; of a rolling cap, what is kept back. Infinity without a forecast.
   */
  sparedUsd = Number.POSITIVE_INFINITY
  /** The same: of a rolling cap with a forecast, what is left of a price once some of the last window's money is unspent. */
  relief = 1
  /** The same: what the cheapest model needs until dollars come back that processes share, USD; 0 of a calendar cap. */
  soonUsd = 0
  /** The same: how many times its price a calendar cap takes, where more of its money is gone than of its requests. */
  correction = 1
  private readonly cap: PacedCap

  constructor(cap: PacedCap) {
    this.cap = cap
  }

  /** Where the next request stands in [0, 1): multiples of the golden ratio, less what is whole, lie evenly however many there are. */
  get place(): number {
    return (this.cap.rate.seen * GOLDEN_FRACTION) % 1
  }

  /**
   * Mean USD that requests from now on may cost for the money to last: what is available over the requests expected
   * until the period ends; for a rolling cap the least such mean up to any instant at which old spend is forgotten.
   * Infinity while the money would last even if every one of them cost as much as the dearest recent one; never above half
   * of what is available otherwise, and 0 when nothing is. Who follows it meets the cap late or never, however wrong
   * the estimate of arrivals: spending at m times the right pace leaves the share (time left)^m of the money.
   *
   * With a forecast what the cheapest model needs comes first: for the requests that are expected, and for those that no day
   * has shown. The rest is spread over those that are expected.
   */
  usdPerRequest(at: number, forecast: Forecast | null): number {
    const { per, usd, rate, rolling, startsAt, endsAt, dearestUsd } = this.cap
    const available = this.cap.availableUsd(at)
    this.sparedUsd = Number.POSITIVE_INFINITY
    this.relief = 1
    this.soonUsd = 0
    this.correction = 1
    if (available <= 0) return 0
    const perMs = rate.perMs(at)
    const requestsMin = rate.seen < CAP_EVIDENCE_REQUESTS ? CAP_EVIDENCE_REQUESTS : CAP_REQUESTS_MIN
    const lengthMs = rolling === null ? endsAt - startsAt : rolling.memoryMs
    const restMs = rolling === null ? Math.min(endsAt - at, lengthMs) : lengthMs
    const expected = forecast === null ? perMs * restMs : requestsIn(forecast, at, restMs, perMs)
    const requests = Math.max(requestsMin, expected)
    let spare = 0
    if (forecast !== null) {
      const now = { per, usd, leftUsd: available, isRolling: rolling !== null }
      spare = unforecastUsd(forecast, now, { at, lengthMs, restMs, perMs, requests: expected })
      this.sparedUsd = available - spare - (rolling === null ? forecast.keptUsd * expected : 0)
      if (rolling === null) this.correction = this.correctionOf(forecast, at, perMs, available)
    }
    const even = paceOf(available, requests, forecast, spare)
    // For a rolling cap this takes no spend to be forgotten, the worst case, and saves the search in most of them.
    if (even >= dearestUsd) return Number.POSITIVE_INFINITY
    if (rolling === null) return even
    const implied =
      forecast === null
        ? rolling.usdPerRequest(at, available, expected / restMs, requestsMin)
        : this.ofRolling(rolling, forecast, at, available, spare, requestsMin, perMs)
    return implied >= dearestUsd ? Number.POSITIVE_INFINITY : implied
  }

  /**
   * The price is found from requests of the latest window. Where prompts hardly differ, all of them change their minds at one
   * price, and that moves with what is learned: at a price of the window none does, or each. So the price rises with the share of
   * the money that is gone before its requests have come, and spend goes back and forth about what was planned.
   */
  private correctionOf({ profile }: Forecast, at: number, perMs: number, availableUsd: number): number {
    if (!profile.isKnown) return 1
    const { usd, startsAt, endsAt } = this.cap
    const toCome = profile.expected(at, endsAt, perMs)
    const all = toCome + profile.expected(startsAt, at, perMs)
    const ahead = all === 0 ? 0 : toCome / all - availableUsd / usd
    return 1 + CAP_AHEAD_GAIN * Math.min(Math.max(0, ahead), CAP_AHEAD_MAX)
  }

  /**
   * Of a rolling cap: what lasts up to any instant of the next window, with what comes back until then. What a window has left
   * unspent no later one can make up for, so a price that spends less than it says is not waited for: it falls, the more
   * is left.
   */
  private ofRolling(
    rolling: SpendWindow,
    forecast: Forecast,
    at: number,
    available: number,
    spare: number,
    requestsMin: number,
    perMs: number,
  ): number {
    const { per, usd } = this.cap
    const { profile } = forecast
    const lengthMs = LENGTH_MS[per]
    this.soonUsd = forecast.keptUsd * requestsIn(forecast, at, ROLLING_SOON_SHARE * lengthMs, perMs)
    // Requests of the last window beside those of the next: after a night, or a start, fewer, and they spent less.
    const next = profile.expected(at, at + lengthMs, perMs)
    const last = profile.expected(at - lengthMs, at, perMs)
    const due = Math.min(rolling.shareSeen(at), last < next ? last / next : 1)
    const left = available - spare - (1 - due + ROLLING_LEFT_SHARE) * usd
    // In a burst that nobody expected what is left is for its requests.
    if (per === 'hour' || profile.burst(at, at + LENGTH_MS.hour, perMs) === 0)
      this.relief = 1 - Math.min(1, Math.max(0, left / (ROLLING_RELIEF_SHARE * usd)))
    return rolling.leastPace(at, available, (leftUsd, untilMs) =>
      paceOf(leftUsd, Math.max(requestsMin, requestsIn(forecast, at, untilMs, perMs)), forecast, 0),
    )
  }
}

/** What is left of the money beyond the cheapest model's part, spread over the requests, on top of that part. */
function paceOf(availableUsd: number, requests: number, forecast: Forecast | null, spareUsd: number): number {
  const even = availableUsd / requests
  if (forecast === null || even <= forecast.leastUsd) return even
  return forecast.leastUsd + Math.max(0, even - forecast.keptUsd - spareUsd / requests)
}
