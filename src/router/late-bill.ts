import { ParetoBanditError } from '../base/errors.js'
import type { BilledEvent } from '../events/events.js'
import { logCostRatio } from '../models/cost-estimate.js'
import { BilledRequest } from '../state/pending/billed-request.js'
import { BILLED, CANCELLED, FAILED, SETTLED } from '../state/pending/request-state.js'
import type { RoutingState } from '../state/routing-state.js'
import { priceOf, tellsCost } from './bill.js'
import type { FeedbackContext } from './feedback-context.js'
import type { GivenSettlement } from './given-feedback.js'

/** Whether a request takes no settlement any more, and its bill has not come yet. @throws ALREADY_SETTLED */
export function awaitsLateBill(state: RoutingState, id: string, idField: string): boolean {
  if (state.isOpen(state.sequenceOf(id))) return false
  const closed = state.closedRequest(id)
  if (closed === undefined) return false
  const { state: happened } = new BilledRequest(closed.row)
  if ((happened & BILLED) !== 0)
    throw new ParetoBanditError('ALREADY_SETTLED', idField, `the bill of request '${id}' is known already`)
  return (happened & SETTLED) === 0
}

/** The event of a bill that takes the place of what is booked. @throws REQUEST_CLOSED, INVALID_ARGUMENT */
export function billedEvent(
  { state, at, idField, field }: FeedbackContext,
  id: string,
  bill: GivenSettlement,
): BilledEvent {
  const request = state.billedRequest(id)
  if (request === undefined || request.bookedUsd < 0) {
    const message = `what was booked for request '${id}' is no longer known`
    throw new ParetoBanditError('REQUEST_CLOSED', idField, message)
  }
  const prices = state.closedRequest(id)?.prices ?? state.pending.prices(state.sequenceOf(id))
  const { listCostUsd, bookedUsd } = request
  // A bill that tells no cost leaves what is booked, and says so.
  const { costUsd, usageFlags } = priceOf(bill, prices, bookedUsd, field)
  const isTaught = (request.state & SETTLED) !== 0
  return {
    type: 'billed',
    at,
    id,
    model: state.registry.at(request.slot, request.incarnation)?.id ?? null,
    costUsd,
    latencyMs: bill.latencyMs,
    logCostRatioChange: isTaught
      ? logCostRatio(costUsd, listCostUsd) - logCostRatio(bookedUsd, listCostUsd)
      : 0,
    tokens: bill.tokens,
    usageFlags,
  }
}

/** Of a call without an answer whose model is gone, or that was pushed out: what it cost is a bill as any. */
export function billOfPart(context: FeedbackContext, id: string, bill: GivenSettlement): BilledEvent | null {
  if (!tellsCost(bill)) return null
  const closed = context.state.closedRequest(id)
  if (closed === undefined) return null
  const happened = new BilledRequest(closed.row).state
  if ((happened & (FAILED | CANCELLED | SETTLED | BILLED)) !== 0) return null
  return billedEvent(context, id, bill)
}
