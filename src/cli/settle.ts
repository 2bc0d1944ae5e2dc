import type { Command } from 'commander'
import { visible } from '../base/visible.js'
import { addBillFlags, type BillFlags, billOf } from './bill-flags.js'
import { CommandError } from './command-error.js'
import { amountFlag } from './flags.js'
import { usd } from './format.js'
import { type FeedbackFlags, giveFeedback } from './give-feedback.js'

interface SettleFlags extends BillFlags, FeedbackFlags {
  readonly latencyMs?: number
  readonly inputTokens?: number
  readonly outputTokens?: number
}

const HELP = `
Examples:
  $ paretobandit settle r.7 --cost 0.0011 --state router.state
  $ paretobandit settle r.7 --input-tokens 12 --output-tokens 431 --latency-ms 900 --state router.state
  $ paretobandit settle r.8 --input-tokens 9000 --cached-input-tokens 8000 \\
      --output-tokens 1500 --reasoning-tokens 1200 --state router.state
  $ paretobandit settle r.9 --usage usage.json --state router.state`

export function registerSettle(program: Command): void {
  const command = program
    .command('settle')
    .description('tell what a routed request cost')
    .argument('<id>', "the request, as 'route' named it")
    .requiredOption('--state <file>', "the state file of 'route'")
  addBillFlags(command, 'realised cost, USD; or tokens, priced at list:')
    .option('--latency-ms <ms>', 'how long the call took', amountFlag)
    .option('--log <file>', 'append the event as a line of JSON')
    .addHelpText('after', HELP)
    .action(settle)
}

async function settle(id: string, flags: SettleFlags): Promise<void> {
  const { cost, usage, inputTokens, outputTokens, latencyMs } = flags
  const isCounted = inputTokens !== undefined && outputTokens !== undefined
  if (cost === undefined && usage === undefined && !isCounted) {
    const message = 'give --cost USD, or both --input-tokens N and --output-tokens N, or --usage FILE'
    throw new CommandError('BAD_ARGUMENT', message)
  }
  const read = async () => ({ ...(await billOf(flags)), latencyMs })
  await giveFeedback(id, flags, read, (router, settlement, say) => {
    router.on('settled', ({ model, costUsd }) =>
      say(model, `${id} settled on ${visible(model)} at ${usd(costUsd)}\n`),
    )
    router.settle(id, settlement)
  })
}
