import {
  COMMON_PRIOR_WEIGHTS,
  COMMON_RIDGE_PRIOR,
  FEATURE_RIDGE_MAX,
  FEATURE_RIDGE_MIN,
  OWN_PRIOR_WEIGHTS,
  OWN_RIDGE_PRIOR,
} from '../tuning.js'
import type { FeatureRidge } from './feature-evidence.js'

/**
 * What draws one of a model's own weights to the common one: sigma_a^2 / t^2, with a few weights' worth of the first guess
 * of t^2 besides what was found.
 * @param decided how far the data decide that weight, summed over the models
 * @param squares of those weights, summed
 * @param variance sigma_a^2
 */
export function ownRidgeOf(decided: number, squares: number, variance: number): number {
  const guessed = (OWN_PRIOR_WEIGHTS * variance) / OWN_RIDGE_PRIOR
  return clamp((variance * (OWN_PRIOR_WEIGHTS + decided)) / (guessed + squares))
}

/** The same of the common weights, which `ridge` has found, all with one variance. @param usual variance of the rewards */
export function commonRidgeOf({ weights, decided }: FeatureRidge, usual: number): number {
  let found = COMMON_PRIOR_WEIGHTS
  let squares = (COMMON_PRIOR_WEIGHTS * usual) / COMMON_RIDGE_PRIOR
  for (let i = 0; i < weights.length; i++) {
    found += decided[i]
    squares += weights[i] * weights[i]
  }
  return clamp((usual * found) / squares)
}

function clamp(ridge: number): number {
  return Math.min(Math.max(ridge, FEATURE_RIDGE_MIN), FEATURE_RIDGE_MAX)
}
