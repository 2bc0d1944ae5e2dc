import { type Bench, fitOn } from './bench.js'
import { type BudgetedRun, playBudgeted } from './budgeted.js'
import type { LearningCurve } from './learning-block.js'
import type { RunRecord } from './play.js'
import type { ProgressClock } from './progress.js'
import type { Course } from './scenarios.js'

const BLOCK = 100

/**
 * The same seeds for a router with priors: the rows that the cold start burns in, in the same order, measured from the
 * first on. Its priors are fitted on the rows that evaluate, so that none of the rows it is measured on is in them;
 * the curve ends where evaluation begins.
 */
export function warmBench(bench: Bench): Bench {
  const { newcomer, scenario, variant } = bench.course
  const phases = [{ phase: null, events: [], shift: null }]
  const course: Course = { scenario, variant, newcomer, shifted: null, phases }
  const fits = bench.plans.map((plan) => [...new Set(plan.phases.flat())])
  return {
    ...bench,
    course,
    plans: bench.plans.map((plan, s) => ({ fit: fits[s], burnIn: [], phases: [plan.burnIn] })),
    priors: fits.map((rows) => fitOn(bench.data, rows, newcomer)),
    data: bench.train,
  }
}

/**
 * Plays the warm router beside cold runs at one budget.
 * @param warm from `warmBench`
 * @param coldRuns one a seed, with their burn-in
 */
export async function learningCurve(
  warm: Bench,
  run: BudgetedRun,
  coldRuns: readonly RunRecord[],
  clock: ProgressClock,
): Promise<LearningCurve> {
  const budgetUsd = run.budgetUsdPerRequest
  const warmRuns: RunRecord[] = []
  await playBudgeted(warm, { ...run, leading: false }, clock, (record) => warmRuns.push(record))
  const blocks = Array.from({ length: Math.floor(warmRuns[0].length / BLOCK) }, (_, b) => {
    const [from, to] = [b * BLOCK, (b + 1) * BLOCK]
    const over = (values: readonly Float64Array[]) => meanBetween(values, from, to)
    return {
      from,
      to,
      cold: over(coldRuns.map((record) => record.burnInRewards)),
      warm: over(warmRuns.map((record) => record.rewards)),
      coldUtilisation: over(coldRuns.map((record) => record.burnInCostsUsd)) / budgetUsd,
      warmUtilisation: over(warmRuns.map((record) => record.costsUsd)) / budgetUsd,
    }
  })
  return { budgetUsdPerRequest: budgetUsd, blocks }
}

function meanBetween(runs: readonly Float64Array[], from: number, to: number): number {
  let sum = 0
  for (const values of runs) for (let i = from; i < to; i++) sum += values[i]
  return sum / (runs.length * (to - from))
}
