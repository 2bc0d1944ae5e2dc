import type { Command } from 'commander'
import { addBillFlags, type BillFlags, billOf } from './bill-flags.js'
import { CommandError } from './command-error.js'
import { EventLog } from './event-log.js'
import { renderEffect } from './feedback-view.js'
import { amountFlag } from './flags.js'
import { usd } from './format.js'
import { checkOutputs, filesOfLog } from './outputs.js'
import { print, visible } from './print.js'
import { teach } from './state/session.js'

interface SettleFlags extends BillFlags {
  readonly state: string
  readonly log?: string
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
  await checkOutputs([flags.log], [flags.usage], filesOfLog(flags.state))
  const settlement = { ...(await billOf(flags)), ...(latencyMs === undefined ? {} : { latencyMs }) }
  const log = new EventLog(flags.log)
  const text = await teach(flags.state, ({ router }) => {
    log.listen(router)
    const before = router.stats()
    let headline = ''
    let model = ''
    router.on('settled', (event) => {
      model = event.model
      headline = `${id} settled on ${visible(model)} at ${usd(event.costUsd)}\n`
    })
    router.on('billed', (event) => {
      model = event.model ?? model
      headline = `the late bill of ${id} is booked: ${usd(event.costUsd)}\n`
    })
    router.settle(id, settlement)
    return headline + renderEffect(model, before, router.stats())
  })
  await log.append()
  print(text)
}
