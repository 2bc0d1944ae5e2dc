import { LatestMap } from '../../../base/latest-map.js'
import type { EventOf } from '../../../events/events.js'
import type { Cap } from './cap.js'
import type { CapSpec } from './cap-period.js'

/** Tenants whose caps are remembered, and registrations that are over; the one that left first gives way. */
const TENANTS_MAX = 10_000

/** A registration that is over: bills of its requests may still come. */
export interface Departure {
  readonly tenant: string
  /** When caps counted its requests in flight at their reservations, ms since 1970; null: it had none then. */
  readonly countedAt: number | null
}

interface Departed {
  readonly caps: readonly Cap[]
  /** Whether they count on from when the tenant is back. Removals of older releases do not say so. */
  readonly countsOn: boolean
}

/**
 * Caps of tenants that were removed, for as long as what they have counted counts: a tenant that is left out of one deploy
 * and is back with the next has no second cap for the same period. And whose registrations that are over were: a bill that
 * comes late counts under the caps of the tenant that has the id now. Part of the fold.
 */
export class DepartedCaps {
  private readonly byTenant = new LatestMap<string, Departed>(TENANTS_MAX)
  private readonly byNumber = new LatestMap<number, Departure>(TENANTS_MAX)

  /** @returns tenants and their caps, in the order in which they left */
  get entries(): Iterable<readonly [tenant: string, departed: Departed]> {
    return this.byTenant
  }

  /** @returns registrations by their numbers, in the order in which they were over */
  get departures(): Iterable<readonly [number: number, departure: Departure]> {
    return this.byNumber
  }

  /** Whose a registration was that is over. */
  of(number: number): Departure | undefined {
    return this.byNumber.get(number)
  }

  /** Caps of a tenant that is gone. */
  capsOf(tenant: string): readonly Cap[] {
    return this.byTenant.get(tenant)?.caps ?? []
  }

  /** @param isAwaited whether bills of its requests may still come that make it spend more */
  leave(
    { tenant, at, countsOn, periods }: EventOf<'tenant-removed'>,
    caps: readonly Cap[],
    isAwaited: boolean,
  ): void {
    for (const cap of caps) {
      cap.leave(at)
      if (periods !== null) cap.handover.putAside(at, periods)
    }
    const [first] = this.byTenant
    if (first?.[1].caps.every((cap) => cap.isForgotten(at))) this.byTenant.delete(first[0])
    const kept = caps.filter((cap) => (countsOn && isAwaited) || !cap.isForgotten(at))
    // What it left before, and was not given again, counts on as well.
    const before = countsOn ? this.capsOf(tenant).filter((cap) => !cap.isForgotten(at)) : []
    this.put(tenant, [...kept, ...before], countsOn)
  }

  /** A registration is over. */
  end(number: number, departure: Departure): void {
    this.byNumber.set(number, departure)
  }

  put(tenant: string, caps: readonly Cap[], countsOn: boolean): void {
    if (caps.length === 0) this.byTenant.delete(tenant)
    else this.byTenant.set(tenant, { caps, countsOn })
  }

  /** The cap of a tenant that is back, if one like it is remembered: it is in force again. */
  take(tenant: string, isLike: (cap: CapSpec) => boolean): Cap | undefined {
    const departed = this.byTenant.get(tenant)
    const found = departed?.caps.find(isLike)
    if (departed === undefined || found === undefined) return undefined
    const rest = departed.caps.filter((cap) => cap !== found)
    this.put(tenant, rest, departed.countsOn)
    return found
  }

  /** The caps of a tenant that is back whose periods are not over: they count on. None of a removal that does not say so. */
  takeCurrent(tenant: string, at: number): readonly Cap[] {
    const departed = this.byTenant.get(tenant)
    if (departed === undefined || !departed.countsOn) return []
    const over = departed.caps.filter((cap) => cap.isOver(at))
    this.put(tenant, over, true)
    return departed.caps.filter((cap) => !over.includes(cap))
  }
}
