import { stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { ParetoBanditError, show } from '../errors.js'
import { defaultEncoder } from '../features/default-encoder.js'
import { KERNEL_NAMES, type KernelName } from '../kernel/kernel.js'
import { POLICY_NAMES, type PolicyName } from '../options.js'
import type { ModelSpec } from '../registry/model.js'
import { autoBudgets, parseBudgets, SCENARIO_BUDGETS_USD } from '../replay/budgets.js'
import { type OutcomeRow, parseOutcomes } from '../replay/dataset.js'
import { renderReport } from '../replay/report/page.js'
import type { ReplayResult } from '../replay/result.js'
import { runReplay } from '../replay/runner.js'
import { coursesOf, modelIndex, SCENARIO_NAMES, type ScenarioName } from '../replay/scenarios.js'
import type { ReplaySettings } from '../replay/settings.js'
import { simulateWorkload } from '../replay/simulate/workload.js'
import { buildTable } from '../replay/table.js'
import { CommandError } from './command-error.js'
import { fileError, readTextFile, writeTextFile } from './files.js'
import { listFlag, numberFlag, wordFlag } from './flags.js'
import { readModelsFile } from './inputs.js'
import { barJobView, type JobView, liveJobView, logJobView, SILENT_JOB_VIEW } from './view/observers.js'
import { summaryText } from './view/summary.js'

const DEFAULT_SEEDS = 20
const SEEDS_MAX = 10_000
const DEFAULT_REPORT = 'report.html'

interface ReplayFlags {
  readonly data?: string
  readonly train?: string
  readonly cold?: boolean
  readonly models?: string
  readonly exclude?: readonly string[]
  readonly scenario?: ScenarioName
  readonly shifted?: string
  readonly newcomer?: string
  readonly budgets?: string
  readonly features?: 'stored' | 'encode'
  readonly policy: PolicyName
  readonly seeds: number
  readonly kernel?: KernelName
  readonly json?: string
  readonly report?: string
}

/** What is played: rows and models, from files or simulated. */
interface Workload {
  readonly name: string
  readonly simulated: boolean
  /** Id of a model that is yet to come in every scenario but onboarding, or null. */
  readonly newcomer: string | null
  readonly models: readonly ModelSpec[]
  readonly rows: readonly OutcomeRow[]
  readonly trainRows: readonly OutcomeRow[] | null
}

/** Adds `replay` to the program. Its action throws ParetoBanditError and CommandError for what the user can mend. */
export function registerReplay(program: Command): void {
  program
    .command('replay')
    .description(
      'Play recorded outcomes through a policy and baselines; without --data, a simulated workload.',
    )
    .option('--data <file>', 'recorded outcomes, JSON lines {id, source, prompt, features, outcomes}')
    .option('--train <file>', 'outcomes that fit priors and burn in; then all of --data evaluates')
    .option('--cold', 'no priors: route every row before evaluation')
    .option('--models <file>', 'models and prices, {"models": [{id, inputUsdPerMTok, outputUsdPerMTok}]}')
    .option('--exclude <id>', 'leave a model out (repeatable)', listFlag)
    .option(
      '--scenario <name>',
      `${SCENARIO_NAMES.join(', ')} (default: stationary; all when simulated)`,
      wordFlag(SCENARIO_NAMES),
    )
    .option(
      '--shifted <id>',
      'the model that changes (default: price-drop the dearest, quality-regression the second)',
    )
    .option('--newcomer <id>', 'the model that joins in onboarding (default: the last)')
    .option('--budgets <list>', 'USD per request, a,b,c or auto7 (default: auto7 for stationary)')
    .option(
      '--features <from>',
      'stored, or encode the prompts (default: stored)',
      wordFlag(['stored', 'encode']),
    )
    .option('--policy <name>', POLICY_NAMES.join(', '), wordFlag(POLICY_NAMES), 'paper')
    .option('--seeds <n>', 'shuffles to average over', seedsFlag, DEFAULT_SEEDS)
    .option('--kernel <name>', `${KERNEL_NAMES.join(', ')} (default: the fastest)`, wordFlag(KERNEL_NAMES))
    .option('--json <file>', 'write the figures')
    .option('--report <file>', `write one HTML page with plots (default when simulated: ${DEFAULT_REPORT})`)
    .action((flags: ReplayFlags) => replay(flags))
}

async function replay(flags: ReplayFlags): Promise<void> {
  checkCombinations(flags)
  const reportPath = flags.report ?? (flags.data === undefined ? DEFAULT_REPORT : undefined)
  if (flags.json !== undefined && reportPath !== undefined && resolve(flags.json) === resolve(reportPath)) {
    throw badFlag('json', `expected another file than the report's, got ${show(flags.json)} for both`)
  }
  const workload = await loadWorkload(flags)
  for (const path of [flags.json, reportPath]) if (path !== undefined) await checkWritable(path)
  const scenarios =
    flags.scenario !== undefined
      ? [flags.scenario]
      : workload.simulated
        ? SCENARIO_NAMES
        : ['stationary' as const]
  const jobs = scenarios.map((scenario) => settingsOf(scenario, workload, flags))
  const results = await runAll(jobs, viewFor(workload, jobs.length))
  const reports = results.map((result) => result.report)
  if (flags.json !== undefined) {
    await writeTextFile(
      flags.json,
      `${JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2)}\n`,
    )
  }
  if (reportPath !== undefined) await writeTextFile(reportPath, reportOf(workload, jobs, results, flags))
  const notes = ['Budgets and costs are in USD per 1,000 requests.']
  if (flags.json !== undefined) notes.push(`Figures: ${flags.json}`)
  if (reportPath !== undefined) notes.push(`Report: ${reportPath}`)
  process.stdout.write(`${results.map(summaryText).join('\n')}\n${notes.join('\n')}\n`)
}

function checkCombinations(flags: ReplayFlags): void {
  if (flags.data === undefined) {
    for (const flag of ['train', 'models'] as const) {
      if (flags[flag] !== undefined)
        throw badFlag(flag, 'goes with --data; without it a simulated workload is played')
    }
  } else if (flags.models === undefined) {
    throw badFlag('models', 'expected a file of models and prices beside --data')
  }
  const scenario = flags.scenario ?? (flags.data === undefined ? null : 'stationary')
  if (scenario === null) return
  if (flags.shifted !== undefined && scenario !== 'price-drop' && scenario !== 'quality-regression') {
    throw badFlag('shifted', 'goes with --scenario price-drop or quality-regression')
  }
  if (flags.newcomer !== undefined && scenario !== 'onboarding')
    throw badFlag('newcomer', 'goes with --scenario onboarding')
}

async function loadWorkload(flags: ReplayFlags): Promise<Workload> {
  if (flags.data === undefined) {
    const { models, rows } = simulateWorkload(defaultEncoder())
    const left = withoutExcluded(models, flags.exclude)
    const newcomer = models[models.length - 1].id
    return { name: 'a simulated workload', simulated: true, newcomer, models: left, rows, trainRows: null }
  }
  const models = withoutExcluded(await readModelsFile(flags.models ?? ''), flags.exclude)
  const rows = parseOutcomes(await readTextFile(flags.data), flags.data)
  const trainRows =
    flags.train === undefined ? null : parseOutcomes(await readTextFile(flags.train), flags.train)
  return { name: basename(flags.data), simulated: false, newcomer: null, models, rows, trainRows }
}

function withoutExcluded(models: readonly ModelSpec[], excluded: readonly string[] | undefined): ModelSpec[] {
  const out = new Set((excluded ?? []).map((id) => modelIndex(id, models, '--exclude')))
  const left = models.filter((_, m) => !out.has(m))
  if (left.length === 0) throw badFlag('exclude', 'no model is left')
  return left
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
  const encoder = flags.features === 'encode' ? defaultEncoder() : null
  const data = buildTable(workload.rows, models, encoder, flags.data ?? workload.name)
  const train =
    workload.trainRows === null
      ? null
      : buildTable(workload.trainRows, models, encoder, flags.train ?? 'train')
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
    kernel: flags.kernel ?? 'auto',
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

/** Finds out before a long run whether its result could be written. */
async function checkWritable(path: string): Promise<void> {
  const folder = dirname(path)
  try {
    if (!(await stat(folder)).isDirectory())
      throw new CommandError('FILE_UNWRITABLE', `${folder}: it is not a folder`)
  } catch (error) {
    throw fileError(error, path, 'write')
  }
  const existing = await stat(path).catch(() => null)
  if (existing?.isDirectory())
    throw new CommandError('FILE_UNWRITABLE', `${path}: cannot write it: it is a folder`)
}

function seedsFlag(text: string): number {
  const value = numberFlag(text)
  if (!Number.isInteger(value) || value < 1 || value > SEEDS_MAX) {
    throw new InvalidArgumentError(`Expected an integer from 1 to ${SEEDS_MAX}.`)
  }
  return value
}

function badFlag(flag: string, message: string): ParetoBanditError {
  return new ParetoBanditError('INVALID_ARGUMENT', `--${flag}`, message)
}
