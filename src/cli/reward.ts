import type { Command } from 'commander'
import { visible } from '../base/visible.js'
import { numberFlag } from './flags.js'
import { giveFeedback } from './give-feedback.js'

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
  const read = () => Promise.resolve(value)
  await giveFeedback(id, flags, read, (router, given, say) => {
    router.on('rewarded', ({ model }) => say(model, `${id} on ${visible(model)} rewarded with ${given}\n`))
    router.reward(id, given)
  })
}
