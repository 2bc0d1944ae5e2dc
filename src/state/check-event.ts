import { checkStatistics } from '../bandit/priors.js'
import {
  checkAmount,
  checkArray,
  checkBoolean,
  checkFinite,
  checkInRange,
  checkInteger,
  checkKeys,
  checkOneOf,
  checkRecord,
  checkStrings,
  copyContext,
} from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { EVENT_TYPES, type RouterEvent, type RouterEventType } from '../events/events.js'
import type { ArmStatistics } from '../kernel/kernel.js'
import { LOG_RATIO_MAX, LOG_RATIO_MIN } from '../models/cost-estimate.js'
import { checkModelPrice, checkModelSpec } from '../models/model.js'
import { FORCED_EXPLORATION_MAX } from '../models/registry.js'
import { CONSTRAINTS } from '../policy/constraint.js'
import { areCurvePoints, CURVE_POINT_NUMBERS } from '../policy/dollar/demand/curve-point.js'
import { checkCeiling } from './ceiling.js'
import { findModel } from './find-model.js'
import {
  checkId,
  modelOfRequest,
  REFUSED_FOR_FAIL,
  REFUSED_FOR_REWARD,
  REFUSED_FOR_SETTLE,
} from './find-request.js'
import { EXPIRED } from './pending/request-state.js'
import type { EventContext, FoldedPolicy } from './policy-state.js'
import type { RoutingState } from './routing-state.js'

/** 1 / (1 - percentile) is no more. */
const USE_LIMIT = 1e5

/** What an event of each type has besides `type` and `at`. */
const EVENT_KEYS: Readonly<Record<RouterEventType, readonly string[]>> = {
  routed: [
    'id',
    'model',
    'context',
    'reservedUsd',
    'listCostUsd',
    'score',
    'penaltyWeight',
    'forced',
    'canary',
    'predictedUsd',
    'savedUsd',
    'contenders',
    'tenant',
    'infeasible',
    'propensity',
    'eligible',
    'latencyPrice',
    'latencyUse',
    'uses',
  ],
  settled: ['id', 'model', 'costUsd', 'latencyMs', 'logCostRatio', 'logLatency'],
  rewarded: ['id', 'model', 'reward'],
  failed: ['id', 'model', 'costUsd'],
  expired: ['id', 'model'],
  'model-added': ['model', 'logCost', 'forcedExploration', 'prior', 'settledPrior', 'costCorrection'],
  'model-removed': ['model'],
  'model-enabled': ['model'],
  'model-disabled': ['model'],
  'model-repriced': ['model', 'price', 'logCost'],
  'budget-set': ['tenant', 'usdPerRequest'],
  'caps-set': ['tenant', 'caps'],
  'period-started': ['tenant', 'cap', 'startsAt', 'endsAt'],
  refused: ['tenant'],
  'tenant-added': ['tenant', 'usdPerRequest'],
  'tenant-removed': ['tenant'],
  'latency-set': ['limit'],
  'quality-set': ['meanReward'],
  drift: ['model', 'signal', 'direction'],
}

/**
 * Checks an event that comes from outside (a log, another process) against the state it is about to change, so that
 * applying it cannot fail or leave something impossible behind.
 * @throws INVALID_ARGUMENT naming the field; EVENT_OUT_OF_ORDER when it does not follow from this state; and the
 *   feedback and registry errors of the call that would have made it
 */
