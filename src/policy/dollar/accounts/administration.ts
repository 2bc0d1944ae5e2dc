import {
  checkFinite,
  checkInRange,
  checkInteger,
  checkKeys,
  checkPositive,
  checkRecord,
  checkString,
  nearest,
} from '../../../base/check.js'
import { expected, ParetoBanditError, show } from '../../../base/errors.js'
import type { EventOf, RouterEvent, RouterEventType } from '../../../events/events.js'
import type { RoutingState } from '../../../state/routing-state.js'
import { checkBudget, checkCeiling, refuseFixed } from '../../check-budget.js'
import type { Administration, RewardLimits } from '../../policy.js'
import { checkLatency, checkPercentile, type LatencyLimit } from '../latency/latency-limit.js'
import type { Accounts } from './accounts.js'
import { CAPS_MAX, checkCaps } from './cap-period.js'

export const TENANTS_MAX = 1_000_000
const ID_LENGTH_MAX = 200

/** Tenants and caps: what an operator says of them, checked and made into events. */
export class AccountAdministration implements Administration {
  private readonly accountsOf: (state: RoutingState) => Accounts

  constructor(accountsOf: (state: RoutingState) => Accounts) {
    this.accountsOf = accountsOf
  }

  findTenant(state: RoutingState, id: unknown, field: string): string {
    const text = checkString(id, field)
    const { tenants } = this.accountsOf(state)
    if (tenants.has(text)) return text
    // With thousands of them the nearest is no help, and slow to find.
    const near = tenants.size <= 1000 ? nearest(text, [...tenants.keys()]) : undefined
    const hint = near === undefined ? '' : `; did you mean '${near}'?`
    throw new ParetoBanditError('UNKNOWN_TENANT', field, `no tenant ${show(text)} is registered${hint}`)
  }

  tenantAdded(state: RoutingState, tenant: unknown, at: number, field: string): readonly RouterEvent[] {
    const record = checkRecord(tenant, field)
    checkKeys(record, ['id', 'budget', 'caps'], field)
    const id = this.newTenant(state, record.id, `${field}.id`)
    const budget = record.budget === undefined ? null : checkBudget(record.budget, `${field}.budget`)
    refuseFixed(budget, `${field}.budget`)
    const caps = record.caps === undefined ? [] : checkCaps(record.caps, `${field}.caps`)
    const added: EventOf<'tenant-added'> = {
      type: 'tenant-added',
      at,
      tenant: id,
      usdPerRequest: budget?.usdPerRequest ?? null,
    }
    return caps.length === 0 ? [added] : [added, { type: 'caps-set', at, tenant: id, caps }]
  }

  capsSet(state: RoutingState, caps: unknown, tenant: string | null, at: number): EventOf<'caps-set'> {
    const id = tenant === null ? null : this.findTenant(state, tenant, 'tenant')
    return { type: 'caps-set', at, tenant: id, caps: checkCaps(caps, 'caps') }
  }

  latencySet(latency: unknown, at: number): EventOf<'latency-set'> {
    return { type: 'latency-set', at, limit: checkLatency(latency, 'latency') }
  }

  qualitySet(quality: unknown, limits: RewardLimits, at: number): EventOf<'quality-set'> {
    return { type: 'quality-set', at, meanReward: checkQuality(quality, limits) }
  }

  checkEvent(
    state: RoutingState,
    event: Record<string, unknown>,
    type: RouterEventType,
    { rewardLow, rewardHigh }: RewardLimits,
  ): void {
    if (type === 'latency-set') {
      event.limit = checkLimit(event.limit)
      return
    }
    if (type === 'quality-set') {
      if (event.meanReward !== null) checkInRange(event.meanReward, rewardLow, rewardHigh, 'event.meanReward')
      return
    }
    if (type === 'tenant-added') {
      this.newTenant(state, event.tenant, 'event.tenant')
      if (event.usdPerRequest !== null) checkCeiling(event.usdPerRequest, 'event.usdPerRequest')
      return
    }
    if (type === 'tenant-removed' || event.tenant !== null)
      this.findTenant(state, event.tenant, 'event.tenant')
    if (type === 'caps-set') event.caps = checkCaps(event.caps, 'event.caps')
    if (type === 'period-started') this.checkPeriod(state, event)
  }

  private newTenant(state: RoutingState, value: unknown, field: string): string {
    const id = checkString(value, field)
    if (id === '' || id.length > ID_LENGTH_MAX)
      throw expected('INVALID_ARGUMENT', field, `1 to ${ID_LENGTH_MAX} characters`, id)
    const { tenants } = this.accountsOf(state)
    if (tenants.has(id))
      throw new ParetoBanditError('DUPLICATE_TENANT', field, `tenant ${show(id)} is registered already`)
    if (tenants.size >= TENANTS_MAX)
      throw expected('INVALID_ARGUMENT', field, `at most ${TENANTS_MAX} tenants`, tenants.size + 1)
    return id
  }

  private checkPeriod(state: RoutingState, event: Record<string, unknown>): void {
    const accounts = this.accountsOf(state)
    const { caps } = (event.tenant === null ? undefined : accounts.of(`${event.tenant}`)) ?? accounts.router
    const cap = caps[checkInteger(event.cap, 0, CAPS_MAX - 1, 'event.cap')]
    if (cap === undefined || cap.window !== 'calendar')
      throw new ParetoBanditError('EVENT_OUT_OF_ORDER', 'event.cap', 'there is no such calendar cap here')
    const startsAt = checkFinite(event.startsAt, 'event.startsAt')
    const endsAt = checkFinite(event.endsAt, 'event.endsAt')
    if (endsAt <= startsAt)
      throw expected('INVALID_ARGUMENT', 'event.endsAt', 'a time after event.startsAt', endsAt)
  }
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
function checkQuality(value: unknown, { rewardLow, rewardHigh }: RewardLimits): number | null {
  if (value === null) return null
  const record = checkRecord(value, 'quality')
  checkKeys(record, ['meanReward'], 'quality')
  return checkInRange(record.meanReward, rewardLow, rewardHigh, 'quality.meanReward')
}

/** @returns a copy */
function checkLimit(value: unknown): LatencyLimit | null {
  if (value === null) return null
  const { ms, percentile, ...rest } = checkRecord(value, 'event.limit')
  checkKeys(rest, ['ms', 'percentile'], 'event.limit')
  return {
    ms: checkPositive(ms, 'event.limit.ms'),
    percentile: percentile === null ? null : checkPercentile(percentile, 'event.limit.percentile'),
  }
}
