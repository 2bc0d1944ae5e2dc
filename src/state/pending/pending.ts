import { copyNumbers } from '../../base/check.js'
import type { EventOf } from '../../events/events.js'
import type { PriceList } from '../../models/price-list.js'
import type { Model } from '../../models/registry.js'
import { ClosedRequests } from './closed-requests.js'
import { CopiedRows } from './copied-rows.js'
import { HeldPriceLists } from './held-price-lists.js'
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
  PRICES,
  RESERVED,
  SLOT,
  STATE,
} from './request-row.js'
import { DROPPED, isUnsettled, isWaiting } from './request-state.js'
import { allocateRows, maskOf } from './ring-memory.js'

/** What a routed event says of a request that is kept until its feedback. */
type RoutedRequest = Pick<
  EventOf<'routed'>,
  'at' | 'reservedUsd' | 'listCostUsd' | 'predictedUsd' | 'forced' | 'context'
>

/** The model it went to, as it was registered and priced then. */
type RoutedModel = Pick<Model, 'slot' | 'incarnation' | 'prices'>

const INITIAL_LENGTH = 1024
/** Rows that one step of a load takes in. */
const STEP_ROWS = 1024

/**
 * The latest requests, waiting for feedback: a ring addressed by sequence number, so finding one is an index and
 * nothing is allocated for it. It doubles while a request that still waits would be overwritten, up to `capacity`;
 * from then on the oldest is pushed out. Memory: (14 + d and the policy's columns) * 8 bytes a request, for the next power of two of
 * requests: a mask finds a row, whatever the size of the sequence number.
 *
 * Invariant: entries of sequence numbers in [next - length, next) are in the ring; older ones are gone.
 */
export class PendingRequests {
  readonly capacity: number
  readonly dimension: number
  /** Sequence number that the next request gets, from 1. */
  next = 1
  private readonly stride: number
  private length: number
  private mask: number
  private rows: Float64Array
  /** Under way from these rows, and to these. */
  private copying: CopiedRows | null = null
  private copied: CopiedRows | null = null
  /** No request before this one is unsettled. */
  private oldestUnsettled = 1
  private priceLists = new HeldPriceLists()
  /** Those that take no more feedback than a bill. */
  readonly closed: ClosedRequests

  /** What the policy's own columns begin as. */
  private readonly columnStart: readonly number[]
  /** Where a row's context begins. */
  private readonly context: number

  constructor(capacity: number, dimension: number, columnStart: readonly number[] = []) {
    this.capacity = capacity
    this.dimension = dimension
    this.columnStart = columnStart
    this.context = PENDING_NUMBERS + columnStart.length
    this.stride = this.context + dimension
    this.closed = new ClosedRequests(this.stride)
    this.length = Math.min(INITIAL_LENGTH, capacity)
    this.mask = maskOf(this.length)
    this.rows = new Float64Array((this.mask + 1) * this.stride)
  }

  /** Sequence number of the oldest entry that the ring may hold. */
  get oldest(): number {
    return Math.max(1, this.next - this.length)
  }

  /** True while the request's entry is still in the ring. */
  holds(sequence: number): boolean {
    return sequence >= 1 && sequence < this.next && sequence >= this.next - this.length
  }

  slot(sequence: number): number {
    return this.rows[this.offset(sequence) + SLOT]
  }

  /** 0 for a request that is closed because a snapshot left it out. */
  incarnation(sequence: number): number {
    return this.rows[this.offset(sequence) + INCARNATION]
  }

  /** Registration of the origin whose request it is, and its number among that origin's. */
  origin(sequence: number): number {
    return this.rows[this.offset(sequence) + ORIGIN]
  }

  number(sequence: number): number {
    return this.rows[this.offset(sequence) + NUMBER]
  }

  at(sequence: number): number {
    return this.rows[this.offset(sequence) + AT]
  }

  reservedUsd(sequence: number): number {
    return this.rows[this.offset(sequence) + RESERVED]
  }

  listCostUsd(sequence: number): number {
    return this.rows[this.offset(sequence) + LIST_COST]
  }

  predictedUsd(sequence: number): number {
    return this.rows[this.offset(sequence) + PREDICTED]
  }

  /** What was predicted of the request says nothing any more: its bill will count as predicted. */
  forgetPrediction(sequence: number): void {
    const row = this.offset(sequence)
    this.change(row)
    this.rows[row + PREDICTED] = 0
  }

  forced(sequence: number): boolean {
    return this.rows[this.offset(sequence) + FORCED] === 1
  }

  allowanceUsd(sequence: number): number {
    return this.rows[this.offset(sequence) + ALLOWANCE]
  }

