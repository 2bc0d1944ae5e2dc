import { checkAmount, checkEach, checkFinite, checkKeys, checkRecord, isAmount } from '../base/check.js'
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
  checkId,
  modelOfRequest,
  REFUSED_FOR_FAIL,
  REFUSED_FOR_REWARD,
  REFUSED_FOR_SETTLE,
} from '../state/find-request.js'
import { BilledRequest } from '../state/pending/billed-request.js'
import { BILLED, CANCELLED, FAILED, SETTLED } from '../state/pending/request-state.js'
import type { RoutingState } from '../state/routing-state.js'
import { BILL_KEYS, type Bill, namesBill, type ReadBill, readBill } from './bill.js'

/** What is known of a finished call: its cost or what it was billed for, and how long it took. */
export type Settlement = Bill & {
  readonly latencyMs?: number
}

/** What a failed call cost all the same. Default: nothing. */
export type Failure = Bill & {
  /** How long it took to fail. */
  readonly latencyMs?: number
  /** How long the provider asks to be left alone: the model gets no request for as long. */
  readonly retryAfterMs?: number
}

/** What a call had cost, and how long it had taken, when its caller broke it off. Default: nothing. */
export type Cancellation = Bill & {
  readonly latencyMs?: number
}

const LATENCY_MIN_MS = 0.001
const SETTLEMENT_KEYS = [...BILL_KEYS, 'latencyMs']
const FAILURE_KEYS = [...SETTLEMENT_KEYS, 'retryAfterMs']

