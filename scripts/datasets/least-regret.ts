import { mulberry32, permutation } from '../../src/base/random.js'
import { mean } from '../../src/base/statistics.js'
import type { OutcomeTable } from '../../src/replay/table.js'

/** Standard deviations of its posterior that an arm's index lies above its mean. */
const WEIGHTS: readonly number[] = [0, 0.5, 1, 1.5, 2]
const TRAIN_SHARE = 0.6

/** What a bandit missed to the best model on average: on the last 40 % of the rows, and on the first ones. */
export interface LeastRegret {
  readonly weight: number
  readonly measured: number
  readonly first: number
}

/** What a bandit knows of how the mean rewards of the models lie: as a normal distribution, or as one about a line over ln(cost). */
export type Knowledge = 'spread' | 'line'

/**
 * What seeing one outcome of each row costs a bandit that looks at no prompts, has no budget to keep, and knows what no router
 * does: how the mean rewards of the models lie, and the best weight of its bonus. Each row goes to the arm of the highest
 * posterior mean plus a multiple of its standard deviation.
 * @param looks how many of the first rows
 */
export function leastRegret(
  table: OutcomeTable,
  looks: number,
  seeds: number,
  knows: Knowledge = 'spread',
): LeastRegret {
  const means = table.models.map((_, m) => mean(rowsOf(table).map((row) => rewardAt(table, row, m))))
  const levels = knows === 'line' ? lineOf(table, means) : means.map(() => mean(means))
  const found = WEIGHTS.map((weight) =>
    regretOf(table, means, levels, weight, Math.min(looks, table.size), seeds),
  )
  return found.reduce((best, one) => (one.measured > best.measured ? one : best))
}

function regretOf(
  table: OutcomeTable,
  means: readonly number[],
  levels: readonly number[],
  weight: number,
  looks: number,
  seeds: number,
): LeastRegret {
  const spread = Math.max(mean(means.map((each, m) => (each - levels[m]) ** 2)), 1e-6)
  const noise = Math.max(mean(means.map((each) => each * (1 - each))), 1e-6)
  const best = means.indexOf(Math.max(...means))
  const measured: number[] = []
  const first: number[] = []
  for (let seed = 0; seed < seeds; seed++) {
    const order = permutation(table.size, mulberry32(seed))
    const sums = means.map(() => 0)
    const counts = means.map(() => 0)
    const missed = order.map((row) => {
      let chosen = 0
      let highest = Number.NEGATIVE_INFINITY
      for (let m = 0; m < means.length; m++) {
        const variance = 1 / (1 / spread + counts[m] / noise)
        const index = variance * (levels[m] / spread + sums[m] / noise) + weight * Math.sqrt(variance)
        if (index > highest) [chosen, highest] = [m, index]
      }
      const reward = rewardAt(table, row, chosen)
      sums[chosen] += reward
      counts[chosen]++
      return reward - rewardAt(table, row, best)
    })
    measured.push(mean(missed.slice(Math.floor(TRAIN_SHARE * table.size))))
    first.push(mean(missed.slice(0, looks)))
  }
  return { weight, measured: mean(measured), first: mean(first) }
}

/** The least squares line of mean rewards over the logarithms of mean costs, at each model. */
function lineOf(table: OutcomeTable, means: readonly number[]): number[] {
  const logCosts = means.map((_, m) =>
    Math.log(Math.max(1e-12, mean(rowsOf(table).map((row) => table.costsUsd[row * means.length + m])))),
  )
  const [x, y] = [mean(logCosts), mean(means)]
  const squares = logCosts.reduce((sum, each) => sum + (each - x) ** 2, 0)
  const slope =
    squares === 0 ? 0 : logCosts.reduce((sum, each, m) => sum + (each - x) * (means[m] - y), 0) / squares
  return logCosts.map((each) => y + slope * (each - x))
}

function rowsOf({ size }: OutcomeTable): number[] {
  return Array.from({ length: size }, (_, row) => row)
}

function rewardAt({ rewards, models }: OutcomeTable, row: number, model: number): number {
  return rewards[row * models.length + model]
}
