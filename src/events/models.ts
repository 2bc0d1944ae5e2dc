import { AMOUNT_MAX, checkInRange } from '../base/check.js'
import { expected } from '../base/errors.js'
import { checkModelPrice, checkModelSpec, PRICE_KEYS, TIER_KEYS } from '../models/model.js'
import { SWITCHES } from '../models/registry.js'
import { added, column, type DefinedEvent, defineEvent, defineNotice } from './definition.js'
import { boolean, inRange, integer, numbers, oneOf, record, statistics, text } from './fields.js'

export const FORCED_EXPLORATION_MAX = 1_000_000

/** Prices of the first release: those that came later make an older one refuse the event. */
const FIRST_PRICES = [
  'inputUsdPerMTok',
  'outputUsdPerMTok',
  'cachedInputUsdPerMTok',
  'reasoningUsdPerMTok',
] as const

/** Tiers came later, all of their keys. */
const TIERS = { tiers: { first: [], known: TIER_KEYS } }

/** Of models of logs from before it was learned, and of other policies. */
export const NO_SHRINKAGE: Float64Array = new Float64Array()

const NO_USUAL_TOKENS: Float64Array = new Float64Array()

function checkUsualTokens(values: Float64Array, path: string): void {
  if (values.length !== 0 && values.length !== 2)
    throw expected('INVALID_ARGUMENT', path, 'tokens in and out, or none', values)
  values.forEach((value, i) => {
    checkInRange(value, 0, AMOUNT_MAX, `${path}[${i}]`)
  })
}

const SHRINKAGE_MAX = 1e15
const SHRINKAGE_VARIANCE_MIN = 1e-12

/** Its length is compared with the dimension by `checkEvent`. */
function checkShrinkage(values: Float64Array, path: string): void {
  if (values.length === 0) return
  const ridges = 1 + (values.length - 1) / 2
  values.forEach((value, i) => {
    const low = i === 0 ? SHRINKAGE_VARIANCE_MIN : i < ridges ? 0 : -SHRINKAGE_MAX
    checkInRange(value, low, SHRINKAGE_MAX, `${path}[${i}]`)
  })
}

export const modelAdded = defineEvent('model-added', 6, {
  model: column(
    'model',
    record((value, path) => checkModelSpec(value, path), {
      first: ['id', ...FIRST_PRICES],
      known: ['id', ...PRICE_KEYS],
      within: TIERS,
    }),
  ),
  /** Log-normalised cost of the list price. */
  logCost: inRange(0, 1),
  forcedExploration: integer(0, FORCED_EXPLORATION_MAX),
  /** Statistics to start from, already scaled, or null for a cold start. */
  prior: statistics(),
  /** The same of settled requests: what costs of prompts are predicted from. Policy `dollar`; else null. */
  settledPrior: statistics(),
  /** How many times the predicted cost is expected, before any is known: 1 without a prior. */
  costCorrection: inRange(1e-3, 1e3),
  /**
   * Of policy `dollar`, in parts of the range of rewards: the variance of rewards about predictions, then of each feature
   * the ridge in `prior` that draws it, then the weights that they are drawn to. Empty: they stay as they are drawn.
   */
  shrinkage: added(numbers(checkShrinkage), NO_SHRINKAGE),
})
export type ModelAddedEvent = DefinedEvent<typeof modelAdded>

export const modelRemoved = defineEvent('model-removed', 7, {
  model: column('model', text()),
  /** It gets no more requests, and is removed once none of its own is in flight. */
  drain: added(boolean(), false),
})
export type ModelRemovedEvent = DefinedEvent<typeof modelRemoved>

/** Whose switch it is: what an operator turned off, options do not turn on. */
const by = added(oneOf(SWITCHES), 'operator')

const modelEnabled = defineEvent('model-enabled', 8, { model: column('model', text()), by })
export type ModelEnabledEvent = DefinedEvent<typeof modelEnabled>

const modelDisabled = defineEvent('model-disabled', 9, { model: column('model', text()), by })
export type ModelDisabledEvent = DefinedEvent<typeof modelDisabled>

export const modelRepriced = defineEvent('model-repriced', 10, {
  model: column('model', text()),
  price: record((value, path) => checkModelPrice(value, path), {
    first: FIRST_PRICES,
    known: PRICE_KEYS,
    within: TIERS,
  }),
  logCost: inRange(0, 1),
  /**
   * Tokens in and out that a request is assumed to have. What was learned of the model's costs is scaled to the new prices;
   * empty, of logs from before it was: it keeps the dollars of the old ones.
   */
  usualTokens: added(numbers(checkUsualTokens), NO_USUAL_TOKENS),
})
export type ModelRepricedEvent = DefinedEvent<typeof modelRepriced>

declare module './event-map.js' {
  interface EventMap {
    'model-added': ModelAddedEvent
    'model-removed': ModelRemovedEvent
    'model-enabled': ModelEnabledEvent
    'model-disabled': ModelDisabledEvent
    'model-repriced': ModelRepricedEvent
  }
}

/** A model that was to be drained is gone. It follows from the event before it. */
const drained = defineNotice('drained', { model: text() })
export type DrainedEvent = DefinedEvent<typeof drained>

declare module './event-map.js' {
  interface NoticeMap {
    drained: DrainedEvent
  }
}

export const MODEL_EVENTS = [
  modelAdded,
  modelRemoved,
  modelEnabled,
  modelDisabled,
  modelRepriced,
  drained,
] as const
