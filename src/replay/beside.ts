import { isPolicyName, type PolicyName } from '../policy/policies.js'

/** Policies that others are compared with, unless a replay says otherwise. */
const COMPARED: readonly PolicyName[] = ['paper', 'thompson']
/** Of those, the one that is drawn over time too. */
export const OVER_TIME: PolicyName = 'paper'

/** Policies that are played at the same budgets as the one under replay. */
export function besideOf(policy: PolicyName): readonly PolicyName[] {
  return COMPARED.filter((name) => name !== policy)
}

/** Those that a replay has rows of, in their order. */
export function policiesBeside(baselines: readonly { readonly baseline: string }[]): PolicyName[] {
  return [...new Set(baselines.map(({ baseline }) => baseline))].filter(isPolicyName)
}
