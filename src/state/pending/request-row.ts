/**
 * A request is one row of numbers, in the order a snapshot keeps them, so that its feedback reads one or two cache
 * lines:
 *
 *     0  slot of its model           8   predicted cost, USD
 *     1  incarnation of its model    9   1 for a forced exploration, else 0
 *     2  state                       10  registration of the origin whose request it is
 *     3  time it was routed          11  its number among that origin's
 *     4  reservation, USD            12  what has been booked for it, USD; -1: an older release did not keep it
 *     5  list cost, USD              13  when that was booked
 *     6  allowance, USD              14  the policy's own columns, then the context, d numbers
 *     7  number of its price list
 */
export const SLOT = 0
export const INCARNATION = 1
export const STATE = 2
export const AT = 3
/** From here to BOOKED all are amounts: finite and never negative. */
export const RESERVED = 4
export const LIST_COST = 5
export const ALLOWANCE = 6
/** In the ring a number of `HeldPriceLists`; in a snapshot a place in its list of prices. */
export const PRICES = 7
export const PREDICTED = 8
export const FORCED = 9
export const ORIGIN = 10
export const NUMBER = 11
export const BOOKED = 12
export const BOOKED_AT = 13
/** Common columns; behind them come the policy's. */
export const PENDING_NUMBERS = 14
