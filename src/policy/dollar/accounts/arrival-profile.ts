import {
  BURST_EXCESS_FACTOR,
  BURST_EXCESS_MIN,
  BURST_GROWTH,
  BURST_HOURS,
  BURST_LATEST_EXCESS_MIN,
  BURST_LATEST_REQUESTS,
  BURST_LEAST_MS,
  BURST_LEVEL_MIN,
  BURST_MEMORY_REQUESTS,
  PROFILE_DAY_WEIGHT,
  PROFILE_LEVEL_MAX,
  PROFILE_LEVEL_RATE,
  PROFILE_MEMORY_WEEKS,
  PROFILE_SMALL_SHARE,
} from '../tuning.js'

const HOUR_MS = 3_600_000
const DAY_HOURS = 24
const WEEK_HOURS = 7 * DAY_HOURS
/** Hours without requests are learned one by one, at most this number of them: two weeks of a longer silence. */
const GAP_HOURS_MAX = 2 * WEEK_HOURS
/** No hour brings more requests than can be counted. */
const REQUESTS_MAX = Number.MAX_SAFE_INTEGER

const NO_EXCESS = { at: Number.NaN, perMs: Number.NaN, requests: 0 }

/** As a snapshot keeps it, JSON. */
export interface ProfileSnapshot {
  /** The hour of the latest request, since 1970 UTC; null before the first. */
  readonly hour: number | null
  readonly count: number
  readonly level: number
  /** By hour of the week: mean requests, and how many of such hours it is the mean of. */
  readonly means: readonly number[]
  readonly seen: readonly number[]
  /** Times of the latest requests, oldest first. */
  readonly times: readonly number[]
  /** Until when refused requests were counted, milliseconds since 1970 UTC, and the part of one that was left over. */
  readonly refusedAt: number
  readonly refusedRest: number
}

/**
 * When requests come: mean numbers by hour of the week (UTC), how today compares with them, and the times of the latest
 * few, which tell a burst from the traffic of the hour. An hour of the week that was not seen yet is taken to be as that
 * hour of other days; one that no day has shown is not known. State of the fold: integers, + - * / alone.
 */
export class ArrivalProfile {
  private hour: number | null = null
  /** Requests of that hour so far. */
  private count = 0
  /** Recent requests over what the means said. */
  private level = 1
  private readonly means = new Float64Array(WEEK_HOURS)
  private readonly seen = new Uint8Array(WEEK_HOURS)
  private times: number[] = []
  /** Until when refused requests were counted, and the part of one that was left over. */
  private refusedAt = 0
  private refusedRest = 0
  /** The latest answer of `excess`; forgotten when a request comes. */
  private latestExcess = NO_EXCESS
  /** Follow from the means: forecasts by hour of the week (-1: not known), and sums before each of requests and of unknown hours. */
  private readonly forecasts = new Float64Array(WEEK_HOURS)
  private readonly requestsBefore = new Float64Array(WEEK_HOURS + 1)
  private readonly unknownBefore = new Float64Array(WEEK_HOURS + 1)

  constructor() {
    this.sum()
  }

  /** Whether every hour of the day has been seen. */
  get isKnown(): boolean {
    return this.unknownBefore[WEEK_HOURS] === 0
  }

  /** A request came. A clock that was put back stands still; one that had been ahead by more than a week starts over. */
  arrive(at: number): void {
    const hour = Math.floor(at / HOUR_MS)
    if (this.hour === null) this.hour = hour
    else if (hour > this.hour) this.close(this.hour, hour)
    else if (this.hour - hour > WEEK_HOURS) {
      this.hour = hour
      this.count = 0
    }
    this.count++
    this.latestExcess = NO_EXCESS
    this.times.push(at)
    if (this.times.length > BURST_MEMORY_REQUESTS) this.times.shift()
  }

