import { AMOUNT_MAX, checkInRange, checkPositive } from '../base/check.js'

export const CEILING_MIN_USD = 1e-12

/** Dollars a request; anything smaller than a millionth of a millionth is a mistake of units. @throws INVALID_ARGUMENT */
export function checkCeiling(value: unknown, field: string): number {
  return checkInRange(checkPositive(value, field), CEILING_MIN_USD, AMOUNT_MAX, field)
}
