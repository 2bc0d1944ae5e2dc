import type { PolicyName } from '../policy/policies.js'
import { type Bench, roundOf } from './bench.js'
import { requestsInFlight } from './feedback-timing.js'
import type { RunRecord } from './play.js'
import type { ProgressClock } from './progress.js'
import type { BaselineRow, PolicyRow } from './result.js'
import { type PolicyKnobs, routerStrategy, type Strategy } from './strategy.js'
import { Tally } from './tally.js'

/** A policy at one budget: the one under replay, or one that it is compared with. */
export interface BudgetedRun {
  readonly policy: PolicyName
  readonly budgetUsdPerRequest: number
  readonly knobs: PolicyKnobs
  /** True for the policy under replay: progress shows its budget, and its speed is what the replay reports. */
  readonly leading: boolean
}

/**
 * Plays a policy at one budget over all seeds.
 * @param watch called with every seed's run
 */
export async function playBudgeted(
  bench: Bench,
  run: BudgetedRun,
  clock: ProgressClock,
  watch: (record: RunRecord, seedIndex: number) => void = () => {},
): Promise<Tally> {
  const { course } = bench
  const tally = new Tally(course, bench.modelIds.length)
  const budgetUsdPerRequest = run.leading ? run.budgetUsdPerRequest : null
  for (const s of bench.seeds.keys()) {
    const strategy = await budgetedStrategy(bench, run, s)
    const playing = { course, playing: run.policy, budgetUsdPerRequest, seed: s + 1 }
    const record = await clock.play(playing, strategy, roundOf(bench, s))
    tally.add(record)
    watch(record, s)
  }
  return tally
}

function budgetedStrategy(bench: Bench, run: BudgetedRun, s: number): Promise<Strategy> {
  return routerStrategy({
    models: bench.data.models,
    newcomer: bench.course.newcomer,
    dimension: bench.data.dimension,
    budgetUsdPerRequest: run.budgetUsdPerRequest,
    policy: run.policy,
    kernel: bench.kernel,
    seed: bench.seeds[s],
    priors: bench.priors[s],
    knobs: run.knobs,
    inFlight: requestsInFlight(bench.timing),
  })
}

export function policyRows(tally: Tally, bench: Bench, budgetUsd: number): PolicyRow[] {
  return tally.summaries().map((summary) => ({
    budgetUsdPerRequest: budgetUsd,
    phase: summary.phase,
    variant: bench.course.variant,
    reward: summary.reward,
    rewardCi95: summary.rewardCi95,
    utilisation: summary.costUsdPerRequest / budgetUsd,
    utilisationCumulative: summary.cumulativeCostUsdPerRequest / budgetUsd,
    utilisationWorst: summary.worstCostUsdPerRequest / budgetUsd,
    shares: Object.fromEntries(bench.modelIds.map((id, m) => [id, summary.shares[m]])),
    lambdaMedian: summary.lambdaMedian,
    alarms: summary.alarms,
  }))
}

/** A policy as a baseline. */
export function besideRows(policy: PolicyName, tally: Tally, bench: Bench, budgetUsd: number): BaselineRow[] {
  return tally.summaries().map((summary) => ({
    baseline: policy,
    model: null,
    budgetUsdPerRequest: budgetUsd,
    phase: summary.phase,
    variant: bench.course.variant,
    reward: summary.reward,
    rewardCi95: summary.rewardCi95,
    costUsdPerRequest: summary.costUsdPerRequest,
    utilisation: summary.costUsdPerRequest / budgetUsd,
    shares: Object.fromEntries(bench.modelIds.map((id, m) => [id, summary.shares[m]])),
  }))
}
