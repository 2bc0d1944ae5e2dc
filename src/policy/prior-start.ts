import { priorOf } from '../bandit/priors.js'
import { scalePrior } from '../bandit/scale-prior.js'
import type { ModelSpec } from '../models/model.js'
import type { ResolvedOptions } from './options.js'
import type { ArmStart } from './policy.js'

/** An arm that starts from its own prior, scaled to its strength (paper), or cold; nothing is known of its costs. */
export function priorStart(
  { priors, dimension, nEffective, lambda0 }: ResolvedOptions,
  { id }: ModelSpec,
): ArmStart {
  const prior = priorOf(priors, id)
  return {
    prior: prior === null ? null : scalePrior(prior, dimension, nEffective, lambda0),
    settledPrior: null,
    costCorrection: 1,
  }
}
