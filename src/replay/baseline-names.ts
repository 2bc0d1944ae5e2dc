import { POLICY_NAMES } from '../policy/policies.js'

/** Policies are baselines by their names. */
export const BASELINE_NAMES = [
  ...(['fixed', 'mix', 'random', 'linucb', 'forgetting', 'oracle'] as const),
  ...POLICY_NAMES,
] as const
export type BaselineName = (typeof BASELINE_NAMES)[number]
