import { visible } from '../base/visible.js'
import { farBudgetOfCommand } from '../gateway/config/far-budget.js'
import { priceOf } from '../models/model.js'
import type { Router } from '../router/router.js'

/**
 * A line for stderr where `--budget` is more dollars a request than any request costs: a sum of a month, most often.
 * @param tenant whose it is; null: the router's
 * @returns null: it is not
 */
export function farBudgetLine(router: Router, usdPerRequest: number, tenant: string | null): string | null {
  const models = router.stats().models.map((model) => ({ enabled: model.enabled, prices: priceOf(model) }))
  const flag = `--cap ${usdPerRequest}/month`
  const cap =
    tenant === null
      ? `${flag} of 'paretobandit tenant', or caps of a router or gateway`
      : `${flag} of this command`
  const text = farBudgetOfCommand('--budget', usdPerRequest, models, cap)
  return text === null ? null : `paretobandit: ${visible(text)}\n`
}
