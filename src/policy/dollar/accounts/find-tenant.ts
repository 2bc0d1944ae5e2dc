import { checkString } from '../../../base/check.js'
import { ParetoBanditError, show } from '../../../base/errors.js'
import { nearest } from '../../../base/nearest.js'
import type { Accounts } from './accounts.js'

/** With more of them the nearest is no help, and slow to find. */
const NEAREST_AMONG_MAX = 1000

/** @throws UNKNOWN_TENANT with the nearest id; INVALID_ARGUMENT */
export function findTenant({ tenants }: Accounts, id: unknown, field: string): string {
  const text = checkString(id, field)
  if (tenants.has(text)) return text
  const near = tenants.size <= NEAREST_AMONG_MAX ? nearest(text, [...tenants.keys()]) : undefined
  const hint = near === undefined ? '' : `; did you mean '${near}'?`
  throw new ParetoBanditError('UNKNOWN_TENANT', field, `no tenant ${show(text)} is registered${hint}`)
}
