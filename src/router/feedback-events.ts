import { checkAmount, checkEach, checkFinite, checkKeys, checkRecord, isAmount } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { reading, readRecordOnce } from '../base/read-once.js'
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
import { BILL_KEYS, type Bill, costOf, type GivenBill, readBill } from './bill.js'

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

/** A settlement as it was given. */
export interface GivenSettlement extends GivenBill {
  readonly latencyMs: number | null
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
export function readSettlement(settlement: unknown, field: string): GivenSettlement {
  const given = readRecordOnce(checkRecord(settlement, field), field)
  checkKeys(given, SETTLEMENT_KEYS, field)
  const latencyMs = given.latencyMs === undefined ? null : amount(given.latencyMs, field, 'latencyMs')
  const { costUsd, counts, serviceTier, tokens, usageFlags } = readBill(given, field)
  if (costUsd === null && counts === null) {
    throw expected('INVALID_ARGUMENT', field, 'costUsd, or inputTokens and outputTokens, or usage', 'none')
  }
  return { costUsd, counts, serviceTier, tokens, usageFlags, latencyMs }
}

/** The event of a settlement. @throws as `modelOfRequest`, INVALID_ARGUMENT */
export function settledEvent(
  { state, at, idField, field }: FeedbackContext,
  id: string,
  settlement: GivenSettlement,
): SettledEvent {
  const model = modelOfRequest(state, id, REFUSED_FOR_SETTLE, idField).id
  const { latencyMs, tokens, usageFlags } = settlement
  const sequence = state.sequenceOf(id)
  const costUsd = costOf(settlement, state.pending.prices(sequence), field)
  const listUsd = state.pending.listCostUsd(sequence)
  const ratio = logCostRatio(costUsd, listUsd)
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

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
export function readFailure(value: unknown, field: string): GivenBill {
  const failure = value === undefined ? {} : readRecordOnce(checkRecord(value, field), field)
  checkKeys(failure, BILL_KEYS, field)
  return readBill(failure, field)
}

/** The event of a failure. @throws as `modelOfRequest`, INVALID_ARGUMENT */
export function failedEvent(
  { state, at, idField, field }: FeedbackContext,
  id: string,
  failure: GivenBill,
): FailedEvent {
  const model = modelOfRequest(state, id, REFUSED_FOR_FAIL, idField).id
  const costUsd = costOf(failure, state.pending.prices(state.sequenceOf(id)), field)
  const { tokens, usageFlags } = failure
  return { type: 'failed', at, id, model, costUsd, tokens, usageFlags }
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
  return reading('items', () =>
    checkEach(items, 'items', (item, i) => {
      const field = `items[${i}]`
      const { id, ...rest } = readRecordOnce(checkRecord(item, field), field)
      const known = checkId(id, `${field}.id`)
      const value = read(rest, field)
      if (seen.has(known)) throw new ParetoBanditError(twice, `${field}.id`, `'${known}' is listed twice`)
      seen.add(known)
      return { id: known, field, value }
    }),
  )
}

/** `checkAmount` that puts the field's path together only for an error. */
function amount(value: unknown, field: string, key: string): number {
  return isAmount(value) ? value : checkAmount(value, `${field}.${key}`)
}
