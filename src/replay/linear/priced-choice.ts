import type { Point } from '../hindsight.js'
import type { OutcomeTable } from '../table.js'
import { meanPoint } from './train-part.js'

/** Halvings of the logarithm of the price: 24 decades to a part in 10^13. */
const STEPS = 50

/** What a model is predicted to earn, and to cost in USD, on a prompt. */
export interface Predictions {
  reward(model: number, context: Float64Array): number
  costUsd(model: number, context: Float64Array): number
}

/** What a rule reaches on the rows it is measured on, with the share of each model. */
export interface RuleOutcome extends Point {
  readonly shares: readonly number[]
}

/**
 * The linear policy: on each row the model of the highest predicted reward less price times predicted cost. Its price is
 * chosen in hindsight: the lowest one at which what is spent on the very rows it is measured on is within the budget.
 * Where no price brings it there, the cheapest by prediction.
 */
export class PricedChoice {
  private readonly rewards: Float64Array
  private readonly costsUsd: Float64Array

  /** @param rows of `data`, that the policy is measured on */
  constructor(
    predictions: Predictions,
    private readonly data: OutcomeTable,
    private readonly rows: readonly number[],
  ) {
    const count = data.models.length
    this.rewards = new Float64Array(rows.length * count)
    this.costsUsd = new Float64Array(rows.length * count)
    rows.forEach((row, i) => {
      for (let m = 0; m < count; m++) {
        this.rewards[i * count + m] = predictions.reward(m, data.contexts[row])
        this.costsUsd[i * count + m] = predictions.costUsd(m, data.contexts[row])
      }
    })
  }

  within(budgetUsd: number): RuleOutcome {
    const free = this.at(0)
    if (free.costUsd <= budgetUsd) return free
    // In units of reward per budget: far below and far above anything that matters.
    let low = 1e-12 / budgetUsd
    let high = 1e12 / budgetUsd
    for (let i = 0; i < STEPS; i++) {
      const middle = Math.sqrt(low * high)
      if (this.spendAt(middle) > budgetUsd) low = middle
      else high = middle
    }
    return this.at(high)
  }

  private at(price: number): RuleOutcome {
    return ruleOutcome(this.data, this.rows, (i) => this.choice(i, price))
  }

  private spendAt(price: number): number {
    return meanPoint(this.data, this.rows, (_, i) => this.choice(i, price)).costUsd
  }

  private choice(index: number, price: number): number {
    const count = this.data.models.length
    let best = 0
    let highest = Number.NEGATIVE_INFINITY
    for (let m = 0; m < count; m++) {
      const score = this.rewards[index * count + m] - price * this.costsUsd[index * count + m]
      if (score > highest) [best, highest] = [m, score]
    }
    return best
  }
}

export function ruleOutcome(
  data: OutcomeTable,
  rows: readonly number[],
  choose: (index: number) => number,
): RuleOutcome {
  const counts = data.models.map(() => 0)
  const point = meanPoint(data, rows, (_, i) => {
    const m = choose(i)
    counts[m]++
    return m
  })
  return { ...point, shares: counts.map((requests) => requests / rows.length) }
}
