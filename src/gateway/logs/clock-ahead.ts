import type { Router } from '../../index.js'
import type { WriteLine } from './request-log.js'

/** Clocks that one source sets differ by less, ms. */
const SKEW_MS_MAX = 2000
/** Whose caps are looked at, tenants. */
const TENANTS_MAX = 1000

const MESSAGE =
  "a cap's period begins in the future, as a clock ran ahead: until then all that is spent counts in that one period; 'A clock that ran ahead' in docs/OPERATIONS.md has what ends it"

const MORE =
  'periods of caps begin in the future, and more tenants have not been looked at: their caps may be shut too, as GET /admin/tenants shows'

/**
 * A line for each calendar cap whose period has not begun by this machine's clock: one that ran ahead began it, and a cap that is spent there
 * stays shut, for years where a machine came up with a wrong date. Once for each such period. Of more tenants
 * than are looked at there is one line, where there is such a cap.
 * @param tenants of the config
 * @param now milliseconds since 1970 UTC
 * @returns looks at them
 */
export function clockAheadLog(
  router: Router<string>,
  tenants: () => readonly string[],
  write: WriteLine,
  now: () => number,
): () => void {
  let told = new Set<string>()
  let areMoreTold = false
  return () => {
    const still = new Set<string>()
    const all = tenants()
    for (const tenant of [null, ...all.slice(0, TENANTS_MAX)])
      for (const { per, startsAt } of capsOf(router, tenant)) {
        const aheadMs = startsAt - now()
        if (aheadMs <= SKEW_MS_MAX) continue
        const what = JSON.stringify([tenant, per, startsAt])
        still.add(what)
        if (told.has(what)) continue
        const begins = new Date(startsAt).toISOString()
        write('error', { ...(tenant === null ? {} : { tenant }), cap: per, begins, aheadMs }, MESSAGE)
      }
    told = still
    const tenantsLeftOut = Math.max(0, all.length - TENANTS_MAX)
    const areMore = tenantsLeftOut > 0 && still.size > 0
    if (areMore && !areMoreTold) write('error', { tenantsLeftOut }, MORE)
    areMoreTold = areMore
  }
}

function capsOf(router: Router<string>, tenant: string | null) {
  if (tenant === null) return router.stats().account?.caps ?? []
  try {
    return router.tenantStats(tenant).caps
  } catch {
    // It has been removed at run time.
    return []
  }
}
