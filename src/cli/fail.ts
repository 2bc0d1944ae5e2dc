import type { Command } from 'commander'
import { visible } from '../base/visible.js'
import { addBillFlags, type BillFlags, billOf } from './bill-flags.js'
import { amountFlag } from './flags.js'
import { type FeedbackFlags, giveFeedback } from './give-feedback.js'

interface FailFlags extends BillFlags, FeedbackFlags {
  readonly latencyMs?: number
  readonly retryAfterMs?: number
}

const HELP = `
Example, then route again without the model that failed:
  $ paretobandit fail r.7 --state router.state
  $ paretobandit route "the same prompt" --exclude gpt-4o --state router.state`

export function registerFail(program: Command): void {
  const command = program
    .command('fail')
    .description('tell that the call of a routed request failed')
    .argument('<id>', "the request, as 'route' named it")
    .requiredOption('--state <file>', "the state file of 'route'")
  addBillFlags(
    command,
    'what the failed call cost all the same, USD (default: 0); or tokens, priced at list:',
  )
    .option('--latency-ms <ms>', 'how long it took to fail', amountFlag)
    .option('--retry-after-ms <ms>', 'how long the provider asks to be left alone', amountFlag)
    .option('--log <file>', 'append the event as a line of JSON')
    .addHelpText('after', HELP)
    .action(fail)
}

async function fail(id: string, flags: FailFlags): Promise<void> {
  const { latencyMs, retryAfterMs } = flags
  const read = async () => ({ ...(await billOf(flags)), latencyMs, retryAfterMs })
  await giveFeedback(id, flags, read, (router, failure, say) => {
    router.on('failed', ({ model }) =>
      say(model, `${id} failed on ${visible(model)}; route again with --exclude ${visible(model)}\n`),
    )
    router.fail(id, failure)
  })
}
