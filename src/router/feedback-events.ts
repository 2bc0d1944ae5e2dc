import { checkAmount, checkEach, checkFinite, checkKeys, checkRecord, isAmount } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import type { FailedEvent, RewardedEvent, SettledEvent } from '../events/events.js'
import { logCostRatio } from '../models/cost-estimate.js'
import type { ResolvedOptions } from '../policy/options.js'
import {
  checkId,
  modelOfRequest,
  REFUSED_FOR_FAIL,
  REFUSED_FOR_REWARD,
  REFUSED_FOR_SETTLE,
} from '../state/find-request.js'
import type { RoutingState } from '../state/routing-state.js'
import { BILL_KEYS, type Bill, readBill } from './bill.js'

/** What is known of a finished call: its cost or what it was billed for, and how long it took. */
export type Settlement = Bill & {
  readonly latencyMs?: number
}

/** What a failed call cost all the same. Default: nothing. */
export type Failure = Bill

const LATENCY_MIN_MS = 0.001
const SETTLEMENT_KEYS = [...BILL_KEYS, 'latencyMs']

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

/** The event of a settlement. @throws as `modelOfRequest`, INVALID_ARGUMENT, UNKNOWN_OPTION */
export function settledEvent(
  { state, at, idField, field }: FeedbackContext,
  id: unknown,
  settlement: unknown,
): SettledEvent {
  const known = checkId(id, idField)
  const model = modelOfRequest(state, known, REFUSED_FOR_SETTLE, idField).id
  const given = checkRecord(settlement, field)
  checkKeys(given, SETTLEMENT_KEYS, field)
  const latencyMs = given.latencyMs === undefined ? null : amount(given.latencyMs, field, 'latencyMs')
  const sequence = state.sequenceOf(known)
  const { costUsd, tokens, usageFlags } = readBill(given, state.pending.prices(sequence), field)
  if (costUsd === null) {
    throw expected('INVALID_ARGUMENT', field, 'costUsd, or inputTokens and outputTokens, or usage', 'none')
  }
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

/** The event of a reward. @throws as `modelOfRequest`, INVALID_ARGUMENT */
export function rewardedEvent(
  { state, at, limits, idField, field }: FeedbackContext,
  id: unknown,
  value: unknown,
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

/** The event of a failure. @throws as `modelOfRequest`, INVALID_ARGUMENT, UNKNOWN_OPTION */
export function failedEvent(
  { state, at, idField, field }: FeedbackContext,
  id: unknown,
  value: unknown,
): FailedEvent {
  const known = checkId(id, idField)
  const model = modelOfRequest(state, known, REFUSED_FOR_FAIL, idField).id
  const failure = value === undefined ? {} : checkRecord(value, field)
  checkKeys(failure, BILL_KEYS, field)
  const bill = readBill(failure, state.pending.prices(state.sequenceOf(known)), field)
  const { costUsd, tokens, usageFlags } = bill
  return { type: 'failed', at, id: known, model, costUsd: costUsd ?? 0, tokens, usageFlags }
}

/**
 * Checks every item of a batch before the first is applied: all or nothing.
 * @throws what `toEvent` throws; `twice` for a request that is listed twice
 */
export function checkBatch<E extends SettledEvent | RewardedEvent>(
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
