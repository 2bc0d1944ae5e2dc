import { DollarState } from '../../policy/dollar/state.js'
import type { RoutingState } from '../../state/routing-state.js'

/**
 * The pots of a new shared log are full, as nobody has drawn from them: what caps have counted by now, and what is in flight under them, is noted
 * as spend that was not drawn, so that processes share what is left. Of a rolling cap it counts for a window from `at` on, as it is not known
 * any more when it was spent.
 */
export function noteUndrawnSpend({ policy }: RoutingState, at: number): void {
  if (!(policy instanceof DollarState)) return
  const { router, tenants } = policy.accounts
  for (const account of [router, ...Array.from(tenants.values(), (tenant) => tenant.account)])
    for (const cap of account.counting) {
      const countedUsd = cap.usd + cap.exceededUsd(at)
      const usd = cap.isOver(at) ? countedUsd - cap.spentUsd(at) : countedUsd
      if (usd > 0) cap.handover.take({ usd, at })
    }
}
