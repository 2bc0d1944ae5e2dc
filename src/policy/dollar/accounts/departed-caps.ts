import { LatestMap } from '../../../base/latest-map.js'
import type { Cap } from './cap.js'
import type { CapSpec } from './cap-period.js'

/** Tenants whose caps are remembered; the one that left first gives way. */
const TENANTS_MAX = 10_000

/**
 * Caps of tenants that were removed, for as long as what they have counted counts: a tenant that is left out of one deploy
 * and is back with the next has no second cap for the same period. Part of the fold.
 */
export class DepartedCaps {
  private readonly byTenant = new LatestMap<string, Cap[]>(TENANTS_MAX)

  /** @returns tenants and their caps, in the order in which they left */
  get entries(): Iterable<readonly [tenant: string, caps: readonly Cap[]]> {
    return this.byTenant
  }

  leave(tenant: string, caps: readonly Cap[], at: number): void {
    for (const cap of caps) cap.leave(at)
    const [first] = this.byTenant
    if (first?.[1].every((cap) => cap.isForgotten(at))) this.byTenant.delete(first[0])
    this.put(
      tenant,
      caps.filter((cap) => !cap.isForgotten(at)),
    )
  }

  put(tenant: string, caps: readonly Cap[]): void {
    if (caps.length === 0) this.byTenant.delete(tenant)
    else this.byTenant.set(tenant, [...caps])
  }

  /** The cap of a tenant that is back, if one like it is remembered: it is in force again. */
  take(tenant: string, isLike: (cap: CapSpec) => boolean): Cap | undefined {
    const caps = this.byTenant.get(tenant)
    const found = caps?.find(isLike)
    if (caps === undefined || found === undefined) return undefined
    this.put(
      tenant,
      caps.filter((cap) => cap !== found),
    )
    return found
  }
}
