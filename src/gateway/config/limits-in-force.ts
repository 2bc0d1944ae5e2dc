import type { AccountStats, Router } from '../../index.js'
import type { GatewayConfig } from './config.js'
import { modelsInForce } from './models-in-force.js'

/**
 * Models without prices that a limit does not hold: those that are enabled, while the router has a budget or a cap, of all
 * or of a tenant, whoever has set it. They would be free. An admin may have given a model its prices, or disabled it.
 */
export function unheldModels(router: Router<string>, { models }: GatewayConfig): readonly string[] {
  const unpriced = modelsInForce(models, router).filter(({ prices, enabled }) => prices === null && enabled)
  if (unpriced.length === 0 || !hasLimit(router)) return []
  return unpriced.map(({ id }) => id)
}

export function hasLimit(router: Router<string>): boolean {
  const { account, pacer } = router.stats()
  const limits = (stats: AccountStats | null) =>
    stats !== null && (stats.usdPerRequest !== null || stats.caps.length > 0)
  return (
    pacer.usdPerRequest !== null ||
    limits(account) ||
    router.tenants().some((id) => limits(router.tenantStats(id)))
  )
}
