import { mean } from '../../base/statistics.js'
import { bestMix, type Mix, type Point } from '../hindsight.js'
import type { OutcomeTable } from '../table.js'
import { dot, type PooledRidge, PooledRidgeRows } from './pooled-ridge.js'

/** A cost of nothing counts as this part of its model's mean: logarithms have no zero. */
const COST_SHARE_MIN = 1e-3

/** What may be learned from the train part of one seed: every outcome of every model on its rows. */
export class TrainPart {
  /** Mean reward and cost by model. */
  readonly points: readonly Point[]
  private readonly ridge: PooledRidgeRows
  private readonly rewards: PooledRidge
  /** Of ln(cost / the model's mean cost). */
  private readonly logCosts: PooledRidge
  /** The mean of exp is not exp of the mean: factors that make predicted costs right on the train part. */
  private readonly costFactors: readonly number[]

  constructor(
    readonly table: OutcomeTable,
    readonly rows: readonly number[],
  ) {
    const { contexts, models } = table
    const count = models.length
    this.points = models.map((_, m) => meanPoint(table, rows, () => m))
    this.ridge = new PooledRidgeRows(contexts, rows)
    this.rewards = this.ridge.fit({
      models: count,
      at: (row, m) => table.rewards[row * count + m],
    })
    this.logCosts = this.ridge.fit({
      models: count,
      at: (row, m) => {
        const { costUsd } = this.points[m]
        return costUsd === 0
          ? 0
          : Math.log(Math.max(COST_SHARE_MIN, table.costsUsd[row * count + m] / costUsd))
      },
    })
    this.costFactors = this.points.map(
      ({ costUsd }, m) => costUsd / mean(rows.map((row) => Math.exp(this.logCost(m, contexts[row])))),
    )
  }

  /** Weights that predict how much more `second` earns than `first`, fitted to the difference alone. */
  gainWeights(first: number, second: number): Float64Array {
    const { rewards, models } = this.table
    const count = models.length
    const { weights } = this.ridge.fit({
      models: 1,
      at: (row) => rewards[row * count + second] - rewards[row * count + first],
    })
    return weights[0]
  }

  /** Predicted reward of a model. */
  reward(model: number, context: Float64Array): number {
    return dot(this.rewards.weights[model], context)
  }

  /** Predicted cost of a model, USD. */
  costUsd(model: number, context: Float64Array): number {
    return this.costFactors[model] * Math.exp(this.logCost(model, context))
  }

  /** The best mix of two fixed models by the means of the train part. */
  mix(budgetUsd: number): Mix {
    return bestMix(this.points, budgetUsd)
  }

  private logCost(model: number, context: Float64Array): number {
    return dot(this.logCosts.weights[model], context)
  }
}

/** Mean reward and cost of what a rule chooses over some rows. */
export function meanPoint(
  table: OutcomeTable,
  rows: readonly number[],
  choose: (row: number, index: number) => number,
): Point {
  const count = table.models.length
  let reward = 0
  let costUsd = 0
  rows.forEach((row, i) => {
    const at = row * count + choose(row, i)
    reward += table.rewards[at]
    costUsd += table.costsUsd[at]
  })
  return { reward: reward / rows.length, costUsd: costUsd / rows.length }
}
