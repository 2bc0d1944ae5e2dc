import { checkFinite } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import type {
  BilledEvent,
  CancelledEvent,
  FailedEvent,
  RewardedEvent,
  SettledEvent,
} from '../events/events.js'
import { isImplausible, logCostRatio, MISTAKE_LOG_RATIO } from '../models/cost-estimate.js'
import {
  modelOfRequest,
  REFUSED_FOR_FAIL,
  REFUSED_FOR_REWARD,
  REFUSED_FOR_SETTLE,
} from '../state/find-request.js'
import { SETTLED } from '../state/pending/request-state.js'
import { type GivenBill, type PricedBill, priceOf, tellsCost } from './bill.js'
import type { FeedbackContext } from './feedback-context.js'
import type { GivenFailure, GivenSettlement } from './given-feedback.js'
import { awaitsLateBill, billedEvent, billOfPart } from './late-bill.js'

const LATENCY_MIN_MS = 0.001

/** The event of a settlement; of a request whose reservation is gone, that of its bill. @throws as `modelOfRequest` */
export function settledEvent(
  context: FeedbackContext,
  id: string,
  settlement: GivenSettlement,
): SettledEvent | BilledEvent {
  const { state, at, idField } = context
  if (awaitsLateBill(state, id, idField)) return billedEvent(context, id, settlement)
  const model = modelOfRequest(state, id, REFUSED_FOR_SETTLE, idField)
  const { latencyMs, tokens } = settlement
  const sequence = state.sequenceOf(id)
  const { pending } = state
  const reservedUsd = pending.reservedUsd(sequence)
  const { costUsd, usageFlags } = priceOf(settlement, pending.prices(sequence), reservedUsd)
  const listCostUsd = pending.listCostUsd(sequence)
  const ratio = isImplausible(costUsd, listCostUsd, model)
    ? MISTAKE_LOG_RATIO
    : logCostRatio(costUsd, listCostUsd)
  const logLatency = latencyMs === null ? null : Math.log(Math.max(latencyMs, LATENCY_MIN_MS))
  return {
    type: 'settled',
    at,
    id,
    model: model.id,
    costUsd,
    latencyMs,
    logCostRatio: ratio,
    logLatency,
    tokens,
    usageFlags,
  }
}

/**
 * The event of a bill for a request whatever was known of it before: its settlement, if it has none.
 * @throws as `settledEvent`, but for ALREADY_SETTLED
 */
export function correctedEvent(
  context: FeedbackContext,
  id: string,
  bill: GivenSettlement,
): SettledEvent | BilledEvent {
  const { state, idField } = context
  const sequence = state.sequenceOf(id)
  const isUnsettled = state.isOpen(sequence) && (state.pending.state(sequence) & SETTLED) === 0
  if (isUnsettled) return settledEvent(context, id, bill)
  if (state.billedRequest(id) === undefined) modelOfRequest(state, id, 0, idField)
  return billedEvent(context, id, bill)
}

/** The event of a reward. @throws as `modelOfRequest`, INVALID_ARGUMENT */
export function rewardedEvent(
  { state, at, limits, idField, field }: FeedbackContext,
  id: string,
  value: unknown,
): RewardedEvent {
  const { rewardLow, rewardHigh, pendingTtlMs } = limits
  const model = modelOfRequest(state, id, REFUSED_FOR_REWARD, idField).id
  if (state.pending.at(state.sequenceOf(id)) <= at - pendingTtlMs) {
    throw new ParetoBanditError('REQUEST_EXPIRED', idField, `request '${id}' is too old for a reward`)
  }
  const reward = checkFinite(value, field)
  if (reward < rewardLow || reward > rewardHigh) {
    throw expected(
      'INVALID_ARGUMENT',
      field,
      `a reward in [${rewardLow}, ${rewardHigh}], the rewardRange`,
      reward,
    )
  }
  return { type: 'rewarded', at, id, model, reward }
}

/** The event of a failure; of one whose request is closed, that of its bill. @throws as `modelOfRequest` */
export function failedEvent(
  context: FeedbackContext,
  id: string,
  failure: GivenFailure,
): FailedEvent | BilledEvent {
  const late = billOfPart(context, id, failure)
  if (late !== null) return late
  const { state, at, idField } = context
  const model = modelOfRequest(state, id, REFUSED_FOR_FAIL, idField).id
  const { tokens, latencyMs, retryAfterMs } = failure
  const { costUsd, usageFlags } = costOfPart(context, id, failure)
  return { type: 'failed', at, id, model, costUsd, tokens, usageFlags, latencyMs, retryAfterMs }
}

/** The event of a call that was broken off. @throws as `failedEvent` */
export function cancelledEvent(
  context: FeedbackContext,
  id: string,
  cancellation: GivenSettlement,
): CancelledEvent | BilledEvent {
  const late = billOfPart(context, id, cancellation)
  if (late !== null) return late
  const { state, at, idField } = context
  const model = modelOfRequest(state, id, REFUSED_FOR_FAIL, idField).id
  const { tokens, latencyMs } = cancellation
  const { costUsd, usageFlags } = costOfPart(context, id, cancellation)
  return { type: 'cancelled', at, id, model, costUsd, latencyMs, tokens, usageFlags }
}

/** What a call cost that brought no answer: nothing, where no cost is given. */
function costOfPart({ state }: FeedbackContext, id: string, given: GivenBill): PricedBill {
  if (!tellsCost(given)) return { costUsd: 0, usageFlags: given.usageFlags }
  return priceOf(given, state.pending.prices(state.sequenceOf(id)), 0)
}
