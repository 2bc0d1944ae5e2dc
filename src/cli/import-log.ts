import { realpath } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { isRecord } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { FORMAT_NAMES } from '../evaluate/import-log/formats.js'
import {
  createLogImport,
  type FormatName,
  type ImportReport,
  type ImportUse,
  type LogImport,
} from '../evaluate/import-log/index.js'
import { IMPORT_USES } from '../evaluate/import-log/report.js'
import { CommandError } from './command-error.js'
import { dataName } from './files.js'
import { badFlag, numberFlag, pathsFlag, wordFlag } from './flags.js'
import { recordsOf } from './import-log/records.js'
import { importText, leftOutLine } from './import-log-view.js'
import { readModelsFile } from './inputs.js'
import { LineSink } from './line-sink.js'
import { checkOutputs, replacedText, sizeBefore } from './outputs.js'
import { print, printError } from './print.js'

interface ImportFlags {
  readonly out: string
  readonly for: ImportUse
  readonly format: FormatName
  readonly models?: string
  readonly model?: readonly string[]
  readonly reward?: string
  readonly rewardRange?: readonly [number, number]
  readonly rewardWord?: readonly string[]
  readonly scores?: readonly string[]
  readonly requests?: readonly string[]
  readonly column?: readonly string[]
  readonly propensity?: string
  readonly contextsOnly?: boolean
  readonly json?: boolean
}

const HELP = `
Logs: LiteLLM's spend logs, lines with a request and a response as OpenAI has them (output files of the batch API and
stored completions too), Langfuse's observations, LangSmith's runs, exports of Helicone and Portkey, and tables whose
columns --column names. As JSON lines, arrays or CSV, also compressed by gzip. docs/IMPORT.md has the fields that are read.

What rows are for:
  priors    one call a row, with its reward and cost: 'fit-priors' takes it
  replay    one prompt a row, with an outcome of every model of --models: logs that asked all models the same prompts
  evaluate  one decision a row: 'evaluate' tells what was earned; of other policies only where the log has propensities

Rows hold the prompts of your users, unless --contexts-only: the file is readable by you alone (0600), also where it
replaces one that was not.

Examples:
  $ paretobandit import-log spend.jsonl --reward metadata.rating --reward-range 1,5 --out rows.jsonl
  $ paretobandit import-log observations.jsonl.gz --scores scores.jsonl --reward helpful --for evaluate --out log.jsonl
  $ paretobandit import-log out-a.jsonl out-b.jsonl --requests batch.jsonl --for replay --models models.json --out rows.jsonl
  $ paretobandit import-log calls.csv --column prompt=question --column cost=usd --model small=gpt-4o-mini --out rows.jsonl`

export function registerImportLog(program: Command): void {
  program
    .command('import-log')
    .description("turn logs of calls into rows for 'fit-priors', 'replay' or 'evaluate'")
    .argument('<files...>', "logs ('-': standard input)")
    .requiredOption(
      '--out <file>',
      "where the rows go ('-': standard output, and the report to standard error)",
    )
    .option('--for <use>', IMPORT_USES.join(', '), wordFlag(IMPORT_USES), 'priors')
    .option('--format <name>', `${FORMAT_NAMES.join(', ')}`, wordFlag(FORMAT_NAMES), 'auto')
    .option(
      '--models <file>',
      'models and their prices: calls of others are left out, calls without a cost are priced',
    )
    .option('--model <id=name>', 'the id for what the log calls NAME, or NAME,NAME (repeatable)', pairFlag)
    .option('--reward <name>', 'the score or field that is the reward (default: reward)')
    .option('--reward-range <low,high>', 'the least and the largest reward (default: 0,1)', rangeFlag)
    .option('--reward-word <word=number>', 'what a word is worth as a reward (repeatable)', pairFlag)
    .option(
      '--scores <file>',
      'scores by id of a call or trace, as Langfuse exports them (repeatable)',
      pathsFlag,
    )
    .option('--requests <file>', 'requests of a batch, whose answers are in the log (repeatable)', pathsFlag)
    .option(
      '--column <what=name>',
      'id, at, prompt, model, cost, inputTokens, cachedInputTokens (a part of them), outputTokens or failed (repeatable)',
      pairFlag,
    )
    .option('--propensity <name>', 'the field with the probability that the model was chosen with')
    .option('--contexts-only', 'write encoded prompts, and no texts')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
    .action(importLog)
}

