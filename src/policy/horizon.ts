/** Requests after which, by default, fresh evidence outweighs a warm-up prior. */
export const ADAPTATION_HORIZON = 500

/**
 * Prior strength for an adaptation horizon of T requests: nEff = (gamma^-T - 1) / (1 - gamma), and T when nothing is
 * forgotten (its limit). T = 500 and gamma = 0.997 give 1163.9, as in the paper.
 */
export function nEffectiveOf(horizon: number, gamma: number): number {
  return gamma === 1 ? horizon : (gamma ** -horizon - 1) / (1 - gamma)
}
