import type { Command } from 'commander'
import { visible } from '../base/visible.js'
import { defaultEncoder } from '../features/default-encoder.js'
import { PriorsFit } from '../router/fit-priors.js'
import { CommandError } from './command-error.js'
import { dataName } from './files.js'
import { plural } from './format.js'
import { writeOutput } from './line-sink.js'
import { checkOutputs } from './outputs.js'
import { print } from './print.js'
import { readOutcomes } from './workload.js'

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
  const encoder = defaultEncoder()
  const fit = new PriorsFit({ encoder })
  for await (const { id, prompt, features, encoder: name, outcomes } of readOutcomes(data)) {
    // Prompts are encoded again, whatever features the rows carry: `route` uses the default encoder too.
    const context = prompt === '' && name === encoder.name ? features : null
    if (prompt === '' && context === null) {
      const message = `${dataName(data)}: row '${id}' has no prompt to encode, and no features of encoder '${encoder.name}'; fitPriors takes contexts of any encoder`
      throw new CommandError('BAD_ARGUMENT', message)
    }
    fit.take(context === null ? { prompt, outcomes } : { context, outcomes })
  }
  const priors = fit.priors()
  await writeOutput(out, `${JSON.stringify(priors)}\n`)
  print(
    `${out}: priors of ${plural(Object.keys(priors.models).length, 'model')} from ${plural(fit.count, 'prompt')}\n`,
  )
  for (const [id, { rows: count }] of Object.entries(priors.models))
    print(`  ${visible(id)}: ${plural(count, 'outcome')}\n`)
}
