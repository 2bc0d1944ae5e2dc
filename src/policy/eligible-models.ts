import { ParetoBanditError } from '../base/errors.js'
import { isAvailable } from '../models/availability.js'
import type { Model } from '../models/registry.js'
import { findModel } from '../state/find-model.js'
import type { StateView } from '../state/policy-state.js'
import { exclusionReason, type RequestSize } from './eligibility.js'
import type { RouteOptions } from './route-options.js'

/**
 * The models that a request's own options allow, without those that are down while others are not; never empty.
 * @param at when the request is routed
 * @throws NO_ELIGIBLE_MODEL, UNKNOWN_MODEL (a candidate)
 */
export function eligibleModels(
  state: StateView,
  request: RouteOptions | null,
  size: RequestSize,
  at = Number.NEGATIVE_INFINITY,
): readonly Model[] {
  const { registry } = state
  if (registry.down > 0) return answering(allowedModels(state, request, size), at, state.requests)
  return allowedModels(state, request, size)
}

/** Those that answer; where none does, all: one of them may be back. */
function answering(models: readonly Model[], at: number, requests: number): readonly Model[] {
  const up = models.filter((model) => isAvailable(model, at, requests))
  return up.length === 0 || up.length === models.length ? models : up
}

function allowedModels(state: StateView, request: RouteOptions | null, size: RequestSize): readonly Model[] {
  const { registry } = state
  if (request === null && registry.enabled.length > 0) return registry.enabled
  for (const [i, id] of (request?.candidates ?? []).entries()) findModel(state, id, `candidates[${i}]`)
  const models =
    request === null
      ? registry.enabled
      : registry.enabled.filter((model) => exclusionReason(model, request, size) === null)
  if (models.length > 0) return models
  const reasons = [...registry.models].map((model) => `${model.id}: ${exclusionReason(model, request, size)}`)
  const message =
    reasons.length === 0 ? 'no model is registered' : `no model may take this request (${reasons.join(', ')})`
  throw new ParetoBanditError('NO_ELIGIBLE_MODEL', '', message)
}
