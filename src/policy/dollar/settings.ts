import { checkBoolean, checkInRange, checkOneOf } from '../../base/check.js'
import type { PolicyCommand } from '../commands.js'
import type { PolicySettings } from '../settings.js'
import type { CapOptions } from './accounts/cap-period.js'
import type { TenantOptions } from './accounts/tenant-options.js'
import {
  ADAPTATION_HORIZON_REQUESTS,
  BURST_REQUESTS,
  COLD_EXPLORATION_REQUESTS,
  FORGETTING_FACTOR,
  INDIFFERENCE,
} from './defaults.js'
import { ESTIMATORS, type Estimator } from './estimate/estimators.js'
import type { LatencyOptions } from './latency/latency-limit.js'
import type { QualityOptions } from './quality/quality-options.js'

const RESERVE_MODES = ['expected', 'worst-case'] as const
export type ReserveMode = (typeof RESERVE_MODES)[number]

declare module '../options.js' {
  interface RouterOptions {
    /** Dollars that may be spent in an hour, a day, a week or a month, whatever the budget allows. Policy `dollar`. */
    readonly caps?: readonly CapOptions[] | null | undefined
    /** Payers of their own, with budgets and caps of theirs. Policy `dollar`. */
    readonly tenants?: readonly TenantOptions[] | null | undefined
    /** Limit on the mean latency, or on the share of requests that take longer. Policy `dollar`. */
    readonly latency?: LatencyOptions | null | undefined
    /** Floor under the mean reward: the least is spent that meets it. A budget comes first. Policy `dollar`. */
    readonly quality?: QualityOptions | null | undefined
    /** Refuse a request that no account can pay for (BUDGET_EXHAUSTED) instead of giving it to the cheapest model. */
    readonly strict?: boolean | undefined
    /**
     * What is set aside for a request: its expected cost (default), or the most that it can cost. The latter wants
     * `inputTokens` and `maxOutputTokens` of every request. Policy `dollar`.
     */
    readonly reserve?: ReserveMode | undefined
    /**
     * Expected reward, in parts of its range, that no dollar is paid for: of models within so much of the best, and of those
     * that no evidence tells apart, the cheapest gets the request. 0: the best whatever it costs. Default 0.001. Policy `dollar`.
     */
    readonly indifference?: number | undefined
    /**
     * `learned`: models of a log that was begun before release 0.2.0 learn from now on how far to trust features, as all others
     * do; left out, they keep what was fixed then. An edited option like others: `onDifference`. Policy `dollar`.
     */
    readonly estimator?: Estimator | undefined
  }
  interface BudgetOptions {
    /** Policy `dollar`: how many requests' worth of the ceiling may be saved up, >= 1. Default 50. */
    readonly burst?: number | undefined
  }
}

const BURST_MAX = 1e9

/** Options of policy `dollar`. */
export interface DollarOptions {
  readonly burst: number
  readonly strict: boolean
  readonly reserve: ReserveMode
  readonly indifference: number
}

/** It watches for drift and forgets when something has changed. */
export const DOLLAR_SETTINGS: PolicySettings<DollarOptions> = {
  keys: ['caps', 'tenants', 'latency', 'quality', 'strict', 'reserve', 'indifference', 'estimator'],
  budgetKeys: ['burst'],
  eventTypes: [
    'caps-set',
    'period-started',
    'refused',
    'capped',
    'tenant-added',
    'tenant-removed',
    'latency-set',
    'quality-set',
    'account-adjusted',
    'estimator-set',
    'drift',
    'reach',
  ],
  gamma: FORGETTING_FACTOR,
  adaptationHorizon: ADAPTATION_HORIZON_REQUESTS,
  bias: true,
  heads: 2,
  coldExploration: COLD_EXPLORATION_REQUESTS,
  resolve: ({ strict, reserve, indifference, estimator }, budget) => {
    if (estimator !== undefined) checkOneOf(estimator, ESTIMATORS, 'estimator')
    return {
      burst:
        budget?.burst === undefined
          ? BURST_REQUESTS
          : checkInRange(budget.burst, 1, BURST_MAX, 'budget.burst'),
      strict: strict === undefined ? false : checkBoolean(strict, 'strict'),
      reserve: reserve === undefined ? 'expected' : checkOneOf(reserve, RESERVE_MODES, 'reserve'),
      indifference:
        indifference === undefined ? INDIFFERENCE : checkInRange(indifference, 0, 1, 'indifference'),
    }
  },
  header: ({ burst }) => ({ burst }),
  folded: ['burst'],
  begin({ caps, latency, quality, tenants }) {
    const commands: PolicyCommand[] = []
    if (caps !== undefined) commands.push(['setCaps', caps])
    if (latency !== undefined) commands.push(['setLatency', latency])
    if (quality !== undefined) commands.push(['setQuality', quality])
    if (tenants !== undefined && tenants !== null) commands.push(['addTenants', tenants])
    return commands
  },
}
