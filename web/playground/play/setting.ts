import { isRecord } from '../../../src/base/check.js'
import { expected, ParetoBanditError, show } from '../../../src/base/errors.js'

/** What a model of the playground is doing: it takes requests, takes them and answers badly, or takes none. */
export const MODEL_STATES = ['in', 'broken', 'out'] as const
export type ModelState = (typeof MODEL_STATES)[number]

export interface ModelSetting {
  /** What the router calls it. Any non-empty text of at most 200 characters, unique in a setting. */
  readonly id: string
  /** Id of the recorded model whose answers and costs it has. */
  readonly base: string
  /** Its price over that of the recorded model, in [0.001, 1000]. */
  readonly priceFactor: number
  /** Its rewards over those of the recorded model, in [0, 1]. */
  readonly qualityFactor: number
  readonly state: ModelState
}

/** All that a person sets: what a link carries. */
export interface Setting {
  /** Ceiling of the mean spend, USD per request, in [1e-9, 1000]. */
  readonly budgetUsdPerRequest: number
  /** Requests that are played a second, in [1, 1000000]. */
  readonly requestsPerSecond: number
  /** Draws the order of the prompts: a whole number from 0 to 4294967295. */
  readonly seed: number
  /** From 1 to 16, one of them at least not `out`. */
  readonly models: readonly ModelSetting[]
}

export const BUDGET_RANGE = [1e-9, 1000] as const
export const RATE_RANGE = [1, 1_000_000] as const
export const PRICE_FACTOR_RANGE = [0.001, 1000] as const
export const MODELS_MAX = 16
export const ID_LENGTH_MAX = 200
const SEED_MAX = 0xffff_ffff
/** Longest link that is read: 16 models with ids of 200 characters, each of them escaped, and some room. */
const LINK_LENGTH_MAX = 80_000

/**
 * Checks a setting that came from elsewhere.
 * @param bases ids of the models that the data has
 * @returns a copy with the known fields alone
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION, UNKNOWN_MODEL, DUPLICATE_MODEL naming the field
 */
export function checkSetting(value: unknown, bases: readonly string[]): Setting {
  if (!isRecord(value)) throw expected('INVALID_ARGUMENT', 'setting', 'an object', value)
  const { budgetUsdPerRequest, requestsPerSecond, seed, models, ...others } = value
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new ParetoBanditError('UNKNOWN_OPTION', unknown, 'is no part of a setting')
  if (!Array.isArray(models) || models.length === 0 || models.length > MODELS_MAX) {
    throw expected('INVALID_ARGUMENT', 'models', `1 to ${MODELS_MAX} models`, models)
  }
  const checked = models.map((model: unknown, i) => checkModel(model, `models[${i}]`, bases))
  const seen = new Set<string>()
  for (const [i, { id }] of checked.entries()) {
    if (seen.has(id))
      throw new ParetoBanditError('DUPLICATE_MODEL', `models[${i}].id`, `${show(id)} is there twice`)
    seen.add(id)
  }
  if (checked.every(({ state }) => state === 'out')) {
    throw new ParetoBanditError('INVALID_ARGUMENT', 'models', "expected one at least that is not 'out'")
  }
  return {
    budgetUsdPerRequest: inRange(budgetUsdPerRequest, 'budgetUsdPerRequest', BUDGET_RANGE),
    requestsPerSecond: inRange(requestsPerSecond, 'requestsPerSecond', RATE_RANGE),
    seed: wholeNumber(seed, 'seed', SEED_MAX),
    models: checked,
  }
}

/** A setting as the part of a link after its `#`. */
export function writeSetting({ budgetUsdPerRequest, requestsPerSecond, seed, models }: Setting): string {
  const parts = new URLSearchParams({
    budget: String(budgetUsdPerRequest),
    rate: String(requestsPerSecond),
    seed: String(seed),
  })
  for (const { base, priceFactor, qualityFactor, state, id } of models) {
    parts.append('model', JSON.stringify([base, priceFactor, qualityFactor, state, id]))
  }
  return parts.toString()
}

