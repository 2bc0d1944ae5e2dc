import type { Model } from '../models/registry.js'
import {
  ageInPauses,
  costPause,
  FIRST_PAUSE,
  isTryDue,
  isTryDueAt,
  latencyPause,
  longerPause,
  paceOf,
  type TryPause,
} from '../models/tries.js'
import type { StateView } from '../state/policy-state.js'
import { type DecisionNote, NO_TRIES } from './decision-note.js'
import {
  type CostEstimate,
  exclusionReason,
  expectedModelCostUsd,
  isFree,
  isTooSlow,
  type RequestSize,
  type TryEstimate,
  triedModelCostUsd,
} from './eligibility.js'
import { answering, checkCandidates, eligibleModels, noneEligible } from './eligible-models.js'
import type { RouteOptions } from './route-options.js'

/** What a policy expects of costs: for what is known of a model, and for a try of it. */
export interface CostEstimates {
  readonly known: CostEstimate
  readonly tried: TryEstimate
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
  estimates: CostEstimates,
): readonly Model[] {
  note.tried = NO_TRIES
  return allowsTries(request)
    ? openWithTries(state, request, size, note, estimates)
    : eligibleModels(state, request, size, note.at, estimates.known)
}

/** Apart from `openModels`: closures here would be paid for by every request. */
function openWithTries(
  state: StateView,
  request: RouteOptions,
  size: RequestSize,
  note: DecisionNote,
  { known, tried }: CostEstimates,
): readonly Model[] {
  checkCandidates(state, request)
  const { registry } = state
  const reasons = new Map(
    registry.enabled.map((model) => [model, exclusionReason(model, request, size, known)]),
  )
  const isOpen = (model: Model): boolean => reasons.get(model) === null
  // Where no model may take the request none is counted, and time takes the place of requests.
  const at = registry.enabled.some(isOpen) ? null : note.at
  const shut = registry.enabled.filter((model) => {
    const reason = reasons.get(model)
    if (reason === 'over-max-latency') return true
    return (
      reason === 'over-max-cost' && tried(model, size, ageOf(state, model, at)) <= (request.maxCostUsd ?? 0)
    )
  })
  if (shut.length === 0) return eligibleModels(state, request, size, note.at, known)
  const pauseOf = (model: Model): TryPause =>
    pauseBeyond(model, request, reasons.get(model) === 'over-max-cost')
  note.tried = dueTries(state, shut, pauseOf, at)
  const open = registry.enabled.filter((model) => isOpen(model) || note.tried.includes(model))
  if (open.length === 0) throw noneEligible(state, request, size, known)
  return answering(open, state, note.at)
}

/** Whether a request has limits that a try may go beyond. */
export function allowsTries(request: RouteOptions | null): request is RouteOptions {
  if (request === null || request.exploit === true || request.tries === false) return false
  return request.maxCostUsd !== undefined || request.maxLatencyMs !== undefined
}

/** The pause before a try beyond those limits of the request that shut the model out. */
export function pauseBeyond(model: Model, request: RouteOptions, isOverCost: boolean): TryPause {
  const slow = isTooSlow(model, request) ? latencyPause(model) : FIRST_PAUSE
  return isOverCost ? longerPause(costPause(model), slow) : slow
}

/** What a try is expected to cost: what most bills say, as far as the request allows it. */
export function triedAtUsd(model: Model, size: RequestSize, request: RouteOptions | null): number {
  return Math.min(triedModelCostUsd(model, size, 1), request?.maxCostUsd ?? Number.POSITIVE_INFINITY)
}

/** How old what is known of a model's costs is. @param at now, where time counts too; else null */
export function ageOf({ arms, requests }: StateView, model: Model, at: number | null): number {
  const waitedMs = at === null ? 0 : at - model.routedAt
  return ageInPauses(model, arms.idleAge(model.slot, requests), waitedMs)
}

/**
 * Of models that are shut out, those that are due to be tried.
 * @param at when, where no other may take the request: then it is the one that has waited longest; else null
 */
export function dueTries(
  { arms, requests, registry }: StateView,
  shut: readonly Model[],
  pauseOf: (model: Model) => TryPause,
  at: number | null,
): readonly Model[] {
  if (shut.length === 0) return NO_TRIES
  const pace = paceOf(registry.models)
  const due = shut.filter((model) =>
    isTryDue(pauseOf(model), arms.idleAge(model.slot, requests), pace, requests),
  )
  if (due.length > 0 || at === null) return due
  // A model without a price waits only once a try has come to nothing.
  const waiting = shut.filter((model) => {
    const pause = pauseOf(model)
    const waitsNot = isFree(model) && pause.failures === 0
    return waitsNot || isTryDueAt(pause, model.routedAt, at, pace)
  })
  waiting.sort((a, b) => a.routedAt - b.routedAt)
  return waiting.slice(0, 1)
}

/** What the chosen model is expected to cost: what it was tried at, where that is why it was let in. */
export function chosenUsd(note: DecisionNote, knownUsd: number): number {
  return note.triesCost ? Math.min(note.triedUsd, knownUsd) : knownUsd
}

/**
 * What the note expects of a model: of the chosen one what it was tried at, and so of another that was let in to be tried
 * beyond `maxCostUsd`.
 */
export function judgedUsd(
  note: DecisionNote,
  model: Model,
  knownUsd: number,
  triedUsd: () => number,
): number {
  if (model === note.chosen) return chosenUsd(note, knownUsd)
  const maxUsd = note.options?.maxCostUsd
  const isTry = maxUsd !== undefined && knownUsd > maxUsd && note.tried.includes(model)
  return isTry ? Math.min(triedUsd(), maxUsd) : knownUsd
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
  note.triedLimitUsd = request?.maxCostUsd ?? 0
  note.triedLimitMs = request?.maxLatencyMs ?? 0
  if (isTry && !note.forced) note.canary = true
}
