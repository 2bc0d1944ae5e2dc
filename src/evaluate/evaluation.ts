import { expected, ParetoBanditError } from '../base/errors.js'
import { reading } from '../base/read-once.js'
import { mean } from '../base/statistics.js'
import { checkLog } from './check-log.js'
import {
  doublyRobust,
  type Estimate,
  effectiveSize,
  estimateOf,
  inversePropensity,
  type Residuals,
  selfNormalised,
  unseenSquares,
  withEstimatedShares,
} from './estimators.js'
import type { DecisionLog } from './log.js'
import { foldOf, type Metric, OutcomeModel } from './outcome-model.js'
import { everyDecision, type Population, type Row, randomised } from './population.js'
import { ridgeChoices } from './ridge-policy.js'
import { lackOf, type Outcome } from './support.js'
import { parsePolicy, type TargetPolicy } from './target-policy.js'
import { type Observed, type Weighing, weigh } from './weights.js'

/** The three estimates of a policy's mean reward or cost per request. */
export interface Estimates {
  /** Inverse propensity scoring. */
  readonly ips: Estimate
  /** The same, self-normalised. */
  readonly snips: Estimate
  /** With regressions of the outcomes: the one to go by. */
  readonly doublyRobust: Estimate
}

/** What a policy would have earned and cost, and how much the log has to say of it. */
export interface PolicyEvaluation {
  /** As it was asked for: `logged`, `model:ID`. */
  readonly policy: string
  /** Null when the log cannot support it, for the logged policy beside others alone: `rewardLack` says why. */
  readonly reward: Estimates | null
  /** Why there is no reward; null: there is one. */
  readonly rewardLack: string | null
  /** USD per request. Null when the log cannot support it: `costLack` says why. */
  readonly costUsd: Estimates | null
  /** Why there is no cost; null: there is one. */
  readonly costLack: string | null
  /** Doubly robust reward less that of the logged policy, on the same requests; null for that itself. */
  readonly rewardOverLogged: Estimate | null
  /** Of the rewards' weights. */
  readonly effectiveSampleSize: number
  /** The largest of the same weights. */
  readonly largestWeight: number
  /** About 1 when the logged propensities are true. */
  readonly meanWeight: number
  /** Share of requests at which the policy could have done what was done. */
  readonly matchedShare: number
  /** Mean chance of what the log says nothing of; the rest of its chances counts. */
  readonly unsupportedShare: number
}

/** What a log says of policies. */
export interface Evaluation {
  /** How errors call the log. */
  readonly log: string
  /** Ids of all models in it. */
  readonly models: readonly string[]
  /** Decisions in the log. */
  readonly requests: number
  /** Decisions that estimates are about: those left to chance, or all when the logged policy alone is asked for. */
  readonly evaluated: number
  /** Decisions left out: forced explorations and canaries; others that were certain (propensity 1); without a propensity. */
  readonly leftOut: { readonly forced: number; readonly certain: number; readonly unknown: number }
  /** Of those evaluated, how many have a known reward. */
  readonly rewarded: number
  /** Of those evaluated, how many have a known cost. */
  readonly settled: number
  /** Of those evaluated, how many are failed calls. */
  readonly failed: number
  /** Of those evaluated, how many have no list of eligible models. */
  readonly assumedEligible: number
  /** Propensities in the log that are assumed and were not written down: estimates stand on that assumption. */
  readonly assumedPropensities: number
  /** Requests that feedback names and the log does not have. */
  readonly orphans: number
  /** The logged policy first. */
  readonly policies: readonly PolicyEvaluation[]
}

/** What each row adds to a doubly robust estimate: NaN for rows that are not kept; and with which weight. */
interface Contributions {
  readonly influence: Float64Array
  readonly weights: Float64Array
}

/** One outcome of all rows: what is known of it, and what the regressions say, crosswise. */
interface Measured {
  readonly outcome: Outcome
  readonly observed: Observed
  readonly known: number
  /** 0 where unknown. */
  readonly values: Float64Array
  readonly model: OutcomeModel
  readonly predictions: Float64Array
  /** Of the values about the mean of their model, and about what the regressions say. */
  readonly deviations: Residuals
  readonly residuals: Residuals
}

/**
 * Estimates what policies would have earned on a log: inverse propensity scoring, its self-normalised form and doubly
 * robust, each with a 95 % interval, for reward and cost per request. Deterministic.
 * @param policies `logged`, `uniform`, `model:ID`, `ridge@USD`; the logged policy comes first whether named or not
 * @throws LOG_UNSUPPORTED when the log cannot say it: nothing left to chance, too few rewards, too small an effective
 *   sample size, choices that the log has no instance of, propensities that are not true; INVALID_ARGUMENT,
 *   UNKNOWN_MODEL for a policy; INVALID_ARGUMENT, DIMENSION_MISMATCH for a log that `parseDecisionLog` has not made
 */
