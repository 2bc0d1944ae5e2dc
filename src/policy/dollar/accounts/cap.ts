import { ParetoBanditError } from '../../../base/errors.js'
import { SUM_MAX_USD } from '../demand/units.js'
import { CAP_DEAREST_REQUESTS } from '../tuning.js'
import { ARRIVAL_NUMBERS, ArrivalRate } from './arrival-rate.js'
import { CALENDAR_NUMBERS, CalendarSpend, isCalendarSpend } from './calendar-spend.js'
import { CapHandover } from './cap-handover.js'
import { CapPace } from './cap-pace.js'
import { type CapLength, type CapPacing, type CapSpec, type CapWindow, LENGTH_MS } from './cap-period.js'
import type { Forecast } from './forecast.js'
import { SpendWindow, type SpentPart } from './spend-window.js'

const OWN_NUMBERS = 4

/**
 * A limit on the dollars spent in a calendar period or a rolling window. State of the fold: times and bounds of periods come
 * with events.
 *
 * **The promise.** As long as `reserve` is asked for no more than `availableUsd`, spend in every calendar period and in
 * every closed window of the rolling length is at most `usd` plus what requests in flight together cost above their
 * reservations, whether a cost is said to belong to when it was known or to when its request was routed.
 *
 * Why: a reservation counts from routing to settlement, across any number of rollovers; then the cost takes its place,
 * in the period in which it became known. So after each `reserve` at t0, (costs known in the period up to t0) +
 * (reservations of everything in flight) <= usd. Until the next `reserve` only requests in flight at t0 settle, each
 * adding cost - reservation to that sum: spend by the time it was known never exceeds usd + what those cost above their
 * reservations. Requests routed in the period are at its last t0 either in flight or settled within it, so the same sum
 * bounds spend by the time of routing. A rolling window is a period that ends at t0: costs leave the sum only when no
 * window of that length that ends at t0 or later reaches back to them.
 *
 * It also holds when `usd` is changed (then with the amount in force at the last `reserve`). Time that runs backwards is
 * taken as standing still: a period that was left is not opened again, and after a clock ran ahead money returns only
 * when time has caught up.
 */
export class Cap {
  readonly per: CapLength
  readonly window: CapWindow
  readonly timeZone: string | null
  /** The limit, USD >= 0; may be changed at any time. */
  usd: number
  private ownPacing: CapPacing
  /** USD set aside for requests in flight. */
  reservedUsd = 0
  inFlight = 0
  private since: number
  /** What a calendar cap has counted; of a rolling one, nothing. */
  private readonly calendar = new CalendarSpend()
  /** What a rolling cap has counted; null of a calendar cap. */
  rolling: SpendWindow | null
  /** How often its requests come. */
  readonly rate: ArrivalRate
  /** How its money is spread over the requests to come. */
  readonly pace: CapPace
  readonly handover: CapHandover
  /** The dearest recent reservation or cost, fading, USD. */
  dearestUsd = 0

  /** @param since when it came into force: what was charged before is not its spend */
  constructor(spec: CapSpec, since = 0) {
    this.since = since
    this.usd = spec.usd
    this.per = spec.per
    this.window = spec.window
    this.timeZone = spec.timeZone
    this.ownPacing = spec.pacing ?? 'even'
    this.rolling =
      spec.window === 'rolling' ? new SpendWindow(LENGTH_MS[spec.per], this.ownPacing === 'forecast') : null
    this.rate = new ArrivalRate(LENGTH_MS[spec.per])
    this.pace = new CapPace(this)
    this.handover = new CapHandover(this)
  }

  /** The calendar period in force, [startsAt, endsAt); both 0 before the first. */
  get startsAt(): number {
    return this.calendar.startsAt
  }

  get endsAt(): number {
    return this.calendar.endsAt
  }

  /** Of a calendar cap, dollars that count in the period in force and in the next one too. */
  get carriedUsd(): number {
    return this.calendar.carriedUsd
  }

  get pacing(): CapPacing {
    return this.ownPacing
  }

  /** May be changed at any time. */
  set pacing(pacing: CapPacing) {
    this.ownPacing = pacing
    if (this.rolling !== null) this.rolling = this.rolling.refined(pacing === 'forecast')
  }

  /** True when no calendar period is in force at `at`: nothing is available until `begin`. Never for a rolling cap. */
  isOver(at: number): boolean {
    return this.rolling === null && this.calendar.isOver(at)
  }

