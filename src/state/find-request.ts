import { expected, ParetoBanditError, show } from '../base/errors.js'
import type { Model } from '../models/registry.js'
import { CANCELLED, EXPIRED, FAILED, REWARDED, SETTLED } from './pending/request-state.js'
import type { RoutingState } from './routing-state.js'

/** A request that feedback has found. */
interface Located {
  readonly sequence: number
  readonly model: Model
}

/** What must not have happened yet to a request, as bits of its state. */
export const REFUSED_FOR_SETTLE = FAILED | CANCELLED | SETTLED
export const REFUSED_FOR_REWARD = FAILED | CANCELLED | REWARDED | EXPIRED
export const REFUSED_FOR_FAIL = FAILED | CANCELLED | SETTLED | REWARDED

/** In the order in which they are looked for: an error names the first that has happened. */
const REFUSALS = [
  [FAILED, 'REQUEST_FAILED', 'has failed'],
  [CANCELLED, 'REQUEST_CLOSED', 'was cancelled'],
  [SETTLED, 'ALREADY_SETTLED', 'is settled already'],
  [REWARDED, 'ALREADY_REWARDED', 'is rewarded already'],
  [EXPIRED, 'REQUEST_EXPIRED', 'has expired'],
] as const

/** A request whatever has happened to it. @throws as `modelOfRequest` */
export function locate(state: RoutingState, id: unknown, field: string): Located {
  const known = checkId(id, field)
  return { model: modelOfRequest(state, known, 0, field), sequence: state.sequenceOf(known) }
}

/** @throws INVALID_ARGUMENT */
export function checkId(id: unknown, field: string): string {
  if (typeof id !== 'string') throw expected('INVALID_ARGUMENT', field, 'a request id, as decision.id', id)
  return id
}

/**
 * Finds the request that feedback is for: its model, if none of the `refused` has happened to it.
 * @throws UNKNOWN_REQUEST, REQUEST_CLOSED (all feedback came, or newer requests pushed it out), MODEL_REMOVED;
 *   REQUEST_FAILED, ALREADY_SETTLED, ALREADY_REWARDED, REQUEST_EXPIRED as `refused` says
 */
export function modelOfRequest(state: RoutingState, id: string, refused: number, field: string): Model {
  const { pending } = state
  const sequence = state.sequenceOf(id)
  if (sequence === 0 && !state.ids.isPast(id)) {
    throw new ParetoBanditError('UNKNOWN_REQUEST', field, `no request ${show(id)} was routed here`)
  }
  if (sequence === 0 || !pending.holds(sequence) || pending.incarnation(sequence) === 0) {
    const message = `request '${id}' takes no more feedback: it has had all of it, or newer requests pushed it out`
    throw new ParetoBanditError('REQUEST_CLOSED', field, message)
  }
  const model = state.modelOf(sequence)
  if (model === undefined) {
    throw new ParetoBanditError('MODEL_REMOVED', field, `the model of request '${id}' has been removed`)
  }
  const happened = pending.state(sequence) & refused
  if (happened !== 0) {
    for (const [bit, code, what] of REFUSALS) {
      if ((happened & bit) !== 0) throw new ParetoBanditError(code, field, `the request ${what}`)
    }
  }
  return model
}
