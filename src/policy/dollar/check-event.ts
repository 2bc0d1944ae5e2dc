import { checkFinite, checkInRange, checkInteger } from '../../base/check.js'
import { expected, ParetoBanditError } from '../../base/errors.js'
import { checkCeiling } from '../../state/ceiling.js'
import type { EventContext } from '../../state/policy-state.js'
import type { Accounts } from './accounts/accounts.js'
import { CAPS_MAX, checkCaps } from './accounts/cap-period.js'
import { findTenant } from './accounts/find-tenant.js'
import { checkNewTenant } from './commands.js'
import { checkLatencyLimit } from './latency/latency-limit.js'
import type { DollarState } from './state.js'

/** Whether an event that only this policy knows, or one that names a tenant, follows from the state. */
export function checkDollarEvent(
  event: Record<string, unknown> & { readonly type: string },
  { state, rewardLow, rewardHigh }: EventContext<DollarState>,
): void {
  const { accounts } = state.policy
  switch (event.type) {
    case 'latency-set':
      event.limit = checkLatencyLimit(event.limit, 'event.limit')
      return
    case 'quality-set':
      if (event.meanReward !== null) checkInRange(event.meanReward, rewardLow, rewardHigh, 'event.meanReward')
      return
    case 'tenant-added':
      checkNewTenant(accounts, event.tenant, 'event.tenant')
      if (event.usdPerRequest !== null) checkCeiling(event.usdPerRequest, 'event.usdPerRequest')
      return
    case 'tenant-removed':
      findTenant(accounts, event.tenant, 'event.tenant')
      return
    default:
      if (event.tenant !== null) findTenant(accounts, event.tenant, 'event.tenant')
  }
  if (event.type === 'caps-set') event.caps = checkCaps(event.caps, 'event.caps')
  if (event.type === 'period-started') checkPeriod(accounts, event)
}

function checkPeriod(accounts: Accounts, event: Record<string, unknown>): void {
  const { caps } = (event.tenant === null ? undefined : accounts.of(`${event.tenant}`)) ?? accounts.router
  const cap = caps[checkInteger(event.cap, 0, CAPS_MAX - 1, 'event.cap')]
  if (cap === undefined || cap.window !== 'calendar')
    throw new ParetoBanditError('EVENT_OUT_OF_ORDER', 'event.cap', 'there is no such calendar cap here')
  const startsAt = checkFinite(event.startsAt, 'event.startsAt')
  const endsAt = checkFinite(event.endsAt, 'event.endsAt')
  if (endsAt <= startsAt)
    throw expected('INVALID_ARGUMENT', 'event.endsAt', 'a time after event.startsAt', endsAt)
}
