import type { OnboardingVariant } from './scenarios.js'

export const CHECK_NAMES = [
  'reward-vs-mix',
  'reward-vs-paper',
  'utilisation',
  'utilisation-worst',
  'utilisation-cumulative',
  'utilisation-phase',
  'budget-unspent',
  'cold-vs-warm',
  'first-requests',
] as const
export type CheckName = (typeof CHECK_NAMES)[number]

/** One target, held against one cell of the replay. `check-limits.ts` has the limits and their reasons. */
export interface Check {
  readonly name: CheckName
  readonly budgetUsdPerRequest: number
  readonly phase: 1 | 2 | 3 | null
  readonly variant: OnboardingVariant | null
  /** A difference of rewards for the checks of reward, spend over budget for the others. */
  readonly measured: number
  readonly limit: number
  /** Whether `measured` has to be at least or at most `limit`. */
  readonly bound: 'at-least' | 'at-most'
  readonly ok: boolean
}
