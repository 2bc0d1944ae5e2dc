import { PENDING_NUMBERS } from '../pending/request-row.js'

/** The oldest format that is still read. */
export const OLDEST_VERSION = 3
/** Up to version 3 a request had these numbers: no origin, and the sequence number for its own. */
const PENDING_NUMBERS_3 = 17

/**
 * The numbers of a snapshot as the present version has them.
 * @param firstRequest where those of its waiting requests begin
 */
export function migrateNumbers(
  version: number,
  numbers: Float64Array,
  firstRequest: number,
  waiting: number,
  dimension: number,
): Float64Array {
  const before = 1 + PENDING_NUMBERS_3 + dimension
  const end = firstRequest + waiting * before
  if (version > 3 || !Number.isSafeInteger(waiting) || waiting < 0 || end > numbers.length) return numbers
  const added = PENDING_NUMBERS - PENDING_NUMBERS_3
  const migrated = new Float64Array(numbers.length + waiting * added)
  migrated.set(numbers.subarray(0, firstRequest))
  let at = firstRequest
  for (let i = firstRequest; i < end; i += before, at += before + added) {
    const context = i + 1 + PENDING_NUMBERS_3
    migrated.set(numbers.subarray(i, context), at)
    migrated.set([1, numbers[i]], at + 1 + PENDING_NUMBERS_3)
    migrated.set(numbers.subarray(context, i + before), at + 1 + PENDING_NUMBERS)
  }
  migrated.set(numbers.subarray(end), at)
  return migrated
}
