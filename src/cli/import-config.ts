import { dirname, isAbsolute, join } from 'node:path'
import type { Command } from 'commander'
import { expected } from '../base/errors.js'
import { plural } from '../base/format.js'
import { dataName, readStandardInput, readTextFile } from './files.js'
import { writeOutput } from './line-sink.js'
import { checkOutputs } from './outputs.js'
import { print, printError } from './print.js'
import { shellWord } from './shell-word.js'

interface ImportConfigFlags {
  readonly out?: string
  readonly prices?: string
}

const HELP = `
The file is a config of LiteLLM's proxy. Its models, their addresses, keys, parameters and prices, timeouts, retries, Redis and
the admin key are taken over, also of files that it includes; what is another way here,
or is not taken over, is named in the first lines of the new file.
No secret is: where one stands in the file, the new file names an environment variable in its place.

Examples:
  $ paretobandit import-config config.yaml --out gateway.yaml
  $ paretobandit import-config config.yaml --prices https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json --out gateway.yaml`

export function registerImportConfig(program: Command): void {
  program
    .command('import-config')
    .description("turn a config of LiteLLM's proxy into one of the gateway")
    .argument('<config>', "YAML or JSON ('-': standard input)")
    .option('--out <file>', 'where the new config goes (default: standard output)')
    .option(
      '--prices <list>',
      "a price list, as 'prices import' takes it, for models without prices of their own (default: LiteLLM's, read when the gateway starts)",
    )
    .addHelpText('after', HELP)
    .action(importConfig)
}

async function importConfig(file: string, { out, prices }: ImportConfigFlags): Promise<void> {
  await checkOutputs([out], [file])
  const { includesOf, withIncluded } = await import('../gateway/config/from-litellm/shared-parts.js')
  const own = await readOld(file)
  const includes = includesOf(own).map((each) =>
    isAbsolute(each) || file === '-' ? each : join(dirname(file), each),
  )
  await checkOutputs([out], includes)
  const included: unknown[] = []
  for (const each of includes) included.push(await readOld(each))
  const value = withIncluded(own, included)
  const name = [file, ...includes].map(dataName).join(', ')
  const { fromLiteLlm } = await import('../gateway/config/from-litellm/convert.js')
  const { configTextOf, leftOutOf, stepsOf } = await import('../gateway/config/from-litellm/config-text.js')
  const converted = await fromLiteLlm(value, {
    env: process.env,
    prices: prices ?? null,
  })
  const made = configTextOf(converted, name)
  const { readConfigText } = await import('../gateway/config/read-config.js')
  const config = await readConfigText(made, { name: out ?? 'gateway.yaml', env: null })
  if (out === undefined) print(made)
  // No secret is in it, and the user that serves it is often another: that of the image, say.
  else await writeOutput(out, made, 'all')
  const leftOut = leftOutOf(converted)
  const lines = [
    `${out ?? 'standard output'}: ${plural(config.models.length, 'model')} on ${plural(config.upstreams.length, 'upstream')}, ${leftOut.length} left out`,
    ...leftOut.map((line) => `  left out: ${line}`),
    ...stepsOf(converted).map((line) => `  to do: ${line}`),
    `  then: paretobandit check-config ${shellWord(out ?? 'gateway.yaml')}, and keys for clients: paretobandit keys create NAME`,
  ]
  const report = `${lines.join('\n')}\n`
  if (out === undefined) printError(report)
  else print(report)
}

/** @throws ConfigError with the place of each mistake of its text */
async function readOld(file: string): Promise<unknown> {
  const name = dataName(file)
  const text = file === '-' ? await readStandardInput() : await readTextFile(file)
  const { parseConfigText } = await import('../gateway/config/config-text.js')
  const { ConfigError } = await import('../gateway/config/config-error.js')
  const { grownNames } = await import('../gateway/config/from-litellm/old-names.js')
  const { value, mistakes, placeOf } = parseConfigText(text)
  if (mistakes.length > 0 && /\.toml$/i.test(file))
    throw expected(
      'DATA_INVALID',
      'config',
      "a config of LiteLLM's proxy in YAML or JSON: of TensorZero's, docs/GATEWAY.md (Coming from another gateway) says what each part is called here",
      name,
    )
  if (mistakes.length > 0) throw new ConfigError(name, mistakes)
  const grown = grownNames(value).map((mistake) => ({ ...mistake, place: placeOf(mistake.path) }))
  if (grown.length > 0) throw new ConfigError(name, grown)
  return value
}