export function checkEvent(
  state: RoutingState,
  policy: FoldedPolicy,
  limits: { readonly rewardLow: number; readonly rewardHigh: number },
  value: unknown,
): RouterEvent {
  // A copy, in depth where it holds objects: what was checked is what is applied.
  const event = { ...checkRecord(value, 'event') }
  const type = checkOneOf(event.type, EVENT_TYPES, 'event.type')
  checkKeys(event, ['type', 'at', ...EVENT_KEYS[type]], 'event')
  checkFinite(event.at, 'event.at')
  const context: EventContext = { state, ...limits }
  switch (type) {
    case 'routed':
      checkRouted(state, event)
      if (event.tenant !== null) checkOwn(policy, event, type, context)
      break
    case 'settled':
      checkRequest(state, event, REFUSED_FOR_SETTLE)
      checkAmount(event.costUsd, 'event.costUsd')
      if (event.latencyMs !== null) checkAmount(event.latencyMs, 'event.latencyMs')
      checkInRange(event.logCostRatio, LOG_RATIO_MIN, LOG_RATIO_MAX, 'event.logCostRatio')
      if (event.logLatency !== null) checkInRange(event.logLatency, -100, 100, 'event.logLatency')
      break
    case 'rewarded':
      checkRequest(state, event, REFUSED_FOR_REWARD)
      checkInRange(event.reward, limits.rewardLow, limits.rewardHigh, 'event.reward')
      break
    case 'failed':
      checkRequest(state, event, REFUSED_FOR_FAIL)
      checkAmount(event.costUsd, 'event.costUsd')
      break
    case 'expired':
      if ((state.pending.state(checkRequest(state, event, REFUSED_FOR_SETTLE)) & EXPIRED) !== 0) {
        throw new ParetoBanditError('REQUEST_EXPIRED', 'event.id', 'the request has expired already')
      }
      break
    case 'model-added':
      checkAdded(state, event)
      break
    case 'model-repriced':
      findModel(state, event.model, 'event.model')
      event.price = checkModelPrice(event.price, 'event.price')
      checkInRange(event.logCost, 0, 1, 'event.logCost')
      break
    case 'budget-set':
      if (event.tenant !== null) checkOwn(policy, event, type, context)
      if (event.usdPerRequest !== null) checkCeiling(event.usdPerRequest, 'event.usdPerRequest')
      break
    case 'caps-set':
    case 'period-started':
    case 'refused':
    case 'tenant-added':
    case 'tenant-removed':
    case 'latency-set':
    case 'quality-set':
      checkOwn(policy, event, type, context)
      break
    default:
      findModel(state, event.model, 'event.model')
  }
  return event as unknown as RouterEvent
}

function checkRouted(state: RoutingState, event: Record<string, unknown>): void {
  if (!state.ids.isNext(checkId(event.id, 'event.id'))) {
    throw expected('EVENT_OUT_OF_ORDER', 'event.id', 'a new request of its router', event.id)
  }
  // One that was disabled meanwhile has answered all the same.
  findModel(state, event.model, 'event.model')
  if (!(event.context instanceof Float64Array)) {
    throw expected('INVALID_ARGUMENT', 'event.context', 'a Float64Array', event.context)
  }
  const context = new Float64Array(state.pending.dimension)
  copyContext(event.context, context.length, context, 0, 'event.context')
  event.context = context
  checkAmount(event.reservedUsd, 'event.reservedUsd')
  checkAmount(event.listCostUsd, 'event.listCostUsd')
  checkFinite(event.score, 'event.score')
  checkAmount(event.penaltyWeight, 'event.penaltyWeight')
  checkBoolean(event.forced, 'event.forced')
  checkBoolean(event.canary, 'event.canary')
  checkAmount(event.predictedUsd, 'event.predictedUsd')
  if (event.savedUsd !== -1) checkAmount(event.savedUsd, 'event.savedUsd')
  event.infeasible = checkArray(event.infeasible, 'event.infeasible').map((each, i) =>
    checkOneOf(each, CONSTRAINTS, `event.infeasible[${i}]`),
  )
  checkChance(event)
  if (!(event.contenders instanceof Float64Array)) {
    throw expected('INVALID_ARGUMENT', 'event.contenders', 'a Float64Array', event.contenders)
  }
  const contenders = event.contenders.slice()
  event.contenders = contenders
  checkUses(event)
  if (
    !areCurvePoints(
      state.rewards?.contendersToUnit(contenders) ?? contenders,
      (slot) => state.registry.atSlot(slot) !== undefined,
    )
  ) {
    throw expected(
      'INVALID_ARGUMENT',
      'event.contenders',
      'slots, values and costs of models',
      event.contenders,
    )
  }
}

