import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { nearest } from '../base/nearest.js'
import { visible } from '../base/visible.js'
import { checkModelSpecs, type ResolvedModelSpec, refusePerToken } from '../models/model.js'
import type { PriceDifference } from '../prices/difference.js'
import { PRICE_FORMATS, type PriceFormat } from '../prices/formats/formats.js'
import { type ImportedPrices, importList } from '../prices/import-prices.js'
import { PRICE_SERVICES, type PriceService } from '../prices/listed.js'
import { checkOptions } from '../prices/options.js'
import { UNPRICED_TOKENS, UNPRICED_WAY_OUT, type UnpricedTokens } from '../prices/priced-model.js'
import { type PriceProblem, PricesError } from '../prices/problem.js'
import { isAddress, readSource } from '../prices/read-source.js'
import { CommandError } from './command-error.js'
import { asFlag, listFlag, wordFlag } from './flags.js'
import { plural } from './format.js'
import { readModelsFile } from './inputs.js'
import { writeOutput } from './line-sink.js'
import { checkOutputs } from './outputs.js'
import { print } from './print.js'
import { renderTable } from './table.js'

interface ImportFlags {
  readonly models?: string
  readonly as?: ReadonlyMap<string, string>
  readonly format?: PriceFormat
  readonly service?: PriceService
  readonly unpriced?: UnpricedTokens
  readonly discounts?: boolean
  readonly accept?: readonly string[]
  readonly write?: string
  readonly json?: boolean
}

const HELP = `
The list is LiteLLM's model_prices_and_context_window.json, models.dev's api.json, OpenRouter's /models, or a models file. Prices are
as good as the list: look at the table before you use them. A price that is 100 times what is in force or what is
usual in the list, or 0, is asked about on a terminal, and refused elsewhere unless --accept names the model. Nothing is written then.

Examples:
  $ paretobandit prices import model_prices_and_context_window.json --models models.json --as large=gpt-5 --as small=gpt-5-nano
  $ paretobandit prices import https://models.dev/api.json --as large=openai/gpt-5 --write prices.json
  $ paretobandit prices import openrouter.json --models models.json --json`

export function registerPrices(program: Command): void {
  program
    .command('prices')
    .description('take over prices from public price lists')
    .addHelpText('after', HELP)
    .command('import')
    .description('show what a price list would change, and write a models file with its prices')
    .argument('<source>', 'a file, or a URL (https, or http on localhost)')
    .option('--models <file>', 'models with the prices in force; their ids are looked up in the list')
    .option('--as <id=name>', 'what the list calls a model, or a model that is new (repeatable)', asFlag)
    .option('--format <name>', `${PRICE_FORMATS.join(', ')} (default: recognised)`, wordFlag(PRICE_FORMATS))
    .option(
      '--service <name>',
      `whose prices: ${PRICE_SERVICES.join(', ')} (default: standard)`,
      wordFlag(PRICE_SERVICES),
    )
    .option('--discounts', 'take discounts of batch and flex requests from the list')
    .option(
      '--unpriced <what>',
      `kinds of tokens that have no price there: ${UNPRICED_TOKENS.join(', ')} (default: refuse)`,
      wordFlag(UNPRICED_TOKENS),
    )
    .option('--accept <id>', 'the prices of this model are meant, however far off (repeatable)', listFlag)
    .option('--write <file>', 'write a models file with the prices')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action(runImport)
}

async function runImport(source: string, flags: ImportFlags): Promise<void> {
  const { models: file, as = new Map<string, string>(), write, json } = flags
  if (file === undefined && as.size === 0)
    throw new CommandError('BAD_ARGUMENT', 'expected --models FILE, or --as ID=NAME for each model')
  await checkOutputs([write], [isAddress(source) ? undefined : source, file])
  const current = file === undefined ? [] : await readModelsFile(file, 'warn')
  const models = new Map([...current.map(({ id }): [string, string] => [id, id]), ...as])
  const strangers = strangersOf(as.keys(), current)
  const taken = await imported(source, flags, current, models, strangers)
  const hints = [...strangers].map(([model, meant]) => ({
    model,
    message: `it is new, as --models has no such model; did you mean '${meant}'?`,
  }))
  const result = { ...taken, notes: [...hints, ...taken.notes] }
  if (write !== undefined) refuseUnreadable(taken)
  if (write !== undefined) await writeOutput(write, modelsFile(result))
  if (json === true) {
    print(`${JSON.stringify({ ...result, readAt: timeOf(result) }, null, 2)}\n`)
    return
  }
  printResult(result, current.length > 0)
  if (write !== undefined) print(`${visible(write)}: ${plural(result.models.length, 'model')} written\n`)
}

/** @throws INVALID_ARGUMENT for prices that the file's readers would refuse, accepted or not */
function refuseUnreadable({ models, source }: ImportedPrices): void {
  for (const model of checkModelSpecs(models, source)) refusePerToken(model, `${source}: ${model.id}`)
}

