import { POLICY_NAMES } from '../policy/policies.js'

/** Those that are fitted to the train part and keep a budget; `trained-baselines.ts` says what each is. */
export const TRAINED_BASELINES = ['trained-mix', 'linear', 'bound', 'threshold'] as const
export type TrainedBaseline = (typeof TRAINED_BASELINES)[number]

/** Policies are baselines by their names. */
export const BASELINE_NAMES = [
  ...(['fixed', 'mix', 'random', 'linucb', 'forgetting', 'oracle'] as const),
  ...TRAINED_BASELINES,
  ...POLICY_NAMES,
] as const
export type BaselineName = (typeof BASELINE_NAMES)[number]