/** Propensity and the models drawn from: for the log alone, nothing is folded from them. */
function checkChance(event: Record<string, unknown>): void {
  const propensity = checkInRange(event.propensity, 0, 1, 'event.propensity')
  if (propensity === 0) throw expected('INVALID_ARGUMENT', 'event.propensity', 'a number in (0, 1]', 0)
  const eligible = checkStrings(event.eligible, 'event.eligible')
  if (eligible.length > 0 && !eligible.includes(event.model as string)) {
    throw expected('INVALID_ARGUMENT', 'event.eligible', 'models, the chosen one among them', event.eligible)
  }
  event.eligible = Object.freeze(eligible)
}

function checkUses(event: Record<string, unknown>): void {
  checkAmount(event.latencyPrice, 'event.latencyPrice')
  if (event.latencyUse !== -1) checkAmount(event.latencyUse, 'event.latencyUse')
  const { uses, contenders } = event
  if (!(uses instanceof Float64Array))
    throw expected('INVALID_ARGUMENT', 'event.uses', 'a Float64Array', uses)
  if (uses.length > 0 && uses.length * CURVE_POINT_NUMBERS !== (contenders as Float64Array).length)
    throw expected('INVALID_ARGUMENT', 'event.uses', 'one a contender, or none', uses)
  event.uses = uses.map((use, i) => checkInRange(use, 0, USE_LIMIT, `event.uses[${i}]`))
}

/** @throws INVALID_ARGUMENT where the policy knows no such event, and what its own check throws */
function checkOwn(
  policy: FoldedPolicy,
  event: Record<string, unknown>,
  type: RouterEventType,
  context: EventContext,
): void {
  if (policy.checkEvent === undefined)
    throw new ParetoBanditError(
      'INVALID_ARGUMENT',
      'event',
      `policy '${policy.name}' knows no such '${type}'`,
    )
  policy.checkEvent(Object.assign(event, { type }), context)
}

function checkAdded(state: RoutingState, event: Record<string, unknown>): void {
  const spec = checkModelSpec(event.model, 'event.model')
  event.model = spec
  const { id } = spec
  if (state.registry.get(id) !== undefined) {
    throw new ParetoBanditError('DUPLICATE_MODEL', 'event.model.id', `'${id}' is registered already`)
  }
  checkInRange(event.logCost, 0, 1, 'event.logCost')
  checkInteger(event.forcedExploration, 0, FORCED_EXPLORATION_MAX, 'event.forcedExploration')
  checkInRange(event.costCorrection, 1e-3, 1e3, 'event.costCorrection')
  for (const key of ['prior', 'settledPrior'] as const) {
    if (event[key] !== null) event[key] = checkPrior(event[key], state.pending.dimension, `event.${key}`)
  }
}

/** @returns a copy */
function checkPrior(value: unknown, dimension: number, field: string): ArmStatistics {
  const { precision, response } = checkRecord(value, field)
  if (!(precision instanceof Float64Array)) {
    throw expected('INVALID_ARGUMENT', `${field}.precision`, 'a Float64Array', precision)
  }
  if (!(response instanceof Float64Array)) {
    throw expected('INVALID_ARGUMENT', `${field}.response`, 'a Float64Array', response)
  }
  const prior = { precision: precision.slice(), response: response.slice() }
  checkStatistics(prior, dimension, field)
  return prior
}

/** @returns the request's sequence number */
function checkRequest(state: RoutingState, event: Record<string, unknown>, refused: number): number {
  const known = checkId(event.id, 'event.id')
  const { id } = modelOfRequest(state, known, refused, 'event.id')
  if (event.model !== id) {
    throw expected('EVENT_OUT_OF_ORDER', 'event.model', `the request's model, '${id}'`, event.model)
  }
  return state.sequenceOf(known)
}
