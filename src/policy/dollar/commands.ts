import {
  AMOUNT_MAX,
  checkEach,
  checkInRange,
  checkKeys,
  checkOneOf,
  checkRecord,
  checkString,
} from '../../base/check.js'
import { expected, ParetoBanditError, show } from '../../base/errors.js'
import type { EventOf, RouterEvent } from '../../events/events.js'
import { findModel } from '../../state/find-model.js'
import type { BilledRequest } from '../../state/pending/billed-request.js'
import type { StateView } from '../../state/policy-state.js'
import { checkNewCeiling } from '../budget.js'
import type { CommandContext, CommandHandlers, QueryHandlers } from '../commands.js'
import type { AccountLimits } from './accounts/account-limits.js'
import type { Accounts } from './accounts/accounts.js'
import { type CapOptions, type CapSpec, checkNewCaps, periodsOf } from './accounts/cap-period.js'
import { findTenant } from './accounts/find-tenant.js'
import type { ForTenant, TenantOptions } from './accounts/tenant-options.js'
import { ESTIMATORS, type Estimator } from './estimate/estimators.js'
import { startBefore } from './estimate/start-before.js'
import { checkLatency, type LatencyOptions } from './latency/latency-limit.js'
import { TENANT } from './pending-columns.js'
import type { QualityOptions } from './quality/quality-options.js'
import type { DollarOptions } from './settings.js'
import { dollarStandings } from './standing/standings.js'
import type { DollarState } from './state.js'
import type { AccountStats } from './stats.js'
import { accountIn, latencyIn, qualityIn } from './told-stats.js'

const TENANTS_MAX = 1_000_000
const ID_LENGTH_MAX = 200
/** What of a budget is set when the router is made, and by which policies. */
const FIXED_BUDGET_KEYS = ['mode', 'burst'] as const

/**
 * Dollars that replicas share: what limits each account, whose there are, and how much strict budgets save up. It holds
 * no state: a replica's state is replaced at every rebase, so each call is given the one in force.
 */
export interface SharedMoney {
  /** The limits of the router's account (null) or a tenant's; undefined if it has no limits. Allocates nothing. */
  limitsOf(state: StateView, tenant: string | null): AccountLimits | undefined
  tenants(state: StateView): Iterable<string>
  /** Whose request it is; null for one without a tenant, or of one that is gone. */
  tenantOf(state: StateView, request: Pick<BilledRequest, 'policyColumn'>): string | null
  /** Requests' worth of a ceiling that may be saved up; null where budgets are not strict. */
  readonly burst: number | null
}

declare module '../commands.js' {
  interface PolicyCommands {
    readonly setCaps: readonly [caps: readonly CapOptions[] | null, options?: ForTenant]
    readonly adjustAccount: readonly [usd: number, options?: ForTenant]
    readonly setLatency: readonly [latency: LatencyOptions | null]
    readonly setQuality: readonly [quality: QualityOptions | null]
    readonly setEstimator: readonly [id: string, estimator: Estimator]
    readonly addTenant: readonly [tenant: TenantOptions]
    readonly addTenants: readonly [tenants: readonly TenantOptions[]]
    readonly removeTenant: readonly [id: string]
  }
  interface PolicyQueries {
    readonly tenantStats: { readonly args: readonly [id: unknown]; readonly answer: AccountStats }
    readonly tenants: { readonly args: readonly []; readonly answer: readonly string[] }
    readonly sharedMoney: { readonly args: readonly []; readonly answer: SharedMoney }
  }
}

type Context = CommandContext<DollarState, DollarOptions>

/** What operators say of budgets, caps, tenants and objectives, checked and made into events. */
export const DOLLAR_COMMANDS: CommandHandlers<DollarState, DollarOptions> = {
  setBudget({ state, at }, budget, options) {
    const tenant = tenantIn(state.policy.accounts, options)
    const usdPerRequest = checkNewCeiling(budget, 'budget', FIXED_BUDGET_KEYS)
    return [{ type: 'budget-set', at, tenant, usdPerRequest }]
  },

  setCaps({ state, at }, caps, options) {
    const tenant = tenantIn(state.policy.accounts, options)
    return [capsSet(at, tenant, checkNewCaps(caps, 'caps'), state.policy.limits(tenant)?.caps ?? [])]
  },

  adjustAccount({ state, at }, usd, options) {
    const tenant = tenantIn(state.policy.accounts, options)
    return [{ type: 'account-adjusted', at, tenant, usd: checkInRange(usd, -AMOUNT_MAX, AMOUNT_MAX, 'usd') }]
  },

  setLatency: ({ at }, latency) => [{ type: 'latency-set', at, limit: checkLatency(latency, 'latency') }],

  setQuality: ({ at, options }, quality) => [
    { type: 'quality-set', at, meanReward: checkQuality(quality, options) },
  ],

  setEstimator({ state, at, options }, id, estimator) {
    const model = findModel(state, id, 'id')
    const chosen = checkOneOf(estimator, ESTIMATORS, 'estimator')
    if (state.policy.shrinkage.learns(model.slot)) return []
    const began = startBefore(options, model.id)
    return [{ type: 'estimator-set', at, model: model.id, estimator: chosen, began }]
  },

  addTenant: (context, tenant) => tenantAdded(context, tenant, 'tenant'),

  addTenants(context, tenants) {
    const seen = new Set<string>()
    return checkEach(tenants, 'tenants', (tenant, i) => {
      const field = `tenants[${i}]`
      const added = tenantAdded(context, tenant, field)
      const id = added[0].tenant
      if (seen.has(id))
        throw new ParetoBanditError('DUPLICATE_TENANT', `${field}.id`, `'${id}' is listed twice`)
      seen.add(id)
      return added
    }).flat()
  },

  removeTenant({ state, at }, id) {
    const { accounts } = state.policy
    const tenant = findTenant(accounts, id, 'id')
    const periods = periodsOf(accounts.of(tenant)?.counting ?? [], at)
    return [{ type: 'tenant-removed', at, tenant, countsOn: true, periods }]
  },
}

