import { checkInRange, checkInteger, checkRecord, checkVector, DIMENSION_MAX } from '../base/check.js'
import { expected, ParetoBanditError, show } from '../base/errors.js'
import type { ArmStatistics } from '../kernel/kernel.js'
import { ridgeEstimate } from '../kernel/packed.js'
import { isPositiveSemidefinite } from './positive-definite.js'

/** Bounds of a statistic: beyond them sums and quotients of statistics could overflow. */
const STATISTIC_MAX = 1e24
const PRECISION_MIN = 1e-9

/** Offline sufficient statistics of one model: A_off = I + sum x x^T (packed upper triangle), b_off = sum r x. */
export interface ModelPrior {
  readonly rows: number
  readonly precision: readonly number[]
  readonly response: readonly number[]
  /** What prompts cost on this model: the same sums over the rows with a cost above 0, of ln(costUsd). */
  readonly settled?: SettledPrior
}

/** A_off = I + sum x x^T, b_off = sum ln(costUsd) x, and the sum of ln(costUsd)^2. */
export interface SettledPrior {
  readonly rows: number
  readonly precision: readonly number[]
  readonly response: readonly number[]
  readonly squares: number
}

/** Warm-up priors as they are saved: plain JSON, see docs/MATH.md. */
export interface Priors {
  readonly format: 'paretobandit-priors'
  readonly version: 1
  readonly dimension: number
  /** Name of the encoder that made the contexts, or null when it is not known. */
  readonly encoder: string | null
  readonly models: Readonly<Record<string, ModelPrior>>
}

/**
 * Checks priors that were read from a file (JSON.parse'd).
 * @throws INVALID_ARGUMENT naming the field; also when a precision is not positive on its diagonal
 */
export function checkPriors(value: unknown, field = 'priors'): Priors {
  const record = checkRecord(value, field)
  if (record.format !== 'paretobandit-priors' || record.version !== 1) {
    const got = `${show(record.format)}, version ${show(record.version)}`
    const message = `expected "paretobandit-priors", version 1, got ${got}`
    throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.format`, message)
  }
  const dimension = checkInteger(record.dimension, 1, DIMENSION_MAX, `${field}.dimension`)
  const encoder = record.encoder
  if (encoder !== null && typeof encoder !== 'string') {
    throw expected('INVALID_ARGUMENT', `${field}.encoder`, 'a name or null', encoder)
  }
  const models = Object.entries(checkRecord(record.models, `${field}.models`)).map(([id, entry]) => {
    const at = `${field}.models[${JSON.stringify(id)}]`
    const model = checkRecord(entry, at)
    const { precision, response } = checkStatistics(model, dimension, at)
    const rows = checkInteger(model.rows, 0, 2 ** 48, `${at}.rows`)
    if (model.settled === undefined) return [id, { rows, precision, response }] as const
    const settled = checkSettled(model.settled, dimension, `${at}.settled`)
    return [id, { rows, precision, response, settled }] as const
  })
  return {
    format: 'paretobandit-priors',
    version: 1,
    dimension,
    encoder,
    models: Object.fromEntries(models),
  }
}

/** The prior of a model, or null where there is none. */
export function priorOf(priors: Priors | null, id: string): ModelPrior | null {
  return priors !== null && Object.hasOwn(priors.models, id) ? priors.models[id] : null
}

function checkSettled(value: unknown, dimension: number, field: string): SettledPrior {
  const record = checkRecord(value, field)
  return {
    rows: checkInteger(record.rows, 0, 2 ** 48, `${field}.rows`),
    ...checkStatistics(record, dimension, field),
    squares: checkInRange(record.squares, 0, STATISTIC_MAX, `${field}.squares`),
  }
}

/**
 * Scales a prior to be worth `nEffective` observations: with s = nEffective / A_off[d, d] (the bias counts rows),
 *     A = s A_off + lambda0 I      b = s b_off + lambda0 theta_off
 * so that theta stays theta_off. Paper, warm-up priors.
 */
export function scalePrior(
  prior: ModelPrior,
  dimension: number,
  nEffective: number,
  lambda0: number,
): ArmStatistics {
  const theta = ridgeEstimate(prior.precision, prior.response)
  const scale = nEffective / prior.precision[prior.precision.length - 1]
  const precision = Float64Array.from(prior.precision, (entry) => entry * scale)
  for (let i = 0, r = 0; i < dimension; r += dimension - i, i++) precision[r] += lambda0
  const response = Float64Array.from(prior.response, (entry, i) => entry * scale + lambda0 * theta[i])
  if ([...precision, ...response].some((entry) => Math.abs(entry) > STATISTIC_MAX)) {
    throw new ParetoBanditError(
      'INVALID_ARGUMENT',
      'priors',
      'a statistic overflows when scaled to nEffective',
    )
  }
  return { precision, response }
}

/**
 * Checks an arm's statistics: lengths, magnitudes, and that A can be a sum of x x^T.
 * @throws INVALID_ARGUMENT naming the field
 */
export function checkStatistics(
  value: { readonly precision?: unknown; readonly response?: unknown },
  dimension: number,
  field: string,
): { readonly precision: number[]; readonly response: number[] } {
  const precision = checkNumbers(value.precision, (dimension * (dimension + 1)) / 2, `${field}.precision`)
  const response = checkNumbers(value.response, dimension, `${field}.response`)
  for (let i = 0, r = 0; i < dimension; r += dimension - i, i++) {
    checkInRange(precision[r], PRECISION_MIN, STATISTIC_MAX, `${field}.precision[${r}]`)
  }
  if (!isPositiveSemidefinite(precision, dimension)) {
    const message = 'is not the upper triangle of a positive definite matrix'
    throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.precision`, message)
  }
  return { precision, response }
}

function checkNumbers(value: unknown, length: number, field: string): number[] {
  const numbers = checkVector(value, field)
  if (numbers.length !== length) {
    throw expected('INVALID_ARGUMENT', field, `${length} numbers`, numbers.length)
  }
  return Array.from(numbers, (entry, i) =>
    checkInRange(entry, -STATISTIC_MAX, STATISTIC_MAX, `${field}[${i}]`),
  )
}
