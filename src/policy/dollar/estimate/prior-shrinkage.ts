import type { ModelPrior, Priors } from '../../../bandit/priors.js'
import {
  COMMON_RIDGE_PRIOR,
  OWN_RIDGE_PRIOR,
  PRIOR_FIT_ROUNDS,
  PRIOR_REWARD_VARIANCE_MIN,
} from '../tuning.js'
import { type ArmSums, FeatureEvidence, FeatureRidge } from './feature-evidence.js'
import { ownSystem } from './linear-system.js'
import { commonRidgeOf, ownRidgeOf } from './ridges.js'
import { steepness } from './steepness.js'

/**
 * What priors say of how far to trust features: the model of shrinkage.ts, fitted to all of their rows at once. Of rewards,
 * and of costs.
 */
export interface PriorShrinkage {
  /** The weights that all models share. */
  readonly common: Float64Array
  of(id: string): ModelShrinkage
}

export interface ModelShrinkage {
  /** What draws each of the model's weights to the target, in rows. */
  readonly ridges: Float64Array
  /** The common weights, as steep as the model has them. */
  readonly target: Float64Array
  /** Of the rows about what is predicted. */
  readonly variance: number
  /** The weight of the bias. */
  readonly level: number
}

/** A model's rows: their rewards, or the ln of their costs. */
type Rows = Pick<ModelPrior, 'rows' | 'precision' | 'response' | 'squares'>

interface Fitted {
  readonly prior: Rows
  readonly evidence: FeatureEvidence
  readonly steep: number
  readonly target: Float64Array
  readonly weights: Float64Array
  readonly squares: Float64Array
  readonly decided: Float64Array
  readonly ridges: Float64Array
  variance: number
}

const rewardFits = new WeakMap<Priors, PriorShrinkage>()
const costFits = new WeakMap<Priors, PriorShrinkage>()

/** Of rewards. O(models d^3) once for the same priors. */
export function fitPriorShrinkage(priors: Priors): PriorShrinkage {
  return once(rewardFits, priors, () => fitOf(priors.dimension, Object.entries(priors.models), steepness))
}

/** Of ln(cost in USD), where the priors have costs: what makes the answer of one model long makes all others' as much longer. */
export function fitPriorCostShrinkage(priors: Priors): PriorShrinkage {
  const settled = Object.entries(priors.models).flatMap(([id, model]): [string, Rows][] =>
    model.settled === undefined ? [] : [[id, model.settled]],
  )
  return once(costFits, priors, () => fitOf(priors.dimension, settled, () => 1))
}

function once(
  fits: WeakMap<Priors, PriorShrinkage>,
  priors: Priors,
  make: () => PriorShrinkage,
): PriorShrinkage {
  const known = fits.get(priors) ?? make()
  fits.set(priors, known)
  return known
}

/** @param steepnessOf how steep the common weights are for a model */
function fitOf(
  dimension: number,
  rowsOf: readonly (readonly [string, Rows])[],
  steepnessOf: (sums: ArmSums) => number,
): PriorShrinkage {
  const features = dimension - 1
  const none = new Float64Array(features)
  const models = new Map<string, Fitted>()
  for (const [id, prior] of rowsOf) {
    if (prior.rows === 0) continue
    const evidence = new FeatureEvidence(dimension)
    const sums = {
      precision: Float64Array.from(prior.precision),
      response: Float64Array.from(prior.response),
    }
    // A_off has I besides the rows.
    sums.precision[sums.precision.length - 1] -= 1
    evidence.add(sums, 1, { ridges: none, target: none, rest: 1, pull: 0 })
    const list = () => new Float64Array(features)
    models.set(id, {
      prior,
      evidence,
      steep: steepnessOf(sums),
      target: list(),
      weights: list(),
      squares: list(),
      decided: list(),
      ridges: list().fill(OWN_RIDGE_PRIOR),
      variance: varianceOf(prior, 0),
    })
  }
  const ridge = new FeatureRidge(dimension, ownSystem(dimension - 1))
  const common = new Float64Array(features)
  const pooled = new FeatureEvidence(dimension)
  const one = new FeatureEvidence(dimension)
  const commonRidges = new Float64Array(features).fill(COMMON_RIDGE_PRIOR)
  const all = [...models.values()]
  // Without any rows nothing is common.
  const rounds = all.length === 0 ? 0 : PRIOR_FIT_ROUNDS
  for (let round = 0; round < rounds; round++) {
    const usual = all.reduce((sum, { variance }) => sum + variance, 0) / all.length
    pooled.clear()
    for (const { evidence, ridges, variance, steep } of all) {
      one.clear()
      one.take(evidence, 1, 1)
      ridge.integrateOut(one, ridges)
      pooled.take(one, usual / variance, steep)
    }
    ridge.solve(pooled, commonRidges, null)
    common.set(ridge.weights)
    commonRidges.fill(commonRidgeOf(ridge, usual))
    for (const model of all) {
      for (let i = 0; i < features; i++) model.target[i] = model.steep * common[i]
      ridge.solve(model.evidence, model.ridges, model.target)
      for (let i = 0; i < features; i++) {
        model.squares[i] = ridge.weights[i] * ridge.weights[i]
        model.weights[i] = model.target[i] + ridge.weights[i]
      }
      model.decided.set(ridge.decided)
      model.variance = varianceOf(model.prior, model.evidence.explained(model.weights))
    }
    for (let i = 0; i < features; i++) {
      const decided = all.reduce((sum, model) => sum + model.decided[i], 0)
      const squares = all.reduce((sum, model) => sum + model.squares[i], 0)
      for (const model of all) model.ridges[i] = ownRidgeOf(decided, squares, model.variance)
    }
  }
  const found = new Map(
    [...models].map(([id, { prior, weights, target, ridges, variance }]) => [
      id,
      { ridges, target, variance, level: levelOf(prior, weights) },
    ]),
  )
  return {
    common,
    of: (id) =>
      found.get(id) ?? { ridges: none, target: none, variance: PRIOR_REWARD_VARIANCE_MIN, level: 0 },
  }
}

/** Mean square of the rewards about their mean, less what is explained; the most it can be where that was not kept. */
function varianceOf({ rows, response, squares }: Rows, explained: number): number {
  const sum = response[response.length - 1]
  const mean = sum / rows
  const about = squares === undefined ? Math.max(0, mean * (1 - mean)) : squares / rows - mean * mean
  return Math.max(about - explained / rows, PRIOR_REWARD_VARIANCE_MIN)
}

/** (sum r - w . sum x) / rows */
function levelOf({ rows, precision, response }: Rows, weights: Float64Array): number {
  const features = weights.length
  let level = response[features]
  for (let i = 0, row = 0; i < features; row += features + 1 - i, i++)
    level -= weights[i] * precision[row + features - i]
  return level / rows
}
