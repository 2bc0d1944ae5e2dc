import { existsSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { visible } from '../base/visible.js'
import { UNPRICED_TOKENS, type UnpricedTokens } from '../prices/priced-model.js'
import { CommandError } from './command-error.js'
import { fileError, isErrno } from './files.js'
import { asFlag, badFlag, listFlag, numberFlag, wordFlag } from './flags.js'
import { DEFAULT_CONFIGS, defaultConfig } from './gateway-config.js'
import type { FirstConfig } from './init/first-config.js'
import { isModelName, modelFlag, type WantedModel } from './init/wanted-model.js'
import { print, printError } from './print.js'

interface InitFlags {
  readonly model?: readonly WantedModel[]
  readonly prices?: string
  readonly as?: ReadonlyMap<string, string>
  readonly unpriced?: UnpricedTokens
  readonly accept?: readonly string[]
  readonly usdPerRequest?: number
  readonly usdPerMonth?: number
  readonly requestsPerMonth?: number
  readonly secrets: boolean
}

const [FILE] = DEFAULT_CONFIGS

const HELP = `
Providers are those whose keys the environment has: OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY (or GOOGLE_API_KEY,
GOOGLE_GENERATIVE_AI_API_KEY), MISTRAL_API_KEY, GROQ_API_KEY, DEEPSEEK_API_KEY, XAI_API_KEY, OPENROUTER_API_KEY, TOGETHER_API_KEY,
FIREWORKS_API_KEY, CEREBRAS_API_KEY. The config names the variable and never holds its value. OPENAI_BASE_URL and ANTHROPIC_BASE_URL are
other addresses, as the providers' own clients read them.
Without --model it prints the models that the list has of them, the cheapest first, and writes nothing.

Examples:
  $ paretobandit init --prices https://models.dev/api.json
  $ paretobandit init --prices https://models.dev/api.json --model openai/gpt-5-nano --model openai/gpt-5 --usd-per-request 0.002
  $ paretobandit init --prices prices.json --model openai/gpt-5-nano --model openai/gpt-5 --usd-per-month 500 --requests-per-month 300000`

export function registerInit(program: Command): void {
  program
    .command('init')
    .description('write a first config of the gateway, for the providers whose keys the environment has')
    .argument('[config]', `where it goes, a new file ('-': standard output; default: ${FILE})`)
    .option(
      '--prices <list>',
      "a price list, as 'prices import' takes it: a file, or a URL (https, or http on localhost)",
    )
    .option(
      '--model <provider/model>',
      'a model to choose among, two to five of them (repeatable)',
      modelFlag,
    )
    .option('--as <id=name>', 'what the list calls a model, where that is another name (repeatable)', asFlag)
    .option(
      '--unpriced <what>',
      `kinds of tokens that have no price there: ${UNPRICED_TOKENS.join(', ')} (default: refuse)`,
      wordFlag(UNPRICED_TOKENS),
    )
    .option('--accept <id>', 'the prices of this model are meant, however far off (repeatable)', listFlag)
    .option('--usd-per-request <usd>', 'the budget: what a request may cost on average', dollarsFlag)
    .option('--usd-per-month <usd>', 'a cap that no month exceeds', dollarsFlag)
    .option(
      '--requests-per-month <n>',
      'how many share it: with --usd-per-month, the budget of each follows',
      requestsFlag,
    )
    .option('--no-secrets', 'also providers whose keys the environment does not have')
    .addHelpText('after', HELP)
    .action(init)
}

async function init(given: string | undefined, flags: InitFlags): Promise<void> {
  const { model: wanted = [], prices, secrets } = flags
  const budget = budgetOf(flags)
  const { START_PROVIDERS, isSet, keyNameIn } = await import('./init/providers.js')
  const { LITELLM_LIST } = await import('../gateway/config/from-litellm/prices.js')
  if (prices === undefined)
    throw badFlag(
      'prices',
      `expected a price list, as none comes with this package: a file, or an address such as https://models.dev/api.json or ${LITELLM_LIST}`,
    )
  const file = given ?? FILE
  if (wanted.length > 0) refuseFile(given)
  const { readList } = await import('./init/read-list.js')
  if (wanted.length === 0) {
    const { modelsText } = await import('./init/models-text.js')
    const providers = START_PROVIDERS.filter((each) => !secrets || keyNameIn(each, process.env) !== undefined)
    if (providers.length === 0)
      throw new CommandError(
        'BAD_ARGUMENT',
        `init: expected the key of a provider in the environment: one of ${START_PROVIDERS.map(({ keyNames }) => keyNames[0]).join(', ')}; with --no-secrets all are listed`,
      )
    print(modelsText(await readList(prices, flags), providers, prices, secrets, process.stdout.isTTY))
    return
  }
  const { upstreamTree, adminTree } = await import('./init/upstream-tree.js')
  const providers = [...new Set(wanted.map(({ provider }) => provider))]
  const alone = providers.length === 1
  const upstreams = providers.map((each) => upstreamTree(each, process.env, { alone, secrets }))
  const admin = adminTree(process.env)
  const { pricedModels } = await import('./init/priced-models.js')
  const { models, notes, ...list } = pricedModels(wanted, await readList(prices, flags), flags)
  const config: FirstConfig = { upstreams, models, budget, admin, prices: list }
  const { firstConfigText } = await import('./init/first-config.js')
  const text = firstConfigText(config)
  const { readConfigText } = await import('../gateway/config/read-config.js')
  await readConfigText(text, { name: file, env: secrets ? process.env : null })
  const elsewhere = providers.flatMap(({ id, addressName }) =>
    addressName !== null && isSet(process.env[addressName])
      ? [`${id} is called at the address that ${addressName} has, at the prices that the list has of ${id}`]
      : [],
  )
  const { reportOf } = await import('./init/report.js')
  const report = reportOf(file, config, [...elsewhere, ...notes])
  if (file === '-') {
    print(text)
    printError(report)
    return
  }
  await writeNew(file, text)
  print(report)
}

function budgetOf({ usdPerRequest, usdPerMonth, requestsPerMonth }: InitFlags): FirstConfig['budget'] {
  if (requestsPerMonth !== undefined && usdPerMonth === undefined)
    throw badFlag('requests-per-month', 'expected --usd-per-month beside it, which these requests share')
  if (requestsPerMonth !== undefined && usdPerRequest !== undefined)
    throw badFlag(
      'requests-per-month',
      'expected no --usd-per-request beside it: the budget of a request follows from what a month has',
    )
  const share =
    usdPerMonth === undefined || requestsPerMonth === undefined
      ? null
      : roundedDown(usdPerMonth / requestsPerMonth)
  return { usdPerRequest: usdPerRequest ?? share, usdPerMonth: usdPerMonth ?? null }
}

/** To three digits that say something: no more than was given. */
function roundedDown(amount: number): number {
  const unit = 10 ** (Math.floor(Math.log10(amount)) - 2)
  return Number((Math.floor(amount / unit + 1e-9) * unit).toPrecision(3))
}

/** @throws FILE_UNWRITABLE, BAD_ARGUMENT */
function refuseFile(given: string | undefined): void {
  const there = given ?? defaultConfig() ?? FILE
  if (there === '-') return
  if (isModelName(there) && !existsSync(dirname(there)))
    throw new CommandError(
      'BAD_ARGUMENT',
      `config: expected a file such as ${FILE}, got the model ${visible(there)}: write --model before each`,
    )
  if (/\.json$/i.test(there))
    throw new CommandError('BAD_ARGUMENT', `${there}: expected a name that ends in .yaml, as YAML is written`)
  if (existsSync(there)) throw isThere(there)
}

function isThere(file: string): CommandError {
  return new CommandError(
    'FILE_UNWRITABLE',
    `${file}: expected a new file, it is there already: edit it, name another, or print with 'init -' what would be written`,
  )
}

/**
 * A file of that name that came meanwhile stays. Others may read it, as no secret is in it: the user that serves it is often another.
 * @throws FILE_UNWRITABLE
 */
async function writeNew(file: string, text: string): Promise<void> {
  const made = await open(file, 'wx').catch((error: unknown) => {
    throw isErrno(error) && error.code === 'EEXIST' ? isThere(file) : fileError(error, file, 'write')
  })
  try {
    await made.writeFile(text)
  } catch (error) {
    await rm(file, { force: true })
    throw fileError(error, file, 'write')
  } finally {
    await made.close()
  }
}

function dollarsFlag(text: string): number {
  const value = numberFlag(text)
  if (value <= 0 || value > 1e12) throw new InvalidArgumentError('Expected dollars: a number above 0.')
  return value
}

function requestsFlag(text: string): number {
  const value = numberFlag(text)
  if (!Number.isInteger(value) || value < 1 || value > 1e12)
    throw new InvalidArgumentError('Expected a whole number of requests, 1 or more.')
  return value
}
