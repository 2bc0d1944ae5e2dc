import { ParetoBanditError, show } from '../base/errors.js'
import { FOLDS, foldOf, type OutcomeModel } from './outcome-model.js'
import type { Row } from './population.js'

/** Rows that a model's regressions need for the policy to choose it. */
const FITTED_ROWS_MIN = 20
const BISECTIONS = 50
const DOUBLINGS_MAX = 200

/** Predictions for the rows of one fold's fit: what every model that may be chosen would earn and cost. */
interface Predictions {
  readonly rewards: Float64Array
  /** USD, at least 0; NaN where the model may not be chosen. */
  readonly costsUsd: Float64Array
}

/**
 * The policy that takes, of the eligible models, the one of most predicted reward less lambda times predicted cost.
 * Rows of fold k are chosen for by regressions and a lambda that come from the other folds: the smallest lambda at which
 * the mean predicted cost is `usdPerRequest` or less.
 * @returns a model for each row
 * @throws LOG_UNSUPPORTED when even the models that are cheapest by prediction cost more
 */
export function ridgeChoices(
  rows: readonly Row[],
  reward: OutcomeModel,
  cost: OutcomeModel,
  modelCount: number,
  usdPerRequest: number,
  field: string,
): Int32Array {
  const choices = new Int32Array(rows.length)
  for (let fold = 0; fold < FOLDS; fold++) {
    const predictions = predictAll(rows, fold, reward, cost, modelCount)
    const fitted = rows.flatMap((row, i) => (foldOf(row.index) === fold ? [] : [i]))
    // A log of fewer rows than folds: nothing is left to find lambda on.
    const lambda = lambdaFor(predictions, fitted.length > 0 ? fitted : [0], modelCount, usdPerRequest, field)
    for (let i = 0; i < rows.length; i++) {
      if (foldOf(rows[i].index) === fold) choices[i] = best(predictions, i, modelCount, lambda)
    }
  }
  return choices
}

function predictAll(
  rows: readonly Row[],
  fold: number,
  reward: OutcomeModel,
  cost: OutcomeModel,
  modelCount: number,
): Predictions {
  const rewards = new Float64Array(rows.length * modelCount)
  const costsUsd = new Float64Array(rows.length * modelCount).fill(Number.NaN)
  const known = (model: number) =>
    reward.rowsOf(fold, model) >= FITTED_ROWS_MIN && cost.rowsOf(fold, model) >= FITTED_ROWS_MIN
  for (const [i, row] of rows.entries()) {
    const able = row.eligible.filter(known)
    for (const model of able.length > 0 ? able : row.eligible) {
      rewards[i * modelCount + model] = reward.predict(fold, model, row)
      costsUsd[i * modelCount + model] = Math.max(0, cost.predict(fold, model, row))
    }
  }
  return { rewards, costsUsd }
}

function lambdaFor(
  predictions: Predictions,
  rows: readonly number[],
  modelCount: number,
  usdPerRequest: number,
  field: string,
): number {
  const spend = (lambda: number): number => {
    let sum = 0
    for (const i of rows)
      sum += predictions.costsUsd[i * modelCount + best(predictions, i, modelCount, lambda)]
    return sum / rows.length
  }
  if (spend(0) <= usdPerRequest) return 0
  const least = spend(Number.POSITIVE_INFINITY)
  if (least > usdPerRequest) {
    const message = `expected USD per request that the log's models can be had for, at least ${least.toPrecision(3)}, got ${show(usdPerRequest)}`
    throw new ParetoBanditError('LOG_UNSUPPORTED', field, message)
  }
  let high = 1 / usdPerRequest
  for (let i = 0; i < DOUBLINGS_MAX && spend(high) > usdPerRequest; i++) high *= 2
  let low = 0
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2
    if (spend(middle) > usdPerRequest) low = middle
    else high = middle
  }
  return high
}

/** The model of most reward - lambda cost; at an infinite lambda the cheapest. Ties go to the first. */
function best({ rewards, costsUsd }: Predictions, row: number, modelCount: number, lambda: number): number {
  let found = -1
  let most = Number.NEGATIVE_INFINITY
  for (let model = 0; model < modelCount; model++) {
    const k = row * modelCount + model
    const value = lambda === Number.POSITIVE_INFINITY ? -costsUsd[k] : rewards[k] - lambda * costsUsd[k]
    if (value > most) {
      most = value
      found = model
    }
  }
  return found
}
