import { resolve } from 'node:path'
import type { Command } from 'commander'
import { ParetoBanditError, show } from '../base/errors.js'
import { autoBudgets, parseBudgets, SCENARIO_BUDGETS_USD } from '../replay/budgets.js'
import { renderReport } from '../replay/report/page.js'
import { replayTrades, replayVerdict } from '../replay/report/verdict.js'
import type { ReplayResult } from '../replay/result.js'
import { runReplay } from '../replay/runner.js'
import { coursesOf, SCENARIO_NAMES, type ScenarioName } from '../replay/scenarios.js'
import type { ReplaySettings } from '../replay/settings.js'
import { checkWritable } from './files.js'
import { badFlag } from './flags.js'
import { writeOutput } from './line-sink.js'
import { checkOutputs } from './outputs.js'
import { print } from './print.js'
import {
  addReplayFlags,
  checkCombinations,
  DEFAULT_REPORT,
  type ReplayFlags,
  timingOf,
} from './replay-flags.js'
import { startsText } from './view/first-day.js'
import { barJobView, type JobView, liveJobView, logJobView, SILENT_JOB_VIEW } from './view/observers.js'
import { summaryText } from './view/summary.js'
import { loadWorkload, tableOf, type Workload } from './workload.js'

/** Adds `replay` to the program. Its action throws ParetoBanditError and CommandError for what the user can mend. */
export function registerReplay(program: Command): void {
  addReplayFlags(program.command('replay')).action((flags: ReplayFlags) => replay(flags))
}

async function replay(flags: ReplayFlags): Promise<void> {
  checkCombinations(flags)
  timingOf(flags)
  const reportPath = flags.report ?? (flags.data === undefined ? DEFAULT_REPORT : undefined)
  if (flags.json !== undefined && reportPath !== undefined && resolve(flags.json) === resolve(reportPath)) {
    throw badFlag('json', `expected another file than the report's, got ${show(flags.json)} for both`)
  }
  await checkOutputs([flags.json, reportPath], [flags.data, flags.train, flags.models])
  const workload = await loadWorkload(flags)
  for (const path of [flags.json, reportPath]) if (path !== undefined) await checkWritable(path)
  const jobs = startsOf(flags, workload).map(({ scenario, cold, beside }) => {
    const settings = settingsOf(scenario, workload, { ...flags, cold })
    const few = beside && flags.budgets === undefined
    return few ? { ...settings, budgetsUsd: everySecond(settings.budgetsUsd) } : settings
  })
  const results = await runAll(jobs, viewFor(workload, jobs.length))
  const reports = results.map((result) => result.report)
  if (flags.json !== undefined) {
    await writeOutput(
      flags.json,
      `${JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2)}\n`,
      'all',
    )
  }
  if (reportPath !== undefined) await writeOutput(reportPath, reportOf(workload, jobs, results, flags), 'all')
  const notes = ['Budgets and costs are in USD per 1,000 requests.']
  if (flags.json !== undefined) notes.push(`Figures: ${flags.json}`)
  if (reportPath !== undefined) notes.push(`Report: ${reportPath}`)
  print(
    `${results.map(summaryText).join('\n')}\n${startsText(reports)}${workload.repeats}${verdictText(results)}${notes.join('\n')}\n`,
  )
}

/** What the page begins with. */
function verdictText(results: readonly ReplayResult[]): string {
  const said = [replayVerdict(results), replayTrades(results)].filter((sentence) => sentence !== null)
  return said.length === 0 ? '' : `${said.join('\n')}\n\n`
}

interface ScenarioStart {
  readonly scenario: ScenarioName
  readonly cold: boolean
  /** True for a cold start that nobody asked for: it stands beside the warm one, at a few of its budgets. */
  readonly beside: boolean
}

