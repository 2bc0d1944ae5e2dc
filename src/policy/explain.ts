import { AGE_MAX, INFLATION_MAX, sectionOffset, VARIANCE_MIN } from '../kernel/layout.js'
import { dot, symmetricTimesVector } from '../kernel/packed.js'
import { isAvailable } from '../models/availability.js'
import type { Model } from '../models/registry.js'
import type { StateView } from '../state/policy-state.js'
import type { Chooser } from './chooser.js'
import type { ExclusionReason, Explanation, FeatureContribution, ModelExplanation } from './decision.js'
import type { DecisionNote } from './decision-note.js'
import { exclusionReason, type RequestSize, requestSize } from './eligibility.js'
import type { ResolvedOptions } from './options.js'

const TOP_FEATURES = 5

/** Explains a decision from its note and the present statistics. The request's context must be in the arena. */
export function explainDecision(
  id: string,
  state: StateView,
  options: ResolvedOptions,
  chooser: Chooser,
  note: DecisionNote,
  statisticsChanged: boolean,
): Explanation {
  const all = [...state.registry.models].map((model) => explainModel(state, options, chooser, note, model))
  const models = note.gaveWay ? withoutEquals(all, note.chosen) : all
  models.sort((a, b) => Number(a.excluded !== null) - Number(b.excluded !== null) || b.score - a.score)
  const explanation = {
    id,
    chosen: note.chosen?.id ?? '',
    propensity: note.propensity,
    forced: note.forced,
    canary: note.canary,
    cheapestFallback: note.cheapestFallback,
    shadowPrice: note.shadowPrice,
    latencyPrice: note.latencyPrice,
    penaltyWeight: note.penaltyWeight,
    priceCeilingUsdPerKTok: Number.isFinite(note.priceCeiling) ? note.priceCeiling : null,
    statisticsChanged,
    models,
  }
  return options.rewards?.explanation(explanation) ?? explanation
}

function explainModel(
  state: StateView,
  options: ResolvedOptions,
  chooser: Chooser,
  note: DecisionNote,
  model: Model,
): ModelExplanation {
  const { kernel } = state.arms
  const { layout, f64 } = kernel
  const inverse = sectionOffset(layout, layout.inverse, layout.paddedTriangle, model.slot)
  symmetricTimesVector(f64, inverse, layout.context, layout.image, layout.dimension)
  const variance = dot(f64, layout.image, layout.context, layout.paddedDimension)
  const idle = model === note.chosen ? note.chosenIdleAge : state.arms.idleAge(model.slot, note.now)
  const divisor = Math.max(f64[layout.gammaPower + Math.min(idle, AGE_MAX)], 1 / INFLATION_MAX)
  const deviation = Math.sqrt(Math.max(variance / divisor, VARIANCE_MIN))

  const theta = sectionOffset(layout, layout.theta, layout.paddedDimension, model.slot)
  const weights = f64.subarray(theta, theta + layout.dimension)
  const expectedReward = dot(f64, theta, layout.context, layout.paddedDimension)
  const size = requestSize(
    note.options,
    note.inputTokens,
    options.expectedInputTokens,
    options.expectedOutputTokens,
  )
  const judgement = chooser.judge(state, model, size, note, deviation)
  const { explorationBonus, expectedCostUsd, penalty, latencyUse, excluded } = judgement
  return {
    model: model.id,
    expectedReward,
    explorationBonus,
    penalty,
    score: expectedReward + explorationBonus - penalty,
    expectedCostUsd,
    latencyUse,
    inflation: 1 / divisor,
    excluded:
      model === note.chosen
        ? null
        : (ownReason(note, model, size, expectedCostUsd) ?? unavailable(note, model) ?? excluded),
    topFeatures: topFeatures(
      options.rewards?.weightsToUser(weights) ?? weights,
      f64.subarray(layout.context, layout.context + layout.dimension),
    ),
  }
}

/** Models of higher scores than the chosen one's were passed over. */
function withoutEquals(models: readonly ModelExplanation[], chosen: Model | null): ModelExplanation[] {
  const score = models.find(({ model }) => model === chosen?.id)?.score ?? Number.POSITIVE_INFINITY
  return models.map((each) =>
    each.excluded === null && each.score > score ? { ...each, excluded: 'no-better-than-a-cheaper' } : each,
  )
}

/** Why the request itself, or what it was given for, ruled the model out. */
function ownReason(
  note: DecisionNote,
  model: Model,
  size: RequestSize,
  costUsd: number,
): ExclusionReason | null {
  const reason = note.tried.includes(model) ? null : exclusionReason(model, note.options, size, () => costUsd)
  return reason ?? givenToAnother(note, model)
}

/** The request was not decided by scores. */
function givenToAnother(note: DecisionNote, model: Model): ModelExplanation['excluded'] {
  if (model === note.chosen) return null
  if (note.forced) return 'forced-exploration-of-another'
  return note.canary && !note.tried.includes(note.chosen ?? model) ? 'canary-of-another' : null
}

/** It was down, and nobody's turn had come to try it. */
function unavailable(note: DecisionNote, model: Model): ModelExplanation['excluded'] {
  return model === note.chosen || isAvailable(model, note.at, note.now) ? null : 'unavailable'
}

function topFeatures(theta: Float64Array, context: Float64Array): FeatureContribution[] {
  const features = Array.from(theta, (weight, index) => {
    const value = context[index]
    return { index, value, weight, contribution: weight * value }
  })
  features.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
  return features.slice(0, TOP_FEATURES)
}
