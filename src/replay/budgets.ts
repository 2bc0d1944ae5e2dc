import { AMOUNT_MAX } from '../base/check.js'
import { ParetoBanditError, show } from '../base/errors.js'
import { CEILING_MIN_USD } from '../events/budget.js'
import { meanCostsUsd, type OutcomeTable } from './table.js'

/** Ceilings of the non-stationary scenarios: tight, middling and loose, USD per request. */
export const SCENARIO_BUDGETS_USD: readonly number[] = [3e-4, 6.62e-4, 1.87e-3]

export type BudgetChoice = 'auto7' | readonly number[]

/**
 * Reads `auto7` or a comma-separated list of ceilings in USD per request, each kept once, in their order.
 * @throws INVALID_ARGUMENT when an entry is not a number in [1e-12, 1e12], the ceilings that a router takes
 */
export function parseBudgets(text: string, field: string): BudgetChoice {
  if (text.trim() === 'auto7') return 'auto7'
  const ceilings = text.split(',').map((part) => {
    const value = part.trim() === '' ? Number.NaN : Number(part)
    if (!(value >= CEILING_MIN_USD && value <= AMOUNT_MAX)) {
      const what = "auto7 or numbers from 1e-12 to 1e12 in USD per request, such as '3e-4,1e-3'"
      throw new ParetoBanditError(
        'INVALID_ARGUMENT',
        field,
        `expected ${what}, got ${show(part)} in ${show(text)}`,
      )
    }
    return value
  })
  return [...new Set(ceilings)]
}

/**
 * Seven log-spaced ceilings from the cheapest to the dearest model's mean cost over all rows: lo (hi/lo)^(i/6).
 * One where all cost the same.
 * @throws DATA_INVALID when the cheapest model costs nothing: logarithms have no zero
 */
export function autoBudgets(table: OutcomeTable): number[] {
  const means = meanCostsUsd(table)
  const low = Math.min(...means)
  const high = Math.max(...means)
  if (!(low > 0)) {
    const id = table.models[means.indexOf(low)].id
    throw new ParetoBanditError(
      'DATA_INVALID',
      'budgets',
      `auto7 needs models that cost something; '${id}' is free`,
    )
  }
  if (low === high) return [low]
  return Array.from({ length: 7 }, (_, i) => low * (high / low) ** (i / 6))
}
