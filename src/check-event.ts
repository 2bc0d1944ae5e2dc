import {
  checkAmount,
  checkBoolean,
  checkFinite,
  checkInteger,
  checkOneOf,
  checkPositive,
  checkRecord,
  checkString,
  copyContext,
} from './check.js'
import { unknownModel } from './choose.js'
import { expected, ParetoBanditError } from './errors.js'
import { type Located, locateForFail, locateForReward, locateForSettle } from './feedback.js'
import { EVENT_TYPES, type RouterEvent } from './journal/events.js'
import type { ArmStatistics } from './kernel/kernel.js'
import { EXPIRED } from './pending/pending.js'
import { checkModelPrice, checkModelSpec } from './registry/model.js'
import type { Model } from './registry/registry.js'
import { FORCED_EXPLORATION_MAX } from './resolve-options.js'
import type { RoutingState } from './state.js'

/**
 * Checks an event that comes from outside (a log, another process) against the state it is about to change, so that
 * applying it cannot fail or leave something impossible behind.
 * @throws INVALID_ARGUMENT naming the field; EVENT_OUT_OF_ORDER when it does not follow from this state; and the
 *   feedback and registry errors of the call that would have made it
 */
export function checkEvent(state: RoutingState, value: unknown): RouterEvent {
  const event = checkRecord(value, 'event')
  const type = checkOneOf(event.type, EVENT_TYPES, 'event.type')
  checkFinite(event.at, 'event.at')
  switch (type) {
    case 'routed':
      checkRouted(state, event)
      break
    case 'settled':
      checkSameModel(event, locateForSettle(state, event.id, 'event.id'))
      checkAmount(event.costUsd, 'event.costUsd')
      if (event.latencyMs !== null) checkAmount(event.latencyMs, 'event.latencyMs')
      break
    case 'rewarded':
      checkSameModel(event, locateForReward(state, event.id, Number.NEGATIVE_INFINITY, 'event.id'))
      checkFinite(event.reward, 'event.reward')
      break
    case 'failed':
      checkSameModel(event, locateForFail(state, event.id, 'event.id'))
      checkAmount(event.costUsd, 'event.costUsd')
      break
    case 'expired': {
      const found = locateForSettle(state, event.id, 'event.id')
      checkSameModel(event, found)
      if ((found.state & EXPIRED) !== 0) {
        throw new ParetoBanditError('REQUEST_EXPIRED', 'event.id', 'the request has expired already')
      }
      break
    }
    case 'model-added':
      checkAdded(state, event)
      break
    case 'model-repriced':
      registered(state, event.model)
      checkModelPrice(event.price, 'event.price')
      checkFinite(event.logCost, 'event.logCost')
      break
    case 'budget-set':
      if (event.usdPerRequest !== null) checkPositive(event.usdPerRequest, 'event.usdPerRequest')
      break
    default:
      registered(state, event.model)
  }
  return value as RouterEvent
}

function checkRouted(state: RoutingState, event: Record<string, unknown>): void {
  const id = state.requestId(state.pending.next)
  if (event.id !== id) throw expected('EVENT_OUT_OF_ORDER', 'event.id', `the next request, '${id}'`, event.id)
  if (!registered(state, event.model).enabled) {
    throw new ParetoBanditError('EVENT_OUT_OF_ORDER', 'event.model', 'the model is disabled here')
  }
  if (!(event.context instanceof Float64Array)) {
    throw expected('INVALID_ARGUMENT', 'event.context', 'a Float64Array', event.context)
  }
  const { dimension } = state.pending
  copyContext(event.context, dimension, new Float64Array(dimension), 0, 'event.context')
  checkAmount(event.reservedUsd, 'event.reservedUsd')
  checkAmount(event.listCostUsd, 'event.listCostUsd')
  checkFinite(event.score, 'event.score')
  checkAmount(event.penaltyWeight, 'event.penaltyWeight')
  checkBoolean(event.forced, 'event.forced')
}

function checkAdded(state: RoutingState, event: Record<string, unknown>): void {
  const { id } = checkModelSpec(event.model, 'event.model')
  if (state.registry.get(id) !== undefined) {
    throw new ParetoBanditError('DUPLICATE_MODEL', 'event.model.id', `'${id}' is registered already`)
  }
  checkFinite(event.logCost, 'event.logCost')
  checkInteger(event.forcedExploration, 0, FORCED_EXPLORATION_MAX, 'event.forcedExploration')
  if (event.prior !== null) checkStatistics(event.prior, state.pending.dimension)
}

function checkStatistics(value: unknown, dimension: number): asserts value is ArmStatistics {
  const { precision, response } = checkRecord(value, 'event.prior')
  checkNumbers(precision, (dimension * (dimension + 1)) / 2, 'event.prior.precision')
  checkNumbers(response, dimension, 'event.prior.response')
}

function checkNumbers(value: unknown, length: number, field: string): void {
  if (!(value instanceof Float64Array) || value.length !== length) {
    throw expected('INVALID_ARGUMENT', field, `a Float64Array of ${length}`, value)
  }
  value.forEach((entry, i) => {
    checkFinite(entry, `${field}[${i}]`)
  })
}

function registered(state: RoutingState, id: unknown): Model {
  const model = state.registry.get(checkString(id, 'event.model'))
  if (model === undefined) throw unknownModel(state, String(id), 'event.model')
  return model
}

function checkSameModel(event: Record<string, unknown>, found: Located): void {
  if (event.model !== found.model.id) {
    throw expected(
      'EVENT_OUT_OF_ORDER',
      'event.model',
      `the request's model, '${found.model.id}'`,
      event.model,
    )
  }
}
