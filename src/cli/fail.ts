import type { Command } from 'commander'
import { addBillFlags, type BillFlags, billOf } from './bill-flags.js'
import { EventLog } from './event-log.js'
import { renderEffect } from './feedback-view.js'
import { checkOutputs, filesOfLog } from './outputs.js'
import { print, visible } from './print.js'
import { teach } from './state/session.js'

interface FailFlags extends BillFlags {
  readonly state: string
  readonly log?: string
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
    .option('--log <file>', 'append the event as a line of JSON')
    .addHelpText('after', HELP)
    .action(fail)
}

async function fail(id: string, flags: FailFlags): Promise<void> {
  await checkOutputs([flags.log, ...filesOfLog(flags.state)], [flags.usage])
  const bill = await billOf(flags)
  const log = new EventLog(flags.log)
  const text = await teach(flags.state, ({ router }) => {
    log.listen(router)
    const before = router.stats()
    let model = ''
    router.on('failed', (event) => {
      model = event.model
    })
    router.fail(id, bill)
    const next = `route again with --exclude ${visible(model)}\n`
    return `${id} failed on ${visible(model)}; ${next}${renderEffect(model, before, router.stats())}`
  })
  await log.append()
  print(text)
}
