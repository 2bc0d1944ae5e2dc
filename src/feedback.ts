import { checkAmount, checkFinite, checkKeys, checkRecord } from './check.js'
import { expected, ParetoBanditError } from './errors.js'
import { EXPIRED, FAILED, REWARDED, SETTLED } from './pending/pending.js'
import { listCostUsd } from './registry/model.js'
import type { Model } from './registry/registry.js'
import type { RoutingState } from './state.js'

/** What is known of a finished call: its cost, given or from its billed tokens, and how long it took. */
export interface Settlement {
  /** Realised cost, USD. */
  readonly costUsd?: number
  /** Billed tokens, cached ones included; priced at the model's list price of now. Both or none. */
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
    throw new ParetoBanditError('UNKNOWN_REQUEST', field, `no request ${JSON.stringify(id)} was routed here`)
  }
  if (!pending.holds(sequence) || pending.get('incarnation', sequence) === 0) {
    const message = `request '${id}' takes no more feedback: it has had all of it, or newer requests pushed it out`
    throw new ParetoBanditError('REQUEST_CLOSED', field, message)
  }
  const model = state.modelOf(sequence)
  if (model === undefined) {
    throw new ParetoBanditError('MODEL_REMOVED', field, `the model of request '${id}' has been removed`)
  }
  return { sequence, model, state: pending.state(sequence) }
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
  if (state.pending.get('at', found.sequence) < oldest) {
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

/** Checks a settlement and works out its dollars. */
export function readSettlement(value: unknown, model: Model, field: string): { costUsd: number; latencyMs: number | null } {
  const settlement = checkRecord(value, field)
  checkKeys(settlement, ['costUsd', 'inputTokens', 'outputTokens', 'latencyMs'], field)
  const { inputTokens, outputTokens, latencyMs } = settlement
  const latency = latencyMs === undefined ? null : checkAmount(latencyMs, `${field}.latencyMs`)
  if (settlement.costUsd !== undefined) {
    if (inputTokens !== undefined) checkAmount(inputTokens, `${field}.inputTokens`)
    if (outputTokens !== undefined) checkAmount(outputTokens, `${field}.outputTokens`)
    return { costUsd: checkAmount(settlement.costUsd, `${field}.costUsd`), latencyMs: latency }
  }
  if (inputTokens === undefined && outputTokens === undefined) {
    throw expected('INVALID_ARGUMENT', field, 'costUsd, or inputTokens and outputTokens', 'neither')
  }
  const input = checkAmount(inputTokens, `${field}.inputTokens`)
  const output = checkAmount(outputTokens, `${field}.outputTokens`)
  return { costUsd: checkAmount(listCostUsd(model, input, output), `${field} (cost)`), latencyMs: latency }
}

export function readFailure(value: unknown, field: string): number {
  if (value === undefined) return 0
  const failure = checkRecord(value, field)
  checkKeys(failure, ['costUsd'], field)
  return failure.costUsd === undefined ? 0 : checkAmount(failure.costUsd, `${field}.costUsd`)
}

export function readReward(value: unknown, low: number, high: number, field: string): number {
  const reward = checkFinite(value, field)
  if (reward < low || reward > high) throw expected('INVALID_ARGUMENT', field, `a reward in [${low}, ${high}]`, reward)
  return reward
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
