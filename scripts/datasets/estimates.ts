import { mean } from '../../src/base/statistics.js'
import { ridgeEstimate } from '../../src/kernel/inverse.js'
import {
  fitPriorCostShrinkage,
  fitPriorShrinkage,
  type PriorShrinkage,
} from '../../src/policy/dollar/estimate/prior-shrinkage.js'
import { type Bench, fitOn } from '../../src/replay/bench.js'
import { bestMix } from '../../src/replay/hindsight.js'
import { dot } from '../../src/replay/linear/pooled-ridge.js'
import { type Predictions, PricedChoice } from '../../src/replay/linear/priced-choice.js'
import { meanPoint, TrainPart } from '../../src/replay/linear/train-part.js'

/** How an estimate is named that is the best of those from the rows of the priors, at each budget. */
export const BEST = 'best of the seven above at each budget'

/** What estimates reach on the measured rows with the price of hindsight, less the bound: by budget, means over seeds. */
export interface EstimateGaps {
  readonly name: string
  readonly gaps: readonly number[]
}

/** Estimates from every outcome of the rows of the priors, none of which learns anything later. */
function fromPriorRows(bench: Bench, fit: readonly number[], part: TrainPart): Map<string, Predictions> {
  const { data } = bench
  const priors = fitOn(data, fit, null)
  const { models } = priors
  const rewards = fitPriorShrinkage(priors)
  const logCosts = Object.fromEntries(
    Object.entries(models).flatMap(([id, { settled }]) => (settled === undefined ? [] : [[id, settled]])),
  )
  const costs = fitPriorCostShrinkage(priors)
  const own = data.models.map(({ id }) => weightsOf(models[id], rewards, id))
  const plainCosts = costsBy(bench, fit, (id) => ridgeEstimate(logCosts[id].precision, logCosts[id].response))
  const drawnCosts = costsBy(bench, fit, (id) => weightsOf(logCosts[id], costs, id))
  const costUsd: Predictions['costUsd'] = (m, context) => part.costUsd(m, context)
  return new Map<string, Predictions>([
    ["the policy's rewards and costs", { reward: (m, context) => dot(own[m], context), costUsd: drawnCosts }],
    [
      "the policy's rewards, costs fitted to each model alone",
      { reward: (m, context) => dot(own[m], context), costUsd: plainCosts },
    ],
    [
      "the policy's rewards, costs of the linear policy",
      { reward: (m, context) => dot(own[m], context), costUsd },
    ],
    [
      'half of the way from mean rewards to these, these costs',
      { reward: (m, context) => (part.points[m].reward + dot(own[m], context)) / 2, costUsd },
    ],
    ['mean rewards alone, these costs', { reward: (m) => part.points[m].reward, costUsd }],
  ])
}

/**
 * Takes apart what a warm start loses before it routes anything: each estimate is given the price that is best in hindsight,
 * so none loses by pacing, exploration or what it has yet to learn.
 */
export function estimateGaps(bench: Bench, budgetsUsd: readonly number[]): EstimateGaps[] {
  const { data } = bench
  const found = new Map<string, number[][]>()
  const put = (name: string, b: number, reward: number): void => {
    const row = found.get(name) ?? budgetsUsd.map((): number[] => [])
    row[b].push(reward)
    found.set(name, row)
  }
  for (const plan of bench.plans) {
    const rows = plan.phases.flat()
    const fixed = data.models.map((_, m) => meanPoint(data, rows, () => m))
    const mixed = (part: TrainPart, usd: number): number => {
      const { first, second, share } = part.mix(usd)
      return (1 - share) * fixed[first].reward + share * fixed[second].reward
    }
    const all = new TrainPart(data, [...plan.fit, ...plan.burnIn])
    const some = new TrainPart(data, plan.fit)
    const priced = (part: Predictions) => new PricedChoice(part, data, rows)
    const [linearOfAll, linear] = [priced(all), priced(some)]
    const others = [...fromPriorRows(bench, plan.fit, some)].map(
      ([name, predictions]) => [name, priced(predictions)] as const,
    )
    budgetsUsd.forEach((usd, b) => {
      put('mix of two models, chosen on the measured rows', b, bestMix(fixed, usd).reward)
      put('mix, 60 % of the rows', b, mixed(all, usd))
      put('linear policy, 60 %', b, linearOfAll.within(usd).reward)
      put('mix, the 40 % of the priors', b, mixed(some, usd))
      put('linear policy, 40 %', b, linear.within(usd).reward)
      for (const [name, choice] of others) put(name, b, choice.within(usd).reward)
    })
  }
  const means = [...found].map(([name, row]) => ({ name, rewards: row.map((rewards) => mean(rewards)) }))
  const [mix, line] = [means[1].rewards, means[2].rewards]
  const best = budgetsUsd.map((_, b) => Math.max(...means.slice(3).map(({ rewards }) => rewards[b])))
  return [...means, { name: BEST, rewards: best }].map(({ name, rewards }) => ({
    name,
    gaps: rewards.map((reward, b) => reward - Math.max(mix[b], line[b])),
  }))
}

interface Sums {
  readonly precision: readonly number[]
  readonly response: readonly number[]
}

/** The weights that a fit gives a model, the bias last. */
function weightsOf(sums: Sums, { of }: PriorShrinkage, id: string): Float64Array {
  const { ridges, target } = of(id)
  const precision = Float64Array.from(sums.precision)
  const response = Float64Array.from(sums.response)
  // A_off has I besides the rows.
  for (let i = 0, r = 0; i <= target.length; r += target.length + 1 - i, i++) {
    const ridge = i < target.length ? ridges[i] : 0
    precision[r] += ridge - 1
    response[i] += i < target.length ? ridge * target[i] : 0
  }
  return ridgeEstimate(precision, response)
}

/** Costs by weights of their logarithms, with a factor a model that makes them right on the rows that they were fitted to. */
function costsBy(
  { data }: Bench,
  rows: readonly number[],
  weightsOfModel: (id: string) => Float64Array,
): Predictions['costUsd'] {
  const models = data.models.map(({ id }, m) => {
    const weights = weightsOfModel(id)
    const predicted = mean(rows.map((row) => Math.exp(dot(weights, data.contexts[row]))))
    return { weights, factor: meanPoint(data, rows, () => m).costUsd / predicted }
  })
  return (m, context) => models[m].factor * Math.exp(dot(models[m].weights, context))
}
