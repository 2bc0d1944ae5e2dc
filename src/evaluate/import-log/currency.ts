import type { Json } from '../../base/json.js'

const NAMES = new Set(['currency', 'costcurrency', 'currencycode'])
/** What names dollars of the United States, and no name at all. */
const USD = /^(usd|\$|us ?\$|(us )?dollars?)?$/i

/** Whether a record's cost is in dollars, as far as the record says. */
export function isInUsd(record: Json): boolean {
  return Object.entries(record).every(
    ([name, value]) =>
      !NAMES.has(name.toLowerCase().replaceAll('_', '')) ||
      typeof value !== 'string' ||
      USD.test(value.trim()),
  )
}
