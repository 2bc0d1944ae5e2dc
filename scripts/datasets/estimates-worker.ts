// A worker process of scripts/estimates.mjs: takes the estimates of a set apart, and answers.
import { autoBudgets } from '../../src/replay/budgets.js'
import { firstDayEnd } from '../../src/replay/first-day.js'
import { estimateGaps } from './estimates.js'
import type { SetEstimates } from './estimates-text.js'
import { leastRegret } from './least-regret.js'
import { Measure } from './measure.js'

const BANDIT_SEEDS = 400

const { folder, set, seeds }: { folder: string; set: string; seeds: number } = JSON.parse(process.argv[2])
const bench = await new Measure(folder, seeds).bench(set, 'warm')
const { data } = bench
const budgetsUsd = autoBudgets(data)
const looks = firstDayEnd(data.size)
const found: SetEstimates = {
  set,
  budgetsUsd,
  estimates: estimateGaps(bench, budgetsUsd),
  spread: leastRegret(data, looks, BANDIT_SEEDS),
  line: leastRegret(data, looks, BANDIT_SEEDS, 'line'),
}
process.send?.(found)
process.disconnect?.()
