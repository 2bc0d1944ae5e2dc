import type { Command } from 'commander'
import { defaultEncoder } from '../features/default-encoder.js'
import { parseOutcomes } from '../replay/dataset.js'
import { fitPriors } from '../router/fit-priors.js'
import { CommandError } from './command-error.js'
import { readData, writeTextFile } from './files.js'
import { checkOutputs } from './outputs.js'
import { print, visible } from './print.js'

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
      "recorded outcomes, one JSON object a line: {id, prompt, outcomes} ('-': standard input)",
    )
    .requiredOption('--out <file>', 'where the priors go, as JSON')
    .addHelpText('after', HELP)
    .action(writePriors)
}

async function writePriors({ data, out }: FitPriorsFlags): Promise<void> {
  await checkOutputs([out], [data])
  const { text, name } = await readData(data)
  const rows = parseOutcomes(text, name)
  const bare = rows.find(({ prompt }) => prompt === '')
  if (bare !== undefined) {
    const message = `${name}: row '${bare.id}' has no prompt to encode; an export of a log has contexts alone, which fitPriors takes`
    throw new CommandError('BAD_ARGUMENT', message)
  }
  // Prompts are encoded again, whatever features the rows carry: `route` uses the default encoder too.
  const priors = fitPriors(
    rows.map(({ prompt, outcomes }) => ({ prompt, outcomes })),
    { encoder: defaultEncoder() },
  )
  await writeTextFile(out, `${JSON.stringify(priors)}\n`)
  print(`${out}: priors of ${Object.keys(priors.models).length} models from ${rows.length} prompts\n`)
  for (const [id, { rows: count }] of Object.entries(priors.models))
    print(`  ${visible(id)}: ${count} outcomes\n`)
}
