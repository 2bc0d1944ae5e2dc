import { type ModelPrior, type Priors, priorOf, type SettledPrior } from '../../../bandit/priors.js'
import { checkStatisticRange } from '../../../bandit/scale-prior.js'
import type { ArmStatistics } from '../../../kernel/kernel.js'
import { listCostUsd, type ModelSpec } from '../../../models/model.js'
import type { ResolvedOptions } from '../../options.js'
import type { ArmStart } from '../../policy.js'
import { fitPriorCostShrinkage, fitPriorShrinkage, type ModelShrinkage } from '../estimate/prior-shrinkage.js'
import { COLD_FEATURE_RIDGE, COLD_REWARD_VARIANCE, PRIOR_LOG_COST_VARIANCE_MAX } from '../tuning.js'

/** What a model's arm starts from under policy `dollar`: docs/PACING.md, "Warm and cold start". */
export function warmStart(options: ResolvedOptions, spec: ModelSpec, meanReward: number | null): ArmStart {
  const { priors, dimension, nEffective, lambda0 } = options
  const prior = priorOf(priors, spec.id)
  if (priors === null || prior === null || prior.rows === 0) {
    const ridge = (COLD_FEATURE_RIDGE - 1) * lambda0
    const features = new Float64Array(dimension - 1)
    return {
      prior: coldStart(dimension, lambda0, meanReward ?? priorReward(priors) ?? 1),
      shrinkage: shrinkageStart(COLD_REWARD_VARIANCE, features.fill(ridge), new Float64Array(dimension - 1)),
      settledPrior: coldStart(dimension, lambda0, 0),
      costCorrection: 1,
    }
  }
  const { expectedInputTokens, expectedOutputTokens } = options
  // What costs were learned of is what the requests to come are compared with: texts as long as those, or any vector.
  const inputTokens =
    (options.estimateTokens === null ? undefined : prior.settled?.inputTokens) ?? expectedInputTokens
  const listUsd = listCostUsd(spec, inputTokens, expectedOutputTokens)
  const fit = fitPriorShrinkage(priors).of(spec.id)
  const start = {
    prior: fittedStart(prior, fit, nEffective, lambda0),
    shrinkage: shrinkageStart(fit.variance, scaled(fit.ridges, prior.rows, nEffective), fit.target),
  }
  if (prior.settled === undefined || prior.settled.rows === 0 || listUsd === 0)
    return { ...start, settledPrior: coldStart(dimension, lambda0, 0), costCorrection: 1 }
  const costFit = fitPriorCostShrinkage(priors).of(spec.id)
  const ratioFit = { ...costFit, level: costFit.level - Math.log(listUsd) }
  return {
    ...start,
    settledPrior: fittedStart(ratioTo(listUsd, prior.settled, dimension), ratioFit, nEffective, lambda0),
    costCorrection: Math.exp(Math.min(costFit.variance, PRIOR_LOG_COST_VARIANCE_MAX) / 2),
  }
}

/** A prior's rows, as they are summed, of rewards or of ln(cost). */
type Rows = Pick<ModelPrior, 'rows' | 'precision' | 'response'>

/**
 * A prior's sums, worth `nEffective` rows, with its features drawn to the target by the ridge that was fitted:
 * A = s (A_off - I + ridge F) + lambda0 I, F the features' diagonal, and b such that theta is the fitted one.
 */
function fittedStart(prior: Rows, fit: ModelShrinkage, nEffective: number, lambda0: number): ArmStatistics {
  const { target, level } = fit
  const dimension = target.length + 1
  const scale = shareOf(prior.rows, nEffective)
  const ridges = scaled(fit.ridges, prior.rows, nEffective)
  const precision = Float64Array.from(prior.precision, (entry) => entry * scale)
  const response = Float64Array.from(prior.response, (entry) => entry * scale)
  for (let i = 0, r = 0; i < dimension; r += dimension - i, i++) {
    const pull = lambda0 + (i === dimension - 1 ? 0 : ridges[i])
    precision[r] += pull - scale
    response[i] += pull * (i === dimension - 1 ? level : target[i])
  }
  checkStatisticRange(precision, response)
  return { precision, response }
}

/** What a prior's rows count: as many as they are, and together no more than `nEffective`. */
function shareOf(rows: number, nEffective: number): number {
  return Math.min(1, nEffective / rows)
}

function scaled(ridges: Float64Array, rows: number, nEffective: number): Float64Array {
  const share = shareOf(rows, nEffective)
  return ridges.map((ridge) => share * ridge)
}

function shrinkageStart(variance: number, ridges: Float64Array, target: Float64Array): Float64Array {
  return Float64Array.of(variance, ...ridges, ...target)
}

/** Mean reward of all rows that the priors stand on; null without rows. */
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

/** The sums of ln(cost / list) from those of ln(cost): the column of the bias holds the sum of x. */
function ratioTo(listUsd: number, prior: SettledPrior, dimension: number): Rows {
  const shift = Math.log(listUsd)
  const sumOfX = Array.from({ length: dimension }, (_, i) => biasColumn(prior.precision, i, dimension))
  const response = prior.response.map((entry, i) => entry - shift * sumOfX[i])
  return { rows: prior.rows, precision: prior.precision, response }
}

/** Entry (i, d - 1) of A_off less its I. */
function biasColumn(precision: readonly number[], i: number, dimension: number): number {
  const rowStart = i * dimension - (i * (i - 1)) / 2
  const entry = precision[rowStart + dimension - 1 - i]
  return i === dimension - 1 ? entry - 1 : entry
}
