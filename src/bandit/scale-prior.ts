import { ParetoBanditError } from '../base/errors.js'
import { ridgeEstimate } from '../kernel/inverse.js'
import type { ArmStatistics } from '../kernel/kernel.js'
import type { ModelPrior } from './priors.js'
import { STATISTIC_MAX } from './statistics-check.js'

/**
 * Scales a prior to be worth `nEffective` observations: with s = nEffective / A_off[d, d] (the bias counts rows),
 *     A = s A_off + lambda0 I      b = s b_off + lambda0 theta_off
 * so that theta stays theta_off. Paper, warm-up priors.
 */
export function scalePrior(
  prior: ModelPrior,
  dimension: number,
  nEffective: number,
  lambda0: number,
): ArmStatistics {
  const theta = ridgeEstimate(prior.precision, prior.response)
  const scale = nEffective / prior.precision[prior.precision.length - 1]
  const precision = Float64Array.from(prior.precision, (entry) => entry * scale)
  for (let i = 0, r = 0; i < dimension; r += dimension - i, i++) precision[r] += lambda0
  const response = Float64Array.from(prior.response, (entry, i) => entry * scale + lambda0 * theta[i])
  checkStatisticRange(precision, response)
  return { precision, response }
}

/** @throws INVALID_ARGUMENT */
export function checkStatisticRange(precision: Float64Array, response: Float64Array): void {
  const isBeyond = (entry: number) => !(Math.abs(entry) <= STATISTIC_MAX)
  if (!precision.some(isBeyond) && !response.some(isBeyond)) return
  throw new ParetoBanditError('INVALID_ARGUMENT', 'priors', 'a statistic overflows when scaled to nEffective')
}
