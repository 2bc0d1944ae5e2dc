/**
 * A request is one row of numbers, in the order a snapshot keeps them, so that its feedback reads one or two cache
 * lines:
 *
 *     0  slot of its model           9   price of cached input
 *     1  incarnation of its model    10  price of reasoning
 *     2  state                       11  predicted cost, USD
 *     3  time it was routed          12  1 for a forced exploration, else 0
 *     4  reservation, USD            13  number of its tenant, or 0
 *     5  list cost, USD              14  the tenant's allowance, USD
 *     6  allowance, USD              15  predicted use of the latency limit, or -1
 *     7  input price, USD/M tokens   16  predicted value, or 2^21
 *     8  output price                17  registration of the origin whose request it is
 *                                     18  its number among that origin's
 *                                     19  context, d numbers
 */
export const SLOT = 0
export const INCARNATION = 1
export const STATE = 2
export const AT = 3
/** From here to PENDING_AMOUNTS all are amounts: finite and never negative. */
export const RESERVED = 4
export const LIST_COST = 5
export const ALLOWANCE = 6
export const INPUT_PRICE = 7
export const OUTPUT_PRICE = 8
export const CACHED_INPUT_PRICE = 9
export const REASONING_PRICE = 10
export const PREDICTED = 11
export const FORCED = 12
export const TENANT = 13
export const TENANT_ALLOWANCE = 14
export const USE = 15
export const VALUE = 16
export const ORIGIN = 17
export const NUMBER = 18
export const PENDING_NUMBERS = 19
export const PENDING_AMOUNTS = 15

/** The use of a latency limit, and the value, of a request that is not known to have had one predicted: neither can be so. */
export const NO_USE = -1
export const NO_VALUE = 2 ** 21
