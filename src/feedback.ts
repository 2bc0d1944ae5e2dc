import { checkAmount, checkFinite, checkKeys, checkRecord } from './check.js'
import { expected, ParetoBanditError, show } from './errors.js'
import type { FailedEvent, RewardedEvent, SettledEvent } from './journal/events.js'
import type { ResolvedOptions } from './options.js'
import { EXPIRED, FAILED, REWARDED, SETTLED } from './pending/pending.js'
import type { Model } from './registry/registry.js'
import type { RoutingState } from './state.js'

/** What is known of a finished call: its cost, given or from its billed tokens, and how long it took. */
export interface Settlement {
  /** Realised cost, USD. */
  readonly costUsd?: number
  /** Billed tokens, cached ones included; priced at the list price in force when it was routed. Both or none. */
  readonly inputTokens?: number
  /** Billed tokens, reasoning included. */
  readonly outputTokens?: number
  readonly latencyMs?: number
}

export interface Failure {
  /** What the failed call cost all the same, USD. Default 0. */
  readonly costUsd?: number
}

/** A request that feedback has found. */
export interface Located {
  readonly id: string
  readonly sequence: number
  readonly model: Model
  readonly state: number
}

/**
 * Finds the request that feedback is for.
 * @throws UNKNOWN_REQUEST, REQUEST_CLOSED (all feedback came, or newer requests pushed it out), MODEL_REMOVED
 */
export function locate(state: RoutingState, id: unknown, field: string): Located {
  if (typeof id !== 'string') throw expected('INVALID_ARGUMENT', field, 'a request id', id)
  const { pending } = state
  const sequence = state.sequenceOf(id)
  if (sequence === 0 || sequence >= pending.next) {
    throw new ParetoBanditError('UNKNOWN_REQUEST', field, `no request ${show(id)} was routed here`)
  }
  if (!pending.holds(sequence) || pending.incarnation(sequence) === 0) {
    const message = `request '${id}' takes no more feedback: it has had all of it, or newer requests pushed it out`
    throw new ParetoBanditError('REQUEST_CLOSED', field, message)
  }
  const model = state.modelOf(sequence)
  if (model === undefined) {
    throw new ParetoBanditError('MODEL_REMOVED', field, `the model of request '${id}' has been removed`)
  }
  return { id, sequence, model, state: pending.state(sequence) }
}

/** @throws as `locate`, and REQUEST_FAILED, ALREADY_SETTLED */
export function locateForSettle(state: RoutingState, id: unknown, field: string): Located {
  const found = locate(state, id, field)
  refuse(found, FAILED, 'REQUEST_FAILED', field, 'has failed')
  refuse(found, SETTLED, 'ALREADY_SETTLED', field, 'is settled already')
  return found
}

/** @throws as `locate`, and REQUEST_FAILED, ALREADY_REWARDED, REQUEST_EXPIRED */
export function locateForReward(state: RoutingState, id: unknown, oldest: number, field: string): Located {
  const found = locate(state, id, field)
  refuse(found, FAILED, 'REQUEST_FAILED', field, 'has failed')
  refuse(found, REWARDED, 'ALREADY_REWARDED', field, 'is rewarded already')
  refuse(found, EXPIRED, 'REQUEST_EXPIRED', field, 'has expired')
  if (state.pending.at(found.sequence) <= oldest) {
    throw new ParetoBanditError('REQUEST_EXPIRED', field, `request '${String(id)}' is too old for a reward`)
  }
  return found
}

/** @throws as `locate`, and REQUEST_FAILED, ALREADY_SETTLED, ALREADY_REWARDED */
export function locateForFail(state: RoutingState, id: unknown, field: string): Located {
  const found = locateForSettle(state, id, field)
  refuse(found, REWARDED, 'ALREADY_REWARDED', field, 'is rewarded already')
  return found
}

/** The event of a settlement. @throws as `locateForSettle`, INVALID_ARGUMENT, UNKNOWN_OPTION */
export function settledEvent(
  state: RoutingState,
  id: unknown,
  settlement: unknown,
  at: number,
  idField: string,
  field: string,
): SettledEvent {
  const { id: known, sequence, model } = locateForSettle(state, id, idField)
  const { costUsd, latencyMs } = readSettlement(settlement, state, sequence, field)
  return { type: 'settled', at, id: known, model: model.id, costUsd, latencyMs }
}

/** The event of a reward. @throws as `locateForReward`, INVALID_ARGUMENT */
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
  const { id: known, model } = locateForReward(state, id, at - pendingTtlMs, idField)
  const reward = checkFinite(value, field)
  if (reward < rewardLow || reward > rewardHigh) {
    throw expected('INVALID_ARGUMENT', field, `a reward in [${rewardLow}, ${rewardHigh}]`, reward)
  }
  return { type: 'rewarded', at, id: known, model: model.id, reward }
}

/** The event of a failure. @throws as `locateForFail`, INVALID_ARGUMENT, UNKNOWN_OPTION */
export function failedEvent(state: RoutingState, id: unknown, value: unknown, at: number): FailedEvent {
  const { id: known, model } = locateForFail(state, id, 'id')
  const failure = value === undefined ? {} : checkRecord(value, 'failure')
  checkKeys(failure, ['costUsd'], 'failure')
  const costUsd = failure.costUsd === undefined ? 0 : checkAmount(failure.costUsd, 'failure.costUsd')
  return { type: 'failed', at, id: known, model: model.id, costUsd }
}

/** Checks a settlement and works out its dollars. */
function readSettlement(
  value: unknown,
  state: RoutingState,
  sequence: number,
  field: string,
): { costUsd: number; latencyMs: number | null } {
  const settlement = checkRecord(value, field)
  checkKeys(settlement, ['costUsd', 'inputTokens', 'outputTokens', 'latencyMs'], field)
  const { costUsd, inputTokens, outputTokens } = settlement
  const latencyMs =
    settlement.latencyMs === undefined ? null : checkAmount(settlement.latencyMs, `${field}.latencyMs`)
  const tokensGiven = inputTokens !== undefined || outputTokens !== undefined
  if (costUsd === undefined && !tokensGiven) {
    throw expected('INVALID_ARGUMENT', field, 'costUsd, or inputTokens and outputTokens', 'neither')
  }
  // Tokens are checked even where a cost makes them unneeded: a wrong one is a mistake either way.
  const input = tokensGiven ? checkAmount(inputTokens, `${field}.inputTokens`) : 0
  const output = tokensGiven ? checkAmount(outputTokens, `${field}.outputTokens`) : 0
  if (costUsd !== undefined) return { costUsd: checkAmount(costUsd, `${field}.costUsd`), latencyMs }
  return {
    costUsd: checkAmount(state.pending.costOfTokensUsd(sequence, input, output), `${field} (cost)`),
    latencyMs,
  }
}

function refuse(
  found: Located,
  bit: number,
  code: 'REQUEST_FAILED' | 'ALREADY_SETTLED' | 'ALREADY_REWARDED' | 'REQUEST_EXPIRED',
  field: string,
  what: string,
): void {
  if ((found.state & bit) !== 0) throw new ParetoBanditError(code, field, `the request ${what}`)
}
