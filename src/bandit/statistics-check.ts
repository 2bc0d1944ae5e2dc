import { checkInRange, checkVector } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { isPositiveSemidefinite } from './positive-definite.js'

/** Bounds of a statistic: beyond them sums and quotients of statistics could overflow. */
export const STATISTIC_MAX = 1e24
const PRECISION_MIN = 1e-9
/** No sum of x_i x_j is above the root of those of x_i² and x_j², but for decimals that were cut off. */
const PAIR_ROUNDING = 1e-3

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
  if (!pairsFit(precision, dimension) || !isPositiveSemidefinite(precision, dimension)) {
    const message = 'is not the upper triangle of a positive definite matrix'
    throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.precision`, message)
  }
  return { precision, response }
}

/** By the size of each pair: next to a large entry small ones that are far off would pass as rounding. */
function pairsFit(packed: readonly number[], dimension: number): boolean {
  const roots: number[] = []
  for (let i = 0, r = 0; i < dimension; r += dimension - i, i++) roots.push(Math.sqrt(packed[r]))
  for (let i = 0, k = 0; i < dimension; i++) {
    k++
    for (let j = i + 1; j < dimension; j++, k++)
      if (Math.abs(packed[k]) > (1 + PAIR_ROUNDING) * roots[i] * roots[j]) return false
  }
  return true
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
