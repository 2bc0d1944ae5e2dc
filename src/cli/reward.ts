import type { Command } from 'commander'
import { EventLog } from './event-log.js'
import { renderEffect } from './feedback-view.js'
import { numberFlag } from './flags.js'
import { checkOutputs, filesOfLog } from './outputs.js'
import { print, visible } from './print.js'
import { teach } from './state/session.js'

interface RewardFlags {
  readonly state: string
  readonly log?: string
}

const HELP = `
Example:
  $ paretobandit reward r.7 0.85 --state router.state`

export function registerReward(program: Command): void {
  program
    .command('reward')
    .description('tell how good the answer to a routed request was')
    .argument('<id>', "the request, as 'route' named it")
    .argument('<value>', 'its quality, from 0 to 1', numberFlag)
    .requiredOption('--state <file>', "the state file of 'route'")
    .option('--log <file>', 'append the event as a line of JSON')
    .addHelpText('after', HELP)
    .action(reward)
}

async function reward(id: string, value: number, flags: RewardFlags): Promise<void> {
  await checkOutputs([flags.log], [], filesOfLog(flags.state))
  const log = new EventLog(flags.log)
  const text = await teach(flags.state, ({ router }) => {
    log.listen(router)
    const before = router.stats()
    let model = ''
    router.on('rewarded', (event) => {
      model = event.model
    })
    router.reward(id, value)
    return `${id} on ${visible(model)} rewarded with ${value}\n${renderEffect(model, before, router.stats())}`
  })
  await log.append()
  print(text)
}
