import { checkInRange, checkPositive } from '../base/check.js'

/**
 * Prior strength for an adaptation horizon of T requests: nEff = (gamma^-T - 1) / (1 - gamma), and T when nothing is
 * forgotten (its limit). T = 500 and gamma = 0.997 give 1163.9, as in the paper. Infinity where it overflows.
 * @throws INVALID_ARGUMENT unless horizon > 0 and 0 < gamma <= 1
 */
export function nEffectiveOf(horizon: number, gamma: number): number {
  checkPositive(horizon, 'horizon')
  checkInRange(gamma, Number.MIN_VALUE, 1, 'gamma')
  return gamma === 1 ? horizon : (gamma ** -horizon - 1) / (1 - gamma)
}
