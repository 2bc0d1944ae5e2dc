import type { PolicyName } from '../policy/policies.js'
import type { BaselineName } from './baseline-names.js'
import { PLAIN_BASELINES } from './plain-baselines.js'

/** Policies that others are compared with, unless a replay says otherwise. */
const COMPARED: readonly PolicyName[] = ['paper', 'thompson']
/** Of those, the one that is drawn over time too. */
export const OVER_TIME: PolicyName = 'paper'

/** Policies that are played at the same budgets as the one under replay. */
export function besideOf(policy: PolicyName): readonly PolicyName[] {
  return COMPARED.filter((name) => name !== policy)
}

/** Those that a replay has rows of, in their order. */
export function policiesBeside(baselines: readonly { readonly baseline: BaselineName }[]): PolicyName[] {
  return [...new Set(baselines.map(({ baseline }) => baseline))].filter(isPolicy)
}

/** A policy's own name is that of the baseline: what is none of the others is a policy. */
function isPolicy(baseline: BaselineName): baseline is PolicyName {
  return PLAIN_BASELINES.every((name) => name !== baseline)
}
