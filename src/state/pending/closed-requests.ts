import type { PriceList } from '../../models/price-list.js'
import { NUMBER, ORIGIN, STATE } from './request-row.js'
import { SETTLED } from './request-state.js'

/** Requests whose bill is known, and requests whose bill may still come, that are remembered once they are closed. */
export const CLOSED_SETTLED_MAX = 1024
export const CLOSED_OPEN_BILL_MAX = 8192

/** Rows that a list has room for at first; it doubles. */
const INITIAL_ROWS = 64

/** A request that takes no more feedback, but a bill. */
export interface ClosedRequest {
  /** As `request-row.ts` has it; to be changed in place. A view, until the next one is added. */
  readonly row: Float64Array
  readonly prices: PriceList
}

/**
 * Requests that take no more feedback: failed, cancelled, settled and rewarded, of a removed model, pushed out. Their
 * money was spent all the same, so a bill that comes late is booked where it belongs; only the oldest are forgotten.
 * In order of their closing, and part of the fold: what is found does not depend on how large the ring has grown.
 */
export class ClosedRequests {
  private readonly settled: ClosedList
  private readonly open: ClosedList

  /** @param stride numbers of a row */
  constructor(stride: number) {
    this.settled = new ClosedList(CLOSED_SETTLED_MAX, stride)
    this.open = new ClosedList(CLOSED_OPEN_BILL_MAX, stride)
  }

  /** Copies the row that stands in `rows` at `offset`. */
  add(rows: Float64Array, offset: number, prices: PriceList): void {
    const isKnown = (rows[offset + STATE] & SETTLED) !== 0
    if (isKnown) this.settled.add(rows, offset, prices)
    else this.open.add(rows, offset, prices)
  }

  /** @param origin registration of the origin; @param number of the request among that origin's */
  find(origin: number, number: number): ClosedRequest | undefined {
    return this.open.find(origin, number) ?? this.settled.find(origin, number)
  }

  /** What is remembered now, to be read, in another of the same stride. */
  copyTo(copy: ClosedRequests): void {
    this.settled.copyTo(copy.settled)
    this.open.copyTo(copy.open)
  }

  /** Of the settled ones, and of those whose bill may still come, the latest `count` each: views, until the next one is added. */
  latest(count: number): readonly ClosedRequest[] {
    return [...this.settled.latest(count), ...this.open.latest(count)]
  }

  /** Those that are remembered, the settled ones first, each in the order of their closing: views as well. */
  all(): readonly ClosedRequest[] {
    return this.latest(CLOSED_OPEN_BILL_MAX)
  }
}

/** The latest `max` of them, a ring of rows: nothing is allocated for one more. */
class ClosedList {
  private readonly max: number
  private readonly stride: number
  /** A power of two that divides `max`, in rows. */
  private room = INITIAL_ROWS
  private rows: Float64Array
  private prices: PriceList[] = []
  /** Of all that were ever added. */
  private count = 0

  /** @param max a power of two */
  constructor(max: number, stride: number) {
    this.max = max
    this.stride = stride
    this.rows = new Float64Array(this.room * stride)
  }

  add(rows: Float64Array, offset: number, prices: PriceList): void {
    if (this.count === this.room && this.room < this.max) this.grow()
    const place = this.count++ & (this.room - 1)
    const { stride } = this
    const start = place * stride
    for (let i = 0; i < stride; i++) this.rows[start + i] = rows[offset + i]
    this.prices[place] = prices
  }

  /** A late bill is rare: the newest are looked at first. */
  find(origin: number, number: number): ClosedRequest | undefined {
    for (let i = this.count - 1; i >= this.first; i--) {
      const start = (i & (this.room - 1)) * this.stride
      if (this.rows[start + NUMBER] === number && this.rows[start + ORIGIN] === origin) return this.at(i)
    }
    return undefined
  }

  latest(count: number): readonly ClosedRequest[] {
    const found: ClosedRequest[] = []
    for (let i = Math.max(this.first, this.count - count); i < this.count; i++) found.push(this.at(i))
    return found
  }

  copyTo(copy: ClosedList): void {
    copy.room = this.room
    copy.rows = this.rows.slice()
    copy.prices = this.prices.slice()
    copy.count = this.count
  }

  private get first(): number {
    return Math.max(0, this.count - this.room)
  }

  private at(i: number): ClosedRequest {
    const place = i & (this.room - 1)
    const start = place * this.stride
    return { row: this.rows.subarray(start, start + this.stride), prices: this.prices[place] }
  }

  private grow(): void {
    this.room *= 2
    const rows = new Float64Array(this.room * this.stride)
    rows.set(this.rows)
    this.rows = rows
  }
}