  /** A column of the policy's own, from 0. */
  policyColumn(sequence: number, column: number): number {
    return this.rows[this.offset(sequence) + PENDING_NUMBERS + column]
  }

  setPolicyColumn(sequence: number, column: number, value: number): void {
    const row = this.offset(sequence)
    this.change(row)
    this.rows[row + PENDING_NUMBERS + column] = value
  }

  /** The same value in a column of every request. */
  fillPolicyColumn(column: number, value: number): void {
    this.copying?.finish()
    for (let at = PENDING_NUMBERS + column; at < this.rows.length; at += this.stride) this.rows[at] = value
  }

  /** The prices that were in force when the request was routed. @throws REQUEST_CLOSED for a row without a request */
  prices(sequence: number): PriceList {
    return this.priceLists.at(this.rows[this.offset(sequence) + PRICES])
  }

  /** Price lists that rows of the ring refer to. */
  get priceListCount(): number {
    return this.priceLists.size
  }

  state(sequence: number): number {
    return this.rows[this.offset(sequence) + STATE]
  }

  /** What has been booked for the request, and when; 0 before anything was. */
  bookedUsd(sequence: number): number {
    return this.rows[this.offset(sequence) + BOOKED]
  }

  bookedAt(sequence: number): number {
    return this.rows[this.offset(sequence) + BOOKED_AT]
  }

  book(sequence: number, costUsd: number, at: number): void {
    const row = this.offset(sequence)
    this.change(row)
    this.rows[row + BOOKED] = costUsd
    this.rows[row + BOOKED_AT] = at
  }

  setFlags(sequence: number, bits: number): void {
    const at = this.offset(sequence) + STATE
    this.change(at)
    const before = this.rows[at]
    this.rows[at] = before | bits
    if (isWaiting(before) && !isWaiting(before | bits)) this.close(sequence)
  }

  /** Numbers of a row: common ones, the policy's own, the context. */
  get rowNumbers(): number {
    return this.stride
  }

  /** A view of the request's row, valid until the ring grows or wraps. */
  row(sequence: number): Float64Array {
    const offset = this.offset(sequence)
    return this.rows.subarray(offset, offset + this.stride)
  }

  /** The same of a row that may be written to. */
  rowToChange(sequence: number): Float64Array {
    this.change(this.offset(sequence))
    return this.row(sequence)
  }

  /** Copies the request's context to `out` at `offset`. */
  copyContextTo(sequence: number, out: Float64Array, offset: number): void {
    copyNumbers(this.rows, this.offset(sequence) + this.context, out, offset, this.dimension)
  }

  /** The unsettled request that adding one more would push out, or 0. */
  pushedOut(): number {
    if (this.length < this.capacity) return 0
    const sequence = this.next - this.length
    return sequence >= 1 && isUnsettled(this.state(sequence)) ? sequence : 0
  }

  /**
   * Makes sure that `count` more requests fit without pushing out one that waits, while the capacity allows.
   * @throws OUT_OF_MEMORY; nothing has changed then
   */
  makeRoom(count = 1): void {
    for (let evicted = this.next - this.length; evicted < this.next - this.length + count; evicted++) {
      if (this.length >= this.capacity) return
      if (evicted >= this.next || (evicted >= 1 && isWaiting(this.state(evicted)))) {
        this.grow()
        evicted = this.next - this.length - 1
      }
    }
  }

  /**
   * Adds a request under the sequence number `next`. There must be room.
   * @param number among those of its origin
   */
  add(routed: RoutedRequest, model: RoutedModel, allowanceUsd: number, origin: number, number: number): void {
    const { rows, columnStart } = this
    const evicted = this.next - this.length
    if (evicted >= 1 && isWaiting(this.state(evicted))) this.close(evicted)
    const row = this.offset(this.next++)
    this.change(row)
    rows[row + SLOT] = model.slot
    rows[row + INCARNATION] = model.incarnation
    rows[row + STATE] = 0
    rows[row + AT] = routed.at
    rows[row + RESERVED] = routed.reservedUsd
    rows[row + LIST_COST] = routed.listCostUsd
    rows[row + ALLOWANCE] = allowanceUsd
    const overwritten = rows[row + PRICES]
    rows[row + PRICES] = this.priceLists.hold(model.prices)
    this.priceLists.release(overwritten)
    rows[row + PREDICTED] = routed.predictedUsd
    rows[row + FORCED] = routed.forced ? 1 : 0
    rows[row + ORIGIN] = origin
    rows[row + NUMBER] = number
    rows[row + BOOKED] = 0
    rows[row + BOOKED_AT] = 0
    for (let i = 0; i < columnStart.length; i++) rows[row + PENDING_NUMBERS + i] = columnStart[i]
    copyNumbers(routed.context, 0, rows, row + this.context, this.dimension)
  }