export function evaluatePolicies(log: DecisionLog, policies: readonly string[]): Evaluation {
  return reading('log', () => {
    checkLog(log)
    return evaluated(log, policies)
  })
}

function evaluated(log: DecisionLog, policies: readonly string[]): Evaluation {
  if (!Array.isArray(policies) || !policies.every((name) => typeof name === 'string'))
    throw expected('INVALID_ARGUMENT', 'policies', 'an array of names', policies)
  const names = [...new Set(['logged', ...policies])]
  const targets = names.map((name) => parsePolicy(name, log.models))
  const population = targets.length === 1 ? everyDecision(log) : randomised(log)
  const reward = measure(log, population, 'reward')
  const cost = measure(log, population, 'costUsd')
  const contributions: (Contributions | null)[] = []
  const evaluations = targets.map((target) => {
    const evaluated = evaluateOne(target, log, population, reward, cost)
    contributions.push(evaluated.contributions)
    if (evaluated.rewardLack !== null && (target.kind !== 'logged' || targets.length === 1)) {
      throw new ParetoBanditError('LOG_UNSUPPORTED', target.name, evaluated.rewardLack)
    }
    return evaluated
  })
  const { rows, forced, certain, unknown, assumedEligible } = population
  return {
    log: log.name,
    models: log.models,
    requests: log.decisions.length,
    evaluated: rows.length,
    leftOut: { forced, certain, unknown },
    rewarded: reward.known,
    settled: cost.known,
    failed: rows.reduce((count, row) => count + Number(row.failed), 0),
    assumedEligible,
    assumedPropensities: log.assumedPropensities ?? 0,
    orphans: log.orphans,
    policies: evaluations.map(({ contributions: own, ...evaluation }, i) => ({
      ...evaluation,
      rewardOverLogged:
        i === 0
          ? null
          : difference(own, contributions[0], rows, reward.residuals, evaluation.effectiveSampleSize),
    })),
  }
}

function measure(log: DecisionLog, { rows }: Population, metric: Metric): Measured {
  const modelCount = log.models.length
  const known = new Uint8Array(rows.length)
  const values = new Float64Array(rows.length)
  const knownOf = new Float64Array(modelCount)
  const rowsOf = new Float64Array(modelCount)
  const sums = new Float64Array(modelCount)
  const model = new OutcomeModel(log, metric)
  const predictions = new Float64Array(rows.length * modelCount)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    const value = row[metric]
    known[i] = value === null ? 0 : 1
    values[i] = value ?? 0
    rowsOf[row.model]++
    knownOf[row.model] += known[i]
    sums[row.model] += values[i]
    for (const other of row.eligible) {
      predictions[i * modelCount + other] = model.predict(foldOf(row.index), other, row)
    }
  }
  const means = sums.map((sum, own) => (knownOf[own] === 0 ? 0 : sum / knownOf[own]))
  return {
    outcome: metric === 'reward' ? 'rewarded' : 'settled',
    observed: { known, rates: knownOf.map((count, i) => (count === 0 ? 0 : count / rowsOf[i])) },
    known: known.reduce((sum, bit) => sum + bit, 0),
    values,
    model,
    predictions,
    deviations: residualsOf(rows, known, metric, modelCount, (i, own) => values[i] - means[own]),
    residuals: residualsOf(
      rows,
      known,
      metric,
      modelCount,
      (i, own) => values[i] - predictions[i * modelCount + own],
    ),
  }
}

/** Rewards have one range, so that an outcome of one model may be another's too. Costs are of each model alone. */
function residualsOf(
  rows: readonly Row[],
  known: Uint8Array,
  metric: Metric,
  modelCount: number,
  residualOf: (i: number, model: number) => number,
): Residuals {
  const counts = new Float64Array(modelCount)
  const squares = new Float64Array(modelCount)
  const fourths = new Float64Array(modelCount)
  for (let i = 0; i < rows.length; i++) {
    if (known[i] === 0) continue
    const group = metric === 'reward' ? 0 : rows[i].model
    const square = residualOf(i, rows[i].model) ** 2
    counts[group]++
    squares[group] += square
    fourths[group] += square * square
  }
  const means = (sums: Float64Array) =>
    sums.map((_, model) => {
      const group = metric === 'reward' ? 0 : model
      return counts[group] === 0 ? 0 : sums[group] / counts[group]
    })
  return { squares: means(squares), fourths: means(fourths) }
}