async function importLog(files: readonly string[], flags: ImportFlags): Promise<void> {
  const { out, scores = [], requests = [] } = flags
  const inputs = [...files, ...scores, ...requests]
  if (inputs.filter((path) => path === '-').length > 1)
    throw badFlag('scores', "expected '-' once at most, among all files that are read")
  await checkOutputs([out], [...inputs, flags.models])
  for (const paths of [files, scores, requests]) await checkOnce(paths)
  const log = createLogImport({
    for: flags.for,
    format: flags.format,
    ...(flags.models === undefined ? {} : { models: await readModelsFile(flags.models) }),
    names: namesOf(flags.model ?? []),
    reward: flags.reward,
    rewardRange: flags.rewardRange,
    rewardWords: Object.fromEntries(
      pairsOf(flags.rewardWord ?? []).map(([word, worth]) => [word, wordWorth(worth)]),
    ),
    columns: Object.fromEntries(pairsOf(flags.column ?? [])),
    propensity: flags.propensity,
    contextsOnly: flags.contextsOnly === true,
  })
  const unread = [
    ...(await addAll(scores, 'scores', (record, place) => log.addScore(record, place))),
    ...(await addAll(requests, 'requests', (record, place) => log.addRequest(record, place))),
  ]
  const replaced = await sizeBefore(out)
  const sink = await LineSink.open(out)
  try {
    const { report, unended } = await writeRows(log, files, sink)
    if (report.rowsUsed === 0)
      throw new ParetoBanditError('DATA_INVALID', files.map(dataName).join(', '), leftOutLine(report))
    if (flags.rewardRange === undefined) checkRewards(report, files)
    await sink.commit()
    const text =
      flags.json === true ? `${JSON.stringify({ ...report, unended }, null, 2)}\n` : importText(report, out)
    const cut = unended.map((place) => `${place}: no line ends after this row, which may be cut.`)
    const said =
      replaced === 0 ? [...unread, ...cut] : [...unread, ...cut, `${out}: ${replacedText(replaced)}.`]
    const notes = said.map((note) => `${note}\n`).join('')
    if (out === '-') printError(text + notes)
    else print(text + (flags.json === true ? '' : notes))
  } catch (error) {
    await sink.discard()
    throw error
  }
}

/** Of stars from 1 to 5 those of one star would be the best answers, and all others be left out. @throws DATA_INVALID */
function checkRewards({ leftOut, rewards }: ImportReport, files: readonly string[]): void {
  const beyond = leftOut.find(({ reason }) => reason === 'reward-out-of-range')
  if (beyond === undefined) return
  const message = `expected rewards from 0 to 1, got ${beyond.count} beyond, the first at ${beyond.first}, and ${rewards.known} within: --reward-range says what the least and the largest is (0,1 leaves out what is beyond)`
  throw new ParetoBanditError('DATA_INVALID', files.map(dataName).join(', '), message)
}

async function writeRows(log: LogImport, files: readonly string[], sink: LineSink) {
  const unended: string[] = []
  for (const path of files) {
    for await (const record of recordsOf(path)) {
      if ('problem' in record) {
        log.leaveOut(record.problem, record.place)
        continue
      }
      if (record.isUnended) unended.push(record.place)
      for (const row of log.take(record.value, record.place)) await sink.add(row)
    }
  }
  return { report: log.finish(), unended }
}

/** Rows without an id would count twice. @throws BAD_ARGUMENT */
async function checkOnce(paths: readonly string[]): Promise<void> {
  const seen = new Map<string, string>()
  for (const path of paths) {
    const real = path === '-' ? path : await realpath(path).catch(() => path)
    const before = seen.get(real)
    if (before !== undefined) {
      const as = before === path ? '' : `, as ${path}`
      throw new CommandError('BAD_ARGUMENT', `expected each file once, got ${before} twice${as}`)
    }
    seen.set(real, path)
  }
}

/** Reads files of scores or requests. @returns a note for each that had lines of something else */
async function addAll(
  paths: readonly string[],
  what: string,
  add: (record: unknown, place: string) => boolean,
): Promise<string[]> {
  const notes: string[] = []
  for (const path of paths) {
    const bad = { count: 0, first: '' }
    let good = 0
    for await (const record of recordsOf(path)) {
      for (const each of 'problem' in record ? [null] : pageOf(record.value)) {
        if (each !== null && add(each, record.place)) good++
        else if (bad.count++ === 0) bad.first = record.place
      }
    }
    if (good === 0)
      throw new ParetoBanditError(
        'DATA_INVALID',
        dataName(path),
        `expected ${what}, got ${bad.count} other lines`,
      )
    if (bad.count > 0)
      notes.push(`${dataName(path)}: ${bad.count} are no ${what}, the first at ${bad.first}.`)
  }
  return notes
}

/** The entries of a page of an API, or the record itself. */
function pageOf(value: unknown): readonly unknown[] {
  return isRecord(value) && Array.isArray(value.data) ? value.data : [value]
}

function pairFlag(text: string, before: readonly string[] | undefined): readonly string[] {
  if (!/^[^=]+=./s.test(text)) throw new InvalidArgumentError('Expected NAME=VALUE.')
  return [...(before ?? []), text]
}

function rangeFlag(text: string): readonly [number, number] {
  const ends = text.split(',')
  if (ends.length !== 2) throw new InvalidArgumentError('Expected two numbers, LOW,HIGH.')
  return [numberFlag(ends[0]), numberFlag(ends[1])]
}

function pairsOf(texts: readonly string[]): (readonly [string, string])[] {
  return texts.map((text) => {
    const at = text.indexOf('=')
    return [text.slice(0, at), text.slice(at + 1)] as const
  })
}

/** @throws INVALID_ARGUMENT for a name that gets two ids */
function namesOf(texts: readonly string[]): Record<string, string> {
  const ids = new Map<string, string>()
  for (const [id, names] of pairsOf(texts)) {
    for (const name of names.split(',').filter((each) => each !== '')) {
      const before = ids.get(name)
      if (before !== undefined && before !== id)
        throw badFlag('model', `expected one id for '${name}', got '${before}' and '${id}'`)
      ids.set(name, id)
    }
  }
  return Object.fromEntries(ids)
}

/** @throws INVALID_ARGUMENT */
function wordWorth(text: string): number {
  try {
    return numberFlag(text)
  } catch {
    throw badFlag('reward-word', `expected WORD=NUMBER, got '${text}' for a number`)
  }
}
