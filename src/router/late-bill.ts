import { ParetoBanditError } from '../base/errors.js'
import type { BilledEvent } from '../events/events.js'
import {
  isImplausible,
  logCostRatio,
  MISTAKE_LOG_RATIO,
  plausibleUsd,
  withoutBill,
} from '../models/cost-estimate.js'
import { modelOfRequest } from '../state/find-request.js'
import { BILLED, CANCELLED, FAILED, MISTAKEN, SETTLED, UNTOLD } from '../state/pending/request-state.js'
import type { RoutingState } from '../state/routing-state.js'
import { priceOf, tellsCost } from './bill.js'
import type { FeedbackContext } from './feedback-context.js'
import type { GivenSettlement } from './given-feedback.js'

/** Whether a request takes no settlement any more, and its bill has not come yet. @throws ALREADY_SETTLED */
export function awaitsLateBill(state: RoutingState, id: string, idField: string): boolean {
  if (state.isOpen(state.sequenceOf(id))) return false
  const request = state.billedRequest(id)
  if (request === undefined) return false
  const { state: happened } = request
  if ((happened & BILLED) !== 0)
    throw new ParetoBanditError('ALREADY_SETTLED', idField, `the bill of request '${id}' is known already`)
  if ((happened & SETTLED) !== 0)
    throw new ParetoBanditError('ALREADY_SETTLED', idField, `request '${id}' is settled already`)
  return true
}

/** The event of a bill that takes the place of what is booked. @throws REQUEST_CLOSED, INVALID_ARGUMENT */
export function billedEvent(
  { state, at, idField }: FeedbackContext,
  id: string,
  bill: GivenSettlement,
): BilledEvent {
  const request = state.billedRequest(id)
  if (request === undefined || request.bookedUsd < 0) throw forgotten(id, idField)
  const { listCostUsd, bookedUsd, prices } = request
  // A bill that tells no cost leaves what is booked, and says so.
  const { costUsd, usageFlags } = priceOf(bill, prices, bookedUsd)
  const model = state.registry.at(request.slot, request.incarnation)
  const isTaught = (request.state & (SETTLED | UNTOLD)) === SETTLED && model !== undefined
  const taught = (request.state & MISTAKEN) === 0 ? logCostRatio(bookedUsd, listCostUsd) : MISTAKE_LOG_RATIO
  const isMistake = isTaught && isImplausible(costUsd, listCostUsd, withoutBill(model, bookedUsd))
  const ratio = isMistake ? MISTAKE_LOG_RATIO : logCostRatio(costUsd, listCostUsd)
  return {
    type: 'billed',
    at,
    id,
    model: model?.id ?? null,
    costUsd,
    latencyMs: bill.latencyMs,
    logCostRatioChange: isTaught ? ratio - taught : 0,
    tokens: bill.tokens,
    usageFlags,
  }
}

/**
 * The most that another bill of a request may be without being a mistake, USD: that of a settlement, what was reserved for it, or what is booked.
 * @throws as `billedEvent`
 */
export function mostCorrected(state: RoutingState, id: string, idField: string): number {
  const request = state.billedRequest(id)
  if (request === undefined) {
    modelOfRequest(state, id, 0, idField)
    throw forgotten(id, idField)
  }
  const { slot, incarnation, listCostUsd, reservedUsd, bookedUsd } = request
  const model = state.registry.at(slot, incarnation)
  const isCounted = (request.state & (SETTLED | UNTOLD)) === SETTLED && bookedUsd >= 0
  const bills = model ?? { settled: 0, settledCostUsd: 0 }
  const others = isCounted ? withoutBill(bills, bookedUsd) : bills
  return Math.max(plausibleUsd(listCostUsd, others), reservedUsd, bookedUsd)
}

function forgotten(id: string, idField: string): ParetoBanditError {
  const message = `what was booked for request '${id}' is no longer known`
  return new ParetoBanditError('REQUEST_CLOSED', idField, message)
}

/** Of a call without an answer whose model is gone, or that was pushed out: what it cost is a bill as any. */
export function billOfPart(context: FeedbackContext, id: string, bill: GivenSettlement): BilledEvent | null {
  if (!tellsCost(bill)) return null
  const { state } = context
  const request = state.isOpen(state.sequenceOf(id)) ? undefined : state.billedRequest(id)
  if (request === undefined || (request.state & (FAILED | CANCELLED | SETTLED | BILLED)) !== 0) return null
  return billedEvent(context, id, bill)
}
