import { nEffectiveOf } from '../bandit/horizon.js'
import { mulberry32 } from '../base/random.js'
import { confidence95, mean } from '../base/statistics.js'
import { PAPER_SETTINGS } from '../policy/paper/settings.js'
import { COST_WEIGHT_WITHOUT_BUDGET } from '../policy/paper/tuning.js'
import type { BaselineName } from './baseline-names.js'
import { type Bench, roundOf } from './bench.js'
import { requestsInFlight } from './feedback-timing.js'
import { bestMix, type Mix, playFixed, playOracle } from './hindsight.js'
import type { ProgressClock } from './progress.js'
import type { BaselineRow } from './result.js'
import { routerStrategy, type Strategy, UniformRandomStrategy } from './strategy.js'
import { type PhaseSummary, Tally } from './tally.js'

/** Weight of log-normalised cost in the baselines that have no pacer: the policy's default without a budget. */
export const STATIC_COST_WEIGHT = COST_WEIGHT_WITHOUT_BUDGET

/** Baselines that learn or draw, and so are played request by request. They ignore budgets: one play serves all. */
export const PLAYED_BASELINES = ['random', 'linucb', 'forgetting'] as const
type PlayedBaseline = (typeof PLAYED_BASELINES)[number]

/**
 * Plays a baseline over all seeds:
 * - random: uniformly random among the models present;
 * - linucb: LinUCB at the static cost weight, without forgetting (gamma 1) and without a pacer;
 * - forgetting: the same with the policy's forgetting factor.
 * Priors and their strength are the policy's.
 */
export async function playedBaseline(
  name: PlayedBaseline,
  bench: Bench,
  clock: ProgressClock,
): Promise<BaselineRow[]> {
  const { course, modelIds } = bench
  const tally = new Tally(course, modelIds.length)
  for (const s of bench.seeds.keys()) {
    const strategy = await strategyOf(name, bench, s)
    const playing = { course, playing: name, budgetUsdPerRequest: null, seed: s + 1 }
    tally.add(await clock.play(playing, strategy, roundOf(bench, s)))
  }
  return tally.summaries().map((summary) => unpaced(name, null, summary, bench))
}

/** The baselines that need no playing: every fixed model and the oracle, and the best mix at each budget. */
export function hindsightBaselines(bench: Bench, budgetsUsd: readonly number[]): BaselineRow[] {
  const { course, plans, data, modelIds } = bench
  const rows: BaselineRow[] = []
  const fixed = modelIds.map((id, m) => {
    const records = plans.map((plan) => playFixed(m, plan, course, data))
    const tally = new Tally(course, modelIds.length)
    for (const record of records) tally.add(record)
    rows.push(...tally.summaries().map((summary) => unpaced('fixed', id, summary, bench)))
    return tally
  })
  for (const budgetUsd of budgetsUsd) rows.push(...mixRows(fixed, bench, budgetUsd))
  const oracle = new Tally(course, modelIds.length)
  for (const plan of plans) oracle.add(playOracle(plan, course, data))
  rows.push(...oracle.summaries().map((summary) => unpaced('oracle', null, summary, bench)))
  return rows
}

function strategyOf(name: PlayedBaseline, bench: Bench, seedIndex: number): Promise<Strategy> | Strategy {
  const { course, data, modelIds } = bench
  const seed = bench.seeds[seedIndex]
  if (name === 'random') return new UniformRandomStrategy(modelIds.length, course.newcomer, mulberry32(~seed))
  return routerStrategy({
    models: data.models,
    newcomer: course.newcomer,
    dimension: data.dimension,
    budgetUsdPerRequest: null,
    policy: 'paper',
    kernel: bench.kernel,
    seed,
    priors: bench.priors[seedIndex],
    costWeight: STATIC_COST_WEIGHT,
    knobs: {
      nEffective: nEffectiveOf(PAPER_SETTINGS.adaptationHorizon, PAPER_SETTINGS.gamma),
      ...(name === 'linucb' ? { gamma: 1 } : {}),
    },
    inFlight: requestsInFlight(bench.timing),
  })
}

function mixRows(fixed: readonly Tally[], bench: Bench, budgetUsd: number): BaselineRow[] {
  return bench.course.phases.map(({ phase }, p) => {
    const mixes = bench.plans.map((_, s) =>
      bestMix(
        fixed.map((tally) => tally.point(s, p)),
        budgetUsd,
      ),
    )
    const costUsd = mean(mixes.map((mix) => mix.costUsd))
    const rewards = mixes.map((mix) => mix.reward)
    return {
      baseline: 'mix',
      model: null,
      budgetUsdPerRequest: budgetUsd,
      phase,
      variant: bench.course.variant,
      reward: mean(rewards),
      rewardCi95: confidence95(rewards),
      costUsdPerRequest: costUsd,
      utilisation: costUsd / budgetUsd,
      shares: Object.fromEntries(
        bench.modelIds.map((id, m) => [id, mean(mixes.map((mix) => shareOf(mix, m)))]),
      ),
    }
  })
}

function shareOf(mix: Mix, model: number): number {
  return (mix.first === model ? 1 - mix.share : 0) + (mix.second === model ? mix.share : 0)
}

function unpaced(
  baseline: BaselineName,
  model: string | null,
  summary: PhaseSummary,
  bench: Bench,
): BaselineRow {
  return {
    baseline,
    model,
    budgetUsdPerRequest: null,
    phase: summary.phase,
    variant: bench.course.variant,
    reward: summary.reward,
    rewardCi95: summary.rewardCi95,
    costUsdPerRequest: summary.costUsdPerRequest,
    utilisation: null,
    shares: Object.fromEntries(bench.modelIds.map((id, m) => [id, summary.shares[m]])),
  }
}
