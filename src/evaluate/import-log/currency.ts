import type { Json } from '../../base/json.js'

const NAMES = new Set(['currency', 'costcurrency', 'currencycode'])
const USD = new Set(['', 'usd', '$', 'us$', 'us dollar', 'us dollars', 'dollar', 'dollars'])

/** Whether a record's cost is in dollars, as far as the record says. */
export function isInUsd(record: Json): boolean {
  return Object.entries(record).every(
    ([name, value]) =>
      !NAMES.has(name.toLowerCase().replaceAll('_', '')) ||
      typeof value !== 'string' ||
      USD.has(value.trim().toLowerCase()),
  )
}
