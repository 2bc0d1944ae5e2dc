import { POLICY_NAMES } from '../policy/policies.js'
import { PLAIN_BASELINES } from './plain-baselines.js'

/** Policies are baselines by their names. */
export const BASELINE_NAMES = [...PLAIN_BASELINES, ...POLICY_NAMES] as const
export type BaselineName = (typeof BASELINE_NAMES)[number]
