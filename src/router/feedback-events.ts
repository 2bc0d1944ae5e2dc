import { checkFinite } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import type {
  BilledEvent,
  CancelledEvent,
  FailedEvent,
  RewardedEvent,
  SettledEvent,
} from '../events/events.js'
import { logCostRatio } from '../models/cost-estimate.js'
import type { ResolvedOptions } from '../policy/options.js'
import {
  modelOfRequest,
  REFUSED_FOR_FAIL,
  REFUSED_FOR_REWARD,
  REFUSED_FOR_SETTLE,
} from '../state/find-request.js'
import { BilledRequest } from '../state/pending/billed-request.js'
import { BILLED, CANCELLED, FAILED, SETTLED } from '../state/pending/request-state.js'
import type { RoutingState } from '../state/routing-state.js'
import { type GivenBill, priceOf } from './bill.js'
import { type GivenFailure, type GivenSettlement, tellsCost } from './feedback-input.js'

const LATENCY_MIN_MS = 0.001

/** What a piece of feedback is checked against, and what errors call its parts. */
export interface FeedbackContext {
  readonly state: RoutingState
  /** Now, ms since 1970. */
  readonly at: number
  readonly limits: Pick<ResolvedOptions, 'rewardLow' | 'rewardHigh' | 'pendingTtlMs'>
  readonly idField: string
  /** Name of the value that comes with the id. */
  readonly field: string
}

/** The event of a settlement; of a request whose reservation is gone, that of its bill. @throws as `modelOfRequest` */
export function settledEvent(
  context: FeedbackContext,
  id: string,
  settlement: GivenSettlement,
): SettledEvent | BilledEvent {
  const { state, at, idField, field } = context
  if (awaitsLateBill(state, id, idField)) return billedEvent(context, id, settlement)
  const model = modelOfRequest(state, id, REFUSED_FOR_SETTLE, idField).id
  const { latencyMs, tokens } = settlement
  const sequence = state.sequenceOf(id)
  const { pending } = state
  const { costUsd, usageFlags } = priceOf(
    settlement,
    pending.prices(sequence),
    pending.reservedUsd(sequence),
    field,
  )
  const ratio = logCostRatio(costUsd, pending.listCostUsd(sequence))
  const logLatency = latencyMs === null ? null : Math.log(Math.max(latencyMs, LATENCY_MIN_MS))
  return {
    type: 'settled',
    at,
    id,
    model,
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

/** Whether a request takes no settlement any more, and its bill has not come yet. @throws ALREADY_SETTLED */
function awaitsLateBill(state: RoutingState, id: string, field: string): boolean {
  if (state.isOpen(state.sequenceOf(id))) return false
  const closed = state.closedRequest(id)
  if (closed === undefined) return false
  const { state: happened } = new BilledRequest(closed.row)
  if ((happened & BILLED) !== 0)
    throw new ParetoBanditError('ALREADY_SETTLED', field, `the bill of request '${id}' is known already`)
  return (happened & SETTLED) === 0
}

function billedEvent(
  { state, at, idField, field }: FeedbackContext,
  id: string,
  settlement: GivenSettlement,
): BilledEvent {
  const request = state.billedRequest(id)
  if (request === undefined || request.bookedUsd < 0) {
    const message = `what was booked for request '${id}' is no longer known`
    throw new ParetoBanditError('REQUEST_CLOSED', idField, message)
  }
  const prices = state.closedRequest(id)?.prices ?? state.pending.prices(state.sequenceOf(id))
  const { listCostUsd, bookedUsd } = request
  // A bill that tells no cost leaves what is booked, and says so.
  const { costUsd, usageFlags } = priceOf(settlement, prices, bookedUsd, field)
  const isTaught = (request.state & SETTLED) !== 0
  return {
    type: 'billed',
    at,
    id,
    model: state.registry.at(request.slot, request.incarnation)?.id ?? null,
    costUsd,
    latencyMs: settlement.latencyMs,
    logCostRatioChange: isTaught
      ? logCostRatio(costUsd, listCostUsd) - logCostRatio(bookedUsd, listCostUsd)
      : 0,
    tokens: settlement.tokens,
    usageFlags,
  }
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
    throw expected('INVALID_ARGUMENT', field, `a reward in [${rewardLow}, ${rewardHigh}]`, reward)
  }
  return { type: 'rewarded', at, id, model, reward }
}

/** The event of a failure; of one whose request is closed, that of its bill. @throws as `modelOfRequest` */
export function failedEvent(
  context: FeedbackContext,
  id: string,
  failure: GivenFailure,
): FailedEvent | BilledEvent {
  const late = lateBill(context, id, failure)
  if (late !== null) return late
  const { state, at, idField, field } = context
  const model = modelOfRequest(state, id, REFUSED_FOR_FAIL, idField).id
  const { tokens, latencyMs, retryAfterMs } = failure
  const { costUsd, usageFlags } = costOfPart(state, id, failure, field)
  return { type: 'failed', at, id, model, costUsd, tokens, usageFlags, latencyMs, retryAfterMs }
}

/** The event of a call that was broken off. @throws as `failedEvent` */
export function cancelledEvent(
  context: FeedbackContext,
  id: string,
  cancellation: GivenSettlement,
): CancelledEvent | BilledEvent {
  const late = lateBill(context, id, cancellation)
  if (late !== null) return late
  const { state, at, idField, field } = context
  const model = modelOfRequest(state, id, REFUSED_FOR_FAIL, idField).id
  const { tokens, latencyMs } = cancellation
  const { costUsd, usageFlags } = costOfPart(state, id, cancellation, field)
  return { type: 'cancelled', at, id, model, costUsd, latencyMs, tokens, usageFlags }
}

/** What a call cost that brought no answer: nothing, where nothing is told of it. */
function costOfPart(state: RoutingState, id: string, given: GivenBill, field: string) {
  if (!tellsCost(given)) return { costUsd: 0, usageFlags: given.usageFlags }
  return priceOf(given, state.pending.prices(state.sequenceOf(id)), 0, field)
}

/** Of a request whose model is gone, or that was pushed out: a failure's cost is a bill as any. */
function lateBill(context: FeedbackContext, id: string, bill: GivenSettlement): BilledEvent | null {
  if (!tellsCost(bill)) return null
  const closed = context.state.closedRequest(id)
  if (closed === undefined) return null
  const happened = new BilledRequest(closed.row).state
  if ((happened & (FAILED | CANCELLED | SETTLED | BILLED)) !== 0) return null
  return billedEvent(context, id, bill)
}
