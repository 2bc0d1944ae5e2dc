import { ParetoBanditError } from '../errors.js'
import { fitPriors, type Priors } from '../index.js'
import type { KernelName } from '../kernel/kernel.js'
import type { PolicyName } from '../options.js'
import { hindsightBaselines, PLAYED_BASELINES, playedBaseline } from './baselines.js'
import { play, type RunRecord } from './play.js'
import { ProgressClock } from './progress.js'
import { FIRST_SEED, planSeed, type SeedPlan } from './protocol.js'
import type { BaselineRow, PolicyRow, ReplayResult, RunTrace } from './result.js'
import type { Course, ScenarioName } from './scenarios.js'
import { routerStrategy } from './strategy.js'
import type { OutcomeTable } from './table.js'
import { Tally } from './tally.js'

export interface ReplaySettings {
  readonly scenario: ScenarioName
  /** The courses of events of the scenario, see `coursesOf`. */
  readonly courses: readonly Course[]
  /** Rows that evaluate (and, without `train`, fit and burn in too). */
  readonly data: OutcomeTable
  /** Rows that fit priors and burn in, over the same models in the same order, or null. */
  readonly train: OutcomeTable | null
  readonly budgetsUsd: readonly number[]
  readonly policy: PolicyName
  /** How many seeds, from 1000 on. */
  readonly seeds: number
  readonly cold: boolean
  readonly kernel: KernelName | 'auto'
}

/** Where a replay is, for progress bars and live views. */
export interface ReplayProgress {
  readonly scenario: ScenarioName
  readonly course: Course
  /** What is being played: the policy, or a baseline. */
  readonly playing: string
  /** Null while a baseline plays. */
  readonly budgetUsdPerRequest: number | null
  /** Seed under way, from 1. */
  readonly seed: number
  readonly seeds: number
  /** Share of the whole replay that is done. */
  readonly fraction: number
  /** The run under way. */
  readonly record: RunRecord
}

export interface ReplayObserver {
  /** Called between requests, at most about every 30 ms; drawing in it does not count as routing time. */
  onProgress?(progress: ReplayProgress): void
}

/** One course of events with everything that every strategy on it shares. */
export interface Bench {
  readonly course: Course
  readonly seeds: readonly number[]
  readonly plans: readonly SeedPlan[]
  /** Warm-up priors by seed; null in a cold run. */
  readonly priors: readonly (Priors | null)[]
  readonly train: OutcomeTable
  readonly data: OutcomeTable
  readonly modelIds: readonly string[]
  readonly kernel: KernelName | 'auto'
}

/**
 * Plays recorded outcomes through a policy, and through the baselines on the same rows. Yields to the event loop.
 * The same settings give the same result, but for `requestsPerSecond`.
 * @throws DATA_INVALID when there are too few rows to split; whatever createRouter throws
 */
export async function runReplay(
  settings: ReplaySettings,
  observer: ReplayObserver = {},
): Promise<ReplayResult> {
  const clock = new ProgressClock(settings, observer)
  const rows: PolicyRow[] = []
  const baselines: BaselineRow[] = []
  const traces: RunTrace[] = []
  const priorsCache = new Map<string, Priors>()
  const benches = settings.courses.map((course) => setBench(course, settings, priorsCache))
  for (const bench of benches) {
    for (const budgetUsd of settings.budgetsUsd) {
      const tally = await playPolicy(bench, budgetUsd, settings, clock)
      rows.push(...policyRows(tally, bench, budgetUsd))
      traces.push({ variant: bench.course.variant, budgetUsdPerRequest: budgetUsd, trace: tally.trace() })
    }
    baselines.push(...hindsightBaselines(bench, settings.budgetsUsd))
    for (const name of PLAYED_BASELINES) {
      baselines.push(...(await playedBaseline(name, bench, clock)))
    }
  }
  const { scenario, policy, seeds } = settings
  const [plan] = benches[0].plans
  return {
    report: { scenario, policy, seeds, rows, baselines, requestsPerSecond: clock.requestsPerSecond() },
    modelIds: benches[0].modelIds,
    courses: settings.courses,
    budgetsUsd: settings.budgetsUsd,
    traces,
    cold: settings.cold,
    rowCounts: {
      fit: plan.fit.length,
      burnIn: plan.burnIn.length,
      evaluation: plan.phases.reduce((count, phase) => count + phase.length, 0),
    },
  }
}

function setBench(course: Course, settings: ReplaySettings, cache: Map<string, Priors>): Bench {
  const { data, cold } = settings
  const train = settings.train ?? data
  const seeds = Array.from({ length: settings.seeds }, (_, s) => FIRST_SEED + s)
  const trainSize = settings.train === null ? null : settings.train.size
  const phased = course.phases.length > 1
  const plans = seeds.map((seed) => planSeed({ seed, trainSize, dataSize: data.size, cold, phased }))
  const starved = plans[0].phases.some((phase) => phase.length === 0) || (!cold && plans[0].fit.length === 0)
  if (starved) {
    const message = `too few rows to split: ${train.size} to learn from, ${data.size} to evaluate`
    throw new ParetoBanditError('DATA_INVALID', 'data', message)
  }
  const priors = plans.map((plan, s) => {
    if (cold) return null
    const key = `${seeds[s]} ${course.newcomer}`
    const fitted = cache.get(key) ?? fitOn(train, plan.fit, course.newcomer)
    cache.set(key, fitted)
    return fitted
  })
  const modelIds = data.models.map((model) => model.id)
  return { course, seeds, plans, priors, train, data, modelIds, kernel: settings.kernel }
}

/** Priors of every model but the newcomer, of which nothing can be known beforehand. */
function fitOn(table: OutcomeTable, rows: readonly number[], newcomer: number | null): Priors {
  const known = table.models.map((_, m) => m).filter((m) => m !== newcomer)
  const count = table.models.length
  const fitRows = rows.map((row) => ({
    context: table.contexts[row],
    outcomes: Object.fromEntries(
      known.map((m) => [table.models[m].id, { reward: table.rewards[row * count + m] }]),
    ),
  }))
  return fitPriors(fitRows, { dimension: table.dimension })
}

async function playPolicy(
  bench: Bench,
  budgetUsd: number,
  settings: ReplaySettings,
  clock: ProgressClock,
): Promise<Tally> {
  const { course, data, train } = bench
  const tally = new Tally(course, bench.modelIds.length)
  for (const [s, plan] of bench.plans.entries()) {
    const strategy = await routerStrategy({
      models: data.models,
      newcomer: course.newcomer,
      dimension: data.dimension,
      budgetUsdPerRequest: budgetUsd,
      policy: settings.policy,
      kernel: settings.kernel,
      seed: bench.seeds[s],
      priors: bench.priors[s],
    })
    const playing = { course, playing: settings.policy, budgetUsdPerRequest: budgetUsd, seed: s + 1 }
    tally.add(await clock.time(playing, plan, (pace) => play(strategy, plan, course, train, data, pace)))
  }
  return tally
}

function policyRows(tally: Tally, bench: Bench, budgetUsd: number): PolicyRow[] {
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
  }))
}
