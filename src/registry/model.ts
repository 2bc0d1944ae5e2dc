import { checkAmount, checkEach, checkKeys, checkRecord, checkString } from '../check.js'
import { ParetoBanditError } from '../errors.js'

/** A model as its operator describes it. The one unit of price is USD per million tokens. */
export interface ModelSpec {
  /** Any non-empty text, unique in a router. */
  readonly id: string
  /** List price of prompt tokens, USD per million; 0 is allowed. */
  readonly inputUsdPerMTok: number
  /** List price of completion tokens (reasoning included), USD per million; 0 is allowed. */
  readonly outputUsdPerMTok: number
}

export type ModelPrice = Pick<ModelSpec, 'inputUsdPerMTok' | 'outputUsdPerMTok'>

const SPEC_KEYS = ['id', 'inputUsdPerMTok', 'outputUsdPerMTok'] as const
const PRICE_KEYS = ['inputUsdPerMTok', 'outputUsdPerMTok'] as const

/** Ends of the logarithmic price scale, USD per 1,000 tokens (the paper's market bounds). */
const LOG_COST_LOW = 1e-4
const LOG_COST_HIGH = 0.1

/**
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION naming the field; both prices are required together
 */
export function checkModelSpec(value: unknown, field: string): ModelSpec {
  const record = checkRecord(value, field)
  checkKeys(record, SPEC_KEYS, field)
  return Object.freeze({ id: checkString(record.id, `${field}.id`), ...readPrice(record, field) })
}

/** Two prices, both present. */
export function checkModelPrice(value: unknown, field: string): ModelPrice {
  const record = checkRecord(value, field)
  checkKeys(record, PRICE_KEYS, field)
  return readPrice(record, field)
}

function readPrice(record: Record<string, unknown>, field: string): ModelPrice {
  return {
    inputUsdPerMTok: checkAmount(record.inputUsdPerMTok, `${field}.inputUsdPerMTok`),
    outputUsdPerMTok: checkAmount(record.outputUsdPerMTok, `${field}.outputUsdPerMTok`),
  }
}

/** A list of models with distinct ids. */
export function checkModelSpecs(value: unknown, field: string): ModelSpec[] {
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

/** Dollars of so many tokens at list price. */
export function listCostUsd(price: ModelPrice, inputTokens: number, outputTokens: number): number {
  return (inputTokens * price.inputUsdPerMTok + outputTokens * price.outputUsdPerMTok) / 1e6
}
