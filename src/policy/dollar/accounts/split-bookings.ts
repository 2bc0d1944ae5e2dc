import { LatestMap } from '../../../base/latest-map.js'
import type { BilledRequest } from '../../../state/pending/billed-request.js'
import { BILLED, CANCELLED, EXPIRED, FAILED, SETTLED } from '../../../state/pending/request-state.js'

/** Requests whose dollars are remembered by when they were charged; the one that was billed first gives way. */
const REQUESTS_MAX = 1024
/** More are not told apart: the oldest two count as charged when the first of them was. */
export const PARTS_MAX = 8

/** Dollars of a request that were charged at one time. */
export interface BookedPart {
  readonly usd: number
  readonly at: number
}

interface NewBill {
  readonly at: number
  readonly costUsd: number
  readonly request: BilledRequest
}

/**
 * Requests whose dollars were charged at several times: settled after their reservation had been charged, or billed higher
 * later. A bill that is lower gives back to a cap's period no more than was charged in it. Part of the fold.
 */
export class SplitBookings {
  private readonly byRequest = new LatestMap<string, readonly BookedPart[]>(REQUESTS_MAX)

  /** @returns requests by their keys, in the order of their latest bills */
  get entries(): Iterable<readonly [request: string, parts: readonly BookedPart[]]> {
    return this.byRequest
  }

  put(request: string, parts: readonly BookedPart[]): void {
    this.byRequest.set(request, parts)
  }

  /**
   * Another bill takes the place of what is booked.
   * @returns what was charged, or given back where it is negative, and when
   */
  rebook(at: number, costUsd: number, request: BilledRequest): readonly BookedPart[] {
    const key = keyOf(request)
    return this.change(key, this.byRequest.get(key) ?? partsOf(request, isSettledLate(request)), {
      at,
      costUsd,
      request,
    })
  }

  /** The same under the caps of a tenant that was removed, which counted what was in flight at `countedAt`; null: none did. */
  rebookDeparted(
    at: number,
    costUsd: number,
    request: BilledRequest,
    countedAt: number | null,
  ): readonly BookedPart[] {
    const key = keyOf(request)
    const own = `${key} departed`
    const wasCounted = countedAt !== null && request.bookedAt > countedAt && !isBilled(request)
    const known = this.byRequest.get(own) ?? (wasCounted ? undefined : this.byRequest.get(key))
    const before = known ?? partsOf(request, wasCounted || isSettledLate(request))
    return this.change(own, before, { at, costUsd, request })
  }

  private change(key: string, before: readonly BookedPart[], { at, costUsd, request }: NewBill) {
    const moreUsd = costUsd - request.bookedUsd
    const changes = moreUsd >= 0 ? [{ usd: moreUsd, at }] : takenBack(before, -moreUsd)
    const parts = merged(before, changes)
    // As the request's row will have it.
    const bookedAt = moreUsd < 0 ? request.bookedAt : at
    if (parts.every((part) => part.at === bookedAt)) this.byRequest.delete(key)
    else this.byRequest.set(key, parts)
    return changes
  }
}

/** Whether the reservation was charged when it expired, and the difference later. */
function isSettledLate(request: BilledRequest): boolean {
  const { state } = request
  return (state & EXPIRED) !== 0 && (state & (SETTLED | FAILED | CANCELLED)) !== 0 && !isBilled(request)
}

function isBilled({ state }: BilledRequest): boolean {
  return (state & BILLED) !== 0
}

function keyOf({ origin, number }: BilledRequest): string {
  return `${origin}.${number}`
}

function partsOf({ bookedUsd, bookedAt, reservedUsd, routedAt }: BilledRequest, isSplit: boolean) {
  if (!isSplit) return [{ usd: bookedUsd, at: bookedAt }]
  // When the reservation was charged is not known any more: not before it was routed.
  const usd = Math.min(reservedUsd, bookedUsd)
  return [
    { usd, at: routedAt },
    { usd: bookedUsd - usd, at: bookedAt },
  ]
}

/** The latest dollars first. */
function takenBack(parts: readonly BookedPart[], usd: number): readonly BookedPart[] {
  const changes: BookedPart[] = []
  let left = usd
  for (const part of parts.toReversed()) {
    const taken = Math.min(part.usd, left)
    left -= taken
    changes.push({ usd: -taken, at: part.at })
  }
  return changes
}

function merged(parts: readonly BookedPart[], changes: readonly BookedPart[]): readonly BookedPart[] {
  const sums = new Map<number, number>()
  for (const { usd, at } of [...parts, ...changes]) sums.set(at, (sums.get(at) ?? 0) + usd)
  const kept = [...sums].flatMap(([at, usd]) => (usd > 0 ? [{ usd, at }] : []))
  if (kept.length <= PARTS_MAX) return kept
  const [first, second, ...rest] = kept
  return [{ usd: first.usd + second.usd, at: Math.min(first.at, second.at) }, ...rest]
}
