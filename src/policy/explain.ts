import { AGE_MAX, INFLATION_MAX, sectionOffset, VARIANCE_MIN } from '../kernel/layout.js'
import { dot, symmetricTimesVector } from '../kernel/packed.js'
import type { Model } from '../models/registry.js'
import type { StateView } from '../state/policy-state.js'
import type { Chooser } from './chooser.js'
import type { Explanation, FeatureContribution, ModelExplanation } from './decision.js'
import { exclusionReason, requestSize } from './eligibility.js'
import type { ResolvedOptions } from './options.js'
import type { RouteOptions } from './route-options.js'

const TOP_FEATURES = 5
const NOTES_CAPACITY = 1024

/** What a decision stood on besides the statistics: enough to explain it later. */
export interface DecisionNote {
  sequence: number
  /** Request count before the decision. */
  now: number
  options: RouteOptions | null
  chosen: Model | null
  /** Requests since the chosen arm was last seen, before this one. */
  chosenIdleAge: number
  penaltyWeight: number
  shadowPrice: number
  /** Reward for a limit's worth of latency; use of a model whose latency is not known, or -1 without an objective. */
  latencyPrice: number
  neutralUse: number
  priceCeiling: number
  /** When the decision was made, ms. */
  at: number
  /** What the request may draw from the accounts, USD; Infinity where nothing limits it. */
  limitUsd: number
  forced: boolean
  /** The request tried a model that nobody had chosen for long. */
  canary: boolean
  propensity: number | null
  cheapestFallback: boolean
  /** Events applied when the decision was complete, 0 before: statistics are unchanged while the state has no more. */
  events: number
}

/** Notes of the latest 1,024 decisions, in a ring of reused records. */
export class DecisionNotes {
  private readonly ring: DecisionNote[] = []

  /** The record to fill in for a request. */
  take(sequence: number): DecisionNote {
    const index = sequence % NOTES_CAPACITY
    let note = this.ring[index]
    if (note === undefined) {
      note = blankNote()
      this.ring[index] = note
    }
    note.sequence = sequence
    note.events = 0
    return note
  }

  get(sequence: number): DecisionNote | undefined {
    const note = this.ring[sequence % NOTES_CAPACITY]
    return note?.sequence === sequence && note.events > 0 ? note : undefined
  }

  clear(): void {
    this.ring.length = 0
  }
}

export function blankNote(): DecisionNote {
  return {
    sequence: 0,
    now: 0,
    options: null,
    chosen: null,
    chosenIdleAge: 0,
    penaltyWeight: 0,
    shadowPrice: 0,
    latencyPrice: 0,
    neutralUse: -1,
    priceCeiling: Number.POSITIVE_INFINITY,
    at: 0,
    limitUsd: Number.POSITIVE_INFINITY,
    forced: false,
    canary: false,
    propensity: null,
    cheapestFallback: false,
    events: 0,
  }
}

/** Explains a decision from its note and the statistics of now. The request's context must be in the arena. */
export function explainDecision(
  id: string,
  state: StateView,
  options: ResolvedOptions,
  chooser: Chooser,
  note: DecisionNote,
  statisticsChanged: boolean,
): Explanation {
  const models = [...state.registry.models].map((model) => explainModel(state, options, chooser, note, model))
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
  const size = requestSize(note.options, options.expectedInputTokens, options.expectedOutputTokens)
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
    excluded: exclusionReason(model, note.options, size) ?? givenToAnother(note, model) ?? excluded,
    topFeatures: topFeatures(
      options.rewards?.weightsToUser(weights) ?? weights,
      f64.subarray(layout.context, layout.context + layout.dimension),
    ),
  }
}

/** The request was not decided by scores. */
function givenToAnother(note: DecisionNote, model: Model): ModelExplanation['excluded'] {
  if (model === note.chosen) return null
  if (note.forced) return 'forced-exploration-of-another'
  return note.canary ? 'canary-of-another' : null
}

function topFeatures(theta: Float64Array, context: Float64Array): FeatureContribution[] {
  const features = Array.from(theta, (weight, index) => {
    const value = context[index]
    return { index, value, weight, contribution: weight * value }
  })
  features.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
  return features.slice(0, TOP_FEATURES)
}
