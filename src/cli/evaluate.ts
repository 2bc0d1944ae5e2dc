import type { Command } from 'commander'
import { show } from '../base/errors.js'
import { assumeRandom } from '../evaluate/assume-random.js'
import { evaluatePolicies } from '../evaluate/evaluation.js'
import { DecisionLogReader } from '../evaluate/log.js'
import { renderEvaluation } from '../evaluate/report.js'
import { defaultEncoder } from '../features/default-encoder.js'
import { dataLines } from './chunks.js'
import { evaluationText, provenance } from './evaluate-view.js'
import { dataName } from './files.js'
import { badFlag, listFlag, pathsFlag } from './flags.js'
import { writeOutput } from './line-sink.js'
import { checkOutputs } from './outputs.js'
import { print } from './print.js'

interface EvaluateFlags {
  readonly log: readonly string[]
  readonly policy?: readonly string[]
  readonly assumeRandom?: boolean
  readonly json?: boolean
  readonly report?: string
}

const HELP = `
The log is what a router with 'epsilon' told its listeners, one event a line as JSON, or flat lines
  {"context": [...] or "prompt": "...", "model", "propensity", "eligible": [...], "reward", "costUsd"}

Policies: logged (always printed first), uniform (any eligible model), model:ID (always that one), ridge@USD (ridge
regressions of reward and cost, fitted crosswise on the log, at a number of dollars a request).

Logs of other systems: 'import-log --for evaluate'. Without propensities they tell what was earned, and nothing of other
policies. --assume-random is for logs of a fair split (an A/B test): each model's propensity is its share.

It refuses when the log cannot say it, and says how much more is needed: docs/EVALUATE.md.

Examples:
  $ paretobandit evaluate --log events.jsonl --policy uniform --policy model:gpt-4o
  $ paretobandit export router.state | paretobandit evaluate --log - --policy uniform
  $ paretobandit evaluate --log events.1.jsonl.gz --log events.jsonl --policy uniform
  $ paretobandit evaluate --log events.jsonl --policy ridge@0.002 --report evaluation.html`

export function registerEvaluate(program: Command): void {
  program
    .command('evaluate')
    .description('estimate from a log what another policy would have earned')
    .requiredOption(
      '--log <file>',
      "a router's events, or flat decisions, one JSON object a line ('-': standard input) (repeatable)",
      pathsFlag,
    )
    .option('--policy <name>', 'logged, uniform, model:ID or ridge@USD (repeatable)', listFlag)
    .option(
      '--assume-random',
      'take models without a propensity to be drawn by chance, whatever the prompt; refused where the log shows otherwise',
    )
    .option('--json', 'print the estimates as JSON')
    .option('--report <file>', 'write a page with the intervals drawn')
    .addHelpText('after', HELP)
    .action(evaluate)
}

async function evaluate(flags: EvaluateFlags): Promise<void> {
  await checkOutputs([flags.report], flags.log)
  const again = flags.log.find((path, i) => flags.log.indexOf(path) < i)
  if (again !== undefined) throw badFlag('log', `expected each file once, got ${show(again)} again`)
  // Feedback may stand in another file than its decision: logs are rotated.
  const reader = new DecisionLogReader(flags.log.map(dataName).join(', '), defaultEncoder())
  for (const path of flags.log) for await (const line of dataLines(path)) reader.take(line)
  const read = reader.finish()
  const log = flags.assumeRandom === true ? assumeRandom(read) : read
  const evaluation = evaluatePolicies(log, flags.policy ?? [])
  if (flags.report !== undefined) {
    await writeOutput(flags.report, renderEvaluation(evaluation, provenance(evaluation)), 'all')
  }
  const note = flags.report === undefined ? '' : `Report: ${flags.report}\n`
  print(flags.json === true ? `${JSON.stringify(evaluation, null, 2)}\n` : evaluationText(evaluation) + note)
}