  /**
   * A calendar period began: spend starts from 0, or from what became known in it already; reservations stay.
   * A period that begins before the end of the one in force is ignored: going back would forget its spend.
   */
  begin(startsAt: number, endsAt: number): void {
    this.calendar.begin(startsAt, endsAt)
  }

  /** Requests came that a cap refused. */
  wanted(at: number, requests: number): void {
    this.rate.arrive(at, requests)
  }

  /** A request was routed: sets aside its dollars, at most `availableUsd(at)` where the promise is to hold. */
  reserve(at: number, usd: number): void {
    this.rate.arrive(at)
    this.reservedUsd += usd
    this.inFlight++
    this.dearestUsd = Math.max(usd, this.dearestUsd * (1 - 1 / CAP_DEAREST_REQUESTS))
    // Old spend is forgotten here once, not at every look.
    this.rolling?.add(at, 0)
  }

  /** The reservation gives way to what the request cost, or to itself when the request expired. */
  settle(at: number, reservedUsd: number, costUsd: number): void {
    this.release(reservedUsd)
    this.charge(at, costUsd)
  }

  /** The request failed and cost nothing. */
  release(reservedUsd: number): void {
    this.inFlight = Math.max(0, this.inFlight - 1)
    // Sums of dollars taken and given back leave rounding behind; nothing in flight means nothing is set aside.
    this.reservedUsd = this.inFlight === 0 ? 0 : Math.max(0, this.reservedUsd - reservedUsd)
  }

  /**
   * A settlement after expiry: the difference to what the expiry charged. More counts now. Less is given back where it
   * was charged, if that still counts.
   * @param chargedAt when the request expired or, of snapshots that did not keep it, when it was routed: that may give
   *   back less
   */
  correct(at: number, chargedAt: number, differenceUsd: number): void {
    if (differenceUsd >= 0) this.charge(at, differenceUsd)
    else if (chargedAt < this.since) return
    else if (this.rolling !== null) this.rolling.takeBack(chargedAt, -differenceUsd)
    else this.calendar.takeBack(chargedAt, -differenceUsd)
  }

  /** An operator's credit for the period in force, or a debit where it is negative. */
  adjust(at: number, usd: number): void {
    if (usd > 0 && this.rolling !== null) this.rolling.credit(usd)
    else this.correct(at, at, -usd)
    if (usd > 0) this.handover.credit(usd)
  }

  /** The cap came into force while requests were in flight: they settle under it, so their reservations count. */
  adopt(reservedUsd: number, requests: number): void {
    this.reservedUsd += reservedUsd
    this.inFlight += requests
  }

  /**
   * Takes the place of a calendar cap of another time zone. All that counts there counts here too, in the first period, if
   * that began before the other ended: which dollars were spent when is not known, and none may be spent twice.
   */
  succeed(cap: Cap, at: number): void {
    this.since = Math.max(cap.since, cap.startsAt)
    this.dearestUsd = cap.dearestUsd
    this.rate.load(cap.rate.save())
    this.adopt(cap.reservedUsd, cap.inFlight)
    // An event from before 0.2 may have made the edit.
    this.handover.take(this.calendar.succeed(cap.calendar, at), false)
  }

  /** What it has counted, the oldest first: what may count under another cap of the same account. */
  counted(at: number): readonly SpentPart[] {
    return this.rolling === null ? this.calendar.parts(at) : this.rolling.parts(at)
  }

  /** Since when it has counted all that was spent, in the period in force or in its window, ms since 1970. */
  countedFrom(at: number): number {
    return Math.max(this.since, this.rolling === null ? this.startsAt : at - this.lengthMs)
  }

  /**
   * A new cap takes in what one of another kind has counted.
   * @param parts the oldest first; they count in its first period, if that began before
   * @param since from when on all that was spent is among them
   */
  takeIn(cap: Cap, parts: readonly SpentPart[], since: number, at: number): void {
    this.since = Math.min(since, at)
    this.dearestUsd = cap.dearestUsd
    if (cap.per === this.per) this.rate.load(cap.rate.save())
    if (this.rolling === null) {
      this.handover.take(this.calendar.takeIn(parts))
      return
    }
    for (const part of parts) this.rolling.add(part.at, part.usd)
    this.rolling.add(at, 0)
    this.handover.take({ usd: this.rolling.spentUsd(at), at })
  }