function evaluateOne(
  target: TargetPolicy,
  log: DecisionLog,
  { rows }: Population,
  reward: Measured,
  cost: Measured,
): Omit<PolicyEvaluation, 'rewardOverLogged'> & { readonly contributions: Contributions | null } {
  const choose = chooserOf(target, rows, reward, cost, log)
  const modelCount = log.models.length
  const rewardWeighing = weigh(rows, reward.observed, choose)
  const costWeighing = weigh(rows, cost.observed, choose)
  const lack = (weighing: Weighing, { outcome, known }: Measured) =>
    lackOf(weighing, outcome, known, rows.length, modelCount)
  const rewardLack = lack(rewardWeighing, reward)
  const costLack = lack(costWeighing, cost)
  const { weights, unsupportedShare, matchedShare } = rewardWeighing
  const rewards = rewardLack === null ? estimatesOf(rewardWeighing, reward, rows) : null
  return {
    policy: target.name,
    reward: rewards?.estimates ?? null,
    rewardLack,
    costUsd: costLack === null ? estimatesOf(costWeighing, cost, rows).estimates : null,
    costLack,
    effectiveSampleSize: effectiveSize(weights),
    largestWeight: weights.reduce((most, weight) => Math.max(most, weight), 0),
    meanWeight: weights.length === 0 ? 0 : mean(weights),
    matchedShare,
    unsupportedShare,
    contributions: rewards?.contributions ?? null,
  }
}

function chooserOf(
  target: TargetPolicy,
  rows: readonly Row[],
  reward: Measured,
  cost: Measured,
  { models, name }: DecisionLog,
): ((row: Row, i: number, chances: Float64Array) => void) | null {
  switch (target.kind) {
    case 'logged':
      return null
    case 'model':
      return (_, __, chances) => {
        chances[target.model] = 1
      }
    case 'uniform':
      return ({ eligible }, _, chances) => {
        for (const model of eligible) chances[model] = 1 / eligible.length
      }
    case 'ridge': {
      if (reward.known === 0 || cost.known === 0) {
        const what = reward.known === 0 ? 'rewards' : 'costs'
        const message = `expected ${what} in ${name} to fit the policy on, got none`
        throw new ParetoBanditError('LOG_UNSUPPORTED', target.name, message)
      }
      const { usdPerRequest } = target
      const choices = ridgeChoices(rows, reward.model, cost.model, models.length, usdPerRequest, target.name)
      return (_, i, chances) => {
        chances[choices[i]] = 1
      }
    }
  }
}

/** @returns the estimates, and what each row contributes to the doubly robust one */
function estimatesOf(
  { kept, weights, inclusions, chances }: Weighing,
  { values, predictions, observed, deviations, residuals }: Measured,
  rows: readonly Row[],
): { readonly estimates: Estimates; readonly contributions: Contributions } {
  const modelCount = observed.rates.length
  const count = kept.length
  const models = new Int32Array(count)
  const own = new Float64Array(count)
  const predicted = new Float64Array(count)
  const expected = new Float64Array(count)
  for (let k = 0; k < count; k++) {
    const i = kept[k]
    models[k] = rows[i].model
    own[k] = values[i]
    predicted[k] = predictions[i * modelCount + models[k]]
    for (let model = 0; model < modelCount; model++) {
      expected[k] += chances[k * modelCount + model] * predictions[i * modelCount + model]
    }
  }
  const size = effectiveSize(weights)
  const estimate = (influence: Float64Array, base: (k: number) => number, unseen: number): Estimate => {
    const value = mean(influence)
    const terms = influence.map((value, k) => value - base(k))
    const corrected = withEstimatedShares(influence, terms, inclusions, models, modelCount)
    return estimateOf(value, corrected, size, unseen)
  }
  const unseen = unseenSquares(weights, models, deviations)
  const hajek = selfNormalised(weights, own)
  const robust = doublyRobust(weights, own, expected, predicted)
  const estimates = {
    ips: estimate(inversePropensity(weights, own), () => 0, unseen),
    snips: estimate(hajek, constant(mean(hajek)), unseen),
    doublyRobust: estimate(robust, (k) => expected[k], unseenSquares(weights, models, residuals)),
  }
  const contributions = {
    influence: new Float64Array(rows.length).fill(Number.NaN),
    weights: new Float64Array(rows.length),
  }
  for (let k = 0; k < count; k++) {
    contributions.influence[kept[k]] = robust[k]
    contributions.weights[kept[k]] = weights[k]
  }
  return { estimates, contributions }
}

function constant(value: number): () => number {
  return () => value
}

function difference(
  own: Contributions | null,
  logged: Contributions | null,
  rows: readonly Row[],
  residuals: Residuals,
  effective: number,
): Estimate | null {
  if (own === null || logged === null) return null
  const differences = own.influence.map((value, i) => value - logged.influence[i])
  const both = differences.filter((value) => !Number.isNaN(value))
  const weights = own.weights.map((weight, i) =>
    Number.isNaN(differences[i]) ? 0 : weight - logged.weights[i],
  )
  const models = Int32Array.from(rows, ({ model }) => model)
  return estimateOf(mean(both), both, effective, unseenSquares(weights, models, residuals))
}