export const DOLLAR_QUERIES: QueryHandlers<DollarState, DollarOptions> = {
  stats({ state, options, at, unwritten }) {
    const { policy, rewards } = state
    const account = withUnwritten(accountIn(rewards, policy.readAccount(null, at)), unwritten(null))
    return {
      shadowPrice: account.shadowPrice,
      account,
      latency: latencyIn(rewards, policy.readLatency()),
      quality: qualityIn(rewards, policy.readQuality(at)),
      tenants: policy.accounts.tenants.size,
      fixedEstimators: policy.fixedEstimators(),
      standings: dollarStandings(state, options, at),
    }
  },

  tenantStats({ state: { policy, rewards }, at, unwritten }, id) {
    const tenant = id === null ? null : findTenant(policy.accounts, id, 'id')
    return withUnwritten(accountIn(rewards, policy.readAccount(tenant, at)), unwritten(tenant))
  },

  tenants: ({ state }) => [...state.policy.accounts.tenants.keys()],

  sharedMoney: ({ options: { policyOptions } }) => ({
    limitsOf: ({ policy }: StateView<DollarState>, tenant: string | null) => policy.limits(tenant),
    tenants: ({ policy }: StateView<DollarState>) => policy.accounts.tenants.keys(),
    tenantOf: ({ policy }: StateView<DollarState>, request: Pick<BilledRequest, 'policyColumn'>) =>
      policy.accounts.idOf(request.policyColumn(TENANT)),
    burst: policyOptions.strict ? policyOptions.burst : null,
  }),
}

/** What a process has refused is seen at once, though the log has it later. */
function withUnwritten(account: AccountStats, requests: number): AccountStats {
  return requests === 0 ? account : { ...account, refused: account.refused + requests }
}

/** @throws INVALID_ARGUMENT, DUPLICATE_TENANT */
export function checkNewTenant({ tenants }: Accounts, value: unknown, field: string): string {
  const id = checkString(value, field)
  if (id === '' || id.length > ID_LENGTH_MAX)
    throw expected('INVALID_ARGUMENT', field, `1 to ${ID_LENGTH_MAX} characters`, id)
  if (tenants.has(id))
    throw new ParetoBanditError('DUPLICATE_TENANT', field, `tenant ${show(id)} is registered already`)
  if (tenants.size >= TENANTS_MAX)
    throw expected('INVALID_ARGUMENT', field, `at most ${TENANTS_MAX} tenants`, tenants.size + 1)
  return id
}

function tenantAdded(
  { state, at }: Context,
  tenant: unknown,
  field: string,
): readonly [EventOf<'tenant-added'>, ...RouterEvent[]] {
  const record = checkRecord(tenant, field)
  checkKeys(record, ['id', 'budget', 'caps'], field)
  const id = checkNewTenant(state.policy.accounts, record.id, `${field}.id`)
  const usdPerRequest =
    record.budget === undefined ? null : checkNewCeiling(record.budget, `${field}.budget`, FIXED_BUDGET_KEYS)
  const caps = record.caps === undefined ? [] : checkNewCaps(record.caps, `${field}.caps`)
  const added: EventOf<'tenant-added'> = { type: 'tenant-added', at, tenant: id, usdPerRequest }
  return caps.length === 0 ? [added] : [added, capsSet(at, id, caps, [])]
}

/** @param before the caps in force */
function capsSet(
  at: number,
  tenant: string | null,
  caps: readonly CapSpec[],
  before: readonly CapSpec[],
): EventOf<'caps-set'> {
  return { type: 'caps-set', at, tenant, caps, countsOn: true, periods: periodsOf([...caps, ...before], at) }
}

function tenantIn(accounts: Accounts, options: unknown): string | null {
  if (options === undefined) return null
  const { tenant, ...rest } = checkRecord(options, 'options')
  checkKeys(rest, ['tenant'], 'options')
  return tenant === undefined ? null : findTenant(accounts, tenant, 'options.tenant')
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
function checkQuality(
  value: unknown,
  { rewardLow, rewardHigh }: { readonly rewardLow: number; readonly rewardHigh: number },
): number | null {
  if (value === null) return null
  const record = checkRecord(value, 'quality')
  checkKeys(record, ['meanReward'], 'quality')
  if (record.meanReward === null) return null
  return checkInRange(record.meanReward, rewardLow, rewardHigh, 'quality.meanReward')
}
