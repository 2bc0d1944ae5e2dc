import type { Command } from 'commander'
import type { Settlement } from '../router/feedback-events.js'
import { CommandError } from './command-error.js'
import { EventLog } from './event-log.js'
import { renderEffect } from './feedback-view.js'
import { amountFlag } from './flags.js'
import { usd } from './format.js'
import { teach } from './state/session.js'

interface SettleFlags {
  readonly state: string
  readonly log?: string
  readonly cost?: number
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cachedInputTokens?: number
  readonly reasoningTokens?: number
  readonly latencyMs?: number
}

const HELP = `
Examples:
  $ paretobandit settle r.7 --cost 0.0011 --state router.state
  $ paretobandit settle r.7 --input-tokens 12 --output-tokens 431 --latency-ms 900 --state router.state
  $ paretobandit settle r.8 --input-tokens 9000 --cached-input-tokens 8000 \\
      --output-tokens 1500 --reasoning-tokens 1200 --state router.state`

export function registerSettle(program: Command): void {
  program
    .command('settle')
    .description('tell what a routed request cost')
    .argument('<id>', "the request, as 'route' named it")
    .requiredOption('--state <file>', "the state file of 'route'")
    .option('--cost <usd>', 'realised cost, USD', amountFlag)
    .option('--input-tokens <n>', 'or the billed tokens, priced at list: cached ones included', amountFlag)
    .option('--output-tokens <n>', 'reasoning included', amountFlag)
    .option('--cached-input-tokens <n>', 'those of the input tokens that came from a cache', amountFlag)
    .option('--reasoning-tokens <n>', 'those of the output tokens that were reasoning', amountFlag)
    .option('--latency-ms <ms>', 'how long the call took', amountFlag)
    .option('--log <file>', 'append the event as a line of JSON')
    .addHelpText('after', HELP)
    .action(settle)
}

async function settle(id: string, flags: SettleFlags): Promise<void> {
  const { cost, inputTokens, outputTokens } = flags
  if (cost === undefined && (inputTokens === undefined || outputTokens === undefined)) {
    const message = 'give --cost USD, or both --input-tokens N and --output-tokens N'
    throw new CommandError('BAD_ARGUMENT', message)
  }
  const log = new EventLog(flags.log)
  const text = await teach(flags.state, ({ router }) => {
    log.listen(router)
    const before = router.stats()
    let headline = ''
    let model = ''
    router.on('settled', (event) => {
      model = event.model
      headline = `${id} settled on ${model} at ${usd(event.costUsd)}\n`
    })
    router.settle(id, settlementOf(flags))
    return headline + renderEffect(model, before, router.stats())
  })
  await log.append()
  process.stdout.write(text)
}

function settlementOf(flags: SettleFlags): Settlement {
  const { cost, inputTokens, outputTokens, cachedInputTokens, reasoningTokens, latencyMs } = flags
  return {
    ...(cost === undefined ? {} : { costUsd: cost }),
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
    ...(cachedInputTokens === undefined ? {} : { cachedInputTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
  }
}
