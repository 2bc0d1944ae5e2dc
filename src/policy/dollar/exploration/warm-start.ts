import { type ModelPrior, type Priors, priorOf, type SettledPrior } from '../../../bandit/priors.js'
import { scalePrior } from '../../../bandit/scale-prior.js'
import { ridgeEstimate } from '../../../kernel/inverse.js'
import type { ArmStatistics } from '../../../kernel/kernel.js'
import { listCostUsd, type ModelSpec } from '../../../models/model.js'
import type { ResolvedOptions } from '../../options.js'
import type { ArmStart } from '../../policy.js'
import { COLD_FEATURE_RIDGE, POOLED_ROWS, PRIOR_LOG_COST_VARIANCE_MAX } from '../tuning.js'

/** What a model's arm starts from under policy `dollar`: docs/PACING.md, "Warm and cold start". */
export function warmStart(options: ResolvedOptions, spec: ModelSpec, meanReward: number | null): ArmStart {
  const { priors, dimension, nEffective, lambda0 } = options
  const prior = priorOf(priors, spec.id)
  if (priors === null || prior === null) {
    return {
      prior: coldStart(dimension, lambda0, meanReward ?? priorReward(priors) ?? 1),
      settledPrior: null,
      costCorrection: 1,
    }
  }
  const { expectedInputTokens, expectedOutputTokens } = options
  // What costs were learned of is what the requests to come are compared with: texts as long as those, or any vector.
  const inputTokens =
    (options.estimateTokens === null ? undefined : prior.settled?.inputTokens) ?? expectedInputTokens
  const listUsd = listCostUsd(spec, inputTokens, expectedOutputTokens)
  const pooled = drawn(prior, pooledEstimate(priors), dimension)
  const start = scalePrior(pooled, dimension, nEffective, lambda0)
  if (prior.settled === undefined || prior.settled.rows === 0 || listUsd === 0)
    return { prior: start, settledPrior: null, costCorrection: 1 }
  const settled = ratioTo(listUsd, prior.settled, dimension)
  return {
    prior: start,
    settledPrior: scalePrior(settled, dimension, nEffective, lambda0),
    costCorrection: Math.exp(residualVariance(settled) / 2),
  }
}

/** Mean reward of all rows that the priors stand on; null where there are none. */
function priorReward(priors: Priors | null): number | null {
  let rows = 0
  let sum = 0
  for (const model of Object.values(priors?.models ?? {})) {
    rows += model.rows
    sum += model.response.at(-1) ?? 0
  }
  return rows === 0 ? null : sum / rows
}

/**
 * As if the regularization of the bias were a reward: what models have earned on average, so far or in the rows of the
 * priors, and else the best there is. Where rewards come for one request in twenty, an arm that has had none yet must not look worse than
 * one that has.
 */
function coldStart(dimension: number, lambda0: number, reward: number): ArmStatistics {
  const precision = new Float64Array((dimension * (dimension + 1)) / 2)
  for (let i = 0, r = 0; i < dimension; r += dimension - i, i++)
    precision[r] = i === dimension - 1 ? lambda0 : COLD_FEATURE_RIDGE * lambda0
  const response = new Float64Array(dimension)
  response[dimension - 1] = lambda0 * reward
  return { precision, response }
}

/** Ridge estimate over the rows of all models together. */
function pooledEstimate(priors: Priors): Float64Array {
  const { dimension } = priors
  const precision = new Float64Array((dimension * (dimension + 1)) / 2)
  const response = new Float64Array(dimension)
  for (const model of Object.values(priors.models)) {
    model.precision.forEach((entry, i) => {
      precision[i] += entry
    })
    model.response.forEach((entry, i) => {
      response[i] += entry
    })
  }
  return ridgeEstimate(Array.from(precision), Array.from(response))
}

/** A + L and b + L theta_pooled, with L = POOLED_ROWS on the diagonal of every weight but the bias. */
function drawn(prior: ModelPrior, pooled: Float64Array, dimension: number): ModelPrior {
  const precision = [...prior.precision]
  const response = [...prior.response]
  for (let i = 0, r = 0; i < dimension - 1; r += dimension - i, i++) {
    precision[r] += POOLED_ROWS
    response[i] += POOLED_ROWS * pooled[i]
  }
  return { rows: prior.rows, precision, response }
}

/** The sums of ln(cost / list) from those of ln(cost): the column of the bias holds the sum of x. */
function ratioTo(listUsd: number, prior: SettledPrior, dimension: number): SettledPrior {
  const shift = Math.log(listUsd)
  const sumOfX = Array.from({ length: dimension }, (_, i) => biasColumn(prior.precision, i, dimension))
  const response = prior.response.map((entry, i) => entry - shift * sumOfX[i])
  const rows = sumOfX[dimension - 1]
  const squares = prior.squares - 2 * shift * prior.response[dimension - 1] + shift * shift * rows
  return { rows: prior.rows, precision: prior.precision, response, squares }
}

/** Entry (i, d - 1) of A_off less its I. */
function biasColumn(precision: readonly number[], i: number, dimension: number): number {
  const rowStart = i * dimension - (i * (i - 1)) / 2
  const entry = precision[rowStart + dimension - 1 - i]
  return i === dimension - 1 ? entry - 1 : entry
}

/** Mean square of what the fit leaves of ln(cost / list). */
function residualVariance(settled: SettledPrior): number {
  const theta = ridgeEstimate(settled.precision, settled.response)
  const explained = theta.reduce((sum, weight, i) => sum + weight * settled.response[i], 0)
  return Math.min(Math.max((settled.squares - explained) / settled.rows, 0), PRIOR_LOG_COST_VARIANCE_MAX)
}
