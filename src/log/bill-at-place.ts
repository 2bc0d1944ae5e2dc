import { ParetoBanditError } from '../base/errors.js'
import type { BilledEvent, LoggedEvent } from '../events/events.js'
import type { FeedbackContext } from '../router/feedback-context.js'
import { awaitsLateBill, billedEvent, billOfPart } from '../router/late-bill.js'

/**
 * What an event of a request's cost is at its place in a shared log where the request takes no such event any more: another
 * process removed its model or told its failure first. The money was spent, so it is booked as a bill that comes late.
 * @returns null for what is no such event, and where the bill is known
 */
export function billAtPlace(context: FeedbackContext, event: LoggedEvent | null): BilledEvent | null {
  if (event?.type !== 'settled' && event?.type !== 'failed' && event?.type !== 'cancelled') return null
  const { id, costUsd, tokens, usageFlags, latencyMs } = event
  const bill = { costUsd, counts: null, serviceTier: null, tokens, usageFlags, latencyMs }
  try {
    if (event.type !== 'settled') return costUsd === 0 ? null : billOfPart(context, id, bill)
    return awaitsLateBill(context.state, id, context.idField) ? billedEvent(context, id, bill) : null
  } catch (error) {
    if (error instanceof ParetoBanditError) return null
    throw error
  }
}
