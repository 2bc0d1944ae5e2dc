import { checkInRange } from '../../base/check.js'
import { expected, ParetoBanditError } from '../../base/errors.js'
import { checkFields, type EventDefinition, type Rules } from '../../events/definition.js'
import { findModel } from '../../state/find-model.js'
import type { EventContext } from '../../state/policy-state.js'
import { findTenant } from './accounts/find-tenant.js'
import { checkNewTenant } from './commands.js'
import { DOLLAR_EVENTS } from './events.js'
import type { DollarState } from './state.js'

type Context = EventContext<DollarState>
type DollarDefinition = (typeof DOLLAR_EVENTS)[number]

/** An account that an event names is there. */
const KNOWN_TENANT = {
  tenant: ({ tenant }: { readonly tenant: string | null }, { state }: Context) => {
    if (tenant !== null) findTenant(state.policy.accounts, tenant, 'event.tenant')
  },
}

/** What must follow from the state besides, by type and field; shapes are of the definitions. */
const RULES: { readonly [D in DollarDefinition as D['type']]?: Rules<D, Context> } = {
  'period-started': {
    cap: ({ tenant, cap }, { state }) => {
      const { accounts } = state.policy
      const { caps } = (tenant === null ? undefined : accounts.of(tenant)) ?? accounts.router
      if (caps[cap]?.window !== 'calendar')
        throw new ParetoBanditError('EVENT_OUT_OF_ORDER', 'event.cap', 'there is no such calendar cap here')
    },
  },
  capped: {
    byTenant: ({ tenant, byTenant }) => {
      if (byTenant && tenant === null)
        throw expected('INVALID_ARGUMENT', 'event.byTenant', 'false where there is no tenant', byTenant)
    },
    lastAt: ({ at, lastAt }) => {
      if (lastAt > at) throw expected('INVALID_ARGUMENT', 'event.lastAt', `no later than ${at}`, lastAt)
    },
  },
  'tenant-added': {
    tenant: ({ tenant }, { state }) => {
      checkNewTenant(state.policy.accounts, tenant, 'event.tenant')
    },
  },
  'quality-set': {
    meanReward: ({ meanReward }, { limits: { rewardLow, rewardHigh } }) => {
      if (meanReward !== null) checkInRange(meanReward, rewardLow, rewardHigh, 'event.meanReward')
    },
  },
  'estimator-set': {
    model: ({ model }, { state }) => {
      findModel(state, model, 'event.model')
    },
    began: ({ began }, { state }) => {
      const wanted = 2 * state.pending.dimension - 2
      if (began.length !== wanted)
        throw expected('INVALID_ARGUMENT', 'event.began', `${wanted} numbers`, began.length)
    },
  },
  // They may be the last that happened to a model: the event before can have removed it.
  drift: {},
  reach: {},
}

/** The rules of every type. That of `tenant-added` stands in for the one of all tenants. */
const ALL_RULES: ReadonlyMap<string, Rules<EventDefinition, Context>> = new Map(
  DOLLAR_EVENTS.map(({ type, keys }) => {
    const own = RULES[type]
    return [type, keys.includes('tenant') ? { ...KNOWN_TENANT, ...own } : { ...own }]
  }),
)

/** Checks an event that only this policy knows, in place. */
export function checkDollarEvent(
  definition: EventDefinition,
  event: Record<string, unknown>,
  context: Context,
): void {
  checkFields<EventDefinition, Context>(definition, event, ALL_RULES.get(definition.type), context)
}