/** What is played: all scenarios of a simulated workload, and a cold start beside the warm one. */
function startsOf(flags: ReplayFlags, workload: Workload): ScenarioStart[] {
  const cold = flags.cold === true
  if (flags.scenario !== undefined) return [{ scenario: flags.scenario, cold, beside: false }]
  if (!workload.simulated || flags.fromStart === true)
    return [{ scenario: 'stationary', cold, beside: false }]
  return SCENARIO_NAMES.flatMap((scenario): ScenarioStart[] =>
    scenario === 'stationary' && !cold
      ? [
          { scenario, cold: false, beside: false },
          { scenario, cold: true, beside: true },
        ]
      : [{ scenario, cold, beside: false }],
  )
}

/** The second, the fourth, and so on: between the ends, where there is something to pace. */
function everySecond(budgetsUsd: readonly number[]): readonly number[] {
  return budgetsUsd.length < 2 ? budgetsUsd : budgetsUsd.filter((_, i) => i % 2 === 1)
}

/**
 * The simulated workload's newcomer is yet to come in every scenario but onboarding.
 * @throws whatever tables, courses and budgets throw, before anything is played
 */
function settingsOf(scenario: ScenarioName, workload: Workload, flags: ReplayFlags): ReplaySettings {
  const absent = scenario === 'onboarding' ? null : workload.newcomer
  const models = workload.models.filter(({ id }) => id !== absent)
  if (models.length === 0) throw badFlag('exclude', `no model is left but the newcomer '${absent}'`)
  const courses = coursesOf(scenario, models, {
    shifted: scenario === 'onboarding' || scenario === 'stationary' ? undefined : flags.shifted,
    newcomer: scenario === 'onboarding' ? flags.newcomer : undefined,
  })
  const data = tableOf(workload.rows, models, flags.features, flags.data ?? workload.name)
  const train =
    workload.trainRows === null
      ? null
      : tableOf(workload.trainRows, models, flags.features, flags.train ?? 'train')
  if (train !== null && train.dimension !== data.dimension) {
    const message = `features: expected ${data.dimension} numbers as in --data, got ${train.dimension}`
    throw new ParetoBanditError('DATA_INVALID', flags.train ?? 'train', message)
  }
  return {
    scenario,
    courses,
    data,
    train,
    budgetsUsd: budgetsOf(scenario, flags.budgets, train ?? data),
    policy: flags.policy,
    seeds: flags.seeds,
    cold: flags.cold === true,
    fromStart: flags.fromStart === true,
    kernel: flags.kernel ?? 'auto',
    timing: timingOf(flags),
  }
}

function budgetsOf(
  scenario: ScenarioName,
  text: string | undefined,
  table: ReplaySettings['data'],
): readonly number[] {
  const choice = text === undefined ? null : parseBudgets(text, '--budgets')
  if (choice === 'auto7' || (choice === null && scenario === 'stationary')) return autoBudgets(table)
  return choice ?? SCENARIO_BUDGETS_USD
}

async function runAll(jobs: readonly ReplaySettings[], view: JobView): Promise<ReplayResult[]> {
  const results: ReplayResult[] = []
  try {
    for (const [i, settings] of jobs.entries()) {
      const modelIds = settings.data.models.map((model) => model.id)
      results.push(await runReplay(settings, view.observer(i, modelIds)))
    }
  } finally {
    view.stop()
  }
  return results
}

function viewFor(workload: Workload, replays: number): JobView {
  if (workload.simulated) {
    return process.stdout.isTTY
      ? liveJobView('paretobandit: a simulated workload', replays)
      : logJobView(replays)
  }
  return process.stderr.isTTY ? barJobView(replays) : SILENT_JOB_VIEW
}

function reportOf(
  workload: Workload,
  jobs: readonly ReplaySettings[],
  results: readonly ReplayResult[],
  flags: ReplayFlags,
): string {
  const used = new Set(jobs.flatMap((job) => job.data.models.map((model) => model.id)))
  return renderReport({
    dataName: workload.name,
    features: workload.simulated ? 'encode' : (flags.features ?? 'stored'),
    models: workload.models.filter((model) => used.has(model.id)),
    results,
  })
}