/** What is doubtful is asked about where somebody can answer. @throws PricesError with what was refused */
async function imported(
  source: string,
  { format, service, unpriced, discounts, accept = [], json }: ImportFlags,
  current: readonly ResolvedModelSpec[],
  models: ReadonlyMap<string, string>,
  strangers: Strangers,
): Promise<ImportedPrices> {
  const settings = checkOptions({
    models: Object.fromEntries(models),
    current,
    accept,
    format,
    service,
    unpriced,
    discounts,
    partial: true,
  })
  const list = await readSource(source, settings)
  const first = importList(list, settings)
  const doubtful = first.problems.filter(({ code }) => code === 'PRICES_IMPLAUSIBLE')
  if (first.problems.length === 0) return first
  const isAsked = json !== true && process.stdin.isTTY && process.stderr.isTTY
  if (doubtful.length < first.problems.length || !isAsked) throw refusal(first, strangers)
  const taken = await ask(doubtful)
  const second = importList(list, { ...settings, accept: new Set([...accept, ...taken]) })
  if (second.problems.length > 0) throw refusal(second, strangers)
  return second
}

/** With the flags that would help. @param isNamed whether its flag has said already what the list calls the model of a problem */
export function refusal(
  { source, problems }: ImportedPrices,
  strangers: Strangers,
  isNamed = ({ model, name }: PriceProblem) => model !== name,
): PricesError {
  const helped = problems.map((found) => {
    const { code, model } = found
    const message = found.message.replace(UNPRICED_WAY_OUT, '--unpriced dearest takes the model all the same')
    const problem = { ...found, message }
    const stranger = [...strangers].find(([, meant]) => meant === model)?.[0]
    if (code === 'PRICES_IMPLAUSIBLE')
      return { ...problem, message: `${message}; if that is meant: --accept ${model}` }
    if (code === 'PRICES_MISSING' && stranger !== undefined)
      return { ...problem, message: `${message}; --as ${stranger}=… names no model of --models` }
    if (code === 'PRICES_MISSING' && !isNamed(found))
      return { ...problem, message: `${message}; if the list calls it something else: --as ${model}=NAME` }
    return problem
  })
  return new PricesError(source, helped)
}

/** Ids of `--as` that --models has not, by the id that was likely meant. */
type Strangers = ReadonlyMap<string, string>

function strangersOf(as: Iterable<string>, current: readonly ResolvedModelSpec[]): Strangers {
  const ids = current.map(({ id }) => id)
  return new Map(
    [...as].flatMap((id): [string, string][] => {
      const meant = ids.includes(id) ? undefined : nearest(id, ids)
      return meant === undefined ? [] : [[id, meant]]
    }),
  )
}

/** @returns ids of models whose prices are meant */
async function ask(problems: readonly PriceProblem[]): Promise<string[]> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const taken: string[] = []
  try {
    for (const model of new Set(problems.map((problem) => problem.model))) {
      const lines = problems
        .filter((problem) => problem.model === model)
        .map(({ message }) => visible(message))
      const answer = await terminal.question(`${visible(model)}: ${lines.join('; ')}\nIs that meant? [y/N] `)
      if (/^y(es)?$/i.test(answer.trim())) taken.push(model)
    }
  } finally {
    terminal.close()
  }
  return taken
}

function printResult(result: ImportedPrices, hasCurrent: boolean): void {
  const { differences, notes, source, format } = result
  print(`${visible(source)} (${format}), read ${timeOf(result)}; USD per million tokens\n\n`)
  if (differences.length === 0) print('no price differs from those in force\n')
  else print(differenceTable(differences))
  if (!hasCurrent) print('\nno prices in force were given: all are new\n')
  if (notes.length > 0) print('\n')
  for (const { model, message } of notes) print(`${visible(model)}: ${visible(message)}\n`)
}

function differenceTable(differences: readonly PriceDifference[]): string {
  const number = (value: number | null) => (value === null ? '-' : String(Number(value.toPrecision(12))))
  return renderTable(
    [
      { title: 'model' },
      { title: 'price' },
      { title: 'above tokens', align: 'right' },
      { title: 'before', align: 'right' },
      { title: 'after', align: 'right' },
      { title: 'times', align: 'right' },
    ],
    differences.map(({ model, price, aboveInputTokens, before, after, times }) => [
      model,
      price.replace(/UsdPerMTok$/, ''),
      aboveInputTokens === null ? '' : String(aboveInputTokens),
      number(before),
      number(after),
      times === null ? '-' : String(Number(times.toPrecision(3))),
    ]),
  )
}

/** With where the prices are from and when they were read: readers of models look at the models alone. */
function modelsFile(result: ImportedPrices): string {
  const { source, format, models } = result
  return `${JSON.stringify({ source, format, readAt: timeOf(result), models }, null, 2)}\n`
}

function timeOf({ readAt }: ImportedPrices): string {
  return new Date(readAt).toISOString()
}
