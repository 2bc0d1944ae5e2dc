import { ParetoBanditError } from '../errors.js'

/** What has happened to a request so far, as bits of its state. */
export const SETTLED = 1
export const REWARDED = 2
export const FAILED = 4
export const EXPIRED = 8
export const DROPPED = 16

/** Numbers kept of a request besides its context, in the order a snapshot keeps them. */
const COLUMNS = [
  'slot',
  'incarnation',
  'state',
  'at',
  'reservedUsd',
  'listCostUsd',
  'allowanceUsd',
  'inputUsdPerMTok',
  'outputUsdPerMTok',
] as const
type Column = (typeof COLUMNS)[number]
export const PENDING_NUMBERS = COLUMNS.length

const INITIAL_LENGTH = 1024

/**
 * The latest requests, waiting for feedback: a ring addressed by sequence number, so finding one is an index and
 * nothing is allocated for it. It doubles while a request that still waits would be overwritten, up to `capacity`;
 * from then on the oldest is pushed out. Memory: (9 + d) * 8 bytes a request.
 *
 * Invariant: entries of sequence numbers in [next - length, next) are in the ring; older ones are gone.
 */
export class PendingRequests {
  readonly capacity: number
  readonly dimension: number
  /** Sequence number that the next request gets, from 1. */
  next = 1
  private length: number
  private columns: Record<Column, Float64Array>
  private contexts: Float64Array
  /** No request before this one is unsettled. */
  private oldestUnsettled = 1

  constructor(capacity: number, dimension: number) {
    this.capacity = capacity
    this.dimension = dimension
    this.length = Math.min(INITIAL_LENGTH, capacity)
    this.columns = makeColumns(this.length)
    this.contexts = new Float64Array(this.length * dimension)
  }

  /** True while the request's entry is still in the ring. */
  holds(sequence: number): boolean {
    return sequence >= 1 && sequence < this.next && sequence >= this.next - this.length
  }

  slot(sequence: number): number {
    return this.columns.slot[sequence % this.length]
  }

  /** 0 for a request that is closed because a snapshot left it out. */
  incarnation(sequence: number): number {
    return this.columns.incarnation[sequence % this.length]
  }

  at(sequence: number): number {
    return this.columns.at[sequence % this.length]
  }

  reservedUsd(sequence: number): number {
    return this.columns.reservedUsd[sequence % this.length]
  }

  listCostUsd(sequence: number): number {
    return this.columns.listCostUsd[sequence % this.length]
  }

  allowanceUsd(sequence: number): number {
    return this.columns.allowanceUsd[sequence % this.length]
  }

  /** Tokens at the list price that was in force when the request was routed, USD. */
  costOfTokensUsd(sequence: number, inputTokens: number, outputTokens: number): number {
    const index = sequence % this.length
    const { inputUsdPerMTok, outputUsdPerMTok } = this.columns
    return (inputTokens * inputUsdPerMTok[index] + outputTokens * outputUsdPerMTok[index]) / 1e6
  }

  state(sequence: number): number {
    return this.columns.state[sequence % this.length]
  }

  mark(sequence: number, bits: number): void {
    this.columns.state[sequence % this.length] |= bits
  }

  /** A view of the request's context, valid until the ring grows or wraps. */
  context(sequence: number): Float64Array {
    const offset = (sequence % this.length) * this.dimension
    return this.contexts.subarray(offset, offset + this.dimension)
  }

  /** Copies the request's context to `out` at `offset`. */
  copyContextTo(sequence: number, out: Float64Array, offset: number): void {
    const from = (sequence % this.length) * this.dimension
    for (let i = 0; i < this.dimension; i++) out[offset + i] = this.contexts[from + i]
  }

  /** The unsettled request that adding one more would push out, or 0. */
  pushedOut(): number {
    if (this.length < this.capacity) return 0
    const sequence = this.next - this.length
    return sequence >= 1 && isUnsettled(this.state(sequence)) ? sequence : 0
  }

  /**
   * Makes sure that one more request fits without pushing out one that waits, while the capacity allows.
   * @throws OUT_OF_MEMORY; nothing has changed then
   */
  makeRoom(): void {
    const evicted = this.next - this.length
    if (evicted >= 1 && this.length < this.capacity && isWaiting(this.state(evicted))) this.grow()
  }

