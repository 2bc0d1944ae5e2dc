import { checkAmount, checkEach, checkFinite, checkKeys, checkRecord, isAmount } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import type { FailedEvent, RewardedEvent, SettledEvent, TokenCounts } from '../events/events.js'
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

/** What is known of a finished call: its cost, given or from its billed tokens, and how long it took. */
export interface Settlement {
  /** Realised cost, USD. */
  readonly costUsd?: number
  /** Billed tokens, cached ones included; priced at the list prices in force when it was routed. Both or none. */
  readonly inputTokens?: number
  /** Billed tokens, reasoning included. */
  readonly outputTokens?: number
  /** Those of `inputTokens` that the provider took from its cache, no more than these. Default 0. */
  readonly cachedInputTokens?: number
  /** Those of `outputTokens` that were reasoning, no more than these. Default 0. */
  readonly reasoningTokens?: number
  readonly latencyMs?: number
}

export interface Failure {
  /** What the failed call cost all the same, USD. Default 0. */
  readonly costUsd?: number
}

const LATENCY_MIN_MS = 0.001
const SETTLEMENT_KEYS = [
  'costUsd',
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'reasoningTokens',
  'latencyMs',
] as const

/** The event of a settlement. @throws as `modelOfRequest`, INVALID_ARGUMENT, UNKNOWN_OPTION */
export function settledEvent(
  state: RoutingState,
  id: unknown,
  settlement: unknown,
  at: number,
  idField: string,
  field: string,
): SettledEvent {
  const known = checkId(id, idField)
  const model = modelOfRequest(state, known, REFUSED_FOR_SETTLE, idField).id
  const given = checkRecord(settlement, field)
  checkKeys(given, SETTLEMENT_KEYS, field)
  const latencyMs = given.latencyMs === undefined ? null : amount(given.latencyMs, field, 'latencyMs')
  const costUsd = settledCostUsd(given, state, known, field)
  const listUsd = state.pending.listCostUsd(state.sequenceOf(known))
  const ratio = logCostRatio(costUsd, listUsd)
  const logLatency = latencyMs === null ? null : Math.log(Math.max(latencyMs, LATENCY_MIN_MS))
  const tokens = billedTokens(given)
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
  }
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

/** The event of a failure. @throws as `modelOfRequest`, INVALID_ARGUMENT, UNKNOWN_OPTION */
export function failedEvent(state: RoutingState, id: unknown, value: unknown, at: number): FailedEvent {
  const known = checkId(id, 'id')
  const model = modelOfRequest(state, known, REFUSED_FOR_FAIL, 'id').id
  const failure = value === undefined ? {} : checkRecord(value, 'failure')
  checkKeys(failure, ['costUsd'], 'failure')
  const costUsd = failure.costUsd === undefined ? 0 : checkAmount(failure.costUsd, 'failure.costUsd')
  return { type: 'failed', at, id: known, model, costUsd, tokens: null }
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

/** The tokens of a checked settlement, none in two kinds; null where it gives none. */
function billedTokens(given: Record<string, unknown>): TokenCounts | null {
  if (given.inputTokens === undefined) return null
  const {
    inputTokens,
    outputTokens,
    cachedInputTokens = 0,
    reasoningTokens = 0,
  } = given as Settlement & Record<'inputTokens' | 'outputTokens', number>
  const tokens: Record<string, number> = {}
  const add = (kind: string, count: number) => {
    if (count > 0) tokens[kind] = count
  }
  add('input', inputTokens - cachedInputTokens)
  add('cachedInput', cachedInputTokens)
  add('output', outputTokens - reasoningTokens)
  add('reasoning', reasoningTokens)
  return Object.freeze(tokens)
}

/** The dollars of a settlement. */
function settledCostUsd(
  { costUsd, inputTokens, outputTokens, cachedInputTokens, reasoningTokens }: Record<string, unknown>,
  state: RoutingState,
  id: string,
  field: string,
): number {
  const cached = partOf(cachedInputTokens, 'cachedInputTokens', inputTokens, 'inputTokens', field)
  const reasoning = partOf(reasoningTokens, 'reasoningTokens', outputTokens, 'outputTokens', field)
  const tokensGiven = inputTokens !== undefined || outputTokens !== undefined
  if (costUsd === undefined && !tokensGiven) {
    throw expected('INVALID_ARGUMENT', field, 'costUsd, or inputTokens and outputTokens', 'neither')
  }
  // Tokens are checked even where a cost makes them unneeded: a wrong one is a mistake either way.
  const input = tokensGiven ? amount(inputTokens, field, 'inputTokens') : 0
  const output = tokensGiven ? amount(outputTokens, field, 'outputTokens') : 0
  if (costUsd !== undefined) return amount(costUsd, field, 'costUsd')
  const cost = state.pending.costOfTokensUsd(state.sequenceOf(id), input, output, cached, reasoning)
  return isAmount(cost) ? cost : checkAmount(cost, `${field} (cost)`)
}

/** Tokens that are a part of others: their count, 0 when it is not given. The whole is checked here if the part is. */
function partOf(part: unknown, partKey: string, whole: unknown, wholeKey: string, field: string): number {
  if (part === undefined) return 0
  const tokens = amount(part, field, partKey)
  if (whole === undefined) {
    const message = `goes with ${wholeKey}, which includes it`
    throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.${partKey}`, message)
  }
  const all = amount(whole, field, wholeKey)
  if (tokens > all) {
    throw expected('INVALID_ARGUMENT', `${field}.${partKey}`, `at most ${wholeKey}, ${all}`, tokens)
  }
  return tokens
}

/** `checkAmount` that puts the field's path together only for an error. */
function amount(value: unknown, field: string, key: string): number {
  return isAmount(value) ? value : checkAmount(value, `${field}.${key}`)
}
