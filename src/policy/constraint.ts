import { CONSTRAINTS, type Constraint } from '../events/constraint.js'

export type { Constraint }

/** As bits, to add them up without making lists. */
export const BUDGET_MISSED = 1
export const CAP_MISSED = 2
export const LATENCY_MISSED = 4
export const QUALITY_MISSED = 8

/** By bits: the constraints of each combination, made once. */
const COMBINATIONS: readonly (readonly Constraint[])[] = Array.from(
  { length: 1 << CONSTRAINTS.length },
  (_, bits) => Object.freeze(CONSTRAINTS.filter((_, i) => (bits & (1 << i)) !== 0)),
)

export function constraintsOf(bits: number): readonly Constraint[] {
  return COMBINATIONS[bits]
}
