import { AMOUNT_MAX, checkInRange, checkPositive } from '../base/check.js'
import { column, type DefinedEvent, defineEvent } from './definition.js'
import { nullable, number, text } from './fields.js'

export const CEILING_MIN_USD = 1e-12

/** Dollars a request; anything smaller than a millionth of a millionth is a unit mistake. @throws INVALID_ARGUMENT */
export function checkCeiling(value: unknown, field: string): number {
  return checkInRange(checkPositive(value, field), CEILING_MIN_USD, AMOUNT_MAX, field)
}

/** A new ceiling, or none, of the router or of a tenant. */
const budgetSet = defineEvent('budget-set', 11, {
  tenant: column('tenant', nullable(text())),
  usdPerRequest: column('usd', nullable(number(checkCeiling))),
})
export type BudgetSetEvent = DefinedEvent<typeof budgetSet>

declare module './event-map.js' {
  interface EventMap {
    'budget-set': BudgetSetEvent
  }
}

export const BUDGET_EVENTS = [budgetSet] as const