  /**
   * Requests came that were refused, the latest of them at `at`. Clients may ask again and again, so no more are counted than
   * would have come at the rate of the latest routed ones since the latest of those, or since refused ones were counted last.
   * @returns how many were counted
   */
  refused(at: number, requests: number): number {
    const { times } = this
    const tookMs = (times.at(-1) ?? 0) - (times[0] ?? 0)
    if (this.hour === null || times.length < 2 || !(tookMs > 0)) return 0
    const since = Math.max(this.refusedAt, times.at(-1) ?? 0)
    const believed = this.refusedRest + (Math.max(0, at - since) * (times.length - 1)) / tookMs
    const counted = Math.min(requests, Math.floor(believed))
    this.refusedRest = Math.min(1, believed - counted)
    this.refusedAt = Math.max(this.refusedAt, at)
    const hour = Math.floor(at / HOUR_MS)
    if (hour > this.hour) this.close(this.hour, hour)
    this.count += counted
    this.latestExcess = NO_EXCESS
    return counted
  }

  /**
   * Requests to be expected in [from, to).
   * @param perMs their rate in hours that are not known
   */
  expected(from: number, to: number, perMs: number): number {
    if (!(to > from)) return 0
    const known = this.level * (sumTo(this.requestsBefore, to) - sumTo(this.requestsBefore, from))
    const unknownHours = sumTo(this.unknownBefore, to) - sumTo(this.unknownBefore, from)
    return Math.max(0, known + unknownHours * HOUR_MS * perMs)
  }

  /**
   * Requests of a burst still to come until `to`, beyond what is expected: several times as many as came too many so far, but no
   * more than some hours at its rate; 0 where there is no burst.
   */
  burst(at: number, to: number, perMs: number): number {
    const excess = this.excess(at, perMs)
    return Math.min(this.lasting(at, Math.min(at + BURST_HOURS * HOUR_MS, to)), BURST_GROWTH * excess)
  }

  /** All requests until `to`, if the burst of now goes on until then; 0 where there is no burst. */
  burstUntil(at: number, to: number, perMs: number): number {
    return this.excess(at, perMs) === 0 ? 0 : this.lasting(at, to)
  }

  /** How many more requests came than were forecast, in this hour or among those whose times are kept; 0 where that is no burst. */
  private excess(at: number, perMs: number): number {
    const { latestExcess } = this
    // A cap that rolls asks many times over one request.
    if (latestExcess.at !== at || latestExcess.perMs !== perMs)
      this.latestExcess = { at, perMs, requests: this.findExcess(at, perMs) }
    return this.latestExcess.requests
  }

  private findExcess(at: number, perMs: number): number {
    const { hour, times, count } = this
    if (hour === null || times.length < BURST_LATEST_REQUESTS) return 0
    const now = Math.max(hour, Math.floor(at / HOUR_MS))
    const forecast = this.forecasts[slotOf(now)]
    const usual = BURST_EXCESS_FACTOR * (forecast < 0 ? perMs * HOUR_MS : forecast * this.level)
    const excess = now === hour ? count - usual : 0
    // Where hours before brought too many as well the latest are enough to go by.
    const latest = times.length - (usual * this.latestMs(at, times.length)) / HOUR_MS
    const goesOn = this.level < BURST_LEVEL_MIN ? 0 : latest
    if (excess < BURST_EXCESS_MIN && goesOn < BURST_LATEST_EXCESS_MIN) return 0
    return Math.max(excess, goesOn)
  }

  /** Requests until `to` at the highest of three rates: of this hour, of the latest few, and of all whose times are kept. */
  private lasting(at: number, to: number): number {
    const { hour, times, count } = this
    if (!(to > at) || hour === null || times.length < BURST_LATEST_REQUESTS) return 0
    const ofHour = count / Math.max(BURST_LEAST_MS, at - hour * HOUR_MS)
    const latest = BURST_LATEST_REQUESTS / this.latestMs(at, BURST_LATEST_REQUESTS)
    const more = times.length / this.latestMs(at, times.length)
    return Math.max(ofHour, latest, more) * (to - at)
  }

  /** Over how long the latest requests came, that many of them, ms; requests that come at once are taken to come over some minutes. */
  private latestMs(at: number, requests: number): number {
    return Math.max(BURST_LEAST_MS, at - this.times[this.times.length - requests])
  }

  save(): ProfileSnapshot {
    const { hour, count, level, means, seen, times, refusedAt, refusedRest } = this
    return {
      hour,
      count,
      level,
      means: [...means],
      seen: [...seen],
      times: [...times],
      refusedAt,
      refusedRest,
    }
  }

