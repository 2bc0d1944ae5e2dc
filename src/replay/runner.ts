import type { Priors } from '../index.js'
import type { PolicyName } from '../policy/policies.js'
import { hindsightBaselines, PLAYED_BASELINES, playedBaseline } from './baselines.js'
import { type Bench, setBench } from './bench.js'
import { besideOf, OVER_TIME } from './beside.js'
import { type BudgetedRun, besideRows, playBudgeted, policyRows } from './budgeted.js'
import { CostCalibration } from './calibration.js'
import { checksOf } from './checks.js'
import { PROMPT_FEEDBACK } from './feedback-timing.js'
import { drawnRequests, firstDay, fromFirstRequest, type Stream } from './first-day.js'
import type { FirstDay } from './first-day-point.js'
import type { LearningCurve } from './learning-block.js'
import { learningCurve, warmBench } from './learning-curve.js'
import type { RunRecord } from './play.js'
import { ProgressClock } from './progress.js'
import type { BaselineRow, PolicyRow, ReplayResult, RunTrace } from './result.js'
import type { ReplayObserver, ReplaySettings } from './settings.js'
import type { Tally } from './tally.js'
import { trainedBaselines } from './trained-baselines.js'

/** What the courses of a replay add up to. */
interface Findings {
  readonly rows: PolicyRow[]
  readonly baselines: BaselineRow[]
  readonly traces: RunTrace[]
  readonly paperTraces: RunTrace[]
  readonly learning: LearningCurve[]
  readonly calibration: CostCalibration
  /** Runs from the first request on, by policy and budget; of cold replays of stationary traffic. */
  readonly firstRuns: Map<string, Stream[][]>
}

/**
 * Plays recorded outcomes through a policy, and through the baselines on the same rows. Yields to the event loop.
 * The same settings give the same result, but for `requestsPerSecond`.
 * @throws DATA_INVALID when there are too few rows to split; INVALID_ARGUMENT for a timing out of range; whatever
 *   createRouter throws
 */
export async function runReplay(
  settings: ReplaySettings,
  observer: ReplayObserver = {},
): Promise<ReplayResult> {
  const beside = settings.beside ?? besideOf(settings.policy)
  const clock = new ProgressClock(settings, observer, runsOf(settings, beside.length))
  const priorsCache = new Map<string, Priors>()
  const benches = settings.courses.map((course) => setBench(course, settings, priorsCache))
  const findings: Findings = {
    rows: [],
    baselines: [],
    traces: [],
    paperTraces: [],
    learning: [],
    calibration: new CostCalibration(benches[0].modelIds),
    firstRuns: new Map(),
  }
  for (const bench of benches) {
    // Burn-in knows no events, so one course tells how a cold start learns.
    const curved = bench === benches[0] && settings.cold && settings.fromStart !== true
    await playPolicy(bench, settings, curved, clock, findings)
    for (const policy of beside) await playBeside(policy, bench, settings, clock, findings)
    findings.baselines.push(...hindsightBaselines(bench, settings.budgetsUsd))
    findings.baselines.push(...trainedBaselines(bench, settings.budgetsUsd))
    for (const name of PLAYED_BASELINES) {
      findings.baselines.push(...(await playedBaseline(name, bench, clock)))
    }
  }
  return resultOf(settings, benches, findings, clock)
}

function runsOf(settings: ReplaySettings, beside: number): number {
  const { budgetsUsd, courses, cold } = settings
  const perCourse = budgetsUsd.length * (1 + beside) + PLAYED_BASELINES.length
  const curves = cold && settings.fromStart !== true ? budgetsUsd.length : 0
  return settings.seeds * (courses.length * perCourse + curves)
}

/** Rows of a training table are other rows than those that evaluate, so then there is no first day to tell of. */
function hasFirstDay({ scenario, cold, train }: ReplaySettings): boolean {
  return scenario === 'stationary' && cold && train === null
}