/** The event of a settlement. @throws as `modelOfRequest`, INVALID_ARGUMENT, UNKNOWN_OPTION */
export function settledEvent(
  state: RoutingState,
  id: unknown,
  settlement: unknown,
  at: number,
  idField: string,
  field: string,
): SettledEvent | BilledEvent {
  const known = checkId(id, idField)
  if (awaitsLateBill(state, known, idField)) return billedEvent(state, known, settlement, at, field)
  const model = modelOfRequest(state, known, REFUSED_FOR_SETTLE, idField).id
  const given = checkRecord(settlement, field)
  checkKeys(given, SETTLEMENT_KEYS, field)
  const latencyMs = readMs(given, field, 'latencyMs')
  const sequence = state.sequenceOf(known)
  const bill = readBill(given, state.pending.prices(sequence), field)
  const { tokens } = bill
  const reservedUsd = state.pending.reservedUsd(sequence)
  const { costUsd, usageFlags } = certain(bill, given, reservedUsd, field)
  const listUsd = state.pending.listCostUsd(sequence)
  const ratio = logCostRatio(costUsd, listUsd)
  const logLatency = latencyMs === null ? null : Math.log(Math.max(latencyMs, LATENCY_MIN_MS))
  return {
    type: 'settled',
    at,
    id: known,
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
  state: RoutingState,
  id: unknown,
  bill: unknown,
  at: number,
): SettledEvent | BilledEvent {
  const known = checkId(id, 'id')
  const sequence = state.sequenceOf(known)
  const isUnsettled = state.isOpen(sequence) && (state.pending.state(sequence) & SETTLED) === 0
  if (isUnsettled) return settledEvent(state, known, bill, at, 'id', 'bill')
  if (state.billedRequest(known) === undefined) modelOfRequest(state, known, 0, 'id')
  return billedEvent(state, known, bill, at, 'bill')
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
  state: RoutingState,
  id: string,
  settlement: unknown,
  at: number,
  field: string,
): BilledEvent {
  const given = checkRecord(settlement, field)
  checkKeys(given, SETTLEMENT_KEYS, field)
  const request = state.billedRequest(id)
  if (request === undefined || request.bookedUsd < 0) {
    const message = `what was booked for request '${id}' is no longer known`
    throw new ParetoBanditError('REQUEST_CLOSED', 'id', message)
  }
  const prices = state.closedRequest(id)?.prices ?? state.pending.prices(state.sequenceOf(id))
  const bill = readBill(given, prices, field)
  const { costUsd, usageFlags } = certain(bill, given, request.bookedUsd, field)
  const isTaught = (request.state & SETTLED) !== 0
  const { listCostUsd, bookedUsd } = request
  return {
    type: 'billed',
    at,
    id,
    model: state.registry.at(request.slot, request.incarnation)?.id ?? null,
    costUsd,
    latencyMs: readMs(given, field, 'latencyMs'),
    logCostRatioChange: isTaught
      ? logCostRatio(costUsd, listCostUsd) - logCostRatio(bookedUsd, listCostUsd)
      : 0,
    tokens: bill.tokens,
    usageFlags,
  }
}

/** A bill that tells no cost leaves what is booked, and says so. @throws INVALID_ARGUMENT for one without a field */
function certain(
  { costUsd, usageFlags }: ReadBill,
  given: Readonly<Record<string, unknown>>,
  bookedUsd: number,
  field: string,
): { readonly costUsd: number; readonly usageFlags: ReadBill['usageFlags'] } {
  if (costUsd !== null) return { costUsd, usageFlags }
  if (!namesBill(given))
    throw expected('INVALID_ARGUMENT', field, 'costUsd, or inputTokens and outputTokens, or usage', 'none')
  return { costUsd: bookedUsd, usageFlags: Object.freeze([...(usageFlags ?? []), 'cost-missing' as const]) }
}

/** The event of a reward. @throws as `modelOfRequest`, INVALID_ARGUMENT */
export function rewardedEvent(
  state: RoutingState,
  id: unknown,
  value: unknown,
  at: number,
  limits: Pick<ResolvedOptions, 'rewardLow' | 'rewardHigh' | 'pendingTtlMs'>,
  idField: string,
  field: string,
): RewardedEvent {
  const { rewardLow, rewardHigh, pendingTtlMs } = limits
  const known = checkId(id, idField)
  const model = modelOfRequest(state, known, REFUSED_FOR_REWARD, idField).id
  if (state.pending.at(state.sequenceOf(known)) <= at - pendingTtlMs) {
    throw new ParetoBanditError('REQUEST_EXPIRED', idField, `request '${known}' is too old for a reward`)
  }
  const reward = checkFinite(value, field)
  if (reward < rewardLow || reward > rewardHigh) {
    throw expected('INVALID_ARGUMENT', field, `a reward in [${rewardLow}, ${rewardHigh}]`, reward)
  }
  return { type: 'rewarded', at, id: known, model, reward }
}

/**
 * The event of a failure; of one whose request is closed, that of its bill.
 * @throws as `modelOfRequest`, INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function failedEvent(
  state: RoutingState,
  id: unknown,
  value: unknown,
  at: number,
): FailedEvent | BilledEvent {
  const known = checkId(id, 'id')
  const failure = value === undefined ? {} : checkRecord(value, 'failure')
  const late = lateBill(state, known, failure, at)
  if (late !== null) return late
  const model = modelOfRequest(state, known, REFUSED_FOR_FAIL, 'id').id
  checkKeys(failure, FAILURE_KEYS, 'failure')
  const bill = readBill(failure, state.pending.prices(state.sequenceOf(known)), 'failure')
  const { costUsd, tokens, usageFlags } = bill
  return {
    type: 'failed',
    at,
    id: known,
    model,
    costUsd: costUsd ?? 0,
    tokens,
    usageFlags,
    latencyMs: readMs(failure, 'failure', 'latencyMs'),
    retryAfterMs: readMs(failure, 'failure', 'retryAfterMs'),
  }
}

/** The event of a call that was broken off. @throws as `failedEvent` */
export function cancelledEvent(
  state: RoutingState,
  id: unknown,
  value: unknown,
  at: number,
): CancelledEvent | BilledEvent {
  const known = checkId(id, 'id')
  const cancellation = value === undefined ? {} : checkRecord(value, 'cancellation')
  const late = lateBill(state, known, cancellation, at)
  if (late !== null) return late
  const model = modelOfRequest(state, known, REFUSED_FOR_FAIL, 'id').id
  checkKeys(cancellation, SETTLEMENT_KEYS, 'cancellation')
  const bill = readBill(cancellation, state.pending.prices(state.sequenceOf(known)), 'cancellation')
  const { costUsd, tokens, usageFlags } = bill
  const latencyMs = readMs(cancellation, 'cancellation', 'latencyMs')
  return { type: 'cancelled', at, id: known, model, costUsd: costUsd ?? 0, latencyMs, tokens, usageFlags }
}

/** Of a request whose model is gone, or that was pushed out: a failure's cost is a bill as any. */
function lateBill(
  state: RoutingState,
  id: string,
  { retryAfterMs: _, ...bill }: Readonly<Record<string, unknown>>,
  at: number,
): BilledEvent | null {
  if (!BILL_KEYS.some((key) => bill[key] !== undefined && bill[key] !== null)) return null
  const closed = state.closedRequest(id)
  if (closed === undefined) return null
  const happened = new BilledRequest(closed.row).state
  if ((happened & (FAILED | CANCELLED | SETTLED | BILLED)) !== 0) return null
  return billedEvent(state, id, bill, at, 'failure')
}

function readMs(
  given: Readonly<Record<string, unknown>>,
  field: string,
  key: 'latencyMs' | 'retryAfterMs',
): number | null {
  const value = given[key]
  return value === undefined || value === null ? null : amount(value, field, key)
}

/**
 * Checks every item of a batch before the first is applied: all or nothing.
 * @throws what `toEvent` throws; `twice` for a request that is listed twice
 */
export function checkBatch<E extends SettledEvent | BilledEvent | RewardedEvent>(
  items: unknown,
  twice: 'ALREADY_SETTLED' | 'ALREADY_REWARDED',
  toEvent: (item: Record<string, unknown>, field: string) => E,
): E[] {
  const seen = new Set<string>()
  return checkEach(items, 'items', (item, i) => {
    const event = toEvent(checkRecord(item, `items[${i}]`), `items[${i}]`)
    if (seen.has(event.id))
      throw new ParetoBanditError(twice, `items[${i}].id`, `'${event.id}' is listed twice`)
    seen.add(event.id)
    return event
  })
}

/** `checkAmount` that puts the field's path together only for an error. */
function amount(value: unknown, field: string, key: string): number {
  return isAmount(value) ? value : checkAmount(value, `${field}.${key}`)
}