/**
 * Reads what `writeSetting` wrote; parts that are left out are taken from `usual`.
 * @param text what stands after the `#`, with it or without
 * @throws as `checkSetting`, and INVALID_ARGUMENT for what is no such link
 */
export function readSetting(text: string, usual: Setting): Setting {
  const given = text.startsWith('#') ? text.slice(1) : text
  if (given.length > LINK_LENGTH_MAX) {
    const message = `expected at most ${LINK_LENGTH_MAX} characters, got ${given.length}`
    throw new ParetoBanditError('INVALID_ARGUMENT', 'link', message)
  }
  const parts = new URLSearchParams(given)
  for (const name of new Set(parts.keys())) {
    if (!['budget', 'rate', 'seed', 'model'].includes(name)) {
      throw new ParetoBanditError('UNKNOWN_OPTION', name, 'expected budget, rate, seed or model')
    }
    if (name !== 'model' && parts.getAll(name).length > 1) {
      throw new ParetoBanditError('INVALID_ARGUMENT', name, 'expected it once')
    }
  }
  const models = parts.getAll('model').map(readModel)
  const setting = {
    budgetUsdPerRequest: readNumber(parts, 'budget', usual.budgetUsdPerRequest),
    requestsPerSecond: readNumber(parts, 'rate', usual.requestsPerSecond),
    seed: readNumber(parts, 'seed', usual.seed),
    models: models.length === 0 ? usual.models : models,
  }
  return checkSetting(
    setting,
    usual.models.map(({ base }) => base),
  )
}

function readNumber(parts: URLSearchParams, name: string, usual: number): number {
  const text = parts.get(name)
  if (text === null) return usual
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value)) throw expected('INVALID_ARGUMENT', name, 'a number', text)
  return value
}

function readModel(text: string, i: number): unknown {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = undefined
  }
  if (!Array.isArray(parsed) || parsed.length !== 5) {
    const what = '["base", price factor, quality factor, "state", "id"]'
    throw expected('INVALID_ARGUMENT', `models[${i}]`, what, text)
  }
  const [base, priceFactor, qualityFactor, state, id] = parsed
  return { base, priceFactor, qualityFactor, state, id }
}

function checkModel(value: unknown, field: string, bases: readonly string[]): ModelSetting {
  if (!isRecord(value)) throw expected('INVALID_ARGUMENT', field, 'an object', value)
  const { id, base, state } = value
  if (typeof id !== 'string' || id.length === 0 || id.length > ID_LENGTH_MAX) {
    throw expected('INVALID_ARGUMENT', `${field}.id`, `a text of 1 to ${ID_LENGTH_MAX} characters`, id)
  }
  if (typeof base !== 'string' || !bases.includes(base)) {
    throw expected('UNKNOWN_MODEL', `${field}.base`, `one of ${bases.map(show).join(', ')}`, base)
  }
  const known = MODEL_STATES.find((name) => name === state)
  if (known === undefined) {
    throw expected('INVALID_ARGUMENT', `${field}.state`, `one of ${MODEL_STATES.join(', ')}`, state)
  }
  return {
    id,
    base,
    priceFactor: inRange(value.priceFactor, `${field}.priceFactor`, PRICE_FACTOR_RANGE),
    qualityFactor: inRange(value.qualityFactor, `${field}.qualityFactor`, [0, 1]),
    state: known,
  }
}

function inRange(value: unknown, field: string, [low, high]: readonly [number, number]): number {
  if (typeof value !== 'number' || !(value >= low && value <= high)) {
    throw expected('INVALID_ARGUMENT', field, `a number from ${low} to ${high}`, value)
  }
  return value
}

function wholeNumber(value: unknown, field: string, high: number): number {
  const checked = inRange(value, field, [0, high])
  if (!Number.isInteger(checked)) throw expected('INVALID_ARGUMENT', field, 'a whole number', value)
  return checked
}
