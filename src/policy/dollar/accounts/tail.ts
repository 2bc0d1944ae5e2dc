import { CREDIT_TAIL_FACTOR, TAIL_BILLS_MIN, TAIL_SIGMA_MIN, TAIL_SLOPE } from '../tuning.js'

/** How far above its expected cost a bill may lie: a model of long-tailed bills, or of few, needs more room in an account. */
export function tailFactor(bills: number, logCostVariance: number): number {
  if (bills < TAIL_BILLS_MIN) return CREDIT_TAIL_FACTOR
  const beyond = Math.sqrt(logCostVariance) - TAIL_SIGMA_MIN
  return Math.min(Math.max(1 + TAIL_SLOPE * beyond, 1), CREDIT_TAIL_FACTOR)
}

/**
 * What a request must find in `SpendingLimits.limitUsd`, which has room for bills of CREDIT_TAIL_FACTOR times what is
 * drawn: less where the model's bills have shorter tails. Up to B, and beyond what nobody may exceed, it is what is drawn.
 * @param ceilingUsd the largest B of the accounts
 * @param hardUsd the most that caps and leases leave
 */
export function neededUsd(drawnUsd: number, tail: number, ceilingUsd: number, hardUsd: number): number {
  if (drawnUsd <= ceilingUsd || drawnUsd > hardUsd || tail >= CREDIT_TAIL_FACTOR) return drawnUsd
  // Above B whatever the tail: on credit an account buys nothing dearer than what is paid in.
  return Math.max((drawnUsd * tail) / CREDIT_TAIL_FACTOR, ceilingUsd * ABOVE_CEILING)
}

const ABOVE_CEILING = 1 + 2 ** -40
