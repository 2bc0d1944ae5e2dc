import { ParetoBanditError } from '../../base/errors.js'

/** Larger sums and statistics are refused: their products could overflow. */
export const SUM_MAX = 1e30
/** Of one request: what `AMOUNT_MAX` allows with room to spare, and less than would take a sum of `SUM_MAX` above it. */
export const REQUEST_USD_MAX = 1e13

export function invalidSnapshot(why: string): ParetoBanditError {
  return new ParetoBanditError('SNAPSHOT_INVALID', 'snapshot', `not a snapshot this router can read: ${why}`)
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
