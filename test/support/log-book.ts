import { decodeEvent } from '../../src/events/codec.js'
import type { RouterEvent } from '../../src/events/events.js'
import { ALL_EVENT_TABLE } from '../../src/policy/all-events.js'
import type { SharedLog } from './shared-store.js'

/** Dollars that became known at a time. */
interface Charge {
  readonly at: number
  usd: number
}

/** A request, and what was booked for it. */
export interface Booking {
  readonly id: string
  readonly tenant: string | null
  readonly routedAt: number
  readonly reservedUsd: number
  /** What took the place of the reservation; none: it is in flight. */
  readonly charges: Charge[]
  isExpired: boolean
  /** Settled, failed or cancelled. */
  isOver: boolean
  isSettled: boolean
  isBilled: boolean
}

/** What a log says of money, in its order: a plain reading that shares no code with the fold. */
export class LogBook {
  readonly bookings = new Map<string, Booking>()
  /** By what bills rose after their dollars had come back, by account. */
  raisedUsd = 0

  constructor(log: SharedLog) {
    const last = new Map<string, number>()
    for (const { origin, firstNumber, events } of log.batches) {
      events.forEach((bytes, i) => {
        if (firstNumber + i <= (last.get(origin) ?? 0)) return
        last.set(origin, firstNumber + i)
        this.read(decodeEvent(bytes, ALL_EVENT_TABLE) as RouterEvent)
      })
    }
  }

  /** What was booked for requests, of one payer; null: of all. */
  spendUsd(tenant: string | null): number {
    let usd = 0
    for (const each of this.bookings.values()) if (isOf(each, tenant)) usd += sum(each.charges)
    return usd
  }

  /** What is set aside for requests in flight. */
  reservedUsd(tenant: string | null): number {
    let usd = 0
    for (const each of this.bookings.values())
      if (isOf(each, tenant) && each.charges.length === 0) usd += each.reservedUsd
    return usd
  }

  private read(event: RouterEvent): void {
    if (event.type === 'routed') {
      const { id, tenant, at, reservedUsd } = event
      if (this.bookings.has(id)) return
      this.bookings.set(id, {
        ...{ id, tenant, routedAt: at, reservedUsd, charges: [] },
        ...{ isExpired: false, isOver: false, isSettled: false, isBilled: false },
      })
    } else if (event.type === 'expired') {
      const booking = this.bookings.get(event.id)
      if (booking === undefined || booking.isOver || booking.isExpired) return
      booking.isExpired = true
      booking.charges.push({ at: event.at, usd: booking.reservedUsd })
    } else if (
      event.type === 'settled' ||
      event.type === 'failed' ||
      event.type === 'cancelled' ||
      event.type === 'billed'
    ) {
      this.bill(event)
    }
  }

  private bill(event: Extract<RouterEvent, { type: 'settled' | 'failed' | 'cancelled' | 'billed' }>): void {
    const booking = this.bookings.get(event.id)
    if (booking === undefined) return
    const { type, at, costUsd } = event
    if (type === 'billed') {
      // The log has lost what the bill is another of.
      if (booking.charges.length === 0) return
      booking.isBilled = true
      this.rebook(booking, at, costUsd)
      return
    }
    if (booking.isOver) {
      // The bill of a request that had failed, or was broken off, by another's word.
      if (type !== 'settled' || booking.isSettled || booking.isBilled) return
      booking.isBilled = true
      this.rebook(booking, at, costUsd)
      return
    }
    booking.isOver = true
    booking.isSettled = type === 'settled'
    if (booking.charges.length === 0) booking.charges.push({ at, usd: costUsd })
    else this.rebook(booking, at, costUsd)
  }

  private rebook({ charges }: Booking, at: number, costUsd: number): void {
    let leftUsd = sum(charges) - costUsd
    if (leftUsd < 0) {
      this.raisedUsd -= leftUsd
      charges.push({ at, usd: -leftUsd })
      return
    }
    for (const charge of charges.toReversed()) {
      const usd = Math.min(charge.usd, leftUsd)
      charge.usd -= usd
      leftUsd -= usd
    }
  }
}

export function isOf({ tenant }: { readonly tenant: string | null }, payer: string | null): boolean {
  return payer === null || tenant === payer
}

function sum(charges: readonly Charge[]): number {
  return charges.reduce((usd, each) => usd + each.usd, 0)
}
