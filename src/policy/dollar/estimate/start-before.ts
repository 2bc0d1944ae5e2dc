import { type Priors, priorOf } from '../../../bandit/priors.js'
import { ridgeEstimate } from '../../../kernel/inverse.js'
import type { ResolvedOptions } from '../../options.js'
import { COLD_FEATURE_RIDGE, POOLED_ROWS_BEFORE } from '../tuning.js'

/**
 * What drew a model's features when it began before shrinkage was learned: of each feature the ridge besides lambda0, then
 * the weights that it drew to. A cold one's was a hundred lambda0; a prior's weights were drawn to those of all models' rows
 * together by 200 rows, scaled as the prior was. As far as the options now are those of then.
 */
export function startBefore(
  { priors, dimension, nEffective, lambda0 }: ResolvedOptions,
  id: string,
): Float64Array {
  const features = dimension - 1
  const start = new Float64Array(2 * features)
  const prior = priorOf(priors, id)
  if (priors === null || prior === null) {
    start.fill((COLD_FEATURE_RIDGE - 1) * lambda0, 0, features)
    return start
  }
  const scale = nEffective / prior.precision[prior.precision.length - 1]
  start.fill(scale * POOLED_ROWS_BEFORE, 0, features)
  start.set(pooledEstimate(priors).subarray(0, features), features)
  return start
}

/** Ridge estimate over the rows of all models together. */
function pooledEstimate({ dimension, models }: Priors): Float64Array {
  const precision = new Float64Array((dimension * (dimension + 1)) / 2)
  const response = new Float64Array(dimension)
  for (const model of Object.values(models)) {
    model.precision.forEach((entry, i) => {
      precision[i] += entry
    })
    model.response.forEach((entry, i) => {
      response[i] += entry
    })
  }
  return ridgeEstimate(precision, response)
}
