import type { Command } from 'commander'
import { visible } from '../base/visible.js'
import { addBillFlags, type BillFlags, billOf } from './bill-flags.js'
import { CommandError } from './command-error.js'
import { usd } from './format.js'
import { type FeedbackFlags, giveFeedback } from './give-feedback.js'

type CorrectFlags = BillFlags & FeedbackFlags

const HELP = `
The bill takes the place of what was booked for the request, on every account that paid, and is learned in its place.

Example:
  $ paretobandit correct r.7 --cost 0.0011 --state router.state`

export function registerCorrect(program: Command): void {
  const command = program
    .command('correct')
    .description('book another bill for a request, whatever was known of it before')
    .argument('<id>', "the request, as 'route' named it")
    .requiredOption('--state <file>', "the state file of 'route'")
  addBillFlags(command, 'all that the request cost, USD; or tokens, priced at list:')
    .option('--log <file>', 'append the event as a line of JSON')
    .addHelpText('after', HELP)
    .action(correct)
}

async function correct(id: string, flags: CorrectFlags): Promise<void> {
  const bill = await billOf(flags)
  if (Object.keys(bill).length === 0)
    throw new CommandError('BAD_ARGUMENT', 'give --cost USD, or tokens, or --usage FILE')
  await giveFeedback(
    id,
    flags,
    () => Promise.resolve(bill),
    (router, given, say) => {
      const known = (model: string | null) => (model === null ? 'a model that is gone' : visible(model))
      router.on('settled', ({ model, costUsd }) =>
        say(model, `${id} settled on ${known(model)} at ${usd(costUsd)}\n`),
      )
      router.on('billed', ({ model, costUsd }) =>
        say(model ?? '', `the bill of ${id} on ${known(model)} is corrected: ${usd(costUsd)}\n`),
      )
      router.correct(id, given)
    },
  )
}
