import { readOnce } from '../../base/read-once.js'
import type { StateView } from '../../state/policy-state.js'
import type { RewardUnits } from '../../state/reward-units.js'
import { checkNewCeiling } from '../budget.js'
import { dollarsText, NONE, type OptionItem, type SaidOptions } from '../option-item.js'
import type { RouterOptions } from '../options.js'
import { type CapOptions, type CapSpec, checkCaps, checkNewCaps } from './accounts/cap-period.js'
import type { TenantOptions } from './accounts/tenant-options.js'
import { checkLatency } from './latency/latency-limit.js'
import type { DollarState } from './state.js'

const THERE = 'registered'
const TENANTS = 'tenants'

/** Caps, objectives and tenants that options give, beside those of a state. */
export function dollarOptionItems(
  { policy, rewards, registry }: StateView<DollarState>,
  options: RouterOptions,
  said: SaidOptions,
): OptionItem[] {
  const { accounts, objectives } = policy
  const { caps, latency, quality, tenants, estimator } = options
  const items: OptionItem[] = []
  if (caps !== undefined) {
    const given = readOnce(caps, 'caps')
    items.push(item('caps', 'caps', ...capTexts(given, accounts.router.caps, 'caps'), ['setCaps', given]))
  }
  if (latency !== undefined) {
    const given = readOnce(latency, 'latency')
    const text = textOf(checkLatency(given, 'latency'))
    items.push(item('latency', 'latency', text, textOf(objectives.latency.limit), ['setLatency', given]))
  }
  if (quality !== undefined) {
    const given = readOnce(quality, 'quality')
    const found = floorText(objectives.quality.meanReward, given?.meanReward ?? null, rewards)
    items.push(
      item('quality', 'quality', textOf(given?.meanReward === null ? null : given), found, [
        'setQuality',
        given,
      ]),
    )
  }
  if (estimator !== undefined)
    for (const { id, slot } of registry.models) {
      const found = policy.shrinkage.learns(slot) ? 'learned' : 'fixed'
      const field = `estimator[${JSON.stringify(id)}]`
      items.push(item('estimator', field, estimator, found, ['setEstimator', id, estimator]))
    }
  // One by one: as arguments of one call a hundred thousand tenants are more than a stack holds.
  if (tenants !== undefined)
    for (const each of tenantItems(policy, readOnce(tenants, TENANTS) ?? [], said)) items.push(each)
  return items
}

/** Tenants that options never had are others' matter: who signs up is registered by command. */
function tenantItems(
  { accounts }: DollarState,
  given: readonly TenantOptions[],
  said: SaidOptions,
): OptionItem[] {
  const items: OptionItem[] = []
  const ids = new Set(given.map(({ id }) => id))
  for (const tenant of given) {
    const { id, budget, caps } = tenant
    const field = fieldOf(id)
    const account = accounts.of(id)
    const found = account === undefined ? null : THERE
    items.push(item(TENANTS, field, THERE, found, ['addTenant', tenant]))
    // Of one that is not there yet all is said by what adds it.
    if (budget !== undefined) {
      const usd = dollarsText(checkNewCeiling(budget, `${field}.budget`, []))
      const found = account === undefined ? usd : dollarsText(account.usdPerRequest)
      items.push(item(TENANTS, `${field}.budget`, usd, found, ['setBudget', budget, { tenant: id }]))
    }
    if (caps !== undefined) {
      const [said, found] = capTexts(caps, account?.caps ?? [], `${field}.caps`)
      const command = ['setCaps', caps, { tenant: id }] as const
      items.push(item(TENANTS, `${field}.caps`, said, account === undefined ? said : found, command))
    }
  }
  if (said === null) return items
  for (const id of accounts.tenants.keys()) {
    if (!ids.has(id) && said.has(fieldOf(id)))
      items.push(item(TENANTS, fieldOf(id), null, THERE, ['removeTenant', id]))
  }
  return items
}

function fieldOf(id: string): string {
  return `${TENANTS}[${JSON.stringify(id)}]`
}

function item(
  option: OptionItem['option'],
  field: string,
  given: string | null,
  found: string | null,
  command: OptionItem['command'],
): OptionItem {
  return { option, field, given, found, command }
}

/** Caps as given and as found. A pacing that no option names is left as it is. */
function capTexts(
  given: readonly CapOptions[] | null,
  found: readonly CapSpec[],
  field: string,
): readonly [string, string] {
  const caps = checkCaps(given ?? [], field)
  const paced = caps.some(({ pacing }) => pacing !== undefined)
  return [capsText(paced ? checkNewCaps(given, field) : caps, paced), capsText(found, paced)]
}

/** Whatever their order: no two are of the same kind. */
function capsText(caps: readonly CapSpec[], paced: boolean): string {
  const texts = caps.map(({ usd, per, window, timeZone, pacing = 'even' }) =>
    JSON.stringify({ usd, per, window, timeZone, ...(paced ? { pacing } : {}) }),
  )
  return texts.length === 0 ? NONE : `[${texts.sort().join(',')}]`
}

function textOf(value: unknown): string {
  return value === null ? NONE : JSON.stringify(value)
}

/** @param given what may be the same, as options have it: the state keeps parts of the range, and rounds */
function floorText(meanReward: number | null, given: number | null, rewards: RewardUnits | null): string {
  if (meanReward === null) return NONE
  const isSame = given !== null && (rewards?.toUnit(given) ?? given) === meanReward
  return textOf({ meanReward: isSame ? given : (rewards?.toUser(meanReward) ?? meanReward) })
}
