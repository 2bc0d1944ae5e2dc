// A worker process of scripts/causes.mjs: takes a set apart from one start, and answers.
import { autoBudgets } from '../../src/replay/budgets.js'
import { firstDayEnd } from '../../src/replay/first-day.js'
import { Causes } from './causes.js'
import type { Start } from './figures.js'
import { leastRegret } from './least-regret.js'
import { Measure } from './measure.js'

const BANDIT_SEEDS = 400

const { folder, set, start, seeds }: { folder: string; set: string; start: Start; seeds: number } =
  JSON.parse(process.argv[2])
const measure = new Measure(folder, seeds)
const bench = await measure.bench(set, start)
const budgetsUsd = autoBudgets(bench.data)
const causes = await new Causes(bench).gaps(start, budgetsUsd)
const bandit = start === 'cold' ? leastRegret(bench.data, firstDayEnd(bench.data.size), BANDIT_SEEDS) : null
process.send?.({ budgetsUsd, causes, bandit })
process.disconnect?.()
