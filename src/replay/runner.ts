import type { Priors } from '../index.js'
import { hindsightBaselines, PLAYED_BASELINES, playedBaseline } from './baselines.js'
import { type Bench, roundOf, setBench } from './bench.js'
import { requestsInFlight } from './feedback-timing.js'
import { ProgressClock } from './progress.js'
import type { BaselineRow, PolicyRow, ReplayResult, RunTrace } from './result.js'
import type { ReplayObserver, ReplaySettings } from './settings.js'
import { routerStrategy } from './strategy.js'
import { Tally } from './tally.js'

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

async function playPolicy(
  bench: Bench,
  budgetUsd: number,
  settings: ReplaySettings,
  clock: ProgressClock,
): Promise<Tally> {
  const { course, data } = bench
  const tally = new Tally(course, bench.modelIds.length)
  for (const s of bench.seeds.keys()) {
    const strategy = await routerStrategy({
      models: data.models,
      newcomer: course.newcomer,
      dimension: data.dimension,
      budgetUsdPerRequest: budgetUsd,
      policy: settings.policy,
      kernel: settings.kernel,
      seed: bench.seeds[s],
      priors: bench.priors[s],
      knobs: settings.knobs ?? {},
      inFlight: requestsInFlight(bench.timing),
    })
    const playing = { course, playing: settings.policy, budgetUsdPerRequest: budgetUsd, seed: s + 1 }
    tally.add(await clock.play(playing, strategy, roundOf(bench, s)))
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
