import { checkInRange, checkKeys, checkOneOf, checkRecord } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { checkCeiling } from '../events/budget.js'
import { PACER_MODES, type PacerMode } from './paper/dual-ascent.js'

const BURST_MAX = 1e9

export function checkBudget(
  value: unknown,
  field: string,
): { usdPerRequest: number; mode: PacerMode | undefined; burst: number | undefined } | null {
  if (value === null) return null
  const record = checkRecord(value, field)
  checkKeys(record, ['usdPerRequest', 'mode', 'burst'], field)
  return {
    usdPerRequest: checkCeiling(record.usdPerRequest, `${field}.usdPerRequest`),
    mode: record.mode === undefined ? undefined : checkOneOf(record.mode, PACER_MODES, `${field}.mode`),
    burst:
      record.burst === undefined ? undefined : checkInRange(record.burst, 1, BURST_MAX, `${field}.burst`),
  }
}

/** What of a budget cannot be changed later. @throws INVALID_ARGUMENT */
export function refuseFixed(budget: ReturnType<typeof checkBudget>, field: string): void {
  for (const key of ['mode', 'burst'] as const) {
    if (budget?.[key] !== undefined)
      throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.${key}`, 'is set when the router is made')
  }
}