async function playPolicy(
  bench: Bench,
  settings: ReplaySettings,
  curved: boolean,
  clock: ProgressClock,
  findings: Findings,
): Promise<void> {
  const { policy, knobs = {} } = settings
  const warm = curved ? warmBench(bench) : null
  const firstRuns: Stream[][] = []
  for (const budgetUsdPerRequest of settings.budgetsUsd) {
    const run: BudgetedRun = { policy, budgetUsdPerRequest, knobs, leading: true }
    const records: RunRecord[] = []
    const tally = await playBudgeted(bench, run, clock, (record) => {
      findings.calibration.add(record)
      records.push(record)
    })
    firstRuns.push(records.map(fromFirstRequest))
    findings.rows.push(...policyRows(tally, bench, budgetUsdPerRequest))
    findings.traces.push(traceOf(tally, bench, budgetUsdPerRequest))
    if (warm !== null) findings.learning.push(await learningCurve(warm, run, records, clock))
  }
  if (hasFirstDay(settings)) findings.firstRuns.set(policy, firstRuns)
}

async function playBeside(
  policy: PolicyName,
  bench: Bench,
  settings: ReplaySettings,
  clock: ProgressClock,
  findings: Findings,
): Promise<void> {
  const firstRuns: Stream[][] = []
  for (const budgetUsdPerRequest of settings.budgetsUsd) {
    const run: BudgetedRun = { policy, budgetUsdPerRequest, knobs: {}, leading: false }
    const streams: Stream[] = []
    const tally = await playBudgeted(bench, run, clock, (record) => {
      if (hasFirstDay(settings)) streams.push(fromFirstRequest(record))
    })
    firstRuns.push(streams)
    findings.baselines.push(...besideRows(policy, tally, bench, budgetUsdPerRequest))
    if (policy === OVER_TIME) findings.paperTraces.push(traceOf(tally, bench, budgetUsdPerRequest))
  }
  if (hasFirstDay(settings)) findings.firstRuns.set(policy, firstRuns)
}

/** The first day at each budget. @param looks after how many requests; default: those of the report */
function firstDays(
  bench: Bench,
  settings: ReplaySettings,
  { firstRuns }: Findings,
  looks?: readonly number[],
): FirstDay[] {
  const leading = firstRuns.get(settings.policy)
  if (leading === undefined) return []
  const beside = [...firstRuns].filter(([name]) => name !== settings.policy)
  return settings.budgetsUsd.map((budgetUsd, b) =>
    firstDay({
      data: bench.data,
      plans: bench.plans,
      budgetUsd,
      runs: leading[b],
      beside: Object.fromEntries(beside.map(([name, runs]) => [name, runs[b]])),
      ...(looks === undefined ? {} : { looks }),
    }),
  )
}

function traceOf(tally: Tally, bench: Bench, budgetUsdPerRequest: number): RunTrace {
  return { variant: bench.course.variant, budgetUsdPerRequest, trace: tally.trace() }
}

function resultOf(
  settings: ReplaySettings,
  benches: readonly Bench[],
  findings: Findings,
  clock: ProgressClock,
): ReplayResult {
  const { scenario, policy, seeds, cold, timing = PROMPT_FEEDBACK } = settings
  const { rows, baselines, learning } = findings
  const [plan] = benches[0].plans
  const days = firstDays(benches[0], settings, findings)
  return {
    report: {
      scenario,
      policy,
      seeds,
      cold,
      feedback: timing,
      rows,
      baselines,
      checks: checksOf({ scenario, cold, rows, baselines, learningCurve: learning, firstDay: days }),
      calibration: findings.calibration.curves(),
      learningCurve: learning,
      fromStart: settings.fromStart === true,
      firstDay: days,
      requestsPerSecond: clock.requestsPerSecond(),
    },
    modelIds: benches[0].modelIds,
    courses: settings.courses,
    budgetsUsd: settings.budgetsUsd,
    traces: findings.traces,
    paperTraces: findings.paperTraces,
    firstDayCurves: firstDays(benches[0], settings, findings, drawnRequests(benches[0].data.size)),
    rowCounts: {
      fit: plan.fit.length,
      burnIn: plan.burnIn.length,
      evaluation: plan.phases.reduce((count, phase) => count + phase.length, 0),
    },
  }
}
