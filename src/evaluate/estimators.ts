import { NORMAL_975, tQuantile975 } from '../base/statistics.js'

/** A mean over requests with its 95 % confidence interval. */
export interface Estimate {
  /** In units of what is estimated. */
  readonly mean: number
  /** Of the mean. */
  readonly standardError: number
  /** Bounds of the 95 % confidence interval. */
  readonly ci95: readonly [low: number, high: number]
}

/**
 * A mean with the interval that the influence of each row gives: mean +- t sd / sqrt(n). The quantile is Student's t for
 * as many degrees of freedom as the rows are worth, as a few heavy rows make the spread uncertain.
 * @param mean what is estimated
 * @param influence of row i on n times the mean, one a row, averaging to `mean`
 * @param effectiveSize Kish's effective sample size of the weights
 * @param unseen squares beside those of the rows, of `unseenSquares`
 */
export function estimateOf(
  mean: number,
  influence: Float64Array,
  effectiveSize: number,
  unseen = 0,
): Estimate {
  const n = influence.length
  let squares = unseen
  for (let i = 0; i < n; i++) squares += (influence[i] - mean) ** 2
  const standardError = Math.sqrt(squares / (n * (n - 1)))
  const half = tQuantile975(Math.max(1, Math.floor(effectiveSize) - 1)) * standardError
  return { mean, standardError, ci95: [mean - half, mean + half] }
}

/** Inverse propensity scoring (Horvitz and Thompson 1952): influences w_i y_i. Unbiased; y_i is 0 where w_i is. */
export function inversePropensity(weights: Float64Array, values: Float64Array): Float64Array {
  return weights.map((weight, i) => weight * values[i])
}

/**
 * Self-normalised (Hajek 1971; Swaminathan and Joachims 2015): sum w y / sum w, its influences by the delta method,
 * V + w_i (y_i - V) / mean w.
 */
export function selfNormalised(weights: Float64Array, values: Float64Array): Float64Array {
  let sumWeights = 0
  let sum = 0
  for (let i = 0; i < weights.length; i++) {
    sumWeights += weights[i]
    sum += weights[i] * values[i]
  }
  const value = sum / sumWeights
  const mean = sumWeights / weights.length
  return weights.map((weight, i) => value + (weight * (values[i] - value)) / mean)
}

/**
 * Doubly robust (Dudik, Langford and Li 2011): influences sum_a pi(a|x_i) q(x_i, a) + w_i (y_i - q(x_i, a_i)). Unbiased
 * whatever q, which must not have seen row i; as narrow as q is good.
 * @param expected sum_a pi(a|x_i) q(x_i, a)
 * @param predicted q(x_i, a_i)
 */
export function doublyRobust(
  weights: Float64Array,
  values: Float64Array,
  expected: Float64Array,
  predicted: Float64Array,
): Float64Array {
  return weights.map((weight, i) => expected[i] + weight * (values[i] - predicted[i]))
}

/**
 * Corrects influences, in place, for shares of known outcomes that are themselves estimated: what row i adds beside its
 * weight, t_i of mean m_a over the known rows of its model, counts m_a + inclusion_i (t_i - m_a) and not inclusion_i t_i.
 * Sums stay what they are. Without this, intervals are too wide where outcomes are missing.
 * @param terms inclusion_i t_i
 * @param inclusions 1 / (share of the model's rows that are known) where row i is known, else 0
 * @param models of the rows, below `modelCount`
 */
export function withEstimatedShares(
  influence: Float64Array,
  terms: Float64Array,
  inclusions: Float64Array,
  models: Int32Array,
  modelCount: number,
): Float64Array {
  const sums = new Float64Array(modelCount)
  const included = new Float64Array(modelCount)
  for (let i = 0; i < terms.length; i++) {
    sums[models[i]] += terms[i]
    included[models[i]] += inclusions[i]
  }
  for (let i = 0; i < terms.length; i++) {
    const model = models[i]
    if (included[model] > 0) influence[i] += (1 - inclusions[i]) * (sums[model] / included[model])
  }
  return influence
}

/** What is left of outcomes that regressions have predicted, by model: means of the squares and of their squares. */
export interface Residuals {
  readonly squares: Float64Array
  readonly fourths: Float64Array
}

/** z^2 of 97.5 %: this many rare outcomes more are within what chance may have kept from a log (as Agresti and Coull 1998 add them). */
const UNSEEN_COUNT = NORMAL_975 ** 2

/**
 * The squares that rare outcomes may add to those of the influences, where the rows that a policy is judged on happen to have few or
 * none of them: of 80 answers that are wrong one time in a hundred, half the time all are right, and their own spread is 0. An
 * outcome that is rare has a large square beside the mean of all: sum w^4 r^4 / sum w^2 r^2, with r^2 and r^4 as the whole
 * log has them, is the square of one, weight included, less what normal residuals have, which the t quantile stands for.
 * @param weights of the rows. @param models of the rows
 */
export function unseenSquares(weights: Float64Array, models: Int32Array, residuals: Residuals): number {
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)
  if (largest === 0 || largest === Number.POSITIVE_INFINITY) return 0
  let sum = 0
  let squares = 0
  let spread = 0
  let fourths = 0
  for (let i = 0; i < weights.length; i++) {
    const weight = Math.abs(weights[i]) / largest
    const square = weight * weight
    sum += weight
    squares += square
    spread += square * residuals.squares[models[i]]
    fourths += square * square * residuals.fourths[models[i]]
  }
  if (spread === 0) return 0
  const effective = (sum * sum) / squares
  return UNSEEN_COUNT * largest * largest * Math.max(0, fourths / spread - (3 * spread) / effective)
}

/** (sum w)^2 / sum w^2 (Kish): how many rows of equal weight would say as much. */
export function effectiveSize(weights: Float64Array): number {
  const size = sizeInUnits(weights, 1)
  if (Number.isFinite(size)) return size
  // Squares beyond the largest double. Weights that are such themselves are as one: the others count for nothing beside them.
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0)
  if (largest !== Number.POSITIVE_INFINITY) return sizeInUnits(weights, largest)
  return weights.filter((weight) => weight === largest).length
}

function sizeInUnits(weights: Float64Array, unit: number): number {
  let sum = 0
  let squares = 0
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] / unit
    sum += weight
    squares += weight * weight
  }
  return squares === 0 ? 0 : (sum * sum) / squares
}
