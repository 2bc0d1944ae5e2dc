import { EXPIRED, SETTLED } from '../pending/request-state.js'

/** The oldest format that is still read. */
export const OLDEST_VERSION = 3

/**
 * The numbers that belong to no model or request, up to version 4: as those of version 5, with the paper's lambda and its
 * running mean of costs in the places 4 and 5.
 */
const TOTALS_BEFORE_5 = 14
const WAITING_BEFORE_5 = TOTALS_BEFORE_5 - 1
export const NEXT_BEFORE_5 = TOTALS_BEFORE_5 - 2
const LAMBDA_BEFORE_5 = 4
const MEAN_COST_BEFORE_5 = 5

/**
 * A request's columns of version 4, in the order in which version 5 has them: the common ones, then those of policy
 * `dollar` (tenant, its allowance, predicted use and value), which other policies no longer keep.
 */
const COMMON_OF_4 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 18]
const DOLLAR_OF_4 = [13, 14, 15, 16]
const COLUMNS_4 = 19
/** Columns of older snapshots that say what has been booked, which is now kept. */
const STATE_OF_4 = 2
const AT_OF_4 = 3
const RESERVED_OF_4 = 4
const BOOKED_COLUMNS = 2
/** Behind the ledger stands how many closed requests follow: none did. */
const CLOSED = 11
/** Version 3 had no origin and no number of its own: its last two columns were not there. */
const COLUMNS_3 = 17

interface WrittenLayout {
  readonly version: number
  /** Numbers of all models together, as that version had them. */
  readonly modelNumbers: number
  readonly dimension: number
  readonly policy: string
}

/**
 * The numbers of a snapshot as the present version has them, but for prices: `migrate-prices.ts` takes it from there.
 * What does not add up is handed on as it is: the checks that follow refuse it.
 */
export function migrateNumbers(written: Float64Array, layout: WrittenLayout): Float64Array {
  const { version, modelNumbers, dimension, policy } = layout
  if (version >= 5) return written
  const columns = version === 3 ? COLUMNS_3 : COLUMNS_4
  const waiting = written[WAITING_BEFORE_5]
  const firstRequest = TOTALS_BEFORE_5 + modelNumbers
  const before = 1 + columns + dimension
  const end = firstRequest + waiting * before
  if (!Number.isSafeInteger(waiting) || waiting < 0 || end > written.length) return written
  const taken = policy === 'dollar' ? [...COMMON_OF_4, ...DOLLAR_OF_4] : COMMON_OF_4
  const common = COMMON_OF_4.length
  const own =
    policy === 'paper' ? [written[LAMBDA_BEFORE_5], written[MEAN_COST_BEFORE_5]] : written.subarray(end)
  const after = 1 + taken.length + BOOKED_COLUMNS + dimension
  const numbers = new Float64Array(firstRequest + waiting * after + own.length)
  numbers.set(written.subarray(0, LAMBDA_BEFORE_5))
  numbers.set(written.subarray(MEAN_COST_BEFORE_5, CLOSED + 1), LAMBDA_BEFORE_5)
  numbers.set(written.subarray(CLOSED + 1, firstRequest), CLOSED + 1)
  let to = firstRequest
  for (let from = firstRequest; from < end; from += before, to += after) {
    const sequence = written[from]
    numbers[to] = sequence
    taken.forEach((column, i) => {
      // Of version 3 all requests were the router's own, the first origin, numbered as the ring numbers them.
      const isAdded = column >= columns
      const at = to + 1 + i + (i < common ? 0 : BOOKED_COLUMNS)
      numbers[at] = isAdded ? (column === COLUMNS_3 ? 1 : sequence) : written[from + 1 + column]
    })
    const state = written[from + 1 + STATE_OF_4]
    const isExpired = (state & EXPIRED) !== 0
    const booked = isExpired ? written[from + 1 + RESERVED_OF_4] : 0
    numbers[to + 1 + common] = (state & SETTLED) !== 0 ? -1 : booked
    numbers[to + 2 + common] = isExpired ? written[from + 1 + AT_OF_4] : 0
    numbers.set(written.subarray(from + 1 + columns, from + before), to + 1 + taken.length + BOOKED_COLUMNS)
  }
  numbers.set(own, to)
  return numbers
}
