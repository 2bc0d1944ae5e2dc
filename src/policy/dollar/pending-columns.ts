/**
 * The policy's own columns of a pending request:
 *
 *     0  registration number of the tenant it came from, or 0
 *     1  that tenant's ceiling when it was routed, USD
 *     2  use of the latency limit that was predicted of it; -1 without an objective
 *     3  value that was predicted of it, latency apart; NO_VALUE where it was not chosen by values
 */
export const TENANT = 0
export const TENANT_ALLOWANCE = 1
export const USE = 2
export const VALUE = 3
/** Of a request that is not known to have had them predicted: no use, and no value, can be so. */
export const NO_USE = -1
export const NO_VALUE = 2 ** 21
export const DOLLAR_COLUMNS: readonly number[] = [0, 0, NO_USE, NO_VALUE]
