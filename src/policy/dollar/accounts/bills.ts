import type { BilledRequest } from '../../../state/pending/billed-request.js'
import type { Account } from './account.js'
import type { Cap } from './cap.js'
import type { BookedPart } from './split-bookings.js'

/** What a request cost in the end, beside what was reserved for it. */
export interface Bill {
  /** When it became known, and when the request expired, ms since 1970. */
  readonly at: number
  readonly chargedAt: number
  /** When the request was routed, ms since 1970. */
  readonly routedAt: number
  readonly costUsd: number
  readonly reservedUsd: number
  /** The reservation had expired: it counts as spend already. */
  readonly late: boolean
  readonly failed: boolean
}

/** A bill takes the place of what was reserved for it: in the credit, if the request has an allowance, and the caps. */
export function book(account: Account, bill: Bill, allowanceUsd: number, probe: boolean): void {
  const { at, costUsd, reservedUsd, chargedAt, routedAt, late, failed } = bill
  if (allowanceUsd > 0) {
    account.credit.settle(reservedUsd, costUsd, allowanceUsd, probe)
    if (failed) account.credit.takeBack(allowanceUsd)
  }
  for (const cap of account.countingOf(routedAt)) {
    if (late) cap.correct(at, chargedAt, costUsd - reservedUsd)
    else cap.settle(at, reservedUsd, costUsd)
  }
}

/** A bill takes the place of what was booked. @param changes what that adds to caps, and when */
export function rebook(
  account: Account,
  at: number,
  costUsd: number,
  request: BilledRequest,
  changes: readonly BookedPart[],
  allowanceUsd: number,
  probe: boolean,
): void {
  if (allowanceUsd > 0) account.credit.rebook(request.bookedUsd, costUsd, allowanceUsd, probe)
  recount(account.countingOf(request.routedAt), at, changes)
}

export function recount(caps: readonly Cap[], at: number, changes: readonly BookedPart[]): void {
  for (const cap of caps) for (const part of changes) cap.correct(at, part.at, part.usd)
}
