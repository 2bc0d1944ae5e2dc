import { ParetoBanditError } from '../base/errors.js'
import { isAvailable } from '../models/availability.js'
import type { Model } from '../models/registry.js'
import { findModel } from '../state/find-model.js'
import type { StateView } from '../state/policy-state.js'
import { type CostEstimate, exclusionReason, expectedModelCostUsd, type RequestSize } from './eligibility.js'
import type { RouteOptions } from './route-options.js'

/**
 * The models that a request's own options allow, without those that are down while others are not; never empty.
 * @param at when the request is routed
 * @param estimate what `maxCostUsd` is compared with: the same as the decision goes by
 * @throws NO_ELIGIBLE_MODEL, UNKNOWN_MODEL (a candidate)
 */
export function eligibleModels(
  state: StateView,
  request: RouteOptions | null,
  size: RequestSize,
  at: number,
  estimate: CostEstimate = expectedModelCostUsd,
): readonly Model[] {
  return answering(allowedModels(state, request, size, estimate), state, at)
}

/** Those that answer; where none does, all: one of them may be back. */
export function answering(
  models: readonly Model[],
  { registry, requests }: StateView,
  at: number,
): readonly Model[] {
  if (registry.down === 0) return models
  const up = models.filter((model) => isAvailable(model, at, requests))
  return up.length === 0 || up.length === models.length ? models : up
}

function allowedModels(
  state: StateView,
  request: RouteOptions | null,
  size: RequestSize,
  estimate: CostEstimate,
): readonly Model[] {
  const { registry } = state
  if (request === null && registry.enabled.length > 0) return registry.enabled
  checkCandidates(state, request)
  const models =
    request === null
      ? registry.enabled
      : registry.enabled.filter((model) => exclusionReason(model, request, size, estimate) === null)
  if (models.length > 0) return models
  throw noneEligible(state, request, size, estimate)
}

/** @throws UNKNOWN_MODEL for a candidate that is not registered, whatever is known of the others */
export function checkCandidates(state: StateView, request: RouteOptions | null): void {
  for (const [i, id] of (request?.candidates ?? []).entries()) findModel(state, id, `candidates[${i}]`)
}

/** Says of each model why it may not take the request. */
export function noneEligible(
  { registry }: StateView,
  request: RouteOptions | null,
  size: RequestSize,
  estimate: CostEstimate,
): ParetoBanditError {
  const reasons = [...registry.models].map(
    (model) => `${model.id}: ${exclusionReason(model, request, size, estimate)}`,
  )
  const message =
    reasons.length === 0 ? 'no model is registered' : `no model may take this request (${reasons.join(', ')})`
  return new ParetoBanditError('NO_ELIGIBLE_MODEL', '', message)
}
