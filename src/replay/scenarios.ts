import { ParetoBanditError } from '../base/errors.js'
import { nearest } from '../base/nearest.js'
import { blendedUsdPerKTok, type ModelPrice, type ModelSpec } from '../models/model.js'

export const SCENARIO_NAMES = ['stationary', 'price-drop', 'quality-regression', 'onboarding'] as const
export type ScenarioName = (typeof SCENARIO_NAMES)[number]

export const ONBOARDING_VARIANTS = ['good-cheap', 'good-expensive', 'bad-cheap'] as const
export type OnboardingVariant = (typeof ONBOARDING_VARIANTS)[number]

/** Price that price-drop announces, USD per million tokens, prompt and completion alike. */
const DROPPED_USD_PER_MTOK = 0.1
/** Reward of every answer of the model that quality-regression spoils. */
const REGRESSED_REWARD = 0.75
/** Requests that a newcomer gets for certain. */
export const NEWCOMER_FORCED = 20

/** What a router is told at the start of a phase. */
export type ScenarioEvent =
  | { readonly type: 'reprice'; readonly model: number; readonly price: ModelPrice }
  | { readonly type: 'join'; readonly model: number; readonly spec: ModelSpec }

/** How the recorded outcomes of one model change during a phase. */
export interface OutcomeShift {
  readonly model: number
  readonly costFactor: number
  readonly rewardFactor: number
  /** Every reward becomes this, or null. */
  readonly fixedReward: number | null
}

interface ScenarioPhase {
  readonly phase: 1 | 2 | 3 | null
  readonly events: readonly ScenarioEvent[]
  readonly shift: OutcomeShift | null
}

/** One course of events. `onboarding` has three of them, the other scenarios one. */
export interface Course {
  readonly scenario: ScenarioName
  readonly variant: OnboardingVariant | null
  /** Index of the model that is absent until evaluation starts, or null. */
  readonly newcomer: number | null
  /** Index of the model that changes in phase 2, or null. */
  readonly shifted: number | null
  readonly phases: readonly ScenarioPhase[]
}

export interface CourseOptions {
  /** Id of the model that changes. Default: price-drop the dearest, quality-regression the second dearest by list price. */
  readonly shifted?: string | undefined
  /** Id of the model that joins in onboarding. Default: the last. */
  readonly newcomer?: string | undefined
}

/**
 * The courses of events of a scenario over the models of a run.
 * @throws UNKNOWN_MODEL for a shifted or newcomer id that is not in the run (with the nearest spelling);
 *   INVALID_ARGUMENT when the scenario cannot be played with these models
 */
export function coursesOf(
  scenario: ScenarioName,
  models: readonly ModelSpec[],
  options: CourseOptions = {},
): Course[] {
  switch (scenario) {
    case 'stationary':
      return [{ scenario, variant: null, newcomer: null, shifted: null, phases: [calm(null)] }]
    case 'price-drop':
      return [priceDrop(models, options)]
    case 'quality-regression':
      return [qualityRegression(models, options)]
    case 'onboarding':
      return ONBOARDING_VARIANTS.map((variant) => onboarding(variant, models, options))
  }
}

/** Index of a model by id. @throws UNKNOWN_MODEL with the nearest spelling */
export function modelIndex(id: string, models: readonly ModelSpec[], field: string): number {
  const index = models.findIndex((model) => model.id === id)
  if (index >= 0) return index
  const ids = models.map((model) => model.id)
  const near = nearest(id, ids)
  const hint = near === undefined ? `models of the run: ${ids.join(', ')}` : `did you mean '${near}'?`
  throw new ParetoBanditError('UNKNOWN_MODEL', field, `no model '${id}'; ${hint}`)
}

/** Reward of a model's recorded outcome while a shift is in force. */
export function rewardUnder(shift: OutcomeShift | null, model: number, reward: number): number {
  if (shift === null || shift.model !== model) return reward
  return shift.fixedReward ?? reward * shift.rewardFactor
}

/** Cost in USD of a model's recorded outcome while a shift is in force. */
export function costUnder(shift: OutcomeShift | null, model: number, costUsd: number): number {
  return shift === null || shift.model !== model ? costUsd : costUsd * shift.costFactor
}

function priceDrop(models: readonly ModelSpec[], options: CourseOptions): Course {
  const model = shiftedModel(models, options, 0)
  const { id, ...price } = models[model]
  const blended = (price.inputUsdPerMTok + price.outputUsdPerMTok) / 2
  if (!(blended > DROPPED_USD_PER_MTOK)) {
    const what = `price-drop lowers a model to ${DROPPED_USD_PER_MTOK} USD per million tokens; '${id}' is not above that`
    throw new ParetoBanditError('INVALID_ARGUMENT', 'shifted', what)
  }
  const dropped = { inputUsdPerMTok: DROPPED_USD_PER_MTOK, outputUsdPerMTok: DROPPED_USD_PER_MTOK }
  const shift = { model, costFactor: DROPPED_USD_PER_MTOK / blended, rewardFactor: 1, fixedReward: null }
  return {
    scenario: 'price-drop',
    variant: null,
    newcomer: null,
    shifted: model,
    phases: [
      calm(1),
      { phase: 2, events: [{ type: 'reprice', model, price: dropped }], shift },
      { phase: 3, events: [{ type: 'reprice', model, price }], shift: null },
    ],
  }
}

function qualityRegression(models: readonly ModelSpec[], options: CourseOptions): Course {
  const model = shiftedModel(models, options, 1)
  const shift = { model, costFactor: 1, rewardFactor: 1, fixedReward: REGRESSED_REWARD }
  return {
    scenario: 'quality-regression',
    variant: null,
    newcomer: null,
    shifted: model,
    phases: [calm(1), { phase: 2, events: [], shift }, calm(3)],
  }
}

function onboarding(
  variant: OnboardingVariant,
  models: readonly ModelSpec[],
  options: CourseOptions,
): Course {
  if (models.length < 2) {
    throw new ParetoBanditError('INVALID_ARGUMENT', 'newcomer', 'onboarding needs at least two models')
  }
  const model =
    options.newcomer === undefined ? models.length - 1 : modelIndex(options.newcomer, models, 'newcomer')
  const costFactor = variant === 'good-expensive' ? 10 : 1
  const rewardFactor = variant === 'bad-cheap' ? 0.5 : 1
  const { id, inputUsdPerMTok, outputUsdPerMTok } = models[model]
  const spec = {
    id,
    inputUsdPerMTok: inputUsdPerMTok * costFactor,
    outputUsdPerMTok: outputUsdPerMTok * costFactor,
  }
  const shift = { model, costFactor, rewardFactor, fixedReward: null }
  return {
    scenario: 'onboarding',
    variant,
    newcomer: model,
    shifted: null,
    phases: [{ phase: null, events: [{ type: 'join', model, spec }], shift }],
  }
}

function calm(phase: ScenarioPhase['phase']): ScenarioPhase {
  return { phase, events: [], shift: null }
}

/** The model named by the options, else the one at `rank` of the list prices, dearest first. */
function shiftedModel(models: readonly ModelSpec[], options: CourseOptions, rank: number): number {
  if (options.shifted !== undefined) return modelIndex(options.shifted, models, 'shifted')
  const byPrice = models
    .map((_, m) => m)
    .sort((a, b) => blendedUsdPerKTok(models[b]) - blendedUsdPerKTok(models[a]))
  const model = byPrice[rank]
  if (model === undefined) {
    throw new ParetoBanditError(
      'INVALID_ARGUMENT',
      'shifted',
      `the scenario needs at least ${rank + 1} models`,
    )
  }
  return model
}