  /** False when `save` cannot have made this; nothing changes then. */
  load({
    hour,
    count,
    level,
    means,
    seen,
    times,
    refusedAt = 0,
    refusedRest = 0,
  }: Readonly<Record<string, unknown>>): boolean {
    if (hour !== null && !isCount(hour, Number.MIN_SAFE_INTEGER)) return false
    if (!isCount(count) || !isAmount(level) || level === 0 || level > PROFILE_LEVEL_MAX) return false
    if (!Array.isArray(means) || means.length !== WEEK_HOURS || !means.every(isAmount)) return false
    if (!Array.isArray(seen) || seen.length !== WEEK_HOURS) return false
    if (!seen.every((each) => isCount(each) && each <= PROFILE_MEMORY_WEEKS)) return false
    if (!Array.isArray(times) || times.length > BURST_MEMORY_REQUESTS || !times.every(Number.isFinite))
      return false
    if (typeof refusedAt !== 'number' || !Number.isFinite(refusedAt)) return false
    if (!isAmount(refusedRest) || refusedRest > 1) return false
    this.hour = hour
    this.count = count
    this.level = level
    this.means.set(means)
    this.seen.set(seen)
    this.times = [...times]
    this.refusedAt = refusedAt
    this.refusedRest = refusedRest
    this.sum()
    return true
  }

  /** Learns the hours from `from` up to `to`: the first has had `count` requests, the others none. */
  private close(from: number, to: number): void {
    const end = Math.min(to, from + GAP_HOURS_MAX)
    let total = 0
    for (let slot = 0; slot < WEEK_HOURS; slot++) total += Math.max(0, this.forecasts[slot])
    const small = (PROFILE_SMALL_SHARE * total) / WEEK_HOURS
    for (let hour = from; hour < end; hour++) {
      const requests = hour === from ? this.count : 0
      const slot = slotOf(hour)
      const forecast = this.forecasts[slot]
      if (forecast >= 0 && small > 0) {
        const ratio = (requests + small) / (forecast + small)
        const bounded = Math.min(Math.max(ratio, 1 / PROFILE_LEVEL_MAX), PROFILE_LEVEL_MAX)
        this.level += PROFILE_LEVEL_RATE * (bounded - this.level)
      }
      if (this.seen[slot] < PROFILE_MEMORY_WEEKS) this.seen[slot]++
      this.means[slot] += (requests - this.means[slot]) / this.seen[slot]
    }
    this.hour = to
    this.count = 0
    this.sum()
  }

  private sum(): void {
    this.latestExcess = NO_EXCESS
    const { means, seen, forecasts, requestsBefore, unknownBefore } = this
    for (let slot = 0; slot < WEEK_HOURS; slot++) {
      let sum = 0
      let days = 0
      for (let same = slot % DAY_HOURS; same < WEEK_HOURS; same += DAY_HOURS) {
        if (seen[same] === 0) continue
        sum += means[same]
        days++
      }
      const weight = seen[slot] / (seen[slot] + PROFILE_DAY_WEIGHT)
      forecasts[slot] = days === 0 ? -1 : weight * means[slot] + ((1 - weight) * sum) / days
      requestsBefore[slot + 1] = requestsBefore[slot] + Math.max(0, forecasts[slot])
      unknownBefore[slot + 1] = unknownBefore[slot] + (days === 0 ? 1 : 0)
    }
  }
}

function slotOf(hour: number): number {
  const slot = hour % WEEK_HOURS
  return slot < 0 ? slot + WEEK_HOURS : slot
}

/** A sum over the hours of the week from 1970 to that time. */
function sumTo(before: Float64Array, at: number): number {
  const hour = Math.floor(at / HOUR_MS)
  const slot = slotOf(hour)
  const weeks = (hour - slot) / WEEK_HOURS
  const into = at / HOUR_MS - hour
  return weeks * before[WEEK_HOURS] + before[slot] + into * (before[slot + 1] - before[slot])
}

function isCount(value: unknown, least = 0): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= REQUESTS_MAX
}
