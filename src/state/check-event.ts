import { checkStatistics } from '../bandit/statistics-check.js'
import { checkInRange, checkOneOf, checkRecord } from '../base/check.js'
import { isTime } from '../base/clock.js'
import { expected, expectedGot, ParetoBanditError } from '../base/errors.js'
import { CORE_EVENTS, type CoreDefinition } from '../events/core-events.js'
import { checkCurvePoints } from '../events/curve-point.js'
import { checkFields, type EventDefinition, type Rules } from '../events/definition.js'
import type { RouterEvent } from '../events/events.js'
import type { ArmStatistics } from '../kernel/kernel.js'
import { findModel } from './find-model.js'
import { modelOfRequest, REFUSED_FOR_FAIL, REFUSED_FOR_REWARD, REFUSED_FOR_SETTLE } from './find-request.js'
import { BILLED, CANCELLED, DROPPED, EXPIRED, FAILED, SETTLED } from './pending/request-state.js'
import type { FoldedPolicy, RewardLimits } from './policy-state.js'
import type { RoutingState } from './routing-state.js'

interface Context {
  readonly state: RoutingState
  readonly policy: FoldedPolicy
  readonly limits: RewardLimits
}

interface OfModel {
  readonly model: string
}

interface OfRequest extends OfModel {
  readonly id: string
}

const knownModel = {
  model: ({ model }: OfModel, { state }: Context) => {
    findModel(state, model, 'event.model')
  },
}

/** The request waits for such feedback, and went to that model. */
const openRequest = (refused: number) => ({
  model: ({ id, model }: OfRequest, { state }: Context) => {
    const found = modelOfRequest(state, id, refused, 'event.id')
    if (model !== found.id)
      throw expected('EVENT_OUT_OF_ORDER', 'event.model', `the request's model, '${found.id}'`, model)
  },
})

const toBeSettled = openRequest(REFUSED_FOR_SETTLE)

/** What must follow from the state, by type and field; shapes are of the definitions. */
const RULES: { readonly [D in CoreDefinition as D['type']]: Rules<D, Context> } = {
  routed: {
    id: ({ id }, { state }) => {
      if (!state.ids.isNext(id))
        throw expected('EVENT_OUT_OF_ORDER', 'event.id', 'a new request of its router', id)
    },
    // One that was disabled meanwhile has answered all the same.
    ...knownModel,
    context: ({ context: { length } }, { state }) => {
      const { dimension } = state.pending
      if (length === dimension) return
      throw expectedGot(
        'DIMENSION_MISMATCH',
        'event.context',
        `a vector of ${dimension} numbers`,
        `${length} numbers`,
      )
    },
    contenders: ({ contenders }, { state: { registry, rewards } }) =>
      checkCurvePoints(
        rewards?.contendersToUnit(contenders) ?? contenders,
        'event.contenders',
        (slot) => registry.atSlot(slot) !== undefined,
      ),
    tenant: knownTenant,
  },
  settled: toBeSettled,
  rewarded: {
    ...openRequest(REFUSED_FOR_REWARD),
    reward: ({ reward }, { limits: { rewardLow, rewardHigh } }) => {
      checkInRange(reward, rewardLow, rewardHigh, 'event.reward')
    },
  },
  failed: openRequest(REFUSED_FOR_FAIL),
  cancelled: openRequest(REFUSED_FOR_FAIL),
  billed: {
    model: ({ id, model }, { state }) => {
      const request = state.billedRequest(id)
      if (request === undefined) modelOfRequest(state, id, 0, 'event.id')
      if (request === undefined || request.bookedUsd < 0)
        throw new ParetoBanditError('REQUEST_CLOSED', 'event.id', 'what was booked for it is not known')
      if ((request.state & (SETTLED | BILLED | FAILED | CANCELLED | DROPPED | EXPIRED)) === 0)
        throw expected('EVENT_OUT_OF_ORDER', 'event.id', 'a request that takes no settlement', id)
      const known = state.registry.at(request.slot, request.incarnation)?.id ?? null
      if (model !== known) throw expected('EVENT_OUT_OF_ORDER', 'event.model', `${known}`, model)
    },
  },
  // What notices tell may be the last that happened to a model: the event before them can have removed it.
  'implausible-bill': {},
  availability: {},
  expired: {
    model: (event, context) => {
      toBeSettled.model(event, context)
      const { pending } = context.state
      if ((pending.state(context.state.sequenceOf(event.id)) & EXPIRED) !== 0)
        throw new ParetoBanditError('REQUEST_EXPIRED', 'event.id', 'the request has expired already')
    },
  },
  'model-added': {
    model: ({ model: { id } }, { state }) => {
      if (state.registry.get(id) !== undefined)
        throw new ParetoBanditError('DUPLICATE_MODEL', 'event.model.id', `'${id}' is registered already`)
    },
    prior: ({ prior }, context) => checkPrior(prior, context, 'event.prior'),
    settledPrior: ({ settledPrior }, context) => checkPrior(settledPrior, context, 'event.settledPrior'),
    shrinkage: ({ shrinkage }, { state }) => {
      const wanted = 2 * state.pending.dimension - 1
      if (shrinkage.length !== 0 && shrinkage.length !== wanted)
        throw expected('INVALID_ARGUMENT', 'event.shrinkage', `${wanted} numbers or none`, shrinkage.length)
    },
  },
  'model-removed': knownModel,
  'model-enabled': knownModel,
  'model-disabled': knownModel,
  'model-repriced': knownModel,
  drained: {},
  'budget-set': { tenant: knownTenant },
}

