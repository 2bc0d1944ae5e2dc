import type { Command } from 'commander'
import { visible } from '../base/visible.js'
import { addBillFlags, type BillFlags, billOf } from './bill-flags.js'
import { amountFlag } from './flags.js'
import { usd } from './format.js'
import { type FeedbackFlags, giveFeedback } from './give-feedback.js'

interface CancelFlags extends BillFlags, FeedbackFlags {
  readonly latencyMs?: number
}

const HELP = `
It is neither a failure of the model nor a settled answer: nothing is learned of it.

Example, of a stream that its reader closed:
  $ paretobandit cancel r.7 --input-tokens 900 --output-tokens 40 --state router.state`

export function registerCancel(program: Command): void {
  const command = program
    .command('cancel')
    .description('tell that the call of a routed request was broken off')
    .argument('<id>', "the request, as 'route' named it")
    .requiredOption('--state <file>', "the state file of 'route'")
  addBillFlags(command, 'what the call had cost until then, USD (default: 0); or tokens, priced at list:')
    .option('--latency-ms <ms>', 'how long it had taken', amountFlag)
    .option('--log <file>', 'append the event as a line of JSON')
    .addHelpText('after', HELP)
    .action(cancel)
}

async function cancel(id: string, flags: CancelFlags): Promise<void> {
  const { latencyMs } = flags
  const read = async () => ({ ...(await billOf(flags)), latencyMs })
  await giveFeedback(id, flags, read, (router, cancellation, say) => {
    router.on('cancelled', ({ model, costUsd }) =>
      say(model, `${id} on ${visible(model)} was broken off at ${usd(costUsd)}\n`),
    )
    router.cancel(id, cancellation)
  })
}
