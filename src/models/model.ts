import { checkAmount, checkEach, checkKeys, checkRecord, checkString } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'

/** A model as its operator describes it. The one unit of price is USD per million tokens. */
export interface ModelSpec {
  /** Any non-empty text, unique in a router. */
  readonly id: string
  /** List price of prompt tokens, USD per million; 0 is allowed. */
  readonly inputUsdPerMTok: number
  /** List price of completion tokens, USD per million; 0 is allowed. */
  readonly outputUsdPerMTok: number
  /** Price of prompt tokens that the provider took from its cache, USD per million. Default: inputUsdPerMTok. */
  readonly cachedInputUsdPerMTok?: number
  /** Price of reasoning tokens, USD per million. Default: outputUsdPerMTok. */
  readonly reasoningUsdPerMTok?: number
}

/** The prices of a model. One that is left out takes its default, also where prices are replaced. */
export type ModelPrice = Omit<ModelSpec, 'id'>

/** All four prices of a model, defaults filled in: what state and events keep. */
export type ResolvedModelPrice = Required<ModelPrice>

/** A model with all four of its prices. */
export type ResolvedModelSpec = Required<ModelSpec>

/** The prices by name, in the order that a snapshot keeps them. */
export const PRICE_NAMES = [
  'inputUsdPerMTok',
  'outputUsdPerMTok',
  'cachedInputUsdPerMTok',
  'reasoningUsdPerMTok',
] as const satisfies readonly (keyof ModelPrice)[]
const SPEC_KEYS = ['id', ...PRICE_NAMES] as const

/** Ends of the logarithmic price scale, USD per 1,000 tokens (the paper's market bounds). */
const LOG_COST_LOW = 1e-4
const LOG_COST_HIGH = 0.1

/**
 * A model's description, defaults filled in. The prices of input and output are both required.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION naming the field
 */
export function checkModelSpec(value: unknown, field: string): ResolvedModelSpec {
  const record = checkRecord(value, field)
  checkKeys(record, SPEC_KEYS, field)
  return Object.freeze({ id: checkString(record.id, `${field}.id`), ...readPrice(record, field) })
}

/** Prices, those of input and output both present, the others filled in. @throws as `checkModelSpec` */
export function checkModelPrice(value: unknown, field: string): ResolvedModelPrice {
  const record = checkRecord(value, field)
  checkKeys(record, PRICE_NAMES, field)
  return readPrice(record, field)
}

function readPrice(record: Record<string, unknown>, field: string): ResolvedModelPrice {
  const price = (name: keyof ModelPrice, otherwise?: number): number => {
    const value = record[name]
    return value === undefined && otherwise !== undefined ? otherwise : checkAmount(value, `${field}.${name}`)
  }
  const inputUsdPerMTok = price('inputUsdPerMTok')
  const outputUsdPerMTok = price('outputUsdPerMTok')
  return {
    inputUsdPerMTok,
    outputUsdPerMTok,
    cachedInputUsdPerMTok: price('cachedInputUsdPerMTok', inputUsdPerMTok),
    reasoningUsdPerMTok: price('reasoningUsdPerMTok', outputUsdPerMTok),
  }
}

/** A list of models with distinct ids. */
export function checkModelSpecs(value: unknown, field: string): ResolvedModelSpec[] {
  const seen = new Set<string>()
  return checkEach(value, field, (entry, i) => {
    const spec = checkModelSpec(entry, `${field}[${i}]`)
    if (seen.has(spec.id)) {
      throw new ParetoBanditError('DUPLICATE_MODEL', `${field}[${i}].id`, `'${spec.id}' is listed twice`)
    }
    seen.add(spec.id)
    return spec
  })
}

/** Blended list price c = (input + output) / 2, in USD per 1,000 tokens. */
export function blendedUsdPerKTok(price: ModelPrice): number {
  return (price.inputUsdPerMTok + price.outputUsdPerMTok) / 2 / 1000
}

/** Log-normalised cost in [0, 1]: clamp((ln c - ln 1e-4) / (ln 0.1 - ln 1e-4), 0, 1), c the blended price. */
export function logNormalisedCost(price: ModelPrice): number {
  const c = Math.max(blendedUsdPerKTok(price), LOG_COST_LOW)
  const share = (Math.log(c) - Math.log(LOG_COST_LOW)) / (Math.log(LOG_COST_HIGH) - Math.log(LOG_COST_LOW))
  return Math.min(Math.max(share, 0), 1)
}

/** Dollars of these tokens at list price, none of them cached or reasoning. */
export function listCostUsd(price: ModelPrice, inputTokens: number, outputTokens: number): number {
  return (inputTokens * price.inputUsdPerMTok + outputTokens * price.outputUsdPerMTok) / 1e6
}
