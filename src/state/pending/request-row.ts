/**
 * A request is one row of numbers, in the order a snapshot keeps them, so that its feedback reads one or two cache
 * lines:
 *
 *     0  slot of its model           8   output price
 *     1  incarnation of its model    9   price of cached input
 *     2  state                       10  price of reasoning
 *     3  time it was routed          11  predicted cost, USD
 *     4  reservation, USD            12  1 for a forced exploration, else 0
 *     5  list cost, USD              13  registration of the origin whose request it is
 *     6  allowance, USD              14  its number among that origin's
 *     7  input price, USD/M tokens   15  the policy's own columns, then the context, d numbers
 */
export const SLOT = 0
export const INCARNATION = 1
export const STATE = 2
export const AT = 3
/** From here to PENDING_NUMBERS all are amounts: finite and never negative. */
export const RESERVED = 4
export const LIST_COST = 5
export const ALLOWANCE = 6
export const INPUT_PRICE = 7
export const OUTPUT_PRICE = 8
export const CACHED_INPUT_PRICE = 9
export const REASONING_PRICE = 10
export const PREDICTED = 11
export const FORCED = 12
export const ORIGIN = 13
export const NUMBER = 14
/** Common columns; behind them come the policy's. */
export const PENDING_NUMBERS = 15