  /** The oldest unsettled request if it was routed at or before `deadline`, else 0. Amortised O(1). */
  due(deadline: number): number {
    const { next } = this
    let sequence = Math.max(this.oldestUnsettled, next - this.length)
    while (sequence < next && !isUnsettled(this.state(sequence))) sequence++
    this.oldestUnsettled = sequence
    return sequence < next && this.at(sequence) <= deadline ? sequence : 0
  }

  /** Sequence numbers of the requests that feedback can still change, oldest first. */
  *waiting(): Generator<number> {
    for (let sequence = Math.max(1, this.next - this.length); sequence < this.next; sequence++) {
      if (isWaiting(this.state(sequence))) yield sequence
    }
  }

  /**
   * Takes the waiting requests of a snapshot into this empty ring: `next`, then the row of each, oldest first. In steps.
   * @param oldest sequence number of the first; `next` without any
   * @param prices what the rows' places of price lists stand for
   */
  *load(
    next: number,
    oldest: number,
    entries: Iterable<{ readonly sequence: number; readonly row: Float64Array }>,
    prices: readonly PriceList[],
    closed: Iterable<Float64Array> = [],
  ): Generator<void> {
    this.next = next
    for (const row of closed) this.closed.add(row, 0, prices[row[PRICES]])
    while (this.length < this.capacity && oldest < next - this.length)
      this.length = Math.min(2 * this.length, this.capacity)
    this.mask = maskOf(this.length)
    this.rows = allocateRows(this.length, (this.mask + 1) * this.stride)
    this.copying = null
    this.oldestUnsettled = Math.max(1, next - this.length)
    // Requests that are not in the snapshot are closed: their rows must refuse feedback.
    for (let row = 0; row <= this.mask; row++) {
      this.rows[row * this.stride + STATE] = DROPPED
      if (row % STEP_ROWS === 0) yield
    }
    let taken = 0
    for (const { sequence, row } of entries) {
      const offset = this.offset(sequence)
      this.rows.set(row, offset)
      this.rows[offset + PRICES] = this.priceLists.hold(prices[row[PRICES]])
      if (++taken % STEP_ROWS === 0) yield
    }
  }

  /**
   * The requests as they are now, to be read once `copySteps` of it has come to its end: what happens meanwhile changes
   * nothing of them.
   */
  copy(): PendingRequests {
    // One at a time: what was begun before is brought to its end.
    this.copying?.finish()
    const rows = new CopiedRows(this.rows, this.stride)
    const copy = new PendingRequests(this.capacity, this.dimension, this.columnStart)
    copy.next = this.next
    copy.length = this.length
    copy.mask = this.mask
    copy.rows = rows.target
    copy.priceLists = this.priceLists.copy()
    this.closed.copyTo(copy.closed)
    this.copying = copy.copied = rows
    return copy
  }

  /** Of a copy: the rest of its rows, in short steps. */
  *copySteps(): Generator<void> {
    if (this.copied !== null) yield* this.copied.steps()
  }

  /** A row is about to change. */
  private change(row: number): void {
    if (this.copying === null) return
    if (this.copying.isDone) this.copying = null
    else this.copying.before(row)
  }

  private close(sequence: number): void {
    this.closed.add(this.rows, this.offset(sequence), this.prices(sequence))
  }

  private grow(): void {
    const { next, stride } = this
    const length = Math.min(2 * this.length, this.capacity)
    const mask = maskOf(length)
    const rows = allocateRows(length, (mask + 1) * stride)
    const oldest = Math.max(1, next - this.length)
    // A row that was never written belongs to an older request, which is gone.
    for (let sequence = Math.max(1, next - length); sequence < oldest; sequence++)
      rows[(sequence & mask) * stride + STATE] = DROPPED
    // All rows of one lap lie side by side, here and there: that is two copies, and not one for each row.
    for (let from = oldest; from < next; ) {
      const to = Math.min(next, from - (from & this.mask) + this.mask + 1)
      const at = this.offset(from)
      rows.set(this.rows.subarray(at, at + (to - from) * stride), (from & mask) * stride)
      from = to
    }
    // A copy that is under way has the old rows for itself.
    this.copying = null
    this.rows = rows
    this.mask = mask
    this.length = length
  }

  private offset(sequence: number): number {
    return (sequence & this.mask) * this.stride
  }
}