const CORE: ReadonlyMap<unknown, CoreDefinition> = new Map(
  CORE_EVENTS.map((definition) => [definition.type, definition]),
)

/**
 * Checks an event that comes from outside (a log, another process) against the state it is about to change, so that
 * applying it cannot fail or leave something impossible behind.
 * @throws INVALID_ARGUMENT naming the field; EVENT_OUT_OF_ORDER when it does not follow from this state; and the
 *   feedback and registry errors of the call that would have made it
 */
export function checkEvent(
  state: RoutingState,
  policy: FoldedPolicy,
  limits: RewardLimits,
  value: unknown,
): RouterEvent {
  // A copy, in depth where it holds objects: what was checked is what is applied.
  const event = { ...checkRecord(value, 'event') }
  const core = CORE.get(event.type)
  const definition: EventDefinition = core ?? ownDefinition(policy, event.type)
  if (core !== undefined) {
    const rules = RULES[core.type] as Rules<EventDefinition, Context>
    checkFields(definition, event, rules, { state, policy, limits })
  } else if (policy.checkEvent === undefined) checkFields(definition, event, undefined, null)
  else policy.checkEvent(definition, event, { state, limits })
  if (!isTime(event.at)) throw expected('INVALID_ARGUMENT', 'event.at', 'milliseconds since 1970', event.at)
  return event as unknown as RouterEvent
}

/** Whether events of that type follow from the one before them and change nothing. */
export function isNotice({ events }: FoldedPolicy, type: string): boolean {
  const definition: EventDefinition | undefined = CORE.get(type) ?? events.find((each) => each.type === type)
  return definition?.code === null
}

/** @throws INVALID_ARGUMENT for an event that neither the core nor this policy defines */
function ownDefinition({ events }: FoldedPolicy, type: unknown): EventDefinition {
  const definition = events.find((each) => each.type === type)
  if (definition !== undefined) return definition
  const known = [...CORE_EVENTS, ...events].map((each) => each.type)
  throw expected('INVALID_ARGUMENT', 'event.type', checkOneOf(type, known, 'event.type'), type)
}

function knownTenant({ tenant }: { readonly tenant: string | null }, { state, policy }: Context): void {
  if (tenant === null) return
  if (policy.checkTenant === undefined) {
    const message = `policy '${policy.name}' knows no tenants`
    throw new ParetoBanditError('INVALID_ARGUMENT', 'event.tenant', message)
  }
  policy.checkTenant(state, tenant, 'event.tenant')
}

function checkPrior(prior: ArmStatistics | null, { state }: Context, field: string): void {
  if (prior !== null) checkStatistics(prior, state.pending.dimension, field)
}