  /** Nobody will say any more what becomes of requests in flight: they cost what was set aside. */
  leave(at: number): void {
    const usd = this.reservedUsd
    this.reservedUsd = this.inFlight = 0
    if (usd > 0) this.charge(at, usd)
  }

  /** Whether it counted at that time. */
  isSince(at: number): boolean {
    return this.since <= at
  }

  /** Whether nothing counts at `at` or later of what has been charged. */
  isForgotten(at: number): boolean {
    if (this.rolling !== null) return this.rolling.spentUsd(at) === 0
    return this.calendar.isForgotten(at, this.lengthMs)
  }

  /** USD spent in the period in force, or in the rolling window that ends at `at`. */
  spentUsd(at: number): number {
    return this.rolling === null ? this.calendar.spentUsd : this.rolling.spentUsd(at)
  }

  /** USD that the next request may set aside; 0 when the period is over. */
  availableUsd(at: number): number {
    return this.isOver(at) ? 0 : Math.max(0, -this.exceededUsd(at))
  }

  /** By how much it is exceeded in the period in force, or in the window that ends at `at`, USD; below 0: what is left. */
  exceededUsd(at: number): number {
    // Costs that wait for the next period are of requests that were routed in this one or before: when a clock is put
    // back over its end they count here as well.
    const { waitingUsd } = this.calendar
    return -(this.usd - this.spentUsd(at) - waitingUsd - this.reservedUsd)
  }

  /** As of `CapPace.usdPerRequest`. A cap that is paced evenly goes by no forecast. */
  impliedUsdPerRequest(at: number, known: Forecast | null = null): number {
    return this.pace.usdPerRequest(at, this.pacing === 'forecast' ? known : null)
  }

  /** The state as plain finite numbers, for `load` of a cap of the same kind; the limit is not among them. */
  save(): number[] {
    const own = [this.reservedUsd, this.inFlight, this.dearestUsd, this.since, ...this.rate.save()]
    return [...own, ...(this.rolling ?? this.calendar).save()]
  }

  /** Nominal length, ms: a month is 30 days, and a day 24 hours. */
  get lengthMs(): number {
    return LENGTH_MS[this.per]
  }

  /** How many numbers `save` gives. */
  get savedNumbers(): number {
    return OWN_NUMBERS + ARRIVAL_NUMBERS + (this.rolling?.savedNumbers ?? CALENDAR_NUMBERS)
  }

  /**
   * Takes over what `save` gave. The cap must be new.
   * @throws SNAPSHOT_INVALID for numbers that no cap of this kind can have; nothing changes then
   */
  load(numbers: readonly number[]): void {
    const invalid = () => new ParetoBanditError('SNAPSHOT_INVALID', '', 'a cap holds impossible values')
    const amounts = (each: readonly number[]) => each.every((usd) => usd >= 0 && usd <= SUM_MAX_USD)
    if (numbers.length !== this.savedNumbers) throw invalid()
    const [reservedUsd, inFlight, dearestUsd, since] = numbers
    if (
      !Number.isFinite(since) ||
      !amounts([reservedUsd, dearestUsd]) ||
      !Number.isSafeInteger(inFlight) ||
      inFlight < 0
    )
      throw invalid()
    if (inFlight === 0 && reservedUsd > 0) throw invalid()
    const rest = numbers.slice(OWN_NUMBERS + ARRIVAL_NUMBERS)
    if (this.rolling === null) {
      if (!isCalendarSpend(rest)) throw invalid()
    } else if (!Number.isInteger(rest[0]) || !amounts(rest.slice(1))) throw invalid()
    if (!this.rate.load(numbers.slice(OWN_NUMBERS, OWN_NUMBERS + ARRIVAL_NUMBERS))) throw invalid()
    if (this.rolling === null) this.calendar.load(rest)
    else this.rolling.load(rest)
    this.since = since
    this.reservedUsd = reservedUsd
    this.inFlight = inFlight
    this.dearestUsd = dearestUsd
  }

  /** After `load`: the part of both sums that is the same dollars. False when it cannot be. */
  carry(usd: unknown): boolean {
    return this.calendar.carry(usd)
  }

  private charge(at: number, usd: number): void {
    this.dearestUsd = Math.max(this.dearestUsd, usd)
    if (this.rolling === null) this.calendar.add(at, usd)
    else this.rolling.add(at, usd)
  }
}
