import { checkInRange } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import { checkFields, type EventDefinition, type Rules } from '../../events/definition.js'
import { findModel } from '../../state/find-model.js'
import type { EventContext } from '../../state/policy-state.js'
import { findTenant } from './accounts/find-tenant.js'
import { checkNewTenant } from './commands.js'
import type { DOLLAR_EVENTS } from './events.js'
import type { DollarState } from './state.js'

type Context = EventContext<DollarState>
type DollarDefinition = (typeof DOLLAR_EVENTS)[number]

const knownTenant = {
  tenant: ({ tenant }: { readonly tenant: string | null }, { state }: Context) => {
    if (tenant !== null) findTenant(state.policy.accounts, tenant, 'event.tenant')
  },
}

/** What must follow from the state, by type and field; shapes are of the definitions. */
const RULES: { readonly [D in DollarDefinition as D['type']]: Rules<D, Context> } = {
  'caps-set': knownTenant,
  'period-started': {
    ...knownTenant,
    cap: ({ tenant, cap }, { state }) => {
      const { accounts } = state.policy
      const { caps } = (tenant === null ? undefined : accounts.of(tenant)) ?? accounts.router
      if (caps[cap]?.window !== 'calendar')
        throw new ParetoBanditError('EVENT_OUT_OF_ORDER', 'event.cap', 'there is no such calendar cap here')
    },
  },
  refused: knownTenant,
  'tenant-added': {
    tenant: ({ tenant }, { state }) => {
      checkNewTenant(state.policy.accounts, tenant, 'event.tenant')
    },
  },
  'tenant-removed': knownTenant,
  'account-adjusted': knownTenant,
  'latency-set': {},
  'quality-set': {
    meanReward: ({ meanReward }, { limits: { rewardLow, rewardHigh } }) => {
      if (meanReward !== null) checkInRange(meanReward, rewardLow, rewardHigh, 'event.meanReward')
    },
  },
  drift: {
    model: ({ model }, { state }) => {
      findModel(state, model, 'event.model')
    },
  },
}

/** Checks an event that only this policy knows, in place. */
export function checkDollarEvent(
  definition: EventDefinition,
  event: Record<string, unknown>,
  context: Context,
): void {
  const rules = RULES[definition.type as DollarDefinition['type']] as Rules<EventDefinition, Context>
  checkFields<EventDefinition, Context>(definition, event, rules, context)
}
