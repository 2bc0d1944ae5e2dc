import type { PriceList } from '../../models/price-list.js'
import { NUMBER, ORIGIN, STATE } from './request-row.js'
import { SETTLED } from './request-state.js'

/** Requests whose bill is known, and requests whose bill may still come, that are remembered once they are closed. */
export const CLOSED_SETTLED_MAX = 1024
export const CLOSED_OPEN_BILL_MAX = 8192

/** A request that takes no more feedback, but a bill. */
export interface ClosedRequest {
  /** As `request-row.ts` has it; to be changed in place. */
  readonly row: Float64Array
  readonly prices: PriceList
}

/**
 * Requests that take no more feedback: failed, cancelled, settled and rewarded, of a removed model, pushed out. Their
 * money was spent all the same, so a bill that comes late is booked where it belongs; only the oldest are forgotten.
 * In order of their closing, and part of the fold: what is found does not depend on how large the ring has grown.
 */
export class ClosedRequests {
  private settled: ClosedRequest[] = []
  private open: ClosedRequest[] = []

  add(row: Float64Array, prices: PriceList): void {
    const isKnown = (row[STATE] & SETTLED) !== 0
    const list = isKnown ? this.settled : this.open
    const max = isKnown ? CLOSED_SETTLED_MAX : CLOSED_OPEN_BILL_MAX
    list.push({ row: row.slice(), prices })
    // Cut off by halves: a shift of each would move all the others.
    if (list.length < 2 * max) return
    if (isKnown) this.settled = list.slice(-max)
    else this.open = list.slice(-max)
  }

  /** @param origin registration of the origin; @param number of the request among that origin's */
  find(origin: number, number: number): ClosedRequest | undefined {
    return (
      latest(this.open, CLOSED_OPEN_BILL_MAX, origin, number) ??
      latest(this.settled, CLOSED_SETTLED_MAX, origin, number)
    )
  }

  /** What is remembered now, to be read. */
  copy(): ClosedRequests {
    const copy = new ClosedRequests()
    const copied = ({ row, prices }: ClosedRequest): ClosedRequest => ({ row: row.slice(), prices })
    copy.settled = this.settled.slice(-CLOSED_SETTLED_MAX).map(copied)
    copy.open = this.open.slice(-CLOSED_OPEN_BILL_MAX).map(copied)
    return copy
  }

  /** Of the settled ones, and of those whose bill may still come, the latest `count` each. */
  latest(count: number): readonly ClosedRequest[] {
    return [...this.settled.slice(-count), ...this.open.slice(-count)]
  }

  /** Those that are remembered, the settled ones first, each in the order of their closing. */
  all(): readonly ClosedRequest[] {
    return [...this.settled.slice(-CLOSED_SETTLED_MAX), ...this.open.slice(-CLOSED_OPEN_BILL_MAX)]
  }
}

/** A late bill is rare, and looks at no more than the latest `max`. */
function latest(
  list: readonly ClosedRequest[],
  max: number,
  origin: number,
  number: number,
): ClosedRequest | undefined {
  for (let i = list.length - 1; i >= Math.max(0, list.length - max); i--) {
    const { row } = list[i]
    if (row[NUMBER] === number && row[ORIGIN] === origin) return list[i]
  }
  return undefined
}