  /** Adds a request under the sequence number `next`. There must be room. */
  add(
    slot: number,
    incarnation: number,
    at: number,
    reservedUsd: number,
    listCostUsd: number,
    allowanceUsd: number,
    price: { readonly inputUsdPerMTok: number; readonly outputUsdPerMTok: number },
    context: Float64Array,
  ): void {
    const sequence = this.next++
    const index = sequence % this.length
    const { columns } = this
    columns.slot[index] = slot
    columns.incarnation[index] = incarnation
    columns.state[index] = 0
    columns.at[index] = at
    columns.reservedUsd[index] = reservedUsd
    columns.listCostUsd[index] = listCostUsd
    columns.allowanceUsd[index] = allowanceUsd
    columns.inputUsdPerMTok[index] = price.inputUsdPerMTok
    columns.outputUsdPerMTok[index] = price.outputUsdPerMTok
    this.contexts.set(context, index * this.dimension)
  }

  /** The oldest unsettled request if it was routed at or before `deadline`, else 0. Amortised O(1). */
  due(deadline: number): number {
    this.oldestUnsettled = Math.max(this.oldestUnsettled, this.next - this.length, 1)
    while (this.oldestUnsettled < this.next && !isUnsettled(this.state(this.oldestUnsettled)))
      this.oldestUnsettled++
    const sequence = this.oldestUnsettled
    return sequence < this.next && this.at(sequence) <= deadline ? sequence : 0
  }

  /** Sequence numbers of the requests that feedback can still change, oldest first. */
  *waiting(): Generator<number> {
    for (let sequence = Math.max(1, this.next - this.length); sequence < this.next; sequence++) {
      if (isWaiting(this.state(sequence))) yield sequence
    }
  }

  /** A request's numbers in the order of a snapshot. */
  numbers(sequence: number): number[] {
    return COLUMNS.map((column) => this.columns[column][sequence % this.length])
  }

  /**
   * Takes the waiting requests of a snapshot into this empty ring: `next`, then for each its sequence number,
   * PENDING_NUMBERS numbers and context.
   */
  load(
    next: number,
    entries: readonly { sequence: number; numbers: readonly number[]; context: Float64Array }[],
  ): void {
    this.next = next
    const oldest = entries.length === 0 ? next : entries[0].sequence
    while (this.length < this.capacity && oldest < next - this.length) this.grow()
    for (const columns of Object.values(this.columns)) columns.fill(0)
    // Requests that are not in the snapshot are closed: their entries must refuse feedback.
    this.columns.state.fill(DROPPED)
    this.oldestUnsettled = Math.max(1, next - this.length)
    for (const { sequence, numbers, context } of entries) {
      const index = sequence % this.length
      COLUMNS.forEach((column, i) => {
        this.columns[column][index] = numbers[i]
      })
      this.contexts.set(context, index * this.dimension)
    }
  }

  private grow(): void {
    const length = Math.min(2 * this.length, this.capacity)
    const { columns, contexts } = allocate(length, this.dimension)
    for (let sequence = Math.max(1, this.next - this.length); sequence < this.next; sequence++) {
      const from = sequence % this.length
      const to = sequence % length
      for (const column of COLUMNS) columns[column][to] = this.columns[column][from]
      contexts.set(this.context(sequence), to * this.dimension)
    }
    // Older numbers map to entries that were never written: mark them as gone.
    for (let sequence = this.next - length; sequence < this.next - this.length; sequence++) {
      if (sequence >= 1) columns.state[sequence % length] = DROPPED
    }
    this.columns = columns
    this.contexts = contexts
    this.length = length
  }
}

/** The reservation is still held. */
export function isUnsettled(state: number): boolean {
  return (state & (SETTLED | FAILED | EXPIRED | DROPPED)) === 0
}

/** Some feedback can still come: not failed or dropped, not settled with its reward come or too late. */
export function isWaiting(state: number): boolean {
  if ((state & (FAILED | DROPPED)) !== 0) return false
  return (state & SETTLED) === 0 || (state & (REWARDED | EXPIRED)) === 0
}

function allocate(
  length: number,
  dimension: number,
): { columns: Record<Column, Float64Array>; contexts: Float64Array } {
  try {
    return { columns: makeColumns(length), contexts: new Float64Array(length * dimension) }
  } catch (cause) {
    const message = `no memory for ${length} pending requests`
    throw new ParetoBanditError('OUT_OF_MEMORY', 'pendingCapacity', message, { cause })
  }
}

function makeColumns(length: number): Record<Column, Float64Array> {
  return {
    slot: new Float64Array(length),
    incarnation: new Float64Array(length),
    state: new Float64Array(length),
    at: new Float64Array(length),
    reservedUsd: new Float64Array(length),
    listCostUsd: new Float64Array(length),
    allowanceUsd: new Float64Array(length),
    inputUsdPerMTok: new Float64Array(length),
    outputUsdPerMTok: new Float64Array(length),
  }
}
