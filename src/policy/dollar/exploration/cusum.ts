import { AS_BEFORE_SIGMAS, RECOVERY_STEP_MAX } from '../tuning.js'

/** A CUSUM of log-likelihood ratios: never below 0, and no outcome alone moves it far. @param step the ratio of one outcome */
export function cusum(sum: number, step: number): number {
  return Math.max(0, sum + Math.min(Math.max(step, -RECOVERY_STEP_MAX), RECOVERY_STEP_MAX))
}

/**
 * The CUSUM of this ratio: that an outcome is of the same mean as before, against one that is worse by `AS_BEFORE_SIGMAS`.
 * @param sigmas by how many standard deviations it is better than was predicted before
 */
export function asBefore(sum: number, sigmas: number): number {
  return cusum(sum, AS_BEFORE_SIGMAS * sigmas + AS_BEFORE_SIGMAS ** 2 / 2)
}
