import { checkAmount, checkEach, checkFinite, checkKeys, checkRecord, isAmount } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { reading, readRecordOnce } from '../base/read-once.js'
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
import { BILL_KEYS, type Bill, type GivenBill, isMissing, namesBill, priceOf, readBill } from './bill.js'

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

/** A settlement as it was given, or what a call cost that was broken off. */
export interface GivenSettlement extends GivenBill {
  readonly latencyMs: number | null
}

/** A failure as it was given. */
export interface GivenFailure extends GivenSettlement {
  readonly retryAfterMs: number | null
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
export function readSettlement(settlement: unknown, field: string): GivenSettlement {
  const given = readRecordOnce(checkRecord(settlement, field), field)
  const read = readCall(given, SETTLEMENT_KEYS, field)
  if (!tellsCost(read) && !namesBill(given))
    throw expected('INVALID_ARGUMENT', field, 'costUsd, or inputTokens and outputTokens, or usage', 'none')
  return read
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
export function readCancellation(value: unknown): GivenSettlement {
  return readCall(readOptional(value, 'cancellation'), SETTLEMENT_KEYS, 'cancellation')
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
export function readFailure(value: unknown): GivenFailure {
  const failure = readOptional(value, 'failure')
  const { costUsd, counts, serviceTier, tokens, usageFlags, latencyMs } = readCall(
    failure,
    FAILURE_KEYS,
    'failure',
  )
  const retryAfterMs = readMs(failure, 'failure', 'retryAfterMs')
  return { costUsd, counts, serviceTier, tokens, usageFlags, latencyMs, retryAfterMs }
}

function readOptional(value: unknown, field: string): Record<string, unknown> {
  return value === undefined ? {} : readRecordOnce(checkRecord(value, field), field)
}

function readCall(given: Record<string, unknown>, keys: readonly string[], field: string): GivenSettlement {
  checkKeys(given, keys, field)
  const latencyMs = readMs(given, field, 'latencyMs')
  const { costUsd, counts, serviceTier, tokens, usageFlags } = readBill(given, field)
  return { costUsd, counts, serviceTier, tokens, usageFlags, latencyMs }
}

function tellsCost({ costUsd, counts }: GivenBill): boolean {
  return costUsd !== null || counts !== null
}

/** The event of a settlement; of a request whose reservation is gone, that of its bill. @throws as `modelOfRequest` */
export function settledEvent(
  state: RoutingState,
  id: string,
  settlement: GivenSettlement,
  at: number,
  idField: string,
  field: string,
): SettledEvent | BilledEvent {
  if (awaitsLateBill(state, id, idField)) return billedEvent(state, id, settlement, at, field)
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
  state: RoutingState,
  id: string,
  bill: GivenSettlement,
  at: number,
): SettledEvent | BilledEvent {
  const sequence = state.sequenceOf(id)
  const isUnsettled = state.isOpen(sequence) && (state.pending.state(sequence) & SETTLED) === 0
  if (isUnsettled) return settledEvent(state, id, bill, at, 'id', 'bill')
  if (state.billedRequest(id) === undefined) modelOfRequest(state, id, 0, 'id')
  return billedEvent(state, id, bill, at, 'bill')
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
  settlement: GivenSettlement,
  at: number,
  field: string,
): BilledEvent {
  const request = state.billedRequest(id)
  if (request === undefined || request.bookedUsd < 0) {
    const message = `what was booked for request '${id}' is no longer known`
    throw new ParetoBanditError('REQUEST_CLOSED', 'id', message)
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
  state: RoutingState,
  id: string,
  value: unknown,
  at: number,
  limits: Pick<ResolvedOptions, 'rewardLow' | 'rewardHigh' | 'pendingTtlMs'>,
  idField: string,
  field: string,
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
  state: RoutingState,
  id: string,
  failure: GivenFailure,
  at: number,
): FailedEvent | BilledEvent {
  const late = lateBill(state, id, failure, at, 'failure')
  if (late !== null) return late
  const model = modelOfRequest(state, id, REFUSED_FOR_FAIL, 'id').id
  const { tokens, latencyMs, retryAfterMs } = failure
  const { costUsd, usageFlags } = costOfPart(state, id, failure, 'failure')
  return { type: 'failed', at, id, model, costUsd, tokens, usageFlags, latencyMs, retryAfterMs }
}

/** The event of a call that was broken off. @throws as `failedEvent` */
export function cancelledEvent(
  state: RoutingState,
  id: string,
  cancellation: GivenSettlement,
  at: number,
): CancelledEvent | BilledEvent {
  const late = lateBill(state, id, cancellation, at, 'cancellation')
  if (late !== null) return late
  const model = modelOfRequest(state, id, REFUSED_FOR_FAIL, 'id').id
  const { tokens, latencyMs } = cancellation
  const { costUsd, usageFlags } = costOfPart(state, id, cancellation, 'cancellation')
  return { type: 'cancelled', at, id, model, costUsd, latencyMs, tokens, usageFlags }
}

/** What a call cost that brought no answer: nothing, where nothing is told of it. */
function costOfPart(state: RoutingState, id: string, given: GivenBill, field: string) {
  if (!tellsCost(given)) return { costUsd: 0, usageFlags: given.usageFlags }
  return priceOf(given, state.pending.prices(state.sequenceOf(id)), 0, field)
}

/** Of a request whose model is gone, or that was pushed out: a failure's cost is a bill as any. */
function lateBill(
  state: RoutingState,
  id: string,
  bill: GivenSettlement,
  at: number,
  field: string,
): BilledEvent | null {
  if (!tellsCost(bill)) return null
  const closed = state.closedRequest(id)
  if (closed === undefined) return null
  const happened = new BilledRequest(closed.row).state
  if ((happened & (FAILED | CANCELLED | SETTLED | BILLED)) !== 0) return null
  return billedEvent(state, id, bill, at, field)
}

function readMs(
  given: Readonly<Record<string, unknown>>,
  field: string,
  key: 'latencyMs' | 'retryAfterMs',
): number | null {
  const value = given[key]
  return isMissing(value) ? null : amount(value, field, key)
}

/** An item of a batch as it was given. */
export interface GivenItem<T> {
  readonly id: string
  readonly field: string
  readonly value: T
}

/**
 * Reads every item of a batch.
 * @throws what `read` throws; `twice` for a request that is listed twice
 */
export function readBatch<T>(
  items: unknown,
  twice: 'ALREADY_SETTLED' | 'ALREADY_REWARDED',
  read: (item: Record<string, unknown>, field: string) => T,
): GivenItem<T>[] {
  const seen = new Set<string>()
  return readEach(items, (item, field) => {
    const given = readItem(item, field, read)
    if (seen.has(given.id)) throw new ParetoBanditError(twice, `${field}.id`, `'${given.id}' is listed twice`)
    seen.add(given.id)
    return given
  })
}

/** Reads each item by itself: an item, or why it is none. @throws INVALID_ARGUMENT for what is no list */
export function readApart<T>(
  items: unknown,
  read: (item: Record<string, unknown>, field: string) => T,
): (GivenItem<T> | ParetoBanditError)[] {
  return readEach(items, (item, field) => attempt(() => readItem(item, field, read)))
}

/** @throws what is no error of this library */
export function attempt<T>(run: () => T): T | ParetoBanditError {
  try {
    return run()
  } catch (error) {
    if (error instanceof ParetoBanditError) return error
    throw error
  }
}

function readEach<T>(items: unknown, read: (item: unknown, field: string) => T): T[] {
  return reading('items', () => checkEach(items, 'items', (item, i) => read(item, `items[${i}]`)))
}

function readItem<T>(
  item: unknown,
  field: string,
  read: (item: Record<string, unknown>, field: string) => T,
): GivenItem<T> {
  const { id, ...rest } = readRecordOnce(checkRecord(item, field), field)
  return { id: checkId(id, `${field}.id`), field, value: read(rest, field) }
}

/** `checkAmount` that puts the field's path together only for an error. */
function amount(value: unknown, field: string, key: string): number {
  return isAmount(value) ? value : checkAmount(value, `${field}.${key}`)
}
