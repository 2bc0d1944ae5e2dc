import { checkKeys, checkRecord } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { checkCeiling } from '../events/budget.js'

/** A checked `budget`: its ceiling, or null for none, and what policies add to it, unchecked. */
export type CheckedBudget = { readonly usdPerRequest: number | null } & Readonly<Record<string, unknown>>

/**
 * @param policyKeys what policies add to a budget, all of them; each checks its own
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function checkBudget(
  value: unknown,
  field: string,
  policyKeys: readonly string[],
): CheckedBudget | null {
  if (value === null) return null
  const record = checkRecord(value, field)
  checkKeys(record, ['usdPerRequest', ...policyKeys], field)
  const { usdPerRequest: usd } = record
  return { ...record, usdPerRequest: usd === null ? null : checkCeiling(usd, `${field}.usdPerRequest`) }
}

/** A ceiling for a router that runs: what policies add to a budget cannot be changed then. @throws as `checkBudget` */
export function checkNewCeiling(value: unknown, field: string, policyKeys: readonly string[]): number | null {
  const budget = checkBudget(value, field, policyKeys)
  for (const key of policyKeys) {
    if (budget?.[key] !== undefined)
      throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.${key}`, 'is set when the router is made')
  }
  return budget?.usdPerRequest ?? null
}
