import { reading } from '../../base/read-once.js'
import { DEFAULT_POLICY, type ModelSpec, type RouterOptions, type TenantOptions } from '../../index.js'
import { checkConfig } from '../given.js'
import type { GatewayConfig, ModelConfig, TenantConfig } from './config.js'

/** A model as the library knows it. One without prices costs nothing: no budget is in force then. */
export function modelSpec({ id, prices }: ModelConfig): ModelSpec {
  return { id, ...(prices ?? { inputUsdPerMTok: 0, outputUsdPerMTok: 0 }) }
}

export function tenantOptions({ id, budget, caps }: TenantConfig): TenantOptions {
  return { id, budget, caps }
}

/** The account that pays for grades. */
export const JUDGE_TENANT = 'paretobandit:judge'

/** All accounts beside that of all: tenants, and the judge's. */
export function payersOf({ tenants, rewards: { judge } }: GatewayConfig): readonly TenantConfig[] {
  if (judge === null) return tenants
  return [...tenants, { id: JUDGE_TENANT, budget: null, caps: [{ usd: judge.capUsdPerDay, per: 'day' }] }]
}

/**
 * Options of `createRouter`, without a store and without the priors of a file. Models that are not enabled are left out, which disables those that a log has.
 * Budget, caps and tenants are always said, so that taking them out of the file takes them away.
 * @throws INVALID_ARGUMENT for what is no config of `readConfig`
 */
export function routerOptionsOf(config: GatewayConfig): RouterOptions {
  return reading('config', () => {
    checkConfig(config)
    return optionsOf(config)
  })
}

function optionsOf(config: GatewayConfig): RouterOptions {
  const { budget, caps, routing, models } = config
  const tenants = payersOf(config)
  const takesCaps = routing.policy === undefined || routing.policy === DEFAULT_POLICY
  return {
    models: models.filter(({ enabled }) => enabled).map(modelSpec),
    budget,
    ...(takesCaps || caps.length > 0 ? { caps } : {}),
    ...(takesCaps || tenants.length > 0 ? { tenants: tenants.map(tenantOptions) } : {}),
    ...routing,
  }
}
