import {
  checkInRange,
  checkKeys,
  checkOneOf,
  checkRecord,
  checkString,
  nearest,
} from '../../../base/check.js'
import { expected, ParetoBanditError, show } from '../../../base/errors.js'
import { CORE_EVENTS } from '../../../events/core-events.js'
import { checkFields, type EventDefinition, type Rules } from '../../../events/definition.js'
import type { EventOf, RouterEvent, RouterEventType } from '../../../events/events.js'
import { findModel } from '../../../state/find-model.js'
import type { RoutingState } from '../../../state/routing-state.js'
import { checkBudget, refuseFixed } from '../../check-budget.js'
import type { Administration, RewardLimits } from '../../policy.js'
import { DOLLAR_EVENTS } from '../events.js'
import { checkLatency } from '../latency/latency-limit.js'
import type { Accounts } from './accounts.js'
import { checkCaps } from './cap-period.js'

export const TENANTS_MAX = 1_000_000
const ID_LENGTH_MAX = 200

interface Context {
  readonly state: RoutingState
  readonly limits: RewardLimits
}

type DollarDefinition = (typeof DOLLAR_EVENTS)[number]
const DEFINITIONS: ReadonlyMap<string, DollarDefinition> = new Map(
  DOLLAR_EVENTS.map((definition) => [definition.type, definition]),
)
const TYPES = [...CORE_EVENTS, ...DOLLAR_EVENTS].map(({ type }) => type)

/** Tenants and caps: what an operator says of them, checked and made into events. */
export class AccountAdministration implements Administration {
  private readonly accountsOf: (state: RoutingState) => Accounts

  /** What must follow from the state, by type and field; shapes are of the definitions. */
  private readonly rules: { readonly [D in DollarDefinition as D['type']]: Rules<D, Context> } = {
    'caps-set': { tenant: (event, context) => this.checkTenant(event, context) },
    'period-started': {
      tenant: (event, context) => this.checkTenant(event, context),
      cap: (event, { state }) => this.checkCap(state, event),
    },
    refused: { tenant: (event, context) => this.checkTenant(event, context) },
    'tenant-added': {
      tenant: ({ tenant }, { state }) => {
        this.newTenant(state, tenant, 'event.tenant')
      },
    },
    'tenant-removed': { tenant: (event, context) => this.checkTenant(event, context) },
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
    limits: RewardLimits,
  ): void {
    const definition = DEFINITIONS.get(checkOneOf(type, TYPES, 'event.type'))
    if (definition === undefined)
      throw expected('INVALID_ARGUMENT', 'event.type', 'an event of its own', type)
    const rules = this.rules[definition.type] as Rules<EventDefinition, Context>
    checkFields<EventDefinition, Context>(definition, event, rules, { state, limits })
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

  private checkTenant({ tenant }: { readonly tenant: string | null }, { state }: Context): void {
    if (tenant !== null) this.findTenant(state, tenant, 'event.tenant')
  }

  private checkCap(state: RoutingState, { tenant, cap }: EventOf<'period-started'>): void {
    const accounts = this.accountsOf(state)
    const { caps } = (tenant === null ? undefined : accounts.of(tenant)) ?? accounts.router
    if (caps[cap]?.window !== 'calendar')
      throw new ParetoBanditError('EVENT_OUT_OF_ORDER', 'event.cap', 'there is no such calendar cap here')
  }
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
function checkQuality(value: unknown, { rewardLow, rewardHigh }: RewardLimits): number | null {
  if (value === null) return null
  const record = checkRecord(value, 'quality')
  checkKeys(record, ['meanReward'], 'quality')
  return checkInRange(record.meanReward, rewardLow, rewardHigh, 'quality.meanReward')
}
