import type { Command } from 'commander'
import { KERNEL_NAMES, type KernelName } from '../kernel/kernel.js'
import { DEFAULT_POLICY, POLICY_NAMES, type PolicyName } from '../policy/policies.js'
import { autoBudgets, parseBudgets } from '../replay/budgets.js'
import { tune } from '../replay/tune.js'
import { checkWritable } from './files.js'
import { badFlag, listFlag, numberFlag, seedsFlag, wordFlag } from './flags.js'
import { writeOutput } from './line-sink.js'
import { checkOutputs } from './outputs.js'
import { print } from './print.js'
import { barJobView, SILENT_JOB_VIEW } from './view/observers.js'
import { tuneText } from './view/tuning.js'
import { loadWorkload, tableOf } from './workload.js'

const DEFAULT_TRAIN_SHARE = 0.6
const DEFAULT_SEEDS = 10

interface TuneFlags {
  readonly data: string
  readonly models: string
  readonly exclude?: readonly string[]
  readonly features?: 'stored' | 'encode'
  readonly trainShare: number
  readonly budgets: string
  readonly policy: PolicyName
  readonly seeds: number
  readonly kernel?: KernelName
  readonly json?: string
}

const HELP = `
Tries alpha, gamma and nEffective on the train part of each shuffle, and the best setting once on the rest.
Example:
  $ paretobandit tune --data outcomes.jsonl --models models.json --json tuned.json`

/** Adds `tune` to the program. Its action throws ParetoBanditError and CommandError for what the user can mend. */
export function registerTune(program: Command): void {
  program
    .command('tune')
    .description('search the knobs of a policy by replaying recorded outcomes')
    .requiredOption(
      '--data <file>',
      "recorded outcomes, JSON lines {id, source, prompt, features, outcomes} ('-': standard input)",
    )
    .requiredOption(
      '--models <file>',
      'models and prices, {"models": [{id, inputUsdPerMTok, outputUsdPerMTok}]}',
    )
    .option('--exclude <id>', 'leave a model out (repeatable)', listFlag)
    .option(
      '--features <from>',
      'stored, or encode the prompts (default: stored)',
      wordFlag(['stored', 'encode']),
    )
    .option('--train-share <share>', 'share of each shuffle to search on', numberFlag, DEFAULT_TRAIN_SHARE)
    .option('--budgets <list>', 'USD per request, a,b,c or auto7', 'auto7')
    .option('--policy <name>', POLICY_NAMES.join(', '), wordFlag(POLICY_NAMES), DEFAULT_POLICY)
    .option('--seeds <n>', 'shuffles to average over', seedsFlag, DEFAULT_SEEDS)
    .option('--kernel <name>', `${KERNEL_NAMES.join(', ')} (default: the fastest)`, wordFlag(KERNEL_NAMES))
    .option('--json <file>', 'write the figures')
    .addHelpText('after', HELP)
    .action(runTune)
}

async function runTune(flags: TuneFlags): Promise<void> {
  const { trainShare } = flags
  if (!(trainShare > 0 && trainShare < 1)) {
    throw badFlag('train-share', `expected a number between 0 and 1, got ${trainShare}`)
  }
  const choice = parseBudgets(flags.budgets, '--budgets')
  await checkOutputs([flags.json], [flags.data, flags.models])
  const workload = await loadWorkload(flags)
  const data = tableOf(workload.rows, workload.models, flags.features, flags.data)
  if (flags.json !== undefined) await checkWritable(flags.json)
  const view = process.stderr.isTTY ? barJobView(1) : SILENT_JOB_VIEW
  const { policy, seeds } = flags
  const budgetsUsd = choice === 'auto7' ? autoBudgets(data) : choice
  const settings = { data, trainShare, budgetsUsd, policy, seeds, kernel: flags.kernel ?? ('auto' as const) }
  const observer = view.observer(
    0,
    workload.models.map(({ id }) => id),
  )
  const report = await tune(settings, observer).finally(() => view.stop())
  if (flags.json !== undefined) await writeOutput(flags.json, `${JSON.stringify(report, null, 2)}\n`, 'all')
  const written = flags.json === undefined ? '' : `Figures: ${flags.json}\n`
  print(`${tuneText(report)}\n${workload.repeats}${written}`)
}
