import type { Model } from '../models/registry.js'
import { isTryDue, isTryDueAt } from '../models/tries.js'
import type { StateView } from '../state/policy-state.js'
import { type DecisionNote, NO_TRIES } from './decision-note.js'
import {
  type CostEstimate,
  exclusionReason,
  expectedModelCostUsd,
  isTooSlow,
  type RequestSize,
  triedModelCostUsd,
} from './eligibility.js'
import { answering, checkCandidates, eligibleModels, noneEligible } from './eligible-models.js'
import type { RouteOptions } from './route-options.js'

/** What a policy expects of costs: for what is known of a model, and for a try of it. */
export interface CostEstimates {
  readonly known: CostEstimate
  readonly tried: CostEstimate
}

/** Of policies that know a model's mean costs. */
export const MEAN_COSTS: CostEstimates = { known: expectedModelCostUsd, tried: triedModelCostUsd }

/**
 * The models that a request may go to: the eligible ones, and those that `maxCostUsd` or `maxLatencyMs` shuts out for
 * what is known of them and that are due to be tried; never empty. Where there is no other, one is due by time. Tries
 * are listed in the note.
 * @throws NO_ELIGIBLE_MODEL, UNKNOWN_MODEL (a candidate)
 */
export function openModels(
  state: StateView,
  request: RouteOptions | null,
  size: RequestSize,
  note: DecisionNote,
  { known, tried }: CostEstimates,
): readonly Model[] {
  note.tried = NO_TRIES
  if (!allowsTries(request)) return eligibleModels(state, request, size, note.at, known)
  checkCandidates(state, request)
  const { registry } = state
  const reasons = new Map(
    registry.enabled.map((model) => [model, exclusionReason(model, request, size, known)]),
  )
  const shut = registry.enabled.filter((model) => {
    const reason = reasons.get(model)
    if (reason === 'over-max-latency') return true
    return reason === 'over-max-cost' && tried(model, size) <= (request.maxCostUsd ?? 0)
  })
  if (shut.length === 0) return eligibleModels(state, request, size, note.at, known)
  const triesOf = (model: Model): number =>
    triesBeyond(model, request, reasons.get(model) === 'over-max-cost')
  const isOpen = (model: Model): boolean => reasons.get(model) === null
  note.tried = dueTries(state, shut, triesOf, registry.enabled.some(isOpen) ? null : note.at)
  const open = registry.enabled.filter((model) => isOpen(model) || note.tried.includes(model))
  if (open.length === 0) throw noneEligible(state, request, size, known)
  return answering(open, state, note.at)
}

/** Whether a request has limits that a try may go beyond. */
export function allowsTries(request: RouteOptions | null): request is RouteOptions {
  if (request === null || request.exploit === true || request.tries === false) return false
  return request.maxCostUsd !== undefined || request.maxLatencyMs !== undefined
}

/** Tries in a row beyond those limits of the request that shut the model out. */
export function triesBeyond(model: Model, request: RouteOptions, isOverCost: boolean): number {
  const slow = isTooSlow(model, request) ? model.latencyTries : 0
  return isOverCost ? Math.max(model.costTries, slow) : slow
}

/**
 * Of models that are shut out, those that are due to be tried.
 * @param at when, where no other may take the request: then it is the one that has waited longest; else null
 */
export function dueTries(
  { arms, requests }: StateView,
  shut: readonly Model[],
  triesOf: (model: Model) => number,
  at: number | null,
): readonly Model[] {
  const due = shut.filter((model) => isTryDue(triesOf(model), arms.idleAge(model.slot, requests)))
  if (due.length > 0 || at === null) return due
  const waiting = shut.filter((model) => isTryDueAt(triesOf(model), model.routedAt, at))
  waiting.sort((a, b) => a.routedAt - b.routedAt)
  return waiting.slice(0, 1)
}

/** What the note expects of a model: of the chosen one, what it was tried at. */
export function judgedUsd(note: DecisionNote, model: Model, knownUsd: number): number {
  return note.triesCost && model === note.chosen ? Math.min(note.triedUsd, knownUsd) : knownUsd
}

/** Whether the chosen model is tried, and beyond which limits: into the note. */
export function noteTry(
  note: DecisionNote,
  chosen: Model,
  request: RouteOptions | null,
  knownUsd: number,
  triedUsd: number,
): void {
  const isTry = request !== null && note.tried.includes(chosen)
  note.triesLatency = isTry && isTooSlow(chosen, request)
  note.triesCost = isTry && request.maxCostUsd !== undefined && knownUsd > request.maxCostUsd
  note.triedUsd = note.triesCost ? triedUsd : knownUsd
  if (isTry && !note.forced) note.canary = true
}
