import type { PriceList } from '../../models/price-list.js'
import {
  ALLOWANCE,
  AT,
  BOOKED,
  BOOKED_AT,
  FORCED,
  INCARNATION,
  LIST_COST,
  NUMBER,
  ORIGIN,
  PENDING_NUMBERS,
  PREDICTED,
  RESERVED,
  SLOT,
  STATE,
} from './request-row.js'
import { IMPLAUSIBLE, MISTAKEN, UNTOLD } from './request-state.js'

/** What a bill that comes late is held against: a request's row, in the ring or among the closed ones. */
export class BilledRequest {
  readonly row: Float64Array
  /** The list prices that it was routed at. */
  readonly prices: PriceList

  constructor(row: Float64Array, prices: PriceList) {
    this.row = row
    this.prices = prices
  }

  get slot(): number {
    return this.row[SLOT]
  }

  get incarnation(): number {
    return this.row[INCARNATION]
  }

  get state(): number {
    return this.row[STATE]
  }

  get routedAt(): number {
    return this.row[AT]
  }

  /** Registration of the origin whose request it is, and its number among that origin's. */
  get origin(): number {
    return this.row[ORIGIN]
  }

  get number(): number {
    return this.row[NUMBER]
  }

  get reservedUsd(): number {
    return this.row[RESERVED]
  }

  get listCostUsd(): number {
    return this.row[LIST_COST]
  }

  get predictedUsd(): number {
    return this.row[PREDICTED]
  }

  get allowanceUsd(): number {
    return this.row[ALLOWANCE]
  }

  get forced(): boolean {
    return this.row[FORCED] === 1
  }

  /** What has been booked for it, USD; -1 where an older release did not keep it. */
  get bookedUsd(): number {
    return this.row[BOOKED]
  }

  get bookedAt(): number {
    return this.row[BOOKED_AT]
  }

  /** A column of the policy's own, from 0. */
  policyColumn(column: number): number {
    return this.row[PENDING_NUMBERS + column]
  }

  /** A view of its context. */
  context(dimension: number): Float64Array {
    return this.row.subarray(this.row.length - dimension)
  }

  book(costUsd: number, at: number, bits: number): void {
    this.row[BOOKED] = costUsd
    this.row[BOOKED_AT] = at
    this.row[STATE] = (this.row[STATE] & ~(MISTAKEN | IMPLAUSIBLE | UNTOLD)) | bits
  }
}
