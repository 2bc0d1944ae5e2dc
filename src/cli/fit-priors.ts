import type { Command } from 'commander'
import { visible } from '../base/visible.js'
import { defaultEncoder } from '../features/default-encoder.js'
import { parseOutcomes } from '../replay/dataset.js'
import { fitPriors } from '../router/fit-priors.js'
import { CommandError } from './command-error.js'
import { readData } from './files.js'
import { plural } from './format.js'
import { writeOutput } from './line-sink.js'
import { checkOutputs } from './outputs.js'
import { print } from './print.js'

interface FitPriorsFlags {
  readonly data: string
  readonly out: string
}

const HELP = `
Example:
  $ paretobandit fit-priors --data outcomes.jsonl --out priors.json
  $ paretobandit route "Explain quantum computing" --models models.json --budget 0.002 --priors priors.json`

export function registerFitPriors(program: Command): void {
  program
    .command('fit-priors')
    .description('make warm-up priors from recorded outcomes')
    .requiredOption(
      '--data <file>',
      "recorded outcomes, one JSON object a line: {id, prompt, outcomes}, as import-log writes them ('-': standard input)",
    )
    .requiredOption('--out <file>', 'where the priors go, as JSON')
    .addHelpText('after', HELP)
    .action(writePriors)
}

async function writePriors({ data, out }: FitPriorsFlags): Promise<void> {
  await checkOutputs([out], [data])
  const { text, name } = await readData(data)
  const rows = parseOutcomes(text, name)
  const encoder = defaultEncoder()
  // Prompts are encoded again, whatever features the rows carry: `route` uses the default encoder too.
  const contexts = rows.map(({ prompt, features, encoder: name }) =>
    prompt === '' && name === encoder.name ? features : null,
  )
  const bare = rows.find(({ prompt }, i) => prompt === '' && contexts[i] === null)
  if (bare !== undefined) {
    const message = `${name}: row '${bare.id}' has no prompt to encode, and no features of encoder '${encoder.name}'; fitPriors takes contexts of any encoder`
    throw new CommandError('BAD_ARGUMENT', message)
  }
  const priors = fitPriors(
    rows.map(({ prompt, outcomes }, i) => {
      const context = contexts[i]
      return context === null ? { prompt, outcomes } : { context, outcomes }
    }),
    { encoder },
  )
  await writeOutput(out, `${JSON.stringify(priors)}\n`)
  print(
    `${out}: priors of ${plural(Object.keys(priors.models).length, 'model')} from ${plural(rows.length, 'prompt')}\n`,
  )
  for (const [id, { rows: count }] of Object.entries(priors.models))
    print(`  ${visible(id)}: ${plural(count, 'outcome')}\n`)
}
